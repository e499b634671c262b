import { expect, it } from '@jest/globals';
import { ManualClock } from '../testing/clock.ts';
import { Checkups } from './resync.ts';

it('every addon has its own time, and none is due before somebody asked for it', async () => {
  const clock = new ManualClock();
  const chances = [0.2, 0.9, 0.5];
  const checkups = new Checkups(clock, () => chances.shift() ?? 0, 1000);
  expect(checkups.isDue('a/x')).toBe(false);
  expect(checkups.left('a/x')).toBe(200);
  expect(checkups.left('a/y')).toBe(900);
  await clock.advance(200);
  expect(checkups.isDue('a/x')).toBe(true);
  expect(checkups.isDue('a/y')).toBe(false);
  checkups.done('a/x');
  expect(checkups.isDue('a/x')).toBe(false);
  expect(checkups.left('a/x')).toBe(1000);
});

it('a doubt is due at once, until the Secrets were looked at', () => {
  const checkups = new Checkups(new ManualClock(), () => 0.5, 1000);
  checkups.doubt('a/x');
  expect(checkups.isDue('a/x')).toBe(true);
  checkups.done('a/x');
  expect(checkups.isDue('a/x')).toBe(false);
  checkups.forget('a/x');
  expect(checkups.left('a/x')).toBe(500);
});
