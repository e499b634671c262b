// Backups on the real CNPG, plugin and S3 server: nothing is claimed before it is in force, and what is claimed can be found in the archive.
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { LiveObject } from '../../../hack/cluster/client.ts';
import { eventually } from '../../../hack/cluster/wait.ts';
import { storeName, storeSecret } from '../../../hack/install/operator.ts';
import type { AddonSpec, AddonStatus } from '../../../src/api/addon.ts';
import { backupGvr, clusterGvr, scheduledBackupGvr } from '../../../src/api/cnpg.ts';
import { History } from '../../harness/history.ts';
import { fewAtATime } from '../../harness/meanwhile.ts';
import { conditionOf } from '../../harness/views.ts';
import { clusterName } from '../belongings.ts';
import { openBucket, timesBelow, walObject } from '../bucket.ts';
import { useReal } from '../real.ts';

const real = useReal();
let namespace = '';
/** What lasts long and is nobody else's database goes on beside the tests before it. */
const going = new Map<'adoption' | 'plans', Promise<void>>();
/** Of each Backup, also when it is gone. */
let made: History;
const backup = { storeRef: { name: storeName } };
const first: Readonly<Record<string, AddonSpec>> = {
  shop: { plan: 'standard', backup },
  idle: { plan: 'pro', backup },
  kept: { plan: 'standard', mode: 'protected', backup },
  changing: { plan: 'free', backup },
};

beforeAll(async () => {
  namespace = await real().namespace('backup');
  made = new History(real().client, backupGvr);
  made.start();
  real().atEnd(() => made.stop());
  await real().client.apply(storeSecret(real().cluster, namespace));
  await Promise.all(Object.entries(first).map(([name, spec]) => real().apply(namespace, name, spec)));
  await openBucket(real(), namespace);
  const begin = fewAtATime(2);
  going.set('plans', begin(changePlans));
  going.set('adoption', begin(adopt));
});

const backupOf = ({ status }: LiveObject): NonNullable<AddonStatus['backup']> =>
  (status as AddonStatus | undefined)?.backup ?? {};
const inForce = (name: string): Promise<LiveObject> => real().reason(namespace, name, 'BackupReady', 'InForce');
const backupsOf = async (name: string): Promise<readonly LiveObject[]> =>
  (await real().client.list(backupGvr, namespace)).filter(
    ({ spec }) =>
      (spec as { readonly cluster: { readonly name: string } }).cluster.name === clusterName(namespace, name),
  );

describe('a standard database', () => {
  it('archives from its first start, gets one base backup, then its schedule; and claims nothing before', async () => {
    const ready = await inForce('shop');
    const { serverName } = backupOf(ready);
    expect(backupOf(ready)).toMatchObject({
      requested: 'daily',
      effective: 'daily',
      store: storeName,
      recoveryWindow: { from: expect.stringMatching(/^20/) },
    });
    // The plugin reports it a moment before CNPG calls the Backup completed.
    await eventually('the one Backup to be completed', async () =>
      expect((await backupsOf('shop')).map(({ metadata, status }) => [metadata.name, status?.phase])).toEqual([
        [`${serverName}-first`, 'completed'],
      ]),
    );
    // Before that, it said so each time.
    const levels = real().addons.course(namespace, 'shop', (state) => backupOf(state).effective);
    expect(levels.at(-1)).toBe('daily');
    expect(new Set(levels.slice(0, -1))).toEqual(new Set([undefined, 'none']));
    const schedule = await real().client.get(scheduledBackupGvr, namespace, `${clusterName(namespace, 'shop')}-daily`);
    expect(schedule?.spec?.suspend).toBe(false);
    // The instances were started once: with the plugin from the beginning.
    const { status } = (await real().client.get(clusterGvr, namespace, clusterName(namespace, 'shop'))) ?? {};
    expect(status?.readyInstances).toBe(1);
    expect(conditionOf(ready, 'Ready')?.status).toBe('True');
  });

  it('begins a new lineage when it was deleted and is created again under the same name', async () => {
    const before = backupOf(await inForce('shop')).serverName;
    await real().kubectl(['delete', 'pga', 'shop', '--namespace', namespace, '--timeout=10m']);
    await eventually('the end of its Cluster', async () => {
      expect(await real().client.get(clusterGvr, namespace, clusterName(namespace, 'shop'))).toBeUndefined();
    });
    await real().apply(namespace, 'shop', first.shop ?? { plan: 'standard' });
    const after = backupOf(await inForce('shop'));
    expect(after.serverName).not.toBe(before);
    expect(after.effective).toBe('daily');
  });
});

describe('a pro database that nobody uses', () => {
  it('says up to when it can be restored, and goes on archiving', async () => {
    const ready = await inForce('idle');
    expect(backupOf(ready).effective).toBe('pitr');
    const read = await real().addons.until(
      namespace,
      'idle',
      'the end of the recovery window',
      (state) => backupOf(state).recoveryWindow?.to !== undefined && backupOf(state).archiving === 'ok',
    );
    const { from = '', to = '' } = backupOf(read).recoveryWindow ?? {};
    expect(Date.parse(to)).toBeGreaterThanOrEqual(Date.parse(from) - 60_000);
  });

  it('is backed up on request, and the archive holds the last WAL file of that backup', async () => {
    const request = `addons.paas.dev/backup-now=${Date.now()}`;
    await real().kubectl(['annotate', 'pga', 'idle', request, '--overwrite', '--namespace', namespace]);
    const isDone = '--for=jsonpath={.status.backup.now.result}=Completed';
    await real().kubectl(['wait', 'pga/idle', isDone, '--timeout=10m', '--namespace', namespace]);
    const { now, destinationPath, serverName } = backupOf(real().addons.latest(namespace, 'idle'));
    const [asked] = (await backupsOf('idle')).filter(({ metadata }) => metadata.name === now?.backup);
    expect(asked?.status?.phase).toBe('completed');
    const endWal = String(asked?.status?.endWal);
    const held = await timesBelow(real(), namespace, `${destinationPath}/${serverName}/`);
    expect([...held.keys()]).toContain(walObject(endWal));
    const { primary } = real().addons.latest(namespace, 'idle').status as AddonStatus;
    const sql = `SELECT max(last_archived_wal) >= '${endWal}' FROM pg_stat_archiver`;
    const psql = ['exec', '--namespace', namespace, primary ?? '', '--container', 'postgres', '--', 'psql'];
    expect((await real().kubectl([...psql, '--tuples-only', '--command', sql])).trim()).toBe('t');
  });
});

async function adopt(): Promise<void> {
  const before = backupOf(await inForce('kept')).serverName;
  await real().kubectl(['delete', 'pga', 'kept', '--namespace', namespace, '--timeout=10m']);
  await real().apply(namespace, 'kept', first.kept ?? { plan: 'standard' });
  const after = await inForce('kept');
  expect(backupOf(after).serverName).toBe(before);
  expect((await backupsOf('kept')).map(({ metadata }) => metadata.name)).toEqual([`${before}-first`]);
}

async function changePlans(): Promise<void> {
  await real().running(namespace, 'changing');
  await real().apply(namespace, 'changing', { plan: 'standard', backup });
  const before = backupOf(await inForce('changing')).serverName;
  await real().apply(namespace, 'changing', { plan: 'free', backup });
  const free = await real().running(namespace, 'changing');
  expect(conditionOf(free, 'BackupReady')).toBeUndefined();
  expect(backupOf(free)).toMatchObject({ requested: 'none', effective: 'none', lineages: [{ serverName: before }] });
  const schedule = `${clusterName(namespace, 'changing')}-daily`;
  expect(await real().client.get(scheduledBackupGvr, namespace, schedule)).toBeUndefined();
  await real().apply(namespace, 'changing', { plan: 'standard', backup });
  const after = backupOf(await inForce('changing'));
  expect(after.effective).toBe('daily');
  expect(after.lineages?.map(({ serverName }) => serverName)).toEqual([after.serverName, before]);
  expect(after.serverName).not.toBe(before);
}

describe('a protected database', () => {
  it('keeps its lineage when another addon adopts it, and is not backed up from the beginning', async () => {
    await going.get('adoption');
  });
});

describe('a database whose plan changes', () => {
  it('gets backups with a plan that has them, keeps what was archived without, and begins a new lineage afterwards', async () => {
    await going.get('plans');
  });
});

describe('at every moment of its life', () => {
  // The number of its lineages: each begins with a claim of nothing.
  it.each([
    ['shop', 'daily', 2],
    ['idle', 'pitr', 1],
    ['kept', 'daily', 1],
    ['changing', 'daily', 2],
  ] as const)('%s claims what the archive holds: a base backup and its last WAL file', async (name, level, count) => {
    const states = real()
      .addons.of(namespace, name)
      .map((state) => ({ state, said: backupOf(state) }));
    const claims = states.filter(({ said: { effective = 'none' } }) => effective !== 'none');
    for (const { said } of claims) {
      expect(said.effective).toBe(level);
      expect(said.recoveryWindow?.from).toMatch(/^20/);
      expect(said.lineages?.[0]).toMatchObject({ serverName: said.serverName, from: said.recoveryWindow?.from });
    }
    const lineages = new Set(claims.map(({ said }) => said.serverName));
    expect(lineages.size).toBe(count);
    for (const lineage of lineages) {
      const begun = claims.find(({ said }) => said.serverName === lineage);
      const { status, lastTransitionTime = '' } = (begun && conditionOf(begun.state, 'BackupReady')) ?? {};
      expect(status).toBe('True');
      const claimed = Date.parse(lastTransitionTime);
      const { phase, endWal } = made.latest(namespace, `${lineage}-first`).status ?? {};
      expect(phase).toBe('completed');
      const held = await timesBelow(real(), namespace, `${begun?.said.destinationPath}/${lineage}/`);
      const ended = [...held].filter(([object]) => /^base\/[^/]+\/backup\.info$/.test(object)).map(([, time]) => time);
      expect(Math.min(...ended)).toBeLessThanOrEqual(claimed);
      expect(held.get(walObject(String(endWal)))).toBeLessThanOrEqual(claimed);
    }
  });
});
