// Restores against a real API server and the simulated CNPG: in which order they are made, what they wait for, and that whatever stops the
// operator in between, the same comes of it.
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { LiveObject } from '../../hack/cluster/client.ts';
import { events } from '../../hack/cluster/kinds.ts';
import { eventually } from '../../hack/cluster/wait.ts';
import { type AddonSpec, type AddonStatus, addonGvr, annotations } from '../../src/api/addon.ts';
import { objectStoreGvr } from '../../src/api/barman.ts';
import { clusterGvr } from '../../src/api/cnpg.ts';
import { nth, type Write } from '../harness/admission-gate.ts';
import { changesBy } from '../harness/audit.ts';
import { clusterOf, type Database, databaseOf } from '../harness/database.ts';
import { comparableChildren } from '../harness/snapshot.ts';
import { oneStore } from '../harness/stores.ts';
import { useSuite } from '../harness/suite.ts';
import { at, conditionOf } from '../harness/views.ts';
import { otherRole } from '../simulator/database-server.ts';

const suite = useSuite({ stores: oneStore });

type From = NonNullable<AddonSpec['restore']>['from'];

const statusOf = ({ status }: LiveObject): AddonStatus => (status ?? {}) as AddonStatus;
const copyIn = (namespace: string): Promise<Database> => databaseOf(suite().client, namespace, 'copy');
const originOf = ({ cluster }: Database): unknown =>
  at(cluster?.spec?.externalClusters, '0', 'plugin', 'parameters', 'serverName');
/** A write of the operator. */
const ofKind =
  (kind: string) =>
  ({ user, resource }: Write): boolean =>
    user === suite().operator.user && resource === kind;

/** An addon `shop` whose backups are in force, in a namespace of its own. @returns its lineage too */
async function withBackups(): Promise<{ readonly namespace: string; readonly lineage: string; readonly from: string }> {
  const namespace = await suite().namespace();
  await suite().createAddon(namespace, 'shop', { plan: 'standard' });
  const { backup } = statusOf(await suite().untilSettled(namespace, 'shop'));
  return { namespace, lineage: backup?.serverName ?? '', from: backup?.recoveryWindow?.from ?? '' };
}

const restoring = (namespace: string, from: From, spec: Partial<AddonSpec> = {}): Promise<unknown> =>
  suite().createAddon(namespace, 'copy', { plan: 'standard', restore: { from }, ...spec });
const refused = (namespace: string, reason: string): Promise<LiveObject> =>
  suite().addons.until(namespace, 'copy', reason, (state) => conditionOf(state, 'Ready')?.reason === reason);

describe('a restore', () => {
  it('has its ObjectStores first, and costs one write more than a creation', async () => {
    const { namespace, lineage, from } = await withBackups();
    const mark = await suite().audit.mark();
    await restoring(namespace, { addon: 'shop', targetTime: from });
    const copy = await suite().untilSettled(namespace, 'copy');
    const changes = changesBy(suite().operator.user, namespace, await suite().audit.since(mark));
    const made = changes.map(({ resource }) => resource);
    expect(made.slice(0, 3)).toEqual(['objectstores', 'objectstores', 'clusters']);
    expect(made.toSorted()).toEqual([
      ...['backups', 'clusters', 'objectstores', 'objectstores', 'scheduledbackups', 'secrets'],
    ]);
    const database = await copyIn(namespace);
    expect(database.cluster?.spec?.bootstrap).toEqual({
      recovery: { source: 'origin', database: 'app', owner: 'app', recoveryTarget: { targetTime: from } },
    });
    expect(originOf(database)).toBe(lineage);
    expect(database.originStore?.metadata.ownerReferences?.[0]?.uid).toBe(copy.metadata.uid);
    expect(statusOf(copy)).toMatchObject({
      restore: { serverName: lineage, store: 'main', targetTime: from },
      backup: { effective: 'daily', lineages: [{ serverName: expect.not.stringMatching(`^${lineage}$`) }] },
    });
    const reasons = suite().addons.course(namespace, 'copy', (state) => conditionOf(state, 'Ready')?.reason);
    expect(reasons.filter((reason) => reason !== 'CredentialsPending' && reason !== 'LoginPending')).toEqual([
      undefined,
      'Restoring',
      'Running',
    ]);
  });

  it('lets no other role of its source in, until its annotation asks for it', async () => {
    const { addons, client, clusters } = suite();
    const { namespace } = await withBackups();
    await restoring(namespace, { addon: 'shop' });
    await suite().untilSettled(namespace, 'copy');
    const cluster = clusterOf(namespace, 'copy');
    const lock = ['host all "app" all scram-sha-256', 'host all all all reject'];
    const linesOf = (state: LiveObject) => at(state.spec, 'postgresql', 'pg_hba');
    expect(clusters.course(namespace, cluster, linesOf)).toEqual([lock]);
    expect(statusOf(addons.latest(namespace, 'copy')).restore?.lockedRoles).toEqual([otherRole]);
    const unlock = (value: string | null) =>
      client.patch(addonGvr, namespace, 'copy', { metadata: { annotations: { [annotations.unlockRoles]: value } } });

    // Somebody else's line stays, whatever becomes of the operator's.
    const theirs = 'hostssl all all 10.0.0.0/8 cert';
    await client.patch(clusterGvr, namespace, cluster, { spec: { postgresql: { pg_hba: [theirs, ...lock] } } });
    await unlock('true');
    await clusters.until(namespace, cluster, 'no lock', (state) => JSON.stringify(linesOf(state)) === `["${theirs}"]`);
    await addons.until(namespace, 'copy', 'no locked roles', (state) => {
      const { restore } = statusOf(state);
      return restore !== undefined && restore.lockedRoles === undefined;
    });
    await unlock(null);
    const isLocked = (state: LiveObject) => JSON.stringify(linesOf(state)) === JSON.stringify([theirs, ...lock]);
    await clusters.until(namespace, cluster, 'the lock', isLocked);
    await eventually('the Events', async () => {
      const all = (await client.list(events, namespace)).filter(({ regarding }) => at(regarding, 'name') === 'copy');
      const reasons = all.map(({ reason }) => reason);
      expect(reasons).toEqual(expect.arrayContaining(['RolesLocked', 'RolesUnlocked']));
    });
  });

  it('waits for its source, and for the first backup of that, without a poll', async () => {
    const namespace = await suite().namespace();
    const { simulator } = suite();
    await restoring(namespace, { addon: 'shop' });
    const missing = await refused(namespace, 'RestoreSourceMissing');
    expect(conditionOf(missing, 'Stalled')?.status).toBe('True');
    simulator.backups.hold(namespace, clusterOf(namespace));
    await suite().createAddon(namespace, 'shop', { plan: 'standard' });
    const pending = await refused(namespace, 'RestorePending');
    expect(conditionOf(pending, 'Stalled')).toBeUndefined();
    await suite().untilRunning(namespace, 'shop');
    await suite().fence();
    expect((await copyIn(namespace)).cluster).toBeUndefined();
    simulator.backups.release(namespace, clusterOf(namespace));
    await suite().untilSettled(namespace, 'copy');
  });

  it('of an addon of another namespace waits until that permits it, and reads its folder', async () => {
    const { client } = suite();
    const { namespace: theirs, lineage } = await withBackups();
    const namespace = await suite().namespace();
    await restoring(namespace, { addon: 'shop', namespace: theirs });
    const message = conditionOf(await refused(namespace, 'RestoreSourceMissing'), 'Ready')?.message ?? '';
    await restoring(theirs, { addon: 'none', namespace });
    const none = conditionOf(await refused(theirs, 'RestoreSourceMissing'), 'Ready')?.message;
    expect(none).toBe(
      message
        .replaceAll(theirs, '#')
        .replaceAll(namespace, theirs)
        .replaceAll('#', namespace)
        .replaceAll('shop', 'none'),
    );
    expect((await copyIn(namespace)).cluster).toBeUndefined();
    const [, command = ''] = /kubectl (annotate .*)$/.exec(message) ?? [];
    expect(await suite().kubectl(command.split(' '))).toMatchObject({ code: 0 });
    const copy = await suite().untilSettled(namespace, 'copy');
    const database = await copyIn(namespace);
    expect(originOf(database)).toBe(lineage);
    expect(at(database.originStore?.spec, 'configuration', 'destinationPath')).toMatch(new RegExp(`/${theirs}$`));
    expect(statusOf(copy).restore).toMatchObject({ namespace: theirs, serverName: lineage });
    expect((await client.list(clusterGvr, theirs)).map(({ metadata }) => metadata.name)).toEqual([clusterOf(theirs)]);
  });

  it('goes on without its source, and gets its ObjectStore again, so that CNPG looks after it', async () => {
    const { client, clusters, simulator } = suite();
    const { namespace, lineage } = await withBackups();
    await restoring(namespace, { addon: 'shop' }, { plan: 'pro' });
    await suite().untilSettled(namespace, 'copy');
    await client.remove(addonGvr, namespace, 'shop');
    await suite().addons.untilGone(namespace, 'shop');
    const cluster = clusterOf(namespace, 'copy');
    const before = await copyIn(namespace);
    await suite().operator.stop();
    await client.remove(objectStoreGvr, namespace, `${cluster}.origin`);
    const primary = at(before.cluster, 'status', 'currentPrimary');
    simulator.killPrimary(namespace, cluster);
    await suite().replaceOperator();
    await clusters.until(namespace, cluster, 'another primary', (state) => {
      const { currentPrimary, readyInstances } = state.status ?? {};
      return currentPrimary !== primary && readyInstances === 3;
    });
    const after = await copyIn(namespace);
    expect(after.originStore?.metadata.uid).not.toBe(before.originStore?.metadata.uid);
    expect(originOf(after)).toBe(lineage);
    expect((await client.list(clusterGvr, namespace)).map(({ metadata }) => metadata.uid)).toEqual([
      before.cluster?.metadata.uid,
    ]);
  });

  it('that a crash interrupts at any write ends the same as one without', async () => {
    const stops = [
      ...[nth(1, ofKind('objectstores')), nth(2, ofKind('objectstores'))],
      ...['clusters', 'secrets', 'backups', 'scheduledbackups'].map(ofKind),
      ...[nth(1, ofKind('postgresaddons/status')), nth(2, ofKind('postgresaddons/status'))],
    ];
    const [smooth, ...places] = await Promise.all(['none', ...stops].map(withBackups));
    if (smooth === undefined) throw new Error('no namespace');
    await restoring(smooth.namespace, { archive: { store: 'main', serverName: smooth.lineage } });
    const expected = await comparableChildren(suite().client, await suite().untilSettled(smooth.namespace, 'copy'));
    const gates = await Promise.all(places.map(({ namespace }) => suite().gate(namespace)));
    const held = Promise.all(gates.map((gate, index) => gate.hold(stops[index] ?? (() => false))));
    for (const { namespace, lineage } of places)
      await restoring(namespace, { archive: { store: 'main', serverName: lineage } });
    await held;
    await suite().crashOperator();
    const masked = (children: unknown, namespace: string, lineage: string): unknown =>
      JSON.parse(JSON.stringify(children).replaceAll(lineage.replace(namespace, '<namespace>'), '<origin>'));
    for (const { namespace, lineage } of places) {
      const addon = await suite().untilSettled(namespace, 'copy');
      const found = masked(await comparableChildren(suite().client, addon), namespace, lineage);
      expect(found).toEqual(masked(expected, smooth.namespace, smooth.lineage));
      expect(statusOf(addon).backup?.lineages).toHaveLength(1);
    }
  });
});

describe('a restore that is not possible creates nothing, and says why', () => {
  let place: Awaited<ReturnType<typeof withBackups>>;
  beforeAll(async () => {
    place = await withBackups();
  });

  it.each<
    readonly [what: string, name: string, from: (lineage: string) => From, more: Partial<AddonSpec>, word: string]
  >([
    ['from itself', 'mirror', () => ({ addon: 'mirror' }), {}, 'is this addon'],
    [
      'of a time in the future',
      'later',
      () => ({ addon: 'shop', targetTime: '2099-01-01T00:00:00Z' }),
      {},
      'in the future',
    ],
    [
      'of a time before the window',
      'early',
      () => ({ addon: 'shop', targetTime: '2020-01-01T00:00:00Z' }),
      {},
      'oldest base backup',
    ],
    ['of another major version', 'newer', () => ({ addon: 'shop' }), { version: '18' }, 'spec.version "18"'],
    ['of another database', 'other', () => ({ addon: 'shop' }), { database: { name: 'sales' } }, 'spec.database.name'],
    [
      'from an unknown store',
      'stray',
      (serverName) => ({ archive: { store: 'no', serverName } }),
      {},
      'archive.store "no"',
    ],
  ])('%s', async (_, name, from, more, word) => {
    const { namespace, lineage } = place;
    await suite().createAddon(namespace, name, { plan: 'standard', restore: { from: from(lineage) }, ...more });
    const state = await suite().addons.until(
      namespace,
      name,
      'InvalidSpec',
      (one) => conditionOf(one, 'Ready')?.reason === 'InvalidSpec',
    );
    expect(conditionOf(state, 'Ready')?.message).toContain(word);
    await suite().fence();
    const { cluster, originStore, objectStore } = await databaseOf(suite().client, namespace, name);
    expect([cluster, originStore, objectStore]).toEqual([undefined, undefined, undefined]);
  });
});
