// The names and paths of a cluster on this machine. Two checkouts must never have the same name.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { cacheRoot } from '../toolchain/cache.ts';
import { SetupError } from '../toolchain/errors.ts';
import { repositoryRoot } from '../toolchain/repository.ts';

export interface Identity {
  /** The name a person gave. */
  readonly name: string;
  /** The name on the machine: the given one and a hash of where checkout and state are. */
  readonly realName: string;
  /** Everything the cluster writes is below this absolute path. */
  readonly stateDirectory: string;
}

/** The name the command line uses when it is given none. */
export const defaultName = 'demo';

/**
 * @param name lower-case letters, digits and inner dashes, at most 30 characters
 * @param repository absolute path of the checkout
 * @throws SetupError when the name is not of that form
 */
export function identify(name: string, repository: string = repositoryRoot): Identity {
  if (!/^[a-z0-9]([a-z0-9-]{0,28}[a-z0-9])?$/.test(name)) {
    throw new SetupError(
      `"${name}" cannot name a cluster: use lower-case letters, digits and inner dashes, at most 30 characters.`,
    );
  }
  // The folder too: with another cache, or as another user, it is another cluster.
  const place = createHash('sha256').update(`${repository}\0${clustersDirectory()}`).digest('hex');
  const realName = `${name}-${place.slice(0, 8)}`;
  return { name, realName, stateDirectory: join(clustersDirectory(), realName) };
}

/** The folder of all clusters' state: beside the caches, so that no repository is written to. */
export function clustersDirectory(): string {
  return join(cacheRoot(), 'clusters');
}
