// Every sequence of two and three plans, with and without a crash of the operator: each ends like a new addon with the last plan, except
// for the disk, which never shrinks. The addons of a run change at the same time, and the operator crashes for all of them at once.
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { LiveObject } from '../../hack/cluster/client.ts';
import { eventually } from '../../hack/cluster/wait.ts';
import type { PlanName } from '../../src/api/addon.ts';
import { clusterGvr } from '../../src/api/cnpg.ts';
import { volumeClaimGvr } from '../../src/api/workload.ts';
import { defaultPlans } from '../../src/domain/database/plans.ts';
import { comparableChildren, comparableStatus } from '../harness/snapshot.ts';
import { useSuite } from '../harness/suite.ts';
import { at, conditionOf, isRunning } from '../harness/views.ts';

const suite = useSuite();

const plans: readonly PlanName[] = ['free', 'standard', 'pro'];
const pairs = plans.flatMap((first) => plans.map((second) => [first, second] as const));
const triples = pairs.flatMap(([first, second]) => plans.map((third) => [first, second, third] as const));
const sequences: readonly (readonly PlanName[])[] = [...pairs, ...triples];
const titles = sequences.map((sequence) => sequence.join(' -> '));

/** Of an addon: short, so that no name of a child is cut, and unlike any other word. */
const nameOf = (sequence: readonly PlanName[]): string => `way-${sequence.map(([initial]) => initial).join('')}`;

/** Where a sequence ends. */
interface End {
  readonly children: Readonly<Record<string, unknown>>;
  readonly status: unknown;
  readonly planApplied: string | undefined;
  /** Sizes: in the Cluster, in status, and of each disk. */
  readonly cluster: unknown;
  readonly reported: unknown;
  readonly disks: readonly unknown[];
}

const kinds = ['calm', 'crashing'] as const;
type Kind = (typeof kinds)[number];

/** What a new addon of a plan is. */
const fresh = new Map<PlanName, End>();
/** By the name of the sequence's addon. */
const ends: Readonly<Record<Kind, Map<string, End>>> = { calm: new Map(), crashing: new Map() };
const places: Record<Kind, string> = { calm: '', crashing: '' };
/** How many addons were on their way at each crash. */
const interrupted: number[] = [];

async function endOf(addon: LiveObject): Promise<End> {
  const { client } = suite();
  const { namespace = '' } = addon.metadata;
  const cluster = String(addon.status?.clusterName);
  const claims = await client.list(volumeClaimGvr, namespace, `cnpg.io/cluster=${cluster}`);
  return {
    children: await comparableChildren(client, addon),
    status: comparableStatus(addon),
    planApplied: conditionOf(addon, 'PlanApplied')?.reason,
    cluster: at(await client.get(clusterGvr, namespace, cluster), 'spec', 'storage', 'size'),
    reported: at(addon, 'status', 'resources', 'storage'),
    disks: claims.map(({ status }) => at(status, 'capacity', 'storage')),
  };
}

/** The volumes grow and go a moment after CNPG reports its instances; status has the new size when the operator looks again. */
async function settled(namespace: string, name: string): Promise<End> {
  return await eventually(`the disks of ${name}`, async () => {
    const addon = await suite().untilRunning(namespace, name);
    const instances = Number(at(addon, 'status', 'resources', 'instances'));
    const end = await endOf(addon);
    expect(end.disks).toEqual(Array(instances).fill(end.reported));
    return end;
  });
}

/** Creates the addon of a sequence, or changes its plan. */
async function ask(namespace: string, sequence: readonly PlanName[], step: number): Promise<void> {
  const plan = sequence[step];
  if (plan === undefined) return;
  if (step === 0) await suite().createAddon(namespace, nameOf(sequence), { plan });
  else await suite().patchAddon(namespace, nameOf(sequence), { plan });
}

async function each(work: (sequence: readonly PlanName[]) => Promise<void>): Promise<void> {
  await Promise.all(sequences.map(work));
}

/** The sequences whose plan another is at this step. */
const changingAt = (step: number): readonly (readonly PlanName[])[] =>
  sequences.filter((sequence) => sequence[step] !== undefined && sequence[step] !== sequence[step - 1]);

/** How many of their Clusters have the plan of the step. */
function written(namespace: string, step: number): number {
  const done = changingAt(step).filter((sequence) => {
    const newest = suite()
      .clusters.of(namespace, `db-${namespace}-${nameOf(sequence)}`)
      .at(-1);
    const plan = sequence[step];
    return plan !== undefined && at(newest, 'spec', 'resources', 'limits', 'memory') === defaultPlans[plan].memory;
  });
  return done.length;
}

/** How many of their addons run with the plan of the step. */
function arrived(namespace: string, step: number): number {
  const there = changingAt(step).filter((sequence) => {
    const newest = suite().addons.of(namespace, nameOf(sequence)).at(-1);
    return newest !== undefined && isRunning(newest) && newest.status?.plan === sequence[step];
  });
  return there.length;
}

/** The operator dies twice in a step: among the writes of the Clusters, and when some of the addons run already. */
async function crashDuring(namespace: string, step: number): Promise<void> {
  const all = changingAt(step).length;
  for (const count of [written, arrived]) {
    await eventually(`half of the addons to be ${count.name} in step ${step}`, () =>
      expect(count(namespace, step)).toBeGreaterThanOrEqual(all / 2),
    );
    interrupted.push(all - arrived(namespace, step));
    await suite().crashOperator();
  }
}

beforeAll(async () => {
  const namespace = await suite().namespace();
  for (const plan of plans) await suite().createAddon(namespace, `new-${plan}`, { plan });
  for (const plan of plans) fresh.set(plan, await settled(namespace, `new-${plan}`));
});

describe.each(kinds)('a change of plan, %s', (kind) => {
  beforeAll(async () => {
    const namespace = await suite().namespace();
    places[kind] = namespace;
    for (const step of [0, 1, 2]) {
      await each((sequence) => ask(namespace, sequence, step));
      if (kind === 'crashing') await crashDuring(namespace, step);
      await each(async (sequence) => void (await suite().untilRunning(namespace, nameOf(sequence))));
    }
    await each(async (sequence) => void ends[kind].set(nameOf(sequence), await settled(namespace, nameOf(sequence))));
  });

  it.each(titles)('%s ends as a new addon, but for the disk', (title) => {
    const sequence = title.split(' -> ') as PlanName[];
    const name = nameOf(sequence);
    const [end, like] = [ends[kind].get(name), fresh.get(sequence.at(-1) as PlanName)];
    expect(end?.children).toEqual(like?.children);
    expect(end?.status).toEqual(like?.status);

    const sizes = sequence.map((plan) => defaultPlans[plan].storage);
    const largest = sizes.sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10)).at(-1);
    expect(end).toMatchObject({ cluster: largest, reported: largest });
    expect([...new Set(end?.disks)]).toEqual([largest]);
    expect(end?.planApplied).toBe(like?.reported === largest ? 'Applied' : 'DiskNotShrunk');
    expect(suite().addons.course(places[kind], name, ({ status }) => status?.ready_at)).toEqual([
      undefined,
      expect.any(String),
    ]);
  });
});

describe('each crash', () => {
  it('met addons that were on their way', () => {
    expect(interrupted).toHaveLength(6);
    expect(Math.min(...interrupted)).toBeGreaterThan(0);
  });
});
