// Another field manager owns the same fields of the children as the operator, as when they are exported and applied server-side (GitOps):
// what the operator takes away is gone all the same, and nothing is claimed before that.
import { describe, expect, it } from '@jest/globals';
import type { LiveObject } from '../../hack/cluster/client.ts';
import { eventually } from '../../hack/cluster/wait.ts';
import { type AddonSpec, addonGvr } from '../../src/api/addon.ts';
import { roles } from '../../src/domain/children.ts';
import { isWrite } from '../harness/audit.ts';
import { childrenIn, clusterOf, type Database, databaseOf, placesOf } from '../harness/database.ts';
import { oneStore } from '../harness/stores.ts';
import { useSuite } from '../harness/suite.ts';
import { at, conditionOf, isRunning, isSettled, secretText } from '../harness/views.ts';

const suite = useSuite({ stores: oneStore });

const database = (namespace: string): Promise<Database> => databaseOf(suite().client, namespace);

/** An addon `shop` that runs. */
async function running(spec: AddonSpec): Promise<string> {
  const namespace = await suite().namespace();
  await suite().createAddon(namespace, 'shop', spec);
  await suite().untilSettled(namespace, 'shop');
  return namespace;
}

async function applyAs(manager: string, object: unknown): Promise<void> {
  const apply = ['apply', '--server-side', '--force-conflicts', `--field-manager=${manager}`, '--filename=-'];
  expect(await suite().kubectl(apply, JSON.stringify(object))).toMatchObject({ code: 0 });
}

/** Another manager applies the children as they are, so that it owns every field of them too. */
async function applyAsAnother(namespace: string): Promise<void> {
  for (const { metadata, status: _, ...rest } of childrenIn(await database(namespace))) {
    const { name, labels, annotations, ownerReferences } = metadata;
    await applyAs('gitops', { ...rest, metadata: { name, namespace, labels, annotations, ownerReferences } });
  }
}

/** Nobody owns any field of the children, as after a restore by a tool that drops managedFields. */
async function clearManagers(namespace: string): Promise<void> {
  const places = placesOf(namespace);
  for (const role of roles) {
    const [gvr, name] = places[role];
    if ((await database(namespace))[role] !== undefined)
      await suite().client.patch(gvr, namespace, name, { metadata: { managedFields: [{}] } });
  }
}

const others = [
  ['another manager applied', applyAsAnother],
  ['nobody owns any field of', clearManagers],
] as const;

async function untilProtected(namespace: string): Promise<LiveObject> {
  const holds = (state: LiveObject): boolean =>
    state.status?.observedGeneration === state.metadata.generation && conditionOf(state, 'Protected') !== undefined;
  return await suite().addons.until(namespace, 'shop', 'mode protected', holds);
}

/** The addon is deleted, and what the garbage collector and the operator would do is done. */
async function expectKept(namespace: string, before: Database): Promise<void> {
  await suite().client.remove(addonGvr, namespace, 'shop');
  await suite().addons.untilGone(namespace, 'shop');
  await suite().fence();
  const after = await database(namespace);
  for (const part of [...roles, 'source'] as const) {
    expect(after[part]?.metadata.uid).toBe(before[part]?.metadata.uid);
    expect(after[part]?.metadata.deletionTimestamp).toBeUndefined();
  }
}

describe.each(others)('where %s the children', (_, interfere) => {
  it('mode protected takes the owner references away, and a deletion keeps the database', async () => {
    const namespace = await running({ plan: 'standard' });
    const before = await database(namespace);
    await interfere(namespace);
    await suite().client.patch(addonGvr, namespace, 'shop', { spec: { mode: 'protected' } });
    const addon = await untilProtected(namespace);
    expect(conditionOf(addon, 'Protected')).toMatchObject({ status: 'True' });
    for (const child of childrenIn(await database(namespace))) expect(child.metadata.ownerReferences).toBeUndefined();
    await expectKept(namespace, before);
  });

  it('an adoption takes the marks of the deleted addon away, and writes nothing more', async () => {
    const namespace = await running({ plan: 'standard', mode: 'protected' });
    await suite().client.remove(addonGvr, namespace, 'shop');
    await suite().addons.untilGone(namespace, 'shop');
    await interfere(namespace);
    const made = await suite().createAddon(namespace, 'shop', { plan: 'standard', mode: 'protected' });
    const isAdopted = (state: LiveObject): boolean => state.metadata.uid === made.metadata.uid && isSettled(state);
    await suite().addons.until(namespace, 'shop', 'phase running', isAdopted);
    for (const child of childrenIn(await database(namespace))) {
      expect(child.metadata.labels).toMatchObject({ 'addons.paas.dev/uid': made.metadata.uid });
      expect(child.metadata.labels).not.toHaveProperty(['addons.paas.dev/orphaned']);
    }
    const { audit, operator } = suite();
    const mark = await audit.mark();
    await suite().fence();
    const requests = await audit.since(mark);
    const idle = requests.filter((request) => request.user === operator.user && request.namespace === namespace);
    expect(idle.filter(isWrite)).toEqual([]);
  });

  it('a promotion takes the Secret of the app over, and back, with its owner', async () => {
    const namespace = await running({ plan: 'free' });
    await suite().createAddon(namespace, 'copy', { plan: 'free' });
    const copy = await suite().untilRunning(namespace, 'copy');
    await interfere(namespace);
    const shop = suite().addons.latest(namespace, 'shop');
    const seen = async (): Promise<readonly unknown[]> => {
      const { urlSecret } = await database(namespace);
      const host = new URL(secretText(urlSecret, 'DATABASE_URL')).hostname;
      return [urlSecret?.metadata.ownerReferences?.map(({ uid }) => uid), host];
    };
    const hostOf = (name: string): string => `${clusterOf(namespace, name)}-rw.${namespace}`;
    await suite().patchAddon(namespace, 'copy', { promote: { appId: 'shop' } });
    await suite().untilReason(namespace, 'copy', 'Promoted', 'Promoted');
    expect(await seen()).toEqual([[copy.metadata.uid], hostOf('copy')]);
    await suite().patchAddon(namespace, 'copy', { promote: null });
    await eventually('the URL of the first database', async () =>
      expect(await seen()).toEqual([[shop.metadata.uid], hostOf('shop')]),
    );
  });

  it('a smaller plan takes synchronous replication away with the replicas', async () => {
    const namespace = await running({ plan: 'pro' });
    await interfere(namespace);
    await suite().client.patch(addonGvr, namespace, 'shop', { spec: { plan: 'standard' } });
    await eventually('the smaller plan', async () => {
      const { cluster } = await database(namespace);
      expect(at(cluster, 'spec', 'instances')).toBe(1);
      expect(at(cluster, 'spec', 'postgresql', 'synchronous')).toBeUndefined();
    });
    const holds = (state: LiveObject): boolean =>
      isRunning(state) && conditionOf(state, 'PlanApplied')?.status === 'True' && state.status?.plan === 'standard';
    await suite().addons.until(namespace, 'shop', 'plan standard', holds);
  });

  it('a plan without backups takes the plugin and the schedule away', async () => {
    const namespace = await running({ plan: 'standard' });
    expect(at((await database(namespace)).cluster, 'spec', 'plugins')).toHaveLength(1);
    await interfere(namespace);
    await suite().patchAddon(namespace, 'shop', { plan: 'free' });
    await suite().untilSettled(namespace, 'shop');
    const { cluster, scheduledBackup } = await database(namespace);
    expect([at(cluster, 'spec', 'plugins'), scheduledBackup]).toEqual([undefined, undefined]);
  });
});

it('a deletion waits until owner references that came back are gone', async () => {
  const namespace = await running({ plan: 'standard' });
  const before = await database(namespace);
  await suite().client.patch(addonGvr, namespace, 'shop', { spec: { mode: 'protected' } });
  await untilProtected(namespace);
  // The other manager still applies the references of the time before.
  const [gvr] = placesOf(namespace).cluster;
  const { ownerReferences } = before.cluster?.metadata ?? {};
  await suite().operator.stop();
  await applyAs('gitops', {
    apiVersion: 'postgresql.cnpg.io/v1',
    kind: gvr.kind,
    metadata: { name: clusterOf(namespace), namespace, ownerReferences },
  });
  await suite().client.remove(addonGvr, namespace, 'shop');
  await suite().replaceOperator();
  await suite().addons.untilGone(namespace, 'shop');
  await suite().fence();
  const after = await database(namespace);
  expect(after.cluster?.metadata.uid).toBe(before.cluster?.metadata.uid);
  expect(after.cluster?.metadata.ownerReferences).toBeUndefined();
});
