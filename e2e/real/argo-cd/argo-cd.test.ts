// Argo CD syncs app repositories: healthy means a login works, migrations run when they can, and what is pruned is what git says.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { eventually } from '../../../hack/cluster/wait.ts';
import { repositoryRoot } from '../../../hack/toolchain/repository.ts';
import type { AddonSpec, AddonStatus } from '../../../src/api/addon.ts';
import { clusterGvr } from '../../../src/api/cnpg.ts';
import { isWrite } from '../../harness/audit.ts';
import { conditionOf } from '../../harness/views.ts';
import { clusterName } from '../belongings.ts';
import { minutes, operatorUser, useReal } from '../real.ts';
import { type ApplicationStatus, ArgoCD } from './argo.ts';

jest.setTimeout(minutes(10));

const real = useReal();
let started: ArgoCD | undefined;
const argo = (): ArgoCD => {
  if (started === undefined) throw new Error('Argo CD has not started');
  return started;
};

beforeAll(async () => {
  started = await ArgoCD.start(real());
}, minutes(40));
afterAll(() => started?.stop(), minutes(5));

const addon = (name: string, spec: AddonSpec): string =>
  JSON.stringify({ apiVersion: 'addons.paas.dev/v1alpha1', kind: 'PostgresAddon', metadata: { name }, spec });
const resource = ({ resources = [] }: ApplicationStatus, kind: string) => resources.find((one) => one.kind === kind);

/** The files of examples/argo-cd, by their paths in a repository of the test; the plan is one that the node has room for. */
async function example(folder: string): Promise<Record<string, string>> {
  const directory = join(repositoryRoot, 'examples/argo-cd', folder);
  const names = await readdir(directory);
  const texts = await Promise.all(names.map((name) => readFile(join(directory, name), 'utf8')));
  return Object.fromEntries(
    names.map((name, index) => [`${folder}/${name}`, (texts[index] ?? '').replace('plan: standard', 'plan: free')]),
  );
}

describe('an app repository', () => {
  let namespace = '';
  beforeAll(async () => {
    namespace = await real().namespace('argo');
  });

  it('migrates and starts at its first sync, and is healthy only once a login works', async () => {
    const mark = await real().audit.mark();
    const revision = await argo().commit('Add shop', await example('apps/shop'));
    await argo().createApplication('shop', 'apps/shop', namespace);
    // Until a login has succeeded, neither the migration nor the app is applied.
    await eventually('the database to be created', async () => {
      const status = await argo().application('shop');
      expect(resource(status, 'PostgresAddon')?.health?.status).toBe('Progressing');
      expect(resource(status, 'Deployment')?.status).toBe('OutOfSync');
    });
    const done = await argo().healthy('shop', revision);
    const { status } = real().addons.latest(namespace, 'shop');
    expect([status?.phase, resource(done, 'PostgresAddon')?.health?.status]).toEqual(['running', 'Healthy']);
    await real().startApp(namespace, 'shop');
    for (let login = 0; login < 20; login += 1) expect(await real().sql(namespace, 'shop', 'SELECT 1')).toBe('1');
    expect(Number(await real().sql(namespace, 'shop', 'SELECT count(*) FROM orders'))).toBeGreaterThanOrEqual(0);
    const own = (await real().audit.since(mark)).filter(
      ({ user, namespace: where, resource: what }) => user === operatorUser && where === namespace && what !== 'events',
    );
    expect(own.filter((request) => isWrite(request)).length).toBeLessThanOrEqual(5);
  });

  it('migrates before the sync from the second one on', async () => {
    const text = await readFile(join(repositoryRoot, 'examples/argo-cd/migrate-presync.yaml'), 'utf8');
    const { 'apps/shop/app.yaml': app = '' } = await example('apps/shop');
    const revision = await argo().commit('Add a column', {
      'apps/shop/migrate-presync.yaml': text,
      'apps/shop/app.yaml': app.replace('sleep 5', 'sleep 4'),
    });
    await argo().healthy('shop', revision);
    expect(
      await real().sql(namespace, 'shop', "SELECT count(*) FROM information_schema.columns WHERE column_name = 'note'"),
    ).toBe('1');
  });

  it('changes the plan by a commit, and back by a revert, but for the disk', async () => {
    const path = 'apps/shop/database.yaml';
    const { [path]: text = '' } = await example('apps/shop');
    const larger = await argo().commit('A larger plan', { [path]: text.replace('plan: free', 'plan: standard') });
    const grown = await argo().healthy('shop', larger);
    expect(resource(grown, 'PostgresAddon')?.health?.status).toBe('Healthy');
    expect((real().addons.latest(namespace, 'shop').status as AddonStatus).plan).toBe('standard');
    await argo().healthy('shop', await argo().revert());
    const { status } = real().addons.latest(namespace, 'shop');
    expect((status as AddonStatus).plan).toBe('free');
  });

  it('is left alone by the operator, and leaves it alone: no object is ever out of sync, and nothing is written without a cause', async () => {
    const mark = await real().audit.mark();
    const states = new Set<string>();
    for (let change = 0; change < 200; change += 1) {
      const touch = { metadata: { annotations: { 'example.org/change': `${change}` } } };
      await real().client.patch(clusterGvr, namespace, clusterName(namespace, 'shop'), touch);
      if (change % 20 === 0) await argo().refresh('shop');
      states.add((await argo().application('shop')).sync?.status ?? '');
    }
    expect([...states]).toEqual(['Synced']);
    const writes = (await real().audit.since(mark)).filter(
      (request) => request.user === operatorUser && request.namespace === namespace && isWrite(request),
    );
    expect(writes).toEqual([]);
  });

  it('does not notice that its Application has another name', async () => {
    const before = await real().client.get(clusterGvr, namespace, clusterName(namespace, 'shop'));
    await argo().forget('shop');
    const mark = await real().audit.mark();
    await argo().createApplication('renamed', 'apps/shop', namespace);
    await argo().healthy('renamed', await argo().revision());
    const after = await real().client.get(clusterGvr, namespace, clusterName(namespace, 'shop'));
    expect(after?.metadata.uid).toBe(before?.metadata.uid);
    const writes = (await real().audit.since(mark)).filter(
      (request) => request.user === operatorUser && request.namespace === namespace && isWrite(request),
    );
    expect(writes).toEqual([]);
  });

  it('is gone with everything when the Application is', async () => {
    await real().stopApp(namespace, 'shop');
    await argo().deleteApplication('renamed');
    await eventually('the Cluster to be gone', async () => {
      expect(await real().client.get(clusterGvr, namespace, clusterName(namespace, 'shop'))).toBeUndefined();
    });
  });
});

describe('a protected addon', () => {
  it(
    'that is pruned stays in service, and the same file adopts it: same data, same password',
    async () => {
      const namespace = await real().namespace('argo-keep');
      const file = { 'keep/database.json': addon('orders', { plan: 'free', mode: 'protected' }) };
      const empty = {
        'keep/config.json': JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'none' } }),
      };
      const first = await argo().commit('Add orders', { ...file, ...empty });
      await argo().createApplication('keep', 'keep', namespace);
      await argo().healthy('keep', first);
      await real().startApp(namespace, 'orders');
      await real().sql(namespace, 'orders', 'CREATE TABLE kept AS SELECT 42 AS answer');
      const { ready_at: readyAt } = real().addons.latest(namespace, 'orders').status as AddonStatus;

      const without = await argo().commit('Remove orders', { 'keep/database.json': undefined });
      await argo().healthy('keep', without);
      await eventually('the addon to be gone', async () => {
        const left = await real().kubectl(['get', 'pga', '--namespace', namespace, '--output', 'name']);
        expect(left.trim()).toBe('');
      });
      expect(await real().client.get(clusterGvr, namespace, clusterName(namespace, 'orders'))).toBeDefined();
      // The pod has its URL from before.
      expect(await real().sql(namespace, 'orders', 'SELECT answer FROM kept')).toBe('42');

      const back = await argo().commit('Bring orders back', file);
      await argo().healthy('keep', back);
      const adopted = real().addons.latest(namespace, 'orders');
      expect(conditionOf(adopted, 'Adopted')?.status).toBe('True');
      expect((adopted.status as AddonStatus).ready_at).toBe(readyAt);
      expect(await real().sql(namespace, 'orders', 'SELECT answer FROM kept')).toBe('42');

      // --force --replace deletes and creates the object: the database is adopted as well.
      const { uid } = adopted.metadata;
      await argo().replace('keep', back);
      await real().addons.until(
        namespace,
        'orders',
        'the new addon to run',
        (state) => state.metadata.uid !== uid && state.status?.phase === 'running',
        minutes(4),
      );
      expect(await real().sql(namespace, 'orders', 'SELECT answer FROM kept')).toBe('42');
    },
    minutes(12),
  );
});

describe('a spec that cannot be', () => {
  it('fails the sync with a sentence that names the field', async () => {
    const namespace = await real().namespace('argo-bad');
    const spec = { plan: 'standard', backup: { storeRef: { name: 'elsewhere' } } } as const;
    await argo().commit('Add bad', { 'bad/database.json': addon('bad', spec) });
    await argo().createApplication('bad', 'bad', namespace);
    await eventually(
      'the Application to be degraded',
      async () => {
        const status = await argo().application('bad');
        expect(status.health?.status).toBe('Degraded');
        expect(resource(status, 'PostgresAddon')?.health?.message).toContain('spec.backup.storeRef.name "elsewhere"');
      },
      { timeoutMilliseconds: minutes(3) },
    );
    await argo().deleteApplication('bad');
  });
});
