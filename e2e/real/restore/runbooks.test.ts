// The runbooks of docs/restore.md, as they stand there.
import { beforeAll, describe, expect, it } from '@jest/globals';
import { secrets } from '../../../hack/cluster/kinds.ts';
import { eventually } from '../../../hack/cluster/wait.ts';
import { storeName, storeSecret } from '../../../hack/install/operator.ts';
import type { AddonStatus } from '../../../src/api/addon.ts';
import { secretText } from '../../harness/views.ts';
import { clusterName, identityOf } from '../belongings.ts';
import { Desk, Document } from '../documents.ts';
import { useReal } from '../real.ts';

const real = useReal();
let namespace = '';
let document: Document;
let desk: Desk;
/** When everything was still right. */
let then = '';

const statusOf = (name: string): AddonStatus => real().addons.latest(namespace, name).status as AddonStatus;
const sql = (name: string, statement: string): Promise<string> => real().sql(namespace, name, statement);
const orders = (name: string): Promise<string> => sql(name, "SELECT string_agg(what, ' ' ORDER BY id) FROM orders");

/** Runs the commands below a heading, with what differs here. @returns what they printed */
async function follow(heading: string, ...[others = {}]: readonly Readonly<Record<string, string>>[]): Promise<string> {
  const blocks = document.section(heading).blocks('sh');
  expect(blocks).toHaveLength(1);
  let script = blocks.join('');
  for (const [written, here] of Object.entries(others)) {
    expect(script).toContain(written);
    script = script.replaceAll(written, here);
  }
  return await desk.run(script);
}

/** Everything that is committed is in the archive afterwards. */
async function archiveAll(): Promise<void> {
  const request = `${Date.now()}`;
  await desk.run(
    `kubectl annotate pga shop addons.paas.dev/backup-now=${request} --overwrite`,
    `kubectl wait pga/shop --for=jsonpath={.status.backup.now.request}=${request} --timeout=10m`,
    'kubectl wait pga/shop --for=jsonpath={.status.backup.now.result}=Completed --timeout=10m',
  );
}

beforeAll(async () => {
  document = await Document.read('docs/restore.md');
  namespace = await real().namespace('books');
  desk = await Desk.set(real(), namespace);
  await real().client.apply(storeSecret(real().cluster, namespace));
  await real().apply(namespace, 'shop', { plan: 'standard', backup: { storeRef: { name: storeName } } });
  await real().reason(namespace, 'shop', 'BackupReady', 'InForce');
  await real().startApp(namespace, 'shop');
  const table = 'CREATE TABLE orders (id int PRIMARY KEY GENERATED ALWAYS AS IDENTITY, what text NOT NULL)';
  await sql('shop', `${table}; INSERT INTO orders (what) VALUES ('first'), ('second')`);
  // After the commit of the one, and before that of the other.
  then = await sql('shop', `SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`);
  await sql('shop', "DELETE FROM orders WHERE what = 'first'; INSERT INTO orders (what) VALUES ('third')");
  await archiveAll();
});

describe('the runbook', () => {
  it('has no commands but those that are run here', () => {
    // The last one is that of lost-cluster.test.ts.
    expect(document.section('## Runbooks').blocks('sh')).toHaveLength(9);
  });

  it('for a whole database brings the state of that time up beside the other one', async () => {
    const written = '2026-11-29T10:15:00Z';
    expect(await follow('### A whole database, as of a time', { [written]: then })).toContain('condition met');
    await real().startApp(namespace, 'shop-before');
    expect(await orders('shop-before')).toBe('first second');
    expect(await orders('shop')).toBe('second third');
  });

  it('for one table brings it back as it was, and keeps the damaged one', async () => {
    expect(await follow('### One table')).toContain('Complete');
    expect(await orders('shop')).toBe('first second');
    expect(await sql('shop', "SELECT string_agg(what, ' ' ORDER BY id) FROM damaged.orders")).toBe('second third');
    // With its key, and its numbers: after a recovery, a sequence goes on up to 32 further.
    await sql('shop', "INSERT INTO orders (what) VALUES ('fourth')");
    expect(await sql('shop', 'SELECT id BETWEEN 3 AND 35 FROM orders WHERE what = $$fourth$$')).toBe('t');
    await expect(sql('shop', "INSERT INTO orders OVERRIDING SYSTEM VALUE VALUES (1, 'again')")).rejects.toThrow(
      /duplicate key/,
    );
  });

  it('for everything replaces all of it or nothing', async () => {
    await sql('shop', 'CREATE TABLE later (id int REFERENCES orders)');
    const failed = await follow('### Everything back in place');
    expect(failed).toContain('Failed');
    expect(failed).toContain('constraint later_id_fkey on table');
    expect(await orders('shop')).toBe('first second fourth');
    await sql('shop', 'ALTER TABLE later DROP CONSTRAINT later_id_fkey');
    expect(await follow('### Everything back in place')).toContain('Complete');
    expect(await orders('shop')).toBe('first second');
    expect(await sql('shop', "SELECT to_regclass('later') IS NOT NULL")).toBe('t');
  });

  it('for the restored database in place of the other one leaves no moment without a URL that logs in, and leads back', async () => {
    const secret = 'app-shop-database-url';
    const cluster = (name: string): string => `@db-${namespace}-${name}-rw.`;
    const urlNow = async (): Promise<string> =>
      secretText(await real().client.get(secrets, namespace, secret), 'DATABASE_URL');
    const seen: string[] = [];
    let isOver = false;
    const logins = (async () => {
      while (!isOver) {
        const url = await urlNow();
        const script = 'psql "$0" -Atc "SELECT 1"';
        const said = await real().script({ namespace, pod: 'app-shop' }, script, url);
        seen.push(`${['shop', 'shop-before'].find((name) => url.includes(cluster(name)))} ${said.trim()}`);
      }
    })();
    const until = async (entry: string): Promise<void> => {
      const before = seen.length;
      await eventually(`a login to ${entry}`, () => expect(seen.slice(before)).toContain(entry));
    };
    const blocks = document.section('### The restored database in place of the other one').blocks('sh');
    expect(blocks).toHaveLength(2);
    const steps = async (): Promise<void> => {
      await until('shop 1');
      for (const [block, now] of [
        [blocks[0], 'shop-before 1'],
        [blocks[1], 'shop 1'],
      ] as const) {
        expect(await desk.run(block ?? '')).toContain('condition met');
        await until(now);
      }
    };
    // A login that fails ends the test at once.
    await Promise.race([steps(), logins]).finally(() => {
      isOver = true;
    });
    await logins;
    expect(new Set(seen)).toEqual(new Set(['shop 1', 'shop-before 1']));
  });

  it('for a deleted addon finds its backups by the last Event', async () => {
    await archiveAll();
    await real().stopApp(namespace, 'shop');
    const { serverName = '' } = statusOf('shop').backup ?? {};
    await desk.run('kubectl delete pga shop --timeout=10m');
    await real().event(namespace, 'shop', 'Deleted');
    const here = { 'db-team-a-shop-1a2b3c4d': serverName, 'store: main': `store: ${storeName}` };
    const said = await follow('### A deleted addon', here);
    expect(said).toContain(`object store "${storeName}"`);
    expect(said).toContain(`/${serverName}, until`);
    await real().startApp(namespace, 'shop');
    expect(await orders('shop')).toBe('first second');
  });

  it('for a deleted protected addon brings it back as it was, and from its archive once its Cluster is gone as well', async () => {
    await real().reason(namespace, 'shop', 'BackupReady', 'InForce');
    await desk.run(
      `kubectl patch pga shop --type=merge --patch='{"spec": {"mode": "protected"}}'`,
      'kubectl wait pga/shop --for=condition=Protected --timeout=5m',
    );
    const before = await identityOf(real(), namespace, 'shop');
    await desk.run('kubectl delete pga shop --timeout=10m');
    const adopted = await follow('### A deleted protected addon');
    expect(adopted).toContain(`cluster.postgresql.cnpg.io/${clusterName(namespace, 'shop')}`);
    expect(adopted.match(/condition met/g)).toHaveLength(2);
    expect(await identityOf(real(), namespace, 'shop')).toEqual(before);
    await sql('shop', "INSERT INTO orders (what) VALUES ('last')");
    await archiveAll();

    const { serverName = '' } = statusOf('shop').backup ?? {};
    await real().stopApp(namespace, 'shop');
    await desk.run(
      'kubectl delete pga shop --timeout=10m',
      `kubectl delete cluster ${clusterName(namespace, 'shop')} --timeout=5m`,
    );
    const here = { 'db-team-a-shop-1a2b3c4d': serverName, 'store: main': `store: ${storeName}` };
    const said = await follow('### A deleted protected addon whose Cluster is gone as well', here);
    expect(said).toContain(`"${serverName}":`);
    expect(said).toContain('condition met');
    await real().startApp(namespace, 'shop');
    expect(await orders('shop')).toBe('first second last');
  });
});
