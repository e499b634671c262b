// The program that `helm test` runs, with the permissions that the chart grants it: it removes what it made, whatever happens, and says
// what is wrong. As a pod: e2e/real/helm/helm.test.ts.
import { expect, it } from '@jest/globals';
import { resourceQuotas, secrets } from '../../hack/cluster/kinds.ts';
import { eventually } from '../../hack/cluster/wait.ts';
import { addonGvr } from '../../src/api/addon.ts';
import { clusterGvr } from '../../src/api/cnpg.ts';
import { clusterName } from '../../src/domain/names.ts';
import type { Operator } from '../harness/operator.ts';
import { chartPermissions } from '../harness/permissions.ts';
import { useSuite } from '../harness/suite.ts';
import { at, secretText } from '../harness/views.ts';

const suite = useSuite({ withOperator: false });

const name = 'postgres-addon-operator-smoke-test';

async function start(namespace: string): Promise<Operator> {
  const { cluster } = suite();
  const permissions = await chartPermissions(cluster, namespace, [], 'templates/tests/smoke-test.yaml');
  return await suite().startOperator({
    user: `smoke-test-${namespace}`,
    args: ['smoke-test', namespace, name],
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
  const test = await start(namespace);
  const { metadata } = await suite().untilRunning(namespace, name);
  const url = secretText(await suite().client.get(secrets, namespace, `app-${name}-database-url`), 'DATABASE_URL');
  expect(await test.ended()).toEqual({ code: 0, signal: null });
  expect(metadata.finalizers ?? []).toEqual([]);
  const steps = [`${namespace}/${name} created`, 'logged in with DATABASE_URL: PostgreSQL', 'is deleted', 'is gone'];
  for (const words of [...steps, 'the installation works']) expect(test.output).toContain(words);
  const password = new URL(url ?? '').password;
  expect(password).not.toBe('');
  expect(test.output).not.toContain(password);
  await expectNothingLeft(namespace);
  await operator.stop();
});

it('an addon that cannot run: exit code 1 with its reason, and nothing is left', async () => {
  const operator = await suite().startOperator({ user: 'operator-smoke-quota' });
  const namespace = await suite().namespace();
  await suite().client.create(resourceQuotas, {
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name: 'none', namespace },
    spec: { hard: { 'count/clusters.postgresql.cnpg.io': '0' } },
  });
  await eventually('the quota to count', async () => {
    expect((await suite().client.get(resourceQuotas, namespace, 'none'))?.status?.hard).toBeDefined();
  });
  const test = await start(namespace);
  expect(await test.ended()).toEqual({ code: 1, signal: null });
  expect(test.output).toContain('failed: the addon cannot run: QuotaExceeded: ');
  await expectNothingLeft(namespace);
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
  expect(at(addon?.metadata, 'labels')).toBeUndefined();
});

it('other arguments: exit code 2, and which there are', async () => {
  const operator = await suite().startOperator({ user: 'operator-usage', args: ['smoke-test', 'one'] });
  expect(await operator.ended()).toEqual({ code: 2, signal: null });
  expect(operator.output).toContain('smoke-test NAMESPACE NAME');
});
