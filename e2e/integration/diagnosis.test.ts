// The search for a cause against a real API server: what is read, when, and the result. The simulator has no pods, so the pods, claims
// and events are created here, as kubelet, the scheduler and the controllers would.
import { beforeEach, describe, expect, it } from '@jest/globals';
import type { LiveObject } from '../../hack/cluster/client.ts';
import { events } from '../../hack/cluster/kinds.ts';
import { eventually } from '../../hack/cluster/wait.ts';
import { addonGvr } from '../../src/api/addon.ts';
import { clusterGvr } from '../../src/api/cnpg.ts';
import { eventGvr, podGvr, volumeClaimGvr } from '../../src/api/workload.ts';
import { tally } from '../harness/audit.ts';
import { chartPermissions, grant, without } from '../harness/permissions.ts';
import { useSuite } from '../harness/suite.ts';
import { type ConditionView, conditionOf } from '../harness/views.ts';

const suite = useSuite();

type Fields = Readonly<Record<string, unknown>>;

let namespace = '';
let cluster = '';

/** A database that was running and does not become ready again. */
beforeEach(async () => {
  namespace = await suite().namespace();
  cluster = `db-${namespace}-shop`;
  await suite().createAddon(namespace, 'shop', { plan: 'free' });
  await suite().untilRunning(namespace, 'shop');
  suite().simulator.hold(namespace, cluster);
  await report({ phase: 'Failing over', readyInstances: 0 });
  await suite().untilReason(namespace, 'shop', 'Ready', 'Provisioning');
});

const report = (status: Fields): Promise<void> => suite().simulator.report(namespace, cluster, status);

/** Moves the start of the wait back in time, in the status, where the operator reads it. */
async function haveWaited(minutes: number): Promise<void> {
  const addon = await suite().client.get(addonGvr, namespace, 'shop');
  const lastTransitionTime = new Date(Date.now() - minutes * 60_000).toISOString().replace(/\.\d+/, '');
  const conditions = ((addon?.status?.conditions ?? []) as readonly ConditionView[]).map((condition) =>
    ['Reconciling', 'Stalled'].includes(condition.type) ? { ...condition, lastTransitionTime } : condition,
  );
  await suite().client.patch(addonGvr, namespace, 'shop', { status: { conditions } }, 'status');
}

/** A write by CNPG without a meaning, which triggers a reconcile. */
async function nudge(): Promise<void> {
  await report({ phaseReason: `nudge ${Date.now()}` });
  await suite().fence();
}

/** Requests of the operator in the namespace, without the Events that it records. */
async function requests(mark: number): Promise<Readonly<Record<string, number>>> {
  const all = await suite().audit.since(mark);
  const ours = all.filter((request) => request.user === suite().operator.user && request.namespace === namespace);
  return tally(ours.filter(({ verb, resource }) => !(verb === 'create' && resource === 'events')));
}

const looking = { 'get clusters': 1, 'list events': 1, 'list persistentvolumeclaims': 1, 'list pods': 1 };

/** The pod of the first instance, of this Cluster by default. */
async function makePod(status: Fields, of = cluster): Promise<void> {
  const name = `${of}-1`;
  // The garbage collector takes away what has no living owner.
  const uid = (await suite().client.get(clusterGvr, namespace, of))?.metadata.uid;
  const owner = { apiVersion: 'postgresql.cnpg.io/v1', kind: 'Cluster', name: of, uid, controller: true };
  await suite().client.create(podGvr, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace,
      labels: { 'cnpg.io/cluster': of, 'cnpg.io/podRole': 'instance' },
      ownerReferences: [owner],
    },
    spec: {
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'postgres', image: 'registry.example/postgresql:17.99' }],
    },
  });
  await suite().client.patch(podGvr, namespace, name, { status }, 'status');
}

function waiting(reason: string, message: string): Fields {
  const container = { name: 'postgres', image: '', imageID: '', ready: false, restartCount: 0 };
  return { phase: 'Pending', containerStatuses: [{ ...container, state: { waiting: { reason, message } } }] };
}

/** A Warning event of a controller, as client-go records it. */
async function warn(name: string, involvedObject: Fields, reason: string, message: string): Promise<LiveObject> {
  const lastTimestamp = new Date().toISOString().replace(/\.\d+/, '');
  return await suite().client.create(eventGvr, {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: `${name}.${Date.now().toString(16)}`, namespace },
    involvedObject: { namespace, ...involvedObject },
    type: 'Warning',
    reason,
    message,
    firstTimestamp: lastTimestamp,
    lastTimestamp,
    count: 1,
  });
}

describe('the cause of a wait', () => {
  it('is not searched for in the first 90 s, and then with four requests', async () => {
    const { audit } = suite();
    await makePod(waiting('ErrImagePull', 'not found'));
    const early = await audit.mark();
    await nudge();
    expect(await requests(early)).toEqual({});
    const late = await audit.mark();
    await haveWaited(2);
    await suite().untilReason(namespace, 'shop', 'Ready', 'ImagePullFailed');
    await suite().fence();
    expect(await requests(late)).toMatchObject({ 'patch postgresaddons/status': 1 });
    const { 'patch postgresaddons/status': _, ...reads } = await requests(late);
    // Our own write comes back by the watch: once more.
    for (const [request, count] of Object.entries(reads)) {
      expect(Object.keys(looking)).toContain(request);
      expect(count).toBeLessThanOrEqual(2);
    }
    expect(Object.keys(reads)).toEqual(Object.keys(looking));
  });

  it('is reported with a Warning event and a constant message; it is cleared when the database is ready again', async () => {
    const { client, audit, simulator } = suite();
    const why = 'failed to pull and unpack image "registry.example/postgresql:17.99": not found';
    await makePod(waiting('ErrImagePull', why));
    await haveWaited(2);
    const reported = await suite().untilReason(namespace, 'shop', 'Ready', 'ImagePullFailed');
    const message = conditionOf(reported, 'Ready')?.message;
    expect(message).toContain('image "registry.example/postgresql:17.99" cannot be pulled (not found)');
    expect(conditionOf(reported, 'Stalled')).toBeUndefined();
    expect(reported.status?.phase).toBe('provisioning');
    await eventually('a warning', async () => {
      const found = (await client.list(events, namespace)).filter(({ reason }) => reason === 'ImagePullFailed');
      expect(found).toMatchObject([{ type: 'Warning' }]);
    });

    // What our own write has set off is over.
    await suite().fence();
    const mark = await audit.mark();
    const pause = `Back-off pulling image "registry.example/postgresql:17.99": ErrImagePull: ${why}`;
    await client.patch(podGvr, namespace, `${cluster}-1`, { status: waiting('ImagePullBackOff', pause) }, 'status');
    await nudge();
    expect(await requests(mark)).toEqual(looking);

    await client.remove(podGvr, namespace, `${cluster}-1`);
    await report({ phase: 'Cluster in healthy state', readyInstances: 1 });
    simulator.release(namespace, cluster);
    const back = await suite().untilRunning(namespace, 'shop');
    expect(conditionOf(back, 'Ready')).toMatchObject({ status: 'True', reason: 'Running' });
  });

  it('is stalled, and still reported, after ten minutes', async () => {
    await makePod(waiting('ImagePullBackOff', 'Back-off pulling image "x": ErrImagePull: not found'));
    await haveWaited(11);
    const reported = await suite().untilReason(namespace, 'shop', 'Stalled', 'ImagePullFailed');
    expect(conditionOf(reported, 'Ready')).toMatchObject({ status: 'False', reason: 'ImagePullFailed' });
  });

  it('is found in events of a Job without a pod', async () => {
    const words = `pods "${cluster}-1-initdb-x7k2p" is forbidden: exceeded quota: small, requested: pods=1, used: pods=0, limited: pods=0`;
    await warn(cluster, { kind: 'Job', name: `${cluster}-1-initdb` }, 'FailedCreate', `Error creating: ${words}`);
    await haveWaited(2);
    const reported = await suite().untilReason(namespace, 'shop', 'Ready', 'QuotaExceeded');
    expect(conditionOf(reported, 'Ready')?.message).toContain('exceeded quota: small');
  });

  it('is found in a claim and its event', async () => {
    const { client } = suite();
    const claim = await client.create(volumeClaimGvr, {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: `${cluster}-1-wal`, namespace, labels: { 'cnpg.io/cluster': cluster } },
      spec: {
        accessModes: ['ReadWriteOnce'],
        storageClassName: 'absent',
        resources: { requests: { storage: '1Gi' } },
      },
    });
    const { name, uid } = claim.metadata;
    const words = 'storageclass.storage.k8s.io "absent" not found';
    await warn(name, { kind: 'PersistentVolumeClaim', name, uid }, 'ProvisioningFailed', words);
    await haveWaited(2);
    const reported = await suite().untilReason(namespace, 'shop', 'Ready', 'StorageClassMissing');
    expect(conditionOf(reported, 'Ready')?.message).toContain(`StorageClass "absent", which volume claim ${name}`);
  });

  it('is not searched for in other Clusters', async () => {
    const { audit } = suite();
    await suite().createAddon(namespace, 'shop-b', { plan: 'free' });
    await suite().untilRunning(namespace, 'shop-b');
    await makePod({ phase: 'Running', conditions: [{ type: 'Ready', status: 'False', reason: 'ContainersNotReady' }] });
    await makePod(waiting('ErrImagePull', 'not found'), `${cluster}-b`);
    await warn(cluster, { kind: 'Job', name: `${cluster}-b-1-initdb` }, 'FailedCreate', 'exceeded quota: theirs');
    const mark = await audit.mark();
    await haveWaited(2);
    await eventually('a look', async () => {
      expect(await requests(mark)).toMatchObject(looking);
    });
    await suite().fence();
    const addon = await suite().client.get(addonGvr, namespace, 'shop');
    expect(addon && conditionOf(addon, 'Ready')?.reason).toBe('Provisioning');
  });
});

describe('without the permission to list pods and events', () => {
  const user = 'postgres-addon-operator';
  const permissions = () => chartPermissions(suite().cluster, suite().operatorNamespace);

  it('the wait is reported as usual, with the missing permission', async () => {
    // One rule allows both pods and events.
    await grant(suite().client, user, without(await permissions(), 'pods'));
    try {
      await makePod(waiting('ErrImagePull', 'not found'));
      await haveWaited(11);
      const reported = await suite().untilReason(namespace, 'shop', 'Ready', 'TakingTooLong');
      expect(conditionOf(reported, 'Ready')?.message).toContain(
        'is not permitted to list pods and events in this namespace',
      );
    } finally {
      await grant(suite().client, user, await permissions());
    }
    await nudge();
    await suite().untilReason(namespace, 'shop', 'Ready', 'ImagePullFailed');
  });
});
