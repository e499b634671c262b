// A search through every state of an addon and its children that the rules allow.
import { Canonical } from './canonical.ts';
import { cnpgSteps } from './cnpg.ts';
import { collectorSteps } from './collector.ts';
import { explore, type Found } from './explore.ts';
import { FairRuns } from './fair.ts';
import { remembering } from './memory.ts';
import { namespaceSteps } from './namespace.ts';
import { operatorSteps } from './operator.ts';
import { judge, type RuleName } from './rules/rules.ts';
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

/** Everything that may happen next in a state. */
function stepsFrom(state: State, subject: Subject): readonly Step[] {
  return [
    ...operatorSteps(state, subject),
    ...cnpgSteps(state),
    ...collectorSteps(state),
    ...namespaceSteps(state),
    ...stepsOfUsers(state),
  ];
}

/** Explores until the first violation, the last state, or the bound. */
export function search({ rules, prologue, budget, most }: Search, subject: Subject): Found<RuleName> {
  const canonical = new Canonical();
  const fair = new FairRuns(subject, canonical);
  return explore<State, RuleName>({
    start: begin(rules, prologue, budget, fair),
    stepsFrom: (state) =>
      stepsFrom(state, subject).map((step) => ({
        label: `${step.actor} ${step.label}`,
        state: remembering(step),
        broken: judge(state, step),
      })),
    keyOf: (state) => canonical.keyOf(state),
    wrongWith: (state) => fair.check(state),
    most,
  });
}

function begin(rules: Rules, prologue: readonly UserStep[], budget: Budget, fair: FairRuns): State {
  const quiet = { steps: 0, resyncs: 0, travels: 0 };
  let settled = emptyState(rules, quiet);
  for (const label of prologue) settled = fair.settle(afterStep(settled, label));
  return { ...settled, rules, left: budget };
}
