// What a reconcile asks for, request by request, and when it asks to be repeated.
import { afterEach, describe, expect, it } from '@jest/globals';
import type { PostgresAddon } from '../api/addon.ts';
import type { KubeObject } from '../api/kubernetes.ts';
import type { LoginResult } from '../api/login.ts';
import { passwordOf } from '../model/objects.ts';
import { edit } from '../model/server.ts';
import type { UserStep } from '../model/user.ts';
import type { Dependencies } from './dependencies.ts';
import { keyOf } from './key.ts';
import { reconcile } from './reconcile.ts';
import { type Faults, failing, key, minute, World } from './testing.ts';

const running: World[] = [];
function aWorld(): World {
  const world = new World();
  running.push(world);
  return world;
}
afterEach(async () => {
  for (const world of running.splice(0)) await world.queue.stop(0);
});

/** What was requested, and what each reconcile returned, in the time after something happened. */
async function whatFollows(world: World, happens: () => void, milliseconds = 5 * minute) {
  const [requests, runs, logged, announced] = [world.requests, world.runs, world.logged, world.announced].map(
    ({ length }) => length,
  );
  happens();
  await world.advance(milliseconds);
  return {
    requests: world.requests.slice(requests).map(({ verb, on, error }) => {
      return error === undefined ? `${verb} ${on}` : `${verb} ${on}: ${error.code}`;
    }),
    next: world.runs.slice(runs).map(({ next }) => next),
    logged: world.logged.slice(logged),
    announced: world.announced.slice(announced),
  };
}

const again = (afterMilliseconds: number) => ({ kind: 'again', afterMilliseconds });
const checkUp = again(10 * minute);
const heartbeat = again(270_000);
/** After a write that no watch reports; it takes no request. */
const look = again(5_000);
const checkUpSoon = again(10 * minute - 5_000);
const secrets = ['get urlSecret', 'get source'];
/** With that of the replicas. */
const allSecrets = ['get urlSecret', 'get readUrlSecret', 'get source'];
const everySecret = [
  ...['get urlSecret', 'get readUrlSecret', 'get bindingSecret', 'get variablesSecret', 'get caConfigMap'],
];
const withExtra = ['get urlSecret', 'get bindingSecret', 'get variablesSecret', 'get source'];
const creation = ['create objectStore', 'create cluster', 'status addon', 'get source', 'get backup'];

/** The life of one addon: each step, its requests, and when each of its reconciles is to be repeated. */
const life: readonly (readonly [UserStep | undefined, readonly string[], readonly unknown[]])[] = [
  [
    'create standard',
    [
      ...creation,
      'create backup',
      'create urlSecret',
      'status addon',
      ...secrets,
      'create scheduledBackup',
      'status addon',
    ],
    [look, again(85_000), again(84_000), again(15_000), look, checkUpSoon],
  ],
  ['rotate the password', [...secrets, 'apply urlSecret', 'status addon'], [checkUp]],
  [
    'plan pro',
    [
      ...[...secrets, 'list volumeClaims', 'get storageClasses', 'apply objectStore', 'apply cluster', 'status addon'],
      ...[
        ...allSecrets,
        'list volumeClaims',
        'get storageClasses',
        'create readUrlSecret',
        'status addon',
        ...allSecrets,
      ],
    ],
    [look, again(87_000), heartbeat, heartbeat],
  ],
  // Point-in-time recovery: a check-up every four and a half minutes. Nothing is archived any more, which is written once.
  [undefined, [...allSecrets, 'status addon'], [heartbeat]],
  [undefined, allSecrets, [heartbeat]],
  [
    'mode protected',
    [
      ...allSecrets,
      'finalizers addon',
      'apply cluster',
      'apply objectStore',
      'apply scheduledBackup',
      'apply urlSecret',
      'apply readUrlSecret',
      'status addon',
      ...allSecrets,
    ],
    [look, again(265_000), heartbeat],
  ],
  // A Secret is not watched: the check-up finds that it is gone.
  ['delete urlSecret', [...allSecrets, 'create urlSecret', 'status addon'], [heartbeat]],
  [
    'delete in the background',
    [
      ...['get cluster', 'get objectStore', 'get scheduledBackup', 'get urlSecret', 'get readUrlSecret'],
      ...[
        'apply objectStore',
        'apply scheduledBackup',
        'apply urlSecret',
        'apply readUrlSecret',
        'apply cluster',
        'finalizers addon',
      ],
    ],
    [{ kind: 'done' }, { kind: 'done' }],
  ],
  [
    'create protected standard',
    [
      // Everything that a deleted addon may have left behind.
      ...everySecret,
      ...['get addon', 'finalizers addon', 'apply cluster', 'apply objectStore', 'apply scheduledBackup'],
      ...[
        'apply urlSecret',
        'apply readUrlSecret',
        'status addon',
        'apply objectStore',
        'apply cluster',
        'status addon',
      ],
      ...[...everySecret, 'get source'],
      // Its disk may have been growing.
      ...['list volumeClaims', 'get storageClasses'],
      // This plan has no replicas.
      ...['delete readUrlSecret', 'status addon', ...allSecrets, 'status addon'],
    ],
    [again(0), look, again(87_000), again(1000), checkUp],
  ],
  ['suspend on', ['status addon'], [{ kind: 'done' }]],
  ['suspend off', [...secrets, 'status addon'], [checkUp]],
  // Listed first, and then written; deleted, and listed until they are seen to be gone.
  [
    'extra Secrets on',
    [...secrets, 'status addon', ...withExtra, 'create bindingSecret', 'create variablesSecret', 'status addon'],
    [{ kind: 'retry', atLeastMilliseconds: 1000, atMostMilliseconds: 10 * minute }, checkUp],
  ],
  [
    'rotate the password',
    [...withExtra, 'apply urlSecret', 'apply bindingSecret', 'apply variablesSecret', 'status addon'],
    [checkUp],
  ],
  [
    'extra Secrets off',
    [
      ...[...withExtra, 'delete bindingSecret', 'delete variablesSecret', 'status addon'],
      ...[...withExtra, 'status addon'],
    ],
    [again(1000), checkUp],
  ],
  [
    'mode standard',
    [
      ...['get cluster', 'get objectStore', 'get scheduledBackup', 'get urlSecret', 'get source', 'get addon'],
      ...[
        'apply cluster',
        'apply objectStore',
        'apply scheduledBackup',
        'apply urlSecret',
        'finalizers addon',
        'status addon',
      ],
    ],
    [look, checkUpSoon],
  ],
  ['delete in the background', [], [{ kind: 'done' }, { kind: 'done' }, { kind: 'done' }, { kind: 'done' }]],
];

it('each step in the life of an addon takes these requests and no other', async () => {
  const world = aWorld();
  for (const [step, requests, next] of life) {
    const found = await whatFollows(world, () => step && world.user(step));
    expect([step, found.requests, found.next]).toEqual([step, requests, next]);
    expect(found.logged).toEqual([]);
  }
  expect(world.announced[0]).toBe('undefined -> creating');
});

/** A world with a running addon. */
async function aRunningWorld(step: UserStep = 'create standard'): Promise<World> {
  const world = aWorld();
  await whatFollows(world, () => world.user(step));
  return world;
}

/** Requests of one kind are answered by an error. */
function failingOn(verb: string, on: string, error: ReturnType<typeof failing>): Faults {
  return { answer: (request) => (request.verb === verb && request.on === on ? error : undefined) };
}

const stale = 'info: object changed since it was read; requeueing';
const failed = 'warn: a request failed; requeueing';
const retry = { kind: 'retry' };
const conflict = failing(409, 'Conflict');

describe('the first reconcile', () => {
  it.each<readonly [string, UserStep, Faults, readonly string[], object, readonly string[]]>([
    ['without the lease writes nothing', 'change the schedule by hand', { noLease: true }, [], retry, []],
    [
      'after a conflict of a watched child requests no read of the others',
      'change the schedule by hand',
      failingOn('apply', 'scheduledBackup', conflict),
      ['apply scheduledBackup: 409'],
      retry,
      [stale],
    ],
    [
      'after a conflict of the status',
      'suspend on',
      failingOn('status', 'addon', conflict),
      ['status addon: 409'],
      retry,
      [stale],
    ],
    [
      'after a status that finds no addon',
      'suspend on',
      failingOn('status', 'addon', failing(404, 'NotFound')),
      ['status addon: 404'],
      retry,
      [stale],
    ],
    [
      'after a status that fails otherwise, waits for as long as it is told',
      'suspend on',
      failingOn('status', 'addon', failing(503, 'ServiceUnavailable', '', 100)),
      ['status addon: 503'],
      { ...retry, atLeastMilliseconds: 100_000 },
      [failed],
    ],
    ['without the lease for the status writes none', 'suspend on', { noLease: true }, [], retry, []],
    [
      'after a refusal reports it, and waits for as long as its reason asks',
      'change the schedule by hand',
      failingOn('apply', 'scheduledBackup', failing(422, 'Invalid')),
      ['apply scheduledBackup: 422', 'status addon'],
      { ...retry, atLeastMilliseconds: 60_000 },
      [],
    ],
    [
      'after a backup that the API server fails to store, waits for as long as it is told',
      'change the schedule by hand',
      failingOn('apply', 'scheduledBackup', failing(503, 'ServiceUnavailable', '', 30)),
      ['apply scheduledBackup: 503'],
      { ...retry, atLeastMilliseconds: 30_000 },
      [failed],
    ],
  ])('%s', async (_, step, faults, requests, next, logged) => {
    const world = await aRunningWorld();
    world.faults = faults;
    const found = await whatFollows(world, () => world.user(step), 0);
    expect(found).toMatchObject({ requests, next: [next], logged });
    expect(found.announced).toHaveLength(requests.includes('status addon') ? 1 : 0);
  });

  it('with a Secret that is not sent applies the rest, and waits for as long as it is told', async () => {
    const world = await aRunningWorld();
    world.faults = failingOn('get', 'source', failing(503, 'ServiceUnavailable', '', 77));
    const found = await whatFollows(world, () => world.user('plan pro'), 0);
    expect(found.next[0]).toMatchObject({ ...retry, atLeastMilliseconds: 77_000 });
    expect(found.logged).toContain('info: a Secret could not be read');
    expect(found.requests).toContain('apply cluster');
  });
});

it('a bug is no answer of the API server: it is thrown, in reads and in the status write', async () => {
  const world = await aRunningWorld();
  const { deps } = world;
  const broken = () => Promise.reject(new TypeError('bug'));
  const withAddons = (addons: object): Dependencies => ({
    ...deps,
    api: { ...deps.api, addons: { ...deps.api.addons, ...addons } },
  });
  const attempt = (using: Dependencies) => reconcile(key, using, (work) => work());
  deps.resync.markDue(key);
  const secretsBroken = { ...deps, api: { ...deps.api, secrets: { ...deps.api.secrets, get: broken } } };
  await expect(attempt(secretsBroken)).rejects.toThrow('bug');
  world.faults = { noLease: true };
  world.user('suspend on');
  await expect(attempt(withAddons({ replaceStatus: broken }))).resolves.toEqual(retry);
  world.faults = {};
  await expect(attempt(withAddons({ replaceStatus: broken }))).rejects.toThrow('bug');
});

it('an addon that is gone is forgotten: the next with its name has a time of its own', async () => {
  const world = await aRunningWorld();
  const { resync } = world.deps;
  resync.markDue(key);
  expect(await reconcile(keyOf('team-a', 'other'), world.deps, (work) => work())).toEqual({ kind: 'done' });
  expect(resync.isDue(key)).toBe(true);
  await whatFollows(world, () => world.user('delete in the background'));
  expect(resync.isDue(key)).toBe(false);
  expect(world.runs.at(-1)?.next).toEqual({ kind: 'done' });
});

describe('a login', () => {
  it.each<readonly [string, LoginResult, object, string]>([
    [
      'that finds no free place is tried again soon',
      { kind: 'unchecked' },
      { ...retry, atLeastMilliseconds: 10_000 },
      '17',
    ],
    ['that succeeds reports the version', { kind: 'ok', version: '17.4' }, checkUp, '17.4'],
    ['that succeeds without a version reports none', { kind: 'ok' }, checkUp, '17'],
  ])('%s', async (_, login, next, lowest) => {
    const world = await aRunningWorld();
    world.faults = { login };
    await whatFollows(world, () => world.user('fail over'), 4_000);
    expect(world.runs.at(-1)?.next).toMatchObject(next);
    const { status } = world.seen('addon') as unknown as PostgresAddon;
    expect(status?.running?.lowest).toBe(lowest);
  });

  it.each<readonly [string, Faults, number]>([
    ['is attempted once a Secret that was spoiled is written again', {}, 1],
    ['is not attempted if that write is refused', failingOn('apply', 'urlSecret', failing(422, 'Invalid')), 0],
  ])('%s', async (_, faults, expected) => {
    const world = await aRunningWorld();
    await world.queue.stop(0);
    let logins = 0;
    const login = async (): Promise<LoginResult> => {
      logins += 1;
      return { kind: 'ok' };
    };
    world.user('spoil the Secret');
    world.deps.resync.markDue(key);
    world.faults = faults;
    await reconcile(key, { ...world.deps, login }, (work) => work());
    expect(world.requests.map(({ verb, on }) => `${verb} ${on}`)).toContain('apply urlSecret');
    expect(logins).toBe(expected);
  });
});

it('a repair is a change of a child that was made: none that was refused, no creation, deletion or finalizer', async () => {
  const world = aWorld();
  const counted: string[] = [];
  world.deps.repairs.wrote = (_, role) => counted.push(role);
  const countedAfter = async (step: UserStep): Promise<readonly string[]> => {
    await whatFollows(world, () => world.user(step), minute);
    return counted.splice(0);
  };
  expect(await countedAfter('create standard')).toEqual([]);
  expect(await countedAfter('mode protected')).toEqual(['cluster', 'objectStore', 'scheduledBackup', 'urlSecret']);
  expect(await countedAfter('plan free')).toEqual(['cluster']);
  world.faults = failingOn('apply', 'cluster', failing(422, 'Invalid'));
  expect(await countedAfter('scale the Cluster by hand')).toEqual([]);
});

describe('a deleted addon', () => {
  it('that leaves its database behind reports that, once its objects are marked, and is not written to again', async () => {
    const world = await aRunningWorld();
    expect(await whatFollows(world, () => world.user('delete and orphan'))).toEqual({
      requests: [
        ...['get urlSecret', 'apply objectStore', 'apply scheduledBackup', 'apply urlSecret'],
        ...['apply cluster', 'status addon'],
      ],
      next: [{ kind: 'done' }, { kind: 'done' }],
      logged: [],
      announced: ['running -> deleted'],
    });
  });

  it('whose finalizer is removed announces its end without a status write', async () => {
    const world = await aRunningWorld('create protected standard');
    const found = await whatFollows(world, () => world.user('delete in the background'));
    expect(found.requests.at(-1)).toBe('finalizers addon');
    expect(found.announced).toEqual(['running -> deleted']);
  });

  it('keeps its finalizer, with a status, while the mark is refused', async () => {
    const world = await aRunningWorld('create protected standard');
    world.faults = failingOn('apply', 'cluster', failing(422, 'Invalid'));
    const found = await whatFollows(world, () => world.user('delete in the background'), 1_000);
    expect(found.requests.slice(-2)).toEqual(['apply cluster: 422', 'status addon']);
    expect(found.next).toEqual([{ ...retry, atLeastMilliseconds: 60_000 }]);
    world.faults = {};
    expect((await whatFollows(world, () => {})).requests).toContain('finalizers addon');
  });

  it('that others still hold gets a status after its own finalizer is removed', async () => {
    const world = await aRunningWorld('create protected standard');
    world.change((state) => {
      const held = edit(state, 'addon', (addon) => {
        const finalizers = [...(addon.metadata.finalizers ?? []), 'others.dev/wait'];
        return { ...addon, metadata: { ...addon.metadata, finalizers } };
      });
      return held.kind === 'done' ? held.state : state;
    });
    await world.advance(minute);
    const found = await whatFollows(world, () => world.user('delete in the background'));
    expect(found.requests.slice(-2)).toEqual(['finalizers addon', 'status addon']);
    expect(found.announced).toEqual(['running -> deleted']);
    expect(world.seen('addon')?.metadata.finalizers).toEqual(['others.dev/wait']);
  });

  it('whose finalizer is put back by admission is written to once in a reconcile', async () => {
    const world = await aRunningWorld('create protected standard');
    await world.queue.stop(0);
    world.user('delete in the background');
    let merges = 0;
    const merge = async (): Promise<KubeObject> => {
      merges += 1;
      if (merges > 1) throw new Error('it is written again');
      return world.seen('addon') as KubeObject;
    };
    const deps = { ...world.deps, api: { ...world.deps.api, addons: { ...world.deps.api.addons, merge } } };
    await reconcile(key, deps, (work) => work());
    expect(merges).toBe(1);
  });

  it('and the next with its name are processed in one reconcile, in this order', async () => {
    const world = await aRunningWorld();
    await world.queue.stop(0);
    world.user('delete and orphan');
    await world.advance(minute);
    world.user('create standard');
    const before = world.requests.length;
    await reconcile(key, world.deps, (work) => work());
    const requests = world.requests.slice(before).map(({ verb, on }) => `${verb} ${on}`);
    expect(requests.slice(0, 5)).toEqual([
      ...['get urlSecret', 'apply objectStore', 'apply scheduledBackup', 'apply urlSecret', 'apply cluster'],
    ]);
    expect(requests.at(-1)).toBe('status addon');
  });

  it('is processed once when it is gone, even if the mark of its database is refused', async () => {
    const world = await aRunningWorld();
    world.faults = failingOn('apply', 'cluster', failing(422, 'Invalid'));
    const found = await whatFollows(world, () => world.user('delete and orphan'), 20 * minute);
    expect(found.next.at(-1)).toEqual({ kind: 'done' });
    expect(world.deps.deletedAddons.next(key)).toBeUndefined();
    expect(found.announced).toEqual(['running -> deleted', 'deleted -> deleted']);
  });
});

describe('after a conflict', () => {
  it('of a Secret, which is not watched, it is read again with the next attempt', async () => {
    const world = await aRunningWorld();
    world.user('delete urlSecret');
    world.deps.resync.markDue(key);
    world.faults = failingOn('create', 'urlSecret', conflict);
    const found = await whatFollows(world, () => world.trigger(), 0);
    expect(found.requests).toEqual([...secrets, 'create urlSecret: 409']);
    world.faults = {};
    const { requests } = await whatFollows(world, () => {}, minute);
    expect(requests).toEqual([...secrets, 'create urlSecret', 'status addon']);
  });

  it('of a child that is watched, the next attempt reads nothing', async () => {
    const world = await aRunningWorld();
    world.faults = failingOn('apply', 'scheduledBackup', conflict);
    await whatFollows(world, () => world.user('change the schedule by hand'), 0);
    world.faults = {};
    const { requests } = await whatFollows(world, () => {}, minute);
    expect(requests).toEqual(['apply scheduledBackup']);
  });
});

it('what happens to an addon meanwhile does not put off its check-up', async () => {
  const world = await aRunningWorld();
  for (let minutes = 5; minutes < 10; minutes += 1) {
    const step = minutes % 2 === 0 ? () => world.trigger() : () => world.user('change the schedule by hand');
    expect((await whatFollows(world, step, minute)).requests).not.toContain('get urlSecret');
  }
  expect((await whatFollows(world, () => world.trigger(), minute)).requests).toEqual(secrets);
});

it.each(['get', 'apply'] as const)(
  'an extra Secret whose %s fails in a change of the password has the new one soon',
  async (verb) => {
    const world = aWorld();
    world.user('create with extra Secrets');
    await world.advance(5 * minute);
    world.faults = failingOn(verb, 'variablesSecret', failing(503, 'ServiceUnavailable'));
    const before = passwordOf(world.seen('urlSecret'));
    world.user('rotate the password');
    await world.advance(20_000);
    const password = world.seen('cluster')?.inside?.password;
    expect(password).not.toBe(before);
    expect(passwordOf(world.seen('urlSecret'))).toBe(password);
    expect(passwordOf(world.seen('variablesSecret'))).not.toBe(password);
    world.faults = {};
    await world.advance(minute);
    expect(passwordOf(world.seen('variablesSecret'))).toBe(password);
  },
);

it('a written Secret does not have to be read for ten minutes', async () => {
  const world = await aRunningWorld();
  await whatFollows(world, () => {}, 4 * minute);
  await whatFollows(world, () => world.user('rotate the password'), 5 * minute);
  expect((await whatFollows(world, () => world.trigger(), 4 * minute)).requests).toEqual([]);
});

it('a Secret that was just created, without a read, does not have to be read for ten minutes', async () => {
  const world = aWorld();
  const { requests, next } = await whatFollows(world, () => world.user('create free'), 2 * minute);
  expect(requests).toContain('create urlSecret');
  expect(requests).not.toContain('get urlSecret');
  expect(next.at(-1)).toEqual(checkUp);
  expect((await whatFollows(world, () => world.trigger(), 7 * minute)).requests).toEqual([]);
});

it('what an addon no longer needs is deleted', async () => {
  const world = await aRunningWorld();
  const found = await whatFollows(world, () => world.user('plan free'));
  expect(found.requests).toContain('delete scheduledBackup');
  expect(world.seen('scheduledBackup')).toBeUndefined();
});

it('the status after a write of the finalizers is that of the addon as it was observed, with one change', async () => {
  const world = await aRunningWorld();
  const found = await whatFollows(world, () => world.user('mode protected'));
  expect(found.requests).toEqual(expect.arrayContaining(['finalizers addon', 'status addon']));
  expect(found.announced).toEqual(['running -> running']);
});

describe('of an addon that another installation operates', () => {
  /** A reconcile by this installation or another one, and what it says. */
  async function saidBy(world: World, operator: string): Promise<readonly unknown[]> {
    const said: unknown[] = [];
    const heldAddons: Dependencies['heldAddons'] = {
      report: ({ metadata }, holder, { reason }) => said.push([metadata.name, holder, reason]),
      forget: (which) => said.push(['forget', which]),
    };
    const deps = { ...world.deps, heldAddons, platform: { ...world.deps.platform, operator } };
    await reconcile(key, deps, (work) => work());
    return said;
  }
  const another = 'elsewhere/operator';

  it('it is said, and nothing is requested', async () => {
    const world = await aRunningWorld();
    await world.queue.stop(0);
    const before = world.requests.length;
    const { operator } = world.deps.platform;
    expect(await saidBy(world, another)).toEqual([['shop', operator, 'HeldByAnotherOperator']]);
    expect(world.requests).toHaveLength(before);
  });

  it('nothing is said once it is deleted; and of one that does not exist, or is operated here, nothing remains', async () => {
    const world = await aRunningWorld('create protected standard');
    await world.queue.stop(0);
    world.user('suspend on');
    expect(await saidBy(world, world.deps.platform.operator)).toEqual([['forget', key]]);
    world.user('delete and orphan');
    world.user('remove the finalizers');
    await world.advance(minute);
    expect(world.deps.deletedAddons.next(key)).toBeDefined();
    expect(await saidBy(world, another)).toEqual([['forget', key]]);
    expect(world.deps.deletedAddons.next(key)).toBeUndefined();
  });
});

it('nothing is read, decided or written in a namespace whose caches are not filled: what they lack may exist', async () => {
  const touched: unknown[] = [];
  const nothingElse = {
    get: (_: object, name: string | symbol) =>
      name === 'sees' ? (namespace: string) => namespace === 'seen' : touched.push(name),
  };
  const deps = new Proxy({}, nothingElse) as Dependencies;
  expect(await reconcile('unseen/shop', deps, (work) => work())).toEqual({ kind: 'done' });
  expect(touched).toEqual([]);
  await expect(reconcile('seen/shop', deps, (work) => work())).rejects.toThrow();
});
