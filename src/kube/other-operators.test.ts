import { describe, expect, it } from '@jest/globals';
import { ManualClock, settle } from '../testing/clock.ts';
import { ApiError } from './errors.ts';
import { OtherOperators } from './other-operators.ts';
import type { ApiRequest } from './transport.ts';

const holder = 'elsewhere/postgres-addon-operator';
const refusal = (code: number, reason: string): ApiError => new ApiError({ code, reason, message: 'no' });

/** A Lease that the test sets; `renews` makes each read see a later renewal. */
function aWorld() {
  const clock = new ManualClock();
  const lease: { spec: object | undefined | ApiError; renews: boolean } = {
    spec: { holderIdentity: 'a' },
    renews: false,
  };
  const answers: { wait: Promise<void> } = { wait: Promise.resolve() };
  const requests: ApiRequest[] = [];
  const changes: string[] = [];
  const failures: unknown[] = [];
  const others = new OtherOperators({
    transport: {
      request: async (request) => {
        requests.push(request);
        await answers.wait;
        if (lease.spec instanceof ApiError) throw lease.spec;
        return { spec: lease.renews ? { ...lease.spec, renewTime: clock.now() } : lease.spec };
      },
      lines: async function* () {},
      close: async () => {},
    },
    clock,
    onChange: (operator) => changes.push(`${operator} ${others.isGone(operator) ? 'gone' : 'there'}`),
    onFailure: (_, error) => failures.push(error),
  });
  return { clock, lease, answers, requests, changes, failures, others };
}

const minute = 60_000;

describe('another installation', () => {
  it('runs as long as its Lease is renewed; one request each 15 s, however often it is asked for', async () => {
    const { clock, lease, requests, changes, others } = aWorld();
    lease.renews = true;
    for (let second = 0; second < 3600; second += 1) {
      for (let addons = 0; addons < 3; addons += 1) expect(others.isGone(holder)).toBe(false);
      await clock.advance(1000);
    }
    expect(requests).toHaveLength(241);
    expect(requests[0]?.path).toBe('/apis/coordination.k8s.io/v1/namespaces/elsewhere/leases/postgres-addon-operator');
    expect(changes).toEqual([]);
    await others.stop();
  });

  it.each([
    ['a released Lease', { holderIdentity: '' }, 10 * minute],
    ['a Lease that nobody renews', { holderIdentity: 'a' }, 10 * minute],
    ['a Lease that says nothing', undefined, 10 * minute],
    ['a Lease that does not exist', refusal(404, 'NotFound'), 30_000],
  ] as const)('has gone after a while: %s', async (_, spec, after) => {
    const { clock, lease, changes, others } = aWorld();
    lease.spec = spec;
    others.isGone(holder);
    await clock.advance(after - 1);
    expect(others.isGone(holder)).toBe(false);
    await clock.advance(1);
    expect(others.isGone(holder)).toBe(true);
    // It comes back.
    lease.spec = { holderIdentity: 'b' };
    lease.renews = true;
    await clock.advance(15_000);
    expect(others.isGone(holder)).toBe(false);
    expect(changes).toEqual([`${holder} gone`, `${holder} there`]);
    await others.stop();
  });

  it('counts as running while its Lease cannot be read, and what was read before does not age meanwhile', async () => {
    const { clock, lease, failures, others } = aWorld();
    others.isGone(holder);
    await settle();
    for (const fault of [refusal(403, 'Forbidden'), refusal(500, 'InternalError'), refusal(0, 'Unreachable')]) {
      lease.spec = fault;
      await clock.advance(60 * minute);
      expect(others.isGone(holder)).toBe(false);
    }
    expect(failures).toHaveLength(3);
    lease.spec = { holderIdentity: 'a' };
    lease.renews = true;
    await clock.advance(60 * minute);
    expect(others.isGone(holder)).toBe(false);
    await others.stop();
  });

  it.each([
    [1200, 1_200_000],
    [5, 15_000],
  ])('is looked at again as late as the API server asks (%d s), if that is later', async (retryAfterSeconds, wait) => {
    const { clock, lease, requests, others } = aWorld();
    lease.spec = new ApiError({ code: 429, reason: 'TooManyRequests', message: 'no', retryAfterSeconds });
    others.isGone(holder);
    await clock.advance(wait - 1);
    expect(requests).toHaveLength(1);
    await clock.advance(1);
    expect(requests).toHaveLength(2);
    await others.stop();
  });

  it('that cannot have a Lease has gone', async () => {
    const { clock, requests, others } = aWorld();
    others.isGone('nonsense');
    await clock.advance(minute);
    expect(others.isGone('nonsense')).toBe(true);
    expect(requests).toEqual([]);
    await others.stop();
  });

  it('is under observation until the stop has ended, which waits for the answer to a request', async () => {
    const { others, answers } = aWorld();
    const answer = Promise.withResolvers<void>();
    answers.wait = answer.promise;
    others.isGone(holder);
    await settle();
    let isStopped = false;
    const stopped = others.stop().then(() => {
      isStopped = true;
    });
    await settle();
    expect(isStopped).toBe(false);
    answer.resolve();
    await stopped;
  });

  it('is not asked for after the stop', async () => {
    const { clock, requests, others } = aWorld();
    others.isGone(holder);
    await others.stop();
    const { length } = requests;
    others.isGone('third/operator');
    await clock.advance(60 * minute);
    expect(requests).toHaveLength(length);
  });
});
