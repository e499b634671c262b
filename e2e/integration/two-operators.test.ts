// The operator installed twice, with other plans and a Lease in another namespace: each addon has one of them, and the other one says so.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { events, leases } from '../../hack/cluster/kinds.ts';
import { eventually } from '../../hack/cluster/wait.ts';
import { addonGvr } from '../../src/api/addon.ts';
import { clusterGvr } from '../../src/api/cnpg.ts';
import { rowOf } from '../../src/api/conditions.ts';
import { isWrite, tally } from '../harness/audit.ts';
import { makeNamespace } from '../harness/cluster.ts';
import type { Operator, OperatorOptions } from '../harness/operator.ts';
import { useSuite } from '../harness/suite.ts';
import { at } from '../harness/views.ts';

const suite = useSuite({ withOperator: false });
const lease = 'postgres-addon-operator';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plans-'));
  await writeFile(join(folder, 'plans.yaml'), 'free:\n  memory: 512Mi\n');
  await makeNamespace(suite().client, secondNamespace());
});
let running: readonly Operator[] = [];
afterEach(async () => {
  for (const operator of running) if (operator.exit === undefined) await operator.stop();
  running = [];
});
afterAll(async () => await rm(folder, { recursive: true }));

async function start(options: Partial<OperatorOptions>): Promise<Operator> {
  const operator = await suite().startOperator(options);
  running = [...running, operator];
  return operator;
}

const first = () => start({ user: 'operator-first' });

/** With a Lease in its own namespace, and 512Mi instead of 256Mi for plan free. */
const second = () =>
  start({
    user: 'operator-second',
    namespace: secondNamespace(),
    environment: { PLANS_FILE: join(folder, 'plans.yaml') },
  });

const secondNamespace = () => `${suite().operatorNamespace}-second`;
const holders = () => [`${suite().operatorNamespace}/${lease}`, `${secondNamespace()}/${lease}`] as const;
const operatorOf = (state: unknown): unknown => at(state, 'status', 'operator');
const memoryOf = (state: unknown): unknown => at(state, 'spec', 'resources', 'limits', 'memory');

/** The Warnings on an addon that name its holder. */
async function warnings(namespace: string, name: string): Promise<readonly unknown[]> {
  const all = await suite().client.list(events, namespace);
  return all.filter(
    (event) => at(event, 'reason') === 'HeldByAnotherOperator' && at(event, 'regarding', 'name') === name,
  );
}

/** Waits until the second installation has seen what happened before: its watches deliver in order. */
async function seenByTheOther(): Promise<void> {
  const namespace = await suite().namespace();
  await suite().createAddon(namespace, 'fence', { plan: 'free' });
  await suite().untilRunning(namespace, 'fence');
  await eventually('a Warning', async () => expect(await warnings(namespace, 'fence')).not.toEqual([]));
}

describe('an operator that is installed a second time', () => {
  it('leaves the addons of the first one alone, says who holds them, and takes over when the first one is gone', async () => {
    const { client, addons, clusters } = suite();
    const [own, other] = holders();
    const one = await first();
    await one.said('this replica is the leader');
    const namespace = await suite().namespace();
    const cluster = `db-${namespace}-shop`;
    await suite().createAddon(namespace, 'shop', { plan: 'free' });
    expect(operatorOf(await suite().untilRunning(namespace, 'shop'))).toBe(own);
    const { generation } = (await client.get(clusterGvr, namespace, cluster))?.metadata ?? {};

    const mark = await suite().audit.mark();
    const two = await second();
    await two.said('this replica is the leader');
    await eventually('a Warning', async () => expect(await warnings(namespace, 'shop')).toHaveLength(1));
    const [warning] = await warnings(namespace, 'shop');
    expect(at(warning, 'note')).toContain(own);
    expect(await two.said('another operator holds addons')).toMatchObject({ operator: own });
    expect((await two.page('/metrics')).body).toMatch(/^postgres_addon_addons_held_by_others [1-9]/m);
    expect((await one.page('/metrics')).body).toMatch(/^postgres_addon_addons_held_by_others 0$/m);

    // A change is the first one's to carry out, and what others edit is the first one's to repair.
    await suite().patchAddon(namespace, 'shop', { connection: { sslMode: 'require' } });
    await suite().untilRunning(namespace, 'shop');
    await seenByTheOther();
    expect((await client.get(clusterGvr, namespace, cluster))?.metadata.generation).toBe(generation);
    const theirs = (await suite().audit.since(mark)).filter(
      (request) => request.user === two.user && request.namespace === namespace && isWrite(request),
    );
    expect(Object.keys(tally(theirs))).toEqual(['create events']);
    expect(await warnings(namespace, 'shop')).toHaveLength(1);

    // The first one is uninstalled, and its Lease with it.
    await one.stop();
    await client.remove(leases, suite().operatorNamespace, lease);
    const taken = await addons.until(namespace, 'shop', 'a new holder', (state) => operatorOf(state) === other);
    expect(taken.metadata.generation).toBe(2);
    await clusters.until(namespace, cluster, 'the plan of the second', (state) => memoryOf(state) === '512Mi');
    await suite().untilRunning(namespace, 'shop');
    expect(addons.course(namespace, 'shop', operatorOf).filter(Boolean)).toEqual([own, other]);
    const happened = await client.list(events, namespace);
    expect(happened.map((event) => at(event, 'reason'))).toContain('OperatorChanged');

    // It comes back: now it is the second.
    const again = await first();
    expect(await again.said('another operator holds addons')).toMatchObject({ operator: other });
    const before = await client.get(clusterGvr, namespace, cluster);
    await suite().patchAddon(namespace, 'shop', { connection: { sslMode: 'prefer' } });
    await suite().untilRunning(namespace, 'shop');
    expect((await client.get(clusterGvr, namespace, cluster))?.metadata.generation).toBe(before?.metadata.generation);
  });

  it('at the same moment shares the addons with the first one: each has one holder, and its plan', async () => {
    const { addons, clusters, client } = suite();
    const [own, other] = holders();
    const [one, two] = await Promise.all([first(), second()]);
    await Promise.all([one.said('this replica is the leader'), two.said('this replica is the leader')]);
    const namespace = await suite().namespace();
    const names = Array.from({ length: 20 }, (_, index) => `shop-${index}`);
    await Promise.all(
      names.map((name, index) =>
        suite().createAddon(namespace, name, { plan: 'free', ...(index % 2 === 0 ? { mode: 'protected' } : {}) }),
      ),
    );
    for (const name of names) {
      const state = await suite().untilRunning(namespace, name);
      const cluster = `db-${namespace}-${name}`;
      const memory = operatorOf(state) === own ? '256Mi' : '512Mi';
      await clusters.until(namespace, cluster, `the plan of ${operatorOf(state)}`, (live) => memoryOf(live) === memory);
      expect(addons.course(namespace, name, operatorOf).filter(Boolean)).toEqual([operatorOf(state)]);
      expect([own, other]).toContain(operatorOf(state));
      // Between the creation of the Cluster and the first status, the other one can become the holder.
      expect(clusters.course(namespace, cluster, memoryOf).length).toBeLessThanOrEqual(2);
    }
    const mark = await suite().audit.mark();
    await Promise.all(names.map((name) => suite().patchAddon(namespace, name, { connection: { sslMode: 'require' } })));
    for (const name of names) await suite().untilRunning(namespace, name);
    const written = (await suite().audit.since(mark)).filter(
      (request) => request.namespace === namespace && request.resource.startsWith('postgresaddons') && isWrite(request),
    );
    for (const name of names) {
      const writers = written.filter((request) => request.name === name && request.user.startsWith('operator-'));
      const state = await client.get(addonGvr, namespace, name);
      const holder = operatorOf(state) === own ? one.user : two.user;
      expect([...new Set(writers.map(({ user }) => user))]).toEqual([holder]);
    }
  });
});

describe('an addon whose status names no operator, as before an upgrade, or after the command of the remedy', () => {
  it('is named by one status write, and nothing else is written', async () => {
    const { addons, client } = suite();
    const { remedy } = rowOf('HeldByAnotherOperator');
    const [own] = holders();
    const one = await first();
    await one.said('this replica is the leader');
    const namespace = await suite().namespace();
    await suite().createAddon(namespace, 'shop', { plan: 'free' });
    await suite().untilRunning(namespace, 'shop');
    await one.stop();
    const [, patch = ''] = /--subresource=status --type=merge --patch '([^']+)'/.exec(remedy) ?? [];
    const [place, how] = [
      ['pga', 'shop', '--namespace', namespace],
      ['--subresource=status', '--type=merge'],
    ];
    const args = ['patch', ...place, ...how, '--patch', patch];
    expect(await suite().kubectl(args)).toMatchObject({ code: 0 });
    expect(operatorOf(await client.get(addonGvr, namespace, 'shop'))).toBeUndefined();
    const mark = await suite().audit.mark();
    const next = await first();
    await addons.until(namespace, 'shop', 'its holder', (state) => operatorOf(state) === own);
    await suite().fence();
    const writes = (await suite().audit.since(mark)).filter(
      (request) => request.namespace === namespace && request.user === next.user && isWrite(request),
    );
    expect(tally(writes)).toEqual({ 'patch postgresaddons/status': 1 });
  });
});
