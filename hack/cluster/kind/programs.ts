// Runs the programs that the kind driver wraps, the ones on PATH first. A failure of theirs is told in their own words.
import { delimiter } from 'node:path';
import { execa } from 'execa';
import { SetupError } from '../../toolchain/errors.ts';
import { ensureKubectlAndHelm } from '../../toolchain/programs.ts';

export type Program = 'docker' | 'kind' | 'kubectl';

/** @returns standard output. @throws SetupError with what the program said, or that it is not there */
export async function run(program: Program, args: readonly string[], input?: string): Promise<string> {
  // The pinned kubectl serves where the machine has none.
  const { directory } = await ensureKubectlAndHelm(() => undefined);
  const result = await execa(program, args, {
    ...(input === undefined ? { stdin: 'ignore' } : { input }),
    env: { PATH: `${process.env.PATH ?? ''}${delimiter}${directory}` },
    reject: false,
  });
  if (!result.failed) return result.stdout;
  if (result.code === 'ENOENT') {
    throw new SetupError(
      `The kind driver needs the program ${program}, which is not on PATH. Install it, or use --driver host.`,
    );
  }
  const said = (result.stderr || result.stdout || result.shortMessage || '').trim().split('\n').slice(-8).join('\n');
  throw new SetupError(`${program} ${args.slice(0, 3).join(' ')} failed: ${said}`);
}
