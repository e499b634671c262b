// Runs Jest on some folders and returns the numbers of passed and failed tests and the reasons, for the summary of a command.
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { execa } from 'execa';
import { repositoryRoot } from '../toolchain/repository.ts';

export interface Tally {
  readonly passed: number;
  readonly failed: number;
  /** For each failed test a line with its file, its name and the beginning of its message. */
  readonly failures: readonly string[];
  /** Each file that ran. */
  readonly files: readonly FileTime[];
}

/** When a file of tests ran. Milliseconds since the epoch. */
export interface FileTime {
  /** From the root of the repository. */
  readonly path: string;
  readonly began: number;
  readonly ended: number;
}

/** What the command reads of Jest's `--json`. */
export interface JestResult {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numRuntimeErrorTestSuites: number;
  readonly testResults: readonly {
    /** The absolute path of the file. */
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly startTime: number;
    readonly endTime: number;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

/** Enough for the words of an assertion and the values that it compares. */
const failureLength = 500;

const failureLine = (...parts: readonly string[]): string =>
  stripVTControlCharacters(`failed: ${parts.map((part) => part.trim()).join(': ')}`)
    .replace(/\s+/g, ' ')
    .slice(0, failureLength);

/** @returns the line of each failed test, and of each suite that did not start */
export function failuresOf({ testResults }: JestResult): readonly string[] {
  return testResults.flatMap(({ name, status, message, assertionResults }) => {
    const path = relative(repositoryRoot, name);
    const failed = assertionResults.filter((test) => test.status === 'failed');
    if (status === 'failed' && failed.length === 0) return [failureLine(path, message)];
    return failed.map(({ fullName, failureMessages }) => failureLine(path, fullName, failureMessages[0] ?? ''));
  });
}

/** @returns when each file ran */
export function filesOf({ testResults }: JestResult): readonly FileTime[] {
  return testResults.map(({ name, startTime, endTime }) => ({
    path: relative(repositoryRoot, name),
    began: startTime,
    ended: endTime,
  }));
}

/** @returns the sum, for a command that runs Jest several times */
export const sum = (...tallies: readonly Tally[]): Tally => ({
  passed: tallies.reduce((count, { passed }) => count + passed, 0),
  failed: tallies.reduce((count, { failed }) => count + failed, 0),
  failures: tallies.flatMap(({ failures }) => failures),
  files: tallies.flatMap(({ files }) => files),
});

/** Prints the last lines of a command: the failed tests, whose messages may stand thousands of lines above, and the numbers. */
export function printSummary({ passed, failed, failures }: Omit<Tally, 'files'>, rest = ''): void {
  for (const line of failures) console.log(line);
  console.log(`\n${passed} passed, ${failed} failed${rest}`);
}

/** Jest matches the whole path of a test: unanchored, `src/` would match every test of a checkout below a folder of that name. */
function patternOf(path: string): string {
  const absolute = join(repositoryRoot, path);
  return existsSync(absolute) ? `^${absolute.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}` : path;
}

/**
 * @param folders paths below the repository; every `*.test.ts` in them runs
 * @param args further arguments for Jest
 * @returns the number of tests that passed and failed, and why; a suite that does not even start counts as one failure
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
    if (text === undefined)
      return { passed: 0, failed: 1, failures: ['failed: Jest ended without a result'], files: [] };
    const result = JSON.parse(text) as JestResult;
    const failed = result.numFailedTests + result.numRuntimeErrorTestSuites;
    const [failures, files] = [failuresOf(result), filesOf(result)];
    if (failed > 0 || !run.failed) return { passed: result.numPassedTests, failed, failures, files };
    const code = `failed: Jest ended with exit code ${run.exitCode} although no test failed`;
    return { passed: result.numPassedTests, failed: 1, failures: [code], files };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
