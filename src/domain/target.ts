// Computes the target of an addon: its names, and the plan, version and sizes that can be reached from the current state.
import type { BackupLevel, PlanName, PostgresAddon, SslMode } from '../api/addon.ts';
import type { Reason } from '../api/conditions.ts';
import { type Archive, wantedArchive } from './backup/archive.ts';
import { problemOf } from './backup/cron.ts';
import { dailySchedule } from './backup/schedule.ts';
import { storeOf } from './backup/stores.ts';
import { untilBackedUp } from './backup/upgrade.ts';
import { type Names, namesOf } from './child-names.ts';
import { reachableImage } from './database/image.ts';
import { type Profile, planToResources } from './database/plans.ts';
import { compareQuantities } from './quantity.ts';
import { noteOf } from './redaction/state.ts';
import { originOf } from './restore/origin.ts';
import type { Origin } from './restore/request.ts';
import { openRoles } from './roles/applied.ts';
import { orphanedCluster, type Situation } from './situation.ts';
import { isVerdict, type Verdict } from './verdict.ts';

export interface Target {
  readonly names: Names;
  readonly plan: PlanName;
  readonly profile: Profile;
  readonly backup: BackupLevel;
  readonly schedule: string;
  /** Where the Cluster archives; undefined if it does not. */
  readonly archive: Archive | undefined;
  /** Why the addon's backups are not as its spec says; undefined if they can be. */
  readonly backupProblem: Verdict | undefined;
  readonly version: string;
  readonly image: string;
  /** The beginning of the name of the Backup that a new major version waits for. */
  readonly awaits: string | undefined;
  /** Effective size of each disk: never smaller than the current one. */
  readonly storage: string;
  /** The backups that the database began with; undefined if it began empty. */
  readonly origin: Origin | undefined;
  /** The value of the annotation `annotations.redaction` of the Cluster; undefined without a redaction. */
  readonly redaction: string | undefined;
  readonly database: string;
  readonly owner: string;
  readonly sslMode: SslMode;
  /** The login roles besides the owner that have a password of this database, so that a restored one lets them in. */
  readonly openRoles: readonly string[];
  /** Which part of the request is not applied, and why; undefined if all of it is. */
  readonly shortfall: Verdict | undefined;
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
  const origin = originOf(s);
  if (origin !== undefined && isVerdict(origin)) return origin;
  // Also if nothing tells any more which backups it began with.
  const began = (s.own.cluster ?? orphanedCluster(s))?.spec.bootstrap?.recovery;
  const disk = reachableDisk(s, profile, origin?.storage);
  const store = storeOf(addon, profile.backup, platform.stores);
  const backupProblem = scheduleProblem(addon) ?? (store !== undefined && isVerdict(store) ? store : undefined);
  // A database that exists, or has existed, is not called invalid because the platform team withdrew a store.
  const isNew = s.own.cluster === undefined && orphanedCluster(s) === undefined;
  if (backupProblem !== undefined && isNew && addon.status?.backup?.lineages === undefined) return backupProblem;
  const chosen = store === undefined || isVerdict(store) || backupProblem !== undefined ? undefined : store;
  const hasBackups = profile.backup !== 'none';
  const owner = addon.spec.database?.owner ?? origin?.owner ?? began?.owner ?? 'app';
  const { image, version, shortfall, awaits } = untilBackedUp(
    s,
    reachableImage(s, origin?.major),
    hasBackups,
    chosen !== undefined,
  );
  return {
    names,
    plan: addon.spec.plan,
    profile,
    backup: profile.backup,
    schedule: scheduleOf(s, backupProblem),
    archive: wantedArchive(s, profile, chosen, names.cluster),
    backupProblem,
    version,
    image,
    awaits,
    storage: disk.value,
    origin,
    redaction: noteOf(s, origin !== undefined),
    database: addon.spec.database?.name ?? origin?.database ?? began?.database ?? 'app',
    owner,
    sslMode: addon.spec.connection?.sslMode ?? 'prefer',
    openRoles: openRoles(s, owner),
    shortfall: shortfall ?? disk.shortfall,
  };
}

/** The schedule that the addon asks for; with a problem, the one that is there. */
function scheduleOf({ addon, own }: Situation, problem: Verdict | undefined): string {
  const asked = problem === undefined ? addon.spec.backup?.schedule : own.scheduledBackup?.spec.schedule;
  return asked ?? dailySchedule(`${addon.metadata.namespace}/${addon.metadata.name}`);
}

function scheduleProblem({ spec: { backup } }: PostgresAddon): Verdict | undefined {
  const problem = backup?.schedule === undefined ? undefined : problemOf(backup.schedule);
  return problem === undefined
    ? undefined
    : { reason: 'InvalidSpec', message: `spec.backup.schedule "${backup?.schedule}" ${problem}` };
}

function larger(size: string, other: string | undefined): string {
  return other !== undefined && (compareQuantities(other, size) ?? 0) > 0 ? other : size;
}

interface Reachable {
  readonly value: string;
  readonly shortfall?: Verdict;
}

/**
 * A disk never shrinks, and grows only if the StorageClass of every claim is known to allow it. Otherwise CNPG would accept the size,
 * fail to resize the volume, and stop reconciling the Cluster, which cannot be reverted (measured on CNPG 1.30).
 */
function reachableDisk(
  { own, observed: { volumes } }: Situation,
  profile: Profile,
  restored: string | undefined,
): Reachable {
  const live = own.cluster?.spec.storage?.size;
  // What fills a larger disk has room on it.
  if (live === undefined) return { value: larger(profile.storage, restored) };
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
