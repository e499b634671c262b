import { getEventListeners } from 'node:events';
import { expect, it } from '@jest/globals';
import { ManualClock } from '../testing/clock.ts';
import { pause } from './clock.ts';

/** A pause of 5 s, and whether it is over. */
function begin(clock: ManualClock, signal?: AbortSignal) {
  const seen = { isOver: false };
  const over = pause(clock, 5000, signal).then(() => {
    seen.isOver = true;
  });
  return { over, seen };
}

it('a pause ends after its time, and not before', async () => {
  const clock = new ManualClock();
  const { signal } = new AbortController();
  const { over, seen } = begin(clock, signal);
  await clock.advance(4999);
  expect(seen.isOver).toBe(false);
  await clock.advance(1);
  await over;
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

it('a pause ends at once when its signal aborts, or has aborted, and leaves no timer', async () => {
  const clock = new ManualClock();
  const end = new AbortController();
  const { over } = begin(clock, end.signal);
  expect(clock.timers).toBe(1);
  end.abort();
  await over;
  expect(clock.timers).toBe(0);
  await begin(clock, end.signal).over;
  expect(clock.timers).toBe(0);
});

it('a pause needs no signal', async () => {
  const clock = new ManualClock();
  const { over } = begin(clock);
  await clock.advance(5000);
  await over;
});
