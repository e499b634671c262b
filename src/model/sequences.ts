// Walks one addon through a sequence of plans, with a crash of the operator at every possible point: the result must be what a fresh
// create with the last plan makes, except for the disk.
import type { PlanName } from '../api/addon.ts';
import { Canonical } from './canonical.ts';
import { FairRuns, type Violation } from './fair.ts';
import { emptyState, type State } from './state.ts';
import type { Subject } from './subject.ts';
import { afterStep } from './user.ts';

export interface Walked {
  /** Ways through the sequence: without a crash, and with one at each point. */
  readonly ways: number;
  readonly violation?: Violation;
}

/** @param plans the first is created, the others are changes, each after everything has come to rest */
export function walk(plans: readonly PlanName[], subject: Subject): Walked {
  const fair = new FairRuns(subject, new Canonical());
  const quiet = { steps: 0, resyncs: 0, travels: 0 };
  let alive: State = emptyState({ steps: [], late: [], lag: 0, expandable: true }, quiet);
  /** States at rest after one crash. */
  let risen: readonly State[] = [];
  for (const [index, plan] of plans.entries()) {
    const changed = (state: State): State => afterStep(state, `${index === 0 ? 'create' : 'plan'} ${plan}`);
    const begun = changed(alive);
    const reached = [begun, ...fair.deaths(begun), ...risen.map(changed)];
    for (const state of reached) {
      const violation = fair.check(state);
      if (violation !== undefined) return { ways: reached.length, violation };
    }
    alive = fair.settle(begun);
    risen = reached.slice(1).map((state) => fair.settle(state));
  }
  return { ways: 1 + risen.length };
}
