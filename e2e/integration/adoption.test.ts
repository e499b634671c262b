// Adoption: the database that a deleted addon left in service is adopted unchanged by an addon with the same name and appId, or is left
// byte-identical, whatever the reason.
import { describe, expect, it } from '@jest/globals';
import type { LiveObject } from '../../hack/cluster/client.ts';
import { events, secrets } from '../../hack/cluster/kinds.ts';
import { eventually } from '../../hack/cluster/wait.ts';
import { type AddonSpec, addonGvr } from '../../src/api/addon.ts';
import { objectStoreGvr } from '../../src/api/barman.ts';
import { clusterGvr } from '../../src/api/cnpg.ts';
import type { Write } from '../harness/admission-gate.ts';
import {
  addonManifest,
  changesOf,
  clusterOf,
  type Database,
  databaseOf,
  everyChildOf,
  nothing,
  type Part,
  placesOf,
  unchanged,
  usualRoles,
} from '../harness/database.ts';
import { oneStore } from '../harness/stores.ts';
import { useSuite } from '../harness/suite.ts';
import { at, conditionOf, isRunning, secretText } from '../harness/views.ts';

const suite = useSuite({ stores: oneStore });

/** None of these databases was restored. */
const parts: readonly Part[] = usualRoles;
const apply = ['apply', '--filename', '-'];

const database = (namespace: string): Promise<Database> => databaseOf(suite().client, namespace);

/** What is left of an addon that ran. */
interface Left {
  readonly namespace: string;
  /** The addon as it was last, and its database before and after it went. */
  readonly addon: LiveObject;
  readonly before: Database;
  readonly orphans: Database;
}

/** An addon that ran and went, and left its database in service. */
async function leftBehind(spec: AddonSpec, name = 'shop'): Promise<Left> {
  const namespace = await suite().namespace();
  await suite().createAddon(namespace, name, { mode: 'protected', ...spec });
  const addon = await suite().untilSettled(namespace, name);
  const before = await database(namespace);
  await suite().client.remove(addonGvr, namespace, name);
  await suite().addons.untilGone(namespace, name);
  return { namespace, addon, before, orphans: await database(namespace) };
}

async function untilRunning(namespace: string, { metadata }: LiveObject): Promise<LiveObject> {
  const holds = (state: LiveObject): boolean => state.metadata.uid === metadata.uid && isRunning(state);
  return await suite().addons.until(namespace, metadata.name, 'phase running', holds);
}

/** Applies the addon of that name again. */
async function again(namespace: string, spec: AddonSpec, name = 'shop'): Promise<LiveObject> {
  return await untilRunning(namespace, await suite().createAddon(namespace, name, spec));
}

const uidsOf = (found: Database): readonly unknown[] => parts.map((part) => found[part]?.metadata.uid);

function expectTakenBack(left: Left, addon: LiveObject, after: Database): void {
  expect(uidsOf(after)).toEqual(uidsOf(left.before));
  expect(after.urlSecret?.data).toEqual(left.before.urlSecret?.data);
  expect(addon.status?.ready_at).toBe(left.addon.status?.ready_at);
  const condition = conditionOf(addon, 'Adopted');
  expect(condition).toMatchObject({ status: 'True', reason: 'Adopted' });
  expect(condition?.message).toContain(left.addon.metadata.uid);
  for (const part of parts) {
    const labels = after[part]?.metadata.labels;
    if (labels === undefined) continue;
    expect([part, labels['addons.paas.dev/uid']]).toEqual([part, addon.metadata.uid]);
    expect(labels['addons.paas.dev/orphaned']).toBeUndefined();
  }
}

/** The addon reports why it does not adopt the database, and everything stays byte-identical, also after another reconcile. */
async function expectRefused(
  namespace: string,
  name: string,
  before: Database,
  reason: string,
  ...words: readonly string[]
): Promise<LiveObject> {
  const reported = await suite().untilReason(namespace, name, 'Ready', reason);
  expect(conditionOf(reported, 'Stalled')).toMatchObject({ status: 'True', reason });
  for (const word of words) expect(conditionOf(reported, 'Ready')?.message).toContain(word);
  expect(reported.status?.ready_at).toBeUndefined();
  expect(reported.status?.phase).toBe('creating');
  const touch = { metadata: { annotations: { 'example.org/touched': 'yes' } } };
  await suite().client.patch(addonGvr, namespace, name, touch);
  await suite().fence();
  expect(JSON.stringify(await database(namespace))).toBe(JSON.stringify(before));
  return reported;
}

describe.each(['free', 'standard', 'pro'] as const)('the database of a protected addon of plan %s', (plan) => {
  it('comes back when the same object is applied again: the same in every field but the uid', async () => {
    const spec = { plan, mode: 'protected' } as const;
    const left = await leftBehind(spec);
    const { namespace } = left;
    const text = JSON.stringify(addonManifest(namespace, 'shop', spec));
    expect(await suite().kubectl(apply, text)).toMatchObject({ code: 0 });
    const created = (await suite().client.get(addonGvr, namespace, 'shop')) as LiveObject;
    const addon = await untilRunning(namespace, created);
    const after = await database(namespace);
    expectTakenBack(left, addon, after);
    const uid = { 'metadata labels addons.paas.dev/uid': [left.addon.metadata.uid, addon.metadata.uid] };
    expect(changesOf(left.before, after)).toEqual({
      ...unchanged,
      cluster: {
        ...uid,
        'metadata annotations addons.paas.dev/former-uid': [undefined, left.addon.metadata.uid],
        'metadata annotations addons.paas.dev/ready-at': [undefined, left.addon.status?.ready_at],
      },
      objectStore: left.before.objectStore === undefined ? {} : uid,
      scheduledBackup: left.before.scheduledBackup === undefined ? {} : uid,
      urlSecret: uid,
      readUrlSecret: left.before.readUrlSecret === undefined ? {} : uid,
    });
    expect(addon.metadata.finalizers).toEqual(['addons.paas.dev/protection']);
    expect(addon.status).toMatchObject({
      plan,
      clusterName: clusterOf(namespace),
      resources: left.addon.status?.resources,
      endpoints: left.addon.status?.endpoints,
      credentials: left.addon.status?.credentials,
    });
    await eventually('the event', async () => {
      const found = (await suite().client.list(events, namespace)).filter(({ reason }) => reason === 'Adopted');
      expect(found).toMatchObject([{ type: 'Normal', regarding: { uid: addon.metadata.uid } }]);
    });
    // What was there before it was asked for: never "creating" for anybody who watches.
    const phases = suite()
      .addons.of(namespace, 'shop')
      .filter(({ metadata }) => metadata.uid === addon.metadata.uid)
      .map(({ status }) => status?.phase);
    expect(phases).not.toContain('creating');
  });
});

describe('a database that comes back', () => {
  it('to an addon of the other mode belongs to it, and goes with it', async () => {
    const left = await leftBehind({ plan: 'standard' });
    const { namespace } = left;
    const addon = await again(namespace, { plan: 'standard' });
    const after = await database(namespace);
    expectTakenBack(left, addon, after);
    for (const part of parts) {
      expect(after[part]?.metadata.ownerReferences).toEqual([
        expect.objectContaining({ uid: addon.metadata.uid, controller: true }),
      ]);
    }
    expect(addon.metadata.finalizers).toBeUndefined();
    await suite().client.remove(addonGvr, namespace, 'shop');
    await eventually('the end of the database', async () => {
      expect(await database(namespace)).toEqual(nothing);
    });
  });

  it('to an addon of another plan comes back first, and is changed then', async () => {
    const left = await leftBehind({ plan: 'standard' });
    const { namespace } = left;
    const addon = await again(namespace, { plan: 'pro', mode: 'protected' });
    const after = await database(namespace);
    expectTakenBack(left, addon, after);
    expect(addon.status).toMatchObject({ plan: 'pro', resources: { instances: 3, storage: '50Gi' } });
    expect(after.cluster?.spec).toMatchObject({ instances: 3, storage: { size: '50Gi' } });
    expect(conditionOf(addon, 'PlanApplied')).toMatchObject({ status: 'True', reason: 'Applied' });
    // One write takes it back as it is, another changes it.
    const course = suite().clusters.course(namespace, clusterOf(namespace), ({ metadata, spec }) => [
      metadata.labels?.['addons.paas.dev/uid'],
      at(spec, 'instances'),
    ]);
    expect(course.slice(-2)).toEqual([
      [addon.metadata.uid, 1],
      [addon.metadata.uid, 3],
    ]);
  });

  it('to an addon of a smaller plan and of a higher version keeps its disk, and both are applied', async () => {
    const left = await leftBehind({ plan: 'standard', version: '16' });
    const { namespace } = left;
    const addon = await again(namespace, { plan: 'free', version: '17' });
    expect(addon.status).toMatchObject({ plan: 'free', version: '17', resources: { storage: '10Gi' } });
    expect(conditionOf(addon, 'PlanApplied')).toMatchObject({ status: 'True', reason: 'DiskNotShrunk' });
    const after = await database(namespace);
    expect(after.cluster?.metadata.uid).toBe(left.before.cluster?.metadata.uid);
    expect(after.cluster?.spec).toMatchObject({ imageName: expect.stringMatching(/:17-/), storage: { size: '10Gi' } });
    expect(after.scheduledBackup).toBeUndefined();
    expect(after.urlSecret?.data).toEqual(left.before.urlSecret?.data);
  });

  it('without a version asked for keeps the version that runs', async () => {
    const left = await leftBehind({ plan: 'free', version: '16' });
    const addon = await again(left.namespace, { plan: 'free', mode: 'protected' });
    expectTakenBack(left, addon, await database(left.namespace));
    expect((await database(left.namespace)).cluster?.spec?.imageName).toBe(left.before.cluster?.spec?.imageName);
    expect(addon.status?.version).toBe('16');
  });

  it('comes back a second and a third time, with the same ready_at', async () => {
    const left = await leftBehind({ plan: 'standard' });
    const { namespace } = left;
    let former = left;
    for (const mode of ['protected', 'protected'] as const) {
      const addon = await again(namespace, { plan: 'standard', mode });
      const after = await database(namespace);
      expectTakenBack(former, addon, after);
      expect(addon.status?.ready_at).toBe(left.addon.status?.ready_at);
      await suite().client.remove(addonGvr, namespace, 'shop');
      await suite().addons.untilGone(namespace, 'shop');
      former = { ...left, addon };
    }
  });

  it('with a password that changed meanwhile gets a URL with the new one', async () => {
    const left = await leftBehind({ plan: 'free' });
    const { namespace } = left;
    const [, source] = placesOf(namespace).source;
    const password = Buffer.from('changed-meanwhile').toString('base64');
    await suite().client.patch(secrets, namespace, source, { data: { password } });
    const addon = await again(namespace, { plan: 'free' });
    await eventually('the URL with the new password', async () => {
      const { urlSecret } = await database(namespace);
      expect(secretText(urlSecret, 'DATABASE_URL')).toContain('app:changed-meanwhile@');
      expect(urlSecret?.metadata.uid).toBe(left.before.urlSecret?.metadata.uid);
    });
    expect(conditionOf(addon, 'Adopted')?.status).toBe('True');
  });

  it('without its Secret, which somebody deleted, gets a new one', async () => {
    const left = await leftBehind({ plan: 'free' });
    const { namespace } = left;
    const [gvr, name] = placesOf(namespace).urlSecret;
    await suite().client.remove(gvr, namespace, name);
    const addon = await again(namespace, { plan: 'free', mode: 'protected' });
    const after = await database(namespace);
    expect(after.cluster?.metadata.uid).toBe(left.before.cluster?.metadata.uid);
    expect(after.urlSecret?.data).toEqual(left.before.urlSecret?.data);
    expect(addon.status?.ready_at).toBe(left.addon.status?.ready_at);
  });

  it('that was never ready becomes ready like a new one', async () => {
    const { simulator, clusters, client } = suite();
    const namespace = await suite().namespace();
    simulator.hold(namespace, clusterOf(namespace));
    await suite().createAddon(namespace, 'shop', { plan: 'standard', mode: 'protected' });
    await clusters.until(namespace, clusterOf(namespace), 'its status', ({ status }) => status?.phase !== undefined);
    await client.remove(addonGvr, namespace, 'shop');
    await suite().addons.untilGone(namespace, 'shop');
    const before = await database(namespace);
    const created = await suite().createAddon(namespace, 'shop', { plan: 'standard' });
    const reported = await suite().addons.until(
      namespace,
      'shop',
      'Adopted',
      (state) => conditionOf(state, 'Adopted') !== undefined,
    );
    expect(reported.status?.phase).toBe('creating');
    expect(reported.status?.ready_at).toBeUndefined();
    simulator.release(namespace, clusterOf(namespace));
    await untilRunning(namespace, created);
    expect((await database(namespace)).cluster?.metadata.uid).toBe(before.cluster?.metadata.uid);
  });
});

/** Everything that an addon left behind says whose it was, and the Cluster what the next one has to know. */
async function untilMarked(namespace: string, { metadata, status }: LiveObject): Promise<Database> {
  return await eventually('the marks', async () => {
    const found = await database(namespace);
    for (const child of everyChildOf(found))
      expect(child.metadata.labels).toMatchObject({
        'addons.paas.dev/orphaned': 'true',
        'addons.paas.dev/uid': metadata.uid,
      });
    expect(found.cluster?.metadata.annotations).toMatchObject({
      'addons.paas.dev/former-uid': metadata.uid,
      'addons.paas.dev/ready-at': status?.ready_at,
    });
    return found;
  });
}

describe('a standard addon that is deleted with --cascade=orphan', () => {
  it('leaves its database, which is adopted by the same rules', async () => {
    const namespace = await suite().namespace();
    await suite().createAddon(namespace, 'shop', { plan: 'standard' });
    const addon = await suite().untilSettled(namespace, 'shop');
    const before = await database(namespace);
    const args = ['delete', 'pga', 'shop', '--namespace', namespace, '--cascade=orphan', '--wait=false'];
    expect(await suite().kubectl(args)).toMatchObject({ code: 0 });
    await suite().addons.untilGone(namespace, 'shop');
    const orphans = await untilMarked(namespace, addon);
    expect(uidsOf(orphans)).toEqual(uidsOf(before));
    for (const part of parts) expect(orphans[part]?.metadata.ownerReferences).toBeUndefined();

    const after = await again(namespace, { plan: 'standard' });
    const back = await database(namespace);
    expectTakenBack({ namespace, addon, before, orphans }, after, back);
    for (const part of parts) expect(back[part]?.metadata.ownerReferences).toHaveLength(1);
  });

  it.each(['in time', 'too late'] as const)(
    'faster than the operator can look: what stays is marked %s for the next addon, which has the same ready_at',
    async (when) => {
      const namespace = await suite().namespace();
      await suite().createAddon(namespace, 'shop', { plan: 'standard' });
      const addon = await suite().untilSettled(namespace, 'shop');
      const before = await database(namespace);
      const gate = await suite().gate(namespace);
      const held = gate.hold(isOurs);
      await suite().client.remove(addonGvr, namespace, 'shop', 'Orphan');
      const write = await held;
      await suite().addons.untilGone(namespace, 'shop');
      // The collector may have been done with it before the operator looked; now what it tries is out of date for sure.
      expect(write.resource).toBe('objectstores');
      await suite().client.patch(objectStoreGvr, namespace, write.name, {
        metadata: { annotations: { 'example.org/touched': 'yes' } },
      });
      if (when === 'in time') write.pass();
      const orphans = when === 'in time' ? await untilMarked(namespace, addon) : await database(namespace);
      const created = await suite().createAddon(namespace, 'shop', { plan: 'standard' });
      write.pass();
      expectTakenBack(
        { namespace, addon, before, orphans },
        await untilRunning(namespace, created),
        await database(namespace),
      );
      // Events are recorded on the side.
      await eventually('the event', async () => {
        const released = (await suite().client.list(events, namespace)).filter(({ reason }) => reason === 'Released');
        expect(released).toMatchObject([{ regarding: { uid: addon.metadata.uid } }]);
      });
    },
  );

  it('while no operator runs: the unmarked database comes back as well', async () => {
    const namespace = await suite().namespace();
    await suite().createAddon(namespace, 'shop', { plan: 'standard' });
    await suite().untilSettled(namespace, 'shop');
    const before = await database(namespace);
    await suite().operator.kill();
    await suite().client.remove(addonGvr, namespace, 'shop', 'Orphan');
    await suite().addons.untilGone(namespace, 'shop');
    const orphans = await database(namespace);
    for (const part of parts) expect(orphans[part]?.metadata.labels?.['addons.paas.dev/orphaned']).toBeUndefined();
    await suite().crashOperator();
    const addon = await again(namespace, { plan: 'standard' });
    const after = await database(namespace);
    expect(uidsOf(after)).toEqual(uidsOf(before));
    expect(after.urlSecret?.data).toEqual(before.urlSecret?.data);
    expect(conditionOf(addon, 'Adopted')?.status).toBe('True');
  });
});

describe('a mismatch is reported, and nothing is changed:', () => {
  it.each<readonly [what: string, was: Partial<AddonSpec>, is: Partial<AddonSpec>, words: readonly string[]]>([
    ['another database name', { database: { name: 'orders' } }, { database: { name: 'sales' } }, ['orders', 'sales']],
    ['the default database name', { database: { name: 'orders' } }, {}, ['orders', 'app']],
    ['another owner', { database: { owner: 'clerk' } }, { database: { owner: 'boss' } }, ['clerk', 'boss']],
    ['a lower major version', { version: '17' }, { version: '16' }, ['17', '16']],
    ['a lower minor version', { version: '17.4' }, { version: '17.2' }, ['17.4', '17.2']],
  ])('%s', async (_what, was, is, words) => {
    const left = await leftBehind({ plan: 'standard', ...was });
    await suite().createAddon(left.namespace, 'shop', { plan: 'standard', mode: 'protected', ...is });
    await expectRefused(left.namespace, 'shop', left.orphans, 'AdoptionRefused', ...words, clusterOf(left.namespace));
  });

  it('a lower version, until a fitting one is asked for', async () => {
    const left = await leftBehind({ plan: 'free', version: '17' });
    const { namespace } = left;
    const created = await suite().createAddon(namespace, 'shop', { plan: 'free', mode: 'protected', version: '16' });
    await expectRefused(namespace, 'shop', left.orphans, 'AdoptionRefused');
    await suite().patchAddon(namespace, 'shop', { version: '17' });
    expectTakenBack(left, await untilRunning(namespace, created), await database(namespace));
  });

  it('the orphan of an addon of another name, until its objects are handed over by their label', async () => {
    const left = await leftBehind({ plan: 'standard', appId: 'shop' }, 'first');
    const { namespace } = left;
    const created = await suite().createAddon(namespace, 'second', {
      plan: 'standard',
      mode: 'protected',
      appId: 'shop',
    });
    await expectRefused(namespace, 'second', left.orphans, 'AdoptionRefused', '"first"', 'addons.paas.dev/name=second');
    // Secrets are not watched: with the Cluster last, the operator looks when all of it is handed over.
    for (const part of [...parts].reverse()) {
      const [gvr, name] = placesOf(namespace)[part];
      const kind = `${gvr.plural}.${gvr.group}`.replace(/\.$/, '');
      const args = ['label', kind, name, '--namespace', namespace, 'addons.paas.dev/name=second', '--overwrite'];
      expect(await suite().kubectl(args)).toMatchObject({ code: 0 });
    }
    expectTakenBack(left, await untilRunning(namespace, created), await database(namespace));
  });

  it('a Secret without its Cluster, until it is deleted', async () => {
    const left = await leftBehind({ plan: 'free' });
    const { namespace } = left;
    await suite().client.remove(clusterGvr, namespace, clusterOf(namespace));
    await eventually('the end of the Cluster', async () => {
      const { cluster, source } = await database(namespace);
      expect([cluster, source]).toEqual([undefined, undefined]);
    });
    const before = await database(namespace);
    await suite().createAddon(namespace, 'shop', { plan: 'free', mode: 'protected' });
    const reported = await suite().untilReason(namespace, 'shop', 'CredentialsPublished', 'AdoptionRefused');
    const [gvr, name] = placesOf(namespace).urlSecret;
    expect(conditionOf(reported, 'CredentialsPublished')?.message).toContain(name);
    await suite().fence();
    expect(JSON.stringify((await database(namespace)).urlSecret)).toBe(JSON.stringify(before.urlSecret));
    await suite().client.remove(gvr, namespace, name);
    await suite().client.patch(addonGvr, namespace, 'shop', {
      metadata: { annotations: { 'example.org/touched': 'yes' } },
    });
    const running = await suite().untilRunning(namespace, 'shop');
    // A new database: nothing of the old one is claimed.
    expect(conditionOf(running, 'Adopted')).toBeUndefined();
    expect((await database(namespace)).cluster?.metadata.uid).not.toBe(left.before.cluster?.metadata.uid);
  });

  it('a backup schedule of another database than the one that is there; the database is adopted without it', async () => {
    const left = await leftBehind({ plan: 'standard' });
    const { namespace } = left;
    const [gvr, name] = placesOf(namespace).scheduledBackup;
    await suite().client.patch(gvr, namespace, name, {
      metadata: { labels: { 'addons.paas.dev/uid': 'another-life' } },
    });
    const before = await database(namespace);
    const created = await suite().createAddon(namespace, 'shop', { plan: 'standard', mode: 'protected' });
    const reported = await suite().untilReason(namespace, 'shop', 'BackupReady', 'AdoptionRefused');
    expect(conditionOf(reported, 'BackupReady')).toMatchObject({
      status: 'False',
      message: expect.stringContaining(name),
    });
    await untilRunning(namespace, created);
    await suite().fence();
    const after = await database(namespace);
    expect(JSON.stringify(after.scheduledBackup)).toBe(JSON.stringify(before.scheduledBackup));
    expect(after.cluster?.metadata.uid).toBe(before.cluster?.metadata.uid);
    expect(after.cluster?.metadata.labels).toMatchObject({ 'addons.paas.dev/uid': created.metadata.uid });
    expect(secretText(after.urlSecret, 'DATABASE_URL')).toBe(secretText(before.urlSecret, 'DATABASE_URL'));
  });

  it.each([
    ['without the label that says who made it', { 'app.kubernetes.io/managed-by': null }],
    ['managed by somebody else', { 'app.kubernetes.io/managed-by': 'Helm' }],
    ['without the uid of its addon', { 'addons.paas.dev/uid': null }],
    ['of another appId', { 'addons.paas.dev/app-id': 'store' }],
  ])('a Cluster %s is not taken for an orphan of this addon', async (_what, labels) => {
    const left = await leftBehind({ plan: 'free' });
    const { namespace } = left;
    await suite().client.patch(clusterGvr, namespace, clusterOf(namespace), { metadata: { labels } });
    const before = await database(namespace);
    await suite().createAddon(namespace, 'shop', { plan: 'free', mode: 'protected' });
    const reported = await suite().addons.until(
      namespace,
      'shop',
      'a refusal',
      (state) => conditionOf(state, 'Stalled') !== undefined,
    );
    expect(['NameConflict', 'AdoptionRefused']).toContain(conditionOf(reported, 'Ready')?.reason);
    await suite().fence();
    expect(JSON.stringify(await database(namespace))).toBe(JSON.stringify(before));
  });

  it('a Cluster of its own making that somebody else controls', async () => {
    const left = await leftBehind({ plan: 'free' });
    const { namespace } = left;
    const holder = await suite().client.create(secrets, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'holder', namespace },
    });
    const owner = { apiVersion: 'v1', kind: 'Secret', name: 'holder', uid: holder.metadata.uid, controller: true };
    await suite().client.patch(clusterGvr, namespace, clusterOf(namespace), { metadata: { ownerReferences: [owner] } });
    const before = await database(namespace);
    await suite().createAddon(namespace, 'shop', { plan: 'free', mode: 'protected' });
    await expectRefused(namespace, 'shop', before, 'NameConflict', clusterOf(namespace));
  });

  it('the marks lie about ready_at: rubbish is not repeated', async () => {
    const left = await leftBehind({ plan: 'free' });
    const { namespace } = left;
    const annotations = { 'addons.paas.dev/ready-at': 'yesterday', 'addons.paas.dev/former-uid': 'x'.repeat(300) };
    await suite().client.patch(clusterGvr, namespace, clusterOf(namespace), { metadata: { annotations } });
    const addon = await again(namespace, { plan: 'free', mode: 'protected' });
    expect(addon.status?.ready_at).toMatch(/^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect((await database(namespace)).cluster?.metadata.uid).toBe(left.before.cluster?.metadata.uid);
  });
});

describe('two addons of one appId', () => {
  it('of which the protected first goes: the second does not inherit its data', async () => {
    const namespace = await suite().namespace();
    await suite().createAddon(namespace, 'first', { plan: 'standard', mode: 'protected', appId: 'shop' });
    await suite().untilSettled(namespace, 'first');
    const before = await database(namespace);
    await suite().createAddon(namespace, 'second', { plan: 'standard', mode: 'protected', appId: 'shop' });
    await expectRefused(namespace, 'second', before, 'NameConflict', clusterOf(namespace));

    await suite().client.remove(addonGvr, namespace, 'first');
    await suite().addons.untilGone(namespace, 'first');
    const orphans = await database(namespace);
    await expectRefused(namespace, 'second', orphans, 'AdoptionRefused', '"first"');

    // The first comes back and finds everything.
    const first = await again(namespace, { plan: 'standard', mode: 'protected', appId: 'shop' }, 'first');
    expect(conditionOf(first, 'Adopted')?.status).toBe('True');
    expect(uidsOf(await database(namespace))).toEqual(uidsOf(before));
    await suite().untilReason(namespace, 'second', 'Ready', 'NameConflict');
  });

  it.each([false, true])(
    'that both exist: the hand-over of the README gives the second nothing of the first, suspended: %s',
    async (suspend) => {
      const namespace = await suite().namespace();
      await suite().createAddon(namespace, 'first', { plan: 'standard', mode: 'protected', appId: 'shop' });
      const { status } = await suite().untilSettled(namespace, 'first');
      const before = await database(namespace);
      if (suspend) {
        await suite().patchAddon(namespace, 'first', { suspend });
        await suite().untilReason(namespace, 'first', 'Suspended', 'Suspended');
      }
      const command =
        'label cluster,scheduledbackup,objectstore,secret -l addons.paas.dev/app-id=shop addons.paas.dev/name=second --overwrite';
      expect(await suite().kubectl([...command.split(' '), '--namespace', namespace])).toMatchObject({ code: 0 });
      await suite().createAddon(namespace, 'second', { plan: 'standard', mode: 'protected', appId: 'shop' });
      const refused = await suite().untilReason(namespace, 'second', 'Ready', 'NameConflict');
      expect(conditionOf(refused, 'Ready')?.message).toContain(clusterOf(namespace));
      await suite().fence();

      const first = await suite().untilRunning(namespace, 'first');
      expect(conditionOf(first, 'Protected')).toMatchObject({ status: 'True' });
      expect(conditionOf(first, 'Ready')).toMatchObject({ status: 'True' });
      expect(first.status?.ready_at).toBe(status?.ready_at);
      const after = await database(namespace);
      expect(uidsOf(after)).toEqual(uidsOf(before));
      for (const part of parts) expect(after[part]?.metadata.labels?.['addons.paas.dev/uid']).toBe(first.metadata.uid);
    },
  );

  it('of which the standard first goes with --cascade=orphan: the second does not inherit its data either', async () => {
    const namespace = await suite().namespace();
    await suite().createAddon(namespace, 'first', { plan: 'free', appId: 'shop' });
    const first = await suite().untilRunning(namespace, 'first');
    await suite().createAddon(namespace, 'second', { plan: 'free', appId: 'shop' });
    await suite().untilReason(namespace, 'second', 'Ready', 'NameConflict');
    await suite().client.remove(addonGvr, namespace, 'first', 'Orphan');
    await suite().addons.untilGone(namespace, 'first');
    await suite().untilReason(namespace, 'second', 'Ready', 'AdoptionRefused');
    const orphans = await untilMarked(namespace, first);
    await expectRefused(namespace, 'second', orphans, 'AdoptionRefused', '"first"');
  });
});

/** Ours, CNPG's Secret and Events apart. */
const isOurs = ({ user }: Write): boolean => user === suite().operator.user;

function nth(count: number): (write: Write) => boolean {
  let seen = 0;
  return (write) => isOurs(write) && seen++ === count;
}

describe('a crash', () => {
  it.each(['protected', 'standard'] as const)(
    'between any two writes of an adoption into mode %s: the next operator completes it',
    async (mode) => {
      const counts = mode === 'protected' ? [0, 1, 2, 3, 4, 5] : [0, 1, 2, 3, 4];
      const places = await Promise.all(
        counts.map(async () => {
          const left = await leftBehind({ plan: 'standard' });
          return { ...left, gate: await suite().gate(left.namespace) };
        }),
      );
      const held = Promise.all(places.map(({ gate }, count) => gate.hold(nth(count))));
      const created = await Promise.all(
        places.map(({ namespace }) => suite().createAddon(namespace, 'shop', { plan: 'standard', mode })),
      );
      const order = (await held).map(({ resource }) => resource);
      const children = ['clusters', 'objectstores', 'scheduledbackups', 'secrets'];
      expect(order.slice(0, mode === 'protected' ? 5 : 4)).toEqual(
        mode === 'protected' ? ['postgresaddons', ...children] : children,
      );
      await suite().crashOperator();
      for (const [index, left] of places.entries()) {
        const addon = await untilRunning(left.namespace, created[index] as LiveObject);
        const after = await database(left.namespace);
        expectTakenBack(left, addon, after);
        for (const part of parts)
          expect(after[part]?.metadata.ownerReferences?.length ?? 0).toBe(mode === 'protected' ? 0 : 1);
      }
    },
  );
});

describe('an adoption that is cut short by a crash and a deletion', () => {
  it.each(['clusters', 'objectstores', 'scheduledbackups', 'secrets'])(
    'before the write of %s leaves a database that the third addon adopts',
    async (resource) => {
      const left = await leftBehind({ plan: 'standard' });
      const { namespace } = left;
      const gate = await suite().gate(namespace);
      const held = gate.hold((write) => isOurs(write) && write.resource === resource);
      await suite().createAddon(namespace, 'shop', { plan: 'standard', mode: 'protected' });
      await held;
      await suite().operator.kill();
      await suite().client.remove(addonGvr, namespace, 'shop');
      await suite().crashOperator();
      await suite().addons.untilGone(namespace, 'shop');
      const addon = await again(namespace, { plan: 'standard', mode: 'protected' });
      const after = await database(namespace);
      expect(uidsOf(after)).toEqual(uidsOf(left.before));
      expect(after.urlSecret?.data).toEqual(left.before.urlSecret?.data);
      expect(addon.status?.ready_at).toBe(left.addon.status?.ready_at);
    },
  );
});
