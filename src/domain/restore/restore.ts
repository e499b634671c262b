// The chapter of a restore: the ObjectStore that the backups are read from. It is the addon's own, so that the other addon can be deleted:
// CNPG stops looking after a Cluster when a store that it names is gone, and a restored one names it for ever.
import { annotations } from '../../api/addon.ts';
import { millisecondsOf } from '../../api/time.ts';
import { type ObjectStoreManifest, objectStoreManifest } from '../backup/object-store.ts';
import type { Chapter, Round } from '../chapter.ts';
import { create } from '../decision.ts';
import { handOver } from '../ownership/handover.ts';
import { obstacleTo } from '../ownership/obstacle.ts';
import { compareQuantities } from '../quantity.ts';
import { orphanedCluster, type Situation } from '../situation.ts';
import type { Target } from '../target.ts';
import type { Verdict } from '../verdict.ts';
import { type Origin, originIncarnation, originStoreOf } from './origin.ts';

/** The container that reads a base backup needs more memory than the one that writes it: 852 MB took 1Gi (plugin 0.14). */
const recoveryMemory = '1Gi';

/** How far the clock of whoever wrote the time may be ahead. Milliseconds. */
const clockTolerance = 60_000;

/** @returns the write of the ObjectStore, which comes before that of the Cluster, and `status.restore` */
export function restoreChapter({ s, target }: Round): Chapter {
  const { origin } = target;
  const status = { restore: origin && restoreOf(origin) };
  const object = originStoreOf(s);
  if (object !== undefined) return { actions: handOver(s.addon, { role: 'originStore', object }, 'held'), status };
  if (origin?.chosen === undefined || obstacleTo(s, 'originStore') !== undefined) return { status };
  const creation = create('originStore', buildOriginStore(s, target, origin.chosen));
  if (s.own.cluster === undefined) return { actions: [{ ...creation, concern: 'database' }], status };
  // A database that exists does not wait for it. Its Cluster is noted to look again once it is there.
  return { actions: [creation], status, continues: true };
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

function restoreOf({ serverName, chosen, targetTime }: Origin): NonNullable<NonNullable<Chapter['status']>['restore']> {
  return { serverName, ...(chosen && { store: chosen.name }), ...(targetTime !== undefined && { targetTime }) };
}

/** Without a retention: what it leads to belongs to another lineage, of which nothing is removed. */
function buildOriginStore(
  s: Situation,
  { names, profile }: Target,
  chosen: NonNullable<Origin['chosen']>,
): ObjectStoreManifest {
  const { request, limit } = profile.sidecarMemory;
  const memory = (compareQuantities(limit, recoveryMemory) ?? 0) > 0 ? limit : recoveryMemory;
  return objectStoreManifest(s.addon, names.originStore, chosen, {
    annotations: { [annotations.objectStore]: String(originIncarnation(s)) },
    resources: { requests: { memory: request }, limits: { memory } },
  });
}
