// Runs a child process that does not outlive this one, even when this one is killed. It must never hide the output of the child.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { SetupError } from './errors.ts';

/** How many of the child's last lines an error carries. */
const TAIL_LINES = 25;

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Called with each line of standard error as it comes. */
  readonly onLine?: (line: string) => void;
  /**
   * Signal the kernel sends to the child when this process ends for any reason. `undefined` lets the child finish, for
   * programs that leave the machine half-configured when interrupted.
   */
  readonly whenParentDies?: 'INT' | 'TERM' | 'KILL' | undefined;
}

/** A child process failed; `said` holds its last lines, standard error and output interleaved. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly said: string;
  readonly exitCode: number | null;

  constructor(command: string, args: readonly string[], exitCode: number | null, signal: string | null, said: string) {
    super(`${command} ${args.join(' ')} ended with ${signal ?? `exit code ${exitCode}`}\n${said}`);
    this.said = said;
    this.exitCode = exitCode;
  }
}

/**
 * Runs a program without a shell and waits for its end.
 * @returns its standard output, unchanged
 * @throws CommandError when it cannot be started, or ends with anything but exit code 0; SetupError without setpriv(1)
 */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  // The kernel's parent-death signal also covers SIGKILL of this process, where no handler of ours could run.
  const signal = 'whenParentDies' in options ? options.whenParentDies : 'TERM';
  const [program, programArgs] =
    signal === undefined ? [command, args] : ['setpriv', ['--pdeathsig', signal, '--', command, ...args]];
  const child = spawn(program, programArgs, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output: string[] = [];
  const tail: string[] = [];
  const remember = (line: string) => {
    tail.push(line);
    if (tail.length > TAIL_LINES) tail.shift();
  };
  child.stdout.setEncoding('utf8').on('data', (text: string) => output.push(text));
  createInterface({ input: child.stdout }).on('line', remember);
  createInterface({ input: child.stderr }).on('line', (line) => {
    remember(line);
    options.onLine?.(line);
  });
  return await new Promise((resolve, reject) => {
    child.once('error', (error) => reject(notStarted(program, command, args, error)));
    child.once('close', (code, killedBy) => {
      if (code === 0) resolve(output.join(''));
      else reject(new CommandError(command, args, code, killedBy, tail.join('\n')));
    });
  });
}

function notStarted(program: string, command: string, args: readonly string[], error: Error): Error {
  if (program === 'setpriv') {
    return new SetupError(`setpriv, of the package util-linux, cannot be run (${error.message}): install it.`);
  }
  return new CommandError(command, args, null, null, error.message);
}
