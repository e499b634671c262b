import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '../testing/clock.ts';
import { ApiError } from './errors.ts';
import { LeaseRecord } from './lease-record.ts';
import type { ApiRequest, Transport } from './transport.ts';

const sending = { timeoutMilliseconds: 1000 };
const refusal = (code: number, reason: string) => new ApiError({ code, reason, message: reason });
const outage = refusal(0, 'Network');

/** A record of the Lease with this spec, which the process `a` observes. Its writes are stored and answered. */
function bench(spec?: Readonly<Record<string, unknown>>) {
  const clock = new ManualClock();
  const server = { spec, fault: undefined as ApiError | undefined };
  const transport: Transport = {
    request: async ({ method, body }: ApiRequest) => {
      if (server.fault !== undefined) throw server.fault;
      if (method !== 'GET') server.spec = (body as { readonly spec: typeof spec }).spec;
      return { metadata: {}, spec: server.spec };
    },
    lines: async function* () {},
    close: async () => {},
  };
  const options = { transport, namespace: 'system', name: 'operator', identity: 'a', leaseSeconds: 15, clock };
  const record = new LeaseRecord(options);
  const readAfter = async (milliseconds: number, fault?: ApiError): Promise<void> => {
    clock.jump(milliseconds);
    server.fault = fault;
    await record.read(sending).catch((error: unknown) => expect(error).toBe(fault));
  };
  return { clock, server, record, readAfter };
}

describe('the expiry of another holder', () => {
  it.each([
    ['that it states', { holderIdentity: 'b', leaseDurationSeconds: 20 }, 20_000],
    ['of this process, if it states none', { holderIdentity: 'b' }, 15_000],
    ['of this process, if there is no spec at all', undefined, 15_000],
  ])('is when its record has not changed for the duration %s', async (_, spec, duration) => {
    const { clock, record, readAfter } = bench(spec);
    await readAfter(3000);
    await readAfter(duration - 1);
    expect(record.isExpired).toBe(false);
    clock.jump(1);
    expect(record.isExpired).toBe(true);
  });

  const conflict = refusal(409, 'Conflict');
  it.each([
    ['goes on', 'no request has failed, however far apart they are', [[14_999]]],
    ['goes on', 'a request has failed, and the last answer is ten seconds old', [[4000], [9000, outage], [1000]]],
    ['begins anew', 'a request has failed, and the last answer is older', [[4000], [9000, outage], [1001]]],
    ['begins anew', 'requests have failed one after the other', [[4000], [3000, outage], [7000, outage], [1]]],
    ['goes on', 'the Lease was not as it was observed', [[4000, conflict], [10_000]]],
    ['goes on', 'a failure was followed by an answer', [[2000, outage], [1000], [11_000]]],
  ] as const)('%s when %s', async (what, _, reads) => {
    const { clock, record, readAfter } = bench({ holderIdentity: 'b', leaseDurationSeconds: 15 });
    await readAfter(0);
    for (const [milliseconds, fault] of reads) await readAfter(milliseconds, fault);
    clock.jump(15_000 - clock.monotonic());
    expect(record.isExpired).toBe(what === 'goes on');
  });
});

describe('a Lease as this process writes it', () => {
  it.each([
    ['counts a change of the holder', { holderIdentity: 'b', leaseTransitions: 4 }, 5],
    ['counts from nothing, if others have not counted', { holderIdentity: 'b' }, 1],
    ['counts no renewal', { holderIdentity: 'a', leaseTransitions: 4 }, 4],
  ])('%s', async (_, spec, leaseTransitions) => {
    const { server, record, readAfter } = bench(spec);
    await readAfter(0);
    await record.hold(sending);
    expect(server.spec).toMatchObject({ holderIdentity: 'a', leaseTransitions });
  });
});

it('has a term only while this process holds the Lease', async () => {
  const { server, record, readAfter } = bench({ holderIdentity: 'b', acquireTime: 'then', leaseTransitions: 4 });
  await readAfter(0);
  expect(record.term).toBeUndefined();
  await record.hold(sending);
  const { term } = record;
  expect(term).toBeDefined();
  await record.hold(sending);
  expect(record.term).toBe(term);
  server.spec = { ...server.spec, holderIdentity: '' };
  await readAfter(0);
  expect(record.term).toBeUndefined();
});
