// Before an object changes hands, or one is made that nobody owns, the API server has to confirm the addon: a cache may still show an
// addon that is gone, and what is written for it then would be nobody's, or taken from its successor.

import type { Observed } from '../observed.ts';
import type { Verdict } from '../target.ts';
import { findsOrphans } from './adopt.ts';
import { isOwned, owns, whose } from './owner.ts';
import { isGuarded } from './release.ts';

/**
 * Whether the addon has to be read from the server: also before a torn-off owner reference is put back, since the garbage collector may
 * be taking it off for a deletion that the cache does not show yet. The write that puts the finalizer on is a confirmation of its own.
 */
export function needsConfirmation(o: Observed): boolean {
  const { addon, cluster, scheduledBackup } = o;
  const secret = o.urlSecret.kind === 'found' ? o.urlSecret.object : undefined;
  if (findsOrphans(o)) return true;
  if (!owns(addon)) return isGuarded(addon) && cluster === undefined;
  return [cluster, scheduledBackup, secret].some(
    (child) => child !== undefined && whose(addon, child) === 'ours' && !isOwned(addon, child),
  );
}

/** Why nothing is done yet; undefined when the addon is as it was observed, or nothing depends on it. */
export function confirm(o: Observed): Verdict | undefined {
  if (!needsConfirmation(o)) return undefined;
  if (o.confirmed.kind === 'denied') return { reason: 'Forbidden', message: o.confirmed.message };
  const isSame =
    o.confirmed.kind === 'found' &&
    o.confirmed.object.metadata.uid === o.addon.metadata.uid &&
    o.confirmed.object.metadata.deletionTimestamp === undefined;
  return isSame ? undefined : { reason: 'Adopting', message: 'making sure that the addon still exists' };
}
