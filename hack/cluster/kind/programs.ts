// Runs the programs that the kind driver wraps, the ones on PATH first. Errors contain their own messages.
import { delimiter } from 'node:path';
import { execa } from 'execa';
import { SetupError } from '../../toolchain/errors.ts';

export type Program = 'docker' | 'kind' | 'kubectl';

export interface RunOptions {
  readonly input?: string | undefined;
  /** A folder to look for the program in where PATH has none. */
  readonly fallback?: string;
}

/** @returns standard output. @throws SetupError with what the program said, or that it is not there */
export async function run(program: Program, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const path = [process.env.PATH ?? '', ...(options.fallback === undefined ? [] : [options.fallback])];
  const result = await execa(program, args, {
    ...(options.input === undefined ? { stdin: 'ignore' } : { input: options.input }),
    env: { PATH: path.join(delimiter) },
    reject: false,
  });
  if (!result.failed) return result.stdout;
  // A folder on PATH that this user may not read answers EACCES.
  if (result.code === 'ENOENT' || result.code === 'EACCES') {
    throw new SetupError(
      `The kind driver needs the program ${program}, which is not on PATH. Install it, or use --driver host.`,
    );
  }
  const said = [result.stderr, result.stdout, result.shortMessage].find((text) => text !== undefined && text !== '');
  throw new SetupError(
    `${program} ${args.slice(0, 3).join(' ')} failed: ${(said ?? '').split('\n').slice(-8).join('\n')}`,
  );
}
