// What happens when an addon is deleted: a standard one leaves everything to the garbage collector, a protected one releases its children.
import { labels, orphanFinalizer, type PostgresAddon } from '../../api/addon.ts';
import type { Cluster } from '../../api/cnpg.ts';
import { kindOf, roles } from '../children.ts';
import type { Action, Decision } from '../decision.ts';
import { formerUidOf } from '../recorded.ts';
import type { FoundChild, Situation } from '../situation.ts';
import { namesOf } from '../target.ts';
import { recheckAfter, type Verdict } from '../verdict.ts';
import { handOver, isMarked } from './handover.ts';
import { unseen } from './obstacle.ts';
import { classifyOwner, deletesChildren, hasOwnerReference, uidOn } from './owner.ts';
import { hasFinalizer, otherFinalizers, removeFinalizer } from './protection.ts';

/** Whether the deletion of this addon, under way, is to leave the children in service. */
export function keepsChildren(addon: PostgresAddon): boolean {
  return !deletesChildren(addon) || addon.metadata.finalizers?.includes(orphanFinalizer) === true;
}

/** @param s of an addon whose deletion was asked for */
export function release(s: Situation): Decision {
  const { addon } = s;
  if (!keepsChildren(addon) && !hasFinalizer(addon)) return saying(removed, []);
  // What cannot be seen would be left behind without a mark.
  const blind = roles.map((role) => unseen(s, role)).find((verdict) => verdict?.reason === 'Forbidden');
  if (blind !== undefined) return saying(blind, []);
  const keeps = keepsChildren(addon) || isLoose(s);
  const actions = [
    ...handAll(s, keeps ? 'orphaned' : 'held'),
    ...(hasFinalizer(addon) ? [removeFinalizer(addon)] : []),
  ];
  const isLast = hasFinalizer(addon) && otherFinalizers(addon).length === 0;
  return { ...saying(keeps ? kept(s) : removed, actions), ...(isLast ? { ends: true } : {}) };
}

/** Gone before its Cluster was marked for the next addon of its name (--cascade=orphan): the one chance to do it. */
export function markLeftovers(s: Situation): Decision {
  // That next one may be there already.
  return { ...saying(kept(s), handAll(s, 'orphaned')), ends: true, wakeAfter: 0 };
}

/**
 * What is to be done about the Cluster of an addon that is gone. owned: the garbage collector has still to remove it, or to take the
 * owner reference off. unmarked: it stays, and does not say yet whose it was.
 */
export function leftoverOf(addon: PostgresAddon, cluster: Cluster | undefined): 'nothing' | 'owned' | 'unmarked' {
  if (cluster?.metadata.deletionTimestamp !== undefined) return 'nothing';
  if (cluster === undefined || classifyOwner(addon, cluster) !== 'ours' || isMarked(addon, cluster)) return 'nothing';
  return hasOwnerReference(addon, cluster) ? 'owned' : 'unmarked';
}

function saying(ready: Verdict, actions: readonly Action[]): Decision {
  return { actions, ready, conditions: {}, wakeAfter: recheckAfter(ready) };
}

/**
 * A Cluster that nothing holds to a deleted addon stays: the garbage collector may just have taken the reference off, as it was told to.
 * What is kept by mistake can be deleted afterwards; the other way round there is no way back.
 */
function isLoose({ addon, own: { cluster } }: Situation): boolean {
  return cluster !== undefined && !hasOwnerReference(addon, cluster);
}

/**
 * Every child, released or handed to the garbage collector; a refusal stops all, since none may stay behind unmarked. What somebody else
 * is deleting goes; to write to it would only hold it up.
 */
function handAll(s: Situation, to: 'held' | 'orphaned'): readonly Action[] {
  const staying = childrenOf(s).filter(({ object }) => object.metadata.deletionTimestamp === undefined);
  const actions = staying.flatMap((child) => handOver(s.addon, child, to));
  return actions.map((action) => ({ ...action, concern: 'ownership' }));
}

const removed: Verdict = {
  reason: 'Deleted',
  message: 'the addon is being deleted, and with it the Cluster, its data and the Secret',
};

function kept(s: Situation): Verdict {
  const ours = childrenOf(s);
  const doomed = ours.filter(({ object }) => object.metadata.deletionTimestamp !== undefined);
  if (doomed.length > 0) {
    const what = doomed.map(({ role, object }) => `${kindOf(role)} ${object.metadata.name}`).join(' and ');
    return {
      reason: 'Deleted',
      message: `also being deleted, with the namespace or by another client: ${what}; protection does not cover this`,
    };
  }
  const { cluster, urlSecret } = namesOf(s.addon);
  if (!ours.some(({ role }) => role === 'cluster'))
    return { reason: 'Deleted', message: `this addon has no Cluster ${cluster} that could stay in service` };
  return {
    reason: 'Released',
    message: `Cluster ${cluster} and Secret ${urlSecret} stay in service (label ${labels.orphaned}); apply this PostgresAddon again to adopt them`,
  };
}

/**
 * Ours, of what was observed, and what would have become ours next: an adoption may have been cut short. The Cluster comes last: the
 * others are known as its company by the uid that it carries until then.
 */
function childrenOf({ addon, found, own }: Situation): readonly FoundChild[] {
  const former = own.cluster === undefined ? undefined : formerUidOf(addon, own.cluster);
  const isOurs = ({ role, object, ownership }: FoundChild): boolean =>
    ownership === 'ours' ||
    (role !== 'cluster' &&
      (hasOwnerReference(addon, object) ||
        (ownership === 'orphan' && former !== undefined && uidOn(object) === former)));
  const ours = found.filter(isOurs);
  return [...ours.filter(({ role }) => role !== 'cluster'), ...ours.filter(({ role }) => role === 'cluster')];
}
