// The database chapter: the write of the Cluster, whether CNPG has provisioned it, and the progress of a change.
import type { PostgresAddon } from '../../api/addon.ts';
import { type Chapter, type Round, suspension } from '../chapter.ts';
import type { Action, Fields } from '../decision.ts';
import { wasReady } from '../recorded.ts';
import type { Target } from '../target.ts';
import { recheckAfter, type Verdict } from '../verdict.ts';
import { diffCluster } from './cluster-diff.ts';
import { judgeEndOfLife } from './end-of-life.ts';
import { planChangeOf, previewOf } from './plan-change.ts';
import { isAboutVersion } from './reachable-version.ts';
import { isHealthy, judgeCluster } from './readiness.ts';
import { recordedRunning } from './running.ts';

export interface DatabaseChapter extends Chapter {
  readonly actions: readonly Action[];
  readonly provisioned: Verdict;
}

/**
 * @returns the write of the Cluster, Provisioned, PlanApplied, EndOfLife, and the fields of status that describe the database and its change. While
 * `spec.suspend` holds a change back, PlanApplied is Suspended.
 */
export function databaseChapter({ s, target, now, suspended }: Round): DatabaseChapter {
  const { addon, own } = s;
  const change = diffCluster(addon, target, own.cluster);
  const isHeldBack = suspended?.holdsBack === true;
  const instances = suspended === undefined ? target.profile.instances : (own.cluster?.spec.instances ?? 1);
  const waits = change.awaitsRestart && !isHeldBack;
  const { provisioned, applying } = judgeCluster(addon, target, own.cluster, instances, waits);
  const planApplied = isHeldBack
    ? { ...suspension, message: 'spec.suspend is true: a change is pending' }
    : judgePlan(addon, target, applying, provisioned);
  const asked = suspended === undefined ? change.asked : isHeldBack;
  return {
    actions: change.actions,
    provisioned,
    conditions: { Provisioned: provisioned, PlanApplied: planApplied, EndOfLife: judgeEndOfLife(s, now) },
    status: {
      // While suspended, status keeps describing the plan and sizes that were last applied.
      ...(suspended === undefined ? planOf(addon, target) : {}),
      running: recordedRunning(s),
      planChange: planChangeOf(s, target, asked, planApplied),
      preview: previewOf(s),
    },
    wakeAfter: recheckAfter(planApplied),
  };
}

/** A plan is not applied while a change is in progress. A later restart or failover does not affect it. */
function judgePlan(addon: PostgresAddon, target: Target, applying: boolean, provisioned: Verdict): Verdict {
  const { shortfall } = target;
  const held = shortfall !== undefined && isAboutVersion(shortfall) ? shortfall : undefined;
  if (applying) {
    const message = `plan ${target.plan}, PostgreSQL ${target.version}: ${provisioned.message}`;
    return { reason: 'Applying', message: held === undefined ? message : `${message}; ${held.message}` };
  }
  if (held !== undefined) return held;
  if (!wasReady(addon) && !isHealthy(provisioned)) return { reason: 'Creating', message: provisioned.message };
  return shortfall ?? { reason: 'Applied', message: `plan ${target.plan}, PostgreSQL ${target.version}` };
}

/** The fields of status that describe the requested database. */
function planOf(addon: PostgresAddon, { names, profile, plan, version, image, storage }: Target): Fields {
  const host = (service: string): string => `${names.cluster}-${service}.${addon.metadata.namespace}:5432`;
  return {
    plan,
    version,
    image,
    clusterName: names.cluster,
    resources: { instances: profile.instances, storage, memory: profile.memory, backup: profile.backup },
    // Without replicas this Service has no endpoints.
    endpoints: { primary: host('rw'), ...(profile.instances > 1 ? { readOnly: host('ro') } : {}) },
  };
}
