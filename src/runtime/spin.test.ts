import { expect, it } from '@jest/globals';
import { ManualClock } from '../testing/clock.ts';
import { Spin } from './spin.ts';

/** The minutes, of those given as numbers of runs, in which the key is reported; and the number of keys after each. */
function reportedIn(minutes: readonly number[]): readonly (readonly [reports: number, keys: number])[] {
  const clock = new ManualClock();
  const spin = new Spin(clock);
  return minutes.map((runs) => {
    const reports = Array.from({ length: runs }, () => spin.ran('a')).filter((isNew) => isNew).length;
    const { keys } = spin;
    clock.jump(60_000);
    return [reports, keys] as const;
  });
}

it('reports a key that runs more than 120 times within a minute, once until it calms down', () => {
  expect(reportedIn([120, 120, 121, 5000, 121, 120, 0, 121])).toEqual([
    [0, 0],
    [0, 0],
    [1, 1],
    [0, 1],
    [0, 1],
    [0, 1],
    [0, 0],
    [1, 1],
  ]);
});

it('counts each key alone, and forgets a minute that is long ago', () => {
  const clock = new ManualClock();
  const spin = new Spin(clock);
  for (let run = 0; run < 500; run += 1) for (const key of ['a', 'b']) spin.ran(key);
  spin.ran('c');
  expect(spin.keys).toBe(2);
  clock.jump(120_000);
  expect(spin.keys).toBe(0);
});
