// spec.suspend: nothing of an addon is created, changed or repaired, status is still updated, and a deletion still works.
import { describe, expect, it } from '@jest/globals';
import type { LiveObject } from '../../hack/cluster/client.ts';
import { eventually } from '../../hack/cluster/wait.ts';
import { type AddonSpec, addonGvr } from '../../src/api/addon.ts';
import { clusterGvr } from '../../src/api/cnpg.ts';
import { changesBy, type Mark, tally } from '../harness/audit.ts';
import {
  changesOf,
  childrenIn,
  clusterOf,
  type Database,
  databaseOf,
  placesOf,
  unchanged,
} from '../harness/database.ts';
import { holdPlanChange } from '../harness/plan-change.ts';
import { useSuite } from '../harness/suite.ts';
import { conditionOf, isRunning } from '../harness/views.ts';

const suite = useSuite();

const database = (namespace: string): Promise<Database> => databaseOf(suite().client, namespace);

async function running(spec: AddonSpec): Promise<{ readonly namespace: string; readonly addon: LiveObject }> {
  const namespace = await suite().namespace();
  await suite().createAddon(namespace, 'shop', spec);
  return { namespace, addon: await suite().untilRunning(namespace, 'shop') };
}

/** Writes of the operator to anything in a namespace but status and events. */
async function writesIn(namespace: string, mark: Mark): Promise<Readonly<Record<string, number>>> {
  return tally(changesBy(suite().operator.user, namespace, await suite().audit.since(mark)));
}

const untilSuspended = (namespace: string): Promise<LiveObject> =>
  suite().untilReason(namespace, 'shop', 'Suspended', 'Suspended');

const untilResumed = (namespace: string): Promise<LiveObject> =>
  suite().addons.until(
    namespace,
    'shop',
    'phase running, not suspended',
    (state) => isRunning(state) && conditionOf(state, 'Suspended') === undefined,
  );

describe('an addon that is suspended', () => {
  it('from its creation makes nothing, says so, and begins when it may', async () => {
    const { audit } = suite();
    const namespace = await suite().namespace();
    const mark = await audit.mark();
    await suite().createAddon(namespace, 'shop', { plan: 'standard', suspend: true });
    const reported = await untilSuspended(namespace);
    expect(conditionOf(reported, 'Ready')).toMatchObject({ status: 'False', reason: 'Suspended' });
    expect(conditionOf(reported, 'Ready')?.message).toContain('spec.suspend');
    expect(reported.status?.phase).toBe('creating');
    await suite().fence();
    expect(await writesIn(namespace, mark)).toEqual({});
    await suite().patchAddon(namespace, 'shop', { suspend: false });
    const after = await untilResumed(namespace);
    expect(conditionOf(after, 'Stalled')).toBeUndefined();
  });

  it('while it runs stays ready; a change of plan, mode and URL waits, is shown, and is carried out afterwards', async () => {
    const { audit } = suite();
    const { namespace, addon } = await running({ plan: 'free' });
    const before = await database(namespace);
    const mark = await audit.mark();
    await suite().patchAddon(namespace, 'shop', { suspend: true });
    expect((await untilSuspended(namespace)).status?.phase).toBe('running');
    await suite().patchAddon(namespace, 'shop', {
      plan: 'standard',
      mode: 'protected',
      connection: { sslMode: 'require' },
    });
    const waiting = await suite().untilReason(namespace, 'shop', 'PlanApplied', 'Suspended');
    expect(waiting.status).toMatchObject({
      phase: 'running',
      plan: 'free',
      ready_at: addon.status?.ready_at,
      resources: addon.status?.resources,
      planChange: { from: 'free', to: 'standard', state: 'Suspended' },
    });
    expect(conditionOf(waiting, 'Ready')).toMatchObject({ status: 'True' });
    // kstatus and `kubectl wait` must not take the old state for the answer to the new spec.
    expect(waiting.status?.observedGeneration).not.toBe(waiting.metadata.generation);
    await suite().fence();
    expect(await writesIn(namespace, mark)).toEqual({});
    expect(changesOf(before, await database(namespace))).toEqual(unchanged);

    await suite().patchAddon(namespace, 'shop', { suspend: null });
    const after = await untilResumed(namespace);
    expect(after.status).toMatchObject({
      plan: 'standard',
      ready_at: addon.status?.ready_at,
      planChange: { from: 'free', to: 'standard', state: 'Applied' },
    });
    expect(after.metadata.finalizers).toEqual(['addons.paas.dev/protection']);
    expect((await database(namespace)).urlSecret?.data?.DATABASE_URL).not.toBe(before.urlSecret?.data?.DATABASE_URL);
  });

  it('does not claim a protection that is not in force yet', async () => {
    const { namespace } = await running({ plan: 'free' });
    await suite().patchAddon(namespace, 'shop', { suspend: true });
    await untilSuspended(namespace);
    await suite().patchAddon(namespace, 'shop', { mode: 'protected' });
    await suite().fence();
    const { cluster } = await database(namespace);
    const addon = (await suite().client.get(addonGvr, namespace, 'shop')) as LiveObject;
    const inForce = cluster?.metadata.ownerReferences === undefined && addon.metadata.finalizers !== undefined;
    expect({ claimed: conditionOf(addon, 'Protected')?.status === 'True', inForce }).toEqual({
      claimed: inForce,
      inForce,
    });
  });

  it('during a change reports how the change ends, and repairs nothing', async () => {
    const { simulator, client, audit } = suite();
    const { namespace, addon } = await running({ plan: 'free' });
    const cluster = await holdPlanChange(suite(), namespace);
    await suite().addons.until(namespace, 'shop', 'provisioning', ({ status }) => status?.phase === 'provisioning');
    await suite().patchAddon(namespace, 'shop', { suspend: true });
    await untilSuspended(namespace);
    const mark = await audit.mark();
    simulator.release(namespace, cluster);
    const done = await suite().addons.until(namespace, 'shop', 'phase running', isRunning);
    expect(done.status).toMatchObject({ plan: 'standard', ready_at: addon.status?.ready_at });
    expect(conditionOf(done, 'Suspended')).toMatchObject({ status: 'True' });

    await client.patch(clusterGvr, namespace, cluster, { spec: { enablePDB: true } });
    const [gvr, name] = placesOf(namespace).scheduledBackup;
    await client.remove(gvr, namespace, name);
    await suite().fence();
    expect(await writesIn(namespace, mark)).toEqual({});
    expect((await database(namespace)).cluster?.spec?.enablePDB).toBe(true);
    await suite().patchAddon(namespace, 'shop', { suspend: false });
    await untilResumed(namespace);
    await eventually('the repair', async () => {
      const found = await database(namespace);
      expect(found.cluster?.spec?.enablePDB).toBe(false);
      expect(found.scheduledBackup).toBeDefined();
    });
  });

  it('reports the loss of its primary, and the recovery', async () => {
    const { simulator, addons } = suite();
    const { namespace, addon } = await running({ plan: 'pro' });
    await suite().patchAddon(namespace, 'shop', { suspend: true });
    await untilSuspended(namespace);
    simulator.killPrimary(namespace, clusterOf(namespace));
    await addons.until(namespace, 'shop', 'phase provisioning', ({ status }) => status?.phase === 'provisioning');
    const after = await suite().untilRunning(namespace, 'shop');
    expect(after.status?.ready_at).toBe(addon.status?.ready_at);
    expect(conditionOf(after, 'Suspended')?.status).toBe('True');
  });

  it('is deleted as any other: with everything', async () => {
    const { namespace } = await running({ plan: 'standard' });
    await suite().patchAddon(namespace, 'shop', { suspend: true });
    await untilSuspended(namespace);
    await suite().client.remove(addonGvr, namespace, 'shop');
    await eventually('the end of the database', async () => {
      expect(childrenIn(await database(namespace))).toEqual([]);
    });
  });

  it('is released like any other if it is protected, and adopted only once the next one is not suspended', async () => {
    const { namespace, addon } = await running({ plan: 'standard', mode: 'protected' });
    await suite().patchAddon(namespace, 'shop', { suspend: true });
    await untilSuspended(namespace);
    await suite().client.remove(addonGvr, namespace, 'shop');
    await suite().addons.untilGone(namespace, 'shop');
    const orphans = await database(namespace);
    expect(orphans.cluster?.metadata.labels?.['addons.paas.dev/orphaned']).toBe('true');
    expect(orphans.urlSecret?.metadata.labels?.['addons.paas.dev/orphaned']).toBe('true');

    await suite().createAddon(namespace, 'shop', { plan: 'standard', mode: 'protected', suspend: true });
    await untilSuspended(namespace);
    await suite().fence();
    expect(JSON.stringify(await database(namespace))).toBe(JSON.stringify(orphans));
    await suite().patchAddon(namespace, 'shop', { suspend: false });
    const after = await untilResumed(namespace);
    expect(after.status?.ready_at).toBe(addon.status?.ready_at);
    expect(conditionOf(after, 'Adopted')?.status).toBe('True');
  });
});
