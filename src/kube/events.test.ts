import { describe, expect, it } from '@jest/globals';
import { ManualClock, settle } from '../testing/clock.ts';
import { ApiError } from './errors.ts';
import { type EventRecord, EventRecorder } from './events.ts';
import { HandTransport } from './testing.ts';

const record: EventRecord = {
  regarding: {
    apiVersion: 'example.org/v1',
    kind: 'PostgresAddon',
    namespace: 'shop',
    name: 'orders',
    uid: '0d5f',
  },
  type: 'Normal',
  reason: 'Provisioned',
  action: 'Reconcile',
  note: 'The database is ready.',
  key: '2026-01-01T00:00:00Z',
};

function bench() {
  const transport = new HandTransport();
  const clock = new ManualClock();
  const failures: unknown[] = [];
  const recorder = new EventRecorder({
    transport,
    component: 'postgres-addon-operator',
    instance: 'operator-1',
    clock,
    onFailure: (error) => failures.push(error),
  });
  const emitted = async (change: Partial<EventRecord>): Promise<Record<string, unknown>> => {
    recorder.emit({ ...record, ...change });
    const call = await transport.call();
    call.answer({});
    await settle();
    return call.request.body as Record<string, unknown>;
  };
  const nameOf = async (change: Partial<EventRecord>): Promise<string> =>
    ((await emitted(change)).metadata as { name: string }).name;
  return { transport, clock, failures, recorder, emitted, nameOf };
}

function refusal(code: number, reason: string, retryAfterSeconds?: number): ApiError {
  return new ApiError({
    code,
    reason,
    message: reason,
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  });
}

describe('what is sent', () => {
  it('is one POST with all that events.k8s.io/v1 requires', async () => {
    const { transport, recorder } = bench();
    recorder.emit(record);
    const { request } = await transport.call();
    const path = '/apis/events.k8s.io/v1/namespaces/shop/events';
    expect(request).toMatchObject({ method: 'POST', path, timeoutMilliseconds: 10_000 });
    expect(request.body).toEqual({
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { name: expect.stringMatching(/^orders\.[0-9a-f]{16}$/), namespace: 'shop' },
      eventTime: '2026-01-01T00:00:00.000000Z',
      reportingController: 'postgres-addon-operator',
      reportingInstance: 'operator-1',
      type: 'Normal',
      reason: 'Provisioned',
      action: 'Reconcile',
      regarding: record.regarding,
      note: 'The database is ready.',
    });
  });

  it('has a name that depends on uid, reason, note and key alone', async () => {
    const { clock, nameOf } = bench();
    const first = await nameOf({});
    await clock.advance(5000);
    expect(await nameOf({ type: 'Warning', action: 'Other' })).toBe(first);
    const others = [
      await nameOf({ key: 'other' }),
      await nameOf({ reason: 'Other' }),
      await nameOf({ note: 'Other' }),
      await nameOf({ regarding: { ...record.regarding, uid: 'other' } }),
    ];
    expect(new Set([first, ...others]).size).toBe(5);
  });

  it('stays within the limits of names, words and notes', async () => {
    const { nameOf, emitted } = bench();
    expect(await nameOf({ regarding: { ...record.regarding, name: 'a'.repeat(300) } })).toHaveLength(253);
    const words = { reason: 'R'.repeat(200), action: 'A'.repeat(200) };
    expect(await emitted(words)).toMatchObject({ reason: 'R'.repeat(128), action: 'A'.repeat(128) });
    const long = `${'a'.repeat(235)}.-${'b'.repeat(16)}`;
    const name = await nameOf({ regarding: { ...record.regarding, name: long } });
    expect(name).toMatch(/^a{235}\.[0-9a-f]{16}$/);
    for (const note of ['ä'.repeat(1000), `x${'😀'.repeat(300)}`, 'x'.repeat(1025)]) {
      const sent = (await emitted({ note })).note as string;
      expect(Buffer.byteLength(sent)).toBeLessThanOrEqual(1024);
      expect(Buffer.byteLength(sent)).toBeGreaterThan(1018);
      expect(sent.endsWith('…')).toBe(true);
      expect(note.startsWith(sent.slice(0, -1))).toBe(true);
    }
    expect((await emitted({ note: 'x'.repeat(1024) })).note).toBe('x'.repeat(1024));
  });
});

describe('how it is sent', () => {
  it('takes a name that is taken for success', async () => {
    const { transport, clock, recorder, failures } = bench();
    recorder.emit(record);
    (await transport.call()).fail(refusal(409, 'AlreadyExists'));
    await clock.advance(60_000);
    expect([failures, transport.waiting]).toEqual([[], 0]);
  });

  it('has at most two under way and sends the same event once', async () => {
    const { transport, recorder } = bench();
    for (const key of ['a', 'b', 'c', 'c', 'd']) recorder.emit({ ...record, key });
    const first = await transport.call();
    await transport.call();
    expect(transport.waiting).toBe(0);
    first.answer({});
    const third = await transport.call();
    expect(transport.waiting).toBe(0);
    third.answer({});
    (await transport.call()).answer({});
    await settle();
    expect(transport.waiting).toBe(0);
  });

  it('tries again when there was no answer or the server is busy, as late as it asks, and gives up in the end', async () => {
    const { transport, clock, recorder, failures } = bench();
    recorder.emit(record);
    const first = await transport.call();
    first.fail(refusal(0, 'Timeout'));
    await clock.advance(1000);
    const second = await transport.call();
    expect(second.request).toEqual(first.request);
    second.fail(refusal(429, 'TooManyRequests', 7));
    await clock.advance(6999);
    expect(transport.waiting).toBe(0);
    await clock.advance(1);
    (await transport.call()).fail(refusal(500, 'InternalError'));
    await clock.advance(4000);
    expect(failures).toEqual([]);
    (await transport.call()).fail(refusal(503, 'ServiceUnavailable'));
    await clock.advance(60_000);
    expect(transport.waiting).toBe(0);
    expect(failures).toMatchObject([{ code: 503 }]);
  });

  it('waits twice as long for each attempt', async () => {
    const { transport, clock, recorder, failures } = bench();
    recorder.emit(record);
    for (const wait of [1000, 2000, 4000]) {
      (await transport.call()).fail(refusal(500, 'InternalError'));
      await clock.advance(wait - 1);
      expect(transport.waiting).toBe(0);
      await clock.advance(1);
    }
    (await transport.call()).fail(refusal(500, 'InternalError'));
    await settle();
    expect(failures).toHaveLength(1);
  });

  it('waits for up to 30 s if it is asked to, and drops what has to wait longer instead of sending it sooner', async () => {
    const { transport, clock, recorder, failures } = bench();
    recorder.emit(record);
    (await transport.call()).fail(refusal(429, 'TooManyRequests', 30));
    await clock.advance(29_999);
    expect([transport.waiting, failures]).toEqual([0, []]);
    await clock.advance(1);
    (await transport.call()).fail(refusal(429, 'TooManyRequests', 31));
    await clock.advance(3_600_000);
    expect(transport.waiting).toBe(0);
    expect(failures).toMatchObject([{ code: 429 }]);
    recorder.emit({ ...record, key: 'next' });
    await transport.call();
  });

  it('reports a refusal once a minute, each kind of its own, and does not repeat the request', async () => {
    const { transport, clock, recorder, failures } = bench();
    const refuse = async (key: string, error: ApiError): Promise<void> => {
      recorder.emit({ ...record, key });
      (await transport.call()).fail(error);
      await settle();
    };
    for (let second = 0; second < 60; second += 1) {
      await refuse(String(second), refusal(403, 'Forbidden'));
      await clock.advance(1000);
    }
    expect(failures).toHaveLength(1);
    await refuse('invalid', refusal(422, 'Invalid'));
    expect(failures).toHaveLength(2);
    await refuse('later', refusal(403, 'Forbidden'));
    expect(failures).toHaveLength(3);
    expect(transport.waiting).toBe(0);
  });

  it('reports what cannot be sent at all and goes on', async () => {
    const { transport, recorder, failures } = bench();
    for (let repeat = 0; repeat < 3; repeat += 1) {
      recorder.emit({ ...record, key: String(repeat), regarding: { ...record.regarding, namespace: '' } });
    }
    await settle();
    expect(failures).toHaveLength(1);
    recorder.emit(record);
    await transport.call();
  });

  it('drops the oldest of too many, counts them and says so', async () => {
    const { transport, recorder, failures } = bench();
    for (let key = 0; key < 1005; key += 1) recorder.emit({ ...record, key: String(key), note: String(key) });
    expect(recorder.dropped).toBe(3);
    expect(failures).toHaveLength(1);
    const notes: unknown[] = [];
    for (let sent = 0; sent < 1002; sent += 1) {
      const call = await transport.call();
      notes.push((call.request.body as { note: string }).note);
      call.answer({});
    }
    expect(notes.slice(0, 4)).toEqual(['0', '1', '5', '6']);
    expect(notes.at(-1)).toBe('1004');
  });
});

describe('drain', () => {
  it.each([1, 2, 3])('waits until everything is sent: %d events', async (count) => {
    const { transport, clock, recorder } = bench();
    for (let key = 0; key < count; key += 1) recorder.emit({ ...record, key: String(key) });
    let drained = false;
    void recorder.drain(5000).then(() => {
      drained = true;
    });
    for (let sent = 0; sent < count; sent += 1) {
      await settle();
      expect(drained).toBe(false);
      (await transport.call()).answer({});
    }
    await settle();
    expect(drained).toBe(true);
    expect(clock.timers).toBe(0);
  });

  it('gives up after its time, silently, and takes no more', async () => {
    const { transport, clock, recorder, failures } = bench();
    for (const key of ['a', 'b', 'c']) recorder.emit({ ...record, key });
    (await transport.call()).fail(refusal(0, 'Network'));
    const draining = recorder.drain(500);
    await clock.advance(500);
    await draining;
    recorder.emit({ ...record, key: 'd' });
    await transport.call();
    await clock.advance(60_000);
    expect(transport.waiting).toBe(0);
    expect([failures, clock.timers]).toEqual([[], 0]);
  });

  it('ends at once when nothing waits', async () => {
    const { clock, recorder } = bench();
    await recorder.drain(5000);
    expect(clock.timers).toBe(0);
  });
});
