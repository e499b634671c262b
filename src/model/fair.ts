// Checks that every state converges without further disturbance: the caches catch up, the garbage collector and CNPG finish, and nothing
// crashes or is changed by users. Then the operator comes to rest, and the result is judged (rest.ts).
import type { AddonSpec } from '../api/addon.ts';
import type { Role } from '../domain/children.ts';
import type { Canonical } from './canonical.ts';
import { cnpgSteps } from './cnpg.ts';
import { collectorSteps } from './collector.ts';
import { remembering } from './memory.ts';
import { isHeldUp, namespaceSteps } from './namespace.ts';
import { addonName, namespace } from './objects.ts';
import { lookAtNewest } from './observe.ts';
import { carryOn, operatorSteps } from './operator.ts';
import { comparableSpec, isStopped, leftOver, obstructed, shapeOf, unlike } from './rest.ts';
import { judge, type RuleName } from './rules/rules.ts';
import { place } from './server.ts';
import { emptyState, live, newest, numbered, type State, timeOf } from './state.ts';
import type { Step } from './step.ts';
import type { Subject } from './subject.ts';

export interface Violation {
  readonly rule: RuleName;
  readonly detail: string;
  /** The steps of the fair run that led to it. */
  readonly steps: readonly string[];
}

/** The maximum number of steps of a fair run. The longest that is needed has about a third of that. */
const mostSteps = 120;

/** Who acts first in a fair run: the surroundings or the operator. */
type Order = 'surroundings first' | 'operator first';

/** Runs states until nothing changes, and checks the result. A fair run has no crashes, lost responses or user steps. */
export class FairRuns {
  readonly #subject: Subject;
  readonly #canonical: Canonical;
  /** The keys of the states that are known to converge correctly, by who acts first. */
  readonly #good: Readonly<Record<Order, Set<string>>> = {
    'surroundings first': new Set(),
    'operator first': new Set(),
  };
  readonly #fresh = new Map<string, string>();

  constructor(subject: Subject, canonical: Canonical) {
    this.#subject = subject;
    this.#canonical = canonical;
  }

  /** The violation in how a state converges, if any, for each order. */
  check(state: State): Violation | undefined {
    const seen = newest(state);
    const key = this.#canonical.keyWithoutBudget(seen);
    return this.#run(seen, key, 'surroundings first') ?? this.#run(seen, key, 'operator first');
  }

  #run(state: State, start: string, order: Order): Violation | undefined {
    const good = this.#good[order];
    if (good.has(start)) return undefined;
    const path: string[] = [];
    const keys = new Set<string>();
    for (let now = state, key = start; !good.has(key); key = this.#canonical.keyWithoutBudget(now)) {
      const circled = keys.has(key);
      // An operator that retries a refused write does not prevent the others from acting.
      const step = circled ? around(now) : this.#next(now, order);
      keys.add(key);
      if (step === undefined) {
        // A write that is refused permanently is retried forever: what status reports meanwhile is judged.
        const isRefused = now.refused.length > 0;
        const wrong = circled && !isRefused ? 'it goes round in circles' : this.#atRest(now);
        if (wrong === undefined) break;
        return { rule: 'it comes to rest as a fresh create would', detail: wrong, steps: path };
      }
      path.push(`${step.actor} ${step.label}`);
      const broken = judge(now, step);
      if (broken !== undefined) return { ...broken, steps: path };
      now = newest(remembering(step));
      if (path.length > mostSteps) {
        const steps = [...path.slice(0, 40), '...'];
        return { rule: 'it comes to rest as a fresh create would', detail: `no rest in ${mostSteps} steps`, steps };
      }
    }
    for (const key of keys) good.add(key);
    return undefined;
  }

  /** The state after everything has come to rest. */
  settle(state: State): State {
    let now = state;
    for (let steps = 0; steps < mostSteps; steps += 1) {
      const step = this.#next(now, 'surroundings first');
      if (step === undefined) return now;
      now = remembering(step);
    }
    throw new Error('the model does not come to rest');
  }

  /** The states in which a run is interrupted: the process crashed between two writes, or before the response to one. */
  deaths(state: State): readonly State[] {
    const states: State[] = [];
    for (let now: State | undefined = state; now !== undefined; ) {
      const possible: readonly Step[] = now.process.kind === 'acting' ? operatorSteps(now, this.#subject) : [];
      const [answered, ...cut] = possible;
      states.push(...cut.map(remembering));
      const step: Step | undefined = answered ?? this.#next(now, 'surroundings first');
      now = step && remembering(step);
    }
    return states;
  }

  /** The next step of a fair run; undefined at rest. */
  #next(state: State, order: Order): Step | undefined {
    const { process } = state;
    if (process.kind === 'acting') return carryOn(state, process, this.#subject)[0];
    const own = (resync: boolean): Step | undefined => {
      const after = lookAtNewest(state, resync, this.#subject);
      if (after === undefined || !this.#writes(after)) return undefined;
      return { actor: 'operator', label: resync ? 'looks at the Secrets too' : 'looks', state: after };
    };
    // What is not watched is read last, when the resync is due.
    return (order === 'operator first' ? (own(false) ?? around(state)) : (around(state) ?? own(false))) ?? own(true);
  }

  /** Whether a reconcile writes anything; a login with a known result is not a write. */
  #writes(state: State): boolean {
    let now = state;
    while (now.process.kind === 'acting') {
      if (now.process.decision.actions.length > 0) return true;
      const [step] = carryOn(now, now.process, this.#subject);
      if (step === undefined || step.attempt !== undefined) return true;
      now = step.state;
    }
    return false;
  }

  #atRest(state: State): string | undefined {
    const addon = live(state, 'addon');
    if (isHeldUp(state)) return 'the namespace never ends';
    if (addon === undefined) return leftOver(state);
    if (isStopped(state, addon)) return undefined;
    if (addon.metadata.deletionTimestamp !== undefined) return 'the finalizers of the addon are never removed';
    const without = obstructed(state, addon);
    const fresh = this.#freshShape(comparableSpec(state, addon), state, without);
    return unlike(state, addon, fresh, without);
  }

  #freshShape(spec: AddonSpec, state: State, without: readonly Role[]): string {
    const key = JSON.stringify([spec, without]);
    let shape = this.#fresh.get(key);
    if (shape === undefined) {
      shape = shapeOf(this.settle(freshly(state, spec)), without);
      this.#fresh.set(key, shape);
    }
    return shape;
  }
}

/** What the garbage collector, CNPG and the namespace controller do next. */
function around(state: State): Step | undefined {
  return collectorSteps(state)[0] ?? cnpgSteps(state)[0] ?? namespaceSteps(state)[0];
}

function freshly({ rules }: State, spec: AddonSpec): State {
  const [number, state] = numbered(emptyState(rules, { steps: 0, resyncs: 0, travels: 0 }));
  const metadata = { name: addonName, namespace, uid: `uid-${number}`, resourceVersion: '', generation: 1 };
  return place(state, 'addon', {
    metadata: { ...metadata, creationTimestamp: timeOf(state) },
    spec: { ...spec },
  });
}
