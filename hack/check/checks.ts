// The static checks of `npm run check` and `npm test`: a list of commands, each for one kind of mistake.
import { execa } from 'execa';
import { repositoryRoot } from '../toolchain/repository.ts';

export interface Check {
  readonly title: string;
  readonly command: readonly [program: string, ...args: string[]];
}

export const checks: readonly Check[] = [
  { title: 'format and lint (biome)', command: ['biome', 'check', '--error-on-warnings', '.'] },
  { title: 'types (tsc)', command: ['tsc', '-p', '.'] },
  {
    title: 'who imports whom (dependency-cruiser)',
    command: ['depcruise', '--config', '.dependency-cruiser.cjs', 'src', 'hack', 'e2e'],
  },
  { title: 'dead code and dependencies (knip)', command: ['knip', '--no-progress'] },
  { title: 'generated files (npm run generate)', command: ['node', 'hack/generate/main.ts', '--check'] },
];

/** Runs one check. Resolves to what it printed when it fails, and to undefined when all is well. */
export async function runCheck(check: Check): Promise<string | undefined> {
  const [program, ...args] = check.command;
  const result = await execa(program, args, {
    cwd: repositoryRoot,
    all: true,
    reject: false,
    preferLocal: true,
    stdin: 'ignore',
  });
  return result.failed ? result.all || result.message : undefined;
}
