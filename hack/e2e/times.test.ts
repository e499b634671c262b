// The table of where the time went.
import { expect, it } from '@jest/globals';
import { describeTimes, suiteTimes } from './times.ts';

const minute = 60_000;
const file = (path: string, began: number, ended: number) => ({ path, began: began * minute, ended: ended * minute });
const suites = suiteTimes([
  file('e2e/real/core/failover.test.ts', 10, 12),
  file('e2e/real/core/lifecycle.test.ts', 11, 15),
  file('e2e/real/helm/helm.test.ts', 20, 33),
  file('e2e/real/core/ways-in.test.ts', 16, 17),
]);

it('a suite lasts from the beginning of its first file to the end of its last one, however many run beside each other', () =>
  expect(suites).toEqual([
    { name: 'helm', milliseconds: 13 * minute, files: [{ name: 'helm', milliseconds: 13 * minute }] },
    {
      name: 'core',
      milliseconds: 7 * minute,
      files: [
        { name: 'lifecycle', milliseconds: 4 * minute },
        { name: 'failover', milliseconds: 2 * minute },
        { name: 'ways-in', milliseconds: minute },
      ],
    },
  ]));

it('says what was expected, and what else took time', () =>
  expect(describeTimes(suites, new Map([['core', 5]]), { 'the cluster': 90_000 })).toEqual(
    [
      ' 1 min 30 s  the cluster',
      '13 min 00 s  helm: helm 13 min 00 s',
      ' 7 min 00 s  core (5 min expected): lifecycle 4 min 00 s, failover 2 min 00 s, ways-in 1 min 00 s',
    ].map((line) => `  ${line}`),
  ));

it('a file elsewhere is a suite of its own', () =>
  expect(suiteTimes([file('e2e/other.test.ts', 0, 1)])).toEqual([
    { name: 'e2e/other.test.ts', milliseconds: minute, files: [{ name: 'e2e/other.test.ts', milliseconds: minute }] },
  ]));
