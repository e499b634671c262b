// A new reason has its row in the table of health in Argo CD, which only a test with Argo CD itself can check.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { repositoryRoot } from '../../hack/toolchain/repository.ts';
import { reasons } from '../../src/api/conditions.ts';

it('each reason has a row in health.golden.json', async () => {
  const text = await readFile(join(repositoryRoot, 'e2e/real/argo-cd/health.golden.json'), 'utf8');
  expect(Object.keys(JSON.parse(text) as object).sort()).toEqual(Object.keys(reasons).sort());
});
