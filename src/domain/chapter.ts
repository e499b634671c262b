// The interface of a chapter, which decides one concern of an addon, and the combination of all chapters into one decision.
import type { Role } from './children.ts';
import type { Action, Conditions, Decision, Fields, Login } from './decision.ts';
import type { Situation } from './situation.ts';
import type { Target } from './target.ts';
import { soonest, type Verdict } from './verdict.ts';

/** The input of every chapter. */
export interface Round {
  readonly s: Situation;
  readonly target: Target;
  /** Wall-clock time in milliseconds; only the duration of waits and the condition EndOfLife depend on it. */
  readonly now: number;
  /** Set with spec.suspend: nothing is written, and the existing database is judged as it is. */
  readonly suspended?: {
    /** Whether anything would be written without spec.suspend. */
    readonly holdsBack: boolean;
  };
}

export interface Chapter {
  readonly actions?: readonly Action[];
  readonly conditions?: Conditions;
  readonly status?: Fields;
  readonly login?: Login | undefined;
  readonly requiresLogin?: boolean;
  /** Children whose owner reference the writes change. */
  readonly changesOwner?: readonly Role[];
  /** As in Decision. */
  readonly recheckAfter?: number | undefined;
  /** As in Decision. */
  readonly waitAtLeast?: number | undefined;
}

/** What all chapters decide. */
export interface Chapters {
  readonly judged: Verdict;
  readonly chapters: readonly Chapter[];
}

/** Combines the actions of the chapters, in their order, and what they report. */
export function combine(ready: Verdict, chapters: readonly Chapter[]): Decision {
  return {
    actions: chapters.flatMap(({ actions = [] }) => actions),
    login: chapters.find(({ login }) => login !== undefined)?.login,
    ready,
    changesOwner: chapters.flatMap(({ changesOwner = [] }) => changesOwner),
    requiresLogin: chapters.some(({ requiresLogin }) => requiresLogin === true),
    conditions: Object.assign({}, ...chapters.map(({ conditions }) => conditions)) as Conditions,
    status: Object.assign({}, ...chapters.map(({ status }) => status)) as Fields,
    recheckAfter: soonest(...chapters.map((chapter) => chapter.recheckAfter)),
    waitAtLeast: chapters.find(({ waitAtLeast }) => waitAtLeast !== undefined)?.waitAtLeast,
  };
}

/** Reported for everything that waits for the end of spec.suspend. */
export const suspension: Verdict = {
  reason: 'Suspended',
  message: 'spec.suspend is true: nothing is created, changed or repaired',
};
