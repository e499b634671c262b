// The commit that a release is made from. It must never be taken for what is in the folder when the two differ.
import { SetupError } from '../toolchain/errors.ts';
import { repositoryRoot } from '../toolchain/repository.ts';
import { run } from '../toolchain/run.ts';

export interface Commit {
  /** Its full hash. */
  readonly sha: string;
  /** When it was made. */
  readonly time: Date;
}

/** At most so many changed files are named. */
const shown = 10;

/**
 * The commit that is checked out.
 * @throws SetupError naming what is not committed; CommandError outside of git
 */
export async function cleanCommit(): Promise<Commit> {
  const changed = (await git('status', '--porcelain', '--untracked-files=all'))
    .split('\n')
    .filter((line) => line !== '');
  if (changed.length > 0) {
    const more = changed.length > shown ? [`and ${changed.length - shown} more`] : [];
    const names = [...changed.slice(0, shown).map((line) => line.slice(3)), ...more].join(', ');
    throw new SetupError(`A release is made from a commit, and this is not committed: ${names}.`);
  }
  const [sha = '', seconds] = (await git('log', '-1', '--format=%H %ct')).trim().split(' ');
  return { sha, time: new Date(Number(seconds) * 1000) };
}

/**
 * Writes the files of the commit that is checked out, with the time of the commit.
 * @param path a folder of the repository
 * @param tar the archive to write
 */
export async function archiveOfCommit(path: string, tar: string): Promise<void> {
  await git('archive', '--output', tar, 'HEAD', path);
}

async function git(...args: readonly string[]): Promise<string> {
  return await run('git', ['-C', repositoryRoot, ...args]);
}
