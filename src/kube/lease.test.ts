import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Clock, pause } from '../api/clock.ts';
import { ManualClock, settle } from '../testing/clock.ts';
import { ApiError } from './errors.ts';
import { LeaderElector } from './lease.ts';
import type { ApiRequest, Transport } from './transport.ts';

interface Spec {
  readonly [field: string]: unknown;
}

interface Lease {
  readonly metadata: { readonly resourceVersion: string; readonly [field: string]: unknown };
  readonly spec: Spec;
}

type Fault = 'hang' | 'loseAnswer' | ApiError;

/** One Lease with the API server's rules for resourceVersion, and faults on request. */
class LeaseServer implements Transport {
  readonly requests: ApiRequest[] = [];
  fault: (request: ApiRequest) => Fault | undefined = () => undefined;
  /** How long each answer takes, in milliseconds. */
  latency = 0;
  readonly #clock: Clock;
  readonly #store: { lease: Lease | undefined; version: number };

  /** @param same the same server as another client reaches it, with faults of its own */
  constructor(clock: Clock, same?: LeaseServer) {
    this.#clock = clock;
    this.#store = same === undefined ? { lease: undefined, version: 0 } : same.#store;
  }

  get lease(): Lease | undefined {
    return this.#store.lease;
  }

  set lease(lease: Lease | undefined) {
    this.#store.lease = lease;
  }

  get holder(): unknown {
    return this.lease?.spec.holderIdentity;
  }

  /** A write to the Lease by another client. */
  put(spec: Spec, metadata: Record<string, unknown> = this.lease?.metadata ?? {}): void {
    this.#store.version += 1;
    this.lease = { metadata: { ...metadata, resourceVersion: String(this.#store.version) }, spec };
  }

  async request(request: ApiRequest, signal?: AbortSignal): Promise<unknown> {
    this.requests.push(request);
    if (signal?.aborted === true) throw refusal(0, 'Aborted');
    const fault = this.fault(request);
    if (fault === 'hang') return await this.#wait(request, Number.POSITIVE_INFINITY, signal);
    if (fault instanceof ApiError) throw fault;
    const answer = this.#answer(request);
    await this.#wait(request, fault === 'loseAnswer' ? Number.POSITIVE_INFINITY : this.latency, signal);
    if (answer instanceof ApiError) throw answer;
    return answer;
  }

  async *lines(): AsyncIterable<string> {}

  async close(): Promise<void> {}

  #answer(request: ApiRequest): unknown {
    const body = request.body as Lease | undefined;
    if (request.method === 'POST') {
      if (this.lease !== undefined) return refusal(409, 'AlreadyExists');
      this.put(body?.spec ?? {}, body?.metadata);
    } else {
      if (this.lease === undefined) return refusal(404, 'NotFound');
      if (request.method === 'PUT') {
        if (body?.metadata.resourceVersion !== this.lease.metadata.resourceVersion) return refusal(409, 'Conflict');
        this.put(body.spec, body.metadata);
      }
    }
    return structuredClone(this.lease);
  }

  /** Until the answer is there, or the transport gives up. */
  async #wait({ timeoutMilliseconds = 0 }: ApiRequest, milliseconds: number, signal?: AbortSignal): Promise<void> {
    if (milliseconds > 0) await pause(this.#clock, Math.min(milliseconds, timeoutMilliseconds), signal);
    if (signal?.aborted === true) throw refusal(0, 'Aborted');
    if (milliseconds > timeoutMilliseconds) throw refusal(0, 'Timeout');
  }
}

function refusal(code: number, reason: string): ApiError {
  return new ApiError({ code, reason, message: `refused: ${reason}` });
}

/** Lets time pass while nothing runs. */
class StallingClock extends ManualClock {
  stalled = 0;

  override monotonic(): number {
    return super.monotonic() + this.stalled;
  }
}

function elector(server: LeaseServer, clock: ManualClock, identity: string, random = 0) {
  const reported: string[] = [];
  const warnings: string[] = [];
  const pauses: string[] = [];
  const infos: string[] = [];
  const one = new LeaderElector({
    transport: server,
    namespace: 'system',
    name: 'operator',
    identity,
    clock,
    random: () => random,
    onStartedLeading: () => reported.push('started'),
    onStoppedLeading: (why) => reported.push(`stopped: ${why}`),
    log: (level, message, fields) => {
      const error = fields?.error;
      if (level === 'warn' && error instanceof Error) warnings.push(`${message}: ${error.message}`);
      else if (level === 'warn') pauses.push(`${message} (${fields?.cause})`);
      else infos.push(`${message}: ${fields?.holder ?? fields?.identity}`);
    },
  });
  return { one, reported, warnings, pauses, infos };
}

function bench() {
  const clock = new StallingClock();
  const server = new LeaseServer(clock);
  return { server, clock, ...elector(server, clock, 'a') };
}

const held = (holderIdentity: string, leaseDurationSeconds = 15) => ({
  holderIdentity,
  leaseDurationSeconds,
  acquireTime: '2000-01-01T00:00:00.000000Z',
  renewTime: '2000-01-01T00:00:00.000000Z',
  leaseTransitions: 4,
});

describe('acquiring', () => {
  it('creates a Lease that is not there', async () => {
    const { server, one, reported } = bench();
    expect(one.isLeader()).toBe(false);
    one.start();
    await settle();
    expect(reported).toEqual(['started']);
    expect(one.isLeader()).toBe(true);
    expect(server.requests.map((request) => `${request.method} ${request.path}`)).toEqual([
      'GET /apis/coordination.k8s.io/v1/namespaces/system/leases/operator',
      'POST /apis/coordination.k8s.io/v1/namespaces/system/leases',
    ]);
    expect(server.requests[1]?.body).toEqual({
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: 'operator', namespace: 'system' },
      spec: {
        holderIdentity: 'a',
        leaseDurationSeconds: 15,
        acquireTime: '2026-01-01T00:00:00.000000Z',
        renewTime: '2026-01-01T00:00:00.000000Z',
        leaseTransitions: 0,
      },
    });
  });

  it('takes a released Lease at once and keeps what others put on it', async () => {
    const { server, one } = bench();
    server.put({ ...held('', 1), strategy: 'x' }, { labels: { chart: 'y' }, uid: 'u' });
    one.start();
    await settle();
    expect(one.isLeader()).toBe(true);
    expect(server.lease).toMatchObject({
      metadata: { labels: { chart: 'y' }, uid: 'u' },
      spec: { holderIdentity: 'a', leaseTransitions: 5, strategy: 'x', acquireTime: '2026-01-01T00:00:00.000000Z' },
    });
  });

  it('waits as long as the record of the holder says, from when it last changed before its own eyes', async () => {
    const { server, clock, one } = bench();
    // The times in the record are 26 years old, but the holder can be alive: its clock might be wrong.
    server.put(held('b', 20));
    one.start();
    await clock.advance(19_000);
    expect(one.isLeader()).toBe(false);
    server.put({ ...held('b', 20), renewTime: '2000-01-01T00:00:01.000000Z' });
    await clock.advance(20_000);
    expect(one.isLeader()).toBe(false);
    await clock.advance(3000);
    expect(one.isLeader()).toBe(true);
    expect(server.lease?.spec.leaseTransitions).toBe(5);
  });

  it('does not take changes of metadata for a sign of life', async () => {
    const { server, clock, one } = bench();
    server.put(held('b'));
    one.start();
    for (let second = 0; second < 18; second += 1) {
      await clock.advance(1000);
      if (server.holder === 'b') server.put(held('b'), { annotations: { touched: String(second) } });
    }
    expect(one.isLeader()).toBe(true);
  });

  it('lets exactly one of two win, whichever writes first, however wrong the wall clocks are', async () => {
    for (const skew of [-600_000, 0, 600_000]) {
      const clock = new ManualClock();
      const server = new LeaseServer(clock);
      const skewed = new ManualClock();
      skewed.skew(skew);
      const a = elector(server, clock, 'a');
      const b = elector(server, skewed, 'b');
      a.one.start();
      b.one.start();
      for (let second = 0; second < 60; second += 1) {
        await clock.advance(1000);
        await skewed.advance(1000);
        expect([a.one.isLeader(), b.one.isLeader()].filter(Boolean)).toHaveLength(1);
      }
      expect([...a.reported, ...b.reported]).toEqual(['started']);
      expect([...a.warnings, ...b.warnings]).toEqual([]);
    }
  });

  it('keeps trying while the API refuses, and warns once a minute', async () => {
    const { server, clock, one, warnings } = bench();
    server.fault = () => refusal(403, 'Forbidden');
    one.start();
    await clock.advance(59_999);
    expect(warnings).toEqual(['the lease cannot be read or written: refused: Forbidden']);
    await clock.advance(1);
    expect(warnings).toHaveLength(2);
    server.fault = () => undefined;
    await clock.advance(2000);
    expect(one.isLeader()).toBe(true);
  });

  it('warns at once of another failure, and of the same after a success', async () => {
    const { server, clock, one, warnings } = bench();
    one.start();
    await settle();
    for (const reason of ['A', 'B', undefined, 'B', 'B'] as const) {
      server.fault = () => (reason === undefined ? undefined : refusal(503, reason));
      await clock.advance(2000);
    }
    expect(warnings.map((line) => line.at(-1))).toEqual(['A', 'B', 'B']);
  });

  it('says who leads, once for each holder', async () => {
    const { server, clock, one, infos } = bench();
    one.start();
    await settle();
    await one.stop();
    expect(infos).toEqual(['became the leader: a']);

    const waiting = elector(server, clock, 'w');
    for (const holder of ['b', 'b', 'c']) {
      server.put({ ...held(holder), renewTime: String(clock.monotonic()) });
      waiting.one.start();
      await clock.advance(2000);
    }
    expect(waiting.infos).toEqual(['another replica is the leader: b', 'another replica is the leader: c']);
  });

  it('does not create a Lease when the server does not know leases', async () => {
    const { server, clock, one } = bench();
    server.fault = (request) => (request.method === 'GET' ? refusal(404, 'NotServed') : undefined);
    one.start();
    await clock.advance(10_000);
    expect(new Set(server.requests.map((request) => request.method))).toEqual(new Set(['GET']));
  });

  it('renews what it wrote itself when the answer was lost', async () => {
    const { server, clock, one, reported } = bench();
    server.put(held('', 1));
    let lost = 0;
    server.fault = (request) => {
      if (request.method !== 'PUT' || lost > 0) return undefined;
      lost += 1;
      server.put((request.body as Lease).spec);
      return refusal(0, 'Timeout');
    };
    one.start();
    await settle();
    expect([server.holder, one.isLeader()]).toEqual(['a', false]);
    await clock.advance(2000);
    expect(reported).toEqual(['started']);
    expect(server.lease?.spec.leaseTransitions).toBe(5);
  });

  it('does not lead on the strength of an answer that came after its time', async () => {
    const { server, clock, one, reported } = bench();
    server.fault = (request) => {
      if (request.method === 'POST') clock.stalled = 11_000;
      return undefined;
    };
    one.start();
    await settle();
    expect(reported).toEqual([]);
    await clock.advance(2000);
    expect(one.isLeader()).toBe(true);
    expect(reported).toEqual(['started']);
  });

  it.each([
    ['who waits', 'b', 0, 2000],
    ['who waits', 'b', 1, 4400],
    ['who leads', '', 0, 2000],
    ['who leads', '', 1, 2400],
  ])('spreads the tries of one %s (%s, random %d): every %d ms', async (_, holder, random, gap) => {
    const clock = new ManualClock();
    const server = new LeaseServer(clock);
    server.put(held(holder));
    elector(server, clock, 'a', random).one.start();
    await settle();
    for (let round = 0; round < 3; round += 1) {
      server.requests.length = 0;
      await clock.advance(gap - 1);
      expect(server.requests).toHaveLength(0);
      await clock.advance(1);
      expect(server.requests).toHaveLength(1);
    }
  });

  it.each([
    [2499, [10_000, 10_000, 5000]],
    [2500, [10_000, 10_000, 10_000]],
  ])(
    'gives up a renewal early only if the last one took less than half of that time: %d ms',
    async (latency, limits) => {
      const { server, clock, one } = bench();
      server.latency = latency;
      one.start();
      await clock.advance(8000);
      expect(server.requests.map((request) => request.timeoutMilliseconds).slice(0, 3)).toEqual(limits);
    },
  );
});

describe('leading', () => {
  it('renews with one request every two seconds', async () => {
    const { server, clock, one, reported } = bench();
    one.start();
    await settle();
    server.requests.length = 0;
    await clock.advance(60_000);
    expect(server.requests.map((request) => request.method)).toEqual(Array(30).fill('PUT'));
    expect(server.lease?.spec).toMatchObject({
      acquireTime: '2026-01-01T00:00:00.000000Z',
      renewTime: '2026-01-01T00:01:00.000000Z',
      leaseTransitions: 0,
    });
    expect(one.isLeader()).toBe(true);
    expect(reported).toEqual(['started']);
  });

  it('survives failures shorter than the deadline', async () => {
    const { server, clock, one, reported } = bench();
    one.start();
    await settle();
    server.fault = () => refusal(503, 'ServiceUnavailable');
    await clock.advance(7000);
    expect(one.isLeader()).toBe(true);
    server.fault = () => undefined;
    await clock.advance(20_000);
    expect(reported).toEqual(['started']);
    expect(one.isLeader()).toBe(true);
  });

  it.each([
    ['refuses', (): Fault => refusal(0, 'Network'), 'refused: Network'],
    ['hangs', (): Fault => 'hang', 'refused: Timeout'],
    ['loses every answer', (): Fault => 'loseAnswer', 'refused: Timeout'],
  ])(
    'writes nothing from ten seconds after its last renewal on when the API %s, and goes on when it answers',
    async (_, fault, cause) => {
      const { server, clock, one, reported, pauses } = bench();
      one.start();
      await clock.advance(4000);
      server.fault = fault;
      await clock.advance(9999);
      expect(one.isLeader()).toBe(true);
      await clock.advance(1);
      expect(one.isLeader()).toBe(false);
      for (let minute = 0; minute < 10; minute += 1) {
        await clock.advance(60_000);
        expect(one.isLeader()).toBe(false);
      }
      expect(reported).toEqual(['started']);
      expect(pauses).toEqual([`the lease was not renewed for 10 seconds: nothing is written until it is (${cause})`]);
      server.fault = () => undefined;
      // A request that hangs, and the time until the next one.
      await clock.advance(12_400);
      expect(one.isLeader()).toBe(true);
      expect(reported).toEqual(['started', 'started']);
      expect(server.lease?.spec).toMatchObject({ acquireTime: '2026-01-01T00:00:00.000000Z', leaseTransitions: 0 });
    },
  );

  it('says at its deadline that it has passed, and not only when the next request has ended', async () => {
    const clock = new ManualClock();
    const server = new LeaseServer(clock);
    const { one, pauses } = elector(server, clock, 'a', 1 - Number.EPSILON);
    one.start();
    await settle();
    server.fault = () => refusal(0, 'Network');
    await clock.advance(9999);
    expect(pauses).toHaveLength(0);
    server.fault = () => 'hang';
    await clock.advance(1);
    expect(pauses).toHaveLength(1);
  });

  it('has time for a second attempt when a request hangs', async () => {
    const { server, clock, one, reported, pauses } = bench();
    one.start();
    await settle();
    let requests = 0;
    server.fault = () => {
      requests += 1;
      return requests === 1 ? 'hang' : undefined;
    };
    for (let second = 0; second < 20; second += 1) {
      await clock.advance(1000);
      expect(one.isLeader()).toBe(true);
    }
    expect([reported, pauses]).toEqual([['started'], []]);
  });

  it('stops at once when another holder took the Lease', async () => {
    const { server, clock, one, reported } = bench();
    one.start();
    await clock.advance(3000);
    server.put(held('thief'));
    await clock.advance(1000);
    expect(one.isLeader()).toBe(false);
    expect(reported).toEqual(['started', 'stopped: the lease was taken by thief']);
    await one.stop();
    expect(server.holder).toBe('thief');
  });

  it('goes on when the Lease was only touched, or deleted', async () => {
    const { server, clock, one, reported } = bench();
    one.start();
    await clock.advance(3000);
    server.put(server.lease?.spec ?? {}, { labels: { touched: 'yes' } });
    await clock.advance(1000);
    expect(server.lease).toMatchObject({
      metadata: { labels: { touched: 'yes' } },
      spec: { renewTime: '2026-01-01T00:00:04.000000Z' },
    });
    server.lease = undefined;
    await clock.advance(8000);
    expect(server.holder).toBe('a');
    expect(reported).toEqual(['started']);
    expect(one.isLeader()).toBe(true);
  });

  it.each([
    ['another holds it', held('b')],
    ['another has held and released it', { ...held('', 1), leaseTransitions: 1 }],
    ['another has held it, and it says that we do', { ...held('a'), leaseTransitions: 5 }],
    ['it was deleted', undefined],
  ])('ends after an outage if the Lease is not as it was: %s', async (_, spec) => {
    const { server, clock, one, reported } = bench();
    one.start();
    await clock.advance(4000);
    server.fault = () => refusal(0, 'Network');
    await clock.advance(11_000);
    if (spec === undefined) server.lease = undefined;
    else server.put(spec);
    const lease = server.lease;
    server.fault = () => undefined;
    await clock.advance(3000);
    expect(reported).toEqual(['started', expect.stringMatching(/^stopped: the lease was (taken by b|changed while)/)]);
    expect(one.isLeader()).toBe(false);
    expect(server.lease).toEqual(lease);
    const sent = server.requests.length;
    await clock.advance(60_000);
    expect(server.requests).toHaveLength(sent);
    expect(clock.timers).toBe(0);
  });

  it('knows after a stalled event loop that its time has passed, before anything else runs', async () => {
    const { server, clock, one, reported, pauses } = bench();
    one.start();
    await clock.advance(1000);
    clock.stalled = 9000;
    expect(one.isLeader()).toBe(false);
    server.fault = () => refusal(0, 'Network');
    await clock.advance(1000);
    expect(pauses).toHaveLength(1);
    expect(reported).toEqual(['started']);
  });

  it('counts a late answer from when its request was sent', async () => {
    const { server, clock, one } = bench();
    one.start();
    await settle();
    server.fault = () => {
      clock.stalled = 8500;
      return undefined;
    };
    // Sent after 2 s, answered after 10.5 s.
    await clock.advance(2000);
    server.fault = () => refusal(0, 'Network');
    expect(one.isLeader()).toBe(true);
    await clock.advance(1499);
    expect(one.isLeader()).toBe(true);
    await clock.advance(1);
    expect(one.isLeader()).toBe(false);
  });
});

/** Two replicas on one clock, each with its own way to the API server. */
function twoReplicas(random = 0) {
  const clock = new ManualClock();
  const links = [new LeaseServer(clock)];
  links.push(new LeaseServer(clock, links[0]));
  const electors = links.map((link, index) => elector(link, clock, `replica-${index}`, index === 0 ? 0 : random));
  const leaders = (): number => electors.filter(({ one }) => one.isLeader()).length;
  return { clock, links, electors, leaders };
}

describe('an outage of the API server', () => {
  it.each([3, 5, 11, 14, 16, 20, 60, 600])('of %d s changes no leader and ends none', async (seconds) => {
    for (const random of [0, 0.5, 1 - Number.EPSILON]) {
      for (const fault of [
        (): Fault => 'hang',
        (): Fault => refusal(0, 'Network'),
        (): Fault => refusal(500, 'InternalError'),
      ]) {
        const { clock, links, electors, leaders } = twoReplicas(random);
        electors[0]?.one.start();
        await settle();
        electors[1]?.one.start();
        await clock.advance(5000);
        for (const link of links) link.fault = fault;
        await clock.advance(seconds * 1000);
        expect(leaders()).toBe(seconds < 10 ? 1 : 0);
        for (const link of links) link.fault = () => undefined;
        await clock.advance(13_000);
        expect(electors[0]?.one.isLeader()).toBe(true);
        await clock.advance(60_000);
        expect(electors[0]?.one.isLeader()).toBe(true);
        expect(electors[1]?.reported).toEqual([]);
        expect(electors[0]?.reported).toEqual(seconds < 10 ? ['started'] : ['started', 'started']);
      }
    }
  });

  it('in which the leader ends costs another replica the duration of the Lease once more', async () => {
    const { clock, links, electors } = twoReplicas();
    electors[0]?.one.start();
    await settle();
    electors[1]?.one.start();
    await clock.advance(5000);
    for (const link of links) link.fault = () => refusal(0, 'Network');
    await clock.advance(60_000);
    if (links[1] !== undefined) links[1].fault = () => undefined;
    await clock.advance(15_000);
    expect(electors[1]?.one.isLeader()).toBe(false);
    await clock.advance(4000);
    expect(electors[1]?.one.isLeader()).toBe(true);
  });
});

describe('a slow API server', () => {
  it.each([
    [1000, 1],
    [3700, 1],
    [4900, 0.7],
    // A renewal is valid for ten seconds from when it was sent, so that there is time left to write after each answer.
    [6000, 0.15],
    [8000, 0.05],
    [12_000, 0],
  ])(
    'that takes %d ms to answer has one leader for at least %d of the time, and nobody ends',
    async (latency, share) => {
      const { clock, links, electors, leaders } = twoReplicas(0.5);
      for (const link of links) link.latency = latency;
      for (const { one } of electors) one.start();
      await clock.advance(60_000);
      let led = 0;
      for (let step = 0; step < 6000; step += 1) {
        await clock.advance(100);
        led += leaders();
        expect(leaders()).toBeLessThanOrEqual(1);
      }
      expect(led / 6000).toBeGreaterThanOrEqual(share);
      expect(electors.flatMap(({ reported }) => reported.filter((line) => line !== 'started'))).toEqual([]);
      const warnings = electors.flatMap((one) => one.warnings);
      if (share === 0) expect(warnings.length).toBeGreaterThanOrEqual(20);
    },
  );

  it('that becomes slow changes its leader at most once', async () => {
    const { clock, links, electors, leaders } = twoReplicas(0.5);
    for (const { one } of electors) one.start();
    await clock.advance(60_000);
    for (const link of links) link.latency = 8000;
    for (let step = 0; step < 6000; step += 1) {
      await clock.advance(100);
      expect(leaders()).toBeLessThanOrEqual(1);
    }
    const ended = electors.flatMap(({ reported }) => reported.filter((line) => line.startsWith('stopped')));
    expect(ended.length).toBeLessThanOrEqual(1);
  });
});

describe('whatever happens', () => {
  const faults = {
    fine: () => undefined,
    hanging: () => 'hang',
    answerless: () => 'loseAnswer',
    refusing: () => refusal(503, 'ServiceUnavailable'),
    cut: () => refusal(0, 'Network'),
  } as const satisfies Record<string, () => Fault | undefined>;
  const step = fc.record({
    seconds: fc.integer({ min: 1, max: 25 }),
    faults: fc.tuple(...[0, 1].map(() => fc.constantFrom(...Object.keys(faults)) as fc.Arbitrary<keyof typeof faults>)),
    latencies: fc.tuple(fc.constantFrom(0, 0, 1000, 4000, 8000), fc.constantFrom(0, 0, 1000, 4000, 8000)),
    /** Nothing runs for this long. */
    stall: fc.constantFrom(0, 0, 0, 3000, 11_000, 20_000),
  });

  it('there is one leader at most, it has renewed less than ten seconds ago, and only another leader ends it', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 12 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        async (steps, random) => {
          const { clock, links, electors, leaders } = twoReplicas(random);
          const written = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
          const check = (): void => {
            expect(leaders()).toBeLessThanOrEqual(1);
            for (const [index, { one }] of electors.entries())
              if (one.isLeader()) expect(clock.monotonic() - (written[index] ?? 0)).toBeLessThan(10_000);
          };
          for (const [index, link] of links.entries()) {
            const send = link.request.bind(link);
            link.request = async (request, signal) => {
              const sentAt = clock.monotonic();
              const answer = await send(request, signal);
              if (request.method !== 'GET') written[index] = sentAt;
              return answer;
            };
          }
          for (const { one } of electors) one.start();
          for (const { seconds, faults: kinds, latencies, stall } of steps) {
            for (const [index, link] of links.entries()) {
              link.fault = faults[kinds[index] ?? 'fine'];
              link.latency = latencies[index] ?? 0;
            }
            clock.jump(stall);
            check();
            for (let second = 0; second < seconds; second += 1) {
              await clock.advance(1000);
              check();
            }
          }
          const ended = electors.filter(({ reported }) => reported.some((line) => line.startsWith('stopped')));
          for (const { reported } of ended)
            expect(reported.at(-1)).toMatch(/^stopped: the lease was taken by replica-/);
          expect(ended.length).toBeLessThan(2);
          for (const link of links) {
            link.fault = () => undefined;
            link.latency = 0;
          }
          await clock.advance(60_000);
          expect(leaders()).toBe(1);
          for (const { one } of electors) await one.stop();
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('stopping', () => {
  it('releases the Lease, so that another takes over without waiting for its expiry', async () => {
    const { server, clock, one, reported } = bench();
    const other = elector(server, clock, 'b');
    one.start();
    await settle();
    other.one.start();
    await clock.advance(5000);
    await one.stop();
    expect(server.lease?.spec).toMatchObject({ holderIdentity: '', leaseDurationSeconds: 1, leaseTransitions: 0 });
    expect(one.isLeader()).toBe(false);
    await clock.advance(2000);
    expect(other.one.isLeader()).toBe(true);
    expect(reported).toEqual(['started']);
  });

  it('writes nothing when it does not lead, and can be called before start and twice', async () => {
    const { server, clock, one } = bench();
    server.put(held('b'));
    one.start();
    await clock.advance(3000);
    await Promise.all([one.stop(), one.stop()]);
    await clock.advance(60_000);
    expect(server.holder).toBe('b');
    expect(clock.timers).toBe(0);

    const never = elector(server, clock, 'c');
    await never.one.stop();
    never.one.start();
    await clock.advance(60_000);
    expect(never.reported).toEqual([]);
  });

  it('releases also when a renewal that was under way arrives all the same', async () => {
    const { server, clock, one } = bench();
    one.start();
    await settle();
    server.fault = () => 'loseAnswer';
    await clock.advance(2000);
    server.fault = () => undefined;
    server.latency = 10;
    let isStopped = false;
    void one.stop().then(() => {
      isStopped = true;
    });
    // A release that finds the Lease changed, the read, and the release.
    for (const expected of [false, false, true]) {
      await clock.advance(10);
      expect(isStopped).toBe(expected);
    }
    expect(server.holder).toBe('');
  });

  it('leaves the Lease alone when it was taken a moment ago', async () => {
    const taken = bench();
    taken.one.start();
    await taken.clock.advance(1000);
    taken.server.put(held('thief'));
    await taken.one.stop();
    expect(taken.server.lease?.spec).toEqual(held('thief'));

    // The stop comes while the leader reads who took the Lease.
    const between = bench();
    between.one.start();
    await between.clock.advance(1000);
    between.server.put(held('thief'));
    let stopped: Promise<void> | undefined;
    between.server.fault = (request) => {
      if (request.method === 'GET') stopped ??= between.one.stop();
      return undefined;
    };
    await between.clock.advance(1000);
    await stopped;
    expect(stopped).toBeDefined();
    expect(between.server.holder).toBe('thief');
  });

  it.each([
    ['that it leads', 'POST', undefined, []],
    ['that another leads', 'GET', 'thief', ['started']],
  ])('says nothing any more when the answer %s comes together with the stop', async (_, method, thief, expected) => {
    const { server, clock, one, reported } = bench();
    const send = server.request.bind(server);
    let stopped: Promise<void> | undefined;
    server.request = async (request, signal) => {
      const answer = await send(request, signal);
      if (request.method === method && server.holder === (thief ?? 'a')) stopped ??= one.stop();
      return answer;
    };
    one.start();
    await clock.advance(1000);
    if (thief !== undefined) server.put(held(thief));
    await clock.advance(1000);
    expect(stopped).toBeDefined();
    await stopped;
    expect(reported).toEqual(expected);
    expect(server.holder).toBe(thief ?? '');
  });

  it('releases also after an outage: nobody else has led, and nothing is in flight any more', async () => {
    const { server, clock, one } = bench();
    one.start();
    await settle();
    server.fault = () => refusal(0, 'Network');
    await clock.advance(30_000);
    server.fault = () => undefined;
    await one.stop();
    expect(server.holder).toBe('');
  });

  it('ends and warns when the release fails', async () => {
    const { server, one, warnings } = bench();
    one.start();
    await settle();
    server.fault = () => refusal(0, 'Timeout');
    await one.stop();
    expect(warnings).toEqual(['the lease cannot be read or written: refused: Timeout']);
    expect(server.requests.at(-1)?.timeoutMilliseconds).toBe(2000);
  });
});
