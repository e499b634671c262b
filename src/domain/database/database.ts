// The database chapter: the write of the Cluster, whether CNPG has provisioned it, and the progress of a change.
import type { PostgresAddon } from '../../api/addon.ts';
import type { Cluster } from '../../api/cnpg.ts';
import { type Chapter, type Round, suspension } from '../chapter.ts';
import type { Action, Fields } from '../decision.ts';
import { reasonOf, recordedCondition, wasReady } from '../recorded.ts';
import type { Situation } from '../situation.ts';
import type { Target } from '../target.ts';
import { recheckAfter, type Verdict } from '../verdict.ts';
import { type ClusterDiff, diffCluster } from './cluster-diff.ts';
import { judgeDisk } from './disk.ts';
import { judgeEndOfLife } from './end-of-life.ts';
import { planChangeOf, previewOf } from './plan-change.ts';
import { isAboutVersion } from './reachable-version.ts';
import {
  canBeReady,
  ignoredByCnpg,
  isHealthy,
  judgeCluster,
  keepsItsPods,
  reconciliationDisabled,
} from './readiness.ts';
import { recordedRunning, versionIn } from './running.ts';
import { sidecarMemoryOf } from './sidecar-memory.ts';

export interface DatabaseChapter extends Chapter {
  readonly actions: readonly Action[];
  readonly provisioned: Verdict;
  /** Whether the database counts as ready if a login succeeds. */
  readonly isUsable: boolean;
}

/**
 * @returns the write of the Cluster, Provisioned, PlanApplied, EndOfLife, and the fields of status that describe the database and its change. While
 * a suspension holds a change back, PlanApplied says so.
 */
export function databaseChapter({ s, target, now, suspended }: Round): DatabaseChapter {
  const { addon, own } = s;
  const change = diffCluster(addon, target, own.cluster);
  const isHeldBack = suspended?.holdsBack === true;
  const isAsItIs = suspended !== undefined || change.altered !== undefined;
  const instances = isAsItIs ? (own.cluster?.spec.instances ?? 1) : target.profile.instances;
  const disk = judgeDisk(s, target);
  const isStuck = change.awaitsRestart && own.cluster !== undefined && keepsItsPods(own.cluster);
  const waits = change.awaitsRestart && !isHeldBack && !isStuck;
  // What was held back may have been written, as when a stale observation held it back.
  const isUnrecorded = !isHeldBack && (change.asked || reasonOf(addon, 'PlanApplied') === 'Suspended');
  const { provisioned, applying } = judgeCluster(addon, target, own.cluster, instances, waits, isUnrecorded);
  // A change that restarts nothing calls no database down.
  const standing = judgeCluster(addon, target, own.cluster, instances, waits);
  const isUsable =
    suspended === undefined ? canBeReady(standing, s.observed.platform.connectionCheck) : isHealthy(provisioned);
  const planApplied = isHeldBack
    ? suspension(s, 'a change is pending')
    : judgePlan(
        addon,
        target,
        applying,
        provisioned,
        disk.growing,
        change.altered ?? unapplied(addon, own.cluster, change.actions, isStuck),
        (own.cluster?.status.currentPrimary ?? '') !== '',
      );
  const isNewPlan = change.altered !== undefined && addon.status?.plan !== target.plan;
  const asked = suspended === undefined ? change.asked || isNewPlan : isHeldBack;
  return {
    actions: change.actions,
    provisioned,
    isUsable,
    conditions: { Provisioned: provisioned, PlanApplied: planApplied, EndOfLife: judgeEndOfLife(s, now) },
    status: {
      // While suspended, status keeps describing the plan and sizes that were last applied.
      ...(suspended === undefined ? planOf(s, target, disk.size, change) : {}),
      running: recordedRunning(s),
      planChange: planChangeOf(s, target, asked, planApplied),
      preview: previewOf(s),
    },
    recheckAfter: recheckAfter(planApplied),
  };
}

/** Why a change cannot have been applied: CNPG ignores the Cluster, and has not reported this spec as applied before. */
function unapplied(
  addon: PostgresAddon,
  cluster: Cluster | undefined,
  actions: readonly Action[],
  isStuck: boolean,
): Verdict | undefined {
  if (cluster === undefined || !(ignoredByCnpg(cluster) || isStuck)) return undefined;
  const { status, observedGeneration } = recordedCondition(addon, 'PlanApplied') ?? {};
  const wasApplied = status === 'True' && observedGeneration === addon.metadata.generation && actions.length === 0;
  return wasApplied && !isStuck ? undefined : reconciliationDisabled(cluster);
}

/** A plan is not applied while a change is in progress. A later restart or failover does not affect it. */
function judgePlan(
  addon: PostgresAddon,
  target: Target,
  applying: boolean,
  provisioned: Verdict,
  growing: Verdict | undefined,
  obstacle: Verdict | undefined,
  hasRun: boolean,
): Verdict {
  if (obstacle !== undefined) return obstacle;
  const { shortfall } = target;
  const held = shortfall !== undefined && isAboutVersion(shortfall) ? shortfall : undefined;
  if (applying) {
    const message = `plan ${target.plan}, PostgreSQL ${target.version}: ${provisioned.message}`;
    return { reason: 'Applying', message: held === undefined ? message : `${message}; ${held.message}` };
  }
  if (held !== undefined) return held;
  // A Cluster that takes the place of another one has run nothing yet.
  const isNew = !wasReady(addon) || !hasRun || reasonOf(addon, 'PlanApplied') === 'Creating';
  if (isNew && !isHealthy(provisioned)) return { reason: 'Creating', message: provisioned.message };
  return growing ?? shortfall ?? { reason: 'Applied', message: `plan ${target.plan}, PostgreSQL ${target.version}` };
}

/**
 * The image that the API server stored instead of the one that was written, and its version. Of two writes, the first leaves the image as it
 * is, which somebody else can have set: status keeps the last one that was written.
 */
function storedImage(s: Situation, live: Cluster | undefined): Fields {
  const image = live?.spec.imageName;
  const version = image === undefined ? undefined : versionIn(s, image);
  return { ...(version && { version }), ...(image && { image }) };
}

/**
 * The fields of status that describe the database, once the Cluster is written.
 * @param storage the size of the disks as far as it was seen
 * @param change with `altered`, the API server changed the Cluster: status then has the values that it stored
 */
function planOf(s: Situation, target: Target, storage: string | undefined, { written, altered }: ClusterDiff): Fields {
  const { names, profile, plan, version, image } = target;
  const live = altered === undefined ? undefined : s.own.cluster;
  const { instances = profile.instances, resources, storage: stored } = live?.spec ?? {};
  const { memory = profile.memory } = resources?.limits ?? {};
  const size = stored?.size ?? storage;
  const sidecarMemory = sidecarMemoryOf(s.addon, target);
  const host = (service: string): string => `${names.cluster}-${service}.${s.addon.metadata.namespace}:5432`;
  return {
    plan,
    ...(written.imageName === image ? { version, image } : storedImage(s, live)),
    clusterName: names.cluster,
    resources: {
      instances,
      ...(size === undefined ? {} : { storage: size }),
      memory,
      ...(sidecarMemory === undefined ? {} : { sidecarMemory }),
      backup: profile.backup,
    },
    // Without replicas this Service has no endpoints.
    endpoints: { primary: host('rw'), ...(instances > 1 ? { readOnly: host('ro') } : {}) },
  };
}
