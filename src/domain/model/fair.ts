// What must come of every world when it is left alone: the caches catch up, the collector and CNPG finish, nobody dies and nobody
// touches anything. Then the operator comes to rest, and what it made is what a fresh create would have made.
import type { AddonSpec, AddonStatus } from '../../api/addon.ts';
import { fieldManager, labels } from '../../api/addon.ts';
import { belongs, isLeftBehind } from './belongs.ts';
import type { Canonical } from './canonical.ts';
import { cnpgSteps, runsAsAsked } from './cnpg.ts';
import { collectorSteps } from './collector.ts';
import { lookAtNewest } from './look.ts';
import { remembering } from './memory.ts';
import type { Mind } from './mind.ts';
import { isHeldUp, namespaceSteps } from './namespace.ts';
import {
  addonName,
  childSlots,
  type Fields,
  kindOf,
  namespace,
  passwordIn,
  type Slot,
  type Stored,
  textOf,
} from './objects.ts';
import { carryOn, operatorSteps } from './operator.ts';
import { judge, type OracleName } from './oracles.ts';
import { place } from './server.ts';
import type { Step } from './step.ts';
import { emptyWorld, live, newest, numbered, timeOf, type World } from './world.ts';

export interface Violation {
  readonly oracle: OracleName;
  readonly detail: string;
  /** The steps of the fair run that led to it. */
  readonly steps: readonly string[];
}

/** Steps that a fair run may take; the longest that is needed has about a third of them. */
const patience = 120;

/** Who goes first in a fair run: the surroundings, or the operator. */
type Order = 'surroundings first' | 'operator first';

export class FairRuns {
  readonly #mind: Mind;
  readonly #canonical: Canonical;
  /** Keys of the worlds that are known to come to rest well, by who goes first. */
  readonly #good: Readonly<Record<Order, Set<string>>> = {
    'surroundings first': new Set(),
    'operator first': new Set(),
  };
  readonly #fresh = new Map<string, string>();

  constructor(mind: Mind, canonical: Canonical) {
    this.#mind = mind;
    this.#canonical = canonical;
  }

  /** What is wrong with how a world comes to rest, if anything, whoever goes first. */
  check(world: World): Violation | undefined {
    const seen = newest(world);
    const key = this.#canonical.keyWithoutBudget(seen);
    return this.#run(seen, key, 'surroundings first') ?? this.#run(seen, key, 'operator first');
  }

  #run(world: World, start: string, order: Order): Violation | undefined {
    const good = this.#good[order];
    if (good.has(start)) return undefined;
    const path: string[] = [];
    const keys = new Set<string>();
    for (let now = world, key = start; !good.has(key); key = this.#canonical.keyWithoutBudget(now)) {
      const circled = keys.has(key);
      // An operator that tries a refused write again and again does not keep the others from theirs.
      const step = circled ? around(now) : this.#next(now, order);
      keys.add(key);
      if (step === undefined) {
        const wrong = circled ? 'it goes round in circles' : this.#atRest(now);
        if (wrong === undefined) break;
        return { oracle: 'it comes to rest as a fresh create would', detail: wrong, steps: path };
      }
      path.push(`${step.actor} ${step.label}`);
      const broken = judge(now, step);
      if (broken !== undefined) return { ...broken, steps: path };
      now = newest(remembering(step));
      if (path.length > patience) {
        const steps = [...path.slice(0, 40), '...'];
        return { oracle: 'it comes to rest as a fresh create would', detail: `no rest in ${patience} steps`, steps };
      }
    }
    for (const key of keys) good.add(key);
    return undefined;
  }

  /** The world in which everything has come to rest. */
  settle(world: World): World {
    let now = world;
    for (let steps = 0; steps < patience; steps += 1) {
      const step = this.#next(now, 'surroundings first');
      if (step === undefined) return now;
      now = remembering(step);
    }
    throw new Error('the model does not come to rest');
  }

  /** The worlds in which a run to rest is cut short: the process has died between two writes, or before the answer to one. */
  deaths(world: World): readonly World[] {
    const worlds: World[] = [];
    for (let now: World | undefined = world; now !== undefined; ) {
      const possible: readonly Step[] = now.process.kind === 'acting' ? operatorSteps(now, this.#mind) : [];
      const [answered, ...cut] = possible;
      worlds.push(...cut.map(remembering));
      const step: Step | undefined = answered ?? this.#next(now, 'surroundings first');
      now = step && remembering(step);
    }
    return worlds;
  }

  /** The next step of a fair run; undefined at rest. */
  #next(world: World, order: Order): Step | undefined {
    const { process } = world;
    if (process.kind === 'acting') return carryOn(world, process, this.#mind)[0];
    const own = (checkup: boolean): Step | undefined => {
      const after = lookAtNewest(world, checkup, this.#mind);
      if (after === undefined || !this.#writes(after)) return undefined;
      return { actor: 'operator', label: checkup ? 'looks at the Secrets too' : 'looks', world: after };
    };
    // What is not watched is looked at in the end, when its time has come.
    return (order === 'operator first' ? (own(false) ?? around(world)) : (around(world) ?? own(false))) ?? own(true);
  }

  /** Whether anything comes of a look but a login that says what is known. */
  #writes(world: World): boolean {
    let now = world;
    while (now.process.kind === 'acting') {
      if (now.process.decision.actions.length > 0) return true;
      const [step] = carryOn(now, now.process, this.#mind);
      if (step === undefined || step.attempt !== undefined) return true;
      now = step.world;
    }
    return false;
  }

  #atRest(world: World): string | undefined {
    const addon = live(world, 'addon');
    if (isHeldUp(world)) return 'the namespace never ends';
    if (addon === undefined) return leftOver(world);
    if (addon.metadata.deletionTimestamp !== undefined) return 'the addon is never let go';
    const status = (addon.status ?? {}) as AddonStatus;
    if (isStop(world, addon, status)) return undefined;
    if (status.observedGeneration !== addon.metadata.generation) return 'status speaks of an earlier generation';
    const [is, wanted] = [shapeOf(world), this.#freshShape(addon.spec as unknown as AddonSpec, world)];
    if (is !== wanted) return difference(is, wanted);
    const cluster = live(world, 'cluster');
    if (cluster === undefined || !runsAsAsked(cluster)) return 'the instances do not run what was asked for';
    const password = passwordIn(textOf(world.secret, 'DATABASE_URL'));
    return password === cluster.inside?.password ? undefined : 'DATABASE_URL does not log in';
  }

  #freshShape(spec: AddonSpec, world: World): string {
    const key = JSON.stringify(spec);
    let shape = this.#fresh.get(key);
    if (shape === undefined) {
      shape = shapeOf(this.settle(freshly(world, spec)));
      this.#fresh.set(key, shape);
    }
    return shape;
  }
}

/** What the collector, CNPG and the end of the namespace do next. */
function around(world: World): Step | undefined {
  return collectorSteps(world)[0] ?? cnpgSteps(world)[0] ?? namespaceSteps(world)[0];
}

function freshly({ rules }: World, spec: AddonSpec): World {
  const [number, world] = numbered(emptyWorld(rules, { steps: 0, checkups: 0, travels: 0 }));
  const metadata = { name: addonName, namespace, uid: `uid-${number}`, resourceVersion: '', generation: 1 };
  return place(world, 'addon', {
    metadata: { ...metadata, creationTimestamp: timeOf(world) },
    spec: { ...spec },
  });
}

/** Whether the operator may stop where it is: something stands in its way that only people can move. */
function isStop(world: World, addon: Stored, { conditions }: AddonStatus): boolean {
  if (addon.spec?.suspend === true) return conditions?.some(({ type }) => type === 'Suspended') === true;
  const reason = conditions?.find(({ type }) => type === 'Ready')?.reason;
  const children = childSlots.flatMap((slot) => live(world, slot) ?? []);
  switch (reason) {
    case 'NameConflict':
      return children.some((child) => !belongs(addon, child) && !isLeftBehind(addon, child));
    case 'AdoptionRefused':
      return children.some((child) => !belongs(addon, child));
    default:
      return false;
  }
}

/** Nothing of a deleted addon stays but what was to stay. */
function leftOver(world: World): string | undefined {
  if (world.memory.torn || world.memory.abrupt) return undefined;
  const slots: readonly Slot[] = [...childSlots, 'source'];
  const child = slots.find((slot) => {
    const object = live(world, slot);
    if (object?.metadata.labels?.[labels.managedBy] !== fieldManager) return false;
    if (object.metadata.labels[labels.name] !== addonName || world.memory.kept.includes(object.metadata.uid))
      return false;
    return object.metadata.labels[labels.orphaned] !== 'true';
  });
  return child && `${kindOf[child]} stays for ever, without an addon and without a mark`;
}

/** What the addon has and says, without what differs from one database to the next. */
function shapeOf(world: World): string {
  const addon = live(world, 'addon');
  const status = (addon?.status ?? {}) as AddonStatus;
  const own = (slot: Slot): Fields | undefined => {
    const child = live(world, slot);
    return addon !== undefined && child !== undefined && belongs(addon, child) ? childShape(child) : undefined;
  };
  const shape = {
    cluster: own('cluster'),
    backup: own('backup'),
    secret: {
      ...own('secret'),
      url: textOf(world.secret, 'DATABASE_URL')?.replace(/:[^:@]+@/, ':password@'),
    },
    finalizers: addon?.metadata.finalizers,
    status: statusShape(status),
  };
  return JSON.stringify(shape, sorted, 1).replace(/\b(?:uid|rv|pw)-\d+\b/g, '#');
}

function childShape(child: Stored): Fields {
  const { storage: _, ...spec } = child.spec ?? {};
  const { labels: own, ownerReferences, finalizers } = child.metadata;
  return { own, ownerReferences, finalizers, spec };
}

function statusShape({
  phase,
  plan,
  version,
  clusterName,
  secretName,
  resources,
  endpoints,
  backup,
  conditions,
}: AddonStatus): unknown {
  const { storage: _, ...sizes } = resources ?? {};
  const reasons = (conditions ?? []).filter(({ type }) => type !== 'Adopted' && type !== 'PlanApplied');
  const said = Object.fromEntries(reasons.map(({ type, status, reason }) => [type, `${status} ${reason}`]));
  const change = conditions?.find(({ type }) => type === 'PlanApplied');
  // A disk that the StorageClass does not let grow is the one part of a plan that a fresh create would have.
  const applied = change?.reason === 'StorageNotExpandable' ? 'True' : change?.status;
  return { phase, plan, version, clusterName, secretName, sizes, endpoints, backup, said, applied };
}

function sorted(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function difference(is: string, wanted: string): string {
  const [left, right] = [is.split('\n'), wanted.split('\n')];
  const index = left.findIndex((line, at) => line !== right[at]);
  return `at rest it has ${left[index]?.trim()}, a fresh create would have ${right[index]?.trim()}`;
}
