import { expect, it } from '@jest/globals';
import { ManualClock } from '../testing/clock.ts';
import { Resync } from './resync.ts';

it('every addon has its own time, and none is due before its time was requested', async () => {
  const clock = new ManualClock();
  const chances = [0.2, 0.9, 0.5];
  const resync = new Resync(clock, () => chances.shift() ?? 0, 1000);
  expect(resync.isDue('a/x')).toBe(false);
  expect(resync.remaining('a/x')).toBe(200);
  expect(resync.remaining('a/y')).toBe(900);
  await clock.advance(200);
  expect(resync.isDue('a/x')).toBe(true);
  expect(resync.isDue('a/y')).toBe(false);
  resync.done('a/x');
  expect(resync.isDue('a/x')).toBe(false);
  expect(resync.remaining('a/x')).toBe(1000);
});

it('an addon that was marked due is due at once, until its Secrets were read', () => {
  const resync = new Resync(new ManualClock(), () => 0.5, 1000);
  resync.markDue('a/x');
  expect(resync.isDue('a/x')).toBe(true);
  resync.done('a/x');
  expect(resync.isDue('a/x')).toBe(false);
  resync.forget('a/x');
  expect(resync.remaining('a/x')).toBe(500);
});
