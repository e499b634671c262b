// Leaves a child as it is for a while if somebody sets its fields again each time that the operator has repaired them. What the user asked
// for is never held back, nor an owner, on which protection depends, nor the Secret with DATABASE_URL: no watch reports that it was set again.
import type { ConditionType } from '../api/conditions.ts';
import { fieldsOf } from './alteration.ts';
import { alteredIn, isWatched, kindOf } from './children.ts';
import type { Action, Decision } from './decision.ts';
import { isUnlocking } from './restore/lock.ts';
import { foundAs, type Situation } from './situation.ts';
import { soonest, type Verdict } from './verdict.ts';

/** The decision without the repairs that have to wait; the conditions of those children name the fields. */
export function withoutContested(s: Situation, decision: Decision): Decision {
  if (isAsked(s)) return decision;
  const contested = decision.actions.flatMap((action) => contestIn(s, decision, action) ?? []);
  const held = contested.map(({ action }) => action);
  const conditions = contested.flatMap(({ type, verdict }) => (type === undefined ? [] : [[type, verdict] as const]));
  return {
    ...decision,
    actions: decision.actions.filter((action) => !held.includes(action)),
    conditions: { ...decision.conditions, ...Object.fromEntries(conditions) },
    wakeAfter: soonest(decision.wakeAfter, ...contested.map(({ wait }) => wait)),
  };
}

/** A change of what the user asks for that status does not describe yet. Its writes are counted anew (src/controller/repairs.ts). */
function isAsked(s: Situation): boolean {
  const { addon } = s;
  return isUnlocking(s) || addon.metadata.generation !== addon.status?.observedGeneration;
}

interface Contest {
  readonly action: Action;
  /** Milliseconds. */
  readonly wait: number;
  readonly type: ConditionType | undefined;
  readonly verdict: Verdict;
}

/** Why a write has to wait; undefined if it does not. */
function contestIn(s: Situation, { changesOwner = [] }: Decision, action: Action): Contest | undefined {
  if (action.verb !== 'apply' || action.child === 'addon' || !isWatched(action.child)) return undefined;
  if (changesOwner.includes(action.child)) return undefined;
  const wait = s.observed.repairWaits[action.child];
  const live = foundAs(s, action.child)?.object;
  if (wait === undefined || live === undefined) return undefined;
  const { name, namespace } = live.metadata;
  const kind = kindOf(action.child);
  // Not their values: they change with each edit, and each new text would be a status write.
  const fields = fieldsOf(action.manifest, live).join(', ') || 'the order of spec.postgresql.pg_hba';
  const message = `somebody sets fields of ${kind} ${name} again each time that the operator has repaired them (${fields}), so it repairs them ever more rarely; kubectl get ${kind.toLowerCase()} ${name} -n ${namespace} -o yaml --show-managed-fields shows who`;
  return { action, wait, type: alteredIn(action.child), verdict: { reason: 'FieldContested', message } };
}
