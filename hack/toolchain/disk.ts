// Checks that there is enough disk space before a long build. It must never delete anything.
import { existsSync } from 'node:fs';
import { stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { cacheRoot } from './cache.ts';
import { SetupError } from './errors.ts';

export interface DiskNeed {
  readonly name: string;
  readonly megabytes: number;
}

/**
 * Checks the free space of every file system that will be written to.
 * @param needs what is missing, with an upper estimate of what making it adds to the disk
 * @param go where Go keeps its caches, when Go is used
 * @throws SetupError naming what is needed, what is free, and what could be removed
 */
export async function requireFreeDisk(
  needs: readonly DiskNeed[],
  go?: { readonly buildCache: string; readonly moduleCache: string },
): Promise<void> {
  const megabytes = needs.reduce((sum, need) => sum + need.megabytes, 0);
  const folders = [cacheRoot(), ...(go === undefined ? [] : [go.buildCache, go.moduleCache])];
  const checked = new Set<number>();
  for (const folder of folders) {
    const existing = nearestExisting(folder);
    const { dev } = await stat(existing);
    if (checked.has(dev)) continue;
    checked.add(dev);
    const { bavail, bsize } = await statfs(existing);
    const free = Math.floor((bavail * bsize) / 1e6);
    if (free < megabytes) throw new SetupError(tooFull(needs, megabytes, folder, free, go !== undefined));
  }
}

function tooFull(needs: readonly DiskNeed[], megabytes: number, folder: string, free: number, usesGo: boolean): string {
  const names = needs.map((need) => need.name).join(', ');
  const goCaches = usesGo
    ? ', `go clean -cache` (compiled packages) and `go clean -modcache` (downloaded modules), both made again when needed'
    : '';
  return (
    `Making ${names} takes up to ${gigabytes(megabytes)}, and the disk of ${folder} has ${gigabytes(free)} left. ` +
    `What could be removed: entries of ${cacheRoot()} that an older version of this repository made${goCaches}. ` +
    'Or set POSTGRES_ADDON_CACHE to a folder on another disk.'
  );
}

function gigabytes(megabytes: number): string {
  return `${(megabytes / 1000).toFixed(1)} GB`;
}

function nearestExisting(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : nearestExisting(dirname(path));
}
