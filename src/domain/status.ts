// From a decision and what came of it to the status object; pure, and the only place that knows how the two go together.
import type { AddonStatus, Phase, PostgresAddon } from '../api/addon.ts';
import { type ConditionRow, type ConditionType, conditionTypes, type ReasonState } from '../api/conditions.ts';
import type { Condition } from '../api/kubernetes.ts';
import { timestampOf } from '../api/time.ts';
import { children } from './children.ts';
import { type ActionResult, type Decision, essentialRefusal, type Fields, type Refusal } from './decision.ts';
import { untilStuck } from './diagnosis/deadlines.ts';
import { recordedCondition, wasReady, withReadyAt } from './recorded.ts';
import { stateOf, type Verdict } from './verdict.ts';

/**
 * The status to write.
 * @param observed the addon; its status is what was true before
 * @param now wall-clock time in milliseconds, for transition times and ready_at
 */
export function statusOf(observed: PostgresAddon, decision: Decision, result: ActionResult, now: number): AddonStatus {
  const refusal = essentialRefusal(result);
  // ready_at never moves again, so it is taken over together with the database, or not at all.
  const isTaken = decision.ready.reason !== 'Adopting' || refusal === undefined;
  const { readyAt: knownReadyAt } = decision;
  const addon = knownReadyAt === undefined || !isTaken ? observed : withReadyAt(observed, knownReadyAt);
  const before = addon.status ?? {};
  const ready = refusal ?? readyWith(decision, result);
  const phase = phaseOf(addon, ready);
  const readyAt = before.ready_at ?? (phase === 'running' ? timestampOf(now) : undefined);
  const generation = decision.frozen === true ? before.observedGeneration : addon.metadata.generation;
  return {
    ...definedOf({
      ...lasting(before),
      ...fieldsOf(decision, result, before),
      observedGeneration: generation,
      ready_at: readyAt,
    }),
    phase,
    locality: 'OnCluster',
    conditions: conditionsOf(addon, decision, result, ready, now, generation),
  };
}

/** Of the last status what stands until something else is said. */
function lasting({ preview: _, conditions: __, ...fields }: AddonStatus): AddonStatus {
  return fields;
}

/** What the chapters say, as far as it came true. */
function fieldsOf({ status = {}, login }: Decision, result: ActionResult, before: AddonStatus): Fields {
  const { credentials, preview, ...others } = status;
  const isRefused = essentialRefusal(result) !== undefined;
  const { sourceVersion, secretUID = result.created?.urlSecret } = credentials ?? {};
  const isPublished = !isRefused && sourceVersion !== undefined && secretUID !== undefined;
  return {
    // Of a database that was never described, what was asked for is said although it was refused.
    ...(isRefused && before.plan !== undefined ? {} : others),
    ...(result.login?.reason === 'LoggedIn' ? login?.proves : {}),
    ...(isPublished ? { credentials: { sourceVersion, secretUID } } : {}),
    preview,
  };
}

function definedOf(status: { readonly [K in keyof AddonStatus]: AddonStatus[K] | undefined }): AddonStatus {
  return Object.fromEntries(Object.entries(status).filter(([, value]) => value !== undefined));
}

/** Where a login is required, nothing is ready without one. */
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
  const state = stateAt(addon, ready, now);
  const said: Decision['conditions'] = {
    ...decision.conditions,
    ...(result.login === undefined ? {} : { Connectable: result.login }),
    Ready: ready,
    Reconciling: state === 'progressing' ? ready : undefined,
    Stalled: state === 'stalled' ? ready : undefined,
  };
  return (Object.keys(conditionTypes) as readonly ConditionType[]).flatMap((type) => {
    const before = recordedCondition(addon, type);
    const verdict = refusalOf(type, said, result) ?? (isHeard(type, result) ? said[type] : undefined);
    if (verdict !== undefined) return [conditionOf(type, verdict, before, generation, timestampOf(now))];
    // An obstacle kept us from looking: the last known word stands.
    const isJudged = type in said && isHeard(type, result);
    return isJudged || before === undefined || row(type).present === 'while true' ? [] : [before];
  });
}

function row(type: ConditionType): ConditionRow {
  return conditionTypes[type];
}

/** Whether what a chapter said came true: not where its writes were not even tried. Of changing hands, refusalOf() knows. */
function isHeard(type: ConditionType, { untried = [] }: ActionResult): boolean {
  const { concern } = row(type);
  return concern === undefined || concern === 'ownership' || !untried.includes(concern);
}

/** The refusal that a condition tells of instead. */
function refusalOf(type: ConditionType, said: Decision['conditions'], result: ActionResult): Refusal | undefined {
  const { concern } = row(type);
  const { refusals = [] } = result;
  if (concern !== 'ownership')
    return refusals.find(({ child }) => child !== 'addon' && children[child].concern === concern);
  // Whether a child changed hands is known only once every write that had a part in it succeeded.
  if (said[type] === undefined) return undefined;
  return essentialRefusal(result) ?? refusals.find(({ verb }) => verb === 'apply');
}

/** What moves by itself counts as stuck once it has lasted too long, and moves again as soon as it is done. */
function stateAt(addon: PostgresAddon, ready: Verdict, now: number): ReasonState {
  const state = stateOf(ready);
  const isStuck = state === 'progressing' && phaseOf(addon, ready) !== 'deleted' && untilStuck(addon, now) <= 0;
  return isStuck ? 'stalled' : state;
}

function conditionOf(
  type: ConditionType,
  verdict: Verdict,
  before: Condition | undefined,
  generation: number | undefined,
  now: string,
): Condition {
  const { reason, message } = verdict;
  const status = row(type).present === 'while true' || stateOf(verdict) === 'good' ? 'True' : 'False';
  return {
    type,
    status,
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    lastTransitionTime: before?.status === status ? before.lastTransitionTime : now,
    reason,
    message,
  };
}
