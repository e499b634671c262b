// The names of the children of an addon.
import type { PostgresAddon } from '../api/addon.ts';
import { byRole, children, type Role } from './children.ts';
import { extraFormsOf } from './extras/asked.ts';
import { clusterName } from './names.ts';
import { appIdOf } from './ownership/owner.ts';
import { promotedAppIdOf } from './promotion/claim.ts';
import { roleLevelsOf } from './roles/asked.ts';

/** The names of the children, by role; undefined for one that the addon does not have. */
export type Names = { readonly [R in Role]: ReturnType<(typeof children)[R]['name']> };

/** The names of an addon's children. The name of the Cluster is computed once, and read from status afterwards. */
export function namesOf(addon: PostgresAddon): Names {
  const appId = appIdOf(addon);
  const cluster = addon.status?.clusterName ?? clusterName(addon.spec.tenantId ?? addon.metadata.namespace, appId);
  const promotedAppId = promotedAppIdOf(addon);
  const extraForms = extraFormsOf(addon);
  const roleLevels = roleLevelsOf(addon);
  return byRole((role) => children[role].name({ cluster, appId, promotedAppId, extraForms, roleLevels })) as Names;
}
