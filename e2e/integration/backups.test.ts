// Backups against a real API server and the simulated plugin: nothing is claimed before it is in force, and whatever stops the operator in
// between, the same comes of it.
import { describe, expect, it } from '@jest/globals';
import type { LiveObject } from '../../hack/cluster/client.ts';
import { eventually } from '../../hack/cluster/wait.ts';
import { addonGvr } from '../../src/api/addon.ts';
import { objectStoreGvr } from '../../src/api/barman.ts';
import { backupGvr, clusterGvr } from '../../src/api/cnpg.ts';
import { anAddon, manifestOf, observing, testPlatform, think } from '../../src/domain/testing.ts';
import { resourcePath } from '../../src/kube/resources.ts';
import { storesFile } from '../../src/stores-file.ts';
import { nth, type Write } from '../harness/admission-gate.ts';
import { changesBy } from '../harness/audit.ts';
import { clusterOf, type Database, databaseOf, nothing } from '../harness/database.ts';
import { comparableChildren } from '../harness/snapshot.ts';
import { oneStore } from '../harness/stores.ts';
import { useSuite } from '../harness/suite.ts';
import { at, conditionOf, isSettled, secretText } from '../harness/views.ts';
import { exitStatus } from '../simulator/backups.ts';

const ofOthers = { ...oneStore.stores.main, destination: 's3://others', namespaces: ['elsewhere'] };
const suite = useSuite({ stores: { ...oneStore, stores: { ...oneStore.stores, vault: ofOthers } } });

type Fields = Readonly<Record<string, unknown>>;

const saidOf = ({ status }: LiveObject): Fields => (status?.backup ?? {}) as Fields;
const database = (namespace: string): Promise<Database> => databaseOf(suite().client, namespace);
const serverNameIn = ({ cluster }: Database): unknown => at(cluster?.spec?.plugins, '0', 'parameters', 'serverName');

/** Ours, and no status. */
const isOurs = ({ user, resource }: Write): boolean =>
  user === suite().operator.user && resource !== 'postgresaddons/status';

/** The Backups of a namespace, as `name phase`. */
async function backupsIn(namespace: string): Promise<readonly string[]> {
  const found = await suite().client.list(backupGvr, namespace);
  return found.map(({ metadata, status }) => `${metadata.name} ${status?.phase}`).sort();
}

/** An addon `shop` whose backups are in force. */
async function inForce(
  plan: 'standard' | 'pro',
  mode?: 'protected',
): Promise<{ namespace: string; addon: LiveObject }> {
  const namespace = await suite().namespace();
  await suite().createAddon(namespace, 'shop', { plan, ...(mode === undefined ? {} : { mode }) });
  return { namespace, addon: await suite().untilSettled(namespace, 'shop') };
}

/** Waits until the addon of this uid, or a later state of it, has its backups in force. */
async function untilSettled({ metadata: { namespace, name, uid } }: LiveObject): Promise<LiveObject> {
  const holds = (state: LiveObject): boolean => state.metadata.uid === uid && isSettled(state);
  return await suite().addons.until(namespace, name, 'backups in force', holds);
}

/** The resources that the operator wrote in a namespace since the mark, in order, without status and Events. */
async function writesIn(namespace: string, mark: number): Promise<readonly string[]> {
  const changes = changesBy(suite().operator.user, namespace, await suite().audit.since(mark));
  return changes.map(({ verb, resource }) => `${verb} ${resource}`);
}

describe.each([
  ['standard', 'daily'],
  ['pro', 'pitr'],
] as const)('a database of plan %s', (plan, level) => {
  it('is in service before its first base backup, and claims backups after it', async () => {
    const { simulator, client, backups } = suite();
    const namespace = await suite().namespace();
    simulator.backups.hold(namespace, clusterOf(namespace));
    await suite().createAddon(namespace, 'shop', { plan });
    const running = await suite().untilRunning(namespace, 'shop');
    expect(conditionOf(running, 'Ready')).toMatchObject({ status: 'True', reason: 'Running' });
    const { serverName } = saidOf(running);
    const first = `${serverName}-first`;
    await backups.until(namespace, first, 'a backup that has begun', ({ status }) => status?.phase === 'started');
    await suite().fence();
    const early = await database(namespace);
    expect(serverNameIn(early)).toBe(serverName);
    expect(secretText(early.urlSecret, 'DATABASE_URL')).toContain('postgresql://');
    expect(early.scheduledBackup).toBeUndefined();
    const pending = (await client.get(addonGvr, namespace, 'shop')) as LiveObject;
    expect(saidOf(pending)).toMatchObject({ requested: level, effective: 'none', archiving: 'unknown' });
    expect(conditionOf(pending, 'BackupReady')).toMatchObject({ status: 'False', reason: 'FirstBackupPending' });

    simulator.backups.release(namespace, clusterOf(namespace));
    const settled = await suite().untilSettled(namespace, 'shop');
    const stoppedAt = backups.of(namespace, first).at(-1)?.status?.stoppedAt;
    expect(saidOf(settled)).toMatchObject({
      requested: level,
      effective: level,
      store: 'main',
      destinationPath: `s3://backups/${namespace}`,
      archiving: 'ok',
      lastSuccessTime: stoppedAt,
      recoveryWindow: { from: stoppedAt, to: expect.stringMatching(/^20/) },
      lineages: [{ serverName, from: stoppedAt }],
    });
    expect(conditionOf(settled, 'BackupReady')).toMatchObject({ status: 'True', reason: 'InForce' });
    expect(suite().addons.course(namespace, 'shop', (state) => saidOf(state).effective)).toEqual([
      undefined,
      'none',
      level,
    ]);
    expect(suite().addons.course(namespace, 'shop', ({ status }) => status?.phase)).toEqual([
      undefined,
      'creating',
      'running',
    ]);
    expect(await backupsIn(namespace)).toEqual([`${first} completed`]);
    expect((await database(namespace)).scheduledBackup?.spec).toMatchObject({ suspend: false, target: 'primary' });
  });
});

describe('a crash', () => {
  it('at any write of the order ends the same as without one', async () => {
    const smooth = await inForce('standard');
    const order = ['objectstores', 'clusters', 'backups', 'scheduledbackups'];
    const places = await Promise.all(
      order.map(async (resource) => {
        const namespace = await suite().namespace();
        return { namespace, resource, gate: await suite().gate(namespace) };
      }),
    );
    const held = Promise.all(
      places.map(({ gate, resource }) => gate.hold((write) => isOurs(write) && write.resource === resource)),
    );
    for (const { namespace } of places) await suite().createAddon(namespace, 'shop', { plan: 'standard' });
    await held;
    await suite().crashOperator();
    const { client } = suite();
    const expected = await comparableChildren(client, smooth.addon);
    for (const { namespace } of places) {
      const addon = await suite().untilSettled(namespace, 'shop');
      expect(await comparableChildren(client, addon)).toEqual(expected);
      const { serverName, lineages } = saidOf(addon);
      expect(await backupsIn(namespace)).toEqual([`${serverName}-first completed`]);
      expect(lineages).toHaveLength(1);
    }
  });
});

describe('a crash during a change of plan', () => {
  it('to one with backups, and back, at any write, ends the same as without one', async () => {
    const { client } = suite();
    const changes = [
      { plan: 'standard', order: ['objectstores', 'clusters', 'backups', 'scheduledbackups'] },
      { plan: 'free', order: ['scheduledbackups', 'clusters'] },
    ] as const;
    const places = await Promise.all(
      Array.from({ length: 5 }, async () => {
        const namespace = await suite().namespace();
        await suite().createAddon(namespace, 'shop', { plan: 'free' });
        await suite().untilRunning(namespace, 'shop');
        return { namespace, gate: await suite().gate(namespace) };
      }),
    );
    const [smooth, ...others] = places;
    if (smooth === undefined) throw new Error('no namespace');
    for (const { plan, order } of changes) {
      await suite().patchAddon(smooth.namespace, 'shop', { plan });
      const expected = await comparableChildren(client, await suite().untilSettled(smooth.namespace, 'shop'));
      const stopped = others.slice(0, order.length);
      const held = Promise.all(
        stopped.map(({ gate }, index) => gate.hold((write) => isOurs(write) && write.resource === order[index])),
      );
      for (const { namespace } of stopped) await suite().patchAddon(namespace, 'shop', { plan });
      await held;
      await suite().crashOperator();
      for (const { namespace } of stopped) {
        const addon = await suite().untilSettled(namespace, 'shop');
        expect(await comparableChildren(client, addon)).toEqual(expected);
        expect(saidOf(addon).lineages).toHaveLength(1);
      }
    }
  });
});

describe('a crash during a major upgrade', () => {
  it('at any of its writes ends the same as without one', async () => {
    const before = async (): Promise<string> => {
      const namespace = await suite().namespace();
      await suite().createAddon(namespace, 'shop', { plan: 'standard', version: '16' });
      await suite().untilSettled(namespace, 'shop');
      return namespace;
    };
    const upgraded = async (namespace: string): Promise<LiveObject> =>
      await suite().addons.until(namespace, 'shop', 'version 17, with backups', (state) => {
        return state.status?.version === '17' && isSettled(state);
      });
    const smooth = await before();
    const mark = await suite().audit.mark();
    await suite().patchAddon(smooth, 'shop', { version: '17' });
    const { client } = suite();
    const addon = await upgraded(smooth);
    await suite().fence();
    const expected = await comparableChildren(client, addon);
    const writes = await writesIn(smooth, mark);
    // The base backup before, the image, the new lineage, and the first base backup of that, until which the schedule rests.
    expect(writes).toEqual([
      'patch backups',
      'patch clusters',
      'patch clusters',
      'patch scheduledbackups',
      'patch backups',
      'patch scheduledbackups',
    ]);

    const places = await Promise.all(writes.map(before));
    const gates = await Promise.all(places.map((namespace) => suite().gate(namespace)));
    const held = Promise.all(
      gates.map((gate, index) => {
        const [, resource] = writes[index]?.split(' ') ?? [];
        const n = writes.slice(0, index + 1).filter((write) => write === writes[index]).length;
        return gate.hold(nth(n, (write) => isOurs(write) && write.resource === resource));
      }),
    );
    for (const namespace of places) await suite().patchAddon(namespace, 'shop', { version: '17' });
    await held;
    await suite().crashOperator();
    for (const namespace of places) {
      const after = await upgraded(namespace);
      expect(await comparableChildren(client, after)).toEqual(expected);
      expect(saidOf(after).lineages).toHaveLength(2);
      expect(await backupsIn(namespace)).toHaveLength((await backupsIn(smooth)).length);
    }
  });
});

describe('an archive', () => {
  it('begins anew with each return to backups: the schedule goes first, and no name is used again', async () => {
    const { audit } = suite();
    const { namespace, addon } = await inForce('standard');
    const before = await database(namespace);
    const names: unknown[] = [saidOf(addon).serverName];
    for (const _ of ['once', 'twice']) {
      let mark = await audit.mark();
      await suite().patchAddon(namespace, 'shop', { plan: 'free' });
      const free = await suite().untilSettled(namespace, 'shop');
      const off = await writesIn(namespace, mark);
      expect(off.slice(0, 2)).toEqual(['delete scheduledbackups', 'patch clusters']);
      expect(saidOf(free)).toMatchObject({
        requested: 'none',
        effective: 'none',
        lineages: [{ until: expect.any(String) }, ...names.slice(1).map(() => ({}))],
      });
      expect(serverNameIn(await database(namespace))).toBeUndefined();
      mark = await audit.mark();
      await suite().patchAddon(namespace, 'shop', { plan: 'standard' });
      const standard = await suite().untilSettled(namespace, 'shop');
      const on = await writesIn(namespace, mark);
      expect(on.filter((write) => !write.endsWith('secrets'))).toEqual([
        'patch clusters',
        'patch backups',
        'patch scheduledbackups',
      ]);
      const { serverName, lineages } = saidOf(standard);
      expect(names).not.toContain(serverName);
      expect((lineages as readonly Fields[]).map((lineage) => lineage.serverName)).toEqual([
        serverName,
        ...[...names].reverse(),
      ]);
      names.push(serverName);
    }
    expect(await backupsIn(namespace)).toEqual(names.map((name) => `${name}-first completed`).sort());
    expect((await database(namespace)).objectStore?.metadata.uid).toBe(before.objectStore?.metadata.uid);
  });

  it('has another name when the addon is deleted and created again', async () => {
    const { namespace, addon } = await inForce('standard');
    await suite().client.remove(addonGvr, namespace, 'shop');
    await eventually('the end of the first one', async () => expect(await database(namespace)).toEqual(nothing));
    await suite().createAddon(namespace, 'shop', { plan: 'standard' });
    const again = await suite().untilSettled(namespace, 'shop');
    const { serverName } = saidOf(again);
    expect(serverName).not.toBe(saidOf(addon).serverName);
    await eventually('the Backups of the new database alone', async () =>
      expect(await backupsIn(namespace)).toEqual([`${serverName}-first completed`]),
    );
  });

  it.each(['protected', 'cascade=orphan'] as const)('of a database that is adopted goes on, %s', async (way) => {
    const { namespace, addon } = await inForce('standard', way === 'protected' ? 'protected' : undefined);
    const before = await suite().client.list(backupGvr, namespace);
    await suite().client.remove(addonGvr, namespace, 'shop', way === 'protected' ? 'Background' : 'Orphan');
    await suite().addons.untilGone(namespace, 'shop');
    const adopted = await untilSettled(await suite().createAddon(namespace, 'shop', { plan: 'standard' }));
    expect(conditionOf(adopted, 'Adopted')?.status).toBe('True');
    const { serverName, recoveryWindow, lineages } = saidOf(addon);
    expect(saidOf(adopted)).toMatchObject({
      serverName,
      lineages,
      recoveryWindow: { from: at(recoveryWindow, 'from') },
    });
    await suite().fence();
    const after = await suite().client.list(backupGvr, namespace);
    expect(after.map(({ metadata }) => metadata.uid)).toEqual(before.map(({ metadata }) => metadata.uid));
    expect(after).toHaveLength(1);
    expect((await database(namespace)).scheduledBackup?.spec?.suspend).toBe(false);
  });

  it('whose ObjectStore was deleted gets it again, and CNPG, which has given up, looks again', async () => {
    const { client, clusters, simulator, audit, addons } = suite();
    const { namespace, addon } = await inForce('pro');
    const cluster = clusterOf(namespace);
    const before = await database(namespace);
    await suite().operator.stop();
    await client.remove(objectStoreGvr, namespace, cluster);
    const primary = at(before.cluster, 'status', 'currentPrimary');
    simulator.killPrimary(namespace, cluster);
    // Of what CNPG does not do nothing can be awaited: another Cluster of the same simulator is served meanwhile.
    const other = await suite().namespace();
    await client.create(clusterGvr, { ...plainCluster, metadata: { name: 'other', namespace: other } });
    await clusters.until(other, 'other', 'a healthy state', ({ status }) => status?.readyInstances === 1);
    expect((await database(namespace)).cluster?.status).toMatchObject({ currentPrimary: primary, readyInstances: 3 });

    const mark = await audit.mark();
    await suite().replaceOperator();
    await clusters.until(namespace, cluster, 'another primary', (state) => {
      const { currentPrimary, readyInstances } = state.status ?? {};
      return currentPrimary !== primary && readyInstances === 3;
    });
    expect((await writesIn(namespace, mark)).slice(0, 2)).toEqual(['patch objectstores', 'patch clusters']);
    const after = await database(namespace);
    expect(after.objectStore?.metadata.uid).not.toBe(before.objectStore?.metadata.uid);
    expect(serverNameIn(after)).toBe(serverNameIn(before));
    await suite().fence();
    // The archive was never away: what could be restored can still be.
    const levels = addons.course(namespace, 'shop', (state) => saidOf(state).effective);
    expect(levels).toEqual([undefined, 'none', 'pitr']);
    expect(await backupsIn(namespace)).toEqual([`${saidOf(addon).serverName}-first completed`]);
  });

  it('that refuses WAL is named, and nothing is claimed until it takes it again; the database serves', async () => {
    const { simulator, addons } = suite();
    const { namespace } = await inForce('standard');
    await simulator.backups.breakArchive(namespace, clusterOf(namespace), exitStatus(4));
    const broken = await suite().untilReason(namespace, 'shop', 'BackupReady', 'StoreRefused');
    expect(conditionOf(broken, 'BackupReady')?.message).toContain('exit status 4');
    expect(conditionOf(broken, 'BackupReady')?.message).toContain('kubectl logs');
    expect(saidOf(broken)).toMatchObject({ effective: 'none', archiving: 'failing' });
    await simulator.backups.breakArchive(namespace, clusterOf(namespace), undefined);
    const mended = await suite().untilReason(namespace, 'shop', 'BackupReady', 'InForce');
    expect(saidOf(mended)).toMatchObject({ effective: 'daily', archiving: 'ok' });
    expect(addons.course(namespace, 'shop', ({ status }) => status?.phase)).toEqual([undefined, 'creating', 'running']);
  });
});

const plainCluster = {
  apiVersion: 'postgresql.cnpg.io/v1',
  kind: 'Cluster',
  spec: { instances: 1, storage: { size: '1Gi' }, imageName: 'ghcr.io/cloudnative-pg/postgresql:17' },
};

describe('a first base backup that fails', () => {
  /** As if the last failure were that long ago. */
  async function age(namespace: string, seconds: number): Promise<void> {
    const { client } = suite();
    const state = (await client.get(addonGvr, namespace, 'shop')) as LiveObject;
    const time = new Date(Date.now() - seconds * 1000).toISOString().replace(/[.]\d+/, '');
    const lastFailure = { ...(saidOf(state).lastFailure as Fields), time };
    await client.patch(addonGvr, namespace, 'shop', { status: { backup: { lastFailure } } }, 'status');
    await suite().fence();
  }

  it('is named, and tried again after a minute, and then after twice as long each time', async () => {
    const { simulator, addons } = suite();
    const namespace = await suite().namespace();
    const cluster = clusterOf(namespace);
    simulator.backups.fail(namespace, cluster, exitStatus(2));
    await suite().createAddon(namespace, 'shop', { plan: 'standard' });
    const failedAs = async (name: string): Promise<LiveObject> =>
      await addons.until(namespace, 'shop', `the failure of ${name}`, (state) => {
        return isRunningWithFailure(state) && at(saidOf(state).lastFailure, 'backup') === name;
      });
    const running = await suite().untilRunning(namespace, 'shop');
    const first = `${saidOf(running).serverName}-first`;
    // That an archive works again would end the wait.
    await simulator.backups.worksSince(namespace, cluster, '2026-01-01T00:00:00Z');
    const failed = await failedAs(first);
    expect(conditionOf(failed, 'BackupReady')?.message).toContain('exit status 2');
    expect(saidOf(failed)).toMatchObject({ effective: 'none', lastFailure: { message: exitStatus(2) } });
    await age(namespace, 30);
    expect(await backupsIn(namespace)).toEqual([`${first} failed`]);
    await age(namespace, 61);
    await failedAs(`${first}-2`);
    await age(namespace, 90);
    expect(await backupsIn(namespace)).toEqual([`${first} failed`, `${first}-2 failed`]);
    simulator.backups.fail(namespace, cluster, undefined);
    await age(namespace, 121);
    const settled = await suite().untilSettled(namespace, 'shop');
    expect(conditionOf(settled, 'BackupReady')?.reason).toBe('InForce');
    expect(saidOf(settled).lastFailure).toBeUndefined();
    expect(await backupsIn(namespace)).toEqual([`${first} failed`, `${first}-2 failed`, `${first}-3 completed`]);
  });

  const isRunningWithFailure = (state: LiveObject): boolean =>
    state.status?.phase === 'running' && conditionOf(state, 'BackupReady')?.reason === 'StoreUnreachable';
});

describe('an ObjectStore that the API server refuses', () => {
  it('holds up no database, which gets its backups later', async () => {
    const namespace = await suite().namespace();
    const gate = await suite().gate(namespace);
    const open = gate.refuse((write) => isOurs(write) && write.resource === 'objectstores', 'no more stores today');
    await suite().createAddon(namespace, 'shop', { plan: 'standard' });
    const running = await suite().untilRunning(namespace, 'shop');
    expect(conditionOf(running, 'BackupReady')).toMatchObject({
      status: 'False',
      reason: 'Refused',
      message: expect.stringContaining('no more stores today'),
    });
    expect(saidOf(running)).toMatchObject({ requested: 'daily', effective: 'none' });
    const early = await database(namespace);
    expect([early.objectStore, serverNameIn(early)]).toEqual([undefined, undefined]);
    expect(secretText(early.urlSecret, 'DATABASE_URL')).toContain('postgresql://');
    open();
    const touch = { metadata: { annotations: { 'example.org/touched': 'yes' } } };
    await suite().client.patch(addonGvr, namespace, 'shop', touch);
    const settled = await suite().untilSettled(namespace, 'shop');
    expect(await backupsIn(namespace)).toEqual([`${saidOf(settled).serverName}-first completed`]);
  });
});

describe('a spec.backup that is not possible', () => {
  it.each([
    [{ schedule: '0 */5 2 * * *' }, ['spec.backup.schedule', 'more often than once an hour', 'use one number']],
    [{ storeRef: { name: 'mane' } }, ['spec.backup.storeRef.name "mane"', 'not an object store', 'use one of main']],
    [{ storeRef: { name: 'vault' } }, ['spec.backup.storeRef.name "vault"', 'for this namespace', 'use one of main']],
    [{ retention: '2d' }, ['spec.backup.retention "2d"', 'object store "main"', 'use 3d to 60d']],
    [{ retention: '9w' }, ['spec.backup.retention "9w"', 'object store "main"', 'use 3d to 60d']],
  ])('%j is refused with the field, the problem and what to do; nothing is created', async (backup, words) => {
    const { client } = suite();
    const namespace = await suite().namespace();
    await suite().createAddon(namespace, 'shop', { plan: 'standard', backup });
    const refused = await suite().untilReason(namespace, 'shop', 'Ready', 'InvalidSpec');
    for (const word of words) expect(conditionOf(refused, 'Ready')?.message).toContain(word);
    expect(conditionOf(refused, 'Ready')?.message).not.toContain('others');
    await suite().fence();
    expect(await database(namespace)).toEqual(nothing);
    expect(await backupsIn(namespace)).toEqual([]);
    // A correction is all that it takes.
    await client.patch(addonGvr, namespace, 'shop', { spec: { backup: null } });
    await suite().untilSettled(namespace, 'shop');
  });

  it('is refused at once if it is a schedule of five fields, whose first CNPG would take for seconds', async () => {
    const namespace = await suite().namespace();
    const spec = { plan: 'standard', backup: { schedule: '30 2 * * *' } } as const;
    await expect(suite().createAddon(namespace, 'shop', spec)).rejects.toThrow(
      /spec\.backup\.schedule: Invalid value: "30 2 \* \* \*": schedule must have six fields, seconds first, such as/,
    );
  });

  it('leaves the backups of a database that exists as they are', async () => {
    const { namespace } = await inForce('standard');
    const before = await database(namespace);
    await suite().patchAddon(namespace, 'shop', { backup: { storeRef: { name: 'vault' } } });
    const refused = await suite().untilReason(namespace, 'shop', 'BackupReady', 'InvalidSpec');
    expect(refused.status?.phase).toBe('running');
    await suite().fence();
    expect(await database(namespace)).toEqual(before);
  });
});

describe('the forms of a store', () => {
  const key = (name: string) => ({ name: 'backup-credentials', key: name });
  const forms = {
    'S3 with keys': oneStore.stores.main,
    'S3 with a role, encrypted': {
      destination: 's3://backups/team',
      s3Credentials: { inheritFromIAMRole: true },
      endpointCA: key('ca.crt'),
      wal: { compression: 'zstd', encryption: 'aws:kms', maxParallel: 4 },
      data: { compression: 'gzip', encryption: 'AES256', jobs: 2, immediateCheckpoint: true },
    },
    'Google Cloud with a key': {
      destination: 'gs://backups',
      googleCredentials: { applicationCredentials: key('gcs.json') },
    },
    'Google Cloud with workload identity': { destination: 'gs://backups', googleCredentials: { gkeEnvironment: true } },
    'Azure with a connection string': {
      destination: 'https://account.blob.core.windows.net/backups',
      azureCredentials: { connectionString: key('AZURE') },
    },
    'Azure with an account and its key': {
      destination: 'https://account.blob.core.windows.net/backups',
      azureCredentials: { storageAccount: key('ACCOUNT'), storageKey: key('KEY') },
    },
    'Azure with an account and a SAS token': {
      destination: 'https://account.blob.core.windows.net/backups',
      azureCredentials: { storageAccount: key('ACCOUNT'), storageSasToken: key('SAS') },
    },
    'Azure with a managed identity': {
      destination: 'https://account.blob.core.windows.net/backups',
      azureCredentials: { inheritFromAzureAD: true },
    },
    'Azure with the default credentials': {
      destination: 'https://account.blob.core.windows.net/backups',
      azureCredentials: { useDefaultAzureCredentials: true },
    },
  };

  /** What the plugin's schema makes of it: with Strict, a field that it does not have is an error. */
  async function dryRun(body: object, namespace: string): Promise<void> {
    const query = { dryRun: 'All', fieldValidation: 'Strict' };
    await suite().client.transport.request({
      method: 'POST',
      path: resourcePath(objectStoreGvr, namespace),
      query,
      body,
    });
  }

  function rendered(form: object, namespace: string) {
    const stores = storesFile.parse({ defaultStore: 'main', stores: { main: form } });
    const { actions } = think(observing(anAddon(), { platform: { ...testPlatform, stores } }));
    const manifest = manifestOf(actions, 'objectStore');
    return { ...manifest, metadata: { name: 'form', namespace } };
  }

  it.each(Object.entries(forms))('%s is one that the plugin takes', async (_what, form) => {
    await dryRun(rendered(form, suite().operatorNamespace), suite().operatorNamespace);
  });

  it('and one with a field or a value that the plugin does not have is refused', async () => {
    const namespace = suite().operatorNamespace;
    const good = rendered(forms['S3 with keys'], namespace) as unknown as {
      readonly spec: { readonly configuration: object };
    };
    const but = (more: object) => ({
      ...good,
      spec: { ...good.spec, configuration: { ...good.spec.configuration, ...more } },
    });
    await expect(dryRun(but({ endpoint: 'x' }), namespace)).rejects.toThrow(
      'unknown field "spec.configuration.endpoint"',
    );
    await expect(dryRun(but({ wal: { compression: 'brotli' } }), namespace)).rejects.toThrow('brotli');
  });
});

async function anotherSecond(): Promise<void> {
  const second = (): number => Math.floor(Date.now() / 1000);
  const begun = second();
  await eventually('another second', async () => expect(second()).toBeGreaterThan(begun));
}

describe('a base backup', () => {
  it('that runs out of memory is named, and the next one clears it', async () => {
    const { simulator } = suite();
    const { namespace } = await inForce('standard');
    const ask = async (value: string): Promise<void> => {
      const annotations = { 'addons.paas.dev/backup-now': value };
      await suite().client.patch(addonGvr, namespace, 'shop', { metadata: { annotations } });
    };
    simulator.backups.fail(namespace, clusterOf(namespace), 'rpc error: code = Unknown desc = signal: killed');
    await anotherSecond();
    await ask('one');
    const failed = await suite().untilReason(namespace, 'shop', 'BackupReady', 'BackupOutOfMemory');
    expect(conditionOf(failed, 'BackupReady')?.message).toContain('reached its memory limit');
    expect(saidOf(failed)).toMatchObject({ effective: 'daily' });
    simulator.backups.fail(namespace, clusterOf(namespace), undefined);
    // The times of the plugin have whole seconds: of two in the same one, none is the later.
    await anotherSecond();
    await ask('two');
    await suite().untilReason(namespace, 'shop', 'BackupReady', 'InForce');
  });

  it('a bucket rule that eats into the recovery window is named, until the window is whole', async () => {
    const { client } = suite();
    const { namespace, addon } = await inForce('standard');
    const daysAgo = (days: number): string =>
      new Date(Date.now() - days * 24 * 3_600_000).toISOString().replace(/[.]\d+Z$/, 'Z');
    const { serverName, lineages } = saidOf(addon);
    const report = (from: string): Promise<unknown> => {
      const status = { serverRecoveryWindow: { [String(serverName)]: { firstRecoverabilityPoint: from } } };
      return client.patch(objectStoreGvr, namespace, clusterOf(namespace), { status }, 'status');
    };
    // As if its backups had begun a month ago.
    const since = daysAgo(30);
    const present = { ...((lineages as readonly Fields[])[0] ?? {}), since };
    await client.patch(
      addonGvr,
      namespace,
      'shop',
      { status: { backup: { lineages: [present], retentionSince: since } } },
      'status',
    );
    await report(daysAgo(3));
    const eaten = await suite().untilReason(namespace, 'shop', 'BackupReady', 'WindowShorterThanRetention');
    const { message } = conditionOf(eaten, 'BackupReady') ?? {};
    for (const word of [since, 'the retention is 7d', `s3://backups/${namespace}/${serverName}`])
      expect(message).toContain(word);
    expect(saidOf(eaten)).toMatchObject({ effective: 'daily' });
    await report(daysAgo(8));
    await suite().untilReason(namespace, 'shop', 'BackupReady', 'InForce');
  });
});

describe('the schedule', () => {
  it('a schedule that does not come is named, until it comes', async () => {
    const { client, addons } = suite();
    const { namespace, addon } = await inForce('standard');
    const schedule = `${clusterOf(namespace)}-daily`;
    // A Backup that never ends blocks those after it.
    const stuck = { name: `${schedule}-stuck`, namespace };
    const spec = { cluster: { name: 'another' }, method: 'plugin' };
    const manifest = { apiVersion: 'postgresql.cnpg.io/v1', kind: 'Backup', metadata: stuck, spec };
    expect(await suite().kubectl(['apply', '--filename', '-'], JSON.stringify(manifest))).toMatchObject({ code: 0 });
    const lastBackup = async (hoursAgo: number): Promise<void> => {
      const lastSuccessfulBackupTime = new Date(Date.now() - hoursAgo * 3_600_000)
        .toISOString()
        .replace(/[.]\d+Z$/, 'Z');
      const status = { serverRecoveryWindow: { [String(saidOf(addon).serverName)]: { lastSuccessfulBackupTime } } };
      await client.patch(objectStoreGvr, namespace, clusterOf(namespace), { status }, 'status');
    };
    await lastBackup(27);
    const reported = await suite().untilReason(namespace, 'shop', 'BackupReady', 'BackupOverdue');
    expect(saidOf(reported).effective).toBe('daily');
    await client.remove(backupGvr, namespace, stuck.name);
    await lastBackup(1);
    await addons.until(
      namespace,
      'shop',
      'no overdue backup',
      (state) => conditionOf(state, 'BackupReady')?.reason === 'InForce',
    );
  });
});
