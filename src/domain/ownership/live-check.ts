// Requires that the API server confirms the addon before the owner of an object is changed or an object without an owner is created:
// a stale cache can show an addon that no longer exists, and the write would leave an object behind or take it from the next addon.
import { findsOrphans, type Situation } from '../situation.ts';
import type { Verdict } from '../verdict.ts';
import { hasFinalizer } from './finalizer.ts';
import { deletesChildren, hasOwnerReference } from './owner.ts';

/**
 * Whether the addon has to be read from the API server. Also before a missing owner reference is restored, since the garbage collector
 * may be removing it for a deletion that the cache does not show yet. The write that adds the finalizer confirms the addon itself.
 */
export function needsLiveCheck(s: Situation): boolean {
  const { addon, found } = s;
  if (findsOrphans(s)) return true;
  if (!deletesChildren(addon)) return hasFinalizer(addon) && !found.some(({ role }) => role === 'cluster');
  return found.some(({ ownership, object }) => ownership === 'ours' && !hasOwnerReference(addon, object));
}

/** Why nothing is done yet; undefined if the addon is confirmed, or does not have to be. */
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
