// Reads the objects of one addon's database, for tests of ownership and of what survives. It reads from the API server, never from a cache.
import type { KubeClient, LiveObject, Manifest } from '../../hack/cluster/client.ts';
import { secrets } from '../../hack/cluster/kinds.ts';
import { type AddonSpec, addonApiVersion, addonGvr } from '../../src/api/addon.ts';
import type { Gvr } from '../../src/api/kubernetes.ts';
import { roleLevels } from '../../src/api/login.ts';
import { resources } from '../../src/api/resources.ts';
import { byRole, children, isSecondary, type Role, roles } from '../../src/domain/children.ts';
import { extraForms } from '../../src/domain/extras/asked.ts';
import { sourceSecretName } from '../../src/domain/names.ts';
import { type Differences, differences } from './snapshot.ts';

/** A child of an addon, or CNPG's Secret behind it. */
export type Part = Role | 'source';

/** Each part; undefined: there is no such object. */
export type Database = Readonly<Record<Part, LiveObject | undefined>>;

const parts: readonly Part[] = [...roles, 'source'];

/** The children of an addon that asks for nothing but a plan with backups. */
export const usualRoles: readonly Role[] = roles.filter(
  (role) => !['originStore', 'promotedSecret'].includes(role) && !isSecondary(role),
);

/** A value for each part. */
function byPart<T>(of: (part: Part) => T): Readonly<Record<Part, T>> {
  return Object.fromEntries(parts.map((part) => [part, of(part)])) as Readonly<Record<Part, T>>;
}

/** Name of the Cluster that an addon of this appId has. */
export const clusterOf = (namespace: string, appId = 'shop'): string => `db-${namespace}-${appId}`;

/** The app to which the addons of the tests are promoted. */
export const promotedApp = 'live';

/** Where each part is. */
export function placesOf(namespace: string, appId = 'shop'): Readonly<Record<Part, readonly [gvr: Gvr, name: string]>> {
  const cluster = clusterOf(namespace, appId);
  return {
    ...byRole((role) => {
      const name = children[role].name({ cluster, appId, promotedAppId: promotedApp, extraForms, roleLevels }) ?? '';
      return [resources[children[role].resource].gvr, name] as const;
    }),
    source: [secrets, sourceSecretName(cluster)],
  };
}

/** The parts as they are now. */
export async function databaseOf(client: KubeClient, namespace: string, appId = 'shop'): Promise<Database> {
  const places = placesOf(namespace, appId);
  const found = await Promise.all(parts.map((part) => client.get(places[part][0], namespace, places[part][1])));
  return byPart((part) => found[parts.indexOf(part)]);
}

/** The children that exist. */
export function childrenIn(database: Database): readonly LiveObject[] {
  return roles.map((role) => database[role]).filter((child) => child !== undefined);
}

/** The same for a rule about each child, which must not hold because there is none. @throws Error without the Cluster, which is made first */
export function everyChildOf(database: Database): readonly LiveObject[] {
  if (database.cluster === undefined) throw new Error('there is no Cluster, and no child to look at');
  return childrenIn(database);
}

/** What differs between two looks, part by part. */
export function changesOf(before: Database, after: Database): Readonly<Record<Part, Differences>> {
  return byPart((part) => differences(before[part], after[part]));
}

/** What changesOf() finds if nothing has changed. */
export const unchanged: Readonly<Record<Part, Differences>> = byPart(() => ({}));

/** What databaseOf() finds if nothing is there. */
export const nothing: Database = byPart(() => undefined);

/** The addon as a file that a user applies. */
export function addonManifest(namespace: string, name: string, spec: AddonSpec): Manifest {
  return { apiVersion: addonApiVersion, kind: addonGvr.kind, metadata: { name, namespace }, spec };
}
