// The requests of the operator, counted in the API server's audit log: no superfluous write, none in a foreign namespace, and no unused
// permission in the chart.
import { describe, expect, it } from '@jest/globals';
import type { LiveObject } from '../../hack/cluster/client.ts';
import { secrets } from '../../hack/cluster/kinds.ts';
import { eventually } from '../../hack/cluster/wait.ts';
import { addonGvr, fieldManager, labels } from '../../src/api/addon.ts';
import { objectStoreGvr } from '../../src/api/barman.ts';
import { backupGvr, clusterGvr, scheduledBackupGvr } from '../../src/api/cnpg.ts';
import { redactionJobName } from '../../src/domain/names.ts';
import { testAuthorities } from '../../src/model/authority.ts';
import { type AuditedRequest, isWrite, type Mark, rightsOf, tally } from '../harness/audit.ts';
import { clusterOf } from '../harness/database.ts';
import { endJob } from '../harness/jobs.ts';
import { chartPermissions, listed } from '../harness/permissions.ts';
import { oneStore } from '../harness/stores.ts';
import { useSuite } from '../harness/suite.ts';
import { at, conditionOf } from '../harness/views.ts';

const suite = useSuite({ stores: oneStore });

/** Requests of the operator for one namespace, its Lease apart. */
async function requestsIn(namespace: string, mark: Mark): Promise<readonly AuditedRequest[]> {
  const all = await suite().audit.since(mark);
  return all.filter((request) => request.user === suite().operator.user && request.namespace === namespace);
}

/**
 * Secrets are not watched. Each addon's are looked at every ten minutes: not before nine have passed since it was created, and after a
 * restart at a random time.
 */
const isCheckup = ({ verb, resource }: AuditedRequest): boolean => verb === 'get' && resource === 'secrets';

const isEvent = ({ resource }: AuditedRequest): boolean => resource === 'events';

/** A Backup that is awaited is read by its name in each reconcile, which other events cause too. */
const isAwaiting = ({ verb, resource }: AuditedRequest): boolean => verb === 'get' && resource === 'backups';
/** Of those until the Backup is completed: the simulated one ends at the third event at the latest. */
const mostReads = 4;

/**
 * A base backup takes longer than the operator needs to come to rest.
 * @param change after which the database gets its first one
 */
async function untilBackedUp(namespace: string, name: string, change: () => Promise<unknown>): Promise<void> {
  const { backups } = suite().simulator;
  backups.hold(namespace, clusterOf(namespace, name));
  await change();
  await suite().untilRunning(namespace, name);
  await suite().fence();
  backups.release(namespace, clusterOf(namespace, name));
  await suite().untilSettled(namespace, name);
  await suite().fence();
}

/** An addon that runs and is backed up, with the mark from before its creation. */
async function running(
  name: string,
  plan: 'free' | 'standard' | 'pro',
  mode?: 'protected',
): Promise<{ readonly namespace: string; readonly mark: Mark }> {
  const namespace = await suite().namespace();
  const mark = await suite().audit.mark();
  await untilBackedUp(namespace, name, () =>
    suite().createAddon(namespace, name, { plan, ...(mode === undefined ? {} : { mode }) }),
  );
  return { namespace, mark };
}

describe('requests of one addon', () => {
  // Children are made by an apply, which the audit log calls a patch.
  const free = {
    'get secrets': 1,
    'patch clusters': 1,
    'patch postgresaddons/status': 2,
    'patch secrets': 1,
  };
  const withBackup = {
    ...free,
    // Once more for the login that asks what was archived.
    'get secrets': 3,
    'patch backups': 1,
    'patch objectstores': 1,
    'patch postgresaddons/status': 3,
    'patch scheduledbackups': 1,
  };
  it.each([
    ['free', free],
    ['standard', withBackup],
    // With the Secret with the URL of the replicas.
    ['pro', { ...withBackup, 'get secrets': 4, 'patch secrets': 2 }],
  ] as const)('from its creation until it runs, plan %s', async (plan, expected) => {
    const { namespace, mark } = await running('shop', plan);
    const all = await requestsIn(namespace, mark);
    expect(tally(all.filter((request) => !isEvent(request) && !isAwaiting(request)))).toEqual(expected);
    expect(all.filter(isEvent).length).toBeLessThanOrEqual(plan === 'free' ? 3 : 4);
    expect(all.filter(isAwaiting).length).toBeLessThanOrEqual(plan === 'free' ? 0 : mostReads);
  });

  it('for a change of plan: what changes, and the status twice, and once for backups; the Secrets, and what says whether the disk may grow', async () => {
    const { namespace } = await running('shop', 'free');
    const mark = await suite().audit.mark();
    await untilBackedUp(namespace, 'shop', () => suite().patchAddon(namespace, 'shop', { plan: 'standard' }));
    const all = (await requestsIn(namespace, mark)).filter((request) => !isEvent(request));
    expect(all.filter(isAwaiting).length).toBeLessThanOrEqual(mostReads);
    expect(tally(all.filter((request) => !isAwaiting(request)))).toEqual({
      // Once more for the login when the database is back, and for the one that asks what was archived.
      'get secrets': 6,
      // Before the disk grows, and to see that it has.
      'list persistentvolumeclaims': 2,
      'patch backups': 1,
      'patch clusters': 1,
      'patch objectstores': 1,
      // Of these, one when the new lineage can be restored.
      'patch postgresaddons/status': 3,
      'patch scheduledbackups': 1,
    });
  });

  it('of a protected addon: its finalizer more; for a switch of the mode: the children, the finalizer and the status', async () => {
    const { namespace, mark } = await running('shop', 'standard', 'protected');
    const creation = (await requestsIn(namespace, mark)).filter((request) => !isEvent(request));
    expect(creation.filter(isAwaiting).length).toBeLessThanOrEqual(mostReads);
    expect(tally(creation.filter((request) => !isAwaiting(request)))).toEqual({
      ...withBackup,
      'patch postgresaddons': 1,
    });
    for (const mode of ['standard', 'protected'] as const) {
      const before = await suite().audit.mark();
      await suite().patchAddon(namespace, 'shop', { mode });
      await suite().untilRunning(namespace, 'shop');
      await suite().fence();
      const all = (await requestsIn(namespace, before)).filter((request) => !isEvent(request));
      expect(tally(all)).toEqual({
        // An owner reference to an addon that is gone would be the end of the child, and a child without one would stay for ever.
        ...(mode === 'standard'
          ? { 'get postgresaddons': 1, 'get clusters': 1, 'get objectstores': 1, 'get scheduledbackups': 1 }
          : {}),
        'get secrets': 2,
        'patch clusters': 1,
        'patch objectstores': 1,
        'patch postgresaddons': 1,
        'patch postgresaddons/status': 1,
        'patch scheduledbackups': 1,
        'patch secrets': 1,
      });
    }
  });

  it('for the release of its children: one write of each, one of the addon; for their adoption: the same, and the status twice', async () => {
    const { namespace } = await running('shop', 'standard', 'protected');
    let mark = await suite().audit.mark();
    await suite().client.remove(addonGvr, namespace, 'shop');
    await suite().addons.untilGone(namespace, 'shop');
    await suite().fence();
    const handover = {
      'patch clusters': 1,
      'patch objectstores': 1,
      'patch postgresaddons': 1,
      'patch scheduledbackups': 1,
      'patch secrets': 1,
    };
    const release = (await requestsIn(namespace, mark)).filter((request) => !isEvent(request));
    // What a watch has not shown yet must not be left without a mark.
    expect(tally(release)).toEqual({
      'get clusters': 1,
      'get objectstores': 1,
      'get scheduledbackups': 1,
      'get secrets': 1,
      ...handover,
    });

    mark = await suite().audit.mark();
    await suite().createAddon(namespace, 'shop', { plan: 'standard', mode: 'protected' });
    await suite().untilSettled(namespace, 'shop');
    await suite().fence();
    const adoption = (await requestsIn(namespace, mark)).filter((request) => !isEvent(request));
    expect(tally(adoption.filter(isWrite))).toEqual({ ...handover, 'patch postgresaddons/status': 2 });
    expect(tally(adoption.filter((request) => !isWrite(request)))).toEqual({
      'get postgresaddons': 1,
      // The app's, and what else may have been left behind, twice; and CNPG's.
      'get configmaps': 2,
      'get secrets': 9,
      // Its disk may have been growing.
      'list persistentvolumeclaims': 1,
    });
  });

  it('for a preview: one status; for suspending: one status, one each when a repair waits and when the schedule is gone, and none for anything else', async () => {
    const { namespace } = await running('shop', 'standard');
    let mark = await suite().audit.mark();
    const annotations = { 'addons.paas.dev/preview': 'free' };
    await suite().client.patch(addonGvr, namespace, 'shop', { metadata: { annotations } });
    await suite().addons.until(namespace, 'shop', 'a preview', ({ status }) => status?.preview !== undefined);
    await suite().fence();
    const preview = (await requestsIn(namespace, mark)).filter((request) => !isEvent(request));
    expect(tally(preview)).toEqual({ 'patch postgresaddons/status': 1 });

    mark = await suite().audit.mark();
    await suite().patchAddon(namespace, 'shop', { suspend: true });
    await suite().untilReason(namespace, 'shop', 'Suspended', 'Suspended');
    await suite().fence();
    const suspending = (await requestsIn(namespace, mark)).filter((request) => !isEvent(request));
    expect(tally(suspending)).toEqual({ 'patch postgresaddons/status': 1 });

    mark = await suite().audit.mark();
    const touch = { spec: { enablePDB: true } };
    await suite().client.patch(clusterGvr, namespace, `db-${namespace}-shop`, touch);
    await suite().untilReason(namespace, 'shop', 'PlanApplied', 'Suspended');
    await suite().client.remove(scheduledBackupGvr, namespace, `db-${namespace}-shop-daily`);
    await suite().untilReason(namespace, 'shop', 'BackupReady', 'Suspended');
    await suite().client.patch(objectStoreGvr, namespace, `db-${namespace}-shop`, { spec: { retentionPolicy: '1d' } });
    await suite().fence();
    const suspended = (await requestsIn(namespace, mark)).filter((request) => !isEvent(request));
    expect(tally(suspended)).toEqual({ 'patch postgresaddons/status': 2 });
  });

  it('for a changed password: one read of each Secret, one write of ours, one status', async () => {
    const { namespace } = await running('shop', 'free');
    const mark = await suite().audit.mark();
    const source = `db-${namespace}-shop-app`;
    const changed = await suite().client.patch(secrets, namespace, source, {
      data: { password: Buffer.from('changed').toString('base64') },
    });
    await suite().addons.until(namespace, 'shop', 'the new credentials', (state) => {
      return at(state, 'status', 'credentials', 'sourceVersion') === changed.metadata.resourceVersion;
    });
    await suite().fence();
    const all = (await requestsIn(namespace, mark)).filter((request) => !isEvent(request));
    expect(tally(all)).toEqual({ 'get secrets': 2, 'patch postgresaddons/status': 1, 'patch secrets': 1 });
  });

  it('for a promotion: one write of the Secret, and what both addons say', async () => {
    const { namespace } = await running('shop', 'free');
    await suite().createAddon(namespace, 'copy', { plan: 'free' });
    await suite().untilRunning(namespace, 'copy');
    await suite().fence();
    const mark = await suite().audit.mark();
    await suite().patchAddon(namespace, 'copy', { promote: { appId: 'shop' } });
    await suite().untilReason(namespace, 'copy', 'Promoted', 'Promoted');
    await suite().untilReason(namespace, 'shop', 'CredentialsPublished', 'Superseded');
    await suite().fence();
    const all = (await requestsIn(namespace, mark)).filter((request) => !isEvent(request));
    const { 'get secrets': reads = 0, ...others } = tally(all);
    expect(others).toEqual({ 'get postgresaddons': 1, 'patch postgresaddons/status': 3, 'patch secrets': 1 });
    // Once for the announcement, once to take it, and perhaps once more before the addon of the app has said that it is gone.
    expect([8, 11]).toContain(reads);
  });

  it('for extra Secrets: one write of each and the status twice, when they come and when they go', async () => {
    const { namespace } = await running('shop', 'free');
    const during = async (extraSecrets: readonly string[], isDone: (state: LiveObject) => boolean) => {
      const mark = await suite().audit.mark();
      await suite().patchAddon(namespace, 'shop', { connection: { extraSecrets } });
      await suite().addons.until(namespace, 'shop', `extra Secrets ${extraSecrets.join()}`, isDone);
      await suite().fence();
      return tally((await requestsIn(namespace, mark)).filter((request) => !isEvent(request)));
    };
    const isPublished = (state: LiveObject) => conditionOf(state, 'ExtrasPublished')?.reason === 'Published';
    // The two of every change; then these and the two new ones.
    expect(await during(['servicebinding', 'pgvars'], isPublished)).toEqual({
      'get secrets': 6,
      'patch postgresaddons/status': 2,
      'patch secrets': 2,
    });
    // All of them, twice: once more to see that they are gone.
    expect(await during([], ({ status }) => status?.extras === undefined)).toEqual({
      'delete secrets': 2,
      'get secrets': 8,
      'patch postgresaddons/status': 2,
    });
  });

  it('for the CA: one write of its ConfigMap, and one more when CNPG renews it', async () => {
    const { namespace } = await running('shop', 'free');
    const during = async (change: () => Promise<unknown>, isDone: (state: LiveObject) => boolean) => {
      const mark = await suite().audit.mark();
      await change();
      await suite().addons.until(namespace, 'shop', 'what follows', isDone);
      await suite().fence();
      return tally((await requestsIn(namespace, mark)).filter((request) => !isEvent(request)));
    };
    const versionIn = ({ status }: LiveObject): unknown => at(status, 'extras', '0', 'sourceVersion');
    const verified = { connection: { sslMode: 'verify-full' } } as const;
    // What every change reads; then these, CNPG's Secret with the CA and the ConfigMap. The URL says the mode.
    expect(
      await during(
        () => suite().patchAddon(namespace, 'shop', verified),
        (state) => versionIn(state) !== undefined,
      ),
    ).toEqual({
      'get configmaps': 1,
      'get secrets': 5,
      'patch configmaps': 1,
      'patch postgresaddons/status': 2,
      'patch secrets': 1,
    });
    const before = versionIn(suite().addons.latest(namespace, 'shop') as LiveObject);
    const renewed = Buffer.from(testAuthorities.join('')).toString('base64');
    const authority = `${clusterOf(namespace, 'shop')}-ca`;
    expect(
      await during(
        () => suite().client.patch(secrets, namespace, authority, { data: { 'ca.crt': renewed } }),
        (state) => versionIn(state) !== before,
      ),
    ).toEqual({
      'get configmaps': 1,
      'get secrets': 3,
      'patch configmaps': 1,
      'patch postgresaddons/status': 1,
    });
    expect(
      await during(
        () => suite().patchAddon(namespace, 'shop', { connection: null }),
        ({ status }) => status?.extras === undefined,
      ),
    ).toMatchObject({ 'delete configmaps': 1, 'get configmaps': 2 });
  });

  it('for a login role: one write of each part, and one more of it to lock it; the statuses say what is there', async () => {
    const { namespace } = await running('shop', 'free');
    const during = async (roles: readonly string[], isDone: (state: LiveObject) => boolean) => {
      const mark = await suite().audit.mark();
      await suite().patchAddon(namespace, 'shop', { roles });
      await suite().addons.until(namespace, 'shop', `roles ${roles.join()}`, isDone);
      await suite().fence();
      const all = (await requestsIn(namespace, mark)).filter((request) => !isEvent(request));
      // How often CNPG's progress is looked at is a matter of its speed.
      const { 'get secrets': _, ...others } = tally(all);
      return others;
    };
    const isPublished = (state: LiveObject) => conditionOf(state, 'RolesReady')?.reason === 'Published';
    // It is listed, it is made, it is proved, it is published.
    expect(await during(['read'], isPublished)).toEqual({
      'patch databaseroles': 1,
      'patch postgresaddons/status': 4,
      'patch secrets': 2,
    });
    const { 'patch postgresaddons/status': statuses = 0, ...requests } = await during(
      [],
      ({ status }) => status?.roles === undefined,
    );
    const [reads, writes] = [true, false].map((isRead) =>
      Object.fromEntries(Object.entries(requests).filter(([request]) => request.startsWith('get ') === isRead)),
    );
    // The watch may not know yet a role whose creation was not answered: it is looked for before it is let go.
    expect(Object.keys(reads ?? {})).toContain('get databaseroles');
    expect(writes).toEqual({ 'delete databaseroles': 1, 'delete secrets': 2, 'patch databaseroles': 1 });
    // Once more if it is seen while its DatabaseRole goes.
    expect([2, 3]).toContain(statuses);
  });

  it('for something that does not concern it: none', async () => {
    const { namespace } = await running('shop', 'pro');
    const cluster = `db-${namespace}-shop`;
    const touch = {
      metadata: { annotations: { 'example.org/touched': 'yes' }, labels: { 'example.org/touched': 'yes' } },
    };
    const mark = await suite().audit.mark();
    await suite().client.patch(addonGvr, namespace, 'shop', touch);
    await suite().client.patch(clusterGvr, namespace, cluster, touch);
    await suite().client.patch(clusterGvr, namespace, cluster, { status: { timelineID: 7 } }, 'status');
    await suite().client.patch(scheduledBackupGvr, namespace, `${cluster}-daily`, touch);
    await suite().fence();
    expect(tally(await requestsIn(namespace, mark))).toEqual({});
  });

  it('for its deletion: none but a last Event, and one status while a foreground deletion is in progress', async () => {
    const background = await running('shop', 'standard');
    let mark = await suite().audit.mark();
    await suite().client.remove(addonGvr, background.namespace, 'shop');
    await suite().clusters.untilGone(background.namespace, `db-${background.namespace}-shop`);
    await suite().fence();
    // The Event says where the backups stay.
    expect(tally(await requestsIn(background.namespace, mark))).toEqual({ 'create events': 1 });

    const foreground = await running('shop', 'standard');
    // A Cluster takes its time to go: without, the addon can be gone before its status is written.
    const anchor = (finalizers: readonly string[]) =>
      suite().client.patch(clusterGvr, foreground.namespace, clusterOf(foreground.namespace), {
        metadata: { finalizers },
      });
    await anchor(['example.org/anchor']);
    mark = await suite().audit.mark();
    await suite().client.remove(addonGvr, foreground.namespace, 'shop', 'Foreground');
    await suite().addons.until(
      foreground.namespace,
      'shop',
      'phase deleted',
      ({ status }) => status?.phase === 'deleted',
    );
    await anchor([]);
    await suite().addons.untilGone(foreground.namespace, 'shop');
    await suite().fence();
    const all = (await requestsIn(foreground.namespace, mark)).filter((request) => !isEvent(request));
    expect(tally(all)).toEqual({ 'patch postgresaddons/status': 1 });
  });
});

/** A base backup that failed longer ago than the retention goes; one that was completed then stays. */
async function removesOldFailure(namespace: string, name: string): Promise<void> {
  const { client } = suite();
  const {
    apiVersion = '',
    kind = '',
    metadata,
  } = (await client.get(clusterGvr, namespace, clusterOf(namespace, name))) ?? {};
  const stoppedAt = '2026-01-01T00:00:00Z';
  const make = async (phase: string): Promise<string> => {
    const backup = `${name}-${phase}`;
    await client.create(backupGvr, {
      apiVersion,
      kind: 'Backup',
      metadata: {
        name: backup,
        namespace,
        labels: { [labels.managedBy]: fieldManager, [labels.name]: name },
        ownerReferences: [{ apiVersion, kind, name: metadata?.name ?? '', uid: metadata?.uid ?? '' }],
      },
      // No Cluster of the simulator.
      spec: { cluster: { name: 'elsewhere' } },
    });
    await eventually('the simulator, which leaves it at that', async () => {
      expect((await client.get(backupGvr, namespace, backup))?.status?.phase).toBe('pending');
    });
    await client.patch(backupGvr, namespace, backup, { status: { phase, stoppedAt } }, 'status');
    return backup;
  };
  const [failed, completed] = [await make('failed'), await make('completed')];
  await client.patch(addonGvr, namespace, name, { status: { backup: { failedSince: stoppedAt } } }, 'status');
  await eventually('the removal of the failed Backup', async () => {
    expect(await client.get(backupGvr, namespace, failed)).toBeUndefined();
  });
  expect(await client.get(backupGvr, namespace, completed)).toBeDefined();
}

describe('requests of the process', () => {
  it('for a restart with addons that did not change: the published schema, five lists, five watches, no write', async () => {
    const namespace = await suite().namespace();
    const names = ['one', 'two', 'three', 'four', 'five'];
    for (const name of names)
      await suite().createAddon(namespace, name, { plan: name === 'one' ? 'free' : 'standard' });
    for (const name of names) await suite().untilSettled(namespace, name);
    await suite().operator.stop();

    const mark = await suite().audit.mark();
    const next = await suite().replaceOperator();
    await next.untilReady();
    await next.said('reconciling');
    await suite().fence();
    const all = (await suite().audit.since(mark)).filter(({ user }) => user === next.user);
    const ofCluster = all.filter(({ namespace: place, resource }) => place === '' && resource !== 'leases');
    expect(tally(ofCluster)).toEqual({
      'get /openapi/v3/apis/addons.paas.dev/v1alpha1': 1,
      'list clusters': 1,
      'list databaseroles': 1,
      'list objectstores': 1,
      'list postgresaddons': 1,
      'list scheduledbackups': 1,
      'watch clusters': 1,
      'watch databaseroles': 1,
      'watch objectstores': 1,
      'watch postgresaddons': 1,
      'watch scheduledbackups': 1,
    });
    const ofAddons = all.filter((request) => request.namespace === namespace);
    expect(tally(ofAddons.filter((request) => !isCheckup(request)))).toEqual({});
    // Their check-ups are spread over ten minutes: within these seconds, hardly that of one, which reads two Secrets.
    expect(ofAddons.filter(isCheckup).length).toBeLessThanOrEqual(2);
  });

  it('stay in the namespaces of addons, the Lease and events; use every permission, and miss none', async () => {
    const namespace = await suite().namespace();
    await suite().client.create(secrets, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'app-taken-database-url', namespace },
      stringData: { DATABASE_URL: 'somebody-else' },
    });
    await suite().createAddon(namespace, 'taken', { plan: 'free' });
    await suite().untilReason(namespace, 'taken', 'Ready', 'NameConflict');
    // All verbs once, whatever the tests above did.
    await suite().createAddon(namespace, 'shop', { plan: 'free' });
    await suite().untilRunning(namespace, 'shop');
    await suite().patchAddon(namespace, 'shop', {
      plan: 'standard',
      connection: { sslMode: 'require' },
      roles: ['read'],
    });
    await suite().untilSettled(namespace, 'shop');
    await suite().client.patch(scheduledBackupGvr, namespace, `db-${namespace}-shop-daily`, {
      spec: { suspend: true },
    });
    await eventually('the repair of the ScheduledBackup', async () => {
      const repaired = await suite().client.get(scheduledBackupGvr, namespace, `db-${namespace}-shop-daily`);
      expect(repaired?.spec?.suspend).toBe(false);
    });
    await removesOldFailure(namespace, 'shop');
    await suite().client.patch(addonGvr, namespace, 'shop', {
      metadata: { annotations: { 'addons.paas.dev/drill-now': 'one' } },
    });
    await suite().addons.until(
      namespace,
      'shop',
      'the end of a restore drill',
      (addon) =>
        at(addon, 'status', 'backup', 'lastDrill') !== undefined &&
        at(addon, 'status', 'backup', 'drill') === undefined,
      120_000,
    );
    const redaction = { configMapKeyRef: { name: 'none', key: 'none' } };
    await suite().createAddon(namespace, 'copy', { plan: 'free', restore: { from: { addon: 'shop' }, redaction } });
    await suite().untilReason(namespace, 'copy', 'Ready', 'Redacting');
    const job = redactionJobName(clusterOf(namespace, 'copy'));
    await endJob(suite().client, namespace, job, 'Complete');
    await suite().untilRunning(namespace, 'copy');
    await suite().patchAddon(namespace, 'shop', { plan: 'free', mode: 'protected' });
    const looked = await suite().untilRunning(namespace, 'shop');
    expect(at(looked, 'status', 'backup')).not.toHaveProperty('failedSince');
    await suite().client.remove(addonGvr, namespace, 'shop');
    await suite().addons.untilGone(namespace, 'shop');
    await suite().createAddon(namespace, 'shop', { plan: 'free' });
    await suite().untilRunning(namespace, 'shop');
    // A cause is looked for after 90 s without success: as if they had passed.
    suite().simulator.hold(namespace, `db-${namespace}-shop`);
    await suite().simulator.report(namespace, `db-${namespace}-shop`, { phase: 'Failing over', readyInstances: 0 });
    const waiting = await suite().addons.until(
      namespace,
      'shop',
      'phase provisioning',
      ({ status }) => status?.phase === 'provisioning',
    );
    const longAgo = new Date(Date.now() - 120_000).toISOString().replace(/[.]\d+/, '');
    const reported = (waiting.status?.conditions ?? []) as readonly { readonly type: string }[];
    const conditions = reported.map((condition) =>
      condition.type === 'Reconciling' ? { ...condition, lastTransitionTime: longAgo } : condition,
    );
    await suite().client.patch(addonGvr, namespace, 'shop', { status: { conditions } }, 'status');
    await eventually('a look at the pods', async () => {
      const requests = await suite().audit.since(0);
      expect(
        requests.some(({ user, verb, resource, namespace: place }) => {
          return user === suite().operator.user && place === namespace && `${verb} ${resource}` === 'list pods';
        }),
      ).toBe(true);
    });
    suite().simulator.release(namespace, `db-${namespace}-shop`);

    const all = (await suite().audit.since(0)).filter(({ user }) => user === suite().operator.user);
    const ours = all.filter(({ receivedAt }) => receivedAt >= suite().startedAt);
    expect(ours.filter(({ code }) => code === 403)).toEqual([]);
    const places = new Set(
      ours
        .filter(isWrite)
        .map((request) => (request.resource === 'leases' ? 'lease' : request.namespace.replace(/-\d+$/, ''))),
    );
    expect([...places].sort()).toEqual(['lease', suite().namespacePrefix].sort());
    const leasePlaces = new Set(
      ours.filter(({ resource }) => resource === 'leases').map((request) => request.namespace),
    );
    expect([...leasePlaces]).toEqual([suite().operatorNamespace]);

    const used = [...new Set(ours.flatMap(rightsOf))].sort();
    const granted = listed(await chartPermissions(suite().cluster, suite().operatorNamespace));
    // Never sent: the API server checks this permission if OwnerReferencesPermissionEnforcement is enabled.
    expect(used).toEqual(granted.filter((permission) => permission !== 'update postgresaddons/finalizers'));
  });
});
