// Restores on the real CNPG, plugin and S3 server: what comes back is exactly what was committed up to the requested time, and the source
// is not needed afterwards.
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { LiveObject } from '../../../hack/cluster/client.ts';
import { secrets } from '../../../hack/cluster/kinds.ts';
import { eventually } from '../../../hack/cluster/wait.ts';
import { storeName, storeSecret } from '../../../hack/install/operator.ts';
import type { AddonSpec, AddonStatus } from '../../../src/api/addon.ts';
import { objectStoreGvr } from '../../../src/api/barman.ts';
import { clusterGvr } from '../../../src/api/cnpg.ts';
import { resources } from '../../../src/api/resources.ts';
import { defaultPlans } from '../../../src/domain/database/plans.ts';
import { redactionJobName } from '../../../src/domain/names.ts';
import { conditionOf } from '../../harness/views.ts';
import { clusterName } from '../belongings.ts';
import { objectsBelow, openBucket, writeObject } from '../bucket.ts';
import { minutes, useReal } from '../real.ts';

const real = useReal();
let namespace = '';
const backup = { storeRef: { name: storeName } };
const diskOfPro = defaultPlans.pro.storage;
type Restore = NonNullable<AddonSpec['restore']>['from'];

/** Runs SQL as a superuser in the primary. @returns what it printed */
async function sql(name: string, statements: string): Promise<string> {
  const { primary = '' } = statusOf(name);
  const psql = ['psql', 'app', '--tuples-only', '--no-align', '--quiet', '--set', 'ON_ERROR_STOP=1'];
  const pod = ['exec', '--namespace', namespace, primary, '--container', 'postgres', '--'];
  return (await real().kubectl([...pod, ...psql, '--command', statements])).trim();
}

const rowsOf = (name: string): Promise<string> => sql(name, "SELECT string_agg(what, ' ' ORDER BY at) FROM orders");
const statusOf = (name: string): AddonStatus => real().addons.latest(namespace, name).status as AddonStatus;
const restoring = (name: string, from: Restore, spec: Partial<AddonSpec> = {}): Promise<void> =>
  real().apply(namespace, name, { plan: 'standard', backup, restore: { from }, ...spec });
const messageOf = async (name: string, reason: string): Promise<string> =>
  conditionOf(await real().reason(namespace, name, 'Ready', reason), 'Ready')?.message ?? '';

const timeIn = (name: string): Promise<string> =>
  sql(name, `SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`);

/** The node has no memory for databases that nobody needs any more. */
const remove = (name: string, from = namespace): Promise<string> =>
  real().kubectl(['delete', 'pga', name, '--namespace', from, '--timeout=10m']);

/** Everything that is committed is in the archive afterwards. */
async function archiveAll(name: string): Promise<void> {
  const request = `addons.paas.dev/backup-now=${Date.now()}`;
  await real().kubectl(['annotate', 'pga', name, request, '--overwrite', '--namespace', namespace]);
  const isDone = '--for=jsonpath={.status.backup.now.result}=Completed';
  await real().kubectl(['wait', `pga/${name}`, isDone, '--timeout=10m', '--namespace', namespace]);
}

/** What was committed is in the archive afterwards, without another base backup. */
async function archiveNow(name: string): Promise<void> {
  const wal = await sql(name, 'SELECT pg_walfile_name(pg_switch_wal())');
  await eventually('the archive to have it', async () => {
    expect((await sql(name, 'SELECT last_archived_wal FROM pg_stat_archiver')) >= wal).toBe(true);
  });
}

/** Another role of the source, with a password that somebody knows. */
const passwordOfReport = 'test-password-of-report';

/** Logs in over the network. @returns what psql said */
async function psqlIn(name: string, url: string): Promise<string> {
  const { primary: pod = '' } = statusOf(name);
  const script = 'psql "$0" -Atc "SELECT current_user" 2>&1 || true';
  return await real().script({ namespace, pod, container: 'postgres' }, script, url);
}

function reportLogsIn(name: string): Promise<string> {
  const url = `postgresql://report:${passwordOfReport}@${clusterName(namespace, name)}-rw.${namespace}/app`;
  return psqlIn(name, url);
}

const rejected = 'pg_hba.conf rejects connection';

const jobIn = (place: string): Promise<LiveObject | undefined> =>
  real().client.get(resources.jobs.gvr, place, redactionJobName(clusterName(place, 'copy')));

/** Makes the redaction begin again, as its message says. */
async function begins(place: string): Promise<void> {
  const failed = await real().reason(place, 'copy', 'Ready', 'RedactionFailed');
  const [, again = ''] = /kubectl (delete job .*)$/.exec(conditionOf(failed, 'Ready')?.message ?? '') ?? [];
  await real().kubectl(again.split(' '));
}

/** The redaction fails with these words in the log that its message names. @param write gives it the SQL */
async function fails(place: string, write: () => Promise<unknown>, why: string): Promise<void> {
  const hasFailed = (job: LiveObject | undefined): boolean =>
    job !== undefined && conditionOf(job, 'Failed') !== undefined;
  const before = await jobIn(place);
  const isAgain = hasFailed(before);
  await write();
  if (isAgain) await begins(place);
  await eventually('the Job to fail', async () => {
    const job = await jobIn(place);
    expect([job?.metadata.uid !== before?.metadata.uid, hasFailed(job)]).toEqual([isAgain, true]);
  });
  const failed = await real().reason(place, 'copy', 'Ready', 'RedactionFailed');
  const [, logs = ''] = /kubectl (logs \S+ \S+ \S+)\. /.exec(conditionOf(failed, 'Ready')?.message ?? '') ?? [];
  const log = await real().kubectl(logs.split(' '));
  expect(log).toContain(why);
  expect(log).not.toContain('uid=');
}

/** Between the first row and the second. */
let between = '';
/** Long after the second row, and long before the third: nothing is written for minutes. */
let idle = '';
let lineage = '';
/** The backups of the restored `pro` database, which nobody needs once they were restored: where they are in the bucket. */
let ofLate = { serverName: '', folder: '' };

beforeAll(async () => {
  namespace = await real().namespace('restore');
  await real().client.apply(storeSecret(real().cluster, namespace));
  await real().apply(namespace, 'shop', { plan: 'standard', backup });
  await real().reason(namespace, 'shop', 'BackupReady', 'InForce');
  lineage = statusOf('shop').backup?.serverName ?? '';
  const table = 'CREATE TABLE orders (what text, at timestamptz DEFAULT clock_timestamp())';
  await sql('shop', `CREATE ROLE report LOGIN PASSWORD '${passwordOfReport}'`);
  await sql('shop', `SET ROLE app; ${table}; INSERT INTO orders VALUES ('first')`);
  await sql('shop', 'SELECT pg_sleep(0.5)');
  between = await timeIn('shop');
  await sql('shop', 'SELECT pg_sleep(0.5)');
  await sql('shop', "INSERT INTO orders VALUES ('second')");
  // A database that is restored to a time waits until the archive reaches it.
  await restoring('between', { addon: 'shop', targetTime: between });
  await archiveAll('shop');
  idle = await timeIn('shop');
});

describe('a database that is restored', () => {
  it('to a moment between two rows that were written one second apart has the first one only', async () => {
    await real().running(namespace, 'between');
    expect(await rowsOf('between')).toBe('first');
    // A login that is slow asks no more; the next check-up does, within ten minutes.
    const isTold = (state: LiveObject): boolean => (state.status as AddonStatus).restore?.lockedRoles !== undefined;
    await real().addons.until(namespace, 'between', 'its locked roles', isTold, minutes(12));
    expect(statusOf('between').restore).toEqual({
      ...{ serverName: lineage, store: storeName, targetTime: between },
      ...{ database: 'app', owner: 'app', major: 17, lockedRoles: ['report'] },
      ...{ duration: expect.stringMatching(/^[0-9m]+s$/), size: expect.stringMatching(/^\d+Mi$/) },
    });
    const course = real().addons.course(namespace, 'between', (state) => conditionOf(state, 'Ready')?.reason);
    expect(course).toContain('Restoring');
    // Its own backups begin at once, and below a name of their own.
    await real().reason(namespace, 'between', 'BackupReady', 'InForce');
    expect(statusOf('between').backup?.serverName).not.toBe(lineage);
    expect(await rowsOf('shop')).toBe('first second');
  });

  it('has a password of its own', async () => {
    const url = async (name: string): Promise<string> =>
      await real().kubectl([
        ...['get', 'secret', `app-${name}-database-url`, '--namespace', namespace],
        ...['--output', 'go-template={{.data.DATABASE_URL | base64decode}}'],
      ]);
    const [theirs, ours] = [new URL(await url('shop')), new URL(await url('between'))];
    expect(ours.password).not.toBe(theirs.password);
    // That of the source is nothing there any more.
    theirs.host = ours.host;
    expect(await psqlIn('between', theirs.href)).toContain('password authentication failed');
  });

  it('lets no other role in with the password that it has in the source, until somebody asks for it', async () => {
    expect((await reportLogsIn('shop')).trim()).toBe('report');
    expect(await reportLogsIn('between')).toContain(rejected);
    const event = await real().event(namespace, 'between', 'RolesLocked');
    expect(event.note).toContain('report');
    const annotate = (change: string) =>
      real().kubectl(['annotate', 'pga', 'between', change, '--namespace', namespace]);
    await annotate('addons.paas.dev/unlock-roles=true');
    await eventually('the role to log in', async () => {
      expect((await reportLogsIn('between')).trim()).toBe('report');
    });
    await real().addons.until(namespace, 'between', 'no locked roles', ({ status }) => {
      const { restore } = status as AddonStatus;
      return restore !== undefined && restore.lockedRoles === undefined;
    });
    await annotate('addons.paas.dev/unlock-roles-');
    await eventually('the role to be rejected again', async () => {
      expect(await reportLogsIn('between')).toContain(rejected);
    });
  });

  it('also into another namespace, once its addon permits that, and redacted before anybody can log in', async () => {
    const other = await real().namespace('elsewhere');
    await real().client.apply(storeSecret(real().cluster, other));
    const redaction = { configMapKeyRef: { name: 'redaction', key: 'copy.sql' } };
    await real().apply(other, 'copy', {
      plan: 'standard',
      backup,
      restore: { from: { addon: 'shop', namespace }, redaction },
    });
    const refused = await real().reason(other, 'copy', 'Ready', 'RestoreSourceMissing');
    const [, permit = ''] = /kubectl (annotate .*)$/.exec(conditionOf(refused, 'Ready')?.message ?? '') ?? [];
    await real().kubectl(permit.split(' '));
    // Without the ConfigMap, its pod does not start.
    const isWaiting = (state: LiveObject): boolean =>
      (conditionOf(state, 'Ready')?.message ?? '').includes('kubectl describe job,pod');
    const waiting = await real().addons.until(other, 'copy', 'the Job', isWaiting, minutes(5));
    const [, describe = ''] =
      /kubectl (describe job,pod .*) says why/.exec(conditionOf(waiting, 'Ready')?.message ?? '') ?? [];
    await eventually('the reason', async () => {
      expect(await real().kubectl(describe.split(' '))).toContain('configmap "redaction" not found');
    });
    const write = (text: string): Promise<unknown> =>
      real().client.apply({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'redaction', namespace: other },
        data: { 'copy.sql': text },
      });
    const redact = "UPDATE orders SET what = 'redacted';";
    // Of psql's own commands, none is carried out; and what cannot be committed is not taken for committed.
    const late = 'CREATE TABLE late (id int PRIMARY KEY, of int REFERENCES late DEFERRABLE INITIALLY DEFERRED)';
    await fails(other, () => write(`${redact}\n\\! id\n`), 'syntax error at or near "\\"');
    await fails(
      other,
      () => write(`${redact} ${late}; INSERT INTO late VALUES (1, 2)`),
      'violates foreign key constraint',
    );
    expect(await real().client.get(secrets, other, 'app-copy-database-url')).toBeUndefined();
    await write(redact);
    await begins(other);
    const states = real().addons.of(other, 'copy');
    expect(states.filter(({ status }) => status?.phase === 'running')).toEqual([]);
    await real().running(other, 'copy');
    await real().startApp(other, 'copy');
    const rows = "SELECT string_agg(what, ' ' ORDER BY at) FROM orders";
    expect(await real().sql(other, 'copy', rows)).toBe('redacted redacted');
    // From no backup of it, the data as they were could be restored.
    const backedUp = await real().reason(other, 'copy', 'BackupReady', 'InForce');
    const [lineageOfCopy] = (backedUp.status as AddonStatus).backup?.lineages ?? [];
    const { completionTime } = ((await jobIn(other))?.status ?? {}) as { readonly completionTime?: string };
    expect(Date.parse(lineageOfCopy?.from ?? '')).toBeGreaterThan(Date.parse(completionTime ?? ''));
    await remove('copy', other);
  });

  it('an addon that is deleted, to a time at which it was idle: its name is not enough, and its archive is', async () => {
    const idleUntil = Date.now();
    await sql('shop', "INSERT INTO orders VALUES ('third')");
    await archiveNow('shop');
    expect(idleUntil - Date.parse(idle)).toBeGreaterThan(minutes(1));
    await remove('shop');
    await eventually('the end of its ObjectStore', async () => {
      const name = clusterName(namespace, 'shop');
      expect(await real().client.get(objectStoreGvr, namespace, name)).toBeUndefined();
    });
    await restoring('late', { addon: 'shop' });
    expect(await messageOf('late', 'RestoreSourceMissing')).toContain('spec.restore.from.archive');
    expect(await real().client.get(clusterGvr, namespace, clusterName(namespace, 'late'))).toBeUndefined();
    await remove('late');
    const archive = { store: storeName, serverName: lineage };
    await restoring('late', { archive, targetTime: idle }, { plan: 'pro' });
    await real().running(namespace, 'late');
    expect(await rowsOf('late')).toBe('first second');
  });

  it('fails over within 60 s although neither its source nor the ObjectStore of that exists any more', async () => {
    await real().running(namespace, 'late');
    const { primary = '' } = statusOf('late');
    await real().kubectl(['delete', 'pod', primary, '--namespace', namespace, '--grace-period=0', '--force']);
    const cluster = clusterName(namespace, 'late');
    await eventually(
      'another primary',
      async () => {
        const live = await real().client.get(clusterGvr, namespace, cluster);
        expect(live?.status?.currentPrimary).not.toBe(primary);
      },
      { timeoutMilliseconds: minutes(1) },
    );
    await real().running(namespace, 'late');
    expect(await rowsOf('late')).toBe('first second');
  });

  it('can have a smaller plan than its source, which can go once there is a Cluster', async () => {
    await real().reason(namespace, 'late', 'BackupReady', 'InForce');
    const { serverName = '', destinationPath } = statusOf('late').backup ?? {};
    ofLate = { serverName, folder: `${destinationPath}/${serverName}` };
    expect(statusOf('late').resources?.storage).toBe(diskOfPro);
    await restoring('smaller', { addon: 'late' });
    await eventually('its Cluster', async () => {
      expect(await real().client.get(clusterGvr, namespace, clusterName(namespace, 'smaller'))).toBeDefined();
    });
    // It is looked at further down: something else has to be waited for meanwhile.
    await remove('late');
  });

  it('gets its ObjectStore again when somebody deletes it, and CNPG goes on looking after its Cluster', async () => {
    const cluster = clusterName(namespace, 'between');
    const origin = `${cluster}.origin`;
    await real().kubectl(['delete', 'objectstore', origin, '--namespace', namespace]);
    await eventually('the ObjectStore', async () => {
      expect(await real().client.get(objectStoreGvr, namespace, origin)).toBeDefined();
    });
    // Without a primary, CNPG has to act.
    const { primary = '', readySince } = statusOf('between');
    await real().kubectl(['delete', 'pod', primary, '--namespace', namespace, '--grace-period=0', '--force']);
    await real().addons.until(
      namespace,
      'between',
      'a login after the restart',
      ({ status }) => status?.phase === 'running' && status.readySince !== readySince,
      minutes(5),
    );
    await remove('between');
  });

  it('has the disk of the larger plan, from which it was restored', async () => {
    await real().running(namespace, 'smaller');
    expect(await rowsOf('smaller')).toBe('first second');
    expect(statusOf('smaller')).toMatchObject({ plan: 'standard', resources: { storage: diskOfPro } });
    await real().reason(namespace, 'smaller', 'PlanApplied', 'DiskNotShrunk');
    await remove('smaller');
  });
});

describe('a restore that cannot succeed', () => {
  let before: readonly string[] = [];
  beforeAll(async () => {
    await openBucket(real(), namespace);
    before = await objectsBelow(real(), namespace, `${ofLate.folder}/`);
    const data = before.filter((name) => /^base\/.*\/data\.tar/.test(name));
    expect(data.length).toBeGreaterThan(0);
    for (const name of data) await writeObject(real(), namespace, `${ofLate.folder}/${name}`);
    // Each fails several times before it is given up: both at once.
    await restoring('broken', { archive: { store: storeName, serverName: ofLate.serverName } });
    // Nothing was committed in the last seconds before the addon was deleted, and nothing can be afterwards.
    const targetTime = new Date().toISOString();
    await restoring('ahead', { archive: { store: storeName, serverName: lineage }, targetTime });
  });

  it('from a base backup that is damaged: it fails, says where the reason is, and leaves everything as it is', async () => {
    const message = await messageOf('broken', 'RestoreFailed');
    expect(message).toContain('The backups are only read, and stay as they are');
    const [, args = ''] = /kubectl (logs -n \S+ \S+ -c \S+)\. /.exec(message) ?? [];
    await eventually('the log to say why', async () => {
      expect(await real().kubectl(args.split(' '))).toMatch(/"level":"error"/);
    });
    const states = real().addons.of(namespace, 'broken');
    expect(states.filter(({ status }) => status?.phase === 'running')).toEqual([]);
    expect(await objectsBelow(real(), namespace, `${ofLate.folder}/`)).toEqual(before);
    await remove('broken');
  });

  it('to a time that the archive does not reach: it is named, and another addon restores the newest state', async () => {
    const message = await messageOf('ahead', 'RestoreFailed');
    expect(message).toContain('recovery ended before configured recovery target was reached');
    const [, args = ''] = /kubectl (logs -n \S+ \S+ -c \S+)\. /.exec(message) ?? [];
    // Of the pods of a Job, kubectl shows one: it may have just begun.
    await eventually('the log to say why', async () => {
      const log = await real().kubectl(args.split(' '));
      expect(log).toContain('recovery ended before configured recovery target was reached');
    });
    await remove('ahead');
    await restoring('ahead', { archive: { store: storeName, serverName: lineage } });
    await real().running(namespace, 'ahead');
    expect(await rowsOf('ahead')).toBe('first second third');
    await remove('ahead');
  });
});
