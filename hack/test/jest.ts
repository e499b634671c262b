// Runs Jest on some folders and returns the numbers of passed and failed tests, for the summary of a command.
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { repositoryRoot } from '../toolchain/repository.ts';

export interface Tally {
  readonly passed: number;
  readonly failed: number;
}

/** Jest matches the whole path of a test: unanchored, `src/` would match every test of a checkout below a folder of that name. */
function patternOf(path: string): string {
  const absolute = join(repositoryRoot, path);
  return existsSync(absolute) ? `^${absolute.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}` : path;
}

/**
 * @param folders paths below the repository; every `*.test.ts` in them runs
 * @param args further arguments for Jest
 * @returns the number of tests that passed and failed; a suite that does not even start counts as one failure
 */
export async function runJest(folders: readonly string[], args: readonly string[] = []): Promise<Tally> {
  const scratch = await mkdtemp(join(tmpdir(), 'jest-'));
  const output = join(scratch, 'result.json');
  try {
    const run = await execa(
      process.execPath,
      [
        '--experimental-vm-modules',
        '--disable-warning=ExperimentalWarning',
        join(repositoryRoot, 'node_modules', 'jest', 'bin', 'jest.js'),
        '--config',
        join(repositoryRoot, 'jest.config.mjs'),
        '--json',
        '--outputFile',
        output,
        ...args,
        ...folders.map(patternOf),
      ],
      {
        cwd: repositoryRoot,
        stdin: 'ignore',
        stdout: 'ignore',
        stderr: 'inherit',
        reject: false,
        env: { NODE_OPTIONS: '--disable-warning=ExperimentalWarning' },
      },
    );
    const text = await readFile(output, 'utf8').catch(() => undefined);
    if (text === undefined) return { passed: 0, failed: 1 };
    const result = JSON.parse(text) as {
      numPassedTests: number;
      numFailedTests: number;
      numRuntimeErrorTestSuites: number;
    };
    const failed = result.numFailedTests + result.numRuntimeErrorTestSuites;
    return { passed: result.numPassedTests, failed: failed === 0 && run.failed ? 1 : failed };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
