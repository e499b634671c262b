// Runs a test with one file replaced, in a copy of the checkout that belongs to this runner: the checkout itself is never changed.
import { type ChildProcess, fork } from 'node:child_process';
import { rmSync } from 'node:fs';
import { cp, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { repositoryRoot } from '../toolchain/repository.ts';
import type { Outcome, Task } from './worker.ts';

export interface Run {
  /** Path from the root of the checkout. */
  readonly file: string;
  /** What the file contains during the test. */
  readonly source: string;
  /** What it contains again afterwards. */
  readonly original: string;
  /** Path from the root. */
  readonly test: string;
  /** Milliseconds; a test that takes longer is ended. */
  readonly limit: number;
}

export type Verdict = 'killed' | 'survived' | 'timeout';

/** A worker starts anew after so many runs: Jest keeps the modules of each. */
const runsOfWorker = 100;

/** Packages are found from the copy too, since it is below the checkout. */
const notCopied = ['node_modules', '.git', '.tmp', 'dist'];

export class Runner {
  readonly #copy: string;
  #worker: ChildProcess | undefined;
  #runs = 0;

  /** @param copy a folder in the checkout that does not exist yet */
  constructor(copy: string) {
    this.#copy = copy;
  }

  /** Makes the copy. */
  async start(): Promise<void> {
    await mkdir(this.#copy, { recursive: true });
    // Node refuses to copy a folder into itself, so the entries of the root are copied one by one.
    for (const name of await readdir(repositoryRoot))
      if (!notCopied.includes(name)) await cp(join(repositoryRoot, name), join(this.#copy, name), { recursive: true });
  }

  async run({ file, source, original, test, limit }: Run): Promise<Verdict> {
    await writeFile(join(this.#copy, file), source);
    try {
      return await this.#ask({ test }, limit);
    } finally {
      await writeFile(join(this.#copy, file), original);
    }
  }

  /** Ends what runs, and removes the copy, at once: it may be the last that this process does. */
  stop(): void {
    this.#end();
    rmSync(this.#copy, { recursive: true, force: true });
  }

  #ask(task: Task, limit: number): Promise<Verdict> {
    if (this.#runs >= runsOfWorker) this.#end();
    this.#worker ??= fork(join(import.meta.dirname, 'worker.ts'), [this.#copy], {
      execArgv: ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    this.#runs += 1;
    const worker = this.#worker;
    return new Promise((resolve) => {
      const finish = (verdict: Verdict, isSpent: boolean): void => {
        clearTimeout(timer);
        worker.removeAllListeners();
        if (isSpent) this.#end();
        resolve(verdict);
      };
      const timer = setTimeout(() => finish('timeout', true), limit);
      worker.once('message', ({ passed }: Outcome) => finish(passed ? 'survived' : 'killed', false));
      // A mistake can end the process that runs the tests.
      worker.once('exit', () => finish('killed', true));
      worker.send(task);
    });
  }

  #end(): void {
    this.#worker?.kill('SIGKILL');
    this.#worker = undefined;
    this.#runs = 0;
  }
}
