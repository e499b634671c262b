// Restore drills against a real API server with its garbage collector, and the simulated CNPG: what they make is gone afterwards, whatever
// stops the operator in between, and the database and its archive are left alone.
import { describe, expect, it } from '@jest/globals';
import type { LiveObject } from '../../hack/cluster/client.ts';
import { eventually } from '../../hack/cluster/wait.ts';
import { type AddonSpec, type AddonStatus, addonGvr } from '../../src/api/addon.ts';
import { objectStoreGvr } from '../../src/api/barman.ts';
import { clusterGvr } from '../../src/api/cnpg.ts';
import { drillName } from '../../src/domain/names.ts';
import { nth, type Write } from '../harness/admission-gate.ts';
import { changesBy } from '../harness/audit.ts';
import { clusterOf } from '../harness/database.ts';
import { oneStore } from '../harness/stores.ts';
import { useSuite } from '../harness/suite.ts';
import { conditionOf } from '../harness/views.ts';

const suite = useSuite({ stores: oneStore });

type Backup = NonNullable<AddonStatus['backup']>;
const patience = 120_000;
const holding = { schedule: '@monthly', assertions: [{ sql: 'SELECT true' }] };
const backupOf = ({ status }: LiveObject): Backup => (status as AddonStatus).backup ?? {};
const stepOf = (addon: LiveObject): string | undefined => backupOf(addon).drill?.step;
const drillOf = (namespace: string, name = 'shop'): string => drillName(clusterOf(namespace, name));

/** An addon whose backups are in force. */
async function inForce(drill: object = holding, name = 'shop', place?: string): Promise<string> {
  const namespace = place ?? (await suite().namespace());
  const spec = { plan: 'standard', backup: { drill } } as AddonSpec;
  await suite().createAddon(namespace, name, spec);
  await suite().untilSettled(namespace, name);
  return namespace;
}

let requests = 0;
/** Asks for a drill. @returns the request */
async function ask(namespace: string, name = 'shop'): Promise<string> {
  requests += 1;
  const request = `request-${requests}`;
  const metadata = { annotations: { 'addons.paas.dev/drill-now': request } };
  await suite().client.patch(addonGvr, namespace, name, { metadata });
  return request;
}

/** Waits until the drill that was asked for has ended and left nothing behind. @returns what came of it */
async function ended(namespace: string, request: string, name = 'shop'): Promise<NonNullable<Backup['lastDrill']>> {
  const isOver = (addon: LiveObject): boolean =>
    backupOf(addon).lastDrill?.request === request && backupOf(addon).drill === undefined;
  const addon = await suite().addons.until(namespace, name, `the end of ${request}`, isOver, patience);
  expect(await suite().client.get(objectStoreGvr, namespace, drillOf(namespace, name))).toBeUndefined();
  expect(await suite().client.get(clusterGvr, namespace, drillOf(namespace, name))).toBeUndefined();
  return backupOf(addon).lastDrill as NonNullable<Backup['lastDrill']>;
}

const untilStep = (namespace: string, step: string, name = 'shop'): Promise<LiveObject> =>
  suite().addons.until(namespace, name, step, (addon) => stepOf(addon) === step, patience);

describe('a drill', () => {
  it('restores the newest state beside the database, checks it, and removes what it made', async () => {
    const namespace = await inForce();
    const { resourceVersion } = (await suite().client.get(clusterGvr, namespace, clusterOf(namespace)))?.metadata ?? {};
    const { serverName } = backupOf(suite().addons.latest(namespace, 'shop'));
    const mark = await suite().audit.mark();
    const request = await ask(namespace);
    const last = await ended(namespace, request);
    expect(last).toEqual({
      time: expect.any(String),
      result: 'Passed',
      request,
      recoveryPoint: expect.any(String),
      age: expect.stringMatching(/^\d+s$/),
      duration: expect.stringMatching(/^\d+s$/),
      message: 'the newest state was restored, and 1 assertion(s) hold',
    });
    const steps = suite().addons.course(namespace, 'shop', stepOf);
    expect(steps.filter((step) => step !== undefined)).toEqual(['Archiving', 'Restoring', 'Removing']);
    const [made] = suite().clusters.of(namespace, drillOf(namespace));
    expect(made?.spec).toMatchObject({
      instances: 1,
      bootstrap: { recovery: { source: 'origin', recoveryTarget: { targetLSN: '0/5000028' } } },
      externalClusters: [{ plugin: { parameters: { barmanObjectName: drillOf(namespace), serverName } } }],
      postgresql: { pg_hba: ['host all "app" all scram-sha-256', 'host all all all reject'] },
    });
    expect(made?.spec).not.toHaveProperty('plugins');
    // The operator may not delete a Cluster.
    const changes = changesBy(suite().operator.user, namespace, await suite().audit.since(mark));
    const writes = changes.map(({ verb, resource, name }) => `${verb} ${resource} ${name}`);
    const name = drillOf(namespace);
    expect(writes).toEqual([`patch objectstores ${name}`, `patch clusters ${name}`, `delete objectstores ${name}`]);
    const after = await suite().client.get(clusterGvr, namespace, clusterOf(namespace));
    const phases = suite().addons.course(namespace, 'shop', ({ status }) => status?.phase);
    expect(phases.slice(phases.indexOf('running'))).toEqual(['running']);
    expect(after?.metadata.resourceVersion).toBe(resourceVersion);
  });

  it('fails if an assertion does not hold, which BackupReady says until one passes', async () => {
    const namespace = await inForce({ ...holding, assertions: [{ sql: 'SELECT true' }, { sql: 'SELECT 1 > 2' }] });
    const last = await ended(namespace, await ask(namespace));
    expect(last).toMatchObject({ result: 'Failed', message: expect.stringMatching(/^assertion 2 of 2 returns /) });
    const addon = await suite().untilReason(namespace, 'shop', 'BackupReady', 'DrillFailed');
    expect(conditionOf(addon, 'BackupReady')?.message).toContain(last.message);
    expect(conditionOf(addon, 'Ready')?.status).toBe('True');
    expect(backupOf(addon).effective).toBe('daily');
    await suite().patchAddon(namespace, 'shop', { backup: { drill: holding } });
    expect(await ended(namespace, await ask(namespace))).toMatchObject({ result: 'Passed' });
    await suite().untilReason(namespace, 'shop', 'BackupReady', 'InForce');
  });

  it('is skipped if the API server refuses what it needs, or if there is nothing to restore', async () => {
    const namespace = await inForce();
    const gate = await suite().gate(namespace);
    const pass = gate.refuse(({ operation, name }) => operation === 'CREATE' && name === drillOf(namespace), 'no room');
    expect(await ended(namespace, await ask(namespace))).toMatchObject({
      result: 'Skipped',
      message: expect.stringContaining('no room'),
    });
    pass();
    expect(conditionOf(suite().addons.latest(namespace, 'shop'), 'BackupReady')?.reason).toBe('InForce');
    await suite().patchAddon(namespace, 'shop', { plan: 'free' });
    expect(await ended(namespace, await ask(namespace))).toMatchObject({
      result: 'Skipped',
      message: 'plan free has no backups',
    });
  });

  it('leaves an object of somebody else alone that has the name', async () => {
    const namespace = await inForce();
    const own = (await suite().client.get(objectStoreGvr, namespace, clusterOf(namespace))) as LiveObject;
    const { apiVersion, kind, spec } = own;
    const metadata = { name: drillOf(namespace), namespace };
    await suite().client.create(objectStoreGvr, { apiVersion, kind, metadata, spec });
    const request = await ask(namespace);
    const isOver = (addon: LiveObject): boolean => backupOf(addon).lastDrill?.request === request;
    const addon = await suite().addons.until(namespace, 'shop', 'a result', isOver, patience);
    expect(backupOf(addon).lastDrill).toMatchObject({
      result: 'Skipped',
      message: expect.stringContaining('does not belong to a drill of this addon; delete it'),
    });
    expect(await suite().client.get(objectStoreGvr, namespace, drillOf(namespace))).toBeDefined();
  });

  it('goes with its addon', async () => {
    const namespace = await inForce();
    suite().simulator.hold(namespace, drillOf(namespace));
    await ask(namespace);
    await suite().clusters.until(namespace, drillOf(namespace), 'a Cluster', () => true, patience);
    await suite().client.remove(addonGvr, namespace, 'shop');
    await suite().clusters.untilGone(namespace, drillOf(namespace));
    expect(await suite().client.get(objectStoreGvr, namespace, drillOf(namespace))).toBeUndefined();
    suite().simulator.release(namespace, drillOf(namespace));
  });

  it('ends when its addon is suspended, which writes nothing else', async () => {
    const namespace = await inForce();
    suite().simulator.hold(namespace, drillOf(namespace));
    const request = await ask(namespace);
    await suite().clusters.until(namespace, drillOf(namespace), 'a Cluster', () => true, patience);
    const mark = await suite().audit.mark();
    await suite().patchAddon(namespace, 'shop', { suspend: true });
    expect(await ended(namespace, request)).toMatchObject({
      result: 'Skipped',
      message: 'spec.suspend is true: the drill has ended before its time',
    });
    const changes = changesBy(suite().operator.user, namespace, await suite().audit.since(mark));
    expect(changes.map(({ verb, resource }) => `${verb} ${resource}`)).toEqual(['delete objectstores']);
    suite().simulator.release(namespace, drillOf(namespace));
  });

  it('waits while as many others run as may run at once', async () => {
    const namespace = await suite().namespace();
    const names = ['one', 'two', 'three', 'four'];
    await Promise.all(names.map((name) => inForce(holding, name, namespace)));
    const held = names.map((name) => drillOf(namespace, name));
    for (const name of held) suite().simulator.hold(namespace, name);
    const asked = await Promise.all(names.map(async (name) => ({ name, request: await ask(namespace, name) })));
    const running = (): readonly string[] =>
      names.filter((name) => ['Archiving', 'Restoring'].includes(stepOf(suite().addons.latest(namespace, name)) ?? ''));
    await eventually(
      'two drills to restore',
      async () => {
        const clusters = await Promise.all(held.map((name) => suite().client.get(clusterGvr, namespace, name)));
        expect(clusters.filter((one) => one !== undefined)).toHaveLength(2);
      },
      { timeoutMilliseconds: patience },
    );
    await suite().fence();
    expect(running()).toHaveLength(2);
    for (const name of held) suite().simulator.release(namespace, name);
    for (const { name, request } of asked)
      expect(await ended(namespace, request, name)).toMatchObject({ result: 'Passed' });
  });
});

it('a crash at each write of a drill leads to the same end as none', async () => {
  const namespace = await inForce();
  const gate = await suite().gate(namespace);
  let request = '';
  const isOfStore =
    (what: Write['operation']) =>
    ({ resource, operation }: Write): boolean =>
      resource === 'objectstores' && operation === what;
  await suite().crashAt(gate, isOfStore('CREATE'), async () => {
    request = await ask(namespace);
  });
  await suite().crashAt(gate, ({ resource }) => resource === 'clusters');
  await suite().crashAt(gate, isOfStore('DELETE'));
  expect(await ended(namespace, request)).toMatchObject({ result: 'Passed' });
});

it('a crash at each step that its status tells of leads to the same end as none', async () => {
  const namespace = await inForce();
  const gate = await suite().gate(namespace);
  let request = '';
  const isStatus = ({ resource }: Write): boolean => resource === 'postgresaddons/status';
  await suite().crashAt(gate, isStatus, async () => {
    request = await ask(namespace);
  });
  // The one that was not stored comes again, and then the next one.
  for (let step = 0; step < 3; step += 1) await suite().crashAt(gate, nth(2, isStatus));
  expect(await ended(namespace, request)).toMatchObject({ result: 'Passed' });
});

it('a drill whose status is lost is removed, and begins again', async () => {
  const namespace = await inForce();
  suite().simulator.hold(namespace, drillOf(namespace));
  const request = await ask(namespace);
  await untilStep(namespace, 'Restoring');
  await suite().clusters.until(namespace, drillOf(namespace), 'a Cluster', () => true, patience);
  await suite().client.patch(addonGvr, namespace, 'shop', { status: { backup: { drill: null } } }, 'status');
  await suite().clusters.untilGone(namespace, drillOf(namespace));
  suite().simulator.release(namespace, drillOf(namespace));
  expect(await ended(namespace, request)).toMatchObject({ result: 'Passed' });
});
