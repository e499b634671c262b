// One aspect of the status: why, in a word for programs and a sentence for people.
import { type Reason, type ReasonRow, rowOf } from '../api/conditions.ts';

export interface Verdict {
  readonly reason: Reason;
  readonly message: string;
}

/** Whether what was asked for came out as a verdict: why there is none of it. */
export function isVerdict(outcome: object): outcome is Verdict {
  return 'reason' in outcome && 'message' in outcome;
}

export function stateOf({ reason }: Verdict): ReasonRow['state'] {
  return rowOf(reason).state;
}

/** Milliseconds after which a state that no watch announces is looked at again; undefined when a watch announces its end. */
export function recheckAfter(verdict: Verdict | undefined): number | undefined {
  const recheckSeconds = verdict && rowOf(verdict.reason).recheckSeconds;
  return recheckSeconds === undefined ? undefined : recheckSeconds * 1000;
}

/** The smallest of the times that are set. */
export function soonest(...times: readonly (number | undefined)[]): number | undefined {
  const set = times.filter((time) => time !== undefined);
  return set.length === 0 ? undefined : Math.min(...set);
}
