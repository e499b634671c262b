// A release has one version. What is in the archives of its charts is tested by release.test.ts.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import packageJson from '../../package.json' with { type: 'json' };
import { ensureKubectlAndHelm } from '../toolchain/programs.ts';
import { repositoryRoot } from '../toolchain/repository.ts';
import { charts, packChart } from './charts.ts';

it.each(charts)('refuses %s for a release of another version', async (chart) => {
  const { helm } = await ensureKubectlAndHelm(() => undefined);
  const workplace = await mkdtemp(join(tmpdir(), 'chart-'));
  try {
    const packed = packChart(helm, join(repositoryRoot, 'charts', chart), '9.9.9', workplace);
    await expect(packed).rejects.toThrow(
      `The chart ${chart} has version ${packageJson.version}, and package.json has 9.9.9: they have to agree.`,
    );
  } finally {
    await rm(workplace, { recursive: true, force: true });
  }
});

it.each(['README.md', 'charts/postgres-addons/README.md'])('the commands in %s have the version', async (document) => {
  expect(await readFile(join(repositoryRoot, document), 'utf8')).toContain(packageJson.version);
});
