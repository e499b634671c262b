// A small model of the operator installed twice, with other plans: two processes with one API server, each of which can be uninstalled and
// installed again. It says nothing about the times after which an installation counts as gone.
import type { PlanName } from '../api/addon.ts';
import { defaultPlans, type Profile } from '../domain/database/plans.ts';
import type { Observed } from '../domain/observed.ts';
import { Canonical } from './canonical.ts';
import { cnpgSteps } from './cnpg.ts';
import { explore, type Found } from './explore.ts';
import { lookAtNewest } from './observe.ts';
import { carryOn, operatorSteps } from './operator.ts';
import { platform } from './sight.ts';
import { emptyState, live, newest, type Process, type State } from './state.ts';
import type { Step } from './step.ts';
import type { Subject } from './subject.ts';
import { afterStep, stepsOfUsers, type UserStep } from './user.ts';

type Index = 0 | 1;
const both = [0, 1] as const;
/** As status names them, each with its plans. */
const installations = [
  { operator: 'one/operator', plans: defaultPlans },
  { operator: 'two/operator', plans: { ...defaultPlans, standard: larger('standard'), pro: larger('pro') } },
] as const;

function larger(plan: 'standard' | 'pro'): Profile {
  return { ...defaultPlans[plan], memory: '8Gi' };
}

interface Pair {
  /** Its process is not used. */
  readonly shared: State;
  readonly processes: readonly [Process, Process];
  /** Which of them are uninstalled. */
  readonly gone: readonly [boolean, boolean];
  /** Whether the other one was uninstalled when each of them last looked: what it decided then arrives later. */
  readonly saw: readonly [boolean, boolean];
  /** How often one can still be uninstalled. */
  readonly removals: number;
}

export type InstallationRule =
  | 'what exists is written by who held it then'
  | 'a holder that runs stays'
  | 'it comes to rest with one holder and its plan';

const idle: Process = { kind: 'idle', resyncDue: false };
/** Of a fair run; the longest that is needed has about a third of that. */
const mostSteps = 150;

export interface InstallationSearch {
  /** Steps of the user before the search, while neither is installed. */
  readonly prologue: readonly UserStep[];
  /** Steps of the user during the search; one of them is taken. */
  readonly steps: readonly UserStep[];
  readonly removals: number;
  readonly most: number;
}

/** Explores until the first violation, the last state, or the bound. */
export function searchInstallations(
  { prologue, steps, removals, most }: InstallationSearch,
  product: Subject,
): Found<InstallationRule> {
  const canonical = new Canonical();
  const rules = { steps, late: [], lag: 0, expandable: true };
  const known = new Set<string>();
  const keyOf = ({ shared: state, processes, gone, saw, removals: left }: Pair): string =>
    [...processes.map((process) => canonical.keyOf({ ...state, process })), gone, saw, left].join('|');
  const shared = prologue.reduce(afterStep, emptyState(rules, { steps: 1, resyncs: 0, travels: 0 }));
  return explore<Pair, InstallationRule>({
    start: { shared, processes: [idle, idle], gone: [false, false], saw: [false, false], removals },
    stepsFrom: (pair) => [...both.flatMap((index) => operated(pair, index, product)), ...surrounded(pair)],
    keyOf,
    wrongWith: (pair) => wrongAtRest(pair, product, known, keyOf),
    most,
  });
}

function operated(pair: Pair, index: Index, product: Subject) {
  if (pair.gone[index]) return [];
  const steps = operatorSteps(seenBy(pair, index), subjectOf(pair, index, product));
  return steps.map((step) => ({
    label: `${installations[index].operator} ${step.label}`,
    state: after(pair, index, step.state),
    broken: broken(pair, index, step),
  }));
}

function surrounded(pair: Pair) {
  const { shared, gone, removals } = pair;
  const others = [...cnpgSteps(shared), ...stepsOfUsers(shared)].map(({ actor, label, state }) => ({
    label: `${actor} ${label}`,
    state: { ...pair, shared: newest(state) },
  }));
  const removed = both.flatMap((index) => {
    const { operator } = installations[index];
    if (gone[index])
      return [{ label: `${operator} is installed again`, state: withGone(pair, index, false, removals) }];
    if (removals === 0 || gone.includes(true)) return [];
    const stopped: Pair = { ...pair, processes: replaced(pair.processes, index, idle) };
    return [{ label: `${operator} is uninstalled`, state: withGone(stopped, index, true, removals - 1) }];
  });
  return [...others, ...removed];
}

function withGone(pair: Pair, index: Index, isGone: boolean, removals: number): Pair {
  return { ...pair, gone: replaced(pair.gone, index, isGone), removals };
}

function replaced<T>([one, two]: readonly [T, T], index: Index, value: T): readonly [T, T] {
  return index === 0 ? [value, two] : [one, value];
}

function otherThan(index: Index): Index {
  return index === 0 ? 1 : 0;
}

function seenBy({ shared, processes }: Pair, index: Index): State {
  return { ...shared, process: processes[index] };
}

function after(pair: Pair, index: Index, { process, ...rest }: State): Pair {
  const shared = newest({ ...rest, process: idle });
  const processes = replaced(pair.processes, index, process);
  const looked = pair.processes[index].kind === 'idle' && process.kind === 'acting';
  const saw = looked ? replaced(pair.saw, index, pair.gone[otherThan(index)]) : pair.saw;
  return { ...pair, shared, processes, saw };
}

/** The product with the configuration of an installation. */
function subjectOf({ gone }: Pair, index: Index, product: Subject): Subject {
  const { operator, plans } = installations[index];
  const holderGone = gone[otherThan(index)];
  const configured = (o: Observed): Observed => ({ ...o, platform: { ...platform, operator, plans }, holderGone });
  return {
    ...product,
    needs: (o, now) => product.needs(configured(o), now),
    decide: (o, now, sight) => product.decide(configured(o), now, sight),
  };
}

function broken({ shared, saw }: Pair, index: Index, { attempt, state }: Step) {
  if (attempt === undefined || attempt.error !== undefined) return undefined;
  const { operator } = installations[index];
  const { verb } = attempt.request;
  const [then, was, is] = [attempt.by.from.addon.status?.operator, holderIn(shared), holderIn(state)];
  if ((verb === 'apply' || verb === 'delete') && attempt.request.child !== 'addon' && then !== operator) {
    const detail = `${operator} wrote ${attempt.request.child}, which ${then} held`;
    return { rule: 'what exists is written by who held it then', detail } as const;
  }
  if (was === undefined || was === is || saw[index]) return undefined;
  return { rule: 'a holder that runs stays', detail: `the holder went from ${was} to ${is}` } as const;
}

function holderIn(state: State): string | undefined {
  const holder = live(state, 'addon')?.status?.operator;
  return holder === undefined ? undefined : String(holder);
}

/** Lets everything finish, without crashes, users and further removals, and judges the result. */
function wrongAtRest(start: Pair, product: Subject, known: Set<string>, keyOf: (pair: Pair) => string) {
  const rule = 'it comes to rest with one holder and its plan';
  const steps: string[] = [];
  const keys: string[] = [];
  let pair = start;
  for (let next = onward(pair, product); next !== undefined; next = onward(pair, product)) {
    const key = keyOf(pair);
    if (known.has(key)) return undefined;
    keys.push(key);
    steps.push(next.label);
    pair = next.state;
    if (steps.length > mostSteps) return { rule, detail: `no rest in ${mostSteps} steps`, steps } as const;
  }
  const wrong = restingWrong(pair, steps);
  if (wrong === undefined) for (const key of keys) known.add(key);
  return wrong;
}

function restingWrong({ shared }: Pair, steps: readonly string[]) {
  const rule = 'it comes to rest with one holder and its plan';
  if (live(shared, 'addon') === undefined) return undefined;
  const holder = installations.find(({ operator }) => operator === holderIn(shared));
  if (holder === undefined) return { rule, detail: 'nobody holds the addon', steps } as const;
  const { resources } = (live(shared, 'cluster')?.spec ?? {}) as {
    readonly resources?: { readonly limits?: { readonly memory?: string } };
  };
  const memory = resources?.limits?.memory;
  const plan = live(shared, 'addon')?.spec?.plan as PlanName;
  if (memory === holder.plans[plan].memory) return undefined;
  return { rule, detail: `${holder.operator} holds it, and its memory is ${memory}`, steps } as const;
}

/** The next step of a fair run: CNPG's, or one installation's. */
function onward(pair: Pair, product: Subject): { readonly label: string; readonly state: Pair } | undefined {
  for (const index of both) {
    if (pair.gone[index]) continue;
    const subject = subjectOf(pair, index, product);
    const state = seenBy(pair, index);
    const [step] =
      state.process.kind === 'idle' ? lookedAt(state, subject) : carryOn(state, state.process, subject).slice(0, 1);
    if (step !== undefined)
      return { label: `${installations[index].operator} ${step.label}`, state: after(pair, index, step.state) };
  }
  const [step] = cnpgSteps(pair.shared);
  return step && { label: `${step.actor} ${step.label}`, state: { ...pair, shared: newest(step.state) } };
}

function lookedAt(state: State, subject: Subject): readonly { readonly label: string; readonly state: State }[] {
  const looked = lookAtNewest(state, false, subject);
  return looked === undefined ? [] : [{ label: 'looks', state: looked }];
}
