// Which end-to-end suites run when the time is not enough for all of them.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { repositoryRoot } from '../toolchain/repository.ts';
import { core, larger, minutesOf, type Suite, select } from './suites.ts';

const folders = readdirSync(join(repositoryRoot, 'e2e/real'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);
const all = [core, ...larger];
const isBuilt = (): boolean => true;
const minutes = (suites: readonly Suite[], has = isBuilt): number =>
  suites.reduce((sum, suite) => sum + minutesOf(suite, has), 0);

it('every folder of e2e/real is a suite, and no test stands beside them', () => {
  expect(all.map(({ name }) => name).sort()).toEqual([...folders].sort());
  const loose = readdirSync(join(repositoryRoot, 'e2e/real')).filter((name) => name.endsWith('.test.ts'));
  expect(loose).toEqual([]);
});

it('what a suite is about exists', () => {
  const beginnings = larger.flatMap(({ about }) => about);
  const isThere = (begin: string): boolean =>
    [begin, `${begin}.ts`, `${begin}.test.ts`].some((path) => existsSync(join(repositoryRoot, path)));
  expect(beginnings.filter((begin) => !isThere(begin))).toEqual([]);
});

describe('the selection', () => {
  const anyRun = [
    fc.integer({ min: 0, max: 60 }),
    fc.array(fc.constantFrom(...larger.flatMap(({ about }) => about))),
    fc.nat(),
  ] as const;

  it('has the core, nothing twice, and leaves out only what is printed', () =>
    fc.assert(
      fc.property(...anyRun, (time, changed, turn) => {
        const { run, skipped } = select(isBuilt, time, changed, turn);
        expect(run[0]).toBe(core);
        expect([...run, ...skipped].map(({ name }) => name).sort()).toEqual(all.map(({ name }) => name).sort());
      }),
    ));

  it('takes no longer than the time, and leaves out nothing that fits', () =>
    fc.assert(
      fc.property(...anyRun, (time, changed, turn) => {
        const { run, skipped } = select(isBuilt, time, changed, turn);
        if (run.length > 1) expect(minutes(run)).toBeLessThanOrEqual(time);
        for (const suite of skipped) expect(minutes(run) + suite.minutes).toBeGreaterThan(time);
      }),
    ));

  it('is everything when there is time, and begins with what the commit touches', () => {
    expect(select(isBuilt, minutes(all), [], 0).skipped).toEqual([]);
    for (const [index, suite] of larger.entries()) {
      const time = core.minutes + suite.minutes;
      for (const turn of larger.keys())
        expect(select(isBuilt, time, suite.about.slice(0, 1), turn).run).toEqual([core, suite]);
      expect(select(isBuilt, time, [], index).run).toEqual([core, suite]);
    }
  });

  it('counts what has to be built first', () => {
    const suite = larger.find(({ builds }) => builds !== undefined);
    if (suite === undefined) throw new Error('no suite has programs of its own');
    const time = core.minutes + suite.minutes;
    const touched = suite.about.slice(0, 1);
    expect(select(isBuilt, time, touched, 0).run).toContain(suite);
    expect(select(() => false, time, touched, 0).run).not.toContain(suite);
    expect(minutes([suite], () => false)).toBe(suite.minutes + (suite.builds?.minutes ?? 0));
  });
});
