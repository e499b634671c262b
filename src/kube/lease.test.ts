import { describe, expect, it } from '@jest/globals';
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
  lease: Lease | undefined;
  #version = 0;

  get holder(): unknown {
    return this.lease?.spec.holderIdentity;
  }

  /** A write to the Lease by another client. */
  put(spec: Spec, metadata: Record<string, unknown> = this.lease?.metadata ?? {}): void {
    this.#version += 1;
    this.lease = { metadata: { ...metadata, resourceVersion: String(this.#version) }, spec };
  }

  async request(request: ApiRequest, signal?: AbortSignal): Promise<unknown> {
    this.requests.push(request);
    if (signal?.aborted === true) throw refusal(0, 'Aborted');
    const fault = this.fault(request);
    if (fault === 'hang') return this.#hang(signal);
    if (fault instanceof ApiError) throw fault;
    const answer = this.#answer(request);
    return fault === 'loseAnswer' ? this.#hang(signal) : answer;
  }

  async *lines(): AsyncIterable<string> {}

  async close(): Promise<void> {}

  #answer(request: ApiRequest): unknown {
    const body = request.body as Lease | undefined;
    if (request.method === 'POST') {
      if (this.lease !== undefined) throw refusal(409, 'AlreadyExists');
      this.put(body?.spec ?? {}, body?.metadata);
    } else {
      if (this.lease === undefined) throw refusal(404, 'NotFound');
      if (request.method === 'PUT') {
        if (body?.metadata.resourceVersion !== this.lease.metadata.resourceVersion) throw refusal(409, 'Conflict');
        this.put(body.spec, body.metadata);
      }
    }
    return structuredClone(this.lease);
  }

  #hang(signal: AbortSignal | undefined): Promise<never> {
    return new Promise((_, reject) => {
      signal?.addEventListener('abort', () => reject(refusal(0, 'Aborted')));
    });
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
    },
  });
  return { one, reported, warnings };
}

function bench() {
  const server = new LeaseServer();
  const clock = new StallingClock();
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
      const server = new LeaseServer();
      const clock = new ManualClock();
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
    await clock.advance(59_000);
    expect(warnings).toEqual(['the lease cannot be read or written: refused: Forbidden']);
    await clock.advance(60_000);
    expect(warnings).toHaveLength(2);
    server.fault = () => undefined;
    await clock.advance(2000);
    expect(one.isLeader()).toBe(true);
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

  it('spreads the tries of those who wait', async () => {
    const server = new LeaseServer();
    const clock = new ManualClock();
    server.put(held('b'));
    const { one } = elector(server, clock, 'a');
    const { one: late } = elector(server, clock, 'c', 1 - Number.EPSILON);
    one.start();
    await clock.advance(4300);
    expect(server.requests).toHaveLength(3);
    late.start();
    await clock.advance(4300);
    expect(server.requests).toHaveLength(3 + 2 + 1);
  });
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
    ['refuses', (): Fault => refusal(0, 'Network'), ': refused: Network'],
    ['hangs', (): Fault => 'hang', ''],
    ['loses every answer', (): Fault => 'loseAnswer', ''],
  ])('stops ten seconds after its last renewal when the API %s', async (_, fault, cause) => {
    const { server, clock, one, reported } = bench();
    one.start();
    await clock.advance(4000);
    server.fault = fault;
    await clock.advance(9999);
    expect(reported).toEqual(['started']);
    expect(one.isLeader()).toBe(true);
    await clock.advance(1);
    expect(one.isLeader()).toBe(false);
    expect(reported).toEqual(['started', `stopped: the lease was not renewed for 10 seconds${cause}`]);
    const sent = server.requests.length;
    server.fault = () => undefined;
    await clock.advance(60_000);
    expect(server.requests).toHaveLength(sent);
    expect(reported).toHaveLength(2);
    expect(clock.timers).toBe(0);
  });

  it('does not sleep over its deadline', async () => {
    const server = new LeaseServer();
    const clock = new ManualClock();
    const { one, reported } = elector(server, clock, 'a', 1 - Number.EPSILON);
    one.start();
    await settle();
    server.fault = () => refusal(0, 'Network');
    await clock.advance(9999);
    expect(reported).toHaveLength(1);
    await clock.advance(1);
    expect(reported).toHaveLength(2);
  });

  it('gives each request less time than the deadline leaves', async () => {
    const { server, clock, one } = bench();
    one.start();
    await clock.advance(4000);
    server.fault = () => refusal(0, 'Network');
    await clock.advance(8000);
    expect(server.requests.slice(-4).map((request) => request.timeoutMilliseconds)).toEqual([5000, 5000, 4000, 2000]);
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

  it('knows after a stalled event loop that its time has passed, before anything else runs', async () => {
    const { server, clock, one, reported } = bench();
    one.start();
    await clock.advance(1000);
    clock.stalled = 9000;
    expect(one.isLeader()).toBe(false);
    await clock.advance(1000);
    expect(reported).toEqual(['started', expect.stringContaining('not renewed for 10 seconds')]);
    expect(server.requests.filter((request) => request.method === 'PUT')).toHaveLength(0);
  });

  it('does not lead again by an answer that came after the deadline', async () => {
    const { server, clock, one, reported } = bench();
    one.start();
    await settle();
    server.fault = () => {
      clock.stalled = 8500;
      return undefined;
    };
    await clock.advance(2000);
    expect(one.isLeader()).toBe(false);
    expect(reported).toHaveLength(2);
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
    await one.stop();
    expect(server.holder).toBe('');
  });

  it('leaves the Lease alone when it was taken a moment ago, and when leadership was lost', async () => {
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

    // Work started as leader can still be in flight, so no other replica is permitted to take over early.
    const lost = bench();
    lost.one.start();
    await settle();
    lost.server.fault = () => refusal(0, 'Network');
    await lost.clock.advance(10_000);
    lost.server.fault = () => undefined;
    await lost.one.stop();
    expect(lost.server.holder).toBe('a');
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
