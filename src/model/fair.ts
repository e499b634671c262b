// Checks that every state converges without further disturbance: the caches catch up, the garbage collector and CNPG finish, and nothing
// crashes or is changed by users. Then the operator comes to rest, and the result is judged (rest.ts).
import type { AddonSpec } from '../api/addon.ts';
import type { Role } from '../domain/children.ts';
import { paceOf } from '../domain/pace.ts';
import { recordedCondition } from '../domain/recorded.ts';
import { stateOf } from '../domain/verdict.ts';
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
import { emptyState, live, newest, nowOf, numbered, type State, timeOf } from './state.ts';
import type { Step } from './step.ts';
import type { Subject } from './subject.ts';

export interface Violation {
  readonly rule: RuleName;
  readonly detail: string;
  /** The steps of the fair run that led to it. */
  readonly steps: readonly string[];
}

/** The maximum number of steps of a fair run. The longest that is needed has about a third of that. */
const mostSteps = 160;

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
    // What happens during a round is reported after it: only of a round that begins here is it known that nothing did.
    let wait: number | undefined;
    let late: Violation | undefined;
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
      late ??= idleFor(wait, now, step, path);
      wait = this.#waitAfter(now, step, wait);
      now = newest(remembering(step));
      if (path.length > mostSteps) {
        const steps = [...path.slice(0, 40), '...'];
        return { rule: 'it comes to rest as a fresh create would', detail: `no rest in ${mostSteps} steps`, steps };
      }
    }
    // A run that joins a good one is to be judged as one that ends by itself.
    if (late !== undefined) return late;
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

  /**
   * Milliseconds until the operator looks again after a step, unless something happens; undefined if something may have happened already.
   * @param wait the same before the step
   */
  #waitAfter({ process, ...state }: State, step: Step, wait: number | undefined): number | undefined {
    if (step.actor !== 'operator') return undefined;
    if (process.kind === 'idle') return 0;
    if (step.state.process.kind === 'acting' || wait === undefined) return wait;
    const { observed, decision, result } = process;
    if (decision.ends === true || step.attempt?.error !== undefined) return undefined;
    const now = nowOf({ process, ...state });
    const addon = { ...observed.addon, status: this.#subject.statusOf(observed.addon, decision, result, now) };
    const untilCheckUp = (): number => Number.POSITIVE_INFINITY;
    const pace = paceOf({ kind: 'reported', addon, decision, result, untilCheckUp, now });
    if (pace.kind === 'retry') return pace.atLeastMilliseconds ?? 0;
    return pace.kind === 'again' ? pace.afterMilliseconds : Number.POSITIVE_INFINITY;
  }

  /** The next step of a fair run; undefined at rest. */
  #next(state: State, order: Order): Step | undefined {
    const { process } = state;
    if (process.kind === 'acting') return carryOn(state, process, this.#subject)[0];
    const own = (resync: boolean): Step | undefined => {
      const after = lookAtNewest(state, resync, this.#subject);
      if (after === undefined || !this.#writes(after)) return undefined;
      return { actor: 'operator', label: resync ? 'looks at the Secrets too' : ownLook, state: after };
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

/** The longest wait before a step that waits for nobody. Milliseconds. */
const shortWait = 60_000;

/** The operator's own writes are in its caches when they are answered, so the watches report none of them. */
function idleFor(
  wait: number | undefined,
  { process }: State,
  { actor, label, state }: Step,
  path: readonly string[],
): Violation | undefined {
  const looks = actor === 'operator' && process.kind === 'idle' && state.process.kind === 'acting';
  if (!looks || label !== ownLook || wait === undefined || wait <= shortWait) return undefined;
  const { observed, decision } = state.process;
  const verbs = decision.actions.map(({ verb, child }) => `${verb} ${child}`);
  const isReady = recordedCondition(observed.addon, 'Ready')?.status === 'True';
  const isNews = isReady !== (stateOf(decision.ready) === 'good');
  if (verbs.length === 0 && !isNews) return undefined;
  return {
    rule: 'no step of its own waits for an event, which no own write is',
    steps: [...path],
    detail: `${verbs.join(', ') || `Ready with ${decision.ready.reason}`} after ${wait} ms`,
  };
}

/** The label of a look at the caches. */
const ownLook = 'looks';

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
