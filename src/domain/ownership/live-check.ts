// Before an object changes hands, or one is made that nobody owns, the API server has to confirm the addon: a cache may still show an
// addon that is gone, and what is written for it then would be nobody's, or taken from its successor.
import { findsOrphans, type Situation } from '../situation.ts';
import type { Verdict } from '../verdict.ts';
import { deletesChildren, hasOwnerReference } from './owner.ts';
import { hasFinalizer } from './protection.ts';

/**
 * Whether the addon has to be read from the server: also before a torn-off owner reference is put back, since the garbage collector may
 * be taking it off for a deletion that the cache does not show yet. The write that puts the finalizer on is a confirmation of its own.
 */
export function needsLiveCheck(s: Situation): boolean {
  const { addon, found } = s;
  if (findsOrphans(s)) return true;
  if (!deletesChildren(addon)) return hasFinalizer(addon) && !found.some(({ role }) => role === 'cluster');
  return found.some(({ ownership, object }) => ownership === 'ours' && !hasOwnerReference(addon, object));
}

/** Why nothing is done yet; undefined when the addon is as it was observed, or nothing depends on it. */
export function checkLive(s: Situation): Verdict | undefined {
  if (!needsLiveCheck(s)) return undefined;
  const { live } = s.observed;
  if (live.kind === 'denied') return { reason: 'Forbidden', message: live.message };
  const isSame =
    live.kind === 'found' &&
    live.object.metadata.uid === s.addon.metadata.uid &&
    live.object.metadata.deletionTimestamp === undefined;
  return isSame ? undefined : { reason: 'Adopting', message: 'checking that the addon still exists' };
}
