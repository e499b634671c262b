// The process that runs one test after the other in a copy of the checkout, as its parent asks: Jest starts once. Its argument is the copy.
import { Worker } from 'node:worker_threads';
import { runCLI } from 'jest';

export interface Task {
  /** Path from the root of the copy. */
  readonly test: string;
}

export interface Outcome {
  readonly passed: boolean;
}

const [copy = '.'] = process.argv.slice(2);
process.chdir(copy);

process.on('message', async ({ test }: Task) => {
  const outcome: Outcome = { passed: await passes(test) };
  process.send?.(outcome);
});
// A mistake can be a loop without end, which leaves no turn to notice that the parent is gone: another thread does.
new Worker(`setInterval(() => process.ppid === ${process.ppid} || process.kill(process.pid, 'SIGKILL'), 1000)`, {
  eval: true,
});

async function passes(test: string): Promise<boolean> {
  const { results } = await runCLI(
    {
      $0: 'jest',
      _: [test],
      runTestsByPath: true,
      runInBand: true,
      silent: true,
      watchman: false,
      reporters: [],
      setupFiles: ['<rootDir>/hack/mutants/fixed-seed.ts'],
    } as unknown as Parameters<typeof runCLI>[0],
    [copy],
  );
  return results.success && results.numTotalTests > 0;
}
