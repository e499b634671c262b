// Restore drills on the real CNPG, plugin and S3 server: the newest state comes back and is checked, what cannot be restored is found out and
// named, and nothing is left behind.
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { LiveObject } from '../../../hack/cluster/client.ts';
import { eventually } from '../../../hack/cluster/wait.ts';
import { storeName, storeSecret } from '../../../hack/install/operator.ts';
import type { AddonSpec, AddonStatus } from '../../../src/api/addon.ts';
import { objectStoreGvr } from '../../../src/api/barman.ts';
import { clusterGvr } from '../../../src/api/cnpg.ts';
import { drillName } from '../../../src/domain/names.ts';
import { conditionOf } from '../../harness/views.ts';
import { clusterName } from '../belongings.ts';
import { deleteBelow, objectsBelow, openBucket, writeObject } from '../bucket.ts';
import { minutes, useReal } from '../real.ts';

const real = useReal();
let namespace = '';

type Backup = NonNullable<AddonStatus['backup']>;
type LastDrill = NonNullable<Backup['lastDrill']>;
const backupOf = ({ status }: LiveObject): Backup => (status as AddonStatus | undefined)?.backup ?? {};
const latest = (name: string): Backup => backupOf(real().addons.latest(namespace, name));
const drillOf = (name: string): string => drillName(clusterName(namespace, name));
/** One assertion needs a row more than there are at first. */
const spec: AddonSpec = {
  plan: 'standard',
  backup: {
    storeRef: { name: storeName },
    drill: {
      schedule: '@monthly',
      assertions: [{ sql: 'SELECT count(*) FROM orders', expect: '4' }, { sql: 'SELECT current_user = $$app$$' }],
    },
  },
};

/** Runs SQL as a superuser in the primary. @returns what it printed */
async function sql(name: string, statements: string): Promise<string> {
  const { primary = '' } = real().addons.latest(namespace, name).status as AddonStatus;
  const psql = ['psql', 'app', '--tuples-only', '--no-align', '--quiet', '--set', 'ON_ERROR_STOP=1'];
  const pod = ['exec', '--namespace', namespace, primary, '--container', 'postgres', '--'];
  return (await real().kubectl([...pod, ...psql, '--command', statements])).trim();
}

/** Everything that was committed before is in the archive afterwards. */
async function archiveAll(name: string): Promise<void> {
  // Without anything in it, a WAL file is not completed.
  await sql(name, "SELECT pg_logical_emit_message(true, 'test', 'something')");
  const wal = await sql(name, 'SELECT pg_walfile_name(pg_switch_wal())');
  await eventually('the archive to have it', async () => {
    expect((await sql(name, 'SELECT last_archived_wal FROM pg_stat_archiver')) >= wal).toBe(true);
  });
}

/** Asks for a drill, as the documentation says, and helps it with the archive. @returns what came of it */
async function drilled(name: string, until = minutes(10)): Promise<LastDrill> {
  const request = `${name}-${Date.now()}`;
  const annotation = `addons.paas.dev/drill-now=${request}`;
  await real().kubectl(['annotate', 'pga', name, annotation, '--overwrite', '--namespace', namespace]);
  const seen = (what: string, holds: (backup: Backup) => boolean): Promise<LiveObject> =>
    real().addons.until(namespace, name, what, (addon) => holds(backupOf(addon)), until);
  await seen('a mark', ({ drill }) => drill?.request === request && drill.mark !== undefined);
  // Otherwise archive_timeout does, within five minutes.
  await sql(name, 'SELECT pg_switch_wal()');
  const addon = await seen(`the end of ${request}`, ({ lastDrill }) => lastDrill?.request === request);
  return backupOf(addon).lastDrill as LastDrill;
}

async function expectNothingLeft(name: string): Promise<void> {
  await eventually('the end of what the drill made', async () => {
    for (const gvr of [clusterGvr, objectStoreGvr])
      expect(await real().client.get(gvr, namespace, drillOf(name))).toBeUndefined();
    const pods = [
      'get',
      'pods,pvc,jobs',
      '-l',
      `cnpg.io/cluster=${drillOf(name)}`,
      '--namespace',
      namespace,
      '-o',
      'name',
    ];
    expect(await real().kubectl(pods)).toBe('');
    expect(latest(name).drill).toBeUndefined();
  });
}

beforeAll(async () => {
  namespace = await real().namespace('drill');
  await real().client.apply(storeSecret(real().cluster, namespace));
  const names = ['shop', 'torn', 'gap'];
  await Promise.all(
    names.map(async (name) => {
      await real().apply(namespace, name, spec);
      await real().reason(namespace, name, 'BackupReady', 'InForce');
      await sql(name, 'SET ROLE app; CREATE TABLE orders AS SELECT generate_series(1, 3) AS n');
    }),
  );
  await openBucket(real(), namespace);
});

/** The lineages of the namespace in the bucket, and their base backups; the WAL of the databases goes on meanwhile. */
async function archives(): Promise<readonly string[]> {
  const all = await objectsBelow(real(), namespace, `${latest('shop').destinationPath}/`);
  const isKept = (name: string): boolean => !name.includes('/wals/');
  return [...new Set([...all.filter(isKept), ...all.map((name) => name.split('/')[0] ?? '')])].sort();
}

describe('a drill', () => {
  it('an assertion that does not hold is named, and a drill that passes clears it', async () => {
    const { effective, lineages } = latest('shop');
    const before = await archives();
    expect(before.length).toBeGreaterThan(2 * 3);
    expect(await drilled('shop')).toMatchObject({
      result: 'Failed',
      message: 'assertion 1 of 2 returns 3, not "4": SELECT count(*) FROM orders',
    });
    const addon = await real().reason(namespace, 'shop', 'BackupReady', 'DrillFailed');
    expect(conditionOf(addon, 'Ready')?.status).toBe('True');
    await expectNothingLeft('shop');

    // What was committed a moment ago is restored as well.
    await sql('shop', 'SET ROLE app; INSERT INTO orders VALUES (4)');
    const begun = Date.now();
    const last = await drilled('shop');
    expect(last).toMatchObject({ result: 'Passed', message: 'the newest state was restored, and 2 assertion(s) hold' });
    expect(Date.parse(last.recoveryPoint ?? '')).toBeGreaterThanOrEqual(begun - 5000);
    expect(last.age).toMatch(/^(\d+m)?\d+s$/);
    expect(last.duration).toMatch(/^(\d+m)?\d+s$/);
    await real().event(namespace, 'shop', 'DrillPassed');
    await real().reason(namespace, 'shop', 'BackupReady', 'InForce');
    await expectNothingLeft('shop');
    // The archive was read only: nothing else is in the bucket, and no base backup is changed or gone.
    expect(latest('shop')).toMatchObject({ effective, lineages });
    expect(await archives()).toEqual(before);
  });

  it('is skipped where a quota leaves no room, which says nothing about the backups', async () => {
    const hard = { 'count/clusters.postgresql.cnpg.io': '3' };
    const quota = { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'room' }, spec: { hard } };
    await real().kubectl(['apply', '--namespace', namespace, '-f', '-'], JSON.stringify(quota));
    const counted = '--for=jsonpath={.status.used.count/clusters\\.postgresql\\.cnpg\\.io}=3';
    await real().kubectl(['wait', 'resourcequota/room', counted, '--timeout=5m', '--namespace', namespace]);
    expect(await drilled('shop')).toMatchObject({
      result: 'Skipped',
      message: expect.stringContaining('exceeded quota'),
    });
    await real().kubectl(['delete', 'resourcequota', 'room', '--namespace', namespace]);
    await real().reason(namespace, 'shop', 'BackupReady', 'InForce');
    await expectNothingLeft('shop');
    await real().kubectl(['delete', 'pga', 'shop', '--namespace', namespace, '--timeout=10m']);
  });

  it('a base backup that is damaged and a WAL file that is missing are found out, and the log of the restore says why', async () => {
    await Promise.all([
      finding('torn', /"level":"error"/, async (folder) => {
        const data = (await objectsBelow(real(), namespace, folder)).filter((one) => /^base\/.*\/data\.tar/.test(one));
        expect(data.length).toBeGreaterThan(0);
        for (const one of data) await writeObject(real(), namespace, `${folder}${one}`);
      }),
      finding('gap', /recovery ended before configured recovery target was reached/, async (folder) => {
        for (let count = 0; count < 3; count += 1) await archiveAll('gap');
        const names = await objectsBelow(real(), namespace, folder);
        const missing =
          names
            .filter((one) => /^wals\/.*\/[0-9A-F]{24}(\.\w+)?$/.test(one))
            .sort()
            .at(-2) ?? '';
        expect(missing).not.toBe('');
        await deleteBelow(real(), namespace, `${folder}${missing}`);
      }),
    ]);
  });
});

/** A drill finds out what was done to the archive. @param words in the log that its message names */
async function finding(name: string, words: RegExp, damage: (folder: string) => Promise<void>): Promise<void> {
  const { destinationPath, serverName } = latest(name);
  await damage(`${destinationPath}/${serverName}/`);
  const last = await drilled(name);
  expect(last.result).toBe('Failed');
  expect(last.message).toContain('WAL is missing from the archive');
  const [, args = ''] = /kubectl (logs -n \S+ \S+ -c \S+)\. /.exec(last.message ?? '') ?? [];
  // Of the pods of a Job, kubectl shows one: it may have just begun.
  await eventually('the log to say why', async () => {
    expect(await real().kubectl(args.split(' '))).toMatch(words);
  });
  await real().reason(namespace, name, 'BackupReady', 'DrillFailed');
  await real().running(namespace, name);
  // The second database stays for its log, and goes with the addon.
  expect(latest(name).drill?.keptUntil).toBeDefined();
  await real().kubectl(['delete', 'pga', name, '--namespace', namespace, '--timeout=10m']);
  await eventually('the end of what the drill made', async () => {
    expect(await real().client.get(clusterGvr, namespace, drillOf(name))).toBeUndefined();
  });
}
