// A content-addressed cache of files that are slow to build. An entry is either complete or absent, and never changes.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { SetupError } from './errors.ts';
import { withLock } from './lock.ts';
import type { Report } from './report.ts';

export interface CacheKey {
  /** What it is, fit for a file name. */
  readonly name: string;
  /** Everything the result depends on; another value makes another entry. */
  readonly inputs: readonly string[];
}

/**
 * Where entries are kept: `$POSTGRES_ADDON_CACHE`, else `$XDG_CACHE_HOME/postgres-addon-operator`, else
 * `~/.cache/postgres-addon-operator`. Outside the repository, so that a fresh clone starts warm.
 */
export function cacheRoot(): string {
  const { POSTGRES_ADDON_CACHE: own, XDG_CACHE_HOME: shared } = process.env;
  if (own) return resolve(own);
  return resolve(shared || join(homedir(), '.cache'), 'postgres-addon-operator');
}

/**
 * The path of an entry, whether it is there or not.
 * @returns an absolute path below cacheRoot(), with the hash of the inputs in its last part
 */
export function entryPath(key: CacheKey): string {
  return join(cacheRoot(), entryName(key));
}

/**
 * Returns an entry, making it first when it is not there. When several processes want the same entry, one makes it and the
 * others wait. A maker killed at any point leaves nothing that a later call could mistake for an entry.
 * @param build makes the file or directory at the path it is given; the folder around that path is its own and is removed afterwards
 * @returns the absolute path of the finished file or directory
 * @throws SetupError when the cache folder cannot be written; errors of `build` pass through
 */
export async function cached(
  key: CacheKey,
  build: (temporaryPath: string) => Promise<void>,
  report: Report,
): Promise<string> {
  const finished = entryPath(key);
  if (existsSync(finished)) return finished;
  const locks = await writableFolder('locks');
  const unfinished = await writableFolder('unfinished');
  const waiting = (elapsed: string) =>
    report(`${key.name}: already being made by somebody else, waiting for ${elapsed}`);
  return await withLock(join(locks, entryName(key)), waiting, async () => {
    if (existsSync(finished)) return finished;
    const workplace = join(unfinished, entryName(key));
    // What is here was left by a maker that was killed: the lock says that nobody works on it any more.
    await rm(workplace, { recursive: true, force: true });
    await mkdir(workplace);
    try {
      const temporary = join(workplace, 'result');
      await build(temporary);
      await rename(temporary, finished);
    } finally {
      await rm(workplace, { recursive: true, force: true });
    }
    return finished;
  });
}

function entryName(key: CacheKey): string {
  const hash = createHash('sha256').update(JSON.stringify(key.inputs)).digest('hex');
  return `${key.name}-${hash.slice(0, 16)}`;
}

async function writableFolder(name: string): Promise<string> {
  const path = join(cacheRoot(), name);
  try {
    await mkdir(path, { recursive: true });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new SetupError(
      `The cache folder ${cacheRoot()} cannot be written (${reason}). Set POSTGRES_ADDON_CACHE to a folder that can.`,
    );
  }
  return path;
}
