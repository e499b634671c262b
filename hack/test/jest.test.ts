// The last lines of a test command: what failed, in a line each, however long the output above is.
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { repositoryRoot } from '../toolchain/repository.ts';
import { failuresOf, filesOf, type JestResult, sum } from './jest.ts';

type Suite = JestResult['testResults'][number];

const suite = (over: Partial<Suite>): Suite => ({
  name: join(repositoryRoot, 'src/some.test.ts'),
  status: 'failed',
  message: '',
  startTime: 1000,
  endTime: 3000,
  assertionResults: [],
  ...over,
});
const failuresIn = (...testResults: readonly Suite[]): readonly string[] =>
  failuresOf({ numPassedTests: 0, numFailedTests: 0, numRuntimeErrorTestSuites: 0, testResults });
const test = (fullName: string, ...failureMessages: readonly string[]): Suite['assertionResults'][number] => ({
  fullName,
  status: failureMessages.length > 0 ? 'failed' : 'passed',
  failureMessages,
});

it('names the file, the test and the beginning of the message of each failed test, without colors, in one line', () => {
  const assertionResults = [
    test('passes'),
    test('a b', 'Error: \u001b[31mno\u001b[39m\n\n  at here'),
    test('c', 'x'.repeat(1000)),
  ];
  const [first, second, ...others] = failuresIn(suite({ assertionResults, message: 'all of it' }));
  expect(first).toBe('failed: src/some.test.ts: a b: Error: no at here');
  expect(second).toMatch(/^failed: src\/some\.test\.ts: c: x+$/);
  expect(second).toHaveLength(500);
  expect(others).toEqual([]);
});

it('names a suite that did not start', () => {
  expect(failuresIn(suite({ message: '  ● Test suite failed to run\n' }))).toEqual([
    'failed: src/some.test.ts: ● Test suite failed to run',
  ]);
});

it('says nothing of a suite that passed', () => {
  expect(failuresIn(suite({ status: 'passed', assertionResults: [test('passes')] }))).toEqual([]);
});

it('tells when each file ran', () =>
  expect(
    filesOf({ numPassedTests: 0, numFailedTests: 0, numRuntimeErrorTestSuites: 0, testResults: [suite({})] }),
  ).toEqual([{ path: 'src/some.test.ts', began: 1000, ended: 3000 }]));

it('adds up several runs', () => {
  expect(sum()).toEqual({ passed: 0, failed: 0, failures: [], files: [] });
  const ran = (path: string) => ({ path, began: 0, ended: 1 });
  const one = { passed: 1, failed: 2, failures: ['a'], files: [ran('a')] };
  const other = { passed: 4, failed: 8, failures: ['b', 'c'], files: [ran('b')] };
  expect(sum(one, other)).toEqual({ passed: 5, failed: 10, failures: ['a', 'b', 'c'], files: [ran('a'), ran('b')] });
});
