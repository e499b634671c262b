// Computes the status from a decision and the result of carrying it out. It is pure, and the only place that combines the two.
import type { AddonStatus, Phase, PostgresAddon } from '../api/addon.ts';
import { type ConditionRow, type ConditionType, conditionTypes, type ReasonState } from '../api/conditions.ts';
import type { Condition } from '../api/kubernetes.ts';
import { recordedTime, timestampOf } from '../api/time.ts';
import { alsoTelling, alterationsIn } from './alteration.ts';
import { withArchiver } from './backup/archiving.ts';
import { withRefusedRequest } from './backup/backup-now.ts';
import { withoutNewLineage } from './backup/lineages.ts';
import { alteredIn, type Role, roles } from './children.ts';
import { withServerVersion } from './database/running.ts';
import {
  type Action,
  type ActionResult,
  type Decision,
  essentialRefusal,
  type Fields,
  hasSucceeded,
  type Refusal,
} from './decision.ts';
import { recordedAttempt, untilStuck } from './diagnosis/deadlines.ts';
import { withDrillResult } from './drill/record.ts';
import { deletesChildren } from './ownership/owner.ts';
import { recordedCondition, wasReady, withReadyAt } from './recorded.ts';
import { withAnswer } from './restore/lock.ts';
import { roleFailure, withProofs } from './roles/proof.ts';
import { stateOf, type Verdict } from './verdict.ts';

/**
 * The status to write.
 * @param observed the addon with its last status
 * @param now wall-clock time in milliseconds, for transition times and ready_at
 */
export function statusOf(observed: PostgresAddon, decision: Decision, result: ActionResult, now: number): AddonStatus {
  const { altered } = result;
  const { operator } = decision;
  if (decision.heldBy !== undefined) return observed.status ?? {};
  const held = { uid: observed.metadata.uid, ...(operator === undefined ? {} : { operator }) };
  if (decision.onlyHolds === true) return { ...observed.status, ...held };
  if (altered !== undefined && observed.status?.conditions !== undefined)
    return { ...withAlterations(observed, observed.status.conditions, decision, altered, now), ...held };
  const refusal = essentialRefusal(result);
  // ready_at cannot be changed later, so it is only inherited if the database is adopted.
  const isAdopted = decision.ready.reason !== 'Adopting' || refusal === undefined;
  const { readyAt: knownReadyAt } = decision;
  const addon = knownReadyAt === undefined || !isAdopted ? observed : withReadyAt(observed, knownReadyAt);
  const before = addon.status ?? {};
  const ready = refusal ?? readyWith(decision, result);
  const phase = phaseOf(addon, ready);
  const readyAt = before.ready_at ?? (phase === 'running' ? timestampOf(now) : undefined);
  const generation = decision.frozen === true ? before.observedGeneration : addon.metadata.generation;
  return {
    ...definedOf({
      ...lasting(before),
      ...fieldsOf(decision, result, before, now),
      ...held,
      observedGeneration: generation,
      ready_at: readyAt,
    }),
    phase,
    locality: 'OnCluster',
    conditions: conditionsOf(addon, decision, result, ready, now, generation),
  };
}

/**
 * The last status, with the alterations. What was decided about the requested object does not hold for the stored one, which the next
 * reconcile judges at once: a database that answers must not be reported down in between.
 */
function withAlterations(
  { status, metadata: { generation } }: PostgresAddon,
  conditions: readonly Condition[],
  decision: Decision,
  altered: NonNullable<ActionResult['altered']>,
  now: number,
): AddonStatus {
  const order = Object.keys(conditionTypes) as readonly ConditionType[];
  const news = order.flatMap((type): readonly Condition[] => {
    const verdict = alterationIn(type, decision, { altered });
    const before = conditions.find((condition) => condition.type === type);
    return verdict === undefined ? [] : [conditionOf(type, verdict, before, generation, now)];
  });
  const kept = conditions.filter(({ type }) => news.every((condition) => condition.type !== type));
  const position = ({ type }: Condition): number => order.indexOf(type as ConditionType);
  const all = [...kept, ...news].sort((a, b) => position(a) - position(b));
  return { ...status, conditions: all };
}

/** The fields of the last status that remain until they are replaced. */
function lasting({ preview: _, conditions: __, ...fields }: AddonStatus): AddonStatus {
  return fields;
}

/** The fields that the chapters set, as far as the writes succeeded. */
function fieldsOf(decision: Decision, result: ActionResult, before: AddonStatus, now: number): Fields {
  const { actions, status = {}, login } = decision;
  const { credentials, preview, backup, restore, roles, ...fields } = status;
  const others = withoutUnwritten(fields, decision, result, before);
  const isRefused = essentialRefusal(result) !== undefined;
  const { answer = {} } = result;
  const isAsked = login?.question.archiver !== undefined && result.login?.reason === 'LoggedIn';
  const told = isAsked ? withArchiver(backup, answer.archiver, now) : backup;
  const isPending = actions.some((action) => action.child === 'cluster' && !hasSucceeded(action, result));
  const isOther = isPending || result.altered?.cluster !== undefined;
  const isMissing = isRefused && result.created?.cluster === undefined && actions.some(isCreationOfCluster);
  const asked = withDrillResult(withRefusedRequest(told, result, now), decision, result, now);
  const began = 'restore' in status ? { restore: withAnswer(restore, answer) } : {};
  const proved = 'roles' in status ? { roles: withProofs(roles, login?.provesRoles ?? [], answer) } : {};
  // Nothing was restored.
  const restored = isMissing ? { restore: before.restore } : {};
  const backups = 'backup' in status ? { backup: isMissing ? withoutNewLineage(asked, before.backup) : asked } : {};
  const { sourceVersion, secretUID = result.created?.urlSecret } = credentials ?? {};
  const isPublished = !isRefused && sourceVersion !== undefined && secretUID !== undefined;
  return {
    // A Cluster that was not written, or was stored otherwise, is not described, even if status never described a database.
    ...(isOther || (isRefused && before.plan !== undefined) ? {} : { ...others, ...began }),
    // Backups are taken of the Cluster as it is, whatever else is refused.
    ...(isRefused && before.plan !== undefined && isPending ? {} : backups),
    ...restored,
    ...proved,
    ...(result.login?.reason === 'LoggedIn' ? login?.proves : {}),
    ...('running' in status ? { running: withServerVersion(status.running, result.serverVersion) } : {}),
    ...(isPublished ? { credentials: { sourceVersion, secretUID } } : {}),
    preview,
  };
}

/** A Secret that was not written is not offered to anybody; one that is there stays offered. The CA stays the one that was written. */
function withoutUnwritten(fields: Fields, { actions }: Decision, result: ActionResult, before: AddonStatus): Fields {
  const failed = (role: Role): Action | undefined =>
    actions.find((action) => action.child === role && !hasSucceeded(action, result));
  const binding = failed('bindingSecret');
  const offered = binding?.verb === 'create' ? undefined : before.binding;
  const listed = before.extras?.find(({ form }) => form === 'ca');
  const extras = fields.extras?.map((one) => (one.form === 'ca' ? (listed ?? one) : one));
  return {
    ...fields,
    ...(binding === undefined ? {} : { binding: offered }),
    ...(failed('caConfigMap') === undefined ? {} : { extras }),
  };
}

function isCreationOfCluster({ verb, child }: Action): boolean {
  return verb === 'create' && child === 'cluster';
}

function definedOf(status: { readonly [K in keyof AddonStatus]: AddonStatus[K] | undefined }): AddonStatus {
  return Object.fromEntries(Object.entries(status).filter(([, value]) => value !== undefined));
}

/** If a login is required, `Ready` depends on it. */
function readyWith({ ready, requiresLogin, conditions }: Decision, { login }: ActionResult): Verdict {
  const connectable = login ?? conditions.Connectable;
  const isGated = requiresLogin === true && connectable !== undefined && ready.reason === 'Running';
  return isGated && stateOf(connectable) !== 'good' ? connectable : ready;
}

function phaseOf(addon: PostgresAddon, ready: Verdict): Phase {
  if (addon.metadata.deletionTimestamp !== undefined) return 'deleted';
  if (ready.reason === 'Running') return 'running';
  return wasReady(addon) ? 'provisioning' : 'creating';
}

function conditionsOf(
  addon: PostgresAddon,
  decision: Decision,
  result: ActionResult,
  ready: Verdict,
  now: number,
  generation: number | undefined,
): Condition[] {
  const attempt = attemptAfter(addon, result, now);
  const isStuck = attempt !== undefined && untilStuck(addon, now) <= 0;
  const state = stateAt(addon, ready, isStuck);
  const failure = roleFailure(decision.status?.roles, result.answer ?? {});
  const verdicts: Decision['conditions'] = {
    ...decision.conditions,
    ...(result.login === undefined ? {} : { Connectable: result.login }),
    ...(failure && { RolesReady: failure }),
    Ready: ready,
    Reconciling: state === 'progressing' ? ready : undefined,
    Stalled: state === 'stalled' ? ready : undefined,
  };
  return (Object.keys(conditionTypes) as readonly ConditionType[]).flatMap((type) => {
    const before = type === 'Reconciling' && attempt?.type !== type ? undefined : recordedCondition(addon, type);
    const judged = isEffective(type, result) ? verdicts[type] : undefined;
    const isLost = before?.status === 'True' && isMissing(type, decision, result);
    const refusal = refusalOf(type, verdicts, decision, result);
    const altered = alterationIn(type, decision, result) ?? alterationsIn([judged]);
    const verdict =
      (refusal && alsoTelling(refusal, altered)) ??
      altered ??
      judged ??
      (isLost ? essentialRefusal(result) : undefined);
    const isClaimed = verdict === undefined || stateOf(verdict) === 'good';
    if (type === 'Protected' && isClaimed && !deletesChildren(addon) && isTied(decision, result)) return [];
    if (verdict !== undefined) return [conditionOf(type, verdict, before, generation, now)];
    // The condition could not be judged: its last value remains.
    const isJudged = type in verdicts && isEffective(type, result);
    return isJudged || before === undefined || row(type).present === 'while true' ? [] : [before];
  });
}

function row(type: ConditionType): ConditionRow {
  return conditionTypes[type];
}

/** Whether the verdict of a chapter counts: not if its writes were not attempted. For ownership, refusalOf() decides. */
function isEffective(type: ConditionType, { untried = [] }: ActionResult): boolean {
  const { concern } = row(type);
  return concern === undefined || concern === 'ownership' || !untried.includes(concern);
}

/** The refusal that a condition reports instead of its verdict. */
function refusalOf(
  type: ConditionType,
  verdicts: Decision['conditions'],
  { changesOwner = [] }: Decision,
  result: ActionResult,
): Refusal | undefined {
  const { concern } = row(type);
  const { refusals = [] } = result;
  if (concern !== 'ownership')
    return refusals.find((refusal) => refusal.child !== 'addon' && refusal.concern === concern);
  if (verdicts[type] === undefined) return undefined;
  // Protection depends on the owner reference of each child.
  const isOwner = ({ child }: Refusal): boolean => changesOwner.some((role) => role === child);
  return essentialRefusal(result) ?? (type === 'Protected' ? refusals.find(isOwner) : undefined);
}

/** Whether the owner of a child, which has to change for the mode, was not changed: a deletion would still take that child with it. */
function isTied({ actions, changesOwner = [] }: Decision, result: ActionResult): boolean {
  return !changesOwner.every((role) => actions.some((action) => action.child === role && hasSucceeded(action, result)));
}

/** What the API server stored instead of what was written, now or before, in the condition that reports it. */
function alterationIn(
  type: ConditionType,
  { conditions }: Decision,
  { altered = {} }: Pick<ActionResult, 'altered'>,
): Verdict | undefined {
  if (type === 'Protected') return altered.addon;
  const news = roles.filter((role) => alteredIn(role) === type).map((role) => altered[role]);
  return news.every((verdict) => verdict === undefined) ? undefined : alterationsIn([conditions[type], ...news]);
}

/**
 * Whether a child of the concern, or the Cluster that all rest on, does not exist, and what the concern writes was not attempted: the last
 * condition must not go on claiming it.
 */
function isMissing(type: ConditionType, { actions }: Decision, result: ActionResult): boolean {
  const { concern } = row(type);
  const isCreated = (action: Action): boolean =>
    isCreationOfCluster(action) || (action.verb === 'create' && action.concern === concern);
  return !isEffective(type, result) && actions.some(isCreated);
}

/** The condition that tells when the present attempt began; undefined if it begins now. A new Cluster begins one. */
function attemptAfter(addon: PostgresAddon, { created }: ActionResult, now: number): Condition | undefined {
  return created?.cluster === undefined ? recordedAttempt(addon, now) : undefined;
}

/** Progressing counts as stalled once the deadline of the attempt has passed. */
function stateAt(addon: PostgresAddon, ready: Verdict, isStuck: boolean): ReasonState {
  const state = stateOf(ready);
  return isStuck && state === 'progressing' && phaseOf(addon, ready) !== 'deleted' ? 'stalled' : state;
}

function conditionOf(
  type: ConditionType,
  verdict: Verdict,
  before: Condition | undefined,
  generation: number | undefined,
  now: number,
): Condition {
  const { reason, message } = verdict;
  const since = recordedTime(before?.lastTransitionTime, now) === undefined ? undefined : before?.lastTransitionTime;
  const status = row(type).present === 'while true' || stateOf(verdict) === 'good' ? 'True' : 'False';
  return {
    type,
    status,
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    lastTransitionTime: (before?.status === status ? since : undefined) ?? timestampOf(now),
    reason,
    message,
  };
}
