// What is observed, by which reads, and what a failing read means: one that only explains never stops an action.
import { describe, expect, it } from '@jest/globals';
import { annotations, labels, type PostgresAddon, protectionFinalizer } from '../api/addon.ts';
import type { Cluster } from '../api/cnpg.ts';
import type { KubeObject } from '../api/kubernetes.ts';
import type { WatchedResource } from '../api/resources.ts';
import { platform as backedUp, inForce } from '../domain/backup/testing.ts';
import { children, roles } from '../domain/children.ts';
import { decide } from '../domain/decide.ts';
import type { Observed } from '../domain/observed.ts';
import {
  aCluster,
  anAddon,
  aRunningAddon,
  aScheduledBackup,
  aSource,
  aUrlSecret,
  changed,
  summary,
  testPlatform,
  testTime,
} from '../domain/testing.ts';
import { ApiError } from '../kube/errors.ts';
import type { ApiRequest } from '../kube/transport.ts';
import type { Log } from '../runtime/log.ts';
import { ManualClock } from '../testing/clock.ts';
import type { Cache } from './cache.ts';
import { clientsOf } from './clients.ts';
import { DeletedAddons } from './deleted-addons.ts';
import type { Availability, Dependencies } from './dependencies.ts';
import { observe } from './observe.ts';
import { Repairs } from './repairs.ts';
import { Resync } from './resync.ts';
import { SameApp } from './same-app.ts';

const busy = (): never => {
  throw new ApiError({ code: 429, reason: 'TooManyRequests', message: 'busy', retryAfterSeconds: 1200 });
};
const away = (): never => {
  throw new ApiError({ code: 503, reason: 'ServiceUnavailable', message: 'away' });
};

/** What the operator knows without a read. */
interface Known {
  readonly addons?: readonly PostgresAddon[];
  readonly cluster?: Cluster | undefined;
  readonly deleted?: PostgresAddon;
  readonly availability?: Partial<Readonly<Record<WatchedResource, Availability>>>;
  /** Other installations of the operator that no longer run. */
  readonly goneOperators?: readonly (string | undefined)[];
  /** The addons whose restore drills find room. */
  readonly drillsFor?: readonly string[];
}

function cacheOf<T extends KubeObject>(...objects: readonly T[]): Cache<T> {
  const within = (namespace: string) => objects.filter(({ metadata }) => metadata.namespace === namespace);
  const find = (namespace: string, name: string) => within(namespace).find(({ metadata }) => metadata.name === name);
  return { get: find, inNamespace: within, record: () => {}, forget: () => {} };
}

/** An addon whose backups are in force, at which somebody asks for a restore drill. @param drill that runs */
function asking(
  request: string | undefined,
  drill?: NonNullable<NonNullable<PostgresAddon['status']>['backup']>['drill'],
): PostgresAddon {
  const { addon } = inForce();
  const last = {
    type: 'Connectable',
    status: 'True',
    reason: 'LoggedIn',
    message: '',
    lastTransitionTime: '',
  } as const;
  const notes = request === undefined ? {} : { annotations: { [annotations.drillNow]: request } };
  const backup = { ...addon.status?.backup, archiving: 'ok' as const, ...(drill && { drill }) };
  return {
    ...addon,
    metadata: { ...addon.metadata, ...notes },
    status: { ...addon.status, backup, conditions: [last] },
  };
}

/** The dependencies for it, with the Cluster of a drill if there is one. */
function drilling(addon: PostgresAddon, drillsFor: readonly string[], restored?: Cluster) {
  const { cluster, objectStore } = inForce();
  if (cluster === undefined || objectStore === undefined) throw new Error('no database');
  const { deps, asked } = knowing({ addons: [addon], cluster, drillsFor }, notFound);
  const clusters = cacheOf(cluster, ...(restored === undefined ? [] : [restored]));
  const caches = { ...deps.caches, clusters, objectStores: cacheOf(objectStore) };
  return { asked, deps: { ...deps, caches, platform: { ...backedUp, connectionCheck: 'Required' as const } } };
}

/** The dependencies of observe(), with an API server that answers reads by `answer`; and what was requested and logged. */
function knowing(
  { addons = [], cluster, deleted, availability, goneOperators = [], drillsFor = [] }: Known,
  answer: (request: ApiRequest) => unknown,
) {
  const asked: string[] = [];
  const logged: string[] = [];
  const sameApp = new SameApp();
  for (const addon of addons) sameApp.note('there', addon);
  const clusters = cacheOf(...(cluster === undefined ? [] : [cluster]));
  const clock = { ...new ManualClock(), now: () => testTime, monotonic: () => 0, after: () => () => {} };
  const request = async (asking: ApiRequest): Promise<unknown> => {
    asked.push(asking.path);
    return answer(asking);
  };
  const log: Log = {
    debug: () => {},
    info: (text) => logged.push(text),
    warn: () => {},
    error: () => {},
    child: () => log,
  };
  const deps: Dependencies = {
    platform: testPlatform,
    clock,
    log,
    caches: {
      addons: cacheOf(...addons),
      clusters,
      databaseRoles: cacheOf(),
      objectStores: cacheOf(),
      scheduledBackups: cacheOf(aScheduledBackup(anAddon())),
    },
    sees: () => true,
    sameApp,
    drills: { take: (key) => drillsFor.includes(key), settle: () => {} },
    schema: { missing: [], ofStatus: undefined },
    otherOperators: { isGone: (operator) => goneOperators.includes(operator) },
    heldAddons: { report: () => {}, forget: () => {} },
    repairs: new Repairs(clock),
    availability: () => ({
      addons: 'served',
      clusters: 'served',
      databaseRoles: 'served',
      objectStores: 'served',
      scheduledBackups: 'served',
      ...availability,
    }),
    api: clientsOf({ request, lines: away, close: async () => {} }, clock),
    login: async () => ({ kind: 'unchecked' }),
    entropy: () => 'entropy of a test',
    resync: new Resync(clock, () => 0.5),
    deletedAddons: new DeletedAddons(clusters),
    mayWrite: () => true,
    announce: () => {},
  };
  if (deleted !== undefined) deps.deletedAddons.add(deleted);
  return { deps, asked, logged };
}

/** Observes `team-a/shop` and its Cluster, which is being set up, with an API server that answers reads by `answer`. */
function observing(addon: PostgresAddon, answer: (request: ApiRequest) => unknown): Promise<Observed | undefined> {
  const cluster = aCluster(aRunningAddon(), { phase: 'Setting up primary', readyInstances: 0 });
  return observe('team-a/shop', knowing({ addons: [addon], cluster }, answer).deps);
}

/** Published, then not ready for long enough to look for the cause, and asked for a plan with a larger disk, which was not written yet. */
function stuckAddon(): PostgresAddon {
  const addon = changed(aRunningAddon(), { plan: 'pro' });
  const { conditions = [], ...status } = addon.status ?? {};
  const since = new Date(testTime - 3_600_000).toISOString().replace('.000', '');
  return {
    ...addon,
    status: {
      ...status,
      phase: 'provisioning',
      conditions: [
        ...conditions.map((one) => (one.type === 'Ready' ? { ...one, status: 'False' as const } : one)),
        {
          type: 'Stalled',
          status: 'True',
          reason: 'TakingTooLong',
          message: 'the database is still not ready',
          ...(addon.metadata.generation === undefined ? {} : { observedGeneration: addon.metadata.generation }),
          lastTransitionTime: since,
        },
      ],
    },
  };
}

/** The resource that a path is about. */
const about = ({ path }: ApiRequest): string | undefined =>
  /\/(secrets|pods|events|persistentvolumeclaims|storageclasses|clusters)/.exec(path)?.[1];

const listOf = (...items: readonly object[]) => ({ metadata: { resourceVersion: '1' }, items });
const notFound = (): never => {
  throw new ApiError({ code: 404, reason: 'NotFound', message: 'not found' });
};
const forbidden = (): never => {
  throw new ApiError({ code: 403, reason: 'Forbidden', message: 'not allowed' });
};
const broken = (): never => {
  throw new TypeError('bug');
};

describe('a plan change', () => {
  it.each([
    [['pods', 'events', 'persistentvolumeclaims', 'storageclasses', 'clusters']],
    [['pods']],
    [['events']],
    [['persistentvolumeclaims']],
    [['clusters']],
  ])('is applied while %s cannot be read', async (failing) => {
    const asked: string[] = [];
    const observed = await observing(stuckAddon(), (request) => {
      const what = about(request) ?? '';
      asked.push(what);
      if (what === 'secrets') return notFound();
      return failing.includes(what) || what === 'clusters' ? away() : { metadata: { resourceVersion: '1' }, items: [] };
    });
    expect(asked).toEqual(expect.arrayContaining(['pods', 'events', 'persistentvolumeclaims', 'clusters']));
    if (observed === undefined) throw new Error('nothing was observed');
    const decision = decide(observed, testTime);
    expect(summary(decision.actions)).toContain('apply Cluster');
    expect(decision.conditions.PlanApplied).toMatchObject({ reason: 'Applying' });
    expect(decision.ready.reason).toBe('TakingTooLong');
    expect(JSON.stringify(decision)).not.toContain('not permitted');
  });

  it('does not wait for Secrets that cannot be read: only the credentials and the login do', async () => {
    const observed = await observing(stuckAddon(), away);
    if (observed === undefined) throw new Error('nothing was observed');
    const decision = decide(observed, testTime);
    expect(summary(decision.actions)).toEqual(['apply Cluster']);
    expect(decision.conditions.CredentialsPublished).toMatchObject({ reason: 'Published' });
    expect(decision).toMatchObject({ waitAtLeast: 10_000 });
    expect(decision.login).toBeUndefined();
  });

  it.each([
    ['is deleted', { deletionTimestamp: '2026-01-02T03:04:05Z' }],
    ['leaves protection', {}],
  ])('waits for the Secrets while it %s: none may be left behind', async (_, more) => {
    const addon = {
      ...stuckAddon(),
      metadata: { ...stuckAddon().metadata, finalizers: [protectionFinalizer], ...more },
    };
    await expect(observing(addon, away)).rejects.toMatchObject({ code: 503 });
  });
});

const running = aRunningAddon();
const healthy = aCluster(running);
const key = 'team-a/shop';
const withMetadata = <T extends KubeObject>(object: T, metadata: Partial<T['metadata']>): T => ({
  ...object,
  metadata: { ...object.metadata, ...metadata },
});
/** The last two parts of a path: the resource and the name. */
const objectAt = (path: string): string => path.split('/').slice(-2).join('/');

/** Nothing is asked for besides the owner. */
const noRoles = Object.fromEntries(
  roles.filter((role) => 'level' in children[role]).map((role) => [role, { kind: 'absent' }]),
);

describe('without a read', () => {
  const deletionTimestamp = '2026-01-02T03:04:05Z';

  it.each<readonly [string, Known]>([
    ['there is no addon', { cluster: healthy }],
    ['the addon is about to disappear', { addons: [withMetadata(running, { deletionTimestamp })], cluster: healthy }],
    ['its last finalizer is gone', { addons: [withMetadata(running, { deletionTimestamp, finalizers: [] })] }],
  ])('nothing is observed if %s', async (_, known) => {
    const { deps, asked } = knowing(known, away);
    expect(await observe(key, deps)).toBeUndefined();
    expect(asked).toEqual([]);
  });

  it.each<readonly [string, PostgresAddon]>([
    ['rests', running],
    ['is being deleted by others', withMetadata(running, { deletionTimestamp, finalizers: ['others.dev/wait'] })],
  ])('an addon that %s is observed from the caches, and its check-up stays where it was', async (_, addon) => {
    const { deps, asked } = knowing({ addons: [addon], cluster: healthy }, away);
    const planned = deps.resync.remaining(key, 600_000);
    const observed = await observe(key, deps);
    expect(asked).toEqual([]);
    expect(observed).toMatchObject({ addon, gone: false, livingOwners: [], resync: false });
    expect(observed?.children).toEqual({
      cluster: { kind: 'found', object: healthy },
      originStore: { kind: 'absent' },
      promotedSecret: { kind: 'absent' },
      readUrlSecret: { kind: 'absent' },
      bindingSecret: { kind: 'absent' },
      variablesSecret: { kind: 'absent' },
      caConfigMap: { kind: 'absent' },
      ...noRoles,
      objectStore: { kind: 'absent' },
      scheduledBackup: { kind: 'found', object: aScheduledBackup(anAddon()) },
      urlSecret: { kind: 'unread' },
    });
    for (const name of ['source', 'authority', 'volumes', 'live', 'facts'] as const)
      expect(observed?.[name]).toEqual({ kind: 'unread' });
    expect(deps.resync.remaining(key, 600_000)).toBe(planned);
  });

  it.each<readonly [string, string | undefined, boolean]>([
    ['another installation that no longer runs', 'elsewhere/gone', true],
    ['another installation that runs', 'elsewhere/operator', false],
    ['this installation, which runs', testPlatform.operator, false],
    ['no installation', undefined, false],
  ])('an addon that names %s is observed so', async (_, operator, isGone) => {
    const { operator: _operator, ...status } = running.status ?? {};
    const addon = { ...running, status: { ...status, ...(operator === undefined ? {} : { operator }) } };
    const goneOperators = ['elsewhere/gone', testPlatform.operator, undefined];
    const { deps } = knowing({ addons: [addon], cluster: healthy, goneOperators }, notFound);
    expect((await observe(key, deps))?.holderGone).toBe(isGone);
  });

  it('the addon that it is to be restored from is found by its name, in the same namespace', async () => {
    const addon = anAddon({ restore: { from: { addon: 'other' } } });
    const other = anAddon();
    const source = { ...other, metadata: { ...other.metadata, name: 'other' } };
    const { deps, asked } = knowing({ addons: [addon, source] }, away);
    expect((await observe(key, deps))?.restoreSource?.metadata.name).toBe('other');
    expect((await observe(key, knowing({ addons: [addon] }, away).deps))?.restoreSource).toBeUndefined();
    expect(asked).toEqual([]);
  });

  it('the addons that are promoted to its app are found, and whoever the Secret names', async () => {
    const [addon, other] = [{ ...running, metadata: { ...running.metadata } }, anAddon()];
    const called = (name: string, promote?: { readonly appId: string }): PostgresAddon => ({
      ...other,
      metadata: { ...other.metadata, name, uid: `uid-${name}` },
      spec: { ...other.spec, ...(promote && { promote }) },
    });
    const promoted = called('copy', { appId: 'shop' });
    const namesOf = async (
      addons: readonly PostgresAddon[],
      secret?: (request: ApiRequest) => unknown,
    ): Promise<readonly string[] | undefined> => {
      const { deps } = knowing({ addons, cluster: healthy }, secret ?? away);
      if (secret !== undefined) deps.resync.markDue(key);
      return (await observe(key, deps))?.sameApp.map(({ metadata }) => metadata.name);
    };
    expect(await namesOf([addon, promoted, called('third', { appId: 'web' })])).toEqual(['copy']);
    const { metadata, ...rest } = aUrlSecret(running, 'postgresql://a:b@c/d');
    const labelled = { ...rest, metadata: { ...metadata, labels: { 'addons.paas.dev/name': 'later' } } };
    const secret = ({ path }: ApiRequest): object => (path.endsWith('-app') ? aSource(healthy) : labelled);
    expect(await namesOf([addon, called('later'), called('unknown')], secret)).toEqual(['later']);
  });

  it('a restore drill takes a place only if it would begin, and only if there is one', async () => {
    const hasRoom = async (addon: PostgresAddon, drillsFor: readonly string[]) =>
      (await observe(key, drilling(addon, drillsFor).deps))?.drill.hasRoom;
    expect(await hasRoom(asking('one'), [key])).toBe(true);
    expect(await hasRoom(asking('one'), [])).toBe(false);
    expect(await hasRoom(asking(undefined), [key])).toBe(false);
  });

  it('of a restore drill that runs, its objects are taken from the caches, and its Secret is read once its Cluster is up', async () => {
    const { cluster: own } = inForce();
    if (own === undefined) throw new Error('no Cluster');
    const restored = { ...own, metadata: { ...own.metadata, name: 'drill-db-team-a-shop', uid: 'drill-uid' } };
    const startTime = '2026-01-02T03:00:00Z';
    const drill = { step: 'Restoring', startTime, restoreTime: startTime } as const;
    const secret = '/api/v1/namespaces/team-a/secrets/drill-db-team-a-shop-app';
    const up = drilling(asking(undefined, drill), [], restored);
    expect((await observe(key, up.deps))?.drill).toMatchObject({ cluster: restored, source: { kind: 'absent' } });
    expect(up.asked).toContain(secret);
    const starting = drilling(asking(undefined, drill), [], { ...restored, status: {} });
    expect((await observe(key, starting.deps))?.drill.facts.kind).toBe('found');
    expect(starting.asked).not.toContain(secret);
    expect(starting.asked.some((path) => path.endsWith('/pods'))).toBe(true);
  });

  it('a child that is not there is absent', async () => {
    const { deps } = knowing({ addons: [changed(anAddon(), { appId: 'other' })] }, away);
    expect((await observe(key, deps))?.children).toMatchObject({
      cluster: { kind: 'absent' },
      scheduledBackup: { kind: 'absent' },
    });
  });

  it('a kind that is not served or not permitted is not read either, and the message says what to do', async () => {
    const finalizers = [protectionFinalizer];
    const addon = withMetadata(anAddon({ mode: 'protected' }), { deletionTimestamp, finalizers });
    const availability = { clusters: 'missing', objectStores: 'missing', scheduledBackups: 'forbidden' } as const;
    const { deps, asked } = knowing({ addons: [addon], availability }, notFound);
    expect((await observe(key, deps))?.children).toEqual({
      cluster: {
        kind: 'notServed',
        reason: 'CNPGNotInstalled',
        message: 'the API server does not serve Clusters (postgresql.cnpg.io/v1); install CloudNativePG',
      },
      originStore: {
        kind: 'notServed',
        reason: 'PluginMissing',
        message: 'the API server does not serve ObjectStores (barmancloud.cnpg.io/v1); install the Barman Cloud plugin',
      },
      objectStore: {
        kind: 'notServed',
        reason: 'PluginMissing',
        message: 'the API server does not serve ObjectStores (barmancloud.cnpg.io/v1); install the Barman Cloud plugin',
      },
      scheduledBackup: {
        kind: 'denied',
        message:
          'the operator is not permitted to list and watch ScheduledBackups (postgresql.cnpg.io); grant it the permission',
      },
      urlSecret: { kind: 'absent' },
      promotedSecret: { kind: 'absent' },
      readUrlSecret: { kind: 'absent' },
      bindingSecret: { kind: 'absent' },
      variablesSecret: { kind: 'absent' },
      caConfigMap: { kind: 'absent' },
      ...noRoles,
    });
    // What a deleted addon may have left behind is read, since nothing was published.
    const secrets = ['url', 'read-url', 'binding', 'pgvars'].map((end) => `secrets/app-shop-database-${end}`);
    const roleNames = ['read', 'write', 'admin'].map((level) => `databaseroles/db-team-a-shop-${level}`);
    expect(asked.map(objectAt)).toEqual([...secrets, 'configmaps/app-shop-database-ca', ...roleNames]);
  });
});

describe('a check-up', () => {
  const source = aSource(healthy);
  const urlSecret = aUrlSecret(running, 'postgresql://a:b@c/d');
  const ownSecrets = ['secrets/app-shop-database-url', 'secrets/db-team-a-shop-app'];
  const secretsOf = (secret: KubeObject) => (path: string) => (path.endsWith('-app') ? source : secret);

  async function checkUp(answer: (path: string) => unknown) {
    const { deps, asked } = knowing({ addons: [running], cluster: healthy }, ({ path }) => answer(path));
    deps.resync.markDue(key);
    return { observed: await observe(key, deps), asked, deps };
  }

  it('reads both Secrets, and is due again only after the interval', async () => {
    const { observed, asked, deps } = await checkUp(secretsOf(urlSecret));
    expect(asked.map(objectAt)).toEqual(ownSecrets);
    expect(observed).toMatchObject({ resync: true, source: { kind: 'found', object: source } });
    expect(observed?.live).toEqual({ kind: 'unread' });
    expect(observed?.children.urlSecret).toMatchObject({ kind: 'found', object: { data: urlSecret.data } });
    expect(deps.resync.isDue(key)).toBe(false);
  });

  it('also reads the addon once a Secret turns out to have no owner', async () => {
    const loose = withMetadata(urlSecret, { ownerReferences: [] });
    const { observed, asked } = await checkUp((path) =>
      path.includes('postgresaddons') ? running : secretsOf(loose)(path),
    );
    expect(asked.map(objectAt)).toEqual([...ownSecrets, 'postgresaddons/shop']);
    expect(observed?.live).toEqual({ kind: 'found', object: running });
    expect(observed).toMatchObject({ addon: running, source: { kind: 'found', object: source } });
  });

  it('that has nothing to read is done too', async () => {
    const addon = changed(running, { suspend: true });
    const { deps, asked } = knowing({ addons: [addon], cluster: healthy }, away);
    deps.resync.markDue(key);
    expect(await observe(key, deps)).toMatchObject({ resync: true });
    expect(asked).toEqual([]);
    expect(deps.resync.isDue(key)).toBe(false);
  });

  it('reports a missing permission, and a Secret that is not there', async () => {
    const { observed } = await checkUp((path) => (path.endsWith('-app') ? forbidden() : notFound()));
    expect(observed?.source).toEqual({ kind: 'denied', message: 'not allowed' });
    expect(observed?.children.urlSecret).toEqual({ kind: 'absent' });
  });

  it.each([
    ["CNPG's Secret", 'db-team-a-shop-app'],
    ["the app's Secret", 'app-shop-database-url'],
  ])('that fails to read %s stays due', async (_, failing) => {
    const { observed, deps } = await checkUp((path) => (path.endsWith(failing) ? away() : secretsOf(urlSecret)(path)));
    const unavailable = [observed?.source, observed?.children.urlSecret].filter((read) => read?.kind === 'unavailable');
    expect(unavailable).toEqual([{ kind: 'unavailable', retryAfterSeconds: 0 }]);
    expect(deps.resync.isDue(key)).toBe(true);
  });

  it('that fails to read an extra Secret stays due, and nothing else waits for it', async () => {
    const listed = { form: 'pgvars', name: 'app-shop-database-pgvars' } as const;
    const addon = { ...running, status: { ...running.status, extras: [listed] } };
    const { deps } = knowing({ addons: [addon], cluster: healthy }, ({ path }) =>
      path.endsWith(listed.name) ? away() : notFound(),
    );
    deps.resync.markDue(key);
    const observed = await observe(key, deps);
    expect(observed?.children.variablesSecret).toEqual({ kind: 'unavailable', retryAfterSeconds: 0 });
    expect(deps.resync.isDue(key)).toBe(true);
    // Also while the addon itself has to be confirmed, which a failed read of another Secret stops.
    const loose = withMetadata(healthy, { ownerReferences: [] });
    const next = knowing({ addons: [addon], cluster: loose }, ({ path }) =>
      path.includes('postgresaddons') ? addon : path.endsWith(listed.name) ? away() : notFound(),
    );
    await expect(observe(key, next.deps)).resolves.toMatchObject({
      children: { variablesSecret: { kind: 'unavailable' } },
    });
  });

  describe('of an addon with sslMode verify-full', () => {
    const addon = aRunningAddon({ connection: { sslMode: 'verify-full' } });
    const ownCluster = aCluster(addon, { serverCASecret: 'own-ca' });
    const secret = aSource(healthy);
    const holder = { ...secret, data: { 'ca.crt': 'Y2E=', 'ca.key': 'c2VjcmV0' } };

    it('reads the CA from the Secret that CNPG names, without its key', async () => {
      const { deps, asked } = knowing({ addons: [addon], cluster: ownCluster }, ({ path }) =>
        path.endsWith('/own-ca') ? holder : notFound(),
      );
      deps.resync.markDue(key);
      const observed = await observe(key, deps);
      expect(asked.map(objectAt)).toContain('secrets/own-ca');
      expect(observed?.authority).toMatchObject({ kind: 'found', object: { data: { 'ca.crt': 'Y2E=' } } });
      expect(JSON.stringify(observed)).not.toContain('c2VjcmV0');
    });

    it('that fails to read it stays due, and nothing else waits for it', async () => {
      const { deps } = knowing({ addons: [addon], cluster: aCluster(addon) }, ({ path }) =>
        path.endsWith('-ca') ? away() : notFound(),
      );
      deps.resync.markDue(key);
      await expect(observe(key, deps)).resolves.toMatchObject({ authority: { kind: 'unavailable' } });
      expect(deps.resync.isDue(key)).toBe(true);
    });
  });

  it('that was made because of something else counts', async () => {
    const rotated = aCluster(running, { applicationSecretVersion: '31' });
    const { deps } = knowing({ addons: [running], cluster: rotated }, notFound);
    const planned = deps.resync.remaining(key, 600_000);
    await observe(key, deps);
    expect(deps.resync.remaining(key, 600_000)).toBeGreaterThan(planned);
  });
});

it('of what is read again before it is handed over, only what concerns the operator is kept', async () => {
  const finalizers = [protectionFinalizer];
  const addon = withMetadata(running, { deletionTimestamp: '2026-01-02T03:04:05Z', finalizers });
  const { deps, asked } = knowing({ addons: [addon], cluster: healthy }, ({ path }) => {
    return path.includes('/clusters/') ? { ...healthy, other: 'any' } : notFound();
  });
  const children = (await observe(key, deps))?.children;
  expect(asked.map(objectAt).toSorted()).toEqual([
    'clusters/db-team-a-shop',
    'objectstores/db-team-a-shop',
    'scheduledbackups/db-team-a-shop-daily',
    'secrets/app-shop-database-url',
  ]);
  expect(children).toMatchObject({
    cluster: { kind: 'found', object: { metadata: { uid: 'cluster-uid' } } },
    scheduledBackup: { kind: 'absent' },
  });
  expect(children?.cluster).not.toHaveProperty('object.other');
});

describe('an addon with objects of others', () => {
  const loose = withMetadata(healthy, { ownerReferences: [] });
  const next = withMetadata(anAddon(), { uid: 'next' });

  it('of a deleted addon with its name is read from the API server once', async () => {
    const { deps, asked } = knowing({ addons: [next], cluster: loose }, ({ path }) =>
      path.includes('postgresaddons') ? next : notFound(),
    );
    expect(await observe(key, deps)).toMatchObject({ live: { kind: 'found', object: next } });
    const secrets = ['binding', 'pgvars', 'read-url', 'url'].map((end) => `secrets/app-shop-database-${end}`);
    expect(asked.map(objectAt).toSorted()).toEqual([
      'configmaps/app-shop-database-ca',
      'postgresaddons/shop',
      ...secrets,
    ]);
  });

  it('knows which of them belong to an addon that exists', async () => {
    const other = withMetadata(anAddon(), { name: 'other', uid: 'other-uid' });
    const owners = async (own: Readonly<Record<string, string>>, addons = [running, other]) => {
      const cluster = withMetadata(healthy, { ownerReferences: [], labels: { ...healthy.metadata.labels, ...own } });
      return (await observe(key, knowing({ addons, cluster }, notFound).deps))?.livingOwners;
    };
    const ofOther = { [labels.name]: 'other', [labels.uid]: 'other-uid' };
    expect(await owners(ofOther)).toEqual(['other-uid']);
    expect(await owners({ ...ofOther, [labels.uid]: 'earlier-uid' })).toEqual([]);
    expect(await owners(ofOther, [running])).toEqual([]);
    expect(await owners({ ...ofOther, [labels.managedBy]: 'somebody' }, [running])).toEqual([]);
    expect(await owners({})).toEqual([]);
  });

  it('that was deleted is observed before the next with its name, by a read of the Secret alone', async () => {
    const { deps, asked } = knowing({ addons: [next], cluster: loose, deleted: running }, notFound);
    expect(await observe(key, deps)).toMatchObject({ gone: true, addon: { metadata: { uid: 'addon-uid' } } });
    expect(asked.map(objectAt)).toEqual(['secrets/app-shop-database-url']);
  });
});

describe('the volumes of a growing disk', () => {
  const addon = changed(running, { plan: 'pro' });
  const claim = (name: string, storageClassName?: string, role = 'PG_DATA') => ({
    metadata: { name, uid: name, resourceVersion: '1', labels: { 'cnpg.io/pvcRole': role } },
    spec: storageClassName === undefined ? {} : { storageClassName },
    status: { capacity: { storage: '10Gi' } },
  });
  const storageClass = (allowVolumeExpansion: boolean) => {
    return { metadata: { name: 'any', uid: 'any', resourceVersion: '1' }, allowVolumeExpansion };
  };

  async function read(answer: (request: ApiRequest) => unknown) {
    const known = knowing({ addons: [addon], cluster: healthy }, (request) =>
      about(request) === 'secrets' ? notFound() : answer(request),
    );
    const observed = await observe(key, known.deps);
    return { ...known, volumes: observed?.volumes, facts: observed?.facts };
  }

  it('are its claims, each StorageClass being read once; without one, a claim cannot grow', async () => {
    const named = (rest: string): string => `db-team-a-shop-${rest}`;
    const data = [claim(named('1'), 'fast'), claim(named('2'), 'slow'), claim(named('3')), claim(named('4'), 'gone')];
    // Anybody can give the labels to a claim of another workload.
    const others = ['my-copy', named('copy'), named('1-copy'), named('x-1'), 'db-team-a-shop'];
    const more = [claim(named('1-wal'), 'fast', 'PG_WAL'), claim(named('1-tbs-a'), 'fast', 'PG_TABLESPACE')];
    const { volumes, asked, facts } = await read(({ path }) => {
      if (path.includes('persistentvolumeclaims'))
        return listOf(...data, ...more, ...others.map((name) => claim(name)));
      return path.endsWith('/gone') ? notFound() : storageClass(path.endsWith('/fast'));
    });
    const volume = { isData: true, capacity: '10Gi', storageClass: 'fast', expandable: false };
    expect(volumes).toEqual({
      kind: 'found',
      object: [
        { ...volume, claim: named('1'), expandable: true },
        { ...volume, claim: named('2'), storageClass: 'slow' },
        { ...volume, claim: named('3'), storageClass: '' },
        { ...volume, claim: named('4'), storageClass: 'gone' },
        { ...volume, claim: named('1-wal'), isData: false, expandable: true },
        { ...volume, claim: named('1-tbs-a'), isData: false, expandable: true },
      ],
    });
    const classes = asked.filter((path) => path.includes('storageclasses')).map(objectAt);
    expect(classes).toEqual(['storageclasses/fast', 'storageclasses/slow', 'storageclasses/gone']);
    expect(facts).toEqual({ kind: 'unread' });
  });

  it('are not known if there are more claims than a Cluster has', async () => {
    const limits: unknown[] = [];
    const { volumes } = await read((request) => {
      if (about(request) !== 'persistentvolumeclaims') return storageClass(true);
      limits.push(request.query?.limit);
      return { metadata: { resourceVersion: '1', continue: 'more' }, items: [claim('a', 'fast')] };
    });
    expect(limits.map(Number)).toEqual([100]);
    const message = 'more than 100 volume claims have the label cnpg.io/cluster=db-team-a-shop';
    expect(volumes).toEqual({ kind: 'failed', message });
  });

  it.each([
    ['not permitted', forbidden, { kind: 'denied', message: 'not allowed' }, []],
    [
      'not possible',
      away,
      { kind: 'failed', message: 'its volume claims or their StorageClasses could not be read' },
      ['the volume claims could not be read'],
    ],
    [
      'not possible for a while',
      busy,
      {
        kind: 'failed',
        message: 'its volume claims or their StorageClasses could not be read',
        retryAfterSeconds: 1200,
      },
      ['the volume claims could not be read'],
    ],
  ] as const)('are reported if reading them is %s', async (_, answer, expected, lines) => {
    const { volumes, logged } = await read(answer);
    expect(volumes).toEqual(expected);
    expect(logged).toEqual(lines);
  });

  it('do not hide a bug', async () => {
    await expect(read(broken)).rejects.toThrow('bug');
  });
});

/** A Backup as the API server has it, and what is kept of it. */
function aBackup(name: string) {
  const backup = {
    apiVersion: 'postgresql.cnpg.io/v1',
    kind: 'Backup',
    metadata: {
      name,
      namespace: 'team-a',
      uid: `${name}-uid`,
      resourceVersion: '1',
      labels: { [labels.name]: 'shop' },
      annotations: {},
    },
    status: { phase: 'failed', stoppedAt: '2026-01-01T00:00:00Z' },
  };
  return { raw: { ...backup, spec: { method: 'plugin' } }, kept: backup };
}

/** The running addon, whose status tells this of its backups, observed with an API server that answers reads by `answer`. */
async function withBackups(
  backup: NonNullable<PostgresAddon['status']>['backup'],
  answer: (asking: ApiRequest) => unknown,
) {
  const asking: ApiRequest[] = [];
  const addon = { ...running, status: { ...running.status, backup: { ...running.status?.backup, ...backup } } };
  const { deps, logged } = knowing({ addons: [addon], cluster: healthy }, (request) => {
    asking.push(request);
    return answer(request);
  });
  const observed = await observe(key, deps);
  return { asking, logged, backup: observed?.backup, backups: observed?.backups };
}

it.each([
  ['is not there', notFound, { kind: 'absent' }, []],
  ['may not be read', forbidden, { kind: 'denied', message: 'not allowed' }, []],
  ['cannot be read now', away, { kind: 'unavailable', retryAfterSeconds: 0 }, ['a Job could not be read']],
])('the Job of a redaction that %s is observed so, and stops nothing', async (_, answer, expected, lines) => {
  const redaction = { configMapKeyRef: { name: 'redaction', key: 'sql' } };
  const restore = { from: { addon: 'other' }, redaction };
  const addon = { ...running, spec: { ...running.spec, restore } };
  const cluster = withMetadata(healthy, { annotations: { [annotations.redaction]: 'Pending' } });
  const { deps, logged } = knowing({ addons: [addon], cluster }, ({ path }) =>
    path.includes('/jobs/') ? answer() : notFound(),
  );
  expect(await observe(key, deps)).toMatchObject({ redaction: expected });
  expect(logged).toEqual(lines);
});

describe('the Backup that somebody asked for', () => {
  const now = { request: 'one', result: 'Running', backup: 'asked', startTime: '2026-01-02T03:00:00Z' } as const;

  it('is read by its name, and only what concerns the operator is kept', async () => {
    const { raw, kept } = aBackup('asked');
    const { asking, backup, backups } = await withBackups({ now }, () => raw);
    expect(asking.map(({ path }) => objectAt(path))).toEqual(['backups/asked']);
    expect(backup).toEqual({ kind: 'found', object: kept });
    expect(backups).toEqual({ kind: 'unread' });
  });

  it.each([
    ['is not there', notFound, { kind: 'absent' }, []],
    ['may not be read', forbidden, { kind: 'denied', message: 'not allowed' }, []],
    ['cannot be read now', away, { kind: 'unavailable', retryAfterSeconds: 0 }, ['a Backup could not be read']],
  ])('that %s is observed so, and stops nothing', async (_, answer, expected, lines) => {
    const { backup, logged } = await withBackups({ now }, answer);
    expect([backup, logged]).toEqual([expected, lines]);
  });

  it('does not hide a bug', async () => {
    await expect(withBackups({ now }, broken)).rejects.toThrow('bug');
  });
});

describe('the Backups of an addon, once a failed one is older than the retention,', () => {
  const failedSince = '2025-06-01T00:00:00Z';

  it('are listed by the labels that the operator gives them, and only what concerns it is kept', async () => {
    const [one, other] = [aBackup('one'), aBackup('other')];
    const { asking, backup, backups } = await withBackups({ failedSince }, () => listOf(one.raw, other.raw));
    expect(asking.map(({ path }) => objectAt(path))).toEqual(['team-a/backups']);
    expect(asking[0]?.query).toEqual({
      labelSelector: 'app.kubernetes.io/managed-by=postgres-addon-operator,addons.paas.dev/name=shop',
      limit: '500',
    });
    expect(backup).toEqual({ kind: 'unread' });
    expect(backups).toEqual({ kind: 'found', object: [one.kept, other.kept] });
  });

  it.each([
    ['not permitted', forbidden, { kind: 'denied', message: 'not allowed' }, []],
    ['not possible', away, { kind: 'failed', message: 'away' }, ['the Backups could not be listed']],
    [
      'not possible for a while',
      busy,
      { kind: 'failed', message: 'busy', retryAfterSeconds: 1200 },
      ['the Backups could not be listed'],
    ],
  ] as const)('stop nothing if listing them is %s', async (_, answer, expected, lines) => {
    const { backups, logged } = await withBackups({ failedSince }, answer);
    expect(backups).toEqual(expected);
    expect(logged).toEqual(lines);
  });

  it('do not hide a bug', async () => {
    await expect(withBackups({ failedSince }, broken)).rejects.toThrow('bug');
  });
});
