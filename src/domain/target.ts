// Computes the target of an addon: its names, and the plan, version and sizes that can be reached from the current state.
import type { BackupLevel, PlanName, PostgresAddon, SslMode } from '../api/addon.ts';
import type { Reason } from '../api/conditions.ts';
import { dailySchedule } from './backup/schedule.ts';
import { byRole, children, type Role } from './children.ts';
import { reachableImage } from './database/image.ts';
import { type Profile, planToResources } from './database/plans.ts';
import { clusterName } from './names.ts';
import { appIdOf } from './ownership/owner.ts';
import { compareQuantities } from './quantity.ts';
import type { Situation } from './situation.ts';
import type { Verdict } from './verdict.ts';

/** The names of the children, by role. */
export type Names = Readonly<Record<Role, string>>;

export interface Target {
  readonly names: Names;
  readonly plan: PlanName;
  readonly profile: Profile;
  readonly backup: BackupLevel;
  readonly schedule: string;
  readonly version: string;
  readonly image: string;
  /** Effective size of each disk: never smaller than the current one. */
  readonly storage: string;
  readonly database: string;
  readonly owner: string;
  readonly sslMode: SslMode;
  /** Which part of the request is not applied, and why; undefined if all of it is. */
  readonly shortfall: Verdict | undefined;
}

/** The names of an addon's children. The name of the Cluster is computed once, and read from status afterwards. */
export function namesOf(addon: PostgresAddon): Names {
  const appId = appIdOf(addon);
  const cluster = addon.status?.clusterName ?? clusterName(addon.spec.tenantId ?? addon.metadata.namespace, appId);
  return byRole((role) => children[role].name({ cluster, appId }));
}

/** The target, or a verdict if the spec is invalid (possible only if the schema is not enforced). */
export function targetOf(s: Situation): Target | Verdict {
  const { addon } = s;
  const { platform } = s.observed;
  const profile = planToResources(platform.plans, addon.spec.plan);
  if (profile === undefined) {
    const known = Object.keys(platform.plans).join(', ');
    return {
      reason: 'InvalidSpec',
      message: `spec.plan "${String(addon.spec.plan)}" is not a plan; use one of ${known}`,
    };
  }
  const names = namesOf(addon);
  const { image, version, shortfall } = reachableImage(s);
  const disk = reachableDisk(s, profile);
  return {
    names,
    plan: addon.spec.plan,
    profile,
    backup: profile.backup,
    schedule: dailySchedule(`${addon.metadata.namespace}/${addon.metadata.name}`),
    version,
    image,
    storage: disk.value,
    database: addon.spec.database?.name ?? 'app',
    owner: addon.spec.database?.owner ?? 'app',
    sslMode: addon.spec.connection?.sslMode ?? 'prefer',
    shortfall: shortfall ?? disk.shortfall,
  };
}

interface Reachable {
  readonly value: string;
  readonly shortfall?: Verdict;
}

/**
 * A disk never shrinks, and grows only if the StorageClass of every claim is known to allow it. Otherwise CNPG would accept the size,
 * fail to resize the volume, and stop reconciling the Cluster, which cannot be reverted (measured on CNPG 1.30).
 */
function reachableDisk({ own, observed: { volumes } }: Situation, profile: Profile): Reachable {
  const live = own.cluster?.spec.storage?.size;
  if (live === undefined) return { value: profile.storage };
  const order = compareQuantities(profile.storage, live);
  if (order === undefined || order === 0) return { value: live };
  const kept = (reason: Reason, why: string): Reachable => ({
    value: live,
    shortfall: { reason, message: `the disk stays at ${live} (the plan specifies ${profile.storage}): ${why}` },
  });
  if (order < 0) return kept('DiskNotShrunk', 'a disk cannot be shrunk');
  if (volumes.kind === 'denied' || volumes.kind === 'failed') return kept('StorageUnverified', volumes.message);
  if (volumes.kind !== 'found' || volumes.object.length === 0) {
    return kept('StorageUnverified', 'its volume claims do not exist yet');
  }
  const fixed = volumes.object.find((volume) => volume.expandable === false);
  if (fixed !== undefined) {
    const storageClass = fixed.storageClass === '' ? 'no StorageClass' : `StorageClass "${fixed.storageClass}"`;
    return kept(
      'StorageNotExpandable',
      `claim ${fixed.claim} has ${storageClass}, which does not allow volume expansion`,
    );
  }
  return { value: profile.storage };
}
