// A verdict on one aspect of an addon: a reason for programs and a message for people.
import { type Reason, type ReasonRow, reasons, rowOf } from '../api/conditions.ts';
import type { Condition } from '../api/kubernetes.ts';

export interface Verdict {
  readonly reason: Reason;
  readonly message: string;
}

/** Whether a result is a verdict, which says why there is no other result. */
export function isVerdict(outcome: object): outcome is Verdict {
  return 'reason' in outcome;
}

/** The state of the reason in the table of src/api/conditions.ts. */
export function stateOf({ reason }: Verdict): ReasonRow['state'] {
  return rowOf(reason).state;
}

/** Milliseconds until the first recheck of a state whose end no watch reports; undefined if a watch reports it. */
export function recheckAfter(verdict: Verdict | undefined): number | undefined {
  const recheckSeconds = verdict && rowOf(verdict.reason).recheckSeconds;
  return recheckSeconds === undefined ? undefined : recheckSeconds * 1000;
}

/** The smallest of the defined times. */
export function soonest(...times: readonly (number | undefined)[]): number | undefined {
  const set = times.filter((time) => time !== undefined);
  return set.length === 0 ? undefined : Math.min(...set);
}

/** The verdict of a recorded condition; undefined if another version of the operator wrote it, with a reason that this one lacks. */
export function verdictOf(condition: Condition | undefined): Verdict | undefined {
  const isKnown = condition !== undefined && Object.hasOwn(reasons, condition.reason);
  return isKnown ? { reason: condition.reason as Reason, message: condition.message } : undefined;
}
