// The interface of a chapter, which decides one concern of an addon, and the combination of all chapters into one decision.
import { cut } from '../api/text.ts';
import type { Role } from './children.ts';
import type { Action, Check, Conditions, Decision, Fields, Login } from './decision.ts';
import type { Situation } from './situation.ts';
import type { Target } from './target.ts';
import { soonest, type Verdict } from './verdict.ts';

/** The input of every chapter. */
export interface Round {
  readonly s: Situation;
  readonly target: Target;
  /** Wall-clock time in milliseconds; only the duration of waits and the condition EndOfLife depend on it. */
  readonly now: number;
  /** Set while the addon is suspended: nothing is written, and the existing database is judged as it is. */
  readonly suspended?: {
    /** Whether anything would be written otherwise. */
    readonly holdsBack: boolean;
  };
}

export interface Chapter {
  readonly actions?: readonly Action[];
  readonly conditions?: Conditions;
  readonly status?: Fields;
  readonly login?: Login | undefined;
  readonly requiresLogin?: boolean;
  readonly check?: Check | undefined;
  /** Children whose owner reference the writes change. */
  readonly changesOwner?: readonly Role[];
  /** As in Decision. */
  readonly continues?: true;
  /** As in Decision. */
  readonly wakeAfter?: number | undefined;
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
    check: chapters.find(({ check }) => check !== undefined)?.check,
    ready,
    changesOwner: chapters.flatMap(({ changesOwner = [] }) => changesOwner),
    requiresLogin: chapters.some(({ requiresLogin }) => requiresLogin === true),
    conditions: Object.assign({}, ...chapters.map(({ conditions }) => conditions)) as Conditions,
    status: Object.assign({}, ...chapters.map(({ status }) => status)) as Fields,
    ...(chapters.some(({ continues }) => continues === true) ? { continues: true } : {}),
    wakeAfter: soonest(...chapters.map((chapter) => chapter.wakeAfter)),
    recheckAfter: soonest(...chapters.map((chapter) => chapter.recheckAfter)),
    waitAtLeast: longest(chapters.map((chapter) => chapter.waitAtLeast)),
  };
}

function longest(times: readonly (number | undefined)[]): number | undefined {
  const set = times.filter((time) => time !== undefined);
  return set.length === 0 ? undefined : Math.max(...set);
}

/** How many unknown fields a message names, and how much of each, in characters. */
const mostNamed = 5;
const longestName = 100;

/** Reported for everything that waits until the addon is no longer suspended. @param effect what its message says of that */
export function suspension(
  { addon }: Pick<Situation, 'addon'>,
  effect = 'nothing is created, changed or repaired',
): Verdict {
  const { unknown } = addon;
  if (unknown === undefined) return { reason: 'Suspended', message: `spec.suspend is true: ${effect}` };
  const named = unknown.slice(0, mostNamed).map((path) => cut(path, longestName));
  const more = unknown.length > mostNamed ? ` and ${unknown.length - mostNamed} more` : '';
  return {
    reason: 'SpecUnknown',
    message: `this version of the operator does not know ${named.join(', ')}${more}: ${effect}`,
  };
}
