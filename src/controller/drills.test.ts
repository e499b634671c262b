import { expect, it } from '@jest/globals';
import type { PostgresAddon } from '../api/addon.ts';
import { anAddon, testTime } from '../domain/testing.ts';
import { Drills } from './drills.ts';

function counting(most: number) {
  const woken: string[] = [];
  let now = testTime;
  const drills = new Drills(most, { now: () => now }, (key) => woken.push(key));
  const take = () => woken.splice(0);
  const pass = (milliseconds: number) => {
    now += milliseconds;
  };
  return { drills, take, pass };
}

function named(name: string, step?: 'Archiving' | 'Restoring' | 'Removing'): PostgresAddon {
  const drill = step === undefined ? {} : { drill: { step, startTime: '2026-01-02T03:04:05Z' } };
  const addon = anAddon({}, { backup: drill });
  return { ...addon, metadata: { ...addon.metadata, name } };
}

it('gives as many places as there are, and each until nothing is left of its drill', () => {
  const { drills, take } = counting(2);
  drills.note('there', named('one', 'Archiving'));
  drills.note('there', named('two', 'Restoring'));
  expect(drills.take('team-a/three')).toBe(false);
  drills.note('there', named('one', 'Restoring'));
  expect(take()).toEqual([]);
  drills.note('there', named('one', 'Removing'));
  expect(take()).toEqual([]);
  drills.note('there', named('one'));
  expect(take()).toEqual(['team-a/three']);
  expect(drills.take('team-a/three')).toBe(true);
  drills.note('deleted', named('two', 'Restoring'));
  expect(drills.take('team-a/four')).toBe(true);
  expect(drills.take('team-a/five')).toBe(false);
});

it('gives the last place to one of two reconciles at once, and to the other if the first one does not need it', () => {
  const { drills, take } = counting(1);
  expect([drills.take('team-a/one'), drills.take('team-a/two')]).toEqual([true, false]);
  drills.settle('team-a/one');
  expect(take()).toEqual(['team-a/two']);
  expect(drills.take('team-a/two')).toBe(true);
  drills.note('there', named('two', 'Archiving'));
  drills.settle('team-a/two');
  expect([take(), drills.take('team-a/one')]).toEqual([[], false]);
});

it('wakes who waits once a place is free, and not before, and each once', () => {
  const { drills, take } = counting(1);
  expect(drills.take('team-a/one')).toBe(true);
  expect(drills.take('team-a/two')).toBe(false);
  // Nothing of these has a place.
  drills.note('there', named('two'));
  drills.note('there', named('three'));
  drills.settle('team-a/three');
  expect(take()).toEqual([]);
  drills.note('there', named('one', 'Archiving'));
  drills.settle('team-a/one');
  expect(take()).toEqual([]);
  drills.note('there', named('one'));
  expect(take()).toEqual(['team-a/two']);
  drills.note('there', named('one', 'Archiving'));
  drills.note('there', named('one'));
  expect(take()).toEqual([]);
});

it('does not wake an addon that is gone', () => {
  const { drills, take } = counting(1);
  drills.note('there', named('one', 'Archiving'));
  expect(drills.take('team-a/two')).toBe(false);
  drills.note('deleted', named('two'));
  drills.note('there', named('one'));
  expect(take()).toEqual([]);
});

it('does not count a drill that has been there for longer than any lasts', () => {
  const { drills, pass } = counting(1);
  drills.note('there', named('one', 'Restoring'));
  pass(13 * 3_600_000 - 1);
  expect(drills.take('team-a/two')).toBe(false);
  pass(1);
  expect(drills.take('team-a/two')).toBe(true);
});
