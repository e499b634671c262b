import { expect, it } from '@jest/globals';
import { ManualClock } from '../testing/clock.ts';
import { Resync } from './resync.ts';

it('every addon has its own time, and none is due before its time was requested', async () => {
  const clock = new ManualClock();
  const chances = [0.2, 0.9, 0.5];
  const resync = new Resync(clock, () => chances.shift() ?? 0);
  expect(resync.isDue('a/x')).toBe(false);
  expect(resync.remaining('a/x', 1000)).toBe(200);
  expect(resync.remaining('a/y', 1000)).toBe(900);
  await clock.advance(200);
  expect(resync.isDue('a/x')).toBe(true);
  expect(resync.isDue('a/y')).toBe(false);
  resync.done('a/x', 1000);
  expect(resync.isDue('a/x')).toBe(false);
  expect(resync.remaining('a/x', 1000)).toBe(1000);
});

it('the next time is the interval, give or take a tenth, so that addons that were read together spread', () => {
  const chances = [0, 0.75, 1];
  const resync = new Resync(new ManualClock(), () => chances.shift() ?? 0);
  const next = Array.from({ length: 3 }, () => {
    resync.done('a/x', 1000);
    return resync.remaining('a/x', 1000);
  });
  expect(next).toEqual([900, 1050, 1100].map((milliseconds) => expect.closeTo(milliseconds, 5)));
});

it('a time that lies beyond a shorter interval is drawn anew; a tenth more is still within it', () => {
  const chances = [1, 0.5, 0.25];
  const resync = new Resync(new ManualClock(), () => chances.shift() ?? 0);
  resync.done('a/x', 1000);
  expect(resync.remaining('a/x', 1000)).toBe(1100);
  resync.done('a/x', 1200);
  expect(resync.remaining('a/x', 1000)).toBe(250);
});

it('nothing remains of a time that has passed', async () => {
  const clock = new ManualClock();
  const resync = new Resync(clock, () => 0.5);
  resync.remaining('a/x', 1000);
  await clock.advance(5000);
  expect(resync.remaining('a/x', 1000)).toBe(0);
});

it('an addon that was marked due is due at once, until its Secrets were read', () => {
  const resync = new Resync(new ManualClock(), () => 0.5);
  resync.markDue('a/x');
  expect(resync.isDue('a/x')).toBe(true);
  resync.done('a/x', 1000);
  expect(resync.isDue('a/x')).toBe(false);
  resync.forget('a/x');
  expect(resync.remaining('a/x', 1000)).toBe(500);
});
