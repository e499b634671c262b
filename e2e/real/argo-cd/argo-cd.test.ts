// Argo CD syncs app repositories: healthy means a login works, migrations run when they can, and what is pruned is what git says.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { only, render } from '../../../charts/helm.ts';
import type { LiveObject } from '../../../hack/cluster/client.ts';
import { secrets } from '../../../hack/cluster/kinds.ts';
import { eventually } from '../../../hack/cluster/wait.ts';
import { storeName, storeSecret } from '../../../hack/install/operator.ts';
import { repositoryRoot } from '../../../hack/toolchain/repository.ts';
import { type AddonSpec, type AddonStatus, addonGvr, labels } from '../../../src/api/addon.ts';
import { clusterGvr } from '../../../src/api/cnpg.ts';
import { isWrite } from '../../harness/audit.ts';
import { conditionOf, isRunning } from '../../harness/views.ts';
import { clusterName, identityOf, secretName, untilNothingIsLeft } from '../belongings.ts';
import { minutes, operatorUser, useReal } from '../real.ts';
import { type ApplicationStatus, ArgoCD } from './argo.ts';
import { filesOf } from './examples.ts';

const real = useReal();
let started: ArgoCD | undefined;
const argo = (): ArgoCD => {
  if (started === undefined) throw new Error('Argo CD has not started');
  return started;
};

beforeAll(async () => {
  const { data } = only(await render({ argoCD: { enabled: true } }), 'ConfigMap');
  started = await ArgoCD.start(real(), 'argocd-2', data);
}, minutes(40));

/** How often something that Argo CD and the operator look after is changed by somebody else, and after how many changes Argo CD compares. */
const changes = 200;
const changesBetweenComparisons = 10;

const addon = (name: string, spec: AddonSpec): string =>
  JSON.stringify({ apiVersion: 'addons.paas.dev/v1alpha1', kind: 'PostgresAddon', metadata: { name }, spec });
const warnings = ({ conditions = [] }: ApplicationStatus): readonly string[] =>
  conditions.map(({ message }) => message);
const resource = ({ resources = [] }: ApplicationStatus, kind: string) => resources.find((one) => one.kind === kind);

/** The files of the example, with a plan that can grow. */
async function example(folder: string): Promise<Record<string, string>> {
  const files = Object.entries(await filesOf(folder));
  return Object.fromEntries(files.map(([path, text]) => [path, text.replace('plan: standard', 'plan: free')]));
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
    expect(Number(await real().sql(namespace, 'shop', 'SELECT count(*) FROM orders'))).toBeGreaterThan(0);
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
    const begun = argo().history('shop').length;
    const touched = [
      [clusterGvr, clusterName(namespace, 'shop')],
      [addonGvr, 'shop'],
      [secrets, secretName('shop')],
    ] as const;
    for (let change = 1; change <= changes; change += 1) {
      const [gvr, name] = touched[change % touched.length] ?? touched[0];
      const touch = { metadata: { annotations: { 'example.org/change': `${change}` } } };
      await real().client.patch(gvr, namespace, name, touch);
      if (change % changesBetweenComparisons === 0) await argo().compared('shop');
    }
    const { reconciledAt: lastly } = await argo().application('shop');
    const annotation = () => real().addons.latest(namespace, 'shop').metadata.annotations?.['example.org/change'];
    await eventually('the watches to have seen the last change and comparison', () => {
      expect(argo().history('shop').at(-1)?.reconciledAt).toBe(lastly);
      expect(Number(annotation())).toBeGreaterThan(changes - touched.length);
    });
    // From the first change on.
    const states = argo().history('shop').slice(begun);
    const comparisons = new Set(states.map(({ reconciledAt }) => reconciledAt));
    expect(comparisons.size).toBeGreaterThanOrEqual(changes / changesBetweenComparisons);
    expect(states.filter(({ sync }) => sync?.status !== 'Synced')).toEqual([]);
    expect(states.filter(({ operationState }) => operationState?.phase !== 'Succeeded')).toEqual([]);
    // The children are in the tree of the Application, by their owner.
    expect(warnings(await argo().application('shop'))).toEqual([]);
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

  it('loses its database with everything by a commit that removes it, and keeps what is still in git', async () => {
    await real().stopApp(namespace, 'shop');
    // A hook that waits for the database would never end.
    const removed = ['database.yaml', 'migrate.yaml', 'migrate-presync.yaml'].map((file) => [
      `apps/shop/${file}`,
      undefined,
    ]);
    const revision = await argo().commit('Remove the database', Object.fromEntries(removed));
    await argo().refresh('renamed');
    await eventually('the sync to be over', async () => {
      const status = await argo().application('renamed');
      const { phase, syncResult } = status.operationState ?? {};
      expect([phase, syncResult?.revision, status.sync?.status]).toEqual(['Succeeded', revision, 'Synced']);
    });
    await untilNothingIsLeft(real(), namespace, 'shop');
    expect(await real().client.list(addonGvr, namespace)).toEqual([]);
    const status = await argo().application('renamed');
    expect([resource(status, 'PostgresAddon'), resource(status, 'Deployment')?.name]).toEqual([undefined, 'shop']);
  });

  it('is gone with everything when the Application is', async () => {
    await argo().deleteApplication('renamed');
    const left = await real().kubectl(['get', 'deployment,pga', '--namespace', namespace, '--output', 'name']);
    expect(left.trim()).toBe('');
  });
});

describe('a protected addon', () => {
  const spec: AddonSpec = { plan: 'standard', mode: 'protected', backup: { storeRef: { name: storeName } } };
  const file = { 'keep/database.json': addon('orders', spec) };
  const other = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'none' } };
  let namespace = '';
  /** What the database had before. */
  let before: AddonStatus = {};
  let identity: object = {};

  const backedUp = (): Promise<LiveObject> => real().reason(namespace, 'orders', 'BackupReady', 'InForce');
  const expectTheSameDatabase = async (): Promise<void> => {
    expect(await identityOf(real(), namespace, 'orders')).toEqual(identity);
    expect(await real().sql(namespace, 'orders', 'SELECT answer FROM kept')).toBe('42');
  };
  const expectAdopted = async (): Promise<void> => {
    const { backup, ready_at: readyAt } = (await backedUp()).status as AddonStatus;
    expect(conditionOf(real().addons.latest(namespace, 'orders'), 'Adopted')?.status).toBe('True');
    expect([readyAt, backup?.serverName, backup?.lineages]).toEqual([
      before.ready_at,
      before.backup?.serverName,
      before.backup?.lineages,
    ]);
    await expectTheSameDatabase();
  };

  beforeAll(async () => {
    namespace = await real().namespace('argo-keep');
    await real().client.apply(storeSecret(real().cluster, namespace));
    const first = await argo().commit('Add orders', { ...file, 'keep/config.json': JSON.stringify(other) });
    await argo().createApplication('keep', 'keep', namespace);
    await argo().healthy('keep', first);
    await real().startApp(namespace, 'orders');
    await real().sql(namespace, 'orders', 'CREATE TABLE kept AS SELECT 42 AS answer');
    before = (await backedUp()).status as AddonStatus;
    identity = await identityOf(real(), namespace, 'orders');
  });

  it('that is pruned stays in service, and Argo CD, which calls its objects orphaned, does not delete them', async () => {
    const without = await argo().commit('Remove orders', { 'keep/database.json': undefined });
    await argo().healthy('keep', without);
    await eventually('the addon to be gone', async () => {
      const left = await real().kubectl(['get', 'pga', '--namespace', namespace, '--output', 'name']);
      expect(left.trim()).toBe('');
    });
    await argo().compared('keep');
    const status = await argo().application('keep');
    expect(status.resources?.map(({ kind, name }) => `${kind} ${name}`)).toEqual(['ConfigMap none']);
    expect(warnings(status)).toEqual(['Application has 1 orphaned resources']);
    expect(await real().client.get(clusterGvr, namespace, clusterName(namespace, 'orders'))).toMatchObject({
      metadata: { labels: { [labels.orphaned]: 'true' } },
    });
    // The pod has its URL from before.
    await expectTheSameDatabase();
  });

  it('is adopted by the same file: same data, same password, same lineage of backups', async () => {
    await argo().healthy('keep', await argo().commit('Bring orders back', file));
    await expectAdopted();
  });

  it('adopts its database as well when Argo CD replaces it by force', async () => {
    const { uid } = real().addons.latest(namespace, 'orders').metadata;
    await argo().replace('keep', await argo().revision());
    const isNew = (state: LiveObject): boolean => state.metadata.uid !== uid && isRunning(state);
    await real().addons.until(namespace, 'orders', 'the new addon to run', isNew, minutes(4));
    await expectAdopted();
  });
});

describe('a spec that cannot be', () => {
  it('fails the sync with a sentence that names the field', async () => {
    const namespace = await real().namespace('argo-bad');
    const spec = { plan: 'standard', backup: { storeRef: { name: 'elsewhere' } } } as const;
    await argo().commit('Add bad', { 'bad/database.json': addon('bad', spec) });
    await argo().createApplication('bad', 'bad', namespace);
    await eventually('the Application to be degraded', async () => {
      const status = await argo().application('bad');
      expect(status.health?.status).toBe('Degraded');
      expect(resource(status, 'PostgresAddon')?.health?.message).toContain('spec.backup.storeRef.name "elsewhere"');
    });
    await argo().deleteApplication('bad');
  });
});
