// From a decision and what came of its writes to the status object; pure, and the only place that knows its shape.
import type { AddonStatus, Phase, PostgresAddon } from '../api/addon.ts';
import { type ConditionType, rowOf } from '../api/conditions.ts';
import type { Condition } from '../api/kubernetes.ts';
import { timestampOf } from '../api/time.ts';
import { wasReady } from './past.ts';
import type { Outcome, Report } from './report.ts';
import type { Target, Verdict } from './target.ts';

/**
 * The status to write.
 * @param addon as it was observed; its status is what was true before
 * @param now wall-clock time in milliseconds, for transition times and ready_at
 */
export function tell(addon: PostgresAddon, report: Report, outcome: Outcome, now: number): AddonStatus {
  const before = addon.status ?? {};
  const ready = outcome.refusal ?? report.ready;
  const phase = phaseOf(addon, ready);
  const readyAt = before.ready_at ?? (phase === 'running' ? timestampOf(now) : undefined);
  const facts =
    outcome.refusal !== undefined && before.plan !== undefined ? before : factsOf(addon, report.target, before);
  const credentials = credentialsOf(report, outcome, before);
  return {
    ...(addon.metadata.generation === undefined ? {} : { observedGeneration: addon.metadata.generation }),
    phase,
    ...(readyAt === undefined ? {} : { ready_at: readyAt }),
    locality: 'OnCluster',
    ...pickFacts(facts),
    ...(credentials === undefined ? {} : { credentials }),
    conditions: conditionsOf(addon, report, outcome, ready, timestampOf(now)),
  };
}

function phaseOf(addon: PostgresAddon, ready: Verdict): Phase {
  if (addon.metadata.deletionTimestamp !== undefined) return 'deleted';
  if (ready.reason === 'Running') return 'running';
  return wasReady(addon) ? 'provisioning' : 'creating';
}

type Facts = Pick<
  AddonStatus,
  'plan' | 'version' | 'image' | 'clusterName' | 'secretName' | 'resources' | 'endpoints' | 'backup'
>;

function factsOf(addon: PostgresAddon, target: Target | undefined, before: AddonStatus): Facts {
  if (target === undefined) return before;
  const { names, profile } = target;
  const host = (service: string): string => `${names.cluster}-${service}.${addon.metadata.namespace}:5432`;
  return {
    plan: target.plan,
    version: target.version,
    image: target.image,
    clusterName: names.cluster,
    secretName: names.urlSecret,
    resources: {
      instances: profile.instances,
      storage: target.storage,
      memory: profile.memory,
      backup: profile.backup,
    },
    // A service without replicas behind it resolves to nothing.
    endpoints: { primary: host('rw'), ...(profile.instances > 1 ? { readOnly: host('ro') } : {}) },
    backup: {
      requested: profile.backup,
      effective: 'none',
      ...(profile.backup === 'none' ? {} : { schedule: target.schedule }),
    },
  };
}

/** Only the facts: `before` also holds what is told anew. */
function pickFacts(from: Facts): Facts {
  const { plan, version, image, clusterName, secretName, resources, endpoints, backup } = from;
  const all = { plan, version, image, clusterName, secretName, resources, endpoints, backup };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

function credentialsOf(report: Report, outcome: Outcome, before: AddonStatus): AddonStatus['credentials'] {
  if (report.credentials === undefined || outcome.refusal !== undefined) return before.credentials;
  const { sourceVersion, secretUID = outcome.secretUID } = report.credentials.credentials;
  if (sourceVersion === undefined || secretUID === undefined) return before.credentials;
  return { sourceVersion, secretUID };
}

function conditionsOf(
  addon: PostgresAddon,
  report: Report,
  outcome: Outcome,
  ready: Verdict,
  now: string,
): Condition[] {
  const { weight } = rowOf(ready.reason);
  const refused = (child: string): Verdict | undefined =>
    outcome.refusal?.child === child ? outcome.refusal : undefined;
  const verdicts: readonly (readonly [ConditionType, Verdict | undefined])[] = [
    ['Ready', ready],
    ['Reconciling', weight === 'progressing' ? ready : undefined],
    ['Stalled', weight === 'stalled' ? ready : undefined],
    ['Provisioned', refused('Cluster') ?? report.provisioned],
    ['CredentialsPublished', refused('Secret') ?? report.credentials?.verdict],
    ['PlanApplied', refused('Cluster') ?? report.planApplied],
    ['BackupReady', refused('ScheduledBackup') ?? report.backupReady],
  ];
  const previous = new Map((addon.status?.conditions ?? []).map((condition) => [condition.type, condition]));
  return verdicts.flatMap(([type, verdict]) => {
    // An obstacle kept us from looking: the last known word on the other aspects stands.
    if (verdict === undefined) {
      const last = previous.get(type);
      return report.provisioned === undefined && last !== undefined && !presentOnlyWhileTrue(type) ? [last] : [];
    }
    return [conditionOf(type, verdict, previous.get(type), addon.metadata.generation, now)];
  });
}

const presentOnlyWhileTrue = (type: ConditionType): boolean => type === 'Reconciling' || type === 'Stalled';

function conditionOf(
  type: ConditionType,
  { reason, message }: Verdict,
  before: Condition | undefined,
  generation: number | undefined,
  now: string,
): Condition {
  const status = presentOnlyWhileTrue(type) || rowOf(reason).weight === 'good' ? 'True' : 'False';
  return {
    type,
    status,
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    lastTransitionTime: before?.status === status ? before.lastTransitionTime : now,
    reason,
    message,
  };
}
