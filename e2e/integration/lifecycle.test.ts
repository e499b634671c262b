// The life of an addon, from its creation through every kind of change, against a real API server with a simulated CNPG.
import { describe, expect, it } from '@jest/globals';
import type { LiveObject } from '../../hack/cluster/client.ts';
import { events, secrets } from '../../hack/cluster/kinds.ts';
import { eventually } from '../../hack/cluster/wait.ts';
import type { AddonSpec } from '../../src/api/addon.ts';
import { clusterGvr, scheduledBackupGvr } from '../../src/api/cnpg.ts';
import { volumeClaimGvr } from '../../src/api/workload.ts';
import { holdPlanChange } from '../harness/plan-change.ts';
import { useSuite } from '../harness/suite.ts';
import { at, conditionOf, isRunning, secretText } from '../harness/views.ts';

const suite = useSuite();

interface Expected {
  readonly plan: AddonSpec['plan'];
  readonly instances: number;
  readonly storage: string;
  readonly memory: string;
  readonly backup: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly synchronous?: unknown;
}

const quorum = { method: 'any', number: 1, dataDurability: 'preferred', failoverQuorum: true };

const plans: readonly Expected[] = [
  {
    plan: 'free',
    instances: 1,
    storage: '1Gi',
    memory: '256Mi',
    backup: 'none',
    parameters: { shared_buffers: '64MB', max_connections: '25' },
  },
  {
    plan: 'standard',
    instances: 1,
    storage: '10Gi',
    memory: '1Gi',
    backup: 'daily',
    parameters: { shared_buffers: '256MB', max_connections: '100' },
  },
  {
    plan: 'pro',
    instances: 3,
    storage: '50Gi',
    memory: '4Gi',
    backup: 'pitr',
    parameters: { shared_buffers: '1GB', max_connections: '200' },
    synchronous: quorum,
  },
];

/** The labels and the owner reference that every child has, and nothing else. */
function childMetadata(addon: LiveObject, appId: string): unknown {
  return expect.objectContaining({
    labels: {
      'addons.paas.dev/name': addon.metadata.name,
      'addons.paas.dev/uid': addon.metadata.uid,
      'addons.paas.dev/app-id': appId,
      'app.kubernetes.io/managed-by': 'postgres-addon-operator',
    },
    ownerReferences: [
      {
        apiVersion: 'addons.paas.dev/v1alpha1',
        kind: 'PostgresAddon',
        name: addon.metadata.name,
        uid: addon.metadata.uid,
        controller: true,
        blockOwnerDeletion: true,
      },
    ],
  });
}

async function databaseUrl(namespace: string, appId: string): Promise<string> {
  return secretText(await suite().client.get(secrets, namespace, `app-${appId}-database-url`), 'DATABASE_URL');
}

async function password(namespace: string, cluster: string): Promise<string> {
  return secretText(await suite().client.get(secrets, namespace, `${cluster}-app`), 'password');
}

describe.each(plans)('a new addon of plan $plan', (expected) => {
  const { plan, instances, storage, memory, backup, parameters, synchronous } = expected;
  let namespace = '';
  let addon: LiveObject;
  let cluster = '';

  it('goes from creating to running', async () => {
    const { client, addons } = suite();
    namespace = await suite().namespace();
    cluster = `db-${namespace}-shop`;
    await suite().createAddon(namespace, 'shop', { plan });
    addon = await suite().untilRunning(namespace, 'shop');
    expect(addons.course(namespace, 'shop', ({ status }) => status?.phase)).toEqual([undefined, 'creating', 'running']);
    expect(await client.list(clusterGvr, namespace)).toHaveLength(1);
    expect(suite().databases.loginsTo(namespace, cluster)).toBe(1);
  });

  it('has a Cluster as the plan says', async () => {
    const live = await suite().client.get(clusterGvr, namespace, cluster);
    expect(live?.metadata).toEqual(childMetadata(addon, 'shop'));
    const many = instances > 1;
    expect(live?.spec).toMatchObject({
      instances,
      imageName: 'ghcr.io/cloudnative-pg/postgresql:17-standard-trixie',
      enablePDB: many,
      primaryUpdateMethod: many ? 'switchover' : 'restart',
      storage: { size: storage },
      resources: { requests: { memory }, limits: { memory } },
      affinity: {
        enablePodAntiAffinity: true,
        podAntiAffinityType: 'preferred',
        topologyKey: 'kubernetes.io/hostname',
      },
      postgresql: { parameters },
      bootstrap: { initdb: { database: 'app', owner: 'app' } },
    });
    expect(at(live, 'spec', 'postgresql', 'synchronous')).toEqual(synchronous);
  });

  it('has a ScheduledBackup when the plan has backups', async () => {
    const found = await suite().client.list(scheduledBackupGvr, namespace);
    if (backup === 'none') {
      expect(found).toEqual([]);
      return;
    }
    expect(found).toHaveLength(1);
    expect(found[0]?.metadata).toEqual(childMetadata(addon, 'shop'));
    expect(found[0]?.metadata.name).toBe(`${cluster}-daily`);
    expect(found[0]?.spec).toMatchObject({
      schedule: expect.stringMatching(/^0 [1-5]?[0-9] [23] \* \* \*$/),
      suspend: true,
      cluster: { name: cluster },
      method: 'plugin',
      pluginConfiguration: { name: 'barman-cloud.cloudnative-pg.io' },
      backupOwnerReference: 'self',
    });
  });

  it('has a Secret with DATABASE_URL and nothing else', async () => {
    const secret = await suite().client.get(secrets, namespace, 'app-shop-database-url');
    expect(secret?.metadata).toEqual(childMetadata(addon, 'shop'));
    expect(secret?.type).toBe('Opaque');
    expect(Object.keys(secret?.data ?? {})).toEqual(['DATABASE_URL']);
    const url = `postgresql://app:${await password(namespace, cluster)}@${cluster}-rw.${namespace}:5432/app`;
    expect(secretText(secret, 'DATABASE_URL')).toBe(url);
    expect(at(secret, 'metadata', 'managedFields')).toEqual([
      expect.objectContaining({ manager: 'paas-control-plane', operation: 'Apply' }),
    ]);
  });

  it('reports all of it in status', async () => {
    const host = (service: string): string => `${cluster}-${service}.${namespace}:5432`;
    expect(addon.status).toMatchObject({
      phase: 'running',
      ready_at: expect.stringMatching(/^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      observedGeneration: 1,
      locality: 'OnCluster',
      plan,
      version: '17',
      image: 'ghcr.io/cloudnative-pg/postgresql:17-standard-trixie',
      clusterName: cluster,
      secretName: 'app-shop-database-url',
      resources: { instances, storage, memory, backup },
      credentials: {
        sourceVersion: (await suite().client.get(secrets, namespace, `${cluster}-app`))?.metadata.resourceVersion,
        secretUID: (await suite().client.get(secrets, namespace, 'app-shop-database-url'))?.metadata.uid,
      },
    });
    expect(addon.status?.endpoints).toEqual({
      primary: host('rw'),
      ...(instances > 1 ? { readOnly: host('ro') } : {}),
    });
    expect(addon.status?.backup).toMatchObject({ requested: backup, effective: 'none' });
    const conditions = addon.status?.conditions as readonly {
      type: string;
      status: string;
      reason: string;
      observedGeneration: number;
    }[];
    expect(conditions.map(({ type, status, reason }) => `${type}=${status} ${reason}`)).toEqual([
      'Ready=True Running',
      'Provisioned=True ClusterHealthy',
      'CredentialsPublished=True Published',
      'PlanApplied=True Applied',
      'Connectable=True LoggedIn',
      ...(instances > 1 ? ['ExtrasPublished=True Published'] : []),
      ...(backup === 'none' ? [] : ['BackupReady=False NoObjectStore']),
    ]);
    expect([...new Set(conditions.map(({ observedGeneration }) => observedGeneration))]).toEqual([1]);
  });

  it('says ready_at in the write that first says running', () => {
    const states = suite().addons.of(namespace, 'shop');
    const first = states.find(({ status }) => status?.ready_at !== undefined);
    expect(first?.status?.phase).toBe('running');
    expect(suite().addons.course(namespace, 'shop', ({ status }) => status?.ready_at)).toEqual([
      undefined,
      addon.status?.ready_at,
    ]);
  });

  it('shows in kubectl', async () => {
    const wide = await suite().kubectl(['get', 'pga', 'shop', '--namespace', namespace, '--output', 'wide']);
    const [header, row] = wide.output.split('\n').map((line) => line.split(/ {2,}/));
    expect(header).toEqual([
      'NAME',
      'PLAN',
      'VERSION',
      'PHASE',
      'READY',
      'BACKUP',
      'READY AT',
      'AGE',
      'CLUSTER',
      'SECRET',
      'MESSAGE',
    ]);
    expect(row?.slice(0, 6)).toEqual(['shop', plan, '17', 'running', 'True', 'none']);
    expect(row?.slice(8, 10)).toEqual([cluster, 'app-shop-database-url']);
    const wait = ['wait', '--for=condition=Ready', '--timeout=5s', '--namespace', namespace, 'pgaddon/shop'];
    expect(await suite().kubectl(wait)).toMatchObject({ code: 0 });
  });

  it('has an event for each transition', async () => {
    await eventually('the events Creating and Running', async () => {
      const found = await suite().client.list(events, namespace);
      const ours = found.filter(
        ({ reportingController }) => reportingController === 'addons.paas.dev/postgres-addon-operator',
      );
      expect(ours.map(({ type, reason }) => `${type} ${reason}`).sort()).toEqual(['Normal Creating', 'Normal Running']);
      expect(ours[0]?.regarding).toMatchObject({
        kind: 'PostgresAddon',
        namespace,
        name: 'shop',
        uid: addon.metadata.uid,
      });
    });
  });
});

describe('an addon that changes', () => {
  it('goes free -> standard -> pro -> free, and ends as a new free one but for its disk', async () => {
    const { client, addons } = suite();
    const namespace = await suite().namespace();
    const cluster = `db-${namespace}-shop`;
    await suite().createAddon(namespace, 'shop', { plan: 'free' });
    const first = await suite().untilRunning(namespace, 'shop');
    const fresh = await client.get(clusterGvr, namespace, cluster);

    for (const { plan, instances, storage, memory, parameters, synchronous } of plans.slice(1)) {
      await suite().patchAddon(namespace, 'shop', { plan });
      const addon = await suite().untilRunning(namespace, 'shop');
      expect(addon.status?.resources).toMatchObject({ instances, storage, memory });
      expect(conditionOf(addon, 'PlanApplied')).toMatchObject({ status: 'True', reason: 'Applied' });
      const live = await client.get(clusterGvr, namespace, cluster);
      expect(live?.spec).toMatchObject({
        instances,
        storage: { size: storage },
        resources: { limits: { memory } },
        postgresql: { parameters },
      });
      expect(at(live, 'spec', 'postgresql', 'synchronous')).toEqual(synchronous);
      const claims = await client.list(volumeClaimGvr, namespace);
      expect(claims.map(({ status }) => status?.capacity)).toEqual(Array(instances).fill({ storage }));
      expect(await client.list(scheduledBackupGvr, namespace)).toHaveLength(1);
    }

    await suite().patchAddon(namespace, 'shop', { plan: 'free' });
    const last = await suite().untilRunning(namespace, 'shop');
    expect(conditionOf(last, 'PlanApplied')).toMatchObject({ status: 'True', reason: 'DiskNotShrunk' });
    expect(conditionOf(last, 'PlanApplied')?.message).toContain('50Gi');
    expect(conditionOf(last, 'BackupReady')).toBeUndefined();
    expect(last.status?.resources).toEqual({ instances: 1, storage: '50Gi', memory: '256Mi', backup: 'none' });
    expect(last.status?.endpoints).toEqual(first.status?.endpoints);
    expect(last.status?.backup).toEqual(first.status?.backup);
    expect(await client.list(scheduledBackupGvr, namespace)).toEqual([]);
    const live = await client.get(clusterGvr, namespace, cluster);
    expect(live?.spec).toEqual({ ...fresh?.spec, storage: { ...(fresh?.spec?.storage as object), size: '50Gi' } });
    expect(live?.status).toMatchObject({ currentPrimary: `${cluster}-2`, readyInstances: 1 });

    expect(addons.course(namespace, 'shop', ({ status }) => status?.phase)).toEqual([
      undefined,
      ...['creating', 'running', 'provisioning', 'running', 'provisioning', 'running', 'provisioning', 'running'],
    ]);
    expect(last.status?.ready_at).toBe(first.status?.ready_at);
    expect(addons.course(namespace, 'shop', ({ status }) => status?.ready_at)).toEqual([
      undefined,
      first.status?.ready_at,
    ]);
    await eventually('an event for each change of plan', async () => {
      const found = (await client.list(events, namespace)).filter(({ reason }) => reason === 'PlanChanged');
      expect(found.map(({ note }) => note).sort()).toEqual([
        'plan free -> standard',
        'plan pro -> free',
        'plan standard -> pro',
      ]);
    });
  });

  it('never says running for a change that CNPG has not begun', async () => {
    const { simulator, addons } = suite();
    const namespace = await suite().namespace();
    await suite().createAddon(namespace, 'shop', { plan: 'free' });
    await suite().untilRunning(namespace, 'shop');
    // The old `Cluster in healthy state` stands for as long as this holds.
    const cluster = await holdPlanChange(suite(), namespace);
    const waiting = await addons.until(
      namespace,
      'shop',
      'phase provisioning',
      ({ status }) => status?.phase === 'provisioning',
    );
    expect(conditionOf(waiting, 'PlanApplied')).toMatchObject({ status: 'False', reason: 'Applying' });
    // Any event on the Cluster makes the operator look again; what it looks at is still the old state.
    await suite().client.patch(clusterGvr, namespace, cluster, {
      metadata: { annotations: { 'example.org/touched': 'yes' } },
    });
    await simulator.report(namespace, cluster, { phaseReason: 'touched' });
    await suite().createAddon(namespace, 'fence', { plan: 'free' });
    await suite().untilRunning(namespace, 'fence');
    expect((await suite().addons.until(namespace, 'shop', 'any state', () => true)).status?.phase).toBe('provisioning');
    simulator.release(namespace, cluster);
    await suite().untilRunning(namespace, 'shop');
  });

  it('comes to rest when a plan is reverted before CNPG has started it', async () => {
    const { simulator, addons, clusters } = suite();
    const namespace = await suite().namespace();
    const cluster = `db-${namespace}-shop`;
    await suite().createAddon(namespace, 'shop', { plan: 'free' });
    await suite().untilRunning(namespace, 'shop');
    simulator.hold(namespace, cluster);
    const memory = (state: LiveObject): unknown => at(state, 'spec', 'resources', 'limits', 'memory');
    await suite().patchAddon(namespace, 'shop', { plan: 'standard' });
    await clusters.until(namespace, cluster, 'the new plan', (state) => memory(state) === '1Gi');
    await suite().patchAddon(namespace, 'shop', { plan: 'free' });
    await clusters.until(namespace, cluster, 'the old plan', (state) => memory(state) === '256Mi');
    simulator.release(namespace, cluster);
    // CNPG has nothing to restart: its Ready does not change.
    await addons.until(namespace, 'shop', 'phase running', isRunning);
  });

  it('in plan and version at once does one after the other, as CNPG demands of a switchover', async () => {
    const { clusters, addons } = suite();
    const namespace = await suite().namespace();
    const cluster = `db-${namespace}-shop`;
    await suite().createAddon(namespace, 'shop', { plan: 'pro', version: '16' });
    await suite().untilRunning(namespace, 'shop');
    await suite().patchAddon(namespace, 'shop', { plan: 'standard', version: '17' });
    const addon = await suite().untilRunning(namespace, 'shop');
    expect(addon.status).toMatchObject({
      version: '17',
      plan: 'standard',
      resources: { instances: 1, storage: '50Gi' },
    });
    const course = clusters.course(namespace, cluster, ({ spec }) => [
      at(spec, 'imageName'),
      at(spec, 'postgresql', 'parameters', 'max_connections'),
    ]);
    const image = 'ghcr.io/cloudnative-pg/postgresql';
    expect(course).toEqual([
      [`${image}:16-standard-trixie`, '200'],
      [`${image}:16-standard-trixie`, '100'],
      [`${image}:17-standard-trixie`, '100'],
    ]);
    expect(addons.course(namespace, 'shop', ({ status }) => status?.phase)).toEqual([
      undefined,
      ...['creating', 'running', 'provisioning', 'running'],
    ]);
  });

  it('follows connection.sslMode in the URL, without touching the database', async () => {
    const { client, addons } = suite();
    const namespace = await suite().namespace();
    await suite().createAddon(namespace, 'shop', { plan: 'free' });
    await suite().untilRunning(namespace, 'shop');
    const plain = await databaseUrl(namespace, 'shop');
    const before = await client.get(clusterGvr, namespace, `db-${namespace}-shop`);
    for (const [sslMode, query] of [
      ['require', '?sslmode=require'],
      ['verify-full', '?sslmode=verify-full'],
      ['prefer', ''],
    ] as const) {
      await suite().patchAddon(namespace, 'shop', { connection: { sslMode } });
      await suite().untilRunning(namespace, 'shop');
      expect(await databaseUrl(namespace, 'shop')).toBe(`${plain}${query}`);
    }
    expect((await client.get(clusterGvr, namespace, `db-${namespace}-shop`))?.metadata.resourceVersion).toBe(
      before?.metadata.resourceVersion,
    );
    expect(addons.course(namespace, 'shop', ({ status }) => status?.phase)).toEqual([undefined, 'creating', 'running']);
  });

  it('raises the version, and keeps what runs when a lower one is asked for', async () => {
    const { client } = suite();
    const namespace = await suite().namespace();
    const cluster = `db-${namespace}-shop`;
    const image = async (): Promise<unknown> => (await client.get(clusterGvr, namespace, cluster))?.spec?.imageName;
    await suite().createAddon(namespace, 'shop', { plan: 'free', version: '16' });
    await suite().untilRunning(namespace, 'shop');
    expect(await image()).toBe('ghcr.io/cloudnative-pg/postgresql:16-standard-trixie');

    await suite().patchAddon(namespace, 'shop', { version: '17.4' });
    const raised = await suite().untilRunning(namespace, 'shop');
    expect(await image()).toBe('ghcr.io/cloudnative-pg/postgresql:17.4-standard-trixie');
    expect(raised.status).toMatchObject({
      version: '17.4',
      image: 'ghcr.io/cloudnative-pg/postgresql:17.4-standard-trixie',
    });
    expect(suite().addons.course(namespace, 'shop', ({ status }) => status?.phase)).toEqual([
      undefined,
      ...['creating', 'running', 'provisioning', 'running'],
    ]);

    await suite().patchAddon(namespace, 'shop', { version: null });
    await suite().addons.until(namespace, 'shop', 'the new generation', isRunning);
    await suite().patchAddon(namespace, 'shop', { version: '15' });
    const kept = await suite().untilReason(namespace, 'shop', 'PlanApplied', 'DowngradeRefused');
    expect(kept.status).toMatchObject({ phase: 'running', version: '17.4' });
    expect(conditionOf(kept, 'PlanApplied')?.message).toContain('17.4');
    expect(await image()).toBe('ghcr.io/cloudnative-pg/postgresql:17.4-standard-trixie');

    // A tag without a minor version does not hide what has run before.
    await suite().patchAddon(namespace, 'shop', { version: '17' });
    await suite().untilReason(namespace, 'shop', 'PlanApplied', 'Applied');
    expect(await image()).toBe('ghcr.io/cloudnative-pg/postgresql:17-standard-trixie');
    await suite().patchAddon(namespace, 'shop', { version: '17.2' });
    const low = await suite().untilReason(namespace, 'shop', 'PlanApplied', 'DowngradeRefused');
    expect(low.status).toMatchObject({ phase: 'running', running: { version: '17', lowest: '17.4' } });
    expect(await image()).toBe('ghcr.io/cloudnative-pg/postgresql:17-standard-trixie');
  });

  it('corrects a version that has never run, downwards too', async () => {
    const { client, simulator } = suite();
    const namespace = await suite().namespace();
    const cluster = `db-${namespace}-shop`;
    simulator.hold(namespace, cluster);
    await suite().createAddon(namespace, 'shop', { plan: 'free', version: '17.99' });
    const image = (tag: string): Promise<void> =>
      eventually(`the image ${tag}`, async () =>
        expect((await client.get(clusterGvr, namespace, cluster))?.spec?.imageName).toBe(
          `ghcr.io/cloudnative-pg/postgresql:${tag}-standard-trixie`,
        ),
      );
    await image('17.99');
    await suite().patchAddon(namespace, 'shop', { version: '17.4' });
    await image('17.4');
    await suite().patchAddon(namespace, 'shop', { version: null });
    await image('17');
    simulator.release(namespace, cluster);
    expect((await suite().untilRunning(namespace, 'shop')).status).toMatchObject({ running: { version: '17' } });
  });

  it('survives the loss of its primary', async () => {
    const { addons, simulator } = suite();
    const namespace = await suite().namespace();
    const cluster = `db-${namespace}-shop`;
    await suite().createAddon(namespace, 'shop', { plan: 'pro' });
    const before = await suite().untilRunning(namespace, 'shop');
    const url = await databaseUrl(namespace, 'shop');
    simulator.killPrimary(namespace, cluster);
    await addons.until(namespace, 'shop', 'phase provisioning', ({ status }) => status?.phase === 'provisioning');
    const after = await suite().untilRunning(namespace, 'shop');
    expect(after.status?.ready_at).toBe(before.status?.ready_at);
    expect(addons.course(namespace, 'shop', ({ status }) => status?.phase)).toEqual([
      undefined,
      ...['creating', 'running', 'provisioning', 'running'],
    ]);
    expect(conditionOf(after, 'PlanApplied')).toMatchObject({ status: 'True', reason: 'Applied' });
    expect(await databaseUrl(namespace, 'shop')).toBe(url);
    expect([before.status?.primary, after.status?.primary]).toEqual([`${cluster}-1`, `${cluster}-2`]);
    expect(suite().databases.loginsTo(namespace, cluster)).toBe(2);
  });

  it('follows a changed password, awkward characters included, and a recreated Secret', async () => {
    const { client, addons } = suite();
    const namespace = await suite().namespace();
    const cluster = `db-${namespace}-shop`;
    await suite().createAddon(namespace, 'shop', { plan: 'free' });
    await suite().untilRunning(namespace, 'shop');

    const awkward = Buffer.from('p@ss/w:rd #1%').toString('base64');
    await client.patch(secrets, namespace, `${cluster}-app`, { data: { password: awkward } });
    const encoded = `postgresql://app:p%40ss%2Fw%3Ard%20%231%25@${cluster}-rw.${namespace}:5432/app`;
    await eventually('the URL with the new password', async () =>
      expect(await databaseUrl(namespace, 'shop')).toBe(encoded),
    );
    // A login that is under way would be rejected from here on.
    const logins = (count: number) =>
      eventually(`${count} logins`, () => expect(suite().databases.loginsTo(namespace, cluster)).toBe(count));
    await logins(2);

    await client.remove(secrets, namespace, `${cluster}-app`);
    await eventually('the URL with the password of the new Secret', async () => {
      const url = `postgresql://app:${await password(namespace, cluster)}@${cluster}-rw.${namespace}:5432/app`;
      expect(await databaseUrl(namespace, 'shop')).toBe(url);
      expect(url).not.toContain('app:@');
    });
    // Of another phase, the reason tells more.
    const phase = (state: LiveObject): unknown =>
      state.status?.phase === 'provisioning' ? conditionOf(state, 'Ready')?.reason : state.status?.phase;
    expect(addons.course(namespace, 'shop', phase)).toEqual([undefined, 'creating', 'running']);
    await eventually('two events', async () => {
      const found = (await client.list(events, namespace)).filter(({ reason }) => reason === 'CredentialsUpdated');
      expect(found).toHaveLength(2);
    });
    // One with each password.
    await logins(3);
  });

  it('keeps the last good URL while the source is unusable', async () => {
    const { client } = suite();
    const namespace = await suite().namespace();
    const cluster = `db-${namespace}-shop`;
    await suite().createAddon(namespace, 'shop', { plan: 'free' });
    await suite().untilRunning(namespace, 'shop');
    const good = await databaseUrl(namespace, 'shop');
    await client.patch(secrets, namespace, `${cluster}-app`, { data: { password: '' } });
    const bad = await suite().untilReason(namespace, 'shop', 'CredentialsPublished', 'CredentialsInvalid');
    expect(conditionOf(bad, 'CredentialsPublished')?.message).toContain(`${cluster}-app`);
    expect(bad.status?.phase).toBe('provisioning');
    expect(conditionOf(bad, 'Stalled')).toMatchObject({ status: 'True', reason: 'CredentialsInvalid' });
    expect(await databaseUrl(namespace, 'shop')).toBe(good);
    await client.patch(secrets, namespace, `${cluster}-app`, {
      data: { password: Buffer.from('mended').toString('base64') },
    });
    await suite().untilRunning(namespace, 'shop');
    expect(await databaseUrl(namespace, 'shop')).toContain('app:mended@');
  });
});

describe('what CNPG reports', () => {
  it('has its own reason if intervention is needed, and an unknown one is never treated as success', async () => {
    const { simulator, addons } = suite();
    const namespace = await suite().namespace();
    const cluster = `db-${namespace}-shop`;
    simulator.hold(namespace, cluster);
    await suite().createAddon(namespace, 'shop', { plan: 'free' });
    await suite().clusters.until(
      namespace,
      cluster,
      'Setting up primary',
      ({ status }) => status?.phase === 'Setting up primary',
    );
    const complete = { readyInstances: 1, currentPrimary: `${cluster}-1`, targetPrimary: `${cluster}-1` };

    await simulator.report(namespace, cluster, {
      ...complete,
      phase: 'Not enough disk space',
      phaseReason: 'no space left on db-1',
    });
    const full = await suite().untilReason(namespace, 'shop', 'Stalled', 'DiskFull');
    expect(full.status?.phase).toBe('creating');
    expect(conditionOf(full, 'Ready')).toMatchObject({ status: 'False', reason: 'DiskFull' });
    expect(conditionOf(full, 'Ready')?.message).toContain('no space left on db-1');

    await simulator.report(namespace, cluster, { phase: 'Some phase of a later release', phaseReason: '' });
    const unknown = await suite().untilReason(namespace, 'shop', 'Ready', 'Creating');
    expect(conditionOf(unknown, 'Stalled')).toBeUndefined();

    for (const [what, status] of [
      ['no instance is ready', { readyInstances: null }],
      ['a failover is under way', { readyInstances: 1, targetPrimary: 'pending' }],
    ] as const) {
      await simulator.report(namespace, cluster, { ...complete, phase: 'Cluster in healthy state', ...status });
      await suite().createAddon(namespace, what.replaceAll(' ', '-'), { plan: 'free' });
      await suite().untilRunning(namespace, what.replaceAll(' ', '-'));
      expect((await addons.until(namespace, 'shop', 'any state', () => true)).status?.phase).toBe('creating');
    }
    simulator.release(namespace, cluster);
    await suite().untilRunning(namespace, 'shop');
  });

  it('does not count while the Cluster hibernates', async () => {
    const { client } = suite();
    const namespace = await suite().namespace();
    const cluster = `db-${namespace}-shop`;
    await suite().createAddon(namespace, 'shop', { plan: 'free' });
    await suite().untilRunning(namespace, 'shop');
    const annotate = (value: string | null) =>
      client.patch(clusterGvr, namespace, cluster, { metadata: { annotations: { 'cnpg.io/hibernation': value } } });
    await annotate('on');
    const asleep = await suite().untilReason(namespace, 'shop', 'Stalled', 'Hibernated');
    expect(asleep.status?.phase).toBe('provisioning');
    await annotate(null);
    await suite().untilRunning(namespace, 'shop');
  });
});

describe('names', () => {
  it('are cut with a hash when they are long, and kept in status', async () => {
    const { client } = suite();
    const namespace = await suite().namespace();
    const appId = `a${'b'.repeat(61)}c`;
    await suite().createAddon(namespace, 'shop', { plan: 'free', appId, tenantId: 'acme' });
    const addon = await suite().untilRunning(namespace, 'shop');
    const cluster = addon.status?.clusterName as string;
    expect(cluster).toMatch(/^db-acme-ab+-[0-9a-f]{8}$/);
    expect(cluster).toHaveLength(40);
    expect((await client.get(clusterGvr, namespace, cluster))?.metadata.labels?.['addons.paas.dev/app-id']).toBe(appId);
    expect(addon.status?.secretName).toBe(`app-${appId}-database-url`);
    expect(await databaseUrl(namespace, appId)).toContain(`@${cluster}-rw.${namespace}:5432/app`);
  });

  it('of database and owner are the ones asked for', async () => {
    const namespace = await suite().namespace();
    const cluster = `db-${namespace}-shop`;
    await suite().createAddon(namespace, 'shop', { plan: 'free', database: { name: 'orders', owner: 'clerk' } });
    await suite().untilRunning(namespace, 'shop');
    const url = `postgresql://clerk:${await password(namespace, cluster)}@${cluster}-rw.${namespace}:5432/orders`;
    expect(await databaseUrl(namespace, 'shop')).toBe(url);
  });
});
