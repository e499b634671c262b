// A search on a virtual clock: whatever goes wrong, and for however long, an addon is never reconciled again and again without a pause,
// no failure is repeated at a constant pace, and once everything is right again the addon becomes so by itself.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { AddonSpec, AddonStatus } from '../api/addon.ts';
import { type LoginFailure, loginFailures } from '../api/login.ts';
import { extraRoles } from '../domain/children.ts';
import { passwordIn, passwordOf, textOf } from '../model/objects.ts';
import { searchedRoles } from '../model/scenarios.ts';
import type { UserStep } from '../model/user.ts';
import { type Faults, failing, hour, isWriteBeside, isWriteOf, minute, type Request, World } from './testing.ts';

const login = (why: LoginFailure): Faults => ({ login: { kind: 'failed', why, detail: 'detail' } });
const logins: readonly (readonly [string, Faults])[] = [
  ['finds no free place', { login: { kind: 'unchecked' } }],
  ...loginFailures.map((why) => [`fails (${why})`, login(why)] as const),
];

const webhookAway = failing(500, 'InternalError', 'failed calling webhook "mcluster.cnpg.io": no endpoints');
const quota = failing(403, 'Forbidden', 'exceeded quota: objects');
/** What can be answered to a write of a child that is refused. */
const refusals = {
  webhookAway,
  quota,
  policy: failing(403, 'Forbidden', 'admission webhook "policy" denied the request'),
  invalid: failing(422, 'Invalid', 'spec.x: not supported'),
  permission: failing(403, 'Forbidden', 'x "y" is forbidden: User "o" cannot patch resource "x"'),
  terminating: failing(403, 'Forbidden', 'unable to create content because it is being terminated'),
  namespaceGone: failing(404, 'NotFound', 'namespaces "team-a" not found'),
  kindGone: failing(404, 'NotServed', 'the server could not find the requested resource'),
} as const;
/** Failures that say nothing about the addon. */
const outages = {
  conflict: failing(409, 'Conflict'),
  unauthorized: failing(401, 'Unauthorized'),
  busy: failing(429, 'TooManyRequests', '', 1),
  busyForLong: failing(429, 'TooManyRequests', '', 120),
  broken: failing(500, 'InternalError'),
  away: failing(503, 'ServiceUnavailable', '', 5),
  network: failing(0, 'Network'),
} as const;
const statusErrors = { ...outages, invalid: failing(422, 'Invalid', 'status.x: not declared in schema') } as const;

/** Every fault by its name. */
const faults: Readonly<Record<string, Faults>> = {
  ...Object.fromEntries(logins.map(([what, fault]) => [`the login ${what}`, fault])),
  ...Object.fromEntries(
    [...Object.entries(refusals), ...Object.entries(outages)].flatMap(([what, error]) =>
      searchedRoles.map((role): [string, Faults] => [
        `writes of ${role}: ${what}`,
        { answer: (request) => (isWriteOf(request, role) ? error : undefined) },
      ]),
    ),
  ),
  ...Object.fromEntries(
    Object.entries(statusErrors).flatMap(([what, error]): [string, Faults][] => [
      [`the status: ${what}`, { answer: ({ verb }) => (verb === 'status' ? error : undefined) }],
      [`the finalizer: ${what}`, { answer: ({ verb }) => (verb === 'finalizers' ? error : undefined) }],
    ]),
  ),
  ...Object.fromEntries(
    Object.entries({ ...outages, permission: refusals.permission }).flatMap(([what, error]): [string, Faults][] => [
      [`reads: ${what}`, { answer: ({ verb }) => (verb === 'get' || verb === 'list' ? error : undefined) }],
      [`everything: ${what}`, { answer: () => error }],
    ]),
  ),
  'CNPG is not installed': { availability: { clusters: 'missing', scheduledBackups: 'missing' }, noCnpg: true },
  'ScheduledBackups are forbidden': { availability: { scheduledBackups: 'forbidden' } },
  'CNPG does nothing': { noCnpg: true },
};

/** Those of what a restore drill or a redaction makes. */
const besideFaults: Readonly<Record<string, Faults>> = {
  ...Object.fromEntries(
    [...Object.entries(refusals), ...Object.entries(outages)].map(([what, error]): [string, Faults] => [
      `what belongs to a drill or a redaction: ${what}`,
      { answer: (request) => (isWriteBeside(request) ? error : undefined) },
    ]),
  ),
  'no Job ends': { noJobs: true },
  'other drills have every place': { noDrillPlace: true },
};
const everyFault = { ...faults, ...besideFaults };
/** During a drill, the writes of single children do not matter. */
const faultsOfDrills = Object.fromEntries(
  Object.entries(everyFault).filter(([name]) => !name.startsWith('writes of ')),
);

/** What is right again: the other installation of the operator, if there was one, is gone. */
const nothing: Faults = { isAlone: true };

/** What users and others do before something goes wrong. */
const beginnings: Readonly<Record<string, readonly UserStep[]>> = {
  'a running addon': ['create standard'],
  'a running protected addon': ['create protected standard'],
  'a suspended addon that ran': ['create standard', 'suspend on'],
  'a protected addon on its way to standard': ['create protected standard', 'mode standard'],
  'a running addon with extra Secrets': ['create with extra Secrets'],
  'an addon that was deleted': ['create protected standard', 'delete in the background'],
  'an addon that another operator took': ['create standard', 'let another operator take it'],
};

/** These only in the search at random, which takes seconds. */
const rarer: Readonly<Record<string, readonly UserStep[]>> = {
  ...beginnings,
  'a restored addon': ['create restored'],
  'a redacted addon': ['create redacted'],
  'an addon with a restore drill each hour': ['create with restore drills'],
  'a promoted addon': ['create promoted'],
  'an addon with login roles': ['create with all roles'],
  'an addon of the next major version': ['create standard', 'version 18'],
};

/** What happens while something is wrong. */
const meanwhile: readonly UserStep[] = [
  'create standard',
  'create protected standard',
  'delete urlSecret',
  'spoil the Secret',
  'remove the owner of urlSecret',
  "delete CNPG's Secret",
  'delete cluster',
  'rotate the password',
  'plan pro',
  'suspend on',
  'suspend off',
  'mode standard',
  'mode protected',
  'fail over',
  'delete in the background',
  'put a foreign urlSecret',
  'extra Secrets on',
  'extra Secrets off',
  'delete bindingSecret',
  'put a foreign bindingSecret',
  'roles on',
  'roles off',
  'delete readLogin',
  'delete readRole',
  'ask for a drill',
  'let another operator take it',
];

const statusOf = (world: World): AddonStatus => (world.seen('addon')?.status ?? {}) as AddonStatus;
const reasonOf = (world: World, type: string): string | undefined =>
  statusOf(world).conditions?.find((condition) => condition.type === type)?.reason;

/** A world in which the steps were taken, each with time to settle. */
async function after(steps: readonly UserStep[], world = new World()): Promise<World> {
  for (const step of steps) {
    world.user(step);
    await world.advance(2 * minute);
  }
  return world;
}

/** What was too frequent of a fault that has lasted for hours. */
function troubleIn(world: World): string | undefined {
  const { runs, requests } = world.lately(hour);
  const rush = longestRush(world);
  if (rush > 3) return `${rush} reconciles in a row without a pause`;
  // The check-up every ten minutes, and the back-off, whose longest waits are between five and ten minutes. With point-in-time recovery in
  // force, a check-up every four and a half minutes.
  const most = statusOf(world).backup?.effective === 'pitr' ? 16 : 12;
  if (runs.length > most) return `${runs.length} reconciles in the fourth hour`;
  // A refused Cluster needs the most: the Secrets, the volumes, the pods and events are read each time.
  const { extras = [] } = statusOf(world);
  return requests.length > (most / 12) * (90 + 12 * extras.length)
    ? `${requests.length} requests in the fourth hour`
    : undefined;
}

/** The longest series of reconciles without time passing and without a write that succeeded. */
function longestRush({ runs }: World): number {
  let longest = 0;
  let length = 0;
  runs.forEach((run, index) => {
    const before = runs[index - 1];
    length = before !== undefined && before.at === run.at && !before.wrote ? length + 1 : 1;
    longest = Math.max(longest, length);
  });
  return longest;
}

/** Whether another installation of the operator has the addon. */
function isTaken(world: World): boolean {
  return statusOf(world).operator?.startsWith('others/') === true;
}

/** Whether the app's Secret logs in to the database. */
function worksFor(world: World): boolean {
  const url = textOf(world.seen('urlSecret'), 'DATABASE_URL');
  return passwordIn(url) !== undefined && passwordIn(url) === world.seen('cluster')?.inside?.password;
}

/** What is wrong with the extra Secrets, if anything. One that somebody else made stays, and the condition says so. */
function wrongExtras(world: World): string | undefined {
  const password = world.seen('cluster')?.inside?.password;
  const found = extraRoles.map((role) => [role, world.seen(role)] as const);
  const foreign = found.filter(([, secret]) => secret !== undefined && secret.metadata.labels === undefined);
  const said = reasonOf(world, 'ExtrasPublished');
  const asked = (world.seen('addon')?.spec as Partial<AddonSpec> | undefined)?.connection?.extraSecrets ?? [];
  const { extras: listed = [] } = statusOf(world);
  const missing = asked.filter((form) => !listed.some((one) => one.form === form));
  if (missing.length > 0) return `${missing.join()} is asked for, and not listed`;
  if (said !== undefined && said !== (foreign.length > 0 ? 'NameConflict' : 'Published') && said !== 'Published')
    return `ExtrasPublished is ${said}`;
  const wrong = found.find(([, secret]) => {
    const isOurs = secret?.metadata.labels !== undefined;
    return isOurs && passwordOf(secret) !== password;
  });
  return wrong && `${wrong[0]} does not log in`;
}

/** Everything is right again, but no watch tells: what is wrong with the addon after the longest wait, if anything. */
async function wrongAfterwards(world: World): Promise<string | undefined> {
  const { availability } = world.faults;
  world.faults = nothing;
  // What the watches do report: that a kind is served again, that an operator is gone, and what CNPG does.
  if (availability !== undefined || isTaken(world)) world.trigger();
  world.change((state) => state);
  await world.advance(30 * minute);
  const addon = world.seen('addon');
  if (addon === undefined) return undefined;
  if (addon.metadata.deletionTimestamp !== undefined) return 'it is still being deleted';
  // An obstacle that only a person can remove.
  if (world.isStopped()) return undefined;
  if (reasonOf(world, 'Ready') !== 'Running') return `Ready is ${reasonOf(world, 'Ready')}`;
  return worksFor(world) ? wrongExtras(world) : 'DATABASE_URL does not log in';
}

describe('a fault that lasts', () => {
  it.each(Object.keys(beginnings))('of %s is met ever more rarely, and healed by itself', async (what) => {
    // Something to do: the addon is created again if it is gone, and its database, plan and Secret change.
    const steps = ['create protected standard', 'fail over', 'plan pro', 'delete urlSecret'] as const;
    expect(await wrongAfter(faults, beginnings[what] ?? [], steps)).toEqual([]);
    expect(Object.keys(faults).length).toBeGreaterThan(80);
  });

  it('of an addon whose restore drill has begun is met ever more rarely, and the drill ends and leaves nothing', async () => {
    const begun = ['create standard', 'ask for a drill'] as const;
    expect(await wrongAfter(faultsOfDrills, begun, ['fail over', 'delete urlSecret'], wrongWithDrill)).toEqual([]);
    expect(Object.keys(faultsOfDrills).length).toBeGreaterThan(40);
  });
});

/**
 * What each fault leads to that it should not, after four hours and once it is over.
 * @param steps what users do at its beginning
 */
async function wrongAfter(
  what: Readonly<Record<string, Faults>>,
  beginning: readonly UserStep[],
  steps: readonly UserStep[],
  wrongInTheEnd: (world: World) => Promise<string | undefined> = async () => undefined,
): Promise<readonly string[]> {
  const wrong: string[] = [];
  for (const [fault, active] of Object.entries(what)) {
    const world = await after(beginning);
    world.faults = active;
    for (const step of steps) world.user(step);
    world.trigger();
    const left = await world
      .advance(4 * hour)
      .then(async () => troubleIn(world) ?? (await wrongAfterwards(world)) ?? wrongInTheEnd(world))
      .catch((error: Error) => error.message);
    if (left !== undefined) wrong.push(`${fault}: ${left}`);
    await world.queue.stop(0);
  }
  return wrong;
}

/** What is left of a drill after the longest time that one takes. */
async function wrongWithDrill(world: World): Promise<string | undefined> {
  await world.advance(14 * hour);
  const { drill, lastDrill } = statusOf(world).backup ?? {};
  const left = [drill && `drill ${drill.step}`, ...world.beside()].filter((one) => one !== undefined);
  return left.join(', ') || (lastDrill === undefined ? 'no result' : undefined);
}

describe('whatever happens in whatever order', () => {
  const step = fc.record({
    fault: fc.option(fc.constantFrom(...Object.keys(everyFault)), { nil: undefined, freq: 2 }),
    step: fc.option(fc.constantFrom(...meanwhile), { nil: undefined, freq: 4 }),
    loss: fc.option(fc.constantFrom('ObjectStore', 'Cluster', 'Secret', 'Job'), { nil: undefined, freq: 1 }),
    skew: fc.constantFrom(0, 0, 0, 10 * minute, -10 * minute, 25 * hour),
    minutes: fc.integer({ min: 0, max: 180 }),
  });
  const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

  it('an addon is never reconciled without a pause, and becomes right by itself', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...Object.keys(rarer)),
        fc.array(step, { maxLength: 5 }),
        chance,
        async (beginning, steps, random) => {
          const world = new World({ random: () => random });
          try {
            await after(rarer[beginning] ?? [], world);
            for (const { fault, step: taken, loss, skew, minutes } of steps) {
              world.faults = fault === undefined ? {} : (everyFault[fault] ?? {});
              world.clock.skew(skew);
              if (taken !== undefined) world.user(taken);
              if (loss !== undefined) world.lose(loss);
              if (world.faults.availability !== undefined) world.trigger();
              await world.advance(minutes * minute);
            }
            expect(longestRush(world)).toBeLessThanOrEqual(3);
            expect(world.spins).toBe(0);
            expect(await wrongAfterwards(world)).toBeUndefined();
          } finally {
            await world.queue.stop(0);
          }
        },
      ),
      { numRuns: 400, seed: 20260102 },
    );
  });
});

describe("the app's Secret", () => {
  it('is made again each time it is deleted, however long after the last time', async () => {
    const world = await after(['create standard']);
    for (let day = 0; day < 4; day += 1) {
      world.user('delete urlSecret');
      await world.advance(11 * minute + 1000);
      expect(worksFor(world)).toBe(true);
      await world.advance(24 * hour);
    }
    // Two reads every ten minutes, and once a day a status with the next time of the schedule.
    expect(world.lately(24 * hour).requests.length).toBeLessThanOrEqual(2 * 6 * 24 + 1);
  });

  it('is made if the process died between its creation and the status', async () => {
    const world = new World();
    world.faults = faults['the status: network'] ?? {};
    world.user('create standard');
    await world.advance(minute);
    world.faults = {};
    await world.advance(5 * minute);
    expect(reasonOf(world, 'Ready')).toBe('Running');
  });
});

it('a suspended addon is not reconciled at all while nothing happens', async () => {
  const world = await after(['create standard', 'suspend on']);
  await world.advance(24 * hour);
  expect(world.lately(23 * hour)).toEqual({ runs: [], requests: [] });
});

it('a restore drill each hour costs a reconcile every 15 s while it waits for the archive, and none afterwards', async () => {
  const world = await after(['create with restore drills']);
  await world.advance(24 * hour);
  const { lastDrill, drillFailure } = statusOf(world).backup ?? {};
  expect([lastDrill?.result, drillFailure, world.spins, longestRush(world)]).toEqual(['Passed', undefined, 0, 1]);
  expect(world.clock.now() - Date.parse(lastDrill?.time ?? '')).toBeLessThan(hour);
  // Five minutes for the archive, a dozen for the rest, and the check-ups.
  expect(world.lately(24 * hour).runs.length).toBeLessThan(24 * (20 + 12 + 6));
  expect(world.beside()).toEqual([]);
});

it('a redaction that takes hours is looked at every half minute, and published when it is over', async () => {
  const world = new World();
  world.faults = { noJobs: true };
  world.user('create redacted');
  await world.advance(4 * hour);
  expect([reasonOf(world, 'Ready'), worksFor(world), world.beside()]).toEqual(['Redacting', false, ['Job']]);
  expect(longestRush(world)).toBeLessThanOrEqual(2);
  const { runs, requests } = world.lately(hour);
  expect(runs.length).toBeLessThanOrEqual(120);
  expect(requests.filter(({ verb }) => verb !== 'get')).toEqual([]);
  // Somebody deletes it: it is made again.
  world.lose('Job');
  await world.advance(minute);
  expect(world.beside()).toEqual(['Job']);
  world.faults = nothing;
  world.change((state) => state);
  await world.advance(minute);
  expect([reasonOf(world, 'Ready'), worksFor(world)]).toEqual(['Running', true]);
});

it('an addon that another operator holds costs no request, whatever users do, and is taken over when that one is gone', async () => {
  const world = await after(['create standard', 'let another operator take it']);
  await world.advance(2 * hour);
  const { runs, requests } = world.lately(hour);
  // The check-up finds that there is nothing to read.
  expect([runs.length <= 6, requests]).toEqual([true, []]);
  for (const step of ['plan pro', 'delete urlSecret', 'fail over', 'ask for a drill'] as const) world.user(step);
  await world.advance(2 * hour);
  expect(world.lately(2 * hour).requests).toEqual([]);
  expect(longestRush(world)).toBe(1);
  world.faults = nothing;
  world.trigger();
  await world.advance(5 * minute);
  expect([reasonOf(world, 'Ready'), statusOf(world).plan, worksFor(world)]).toEqual(['Running', 'pro', true]);
});

it('a database that the operator cannot reach costs no more reads than a healthy one after an hour', async () => {
  const world = new World();
  world.faults = faults['the login fails (unreachable)'] ?? {};
  world.user('create standard');
  await world.advance(hour);
  const reads = (): number => world.lately(hour).requests.filter(({ verb }) => verb === 'get').length;
  expect(reads()).toBeLessThanOrEqual(30);
  await world.advance(hour);
  expect(reads()).toBeLessThanOrEqual(16);
  expect(reasonOf(world, 'Stalled')).toBe('DatabaseUnreachable');
});

it.each<readonly [Request['verb'], string, readonly UserStep[], Faults]>([
  ['get', 'of Secrets', ['create standard'], {}],
  ['create', 'of children', ['create standard'], {}],
  ['status', '', ['create standard'], {}],
  ['list', 'of volume claims', ['create standard', 'plan pro'], {}],
  ['list', 'of what is around a database that does not come up', ['create standard'], { noCnpg: true }],
  [
    'list',
    'of volume claims, while the status cannot be written,',
    ['create standard', 'plan pro'],
    { answer: ({ verb }) => (verb === 'status' ? failing(503, 'ServiceUnavailable') : undefined) },
  ],
])('Retry-After of a %s %s is waited for', async (verb, _, steps, others) => {
  const world = new World();
  world.faults = {
    ...others,
    answer: (request) => (request.verb === verb ? failing(429, 'TooManyRequests', '', 1200) : others.answer?.(request)),
  };
  await after(steps, world);
  await world.advance(3 * hour);
  // At the beginning, CNPG's reports are events.
  const refused = world.lately(2.8 * hour).requests.filter(({ error }) => error?.retryAfterSeconds === 1200);
  expect(refused.length).toBeGreaterThan(3);
  // One reconcile can read several objects at once.
  const times = [...new Set(refused.map(({ at }) => at))];
  times.slice(1).forEach((at, index) => {
    expect(at - (times[index] ?? 0)).toBeGreaterThanOrEqual(1_200_000);
  });
});

describe('a refusal in passing, as of an API server that has just started', () => {
  it.each([
    ['a read', 'get', refusals.permission],
    ['a write', 'apply', refusals.permission],
    ['a write of a kind that it does not know yet', 'apply', refusals.kindGone],
    ['a status write', 'status', refusals.permission],
  ] as const)('of %s is not reported, and what was refused is done', async (_, verb, error) => {
    const world = new World();
    world.user('create standard');
    await world.advance(5 * minute);
    let left = 2;
    world.faults = {
      answer: (request) => {
        if (request.verb !== verb || left === 0) return undefined;
        left -= 1;
        return error;
      },
    };
    const seen = new Set<unknown>();
    world.user('plan pro');
    for (let seconds = 0; seconds < 60; seconds += 1) {
      await world.advance(1000);
      for (const { reason } of statusOf(world).conditions ?? []) seen.add(reason);
    }
    expect(left).toBe(0);
    for (const reason of ['Forbidden', 'CNPGNotInstalled', 'Refused']) expect([...seen]).not.toContain(reason);
    expect(statusOf(world)).toMatchObject({ phase: 'running', plan: 'pro', observedGeneration: 2 });
    await world.queue.stop(0);
  });
});
