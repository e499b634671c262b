// The program that `helm test` runs, with the permissions that the chart grants it: it removes what it made, whatever happens, and says
// what is wrong. As a pod: e2e/real/helm/helm.test.ts.
import { expect, it } from '@jest/globals';
import { secrets } from '../../hack/cluster/kinds.ts';
import { eventually } from '../../hack/cluster/wait.ts';
import { addonGvr } from '../../src/api/addon.ts';
import { clusterGvr } from '../../src/api/cnpg.ts';
import { clusterName } from '../../src/domain/names.ts';
import type { Operator } from '../harness/operator.ts';
import { chartPermissions } from '../harness/permissions.ts';
import { useSuite } from '../harness/suite.ts';
import { secretText } from '../harness/views.ts';

const suite = useSuite({ withOperator: false });

const name = 'smoke-test-postgres-addon-operator';

async function start(namespace: string): Promise<Operator> {
  const { cluster } = suite();
  const permissions = await chartPermissions(cluster, namespace, [], 'templates/tests/smoke-test.yaml');
  return await suite().startOperator({
    user: `smoke-test-${namespace}`,
    args: ['smoke-test', namespace, name, 'Required'],
    permissions,
  });
}

async function expectNothingLeft(namespace: string): Promise<void> {
  const { client } = suite();
  expect(await client.list(addonGvr, namespace)).toEqual([]);
  await eventually('everything to be gone', async () => {
    expect(await client.list(clusterGvr, namespace)).toEqual([]);
    expect(await client.get(secrets, namespace, `app-${name}-database-url`)).toBeUndefined();
  });
}

it('an installation that works: exit code 0, each step is said, nothing is left, and no password is printed', async () => {
  const operator = await suite().startOperator({ user: 'operator-smoke' });
  const namespace = await suite().namespace();
  const { client, simulator, addons } = suite();
  simulator.hold(namespace, clusterName(namespace, name));
  const test = await start(namespace);
  // The Secret stays as long as the addon does.
  await addons.until(namespace, name, 'to be there', () => true);
  await client.patch(addonGvr, namespace, name, { metadata: { finalizers: ['example.org/anchor'] } });
  simulator.release(namespace, clusterName(namespace, name));
  await suite().untilRunning(namespace, name);
  const url = secretText(await client.get(secrets, namespace, `app-${name}-database-url`), 'DATABASE_URL');
  await client.patch(addonGvr, namespace, name, { metadata: { finalizers: null } });
  expect(await test.ended()).toEqual({ code: 0, signal: null });
  const steps = [`${namespace}/${name} created`, 'logged in with DATABASE_URL: PostgreSQL', 'is deleted', 'is gone'];
  for (const words of [...steps, 'the installation works']) expect(test.output).toContain(words);
  const password = new URL(url ?? '').password;
  expect(password).not.toBe('');
  expect(test.output).not.toContain(password);
  await expectNothingLeft(namespace);
  await operator.stop();
});

it('an addon that cannot run: exit code 1 with its reason, and nothing is left', async () => {
  const operator = await suite().startOperator({ user: 'operator-smoke-conflict' });
  const namespace = await suite().namespace();
  const { client } = suite();
  const metadata = { name: clusterName(namespace, name), namespace };
  const { apiVersion, kind } = { apiVersion: 'postgresql.cnpg.io/v1', kind: clusterGvr.kind };
  const foreign = { apiVersion, kind, metadata, spec: { instances: 1, storage: { size: '1Gi' } } };
  const {
    metadata: { uid },
  } = await client.create(clusterGvr, foreign);
  const test = await start(namespace);
  expect(await test.ended()).toEqual({ code: 1, signal: null });
  expect(test.output).toContain('failed: the addon cannot run: NameConflict: ');
  expect(await client.list(addonGvr, namespace)).toEqual([]);
  expect((await client.get(clusterGvr, namespace, metadata.name))?.metadata.uid).toBe(uid);
  await operator.stop();
});

it('a test that is stopped: exit code 1, and nothing is left', async () => {
  const operator = await suite().startOperator({ user: 'operator-smoke-stop' });
  const namespace = await suite().namespace();
  suite().simulator.hold(namespace, clusterName(namespace, name));
  const test = await start(namespace);
  await eventually('the Cluster', async () => {
    expect(await suite().client.list(clusterGvr, namespace)).toHaveLength(1);
  });
  await test.stop();
  expect(await test.ended()).toEqual({ code: 1, signal: null });
  expect(test.output).toContain('failed: stopped while waiting for the addon to run');
  await expectNothingLeft(namespace);
  await operator.stop();
});

it('an addon of that name that somebody else created is left alone, and named with the remedy', async () => {
  const namespace = await suite().namespace();
  await suite().createAddon(namespace, name, { plan: 'free' });
  const test = await start(namespace);
  expect(await test.ended()).toEqual({ code: 1, signal: null });
  expect(test.output).toMatch(
    new RegExp(`failed: .*exists already.* kubectl delete pga ${name} --namespace ${namespace}`),
  );
  const addon = await suite().client.get(addonGvr, namespace, name);
  expect(addon?.metadata.deletionTimestamp).toBeUndefined();
});

it.each([
  ['too few arguments', ['smoke-test', 'one', 'two']],
  ['an unknown check', ['smoke-test', 'one', 'two', 'Never']],
  ['another command', ['reconcile']],
])('%s: exit code 2 with the usage', async (_, args) => {
  const operator = await suite().startOperator({ user: 'operator-usage', args });
  expect(await operator.ended()).toEqual({ code: 2, signal: null });
  expect(operator.output).toContain('usage: main.mjs [smoke-test NAMESPACE NAME ');
});
