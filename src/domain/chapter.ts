// The form of a chapter: what one concern asks for and says in a round, and how the chapters together make a decision.
import type { Action, Conditions, Decision, Fields, Login } from './decision.ts';
import type { Situation } from './situation.ts';
import type { Target } from './target.ts';
import { soonest, type Verdict } from './verdict.ts';

/** What every chapter is given. */
export interface Round {
  readonly s: Situation;
  readonly target: Target;
  /** Wall-clock time in milliseconds; only the length of a wait depends on it. */
  readonly now: number;
  /** spec.suspend: nothing of this is written, and what is there is judged as it is. */
  readonly suspended?: {
    /** Whether anything would be written if it were not for spec.suspend. */
    readonly holdsBack: boolean;
  };
}

export interface Chapter {
  readonly actions?: readonly Action[];
  readonly conditions?: Conditions;
  readonly status?: Fields;
  readonly login?: Login | undefined;
  readonly requiresLogin?: boolean;
  /** Milliseconds after which the addon is reconciled again although nothing happened. */
  readonly wakeAfter?: number | undefined;
}

/** The decision of a round: what the chapters ask for, in their order, and what they say. */
export function combine(ready: Verdict, chapters: readonly Chapter[]): Decision {
  return {
    actions: chapters.flatMap(({ actions = [] }) => actions),
    login: chapters.find(({ login }) => login !== undefined)?.login,
    ready,
    requiresLogin: chapters.some(({ requiresLogin }) => requiresLogin === true),
    conditions: Object.assign({}, ...chapters.map(({ conditions }) => conditions)) as Conditions,
    status: Object.assign({}, ...chapters.map(({ status }) => status)) as Fields,
    wakeAfter: soonest(...chapters.map(({ wakeAfter }) => wakeAfter)),
  };
}

/** What is said of whatever waits for the end of spec.suspend. */
export const suspension: Verdict = {
  reason: 'Suspended',
  message: 'spec.suspend is true: nothing is created, changed or repaired',
};
