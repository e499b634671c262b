// Clones of this checkout as it is on the disk, for tests of what is made from a commit.
import { cp, mkdir, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { repositoryRoot } from '../toolchain/repository.ts';
import { run } from '../toolchain/run.ts';

/** What a clone does not have, or has from elsewhere. */
const notCopied = ['node_modules', '.git', '.tmp', 'dist'];

/**
 * Commits a copy of the checkout, changes that are not committed included, in a repository of its own.
 * @param folder where it is made; on the file system of the checkout
 */
export async function commitCopy(folder: string): Promise<void> {
  await mkdir(folder);
  for (const name of await readdir(repositoryRoot))
    if (!notCopied.includes(name)) await cp(join(repositoryRoot, name), join(folder, name), { recursive: true });
  const as = ['-c', 'user.name=Test', '-c', 'user.email=test@example.test', '-c', 'commit.gpgSign=false'];
  await run('git', ['-C', folder, 'init', '--quiet']);
  await run('git', ['-C', folder, 'add', '--all']);
  await run('git', ['-C', folder, ...as, 'commit', '--quiet', '--message', 'A release']);
}

/**
 * Clones such a copy, with the packages that are installed here.
 * @param folder where the clone is made; on the file system of the checkout
 */
export async function clone(copy: string, folder: string): Promise<void> {
  await mkdir(dirname(folder), { recursive: true });
  await run('git', ['clone', '--quiet', copy, folder]);
  // Hard links take no space; a symbolic link would put other paths into the bundle.
  await run('cp', ['--archive', '--link', join(repositoryRoot, 'node_modules'), join(folder, 'node_modules')]);
}
