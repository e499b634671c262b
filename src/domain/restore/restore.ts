// The chapter of a restore: the ObjectStore that the backups are read from. It is the addon's own, so that the other addon can be deleted:
// CNPG stops looking after a Cluster when a store that it names is gone, and a restored one names it for ever.
import { annotations, type PostgresAddon } from '../../api/addon.ts';
import { millisecondsOf } from '../../api/time.ts';
import { type ObjectStoreManifest, objectStoreManifest } from '../backup/object-store.ts';
import type { Chapter, Round } from '../chapter.ts';
import { majorOf } from '../database/version.ts';
import { diffKept } from '../ownership/child-diff.ts';
import { handOver } from '../ownership/handover.ts';
import { obstacleTo } from '../ownership/obstacle.ts';
import { wasReady } from '../recorded.ts';
import { type Redaction, redactionIn } from '../redaction/state.ts';
import { orphanedCluster, type Situation } from '../situation.ts';
import type { Target } from '../target.ts';
import type { Verdict } from '../verdict.ts';
import { measured } from './estimate.ts';
import { isUnlocking, lockedRoles } from './lock.ts';
import { recoveryResources } from './memory.ts';
import { originIncarnation, originStoreOf } from './origin.ts';
import { type Origin, originNamespace } from './request.ts';

/** How far the clock of whoever wrote the time may be ahead. Milliseconds. */
const clockTolerance = 60_000;

/**
 * @returns the write of the ObjectStore, which comes before that of the Cluster, and `status.restore`. Once there is a Cluster, it is only
 * made again: what it leads to was read
 */
export function restoreChapter(round: Round): Chapter {
  const chapter = originChapter(round);
  // The Cluster shows that they can log in, and the next round says so.
  return isUnlocking(round.s) ? { ...chapter, continues: true } : chapter;
}

function originChapter({ s, target }: Round): Chapter {
  const { origin } = target;
  const status = {
    restore: origin && {
      ...restoreOf(s.addon, target, origin),
      ...measured(s),
      ...redacted(s, target),
      ...lockedRoles(s),
    },
  };
  const object = originStoreOf(s);
  const { cluster } = s.own;
  if (object !== undefined && (cluster !== undefined || origin?.chosen === undefined))
    return { actions: handOver(s.addon, { role: 'originStore', object }, 'held'), status };
  if (origin?.chosen === undefined || obstacleTo(s, 'originStore') !== undefined) return { status };
  const wanted = buildOriginStore(s, target, origin.chosen);
  const actions = diffKept(s, 'originStore', wanted);
  if (cluster === undefined) return { actions: actions.map((action) => ({ ...action, concern: 'database' })), status };
  // A database that exists does not wait for it. Its Cluster is noted to look again once it is there.
  return { actions, status, continues: true };
}

/**
 * Why a database is not restored yet, if that is the clock.
 * @param now wall-clock time in milliseconds
 */
export function untilTargetTime(s: Situation, now: number): Verdict | undefined {
  const { targetTime } = s.addon.spec.restore?.from ?? {};
  const target = millisecondsOf(targetTime);
  const isMade = s.own.cluster !== undefined || orphanedCluster(s) !== undefined;
  if (isMade || target === undefined || target <= now) return undefined;
  const message = `spec.restore.from.targetTime ${targetTime} is in the future`;
  return target - now > clockTolerance
    ? { reason: 'InvalidSpec', message: `${message}; create this addon again with a time that has passed` }
    : { reason: 'RestorePending', message };
}

function restoreOf(
  addon: PostgresAddon,
  { database, owner, version }: Target,
  { serverName, chosen, targetTime, estimate, major = majorOf(version) }: Origin,
): NonNullable<NonNullable<Chapter['status']>['restore']> {
  const namespace = originNamespace(addon);
  const where = namespace === addon.metadata.namespace ? {} : { namespace };
  const what = { ...where, ...(chosen && { store: chosen.name }), ...(targetTime !== undefined && { targetTime }) };
  const told = estimate === undefined || wasReady(addon) ? {} : { estimate };
  return { serverName, ...what, database, owner, ...(major === undefined ? {} : { major }), ...told };
}

/** What the Cluster says, and not what it is about to say. */
function redacted(
  { addon, own: { cluster } }: Situation,
  { redaction: note }: Target,
): { readonly redaction?: Redaction } {
  const asked = note === undefined || note === 'Unknown' ? note : 'Pending';
  const redaction = cluster === undefined ? asked : redactionIn(addon, cluster);
  return redaction === undefined ? {} : { redaction };
}

/** Without a retention: what it leads to belongs to another lineage, of which nothing is removed. */
function buildOriginStore(
  s: Situation,
  { names, profile }: Target,
  chosen: NonNullable<Origin['chosen']>,
): ObjectStoreManifest {
  return objectStoreManifest(s.addon, names.originStore, chosen, {
    namespace: originNamespace(s.addon),
    annotations: { [annotations.objectStore]: String(originIncarnation(s)) },
    resources: recoveryResources(profile),
  });
}
