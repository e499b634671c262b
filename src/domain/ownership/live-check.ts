// Requires that the API server confirms the addon before the owner of an object is changed, an object without an owner is created, or a
// Cluster in the place of one that may have had backups: a stale cache can show an addon that no longer exists, and the write would leave
// an object behind or take it from the next addon; or one whose backups are not recorded yet.
import { missingCluster, replacesLineage } from '../backup/missing-cluster.ts';
import { isWatched } from '../children.ts';
import { isHandoverDue } from '../promotion/claim.ts';
import type { FoundChild, Situation } from '../situation.ts';
import type { Verdict } from '../verdict.ts';
import { hasFinalizer } from './finalizer.ts';
import { deletesChildren, hasOwnerReference } from './owner.ts';
import { strayOf } from './stray.ts';

/**
 * Whether the addon has to be read from the API server. Also before a missing owner reference is restored, since the garbage collector
 * may be removing it for a deletion that the cache does not show yet. The write that adds the finalizer confirms the addon itself. In the
 * place of a Cluster that may have had backups, the very version of the addon has to be confirmed.
 */
export function needsLiveCheck(s: Situation): boolean {
  const { addon, found } = s;
  if (s.found.some((child) => isAdoptable(s, child)) || replacesLineage(s)) return true;
  if (isHandoverDue(s)) return true;
  // Nothing is created, and no owner changes.
  if (missingCluster(s) !== undefined) return false;
  if (!deletesChildren(addon)) return hasFinalizer(addon) && !found.some(({ role }) => role === 'cluster');
  return found.some(({ ownership, object }) => ownership === 'ours' && !hasOwnerReference(addon, object));
}

/** A watched object that a deleted addon with this name left behind. A stray is not written to. */
function isAdoptable(s: Situation, { role, ownership, object }: FoundChild): boolean {
  return ownership === 'orphan' && isWatched(role) && strayOf(s, role, object) === undefined;
}

/** Why nothing is done yet; undefined if the addon is confirmed, or does not have to be. */
export function checkLive(s: Situation): Verdict | undefined {
  if (!needsLiveCheck(s)) return undefined;
  const { live } = s.observed;
  const { uid, resourceVersion } = s.addon.metadata;
  if (live.kind === 'denied') return { reason: 'Forbidden', message: live.message };
  const isSame =
    live.kind === 'found' &&
    live.object.metadata.uid === uid &&
    live.object.metadata.deletionTimestamp === undefined &&
    (!replacesLineage(s) || live.object.metadata.resourceVersion === resourceVersion);
  return isSame ? undefined : { reason: 'Adopting', message: 'checking that the addon still exists' };
}
