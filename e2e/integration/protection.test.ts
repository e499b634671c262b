// Mode protected: no deletion of the addon affects its database, whatever happens at that moment, and each object records its owner.
// Deleting the namespace deletes everything in it.
import { describe, expect, it } from '@jest/globals';
import type { LiveObject } from '../../hack/cluster/client.ts';
import { events, namespaces } from '../../hack/cluster/kinds.ts';
import { eventually } from '../../hack/cluster/wait.ts';
import { type AddonSpec, addonGvr } from '../../src/api/addon.ts';
import { ApiError } from '../../src/kube/errors.ts';
import type { Gate, Write } from '../harness/admission-gate.ts';
import { changesBy } from '../harness/audit.ts';
import {
  changesOf,
  clusterOf,
  type Database,
  databaseOf,
  everyChildOf,
  nothing,
  placesOf,
  unchanged,
  usualRoles,
} from '../harness/database.ts';
import { holdPlanChange } from '../harness/plan-change.ts';
import { oneStore } from '../harness/stores.ts';
import { useSuite } from '../harness/suite.ts';
import { at, conditionOf, isRunning } from '../harness/views.ts';

const suite = useSuite({ stores: oneStore });

const finalizer = 'addons.paas.dev/protection';
/** None of these databases was restored. */
const parts = usualRoles;

/** An addon `shop` that runs, with its database and its backups. */
async function running(spec: AddonSpec): Promise<{ readonly namespace: string; readonly addon: LiveObject }> {
  const namespace = await suite().namespace();
  await suite().createAddon(namespace, 'shop', spec);
  return { namespace, addon: await suite().untilSettled(namespace, 'shop') };
}

const database = (namespace: string): Promise<Database> => databaseOf(suite().client, namespace);

const hasFinalizer = ({ metadata }: LiveObject): boolean => metadata.finalizers?.includes(finalizer) === true;

/** Waits until status describes the current spec, and the addon has the finalizer that its mode requires. */
async function untilMode(namespace: string, mode: 'standard' | 'protected'): Promise<LiveObject> {
  const reached = (state: LiveObject): boolean =>
    state.status?.observedGeneration === state.metadata.generation && hasFinalizer(state) === (mode === 'protected');
  return await suite().addons.until(namespace, 'shop', `mode ${mode}`, reached);
}

function ownerReference({ metadata }: LiveObject): unknown {
  const { name, uid } = metadata;
  const { apiVersion, kind } = { apiVersion: 'addons.paas.dev/v1alpha1', kind: 'PostgresAddon' };
  return { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true };
}

function expectOwned(database: Database, addon: LiveObject): void {
  for (const child of everyChildOf(database)) expect(child.metadata.ownerReferences).toEqual([ownerReference(addon)]);
}

function expectFree(database: Database): void {
  for (const child of everyChildOf(database)) expect(child.metadata.ownerReferences).toBeUndefined();
}

/** The addon goes, and of its database nothing changes but the marks. */
async function expectReleased(namespace: string, addon: LiveObject, before: Database): Promise<void> {
  await suite().addons.untilGone(namespace, addon.metadata.name);
  const changes = changesOf(before, await database(namespace));
  const mark = { 'metadata labels addons.paas.dev/orphaned': [undefined, 'true'] };
  expect(changes).toEqual({
    ...unchanged,
    cluster: {
      ...mark,
      'metadata annotations addons.paas.dev/former-uid': [undefined, addon.metadata.uid],
      'metadata annotations addons.paas.dev/ready-at': [undefined, addon.status?.ready_at],
    },
    objectStore: before.objectStore === undefined ? {} : mark,
    scheduledBackup: before.scheduledBackup === undefined ? {} : mark,
    urlSecret: mark,
    readUrlSecret: before.readUrlSecret === undefined ? {} : mark,
  });
}

/** After what the garbage collector and the operator would do, everything is still there. */
async function expectStillThere(namespace: string): Promise<void> {
  await suite().fence();
  const { cluster, urlSecret, source } = await database(namespace);
  for (const child of [cluster, urlSecret, source]) {
    expect(child).toBeDefined();
    expect(child?.metadata.deletionTimestamp).toBeUndefined();
  }
}

async function expectNothingLeft(namespace: string): Promise<void> {
  await suite().addons.untilGone(namespace, 'shop');
  await eventually('the end of the database', async () => {
    expect(await database(namespace)).toEqual(nothing);
  });
}

/** Ours, and neither status nor Secret of CNPG. */
const isOurs = ({ user, resource }: Write): boolean =>
  user === suite().operator.user && resource !== 'postgresaddons/status';

/** Fits the n-th of the operator's writes from now on, the first is 0. */
function nth(count: number, fits: (write: Write) => boolean = isOurs): (write: Write) => boolean {
  let seen = 0;
  return (write) => fits(write) && seen++ === count;
}

describe.each(['free', 'standard', 'pro'] as const)(
  'an addon of plan %s that is protected from its creation',
  (plan) => {
    it('has a finalizer before it has a database, and children that nobody owns', async () => {
      const { audit, operator } = suite();
      const mark = await audit.mark();
      const { namespace, addon } = await running({ plan, mode: 'protected' });
      expect(addon.metadata.finalizers).toEqual([finalizer]);
      const found = await database(namespace);
      expect(found.cluster).toBeDefined();
      expect(found.objectStore === undefined).toBe(plan === 'free');
      expect(found.scheduledBackup === undefined).toBe(plan === 'free');
      for (const part of parts) {
        if (found[part] === undefined) continue;
        expect(found[part].metadata.ownerReferences).toBeUndefined();
        expect(found[part].metadata.labels).toEqual({
          'addons.paas.dev/name': 'shop',
          'addons.paas.dev/uid': addon.metadata.uid,
          'addons.paas.dev/app-id': 'shop',
          'app.kubernetes.io/managed-by': 'postgres-addon-operator',
        });
      }
      const protection = conditionOf(addon, 'Protected');
      expect(protection).toMatchObject({ status: 'True', reason: 'Protected' });
      expect(protection?.message).toContain('namespace');
      expect(suite().addons.course(namespace, 'shop', ({ status }) => status?.phase)).toEqual([
        undefined,
        'creating',
        'running',
      ]);
      const writes = changesBy(operator.user, namespace, await audit.since(mark));
      const resources = writes.map(({ resource }) => resource);
      expect(resources.indexOf('postgresaddons')).toBeGreaterThanOrEqual(0);
      expect(resources.indexOf('postgresaddons')).toBeLessThan(resources.indexOf('clusters'));
    });
  },
);

describe('a switch of the mode', () => {
  it('to protected removes the owner references at once, and nothing else', async () => {
    const { namespace, addon } = await running({ plan: 'standard' });
    expect(conditionOf(addon, 'Protected')).toBeUndefined();
    const before = await database(namespace);
    expectOwned(before, addon);
    await suite().patchAddon(namespace, 'shop', { mode: 'protected' });
    const guarded = await untilMode(namespace, 'protected');
    await eventually('children that nobody owns', async () => expectFree(await database(namespace)));
    const after = await database(namespace);
    const owner = Object.fromEntries(
      Object.entries(ownerReference(addon) as object).map(([key, value]) => [
        `metadata ownerReferences 0 ${key}`,
        [value, undefined],
      ]),
    );
    expect(changesOf(before, after)).toEqual({
      ...unchanged,
      ...Object.fromEntries(parts.map((part) => [part, owner])),
    });
    expect(conditionOf(guarded, 'Protected')).toMatchObject({ status: 'True', reason: 'Protected' });
    expect(guarded.status).toMatchObject({ phase: 'running', ready_at: addon.status?.ready_at });
    // Nothing about the database has changed, so it was never away.
    expect(suite().addons.course(namespace, 'shop', ({ status }) => status?.phase)).toEqual([
      undefined,
      'creating',
      'running',
    ]);
    await suite().client.remove(addonGvr, namespace, 'shop');
    await expectReleased(namespace, addon, after);
  });

  it('to standard restores them and then removes the finalizer; a deletion removes everything', async () => {
    const { audit, operator, client } = suite();
    const { namespace, addon } = await running({ plan: 'standard', mode: 'protected' });
    const mark = await audit.mark();
    await suite().patchAddon(namespace, 'shop', { mode: 'standard' });
    const free = await untilMode(namespace, 'standard');
    expectOwned(await database(namespace), addon);
    expect(free.metadata.finalizers).toBeUndefined();
    await suite().addons.until(
      namespace,
      'shop',
      'no Protected',
      (state) => conditionOf(state, 'Protected') === undefined,
    );
    const writes = changesBy(operator.user, namespace, await audit.since(mark));
    expect(writes.at(-1)?.resource).toBe('postgresaddons');
    await client.remove(addonGvr, namespace, 'shop');
    await expectNothingLeft(namespace);
  });

  it('by removing the field from the spec is a switch to standard', async () => {
    const { namespace, addon } = await running({ plan: 'free', mode: 'protected' });
    await suite().patchAddon(namespace, 'shop', { mode: null });
    await untilMode(namespace, 'standard');
    expectOwned(await database(namespace), addon);
  });

  it('back and forth ends as it began', async () => {
    const { namespace, addon } = await running({ plan: 'standard' });
    const before = await database(namespace);
    for (const mode of ['protected', 'standard', 'protected', 'standard'] as const) {
      await suite().patchAddon(namespace, 'shop', { mode });
      await untilMode(namespace, mode);
    }
    expect(changesOf(before, await database(namespace))).toEqual(unchanged);
    expect((await suite().untilRunning(namespace, 'shop')).status?.ready_at).toBe(addon.status?.ready_at);
  });

  it.each([
    ['standard', 'protected'],
    ['protected', 'standard'],
  ] as const)('while the database is being created, from %s to %s, is carried out at once', async (from, to) => {
    const { simulator, clusters } = suite();
    const namespace = await suite().namespace();
    simulator.hold(namespace, clusterOf(namespace));
    await suite().createAddon(namespace, 'shop', { plan: 'standard', mode: from });
    await clusters.until(namespace, clusterOf(namespace), 'its first status', ({ status }) => status !== undefined);
    await suite().patchAddon(namespace, 'shop', { mode: to });
    const addon = await untilMode(namespace, to);
    await eventually('the owner references', async () => {
      const found = await database(namespace);
      expect(found.urlSecret).toBeUndefined();
      if (to === 'standard') expectOwned(found, addon);
      else expectFree(found);
    });
    simulator.release(namespace, clusterOf(namespace));
    await suite().untilRunning(namespace, 'shop');
    const found = await database(namespace);
    expect(found.urlSecret).toBeDefined();
    if (to === 'standard') expectOwned(found, addon);
    else expectFree(found);
  });

  it.each([
    ['standard', 'protected'],
    ['protected', 'standard'],
  ] as const)('during a change of plan, from %s to %s, holds neither up', async (from, to) => {
    const { simulator } = suite();
    const { namespace, addon } = await running({ plan: 'free', mode: from });
    const cluster = await holdPlanChange(suite(), namespace);
    await suite().patchAddon(namespace, 'shop', { mode: to });
    const switched = await untilMode(namespace, to);
    expect(switched.status?.phase).toBe('provisioning');
    await eventually('the owner references', async () => {
      const found = await database(namespace);
      if (to === 'standard') expectOwned(found, addon);
      else expectFree(found);
    });
    simulator.release(namespace, cluster);
    const after = await suite().untilRunning(namespace, 'shop');
    expect(after.status).toMatchObject({ plan: 'standard', ready_at: addon.status?.ready_at });
    expect(conditionOf(after, 'PlanApplied')).toMatchObject({ status: 'True', reason: 'Applied' });
  });

  it('with a plan in one write does both', async () => {
    const { namespace, addon } = await running({ plan: 'free' });
    await suite().patchAddon(namespace, 'shop', { mode: 'protected', plan: 'standard' });
    const after = await suite().untilRunning(namespace, 'shop');
    expect(hasFinalizer(after)).toBe(true);
    expect(after.status).toMatchObject({ plan: 'standard', ready_at: addon.status?.ready_at });
    expectFree(await database(namespace));
  });

  it('and a finalizer removed by hand: it is restored', async () => {
    const { namespace } = await running({ plan: 'free', mode: 'protected' });
    await suite().client.patch(addonGvr, namespace, 'shop', { metadata: { finalizers: null } });
    await suite().addons.until(namespace, 'shop', 'no finalizer', (state) => !hasFinalizer(state));
    await suite().addons.until(namespace, 'shop', 'the finalizer again', hasFinalizer);
  });
});

describe.each(['Background', 'Foreground', 'Orphan'] as const)('a deletion of a protected addon, %s', (propagation) => {
  it.each(['free', 'pro'] as const)('keeps everything of plan %s in service, and marks it', async (plan) => {
    const { namespace, addon } = await running({ plan, mode: 'protected' });
    const before = await database(namespace);
    await suite().client.remove(addonGvr, namespace, 'shop', propagation);
    await expectReleased(namespace, addon, before);
    await expectStillThere(namespace);
  });
});

describe('a deletion of a protected addon', () => {
  it('is announced, and says how to come back', async () => {
    const { namespace } = await running({ plan: 'free', mode: 'protected' });
    await suite().client.remove(addonGvr, namespace, 'shop');
    await suite().addons.untilGone(namespace, 'shop');
    await eventually('the event', async () => {
      const found = (await suite().client.list(events, namespace)).filter(({ reason }) => reason === 'Released');
      expect(found).toMatchObject([{ type: 'Normal', note: expect.stringContaining(clusterOf(namespace)) }]);
    });
  });

  it('while its database is being created keeps what there is', async () => {
    const { simulator, client, clusters } = suite();
    const namespace = await suite().namespace();
    simulator.hold(namespace, clusterOf(namespace));
    await suite().createAddon(namespace, 'shop', { plan: 'standard', mode: 'protected' });
    await clusters.until(
      namespace,
      clusterOf(namespace),
      'its first status',
      ({ status }) => status?.phase !== undefined,
    );
    const before = await database(namespace);
    await client.remove(addonGvr, namespace, 'shop');
    await suite().addons.untilGone(namespace, 'shop');
    const { cluster, objectStore } = await database(namespace);
    expect(cluster?.metadata).toMatchObject({
      uid: before.cluster?.metadata.uid,
      labels: { 'addons.paas.dev/orphaned': 'true' },
      annotations: { 'addons.paas.dev/former-uid': before.cluster?.metadata.labels?.['addons.paas.dev/uid'] },
    });
    // It was never ready.
    expect(cluster?.metadata.annotations?.['addons.paas.dev/ready-at']).toBeUndefined();
    expect(objectStore?.metadata.labels?.['addons.paas.dev/orphaned']).toBe('true');
    simulator.release(namespace, clusterOf(namespace));
  });

  it('during a change of plan keeps the change as far as it is', async () => {
    const { simulator, client, clusters } = suite();
    const { namespace, addon } = await running({ plan: 'free', mode: 'protected' });
    const name = clusterOf(namespace);
    simulator.hold(namespace, name);
    await suite().patchAddon(namespace, 'shop', { plan: 'standard' });
    await clusters.until(namespace, name, 'the new plan', (state) => at(state, 'spec', 'storage', 'size') === '10Gi');
    await suite().addons.until(namespace, 'shop', 'provisioning', ({ status }) => status?.phase === 'provisioning');
    const before = await database(namespace);
    await client.remove(addonGvr, namespace, 'shop');
    await expectReleased(namespace, addon, before);
    simulator.release(namespace, name);
  });

  it('of an addon whose manifest brought the finalizer along ends as well', async () => {
    const namespace = await suite().namespace();
    // An export, applied again.
    const manifest = {
      apiVersion: 'addons.paas.dev/v1alpha1',
      kind: 'PostgresAddon',
      metadata: { name: 'shop', namespace, finalizers: [finalizer] },
      spec: { plan: 'free', mode: 'protected' },
    };
    const apply = ['apply', '--filename', '-'];
    expect(await suite().kubectl(apply, JSON.stringify(manifest))).toMatchObject({ code: 0 });
    await suite().addons.until(namespace, 'shop', 'phase running', isRunning);
    const addon = await suite().untilRunning(namespace, 'shop');
    const before = await database(namespace);
    await suite().client.remove(addonGvr, namespace, 'shop');
    await expectReleased(namespace, addon, before);
  });

  it('leaves the finalizers of others in place', async () => {
    const { client } = suite();
    const { namespace } = await running({ plan: 'free', mode: 'protected' });
    await client.patch(addonGvr, namespace, 'shop', { metadata: { finalizers: [finalizer, 'example.org/anchor'] } });
    await client.remove(addonGvr, namespace, 'shop');
    const last = await suite().addons.until(namespace, 'shop', 'no finalizer of ours', (state) => !hasFinalizer(state));
    expect(last.metadata.finalizers).toEqual(['example.org/anchor']);
    const reported = await suite().addons.until(
      namespace,
      'shop',
      'phase deleted',
      ({ status }) => status?.phase === 'deleted',
    );
    expect(conditionOf(reported, 'Ready')).toMatchObject({ status: 'False', reason: 'Released' });
    expect((await database(namespace)).cluster?.metadata.labels?.['addons.paas.dev/orphaned']).toBe('true');
    await client.patch(addonGvr, namespace, 'shop', { metadata: { finalizers: null } });
    await suite().addons.untilGone(namespace, 'shop');
  });

  it('does not touch a child that somebody else has taken over meanwhile', async () => {
    const { client } = suite();
    const { namespace } = await running({ plan: 'standard', mode: 'protected' });
    const [gvr, name] = placesOf(namespace).scheduledBackup;
    const taken = await client.patch(gvr, namespace, name, { metadata: { labels: { 'addons.paas.dev/uid': null } } });
    const reported = await suite().untilReason(namespace, 'shop', 'BackupReady', 'NameConflict');
    // The database is not concerned by it.
    expect(conditionOf(reported, 'Ready')).toMatchObject({ status: 'True', reason: 'Running' });
    await client.remove(addonGvr, namespace, 'shop');
    await suite().addons.untilGone(namespace, 'shop');
    expect((await client.get(gvr, namespace, name))?.metadata.resourceVersion).toBe(taken.metadata.resourceVersion);
  });

  it('in a namespace that is deleted does not hold the namespace up', async () => {
    const { client } = suite();
    const { namespace } = await running({ plan: 'standard', mode: 'protected' });
    await client.remove(namespaces, undefined, namespace);
    await eventually(
      'the end of the namespace',
      async () => expect((await client.get(namespaces, undefined, namespace))?.status).toBeUndefined(),
      { everyMilliseconds: 250 },
    );
  });
});

describe('while no operator runs', () => {
  it('a deletion waits, and is completed by the next one; changing the mode comes too late', async () => {
    const { namespace, addon } = await running({ plan: 'standard', mode: 'protected' });
    const other = await running({ plan: 'standard', mode: 'protected' });
    const before = await database(namespace);
    const otherBefore = await database(other.namespace);
    await suite().operator.kill();
    await suite().client.remove(addonGvr, namespace, 'shop');
    await suite().client.remove(addonGvr, other.namespace, 'shop');
    // It can no longer be distinguished from `--cascade=orphan`; children kept by mistake can still be deleted.
    await suite().patchAddon(other.namespace, 'shop', { mode: 'standard' });
    const waiting = await suite().client.get(addonGvr, namespace, 'shop');
    expect(waiting?.metadata).toMatchObject({ finalizers: [finalizer], deletionTimestamp: expect.any(String) });
    expect(changesOf(before, await database(namespace))).toEqual(unchanged);
    await suite().crashOperator();
    await expectReleased(namespace, addon, before);
    await expectReleased(other.namespace, other.addon, otherBefore);
  });

  it('a switch to standard that had begun is carried through by a deletion: everything goes', async () => {
    const { namespace } = await running({ plan: 'standard', mode: 'protected' });
    const gate = await suite().gate(namespace);
    const held = gate.hold(nth(1));
    await suite().patchAddon(namespace, 'shop', { mode: 'standard' });
    expect((await held).resource).toBe('objectstores');
    await suite().operator.kill();
    await suite().client.remove(addonGvr, namespace, 'shop');
    await suite().crashOperator();
    await expectNothingLeft(namespace);
  });
});

describe('a crash', () => {
  it('between any two writes of a release: the next operator completes it', async () => {
    const places = await Promise.all(
      [0, 1, 2, 3, 4].map(async () => {
        const { namespace, addon } = await running({ plan: 'standard', mode: 'protected' });
        return { namespace, addon, before: await database(namespace), gate: await suite().gate(namespace) };
      }),
    );
    const held = Promise.all(places.map(({ gate }, count) => gate.hold(nth(count))));
    for (const { namespace } of places) await suite().client.remove(addonGvr, namespace, 'shop');
    // The Cluster shows who owns the others, so it is marked after them; the finalizer of the addon is removed last.
    expect((await held).map(({ resource }) => resource)).toEqual([
      ...['objectstores', 'scheduledbackups', 'secrets', 'clusters', 'postgresaddons'],
    ]);
    await suite().crashOperator();
    for (const { namespace, addon, before } of places) await expectReleased(namespace, addon, before);
  });

  it.each([
    ['standard', 'protected'],
    ['protected', 'standard'],
  ] as const)('between any two writes of a switch from %s to %s: the next operator completes it', async (from, to) => {
    const places = await Promise.all(
      [0, 1, 2, 3, 4].map(async () => {
        const { namespace, addon } = await running({ plan: 'standard', mode: from });
        return { namespace, addon, before: await database(namespace), gate: await suite().gate(namespace) };
      }),
    );
    const held = Promise.all(places.map(({ gate }, count) => gate.hold(nth(count))));
    for (const { namespace } of places) await suite().patchAddon(namespace, 'shop', { mode: to });
    const order = (await held).map(({ resource }) => resource);
    // A child without an owner reference is safe only behind the finalizer.
    expect(order[to === 'protected' ? 0 : 4]).toBe('postgresaddons');
    expect(new Set(order).size).toBe(5);
    await suite().crashOperator();
    for (const { namespace, addon } of places) {
      await untilMode(namespace, to);
      await eventually('the owner references', async () => {
        const found = await database(namespace);
        if (to === 'standard') expectOwned(found, addon);
        else expectFree(found);
      });
      const after = await suite().untilRunning(namespace, 'shop');
      expect(after.status?.ready_at).toBe(addon.status?.ready_at);
    }
  });
});

/**
 * Lets the operator try again at once what was refused, and otherwise is tried again after a minute. The addon may be gone: the operator
 * also tries again when it sees the status that it has written.
 */
async function touch(namespace: string): Promise<void> {
  const metadata = { annotations: { 'example.org/touched': 'yes' } };
  try {
    await suite().client.patch(addonGvr, namespace, 'shop', { metadata });
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 404) throw error;
  }
}

describe('a refusal during a release', () => {
  const refusals = [
    [
      'by the webhook of CNPG',
      'spec.instances: Invalid value: no more Clusters today',
      'Refused',
      'no more Clusters today',
    ],
    ['because the webhook of CNPG does not respond', 'no answer', 'CNPGUnavailable', 'failed calling webhook'],
  ] as const;

  it.each(refusals)(
    '%s is reported, delays the deletion of the addon, and is resolved automatically',
    async (_what, obstacle, reason, words) => {
      const { namespace, addon } = await running({ plan: 'standard', mode: 'protected' });
      const before = await database(namespace);
      const gate: Gate = await suite().gate(namespace);
      const open = gate.refuse(
        ({ user, resource }) => user === suite().operator.user && resource === 'clusters',
        obstacle,
      );
      await suite().client.remove(addonGvr, namespace, 'shop');
      const reported = await suite().untilReason(namespace, 'shop', 'Ready', reason);
      expect(reported.status?.phase).toBe('deleted');
      expect(reported.metadata.finalizers).toEqual([finalizer]);
      expect(conditionOf(reported, 'Ready')?.message).toContain(words);
      expect(conditionOf(reported, 'Stalled')).toMatchObject({ status: 'True', reason });
      expect(changesOf(before, await database(namespace)).cluster).toEqual({});
      open();
      if (reason === 'Refused') await touch(namespace);
      await expectReleased(namespace, addon, before);
    },
  );

  it('of the Secret alone is reported too, and nothing is released before', async () => {
    const { namespace, addon } = await running({ plan: 'standard', mode: 'protected' });
    const before = await database(namespace);
    const gate = await suite().gate(namespace);
    const open = gate.refuse(
      ({ user, resource }) => user === suite().operator.user && resource === 'secrets',
      'not now',
    );
    await suite().client.remove(addonGvr, namespace, 'shop', 'Foreground');
    const reported = await suite().untilReason(namespace, 'shop', 'Ready', 'Refused');
    expect(reported.metadata.finalizers).toContain(finalizer);
    open();
    await touch(namespace);
    await expectReleased(namespace, addon, before);
  });
});
