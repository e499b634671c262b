// Searches all states that the rules allow, breadth-first, so that the first violation found is a shortest one.
import { Canonical } from './canonical.ts';
import { cnpgSteps } from './cnpg.ts';
import { collectorSteps } from './collector.ts';
import { FairRuns } from './fair.ts';
import { remembering } from './memory.ts';
import { namespaceSteps } from './namespace.ts';
import { operatorSteps } from './operator.ts';
import { judge, type OracleName } from './rules/rules.ts';
import { type Budget, emptyState, type Rules, type State } from './state.ts';
import type { Step } from './step.ts';
import type { Subject } from './subject.ts';
import { afterStep, stepsOfUsers, type UserStep } from './user.ts';

export interface Search {
  readonly rules: Rules;
  /** Steps of users before the search, each after everything has come to rest. */
  readonly prologue: readonly UserStep[];
  readonly budget: Budget;
  /** The maximum number of states to explore, nearest first. */
  readonly most: number;
}

export interface Found {
  readonly states: number;
  readonly transitions: number;
  /** All states up to this number of steps were explored; undefined if there are no others. */
  readonly depth?: number;
  readonly violation?: { readonly oracle: OracleName; readonly detail: string; readonly trace: readonly string[] };
}

/** Everything that can happen next in a state. */
function stepsFrom(state: State, subject: Subject): readonly Step[] {
  return [
    ...operatorSteps(state, subject),
    ...cnpgSteps(state),
    ...collectorSteps(state),
    ...namespaceSteps(state),
    ...stepsOfUsers(state),
  ];
}

/** How a state was reached: the previous state, the step, and the distance from the start. */
interface Origin {
  readonly from: Origin | undefined;
  readonly label: string;
  readonly depth: number;
}

/** Explores until the first violation, the last state or the limit. */
export function search({ rules, prologue, budget, most }: Search, subject: Subject): Found {
  const canonical = new Canonical();
  const fair = new FairRuns(subject, canonical);
  const start = begin(rules, prologue, budget, fair);
  const seen = new Set([canonical.keyOf(start)]);
  const open: { readonly state: State; readonly origin: Origin }[] = [
    { state: start, origin: { from: undefined, label: '', depth: 0 } },
  ];
  let transitions = 0;
  // The list grows while it is read. Entries that were read are deleted to free memory.
  for (let index = 0; index < open.length; index += 1) {
    const { state, origin } = open[index] as (typeof open)[number];
    delete open[index];
    for (const step of stepsFrom(state, subject)) {
      transitions += 1;
      const next: Origin = { from: origin, label: `${step.actor} ${step.label}`, depth: origin.depth + 1 };
      const broken = judge(state, step);
      if (broken !== undefined)
        return { states: seen.size, transitions, violation: { ...broken, trace: traceTo(next) } };
      const after = remembering(step);
      const key = canonical.keyOf(after);
      if (seen.has(key)) continue;
      seen.add(key);
      const unfair = fair.check(after);
      if (unfair !== undefined) {
        const trace = [...traceTo(next), '-- then, undisturbed --', ...unfair.steps];
        return { states: seen.size, transitions, violation: { oracle: unfair.oracle, detail: unfair.detail, trace } };
      }
      if (seen.size >= most) return { states: seen.size, transitions, depth: origin.depth };
      open.push({ state: after, origin: next });
    }
  }
  return { states: seen.size, transitions };
}

function traceTo({ from, label }: Origin): readonly string[] {
  return from === undefined ? [] : [...traceTo(from), label];
}

function begin(rules: Rules, prologue: readonly UserStep[], budget: Budget, fair: FairRuns): State {
  const quiet = { steps: 0, checkups: 0, travels: 0 };
  let settled = emptyState(rules, quiet);
  for (const label of prologue) settled = fair.settle(afterStep(settled, label));
  return { ...settled, rules, left: budget };
}

/** The result of a search as text: how far it went, or the violation with its trace. */
export function tellOf({ violation, states, depth }: Found): string {
  if (violation !== undefined)
    return [`${violation.oracle}: ${violation.detail}`, ...violation.trace.map((label) => `  ${label}`)].join('\n');
  return `no violation in ${states} states, ${depth === undefined ? 'which is all there are' : `all up to depth ${depth}`}`;
}
