// Expansion of disks: requested only if the StorageClass of every claim is known to allow it, since CNPG otherwise stops reconciling the
// Cluster, silently and permanently.
import { describe, expect, it } from '@jest/globals';
import { events, storageClasses } from '../../hack/cluster/kinds.ts';
import { expandableClass, fixedClass } from '../../hack/cluster/manifests.ts';
import { eventually } from '../../hack/cluster/wait.ts';
import { clusterGvr, scheduledBackupGvr } from '../../src/api/cnpg.ts';
import { volumeClaimGvr } from '../../src/api/workload.ts';
import { useSuite } from '../harness/suite.ts';
import { at, conditionOf, isRunning } from '../harness/views.ts';

const suite = useSuite();

async function runningFree(storageClass: string): Promise<{ readonly namespace: string; readonly cluster: string }> {
  const namespace = await suite().namespace();
  suite().simulator.useStorageClass(namespace, storageClass);
  await suite().createAddon(namespace, 'shop', { plan: 'free' });
  await suite().untilRunning(namespace, 'shop');
  const [claim] = await suite().client.list(volumeClaimGvr, namespace);
  expect(claim?.spec).toMatchObject({ storageClassName: storageClass, resources: { requests: { storage: '1Gi' } } });
  return { namespace, cluster: `db-${namespace}-shop` };
}

describe('a larger plan on a StorageClass that cannot grow', () => {
  it('is applied except for the disk, which is reported; CNPG still reconciles the Cluster', async () => {
    const { client, simulator, clusters } = suite();
    const { namespace, cluster } = await runningFree(fixedClass);
    await suite().patchAddon(namespace, 'shop', { plan: 'standard' });
    const addon = await suite().untilRunning(namespace, 'shop');
    expect(conditionOf(addon, 'PlanApplied')).toMatchObject({ status: 'False', reason: 'StorageNotExpandable' });
    const message = conditionOf(addon, 'PlanApplied')?.message ?? '';
    for (const word of ['1Gi', '10Gi', `"${fixedClass}"`, `${cluster}-1`]) expect(message).toContain(word);
    expect(addon.status?.resources).toEqual({ instances: 1, storage: '1Gi', memory: '1Gi', backup: 'daily' });

    const live = await client.get(clusterGvr, namespace, cluster);
    expect(live?.spec).toMatchObject({
      storage: { size: '1Gi' },
      resources: { limits: { memory: '1Gi' } },
      postgresql: { parameters: { shared_buffers: '256MB', max_connections: '100' } },
    });
    expect(await client.list(scheduledBackupGvr, namespace)).toHaveLength(1);
    expect(clusters.course(namespace, cluster, (state) => at(state, 'spec', 'storage', 'size'))).toEqual(['1Gi']);
    expect(simulator.isWedged(namespace, cluster)).toBe(false);
    await eventually('a warning', async () => {
      const found = (await client.list(events, namespace)).filter(({ reason }) => reason === 'StorageNotExpandable');
      expect(found).toMatchObject([{ type: 'Warning' }]);
    });

    // The next change reaches CNPG.
    await suite().patchAddon(namespace, 'shop', { plan: 'free' });
    const back = await suite().untilRunning(namespace, 'shop');
    expect(conditionOf(back, 'PlanApplied')).toMatchObject({ status: 'True', reason: 'Applied' });
  });

  it('grows the disk once the StorageClass allows it', async () => {
    const { client } = suite();
    const late = {
      ...(await client.get(storageClasses, undefined, fixedClass)),
      metadata: { name: `late-${Date.now()}` },
    };
    const { apiVersion, kind, metadata, provisioner } = late as {
      apiVersion: string;
      kind: string;
      metadata: { name: string };
      provisioner: string;
    };
    await client.create(storageClasses, { apiVersion, kind, metadata, provisioner, allowVolumeExpansion: false });
    try {
      const { namespace, cluster } = await runningFree(metadata.name);
      await suite().patchAddon(namespace, 'shop', { plan: 'standard' });
      await suite().untilReason(namespace, 'shop', 'PlanApplied', 'StorageNotExpandable');
      await suite().addons.until(namespace, 'shop', 'phase running', isRunning);
      await client.patch(storageClasses, undefined, metadata.name, { allowVolumeExpansion: true });
      // StorageClasses are not watched: the operator looks again once a minute, or at the next change.
      await suite().patchAddon(namespace, 'shop', { connection: { sslMode: 'require' } });
      await suite().untilReason(namespace, 'shop', 'PlanApplied', 'Applied');
      expect((await client.get(clusterGvr, namespace, cluster))?.spec).toMatchObject({ storage: { size: '10Gi' } });
      await eventually('the larger disk', async () => {
        const [claim] = await client.list(volumeClaimGvr, namespace);
        expect(claim?.status?.capacity).toEqual({ storage: '10Gi' });
      });
    } finally {
      await client.remove(storageClasses, undefined, metadata.name);
    }
  });
});

describe('a larger plan on a StorageClass that can grow', () => {
  it('is written with the disk, after the claims and their class were read', async () => {
    const { client, audit, operator } = suite();
    const { namespace, cluster } = await runningFree(expandableClass);
    const mark = await audit.mark();
    await suite().patchAddon(namespace, 'shop', { plan: 'standard' });
    const addon = await suite().untilRunning(namespace, 'shop');
    expect(conditionOf(addon, 'PlanApplied')).toMatchObject({ status: 'True', reason: 'Applied' });
    expect(addon.status?.resources).toMatchObject({ storage: '10Gi' });
    const [claim] = await client.list(volumeClaimGvr, namespace);
    expect(claim).toMatchObject({
      spec: { resources: { requests: { storage: '10Gi' } } },
      status: { capacity: { storage: '10Gi' } },
    });

    const requests = (await audit.since(mark)).filter(({ user, verb }) => user === operator.user && verb !== 'watch');
    const order = requests.map(({ verb, resource }) => `${verb} ${resource}`);
    const write = order.indexOf('patch clusters');
    expect(order.slice(0, write)).toEqual(
      expect.arrayContaining(['list persistentvolumeclaims', 'get storageclasses']),
    );
    expect(requests[write]?.name).toBe(cluster);
  });

  it('is reported once the claims have it, and not before', async () => {
    const { client, simulator } = suite();
    const { namespace, cluster } = await runningFree(expandableClass);
    simulator.delayVolumes(namespace, cluster);
    await suite().patchAddon(namespace, 'shop', { plan: 'standard' });
    const growing = await suite().untilReason(namespace, 'shop', 'PlanApplied', 'VolumeGrowing');
    const running = await suite().addons.until(namespace, 'shop', 'phase running', isRunning);
    for (const { status } of [growing, running]) {
      expect(status?.resources).toMatchObject({ storage: '1Gi', memory: '1Gi' });
      expect(status?.planChange).toMatchObject({ state: 'Applying' });
    }
    expect((await client.get(clusterGvr, namespace, cluster))?.spec).toMatchObject({ storage: { size: '10Gi' } });
    await simulator.finishVolumes(namespace, cluster);
    const applied = await suite().untilReason(namespace, 'shop', 'PlanApplied', 'Applied');
    expect(applied.status?.resources).toMatchObject({ storage: '10Gi' });
  });

  it('is not written when one claim of several has another class', async () => {
    const { client, simulator } = suite();
    const namespace = await suite().namespace();
    const cluster = `db-${namespace}-shop`;
    await suite().createAddon(namespace, 'shop', { plan: 'free' });
    await suite().untilRunning(namespace, 'shop');
    await client.create(volumeClaimGvr, {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: {
        name: `${cluster}-9`,
        namespace,
        labels: { 'cnpg.io/cluster': cluster, 'cnpg.io/pvcRole': 'PG_WAL' },
      },
      spec: {
        accessModes: ['ReadWriteOnce'],
        storageClassName: fixedClass,
        resources: { requests: { storage: '1Gi' } },
      },
    });
    await suite().patchAddon(namespace, 'shop', { plan: 'pro' });
    const addon = await suite().untilReason(namespace, 'shop', 'PlanApplied', 'StorageNotExpandable');
    expect(conditionOf(addon, 'PlanApplied')?.message).toContain(`${cluster}-9`);
    expect(simulator.isWedged(namespace, cluster)).toBe(false);
    expect((await client.get(clusterGvr, namespace, cluster))?.spec).toMatchObject({
      instances: 3,
      storage: { size: '1Gi' },
    });
  });
});

describe('the simulator', () => {
  it('stops reconciling a Cluster, without a report, if an expansion is requested that the StorageClass does not allow', async () => {
    const { client, simulator } = suite();
    const namespace = await suite().namespace();
    simulator.useStorageClass(namespace, fixedClass);
    const spec = { instances: 1, storage: { size: '1Gi' } };
    await client.create(clusterGvr, {
      apiVersion: 'postgresql.cnpg.io/v1',
      kind: 'Cluster',
      metadata: { name: 'by-hand', namespace },
      spec,
    });
    await suite().clusters.until(
      namespace,
      'by-hand',
      'healthy',
      ({ status }) => status?.phase === 'Cluster in healthy state',
    );
    await client.patch(clusterGvr, namespace, 'by-hand', { spec: { storage: { size: '2Gi' } } });
    await eventually('the simulator to turn its back', () =>
      expect(simulator.isWedged(namespace, 'by-hand')).toBe(true),
    );
    expect((await client.get(clusterGvr, namespace, 'by-hand'))?.status?.phase).toBe('Cluster in healthy state');
  });
});
