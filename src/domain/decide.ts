// What the operator thinks. Read top to bottom, this is everything it will do in every situation; it does nothing itself.
import type { PostgresAddon } from '../api/addon.ts';
import { rowOf } from '../api/conditions.ts';
import type { KubeObject } from '../api/kubernetes.ts';
import { millisecondsOf } from '../api/time.ts';
import type { Action } from './action.ts';
import { diffCluster, diffScheduledBackup } from './diff.ts';
import type { Availability, Observed } from './observed.ts';
import { whose } from './owner.ts';
import { wasReady } from './past.ts';
import { type Publication, publish } from './publish.ts';
import { cnpgSays, judgeCluster } from './readiness.ts';
import type { Report } from './report.ts';
import { aim, type Target, type Verdict } from './target.ts';

export interface Decision {
  /** In this order; the first refusal stops the rest. */
  readonly actions: readonly Action[];
  /** What status says when every action succeeds. */
  readonly report: Report;
  /** When to think again although nothing happened, in milliseconds; undefined waits for the next event. */
  readonly wakeAfter: number | undefined;
}

/**
 * @param o what is known of one addon
 * @param now wall-clock time in milliseconds; only the length of a wait depends on it
 */
export function decide(o: Observed, now: number): Decision {
  if (o.addon.metadata.deletionTimestamp !== undefined) return letGo();

  const target = aim(o);
  if ('reason' in target) return stopAt({ ready: target });
  const obstacle = findObstacle(o, target);
  if (obstacle !== undefined) return stopAt({ ready: obstacle, target });

  // Only what is ours, or nothing, passes the obstacles.
  const change = diffCluster(o.addon, target, o.cluster);
  const { provisioned, applying } = judgeCluster(o.addon, target, o.cluster, change.awaitsRestart);
  const publication = publish(o, target, o.cluster, provisioned.reason === 'ClusterHealthy');

  const ready = losePatience(o, judgeReady(provisioned, publication), now);
  const planApplied = judgePlan(o.addon, target, applying, provisioned);
  return {
    actions: [...change.actions, ...diffScheduledBackup(o.addon, target, o.scheduledBackup), ...publication.actions],
    report: {
      target,
      ready: ready.verdict,
      provisioned,
      credentials: publication,
      planApplied,
      backupReady: judgeBackup(target),
    },
    wakeAfter: soonest(ready.left, recheckAfter(ready.verdict), recheckAfter(planApplied)),
  };
}

/** Owner references and the garbage collector remove everything; the operator only says so while there is time. */
function letGo(): Decision {
  const message = 'deletion was asked for; the Cluster with its data and the Secret go with the addon';
  return { actions: [], report: { ready: { reason: 'Deleted', message } }, wakeAfter: undefined };
}

/** Something stands in the way: touch nothing, say what it is, and wait for it to change. */
function stopAt(report: Report): Decision {
  return { actions: [], report, wakeAfter: recheckAfter(report.ready) };
}

/** The first thing that forbids acting at all. */
function findObstacle(o: Observed, target: Target): Verdict | undefined {
  return (
    kindObstacle('Cluster', o.kinds.clusters) ??
    kindObstacle('ScheduledBackup', o.kinds.scheduledBackups) ??
    ownerObstacle(o.addon, 'Cluster', o.cluster) ??
    (target.backup === 'none' ? undefined : ownerObstacle(o.addon, 'ScheduledBackup', o.scheduledBackup))
  );
}

function kindObstacle(kind: string, availability: Availability): Verdict | undefined {
  switch (availability) {
    case 'served':
      return undefined;
    case 'missing':
      return {
        reason: 'CNPGNotInstalled',
        message: `the API server does not serve ${kind} (postgresql.cnpg.io/v1); install CloudNativePG`,
      };
    case 'forbidden':
      return {
        reason: 'Forbidden',
        message: `the operator may not list and watch ${kind} (postgresql.cnpg.io); grant it that right`,
      };
  }
}

function ownerObstacle(addon: PostgresAddon, kind: string, child: KubeObject | undefined): Verdict | undefined {
  if (child === undefined) return undefined;
  const { name, deletionTimestamp } = child.metadata;
  switch (whose(addon, child)) {
    case 'foreign':
      return {
        reason: 'NameConflict',
        message: `${kind} ${name} exists and does not belong to this addon; it was left as it is`,
      };
    case 'previous':
      return {
        reason: 'PreviousIncarnation',
        message: `${kind} ${name} of the deleted addon of this name is still being removed`,
      };
    case 'ours':
      if (deletionTimestamp === undefined) return undefined;
      return { reason: 'PreviousIncarnation', message: `${kind} ${name} was deleted and is still being removed` };
  }
}

/** Ready means: every instance stands and the application can learn how to log in. */
function judgeReady(provisioned: Verdict, publication: Publication): Verdict {
  if (provisioned.reason !== 'ClusterHealthy') return provisioned;
  if (publication.verdict.reason !== 'Published') return publication.verdict;
  return { reason: 'Running', message: `the database is ready; ${publication.verdict.message}` };
}

/** A change under way is not applied yet; a restart or failover later takes nothing back. */
function judgePlan(addon: PostgresAddon, target: Target, applying: boolean, provisioned: Verdict): Verdict {
  if (applying)
    return { reason: 'Applying', message: `plan ${target.plan}, PostgreSQL ${target.version}: ${provisioned.message}` };
  if (!wasReady(addon) && provisioned.reason !== 'ClusterHealthy')
    return { reason: 'Creating', message: provisioned.message };
  return target.reservation ?? { reason: 'Applied', message: `plan ${target.plan}, PostgreSQL ${target.version}` };
}

/** No release takes backups yet: a plan that promises them says that it has none. */
function judgeBackup(target: Target): Verdict | undefined {
  if (target.backup === 'none') return undefined;
  const message = `plan ${target.plan} promises "${target.backup}" backups, but no object store is configured: none are taken`;
  return { reason: 'NoObjectStore', message };
}

/** How long a first start and a later recovery may take before they count as stuck, in milliseconds. */
const patienceCreating = 5 * 60_000;
const patienceProvisioning = 10 * 60_000;

/** A wait that lasts too long is a failure, told with CNPG's own words; `left` is what remains until then. */
function losePatience(
  o: Observed,
  verdict: Verdict,
  now: number,
): { readonly verdict: Verdict; readonly left: number | undefined } {
  if (rowOf(verdict.reason).weight !== 'progressing') return { verdict, left: undefined };
  const [since, patience] = wasReady(o.addon)
    ? [unreadySince(o.addon), patienceProvisioning]
    : [millisecondsOf(o.addon.metadata.creationTimestamp), patienceCreating];
  const left = (since ?? now) + patience - now;
  if (left > 0) return { verdict, left };
  const words = o.cluster === undefined ? 'there is no Cluster yet' : cnpgSays(o.cluster);
  return {
    verdict: { reason: 'TakingTooLong', message: `${verdict.message}, for longer than expected; ${words}` },
    left: undefined,
  };
}

function unreadySince(addon: PostgresAddon): number | undefined {
  const ready = addon.status?.conditions?.find((condition) => condition.type === 'Ready');
  return ready?.status === 'False' ? millisecondsOf(ready.lastTransitionTime) : undefined;
}

/** Milliseconds after which a state that no watch announces is looked at again. */
export function recheckAfter(verdict: Verdict): number | undefined {
  const { recheckSeconds } = rowOf(verdict.reason);
  return recheckSeconds === undefined ? undefined : recheckSeconds * 1000;
}

/** The smallest of the times that are set. */
export function soonest(...times: readonly (number | undefined)[]): number | undefined {
  const set = times.filter((time) => time !== undefined);
  return set.length === 0 ? undefined : Math.min(...set);
}
