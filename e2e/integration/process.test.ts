// The operator as a process: one of several is the leader, another takes over, a shutdown is quick and clean, and no secret is disclosed.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { events, leases, secrets } from '../../hack/cluster/kinds.ts';
import { eventually } from '../../hack/cluster/wait.ts';
import { clusterGvr } from '../../src/api/cnpg.ts';
import { isWrite, tally } from '../harness/audit.ts';
import type { Operator } from '../harness/operator.ts';
import { chartPermissions, grant } from '../harness/permissions.ts';
import { Relay } from '../harness/relay.ts';
import { useSuite } from '../harness/suite.ts';
import { at, secretText } from '../harness/views.ts';

const suite = useSuite({ withOperator: false });
// One that a failed test has left would keep the Lease from the next test's.
afterEach(() => suite().killOperators());

const leads = (operator: Operator): boolean =>
  operator.log.some(({ msg }) => msg?.includes('this replica is the leader'));

const lease = () => suite().client.get(leases, suite().operatorNamespace, 'postgres-addon-operator');
const holder = async (): Promise<string> => String(at(await lease(), 'spec', 'holderIdentity') ?? '');

async function expectWorking(): Promise<void> {
  const namespace = await suite().namespace();
  await suite().createAddon(namespace, 'shop', { plan: 'free' });
  await suite().untilRunning(namespace, 'shop');
}

describe('two replicas', () => {
  it('elect a leader: when it is killed, the other takes over within the duration of the Lease; when that is stopped, it releases the Lease', async () => {
    const first = await suite().startOperator({ user: 'operator-a', podName: 'a' });
    await first.said('this replica is the leader');
    const second = await suite().startOperator({ user: 'operator-b', podName: 'b' });
    await second.untilReady();
    expect(await holder()).toMatch(/^a_/);
    const mark = await suite().audit.mark();
    await expectWorking();
    const writes = (await suite().audit.since(mark)).filter(
      (request) => request.user === second.user && isWrite(request),
    );
    expect(tally(writes)).toEqual({});
    expect(leads(second)).toBe(false);

    expect(await first.kill()).toMatchObject({ signal: 'SIGKILL' });
    const renewed = Date.parse(String(at(await lease(), 'spec', 'renewTime')));
    await second.said('this replica is the leader');
    expect(await holder()).toMatch(/^b_/);
    // Not before the 15 s of the Lease have passed. That it is soon after them is shown in virtual time, by lease.test.ts.
    expect(Date.parse(String(at(await lease(), 'spec', 'acquireTime'))) - renewed).toBeGreaterThan(15_000);
    await expectWorking();

    const third = await suite().startOperator({ user: 'operator-a', podName: 'c' });
    await third.untilReady();
    expect(await second.stop()).toEqual({ code: 0, signal: null });
    // Nothing has to expire: whoever comes next finds a Lease without a holder.
    await third.said('this replica is the leader');
    expect(await holder()).toMatch(/^c_/);
    await expectWorking();
    await third.stop();
  });

  it('never lead at the same time: an operator that lost its Lease exits', async () => {
    const operator = await suite().startOperator({ user: 'operator-d', podName: 'd' });
    await operator.said('this replica is the leader');
    const now = `${new Date().toISOString().slice(0, 19)}.000000Z`;
    await suite().client.patch(leases, suite().operatorNamespace, 'postgres-addon-operator', {
      spec: { holderIdentity: 'thief', renewTime: now, leaseDurationSeconds: 1 },
    });
    expect(await operator.ended()).toMatchObject({ code: 1 });
    expect(operator.output).toContain('lost the lease');
  });
});

describe('an outage of the API server', () => {
  it('of more than the time of a leader ends nobody and changes no leader; nothing is written until the Lease is renewed', async () => {
    const relay = await Relay.start(suite().cluster.kubeconfig);
    try {
      const environment = { KUBECONFIG: relay.kubeconfig };
      const leader = await suite().startOperator({ user: 'operator-o', podName: 'o', environment });
      await leader.said('this replica is the leader');
      const other = await suite().startOperator({ user: 'operator-p', podName: 'p', environment });
      await other.untilReady();
      await expectWorking();
      const before = await holder();
      expect(before).toMatch(/^o_/);

      relay.cut();
      const namespace = await suite().namespace();
      await suite().createAddon(namespace, 'shop', { plan: 'free' });
      await leader.said('nothing is written until it is');
      expect((await leader.page('/metrics')).body).toContain('\npostgres_addon_leader 0\n');
      expect((await leader.page('/livez')).status).toBe(200);
      // Longer than the Lease: the other one would take it at once if it did not observe the holder anew.
      await eventually('the Lease to expire', async () => {
        expect(Date.now() - Date.parse(String(at(await lease(), 'spec', 'renewTime')))).toBeGreaterThan(16_000);
      });
      expect(await suite().client.list(clusterGvr, namespace)).toEqual([]);

      relay.mend();
      await suite().untilRunning(namespace, 'shop');
      await expectWorking();
      expect([leader.exit, other.exit]).toEqual([undefined, undefined]);
      expect(await holder()).toBe(before);
      expect(leads(other)).toBe(false);
      await Promise.all([leader.stop(), other.stop()]);
    } finally {
      await relay.close();
    }
  });
});

describe('a shutdown', () => {
  it('during work is quick, releases the Lease, and the next process completes the work', async () => {
    const operator = await suite().startOperator({ user: 'operator-e', podName: 'e' });
    await operator.said('this replica is the leader');
    const namespace = await suite().namespace();
    const names = Array.from({ length: 20 }, (_, index) => `shop-${index}`);
    await Promise.all(names.map((name) => suite().createAddon(namespace, name, { plan: 'standard' })));
    await suite().clusters.until(namespace, `db-${namespace}-shop-0`, 'its creation', () => true);
    expect(await operator.stop()).toEqual({ code: 0, signal: null });
    expect(await holder()).toBe('');

    const next = await suite().startOperator({ user: 'operator-e', podName: 'f' });
    for (const name of names) await suite().untilRunning(namespace, name);
    expect(await suite().client.list(clusterGvr, namespace)).toHaveLength(names.length);
    await next.stop();
  });

  it('before it leads is as quick', async () => {
    const operator = await suite().startOperator({ user: 'operator-g' });
    await operator.said('started');
    expect(await operator.stop()).toEqual({ code: 0, signal: null });
  });
});

describe('a start', () => {
  it('with a configuration that cannot be used ends with 2 and names every problem', async () => {
    const operator = await suite().startOperator({
      user: 'operator-h',
      environment: { WORKERS: 'many', IMAGE_PATTERN: 'postgres' },
    });
    expect(await operator.ended()).toMatchObject({ code: 2 });
    expect(operator.output).toMatch(/WORKERS/);
    expect(operator.output).toMatch(/IMAGE_PATTERN.*\{version\}/);
  });

  it('with a kubeconfig that is not there ends with 1 and names it', async () => {
    const operator = await suite().startOperator({ user: 'operator-h', environment: { KUBECONFIG: '/dev/null/none' } });
    expect(await operator.ended()).toMatchObject({ code: 1 });
    expect(operator.output).toContain('/dev/null/none');
  });

  it('without an API server stays alive, is not ready and reports why', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'kubeconfig-'));
    try {
      const path = join(folder, 'nobody-listens');
      const text = await readFile(suite().cluster.kubeconfig, 'utf8');
      // Port 1 of the same address: connections to it are refused.
      await writeFile(path, text.replace(/(server: https:\/\/[^:]+):\d+/, '$1:1'), { mode: 0o600 });
      const operator = await suite().startOperator({ user: 'operator-h', environment: { KUBECONFIG: path } });
      await operator.said('watch failed');
      const ready = await operator.page('/readyz?verbose');
      expect(ready.status).toBe(503);
      expect(ready.body).toContain('ECONNREFUSED');
      expect((await operator.page('/livez')).status).toBe(200);
      expect(await operator.stop()).toMatchObject({ code: 0 });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('an operator of some namespaces', () => {
  it('works in them with a Role in each, and does not know of others', async () => {
    const [first, second, other] = [await suite().namespace(), await suite().namespace(), await suite().namespace()];
    const operator = await suite().startOperator({
      user: 'operator-n',
      permissions: await chartPermissions(suite().cluster, suite().operatorNamespace, [first, second]),
      environment: { WATCH_NAMESPACES: `${first},${second}` },
    });
    await operator.untilReady();
    const mark = await suite().audit.mark();
    for (const namespace of [other, first, second]) await suite().createAddon(namespace, 'shop', { plan: 'standard' });
    for (const namespace of [first, second]) await suite().untilRunning(namespace, 'shop');
    // A disk that grows needs a class, which no Role can grant.
    await suite().patchAddon(first, 'shop', { plan: 'pro' });
    expect((await suite().untilRunning(first, 'shop')).status?.resources).toMatchObject({ storage: '50Gi' });
    expect(await suite().client.list(clusterGvr, other)).toEqual([]);
    const requests = (await suite().audit.since(mark)).filter(({ user }) => user === operator.user);
    expect(requests.filter(({ code, namespace }) => code === 403 || namespace === other)).toEqual([]);
    expect(await operator.stop()).toMatchObject({ code: 0 });
  });
});

describe('an operator of some namespaces, one of which it may not list', () => {
  it('starts with the others, and takes that one up when it may', async () => {
    const [first, lost] = [await suite().namespace(), await suite().namespace()];
    const user = 'operator-lost';
    const permissions = (watched: readonly string[]) =>
      chartPermissions(suite().cluster, suite().operatorNamespace, watched);
    for (const namespace of [first, lost]) await suite().createAddon(namespace, 'shop', { plan: 'free' });
    const environment = { WATCH_NAMESPACES: `${lost},${first}` };
    const operator = await suite().startOperator({ user, permissions: await permissions([first]), environment });
    await suite().untilRunning(first, 'shop');
    await operator.untilReady();
    expect((await operator.page('/metrics')).body).toContain('postgres_addon_unseen_namespaces 1');
    expect(await operator.said('watch failed')).toMatchObject({ namespace: lost, code: 403 });
    expect(await suite().client.list(clusterGvr, lost)).toEqual([]);
    await grant(suite().client, user, await permissions([first, lost]));
    await suite().untilRunning(lost, 'shop');
    expect((await operator.page('/metrics')).body).toContain('postgres_addon_unseen_namespaces 0');
    expect(await operator.stop()).toMatchObject({ code: 0 });
  });
});

describe('a password', () => {
  it('is in no log line, event, status or metric, whatever goes wrong with it', async () => {
    const { client, addons, clusters } = suite();
    const operator = await suite().startOperator({ user: 'operator-s', environment: { LOG_LEVEL: 'debug' } });
    await operator.said('this replica is the leader');
    const namespace = await suite().namespace();
    const source = `db-${namespace}-shop-app`;
    const planted: string[] = [];
    const remember = async (name: string, key: string): Promise<void> => {
      const text = secretText(await client.get(secrets, namespace, name), key);
      expect(text.length).toBeGreaterThan(5);
      planted.push(text, Buffer.from(text).toString('base64'), encodeURIComponent(text));
    };

    await suite().createAddon(namespace, 'shop', { plan: 'standard' });
    await suite().untilRunning(namespace, 'shop');
    await remember(source, 'password');
    await remember('app-shop-database-url', 'DATABASE_URL');
    // Followed, unusable, foreign: each path that handles a value.
    for (const value of ['hunter2/p@ss#word', 'line\nbreak-hunter3', 'hunter4'.repeat(300)]) {
      planted.push(value, value.slice(0, 40), Buffer.from(value).toString('base64'));
      await client.patch(secrets, namespace, source, { data: { password: Buffer.from(value).toString('base64') } });
      await suite().patchAddon(namespace, 'shop', {
        connection: { sslMode: value.startsWith('line') ? 'require' : 'prefer' },
      });
      await addons.until(
        namespace,
        'shop',
        'the new generation',
        ({ status, metadata }) => status?.observedGeneration === metadata.generation,
      );
    }
    await client.patch(secrets, namespace, source, {
      data: { username: Buffer.from('hunter5-user').toString('base64') },
    });
    planted.push('hunter5-user');
    await suite().untilReason(namespace, 'shop', 'CredentialsPublished', 'CredentialsInvalid');
    await client.remove(secrets, namespace, 'app-shop-database-url');
    await client.create(secrets, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'app-shop-database-url', namespace },
      stringData: { DATABASE_URL: 'postgresql://hunter6:hunter6@elsewhere/db' },
    });
    planted.push('hunter6');
    await suite().patchAddon(namespace, 'shop', { connection: { sslMode: 'verify-full' } });
    await addons.until(
      namespace,
      'shop',
      'the new generation',
      ({ status, metadata }) => status?.observedGeneration === metadata.generation,
    );

    const metrics = await operator.page('/metrics');
    await operator.stop();
    await eventually('events', async () => expect((await client.list(events, namespace)).length).toBeGreaterThan(2));
    const reported = {
      log: operator.output,
      metrics: metrics.body,
      events: JSON.stringify(await client.list(events, namespace)),
      addon: JSON.stringify(addons.of(namespace, 'shop')),
      cluster: JSON.stringify(clusters.of(namespace, `db-${namespace}-shop`)),
    };
    for (const [place, text] of Object.entries(reported)) {
      for (const value of planted)
        expect({ place, holds: text.includes(value) ? value : undefined }).toEqual({ place, holds: undefined });
    }
  });
});
