// From a decision and what came of its writes to the status object; pure, and the only place that knows its shape.
import type { AddonStatus, Phase, PostgresAddon } from '../api/addon.ts';
import { type ConditionType, type Reason, reasons, rowOf, type Weight } from '../api/conditions.ts';
import type { Condition } from '../api/kubernetes.ts';
import { timestampOf } from '../api/time.ts';
import { patienceLeft } from './diagnosis/deadlines.ts';
import { wasReady, withReadyAt } from './recorded.ts';
import type { Outcome, Report } from './report.ts';
import type { Target, Verdict } from './target.ts';

/**
 * The status to write.
 * @param observed the addon; its status is what was true before
 * @param now wall-clock time in milliseconds, for transition times and ready_at
 */
export function tell(observed: PostgresAddon, report: Report, outcome: Outcome, now: number): AddonStatus {
  // ready_at never moves again, so it is taken over together with the database, or not at all.
  const isTaken = report.ready.reason !== 'Adopting' || outcome.refusal === undefined;
  const addon = report.readyAt === undefined || !isTaken ? observed : withReadyAt(observed, report.readyAt);
  const before = addon.status ?? {};
  const connectable = connectableOf(report, outcome, before);
  const ready = outcome.refusal ?? readyWith(report, connectable);
  const phase = phaseOf(addon, ready);
  const readyAt = before.ready_at ?? (phase === 'running' ? timestampOf(now) : undefined);
  const isKept = (outcome.refusal !== undefined && before.plan !== undefined) || report.frozen === true;
  const facts = isKept ? before : factsOf(addon, report.target, before);
  const credentials = credentialsOf(report, outcome, before);
  const { primary, readySince } = (outcome.login?.reason === 'LoggedIn' ? report.connection : undefined) ?? before;
  const planChange = outcome.refusal === undefined ? (report.planChange ?? before.planChange) : before.planChange;
  const generation = report.frozen === true ? before.observedGeneration : addon.metadata.generation;
  return {
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    phase,
    ...(readyAt === undefined ? {} : { ready_at: readyAt }),
    locality: 'OnCluster',
    ...pickFacts(facts),
    ...(planChange === undefined ? {} : { planChange }),
    ...(report.preview === undefined ? {} : { preview: report.preview }),
    ...(primary === undefined ? {} : { primary }),
    ...(readySince === undefined ? {} : { readySince }),
    ...(credentials === undefined ? {} : { credentials }),
    conditions: conditionsOf(addon, report, outcome, { ready, connectable }, now, generation),
  };
}

/** What the last login says, or why there is none; undefined where none is judged. */
function connectableOf({ connection }: Report, outcome: Outcome, before: AddonStatus): Verdict | undefined {
  if (connection === undefined || connection.check === 'Off') return undefined;
  if (outcome.login !== undefined) return outcome.login;
  const last = before.conditions?.find((condition) => condition.type === 'Connectable');
  if (connection.healthy && connection.proved && last !== undefined && isKnown(last.reason))
    return { reason: last.reason, message: last.message };
  return { reason: 'LoginPending', message: 'tried once the database is up and DATABASE_URL is published' };
}

/** Status may have been written by another version. */
function isKnown(reason: string | undefined): reason is Reason {
  return reason !== undefined && Object.hasOwn(reasons, reason);
}

/** Where a login is required, nothing is ready without one. */
function readyWith({ ready, connection }: Report, connectable: Verdict | undefined): Verdict {
  const isAsked = connection?.check === 'Required' && connectable !== undefined && ready.reason === 'Running';
  return isAsked && rowOf(connectable.reason).weight !== 'good' ? connectable : ready;
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
  { ready, connectable }: { readonly ready: Verdict; readonly connectable: Verdict | undefined },
  now: number,
  generation: number | undefined,
): Condition[] {
  const weight = weightOf(addon, ready, now);
  const refused = (child: string): Verdict | undefined =>
    outcome.refusal?.child === child ? outcome.refusal : undefined;
  const verdicts: readonly (readonly [ConditionType, Verdict | undefined])[] = [
    ['Ready', ready],
    ['Reconciling', weight === 'progressing' ? ready : undefined],
    ['Stalled', weight === 'stalled' ? ready : undefined],
    ['Provisioned', refused('Cluster') ?? report.provisioned],
    ['CredentialsPublished', refused('Secret') ?? report.credentials?.verdict],
    ['PlanApplied', refused('Cluster') ?? report.planApplied],
    ['Connectable', connectable],
    ['BackupReady', refused('ScheduledBackup') ?? report.backupReady],
    ['Protected', report.protection && (outcome.refusal ?? report.protection)],
    ['Adopted', report.adopted && (outcome.refusal ?? report.adopted)],
    ['Suspended', report.suspended],
  ];
  const previous = new Map((addon.status?.conditions ?? []).map((condition) => [condition.type, condition]));
  return verdicts.flatMap(([type, verdict]) => {
    // An obstacle kept us from looking: the last known word on the other aspects stands.
    if (verdict === undefined) {
      const last = previous.get(type);
      const isJudged = type === 'Connectable' ? report.connection !== undefined : report.provisioned !== undefined;
      return !isJudged && last !== undefined && !presentOnlyWhileTrue(type) ? [last] : [];
    }
    return [conditionOf(type, verdict, previous.get(type), generation, timestampOf(now))];
  });
}

/** What moves by itself counts as stuck once it has lasted too long, and moves again as soon as it is done. */
function weightOf(addon: PostgresAddon, ready: Verdict, now: number): Weight {
  const { weight } = rowOf(ready.reason);
  const isStuck = weight === 'progressing' && phaseOf(addon, ready) !== 'deleted' && patienceLeft(addon, now) <= 0;
  return isStuck ? 'stalled' : weight;
}

const presentOnlyWhileTrue = (type: ConditionType): boolean =>
  type === 'Reconciling' || type === 'Stalled' || type === 'Suspended';

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
