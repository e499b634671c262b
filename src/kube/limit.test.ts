// What ends a request, how it is explained, and that nothing is left behind.
import { getEventListeners } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { ManualClock, settle } from '../testing/clock.ts';
import { ApiError } from './errors.ts';
import { Limit } from './limit.ts';

const listeners = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length;
const broken = new Error('any');

describe('a limit', () => {
  it('ends a request at its deadline, and not before', async () => {
    const clock = new ManualClock();
    const limit = new Limit(clock, 5000, undefined);
    await clock.advance(4999);
    expect(limit.signal.aborted).toBe(false);
    await clock.advance(1);
    expect(limit.signal.aborted).toBe(true);
    expect(limit.explain(broken)).toMatchObject({ code: 0, reason: 'Timeout', message: 'no response within 5000 ms' });
  });

  it('ends it when its caller gives up, also before it began', () => {
    const caller = new AbortController();
    const limit = new Limit(new ManualClock(), 5000, caller.signal);
    expect(limit.signal.aborted).toBe(false);
    caller.abort();
    for (const one of [limit, new Limit(new ManualClock(), 5000, caller.signal)]) {
      expect(one.signal.aborted).toBe(true);
      expect(one.explain(broken)).toMatchObject({ code: 0, reason: 'Aborted', message: 'the request was aborted' });
    }
  });

  it('explains by what ended it first', async () => {
    const caller = new AbortController();
    const clock = new ManualClock();
    const limit = new Limit(clock, 5000, caller.signal);
    caller.abort();
    await clock.advance(5000);
    expect(limit.explain(broken).reason).toBe('Aborted');
  });

  it('without its timer waits for its caller alone', async () => {
    const clock = new ManualClock();
    const limit = new Limit(clock, 5000, undefined);
    limit.stopTimer();
    await clock.advance(10_000);
    expect(limit.signal.aborted).toBe(false);
  });

  it('leaves neither a timer nor a listener behind', () => {
    const caller = new AbortController();
    const clock = new ManualClock();
    const limit = new Limit(clock, 5000, caller.signal);
    expect([clock.timers, listeners(caller.signal)]).toEqual([1, 1]);
    limit.release();
    expect([clock.timers, listeners(caller.signal)]).toEqual([0, 0]);
    caller.abort();
    expect(limit.signal.aborted).toBe(false);
  });
});

describe('work that cannot be cancelled', () => {
  it('is waited for, and its error passes', async () => {
    const limit = new Limit(new ManualClock(), 5000, undefined);
    expect(await limit.race('at once')).toBe('at once');
    expect(await limit.race(Promise.resolve('later'))).toBe('later');
    await expect(limit.race(Promise.reject(broken))).rejects.toBe(broken);
    await settle();
    expect(listeners(limit.signal)).toBe(0);
  });

  it('is waited for no longer than the limit', async () => {
    const clock = new ManualClock();
    const limit = new Limit(clock, 5000, undefined);
    const never = new Promise<never>(() => {});
    const ended = limit.race(never).catch((error: unknown) => error);
    await clock.advance(5000);
    expect(await ended).toBe(limit.signal.reason);
    await expect(limit.race(never)).rejects.toBe(limit.signal.reason);
  });
});

describe('an error of the network', () => {
  const explained = (error: unknown) => new Limit(new ManualClock(), 1, undefined).explain(error);
  const coded = Object.assign(new Error('connect to 10.0.0.1'), { code: 'ECONNREFUSED' });

  it.each<readonly [unknown, string]>([
    [coded, 'ECONNREFUSED: connect to 10.0.0.1'],
    [Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }), 'read ECONNRESET'],
    [new TypeError('no'), 'TypeError: no'],
    [Object.assign(new TypeError('no'), { code: 7 }), 'TypeError: no'],
    [new AggregateError([coded, broken]), 'ECONNREFUSED: connect to 10.0.0.1'],
    [new AggregateError([coded]), 'ECONNREFUSED: connect to 10.0.0.1'],
    [new AggregateError([], 'none'), 'AggregateError: none'],
    ['words', 'words'],
  ])('%s says what happened', (error, message) => {
    expect(explained(error)).toMatchObject({ code: 0, reason: 'Network', message });
  });

  it('is what it was if it is explained already', () => {
    const error = new ApiError({ code: 503, reason: 'ServiceUnavailable', message: 'away' });
    expect(explained(error)).toBe(error);
  });
});
