// Checks the requirements on this machine before anything is started. Each error message contains a remedy.
import { mkdir, statfs } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { SetupError } from '../../toolchain/errors.ts';
import { findOnPath } from '../../toolchain/executables.ts';
import { ensureDebianPackages } from '../../toolchain/packages.ts';
import type { Report } from '../../toolchain/report.ts';

/** @throws SetupError when this user is not root */
export function requireRoot(): void {
  if (userInfo().uid !== 0) {
    throw new SetupError(
      'The profile node of the host driver makes namespaces and mounts, which only root may: run it as root, or start a Docker daemon and use --driver kind.',
    );
  }
}

/** Makes sure of a program on PATH, by its Debian package where it is not. @throws SetupError when it cannot be installed */
export async function requireProgram(program: string, debianPackage: string, report: Report): Promise<void> {
  if ((await findOnPath(program)) === undefined) await ensureDebianPackages([debianPackage], report);
}

/**
 * @param directory where the space is needed; made when it is not there
 * @throws SetupError when its disk has less than that free
 */
export async function requireFreeSpace(directory: string, megabytes: number): Promise<void> {
  await mkdir(directory, { recursive: true });
  const disk = await statfs(directory);
  const free = Math.floor((disk.bavail * disk.bsize) / 1_000_000);
  if (free < megabytes) {
    throw new SetupError(
      `The cluster needs ${megabytes} MB on the disk of ${directory}, and ${free} MB are free. ` +
        'Make room there, or set POSTGRES_ADDON_CACHE to a folder on a larger disk.',
    );
  }
}
