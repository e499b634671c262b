// A runner with the real Jest, on a file of this folder.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { repositoryRoot } from '../toolchain/repository.ts';
import { Runner } from './runner.ts';

const file = 'hack/mutants/related.ts';
const test = 'hack/mutants/related.test.ts';
const copy = join(repositoryRoot, '.tmp', 'mutants', `test-of-${process.pid}`);
const runner = new Runner(copy);
let original: string;

beforeAll(async () => {
  original = await readFile(join(repositoryRoot, file), 'utf8');
  await runner.start();
});
afterAll(() => runner.stop());

const unchanged = () => ({ file, source: original, original, test, limit: 60_000 });
const tried = (source: string, limit = 60_000) => runner.run({ ...unchanged(), source, limit });

it('tells what the tests notice from what they do not, and from what never ends, one after the other', async () => {
  expect(await tried(original)).toBe('survived');
  expect(await tried(original.replace('.slice(0, 2)', '.slice(0, 1)'))).toBe('killed');
  expect(await tried('process.exit(0);')).toBe('killed');
  expect(await tried(`${original}\nwhile (true);`, 3_000)).toBe('timeout');
  expect(await tried(original)).toBe('survived');
  expect(await readFile(join(copy, file), 'utf8')).toBe(original);
  expect(await readFile(join(repositoryRoot, file), 'utf8')).toBe(original);
});

it('a test that does not exist fails, so that the run without a mistake shows it', async () => {
  expect(await runner.run({ ...unchanged(), test: 'hack/mutants/none.test.ts' })).toBe('killed');
});

it('leaves nothing behind', () => {
  runner.stop();
  expect(existsSync(copy)).toBe(false);
});
