// Ownership: foreign objects stay byte-identical, own ones are repaired, and everything is deleted with the addon.
import { describe, expect, it } from '@jest/globals';
import type { LiveObject, Manifest } from '../../hack/cluster/client.ts';
import { events, secrets } from '../../hack/cluster/kinds.ts';
import { eventually } from '../../hack/cluster/wait.ts';
import { addonGvr } from '../../src/api/addon.ts';
import { objectStoreGvr } from '../../src/api/barman.ts';
import { backupGvr, clusterGvr, scheduledBackupGvr } from '../../src/api/cnpg.ts';
import type { Gvr } from '../../src/api/kubernetes.ts';
import { volumeClaimGvr } from '../../src/api/workload.ts';
import { changesBy, tally } from '../harness/audit.ts';
import { clusterOf } from '../harness/database.ts';
import { oneStore } from '../harness/stores.ts';
import { useSuite } from '../harness/suite.ts';
import { at, conditionOf, isRunning, isSettled, secretText } from '../harness/views.ts';

const suite = useSuite({ stores: oneStore });

const cnpg = 'postgresql.cnpg.io/v1';

async function addon(namespace: string): Promise<LiveObject> {
  const found = await suite().client.get(addonGvr, namespace, 'shop');
  if (found === undefined) throw new Error('the addon is gone');
  return found;
}

it('two addons whose tenantId and appId join to one name: the second says so and what helps, and the first is left alone', async () => {
  const namespace = await suite().namespace();
  await suite().createAddon(namespace, 'first', { plan: 'free', tenantId: 'acme-web', appId: 'shop' });
  await suite().untilRunning(namespace, 'first');
  const cluster = await suite().client.get(clusterGvr, namespace, 'db-acme-web-shop');
  expect(cluster).toBeDefined();
  await suite().createAddon(namespace, 'second', { plan: 'free', tenantId: 'acme', appId: 'web-shop' });
  const refused = await suite().untilReason(namespace, 'second', 'Ready', 'NameConflict');
  expect(conditionOf(refused, 'Ready')?.message).toBe(
    'Cluster db-acme-web-shop belongs to PostgresAddon "first", whose appId is "shop": its tenantId and appId are joined to the same name; create this addon again with another appId or tenantId',
  );
  await suite().fence();
  expect(await suite().client.get(clusterGvr, namespace, 'db-acme-web-shop')).toEqual(cluster);
  // As the message says.
  await suite().client.remove(addonGvr, namespace, 'second');
  await suite().addons.untilGone(namespace, 'second');
  await suite().createAddon(namespace, 'second', { plan: 'free', tenantId: 'acme', appId: 'store' });
  await suite().untilRunning(namespace, 'second');
  expect(await suite().client.get(clusterGvr, namespace, 'db-acme-web-shop')).toEqual(cluster);
});

/** Objects with the names that the addon `shop` of a namespace needs, made by somebody else. */
const foreign: readonly {
  readonly kind: string;
  readonly gvr: Gvr;
  /** Where it is said: only what the database needs decides Ready. */
  readonly condition: 'Ready' | 'BackupReady';
  readonly object: (namespace: string) => Manifest;
}[] = [
  {
    kind: 'Cluster',
    gvr: clusterGvr,
    condition: 'Ready',
    object: (namespace) => ({
      apiVersion: cnpg,
      kind: 'Cluster',
      metadata: { name: `db-${namespace}-shop`, namespace, labels: { team: 'other' } },
      spec: { instances: 2, storage: { size: '7Gi' }, imageName: 'ghcr.io/cloudnative-pg/postgresql:16' },
    }),
  },
  {
    kind: 'ObjectStore',
    gvr: objectStoreGvr,
    condition: 'BackupReady',
    object: (namespace) => ({
      apiVersion: 'barmancloud.cnpg.io/v1',
      kind: 'ObjectStore',
      metadata: { name: `db-${namespace}-shop`, namespace },
      spec: { configuration: { destinationPath: 's3://elsewhere', s3Credentials: { inheritFromIAMRole: true } } },
    }),
  },
  {
    kind: 'ScheduledBackup',
    gvr: scheduledBackupGvr,
    condition: 'BackupReady',
    object: (namespace) => ({
      apiVersion: cnpg,
      kind: 'ScheduledBackup',
      metadata: { name: `db-${namespace}-shop-daily`, namespace },
      spec: { schedule: '0 0 1 * * *', cluster: { name: 'another' } },
    }),
  },
  {
    kind: 'Secret',
    gvr: secrets,
    condition: 'Ready',
    object: (namespace) => ({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'app-shop-database-url', namespace },
      stringData: { DATABASE_URL: 'postgresql://somebody:else@elsewhere/db' },
    }),
  },
];

describe.each(foreign)('a $kind of that name that belongs to somebody else', ({ kind, gvr, object, condition }) => {
  it('stays byte-identical and is named in the condition; the addon goes on when it is gone', async () => {
    const { client, simulator } = suite();
    const namespace = await suite().namespace();
    const { name } = object(namespace).metadata;
    if (kind === 'Cluster') simulator.hold(namespace, name);
    await client.create(gvr, object(namespace));
    // What CNPG does to a Cluster is not ours to judge.
    if (kind === 'Cluster') {
      await suite().clusters.until(namespace, name, 'its first status', ({ status }) => status?.phase !== undefined);
    }
    const before = await client.get(gvr, namespace, name);

    await suite().createAddon(namespace, 'shop', { plan: 'standard' });
    const reported = await suite().untilReason(namespace, 'shop', condition, 'NameConflict');
    expect(conditionOf(reported, condition)?.message).toContain(`${kind} ${name}`);
    if (condition === 'Ready') {
      expect(reported.status?.phase).toBe('creating');
      expect(conditionOf(reported, 'Stalled')).toMatchObject({ status: 'True', reason: 'NameConflict' });
    } else {
      // A database can do without it, and comes up.
      await suite().untilRunning(namespace, 'shop');
    }
    await suite().patchAddon(namespace, 'shop', { plan: 'pro' });
    await suite().addons.until(
      namespace,
      'shop',
      'the second generation',
      ({ status }) => status?.observedGeneration === 2,
    );
    if (condition !== 'Ready') await suite().untilRunning(namespace, 'shop');
    await suite().fence();
    expect(JSON.stringify(await client.get(gvr, namespace, name))).toBe(JSON.stringify(before));

    await client.remove(gvr, namespace, name);
    simulator.release(namespace, name);
    const running = await suite().addons.until(
      namespace,
      'shop',
      'phase running, backups in force, and no conflict',
      (state) => isSettled(state) && conditionOf(state, condition)?.reason !== 'NameConflict',
    );
    // Nothing of the foreign one has rubbed off.
    expect(running.status).toMatchObject({ plan: 'pro', version: '17', resources: { storage: '50Gi' } });
    expect((await client.get(gvr, namespace, name))?.metadata.ownerReferences?.[0]?.uid).toBe(running.metadata.uid);
  });
});

describe('a foreign object', () => {
  it('appears in place of our Secret: it is left alone, and the URL is published when it goes', async () => {
    const { client } = suite();
    const namespace = await suite().namespace();
    await suite().createAddon(namespace, 'shop', { plan: 'free' });
    await suite().untilRunning(namespace, 'shop');
    await client.remove(secrets, namespace, 'app-shop-database-url');
    const made = await client.create(secrets, foreign.at(-1)?.object(namespace) as Manifest);
    await suite().patchAddon(namespace, 'shop', { connection: { sslMode: 'require' } });
    const reported = await suite().untilReason(namespace, 'shop', 'CredentialsPublished', 'NameConflict');
    expect(reported.status?.phase).toBe('provisioning');
    expect(JSON.stringify(await client.get(secrets, namespace, 'app-shop-database-url'))).toBe(JSON.stringify(made));
    await client.remove(secrets, namespace, 'app-shop-database-url');
    // Secrets are not watched; without a reason to look, the operator looks once a minute.
    await client.patch(addonGvr, namespace, 'shop', { metadata: { annotations: { 'example.org/touched': 'yes' } } });
    await suite().addons.until(namespace, 'shop', 'phase running', ({ status }) => status?.phase === 'running');
    const secret = await client.get(secrets, namespace, 'app-shop-database-url');
    expect(secretText(secret, 'DATABASE_URL')).toMatch(/^postgresql:\/\/app:[A-Za-z0-9]{64}@.*\?sslmode=require$/);
  });

  it('is controlled by another controller but carries our labels: still foreign', async () => {
    const { client, simulator } = suite();
    const namespace = await suite().namespace();
    const name = `db-${namespace}-shop`;
    simulator.hold(namespace, name);
    const addon = await suite().createAddon(namespace, 'first', { plan: 'free', appId: 'first' });
    const template = foreign[0]?.object(namespace) as Manifest;
    const ownerReferences = [
      {
        apiVersion: 'example.org/v1',
        kind: 'Platform',
        name: 'shop',
        uid: addon.metadata.uid.replace(/^./, 'f'),
        controller: true,
      },
    ];
    await client.create(clusterGvr, {
      ...template,
      metadata: {
        name,
        namespace,
        ownerReferences,
        labels: { 'addons.paas.dev/name': 'shop', 'addons.paas.dev/uid': addon.metadata.uid },
      },
    });
    await suite().createAddon(namespace, 'shop', { plan: 'free' });
    await suite().untilReason(namespace, 'shop', 'Ready', 'NameConflict');
  });
});

describe('two addons of one appId', () => {
  it('share nothing: the second reports a NameConflict, the first keeps its database, and the second gets its own after the first is gone', async () => {
    const { client } = suite();
    const namespace = await suite().namespace();
    await suite().createAddon(namespace, 'first', { plan: 'free', appId: 'shop' });
    const first = await suite().untilRunning(namespace, 'first');
    const cluster = await client.get(clusterGvr, namespace, `db-${namespace}-shop`);
    const secret = await client.get(secrets, namespace, 'app-shop-database-url');

    await suite().createAddon(namespace, 'second', { plan: 'pro', appId: 'shop' });
    const reported = await suite().untilReason(namespace, 'second', 'Ready', 'NameConflict');
    expect(conditionOf(reported, 'Ready')?.message).toContain(`db-${namespace}-shop`);
    await suite().fence();
    expect(JSON.stringify(await client.get(clusterGvr, namespace, `db-${namespace}-shop`))).toBe(
      JSON.stringify(cluster),
    );
    expect(JSON.stringify(await client.get(secrets, namespace, 'app-shop-database-url'))).toBe(JSON.stringify(secret));
    expect((await suite().addons.until(namespace, 'first', 'any state', () => true)).metadata.resourceVersion).toBe(
      first.metadata.resourceVersion,
    );

    await suite().client.remove(addonGvr, namespace, 'first');
    const second = await suite().addons.until(
      namespace,
      'second',
      'phase running',
      ({ status }) => status?.phase === 'running',
    );
    const live = await client.get(clusterGvr, namespace, `db-${namespace}-shop`);
    expect(live?.metadata.uid).not.toBe(cluster?.metadata.uid);
    expect(live?.metadata.ownerReferences?.[0]?.uid).toBe(second.metadata.uid);
  });
});

describe('an addon that is deleted', () => {
  it('leaves nothing', async () => {
    const { client } = suite();
    const namespace = await suite().namespace();
    await suite().createAddon(namespace, 'shop', { plan: 'pro' });
    await suite().untilSettled(namespace, 'shop');
    await client.remove(addonGvr, namespace, 'shop');
    await eventually('an empty namespace', async () => {
      const backups = [objectStoreGvr, backupGvr, scheduledBackupGvr];
      const kinds = [addonGvr, clusterGvr, ...backups, secrets, volumeClaimGvr];
      const left = (await Promise.all(kinds.map((gvr) => client.list(gvr, namespace)))).flat();
      expect(left.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([]);
    });
    expect(suite().addons.course(namespace, 'shop', ({ status }) => status?.phase)).toEqual([
      undefined,
      'creating',
      'running',
    ]);
  });

  it('and recreated at once gets a database of its own', async () => {
    const { client, addons } = suite();
    const namespace = await suite().namespace();
    const name = `db-${namespace}-shop`;
    await suite().createAddon(namespace, 'shop', { plan: 'standard' });
    const first = await suite().untilRunning(namespace, 'shop');
    const before = await client.get(clusterGvr, namespace, name);
    const oldUrl = secretText(await client.get(secrets, namespace, 'app-shop-database-url'), 'DATABASE_URL');

    await client.remove(addonGvr, namespace, 'shop');
    const again = await suite().createAddon(namespace, 'shop', { plan: 'standard' });
    const ours = (state: LiveObject): boolean =>
      state.metadata.uid === again.metadata.uid && state.status?.phase === 'running';
    const second = await addons.until(namespace, 'shop', 'phase running of the second', ours);
    const live = await client.get(clusterGvr, namespace, name);
    expect(live?.metadata.uid).not.toBe(before?.metadata.uid);
    expect(live?.metadata.ownerReferences?.map(({ uid }) => uid)).toEqual([again.metadata.uid]);
    expect(Date.parse(second.status?.ready_at as string)).toBeGreaterThanOrEqual(
      Date.parse(first.status?.ready_at as string),
    );
    const url = secretText(await client.get(secrets, namespace, 'app-shop-database-url'), 'DATABASE_URL');
    expect(url).not.toBe(oldUrl);
    expect(url).toContain(`app:${secretText(await client.get(secrets, namespace, `${name}-app`), 'password')}@`);
  });

  it('and recreated during a status write does not pass that status on to the new one', async () => {
    const { client, addons } = suite();
    const namespace = await suite().namespace();
    const gate = await suite().gate(namespace);
    await suite().createAddon(namespace, 'shop', { plan: 'free' });
    await suite().untilRunning(namespace, 'shop');
    const held = gate.hold(({ user, resource }) => user === suite().operator.user && resource.endsWith('/status'));
    await client.patch(addonGvr, namespace, 'shop', { spec: { plan: 'standard' } });
    const late = await held;
    await client.remove(addonGvr, namespace, 'shop');
    await addons.untilGone(namespace, 'shop');
    const { uid } = (await suite().createAddon(namespace, 'shop', { plan: 'free' })).metadata;
    late.pass();
    const isSecond = (state: LiveObject): boolean => state.metadata.uid === uid;
    await addons.until(namespace, 'shop', 'running', (state) => isSecond(state) && isRunning(state));
    const states = addons.of(namespace, 'shop').filter(isSecond);
    expect(states.find(({ status }) => status?.uid !== undefined)?.status?.phase).toBe('creating');
    expect(states.length).toBeGreaterThan(1);
    for (const { metadata, status } of states)
      expect(status?.observedGeneration ?? 0).toBeLessThanOrEqual(metadata.generation ?? 0);
  });

  it('in the foreground says so while its children go', async () => {
    const { client, addons } = suite();
    const namespace = await suite().namespace();
    await suite().createAddon(namespace, 'shop', { plan: 'standard' });
    await suite().untilRunning(namespace, 'shop');
    // A Cluster takes its time to go.
    const anchor = (finalizers: readonly string[]) =>
      client.patch(clusterGvr, namespace, clusterOf(namespace), { metadata: { finalizers } });
    await anchor(['example.org/anchor']);
    await client.remove(addonGvr, namespace, 'shop', 'Foreground');
    const reported = await addons.until(
      namespace,
      'shop',
      'phase deleted',
      ({ status }) => status?.phase === 'deleted',
    );
    expect(conditionOf(reported, 'Ready')).toMatchObject({ status: 'False', reason: 'Deleted' });
    await anchor([]);
    await addons.untilGone(namespace, 'shop');
    expect(await client.list(clusterGvr, namespace)).toEqual([]);
  });
});

describe('our own child', () => {
  it('edited manually is repaired, and fields added by others stay', async () => {
    const { client } = suite();
    const namespace = await suite().namespace();
    const name = `db-${namespace}-shop`;
    await suite().createAddon(namespace, 'shop', { plan: 'standard' });
    const before = await suite().untilSettled(namespace, 'shop');

    await client.patch(clusterGvr, namespace, name, {
      metadata: {
        labels: { 'addons.paas.dev/app-id': 'stolen', team: 'other' },
        annotations: { 'example.org/note': 'kept' },
      },
      spec: {
        enablePDB: true,
        logLevel: 'debug',
        affinity: { podAntiAffinityType: 'required' },
        postgresql: { parameters: { work_mem: '8MB', max_connections: '999' } },
      },
    });
    await eventually('the repair of the Cluster', async () => {
      const live = await client.get(clusterGvr, namespace, name);
      expect(live?.spec).toMatchObject({
        enablePDB: false,
        logLevel: 'debug',
        affinity: { podAntiAffinityType: 'preferred' },
        postgresql: { parameters: { work_mem: '8MB', max_connections: '100', shared_buffers: '256MB' } },
      });
      expect(live?.metadata.labels).toMatchObject({ 'addons.paas.dev/app-id': 'shop', team: 'other' });
      expect(live?.metadata.annotations).toMatchObject({ 'example.org/note': 'kept' });
    });

    await client.patch(scheduledBackupGvr, namespace, `${name}-daily`, {
      spec: { suspend: true, immediate: true, schedule: '0 0 0 * * *' },
    });
    await eventually('the repair of the ScheduledBackup', async () => {
      const live = await client.get(scheduledBackupGvr, namespace, `${name}-daily`);
      expect(live?.spec).toMatchObject({
        suspend: false,
        immediate: true,
        schedule: at(before, 'status', 'backup', 'schedule'),
      });
    });
    await client.remove(scheduledBackupGvr, namespace, `${name}-daily`);
    await eventually('a new ScheduledBackup', async () => {
      expect((await client.get(scheduledBackupGvr, namespace, `${name}-daily`))?.spec).toMatchObject({
        suspend: false,
      });
    });

    await client.patch(objectStoreGvr, namespace, name, {
      spec: { configuration: { destinationPath: 's3://stolen', tags: { team: 'other' } }, retentionPolicy: '1d' },
    });
    await eventually('the repair of the ObjectStore', async () => {
      const live = await client.get(objectStoreGvr, namespace, name);
      expect(live?.spec).toMatchObject({
        configuration: { destinationPath: `s3://backups/${namespace}`, tags: { team: 'other' } },
        retentionPolicy: '7d',
      });
    });
    // A repair is not a change of plan: as soon as CNPG is at rest, so are we.
    const after = await suite().untilRunning(namespace, 'shop');
    expect(after.status?.ready_at).toBe(before.status?.ready_at);
  });

  it('a field that somebody sets again and again is repaired ever more rarely, and named; when that ends, it is repaired', async () => {
    const namespace = await suite().namespace();
    await suite().createAddon(namespace, 'shop', { plan: 'free' });
    const { metadata } = await suite().untilRunning(namespace, 'shop');
    const cluster = clusterOf(namespace);
    const live = async () => await suite().client.get(clusterGvr, namespace, cluster);
    const limits = async () => at(await live(), 'spec', 'resources', 'limits', 'memory');
    const mark = await suite().audit.mark();
    // As another controller does: it answers each repair, and the operator each of its edits.
    const contested = (state: LiveObject): boolean => conditionOf(state, 'PlanApplied')?.reason === 'FieldContested';
    for (let edits = 0; !contested(await addon(namespace)); edits += 1) {
      expect(edits).toBeLessThan(20);
      await suite().client.patch(clusterGvr, namespace, cluster, {
        spec: { resources: { limits: { memory: '3Gi' } } },
      });
      await eventually('an answer of the operator', async () => {
        if (!contested(await addon(namespace))) expect(await limits()).toBe('256Mi');
      });
    }
    // CNPG restarts the instance with what the other one set, and the database that is up again is not called down for it.
    const isUp = (state: LiveObject): boolean => contested(state) && conditionOf(state, 'Ready')?.status === 'True';
    const state = await suite().addons.until(namespace, 'shop', 'ready, although a field is contested', isUp);
    expect(conditionOf(state, 'PlanApplied')?.message).toMatch(/resources\.limits\.memory.*--show-managed-fields/);
    const writes = changesBy(suite().operator.user, namespace, await suite().audit.since(mark));
    expect(tally(writes)).toMatchObject({ 'patch clusters': 4 });
    // Nobody answers the next repair, 20 s after the last one.
    await eventually('the repair', async () => expect(await limits()).toBe('256Mi'));
    const repaired = await suite().untilReason(namespace, 'shop', 'PlanApplied', 'Applied');
    expect(repaired.metadata.uid).toBe(metadata.uid);
  });

  it('whose owner reference was removed gets it back', async () => {
    const { client } = suite();
    const namespace = await suite().namespace();
    const name = `db-${namespace}-shop`;
    await suite().createAddon(namespace, 'shop', { plan: 'standard' });
    const addon = await suite().untilSettled(namespace, 'shop');
    for (const [gvr, child] of [
      [clusterGvr, name],
      [objectStoreGvr, name],
      [scheduledBackupGvr, `${name}-daily`],
    ] as const) {
      const before = await client.get(gvr, namespace, child);
      await client.patch(gvr, namespace, child, { metadata: { ownerReferences: null } });
      await eventually(`the owner reference of ${gvr.kind}`, async () => {
        const live = await client.get(gvr, namespace, child);
        expect(live?.metadata.ownerReferences).toEqual(before?.metadata.ownerReferences);
        expect(live?.metadata.uid).toBe(before?.metadata.uid);
      });
    }
    expect((await suite().untilRunning(namespace, 'shop')).metadata.uid).toBe(addon.metadata.uid);
  });

  it('that loses its label and owner reference is foreign, and is not adopted', async () => {
    const { client } = suite();
    const namespace = await suite().namespace();
    const name = `db-${namespace}-shop`;
    await suite().createAddon(namespace, 'shop', { plan: 'free' });
    await suite().untilRunning(namespace, 'shop');
    const disowned = await client.patch(clusterGvr, namespace, name, {
      metadata: { ownerReferences: null, labels: { 'addons.paas.dev/uid': null } },
    });
    const reported = await suite().untilReason(namespace, 'shop', 'Ready', 'NameConflict');
    expect(reported.status?.phase).toBe('provisioning');
    expect((await client.get(clusterGvr, namespace, name))?.metadata.resourceVersion).toBe(
      disowned.metadata.resourceVersion,
    );
  });

  it('that is our Secret, edited or deleted manually, is repaired with the next change at the latest', async () => {
    const { client } = suite();
    const namespace = await suite().namespace();
    const url = async (): Promise<string> =>
      secretText(await client.get(secrets, namespace, 'app-shop-database-url'), 'DATABASE_URL');
    await suite().createAddon(namespace, 'shop', { plan: 'free' });
    await suite().untilRunning(namespace, 'shop');
    const good = await url();
    await client.patch(secrets, namespace, 'app-shop-database-url', {
      metadata: { labels: { team: 'other' } },
      data: { DATABASE_URL: Buffer.from('nonsense').toString('base64'), EXTRA: Buffer.from('kept').toString('base64') },
    });
    await suite().patchAddon(namespace, 'shop', { connection: { sslMode: 'require' } });
    await suite().untilRunning(namespace, 'shop');
    expect(await url()).toBe(`${good}?sslmode=require`);
    expect((await client.get(secrets, namespace, 'app-shop-database-url'))?.metadata.labels?.team).toBe('other');

    await client.remove(secrets, namespace, 'app-shop-database-url');
    await suite().patchAddon(namespace, 'shop', { connection: { sslMode: 'prefer' } });
    const after = await suite().addons.until(
      namespace,
      'shop',
      'a new Secret',
      ({ status }) => status?.observedGeneration === 3 && status.phase === 'running',
    );
    expect(await url()).toBe(good);
    const secret = await client.get(secrets, namespace, 'app-shop-database-url');
    expect(at(after, 'status', 'credentials', 'secretUID')).toBe(secret?.metadata.uid);
  });
});

describe('a Cluster that vanished', () => {
  it('after it had data is recreated, and condition and Event report that the new one is empty', async () => {
    const { client, addons } = suite();
    const namespace = await suite().namespace();
    const name = `db-${namespace}-shop`;
    await suite().createAddon(namespace, 'shop', { plan: 'free' });
    const before = await suite().untilRunning(namespace, 'shop');
    const { uid } = (await client.get(clusterGvr, namespace, name))?.metadata ?? {};
    await client.remove(clusterGvr, namespace, name);
    const reported = await addons.until(
      namespace,
      'shop',
      'phase provisioning',
      ({ status }) => status?.phase === 'provisioning',
    );
    expect(conditionOf(reported, 'Ready')).toMatchObject({ status: 'False', reason: 'ClusterRecreated' });
    await eventually('a warning', async () => {
      const found = (await client.list(events, namespace)).filter(({ reason }) => reason === 'ClusterRecreated');
      expect(found).toMatchObject([{ type: 'Warning', note: expect.stringContaining(name) }]);
    });
    const running = await suite().untilRunning(namespace, 'shop');
    expect((await client.get(clusterGvr, namespace, name))?.metadata.uid).not.toBe(uid);
    expect(running.status?.ready_at).toBe(before.status?.ready_at);
    const url = secretText(await client.get(secrets, namespace, 'app-shop-database-url'), 'DATABASE_URL');
    expect(url).toContain(`app:${secretText(await client.get(secrets, namespace, `${name}-app`), 'password')}@`);
  });
});
