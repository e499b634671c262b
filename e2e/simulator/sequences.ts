// The sequences of Cluster statuses, as recorded from CNPG 1.30: tables only, without a clock or an API. A status with duration 0 is
// skipped, except for the last of a sequence, in which the Cluster stays.

/** Milliseconds. CNPG took 0.4 s and 1 to 13 s; tests take less, the benchmark 0. */
export interface Pace {
  /** How long the old state stands after something happened: CNPG has no observedGeneration. */
  readonly stale: number;
  /** How long each state between two rests stands. */
  readonly step: number;
}

export const healthyPhase = 'Cluster in healthy state';
const waiting = 'Waiting for the instances to become active';
const upgrading = 'Upgrading cluster';

/** What runs: the instances in the order they were made, and which of them is the primary. */
export interface Fleet {
  readonly cluster: string;
  readonly instances: readonly string[];
  readonly primary: string;
  /** The highest number an instance ever had: a number is not given twice. */
  readonly lastSerial: number;
}

/** One state of the status. */
export interface Step {
  readonly lasts: keyof Pace | 'rest';
  readonly phase: string;
  readonly reason: string;
  readonly instances: readonly string[];
  readonly ready: number;
  readonly current: string;
  readonly target: string;
}

export interface Sequence {
  readonly steps: readonly Step[];
  readonly fleet: Fleet;
}

/** A new Cluster, its instances one after the other. */
export function creating(cluster: string, instances: number): Sequence {
  const first = `${cluster}-1`;
  const start: Fleet = { cluster, instances: [first], primary: first, lastSerial: 1 };
  const { fleet, steps } = growing(start, instances);
  const settingUp: Step = {
    lasts: 'step',
    phase: 'Setting up primary',
    reason: `Creating primary instance ${first}`,
    instances: [first],
    ready: 0,
    current: '',
    target: first,
  };
  return { fleet, steps: [settingUp, ...steps, resting(fleet)] };
}

export interface Wish {
  readonly instances: number;
  /** Whether the pods have to be recreated. */
  readonly restart: boolean;
  /** primaryUpdateMethod: switchover. */
  readonly switchover: boolean;
}

/** From one rest to the next, after the spec changed. */
export function changing(before: Fleet, wish: Wish): Sequence {
  const grown = growing(before, wish.instances);
  const shrunk = shrinking(grown.fleet, wish.instances);
  const restarted = wish.restart ? restarting(shrunk.fleet, wish.switchover) : { fleet: shrunk.fleet, steps: [] };
  return {
    fleet: restarted.fleet,
    steps: [...grown.steps, ...shrunk.steps, ...restarted.steps, resting(restarted.fleet)],
  };
}

/** The pod of the primary is killed. */
export function failingOver(before: Fleet): Sequence {
  const { instances, primary: old } = before;
  const ready = instances.length - 1;
  const next = instances.find((instance) => instance !== old) ?? old;
  const state = (phase: string, current: string, target: string): Step => {
    const reason = phase === waiting ? 'Some instances are not yet active' : `Failing over from ${old} to ${next}`;
    return { lasts: 'step', phase, reason, instances, ready, current, target };
  };
  const stale: Step = { ...resting(before), lasts: 'stale', ready };
  const fleet = { ...before, primary: next };
  const election =
    next === old
      ? []
      : [
          state('Failing over', old, old),
          state('Failing over', old, 'pending'),
          state('Failing over', old, old),
          state('Failing over', old, next),
          state('Failing over', next, next),
        ];
  return { fleet, steps: [stale, ...election, state(waiting, next, next), resting(fleet)] };
}

/** Healthy, all instances ready. */
export function resting(fleet: Fleet): Step {
  const { instances, primary } = fleet;
  return {
    lasts: 'rest',
    phase: healthyPhase,
    reason: '',
    instances,
    ready: instances.length,
    current: primary,
    target: primary,
  };
}

function growing(before: Fleet, wanted: number): Sequence {
  let fleet = before;
  const steps: Step[] = [];
  while (fleet.instances.length < wanted) {
    const serial = fleet.lastSerial + 1;
    const added = `${fleet.cluster}-${serial}`;
    const ready = fleet.instances.length;
    fleet = { ...fleet, instances: [...fleet.instances, added], lastSerial: serial };
    steps.push({
      ...resting(fleet),
      lasts: 'step',
      phase: 'Creating a new replica',
      reason: `Creating replica ${added}-join`,
      ready,
    });
  }
  return { fleet, steps };
}

/** From three to one, CNPG kept the second instance, which had become the primary. */
function shrinking(before: Fleet, wanted: number): Sequence {
  if (before.instances.length <= wanted) return { fleet: before, steps: [] };
  const kept = wanted === 1 ? before.instances.slice(1, 2) : before.instances.slice(0, wanted);
  const fleet = {
    ...before,
    instances: kept,
    primary: kept.includes(before.primary) ? before.primary : (kept[0] ?? before.primary),
  };
  const between = (phase: string): Step => ({
    ...resting(fleet),
    lasts: 'step',
    phase,
    reason: `Scaling down to ${wanted} instances`,
  });
  return { fleet, steps: [between(upgrading), between(waiting)] };
}

/** Replicas first, the primary last. */
function restarting(before: Fleet, switchover: boolean): Sequence {
  const { instances, primary } = before;
  const rest = resting(before);
  const replicas = instances.filter((instance) => instance !== primary);
  const steps: Step[] = replicas.flatMap((replica) => [
    { ...rest, lasts: 'step', phase: upgrading, reason: `Restarting instance ${replica}, because: ${difference}` },
    { ...rest, lasts: 'step', phase: waiting, reason: 'Some instances are not yet active', ready: rest.ready - 1 },
  ]);
  const [next] = replicas;
  if (next === undefined || !switchover) {
    const phase = 'Primary instance is being restarted without a switchover';
    return {
      fleet: before,
      steps: [
        ...steps,
        { ...rest, lasts: 'step', phase, reason: `Restarting instance ${primary}`, ready: rest.ready - 1 },
      ],
    };
  }
  const phase = 'Switchover in progress';
  const reason = `Switching over to ${next}`;
  return {
    fleet: { ...before, primary: next },
    steps: [
      ...steps,
      { ...rest, lasts: 'step', phase, reason, target: next },
      { ...rest, lasts: 'step', phase, reason, current: next, target: next, ready: rest.ready - 1 },
    ],
  };
}

const difference = 'original and target PodSpec differ in containers: container postgres differs in resources';
