// Handles the deletion of an addon: the children of a standard one are garbage-collected, those of a protected one are released.
import { type AddonStatus, labels, type PostgresAddon } from '../../api/addon.ts';
import type { Cluster } from '../../api/cnpg.ts';
import { timestampOf } from '../../api/time.ts';
import type { Lineage } from '../backup/lineage.ts';
import { namesOf } from '../child-names.ts';
import { kindOf, roles } from '../children.ts';
import type { Action, Decision } from '../decision.ts';
import { whatIsLeft } from '../drill/objects.ts';
import { formerUidOf } from '../recorded.ts';
import { type FoundChild, type Situation, unseen } from '../situation.ts';
import { recheckAfter, type Verdict } from '../verdict.ts';
import { hasFinalizer, otherFinalizers, removeFinalizer } from './finalizer.ts';
import { handOver, isMarked } from './handover.ts';
import { classifyOwner, hasOwnerReference, isOrphaning, keepsChildren, uidOn } from './owner.ts';

/** @param s the situation of an addon with a deletionTimestamp */
export function release(s: Situation): Decision {
  const { addon } = s;
  if (!keepsChildren(addon) && !hasFinalizer(addon)) return reporting(removed(addon), []);
  // A child that cannot be observed would be left behind without a mark.
  const blind = roles.map((role) => unseen(s, role)).find((verdict) => verdict?.reason === 'Forbidden');
  if (blind !== undefined) return reporting(blind, []);
  const keeps = keepsChildren(addon) || isLoose(s);
  const actions = [
    // The garbage collector leaves it behind with the rest.
    ...(isOrphaning(addon) ? whatIsLeft(s).actions : []),
    ...handAll(s, keeps ? 'orphaned' : 'held'),
    ...removeFinalizer(addon),
  ];
  const isLast = hasFinalizer(addon) && otherFinalizers(addon).length === 0;
  return { ...reporting(keeps ? kept(s) : removed(addon), actions), ...(isLast ? { ends: true } : {}) };
}

/** The addon was removed before its Cluster was marked for the next one (--cascade=orphan): this is the only chance to mark it. */
export function markLeftovers(s: Situation): Decision {
  // The garbage collector may have removed the owner reference of what a restore drill made, just before the addon was gone.
  const { ownerReferences = [] } = s.observed.drill.store?.metadata ?? {};
  const left = ownerReferences.length === 0 ? whatIsLeft(s).actions : [];
  return { ...reporting(kept(s), [...left, ...handAll(s, 'orphaned')]), ends: true };
}

/**
 * What remains to be done about the Cluster of an addon that no longer exists. owned: the garbage collector still has to delete it or to
 * remove the owner reference. unmarked: it stays, and does not record its former owner yet.
 */
export function leftoverOf(addon: PostgresAddon, cluster: Cluster | undefined): 'nothing' | 'owned' | 'unmarked' {
  if (cluster?.metadata.deletionTimestamp !== undefined) return 'nothing';
  if (cluster === undefined || classifyOwner(addon, cluster) !== 'ours' || isMarked(addon, cluster)) return 'nothing';
  return hasOwnerReference(addon, cluster) ? 'owned' : 'unmarked';
}

function reporting(ready: Verdict, actions: readonly Action[]): Decision {
  return { actions, ready, conditions: {}, recheckAfter: recheckAfter(ready) };
}

/**
 * A Cluster without an owner reference stays: the garbage collector may just have removed it, as requested. A Cluster that is kept by
 * mistake can be deleted later, but not the other way round.
 */
function isLoose({ addon, own: { cluster } }: Situation): boolean {
  return cluster !== undefined && !hasOwnerReference(addon, cluster);
}

/**
 * The writes that release every child or hand it to the garbage collector. A refusal stops all of them, since no child may stay behind
 * unmarked. A child that is already being deleted is not written to, which would only delay it.
 */
function handAll(s: Situation, to: 'held' | 'orphaned'): readonly Action[] {
  const staying = childrenOf(s).filter(({ object }) => object.metadata.deletionTimestamp === undefined);
  const actions = staying.flatMap((child) => handOver(s.addon, child, to));
  return actions.map((action) => ({ ...action, concern: 'ownership' }));
}

/**
 * The last status of a standard addon that disappeared at once, as it does without finalizers: nobody can write it, but an Event says where
 * its backups stay.
 * @param now wall-clock time in milliseconds
 * @returns undefined if nothing stays, or if it was said already
 */
export function statusAtEnd(addon: PostgresAddon, now: number): AddonStatus | undefined {
  const isTold = addon.metadata.deletionTimestamp !== undefined || keepsChildren(addon);
  if (isTold || lastArchive(addon) === undefined) return undefined;
  const lastTransitionTime = timestampOf(now);
  const ready = { type: 'Ready', status: 'False' as const, ...removed(addon), lastTransitionTime };
  return { ...addon.status, phase: 'deleted', conditions: [ready] };
}

/** The newest lineage that has a base backup, also if backups have stopped since. */
function lastArchive({ status }: PostgresAddon): Lineage | undefined {
  return status?.backup?.lineages?.find(({ from }) => from !== undefined);
}

/** Nobody removes what an addon has archived, so the last Event says where it is. */
function removed(addon: PostgresAddon): Verdict {
  const { store, destinationPath, serverName } = lastArchive(addon) ?? {};
  const place = [store && `object store "${store}"`, [destinationPath, serverName].filter(Boolean).join('/')];
  const archive =
    serverName === undefined
      ? ''
      : `. Its backups${namesOfDatabase(addon)} stay in ${place.filter(Boolean).join(', ')}, until somebody removes them there`;
  return {
    reason: 'Deleted',
    message: `the addon is being deleted, and with it the Cluster, its data and the Secret${archive}`,
  };
}

/** What a restore has to know, unless it is the default. */
function namesOfDatabase({ spec, status }: PostgresAddon): string {
  const database = spec.database?.name ?? status?.restore?.database ?? 'app';
  const owner = spec.database?.owner ?? status?.restore?.owner ?? 'app';
  return database === 'app' && owner === 'app' ? '' : ` (database "${database}", owner "${owner}")`;
}

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
  const { cluster } = namesOf(s.addon);
  if (!ours.some(({ role }) => role === 'cluster'))
    return { reason: 'Deleted', message: `this addon has no Cluster ${cluster} that could stay in service` };
  const kept = [`Cluster ${cluster}`, ...secretsIn(ours)];
  const [stay, them] = kept.length === 1 ? ['stays', 'it'] : ['stay', 'them'];
  return {
    reason: 'Released',
    message: `${kept.join(' and ')} ${stay} in service (label ${labels.orphaned}); apply this PostgresAddon again to adopt ${them}`,
  };
}

/** The Secrets of an app, which can be two or none. */
function secretsIn(ours: readonly FoundChild[]): readonly string[] {
  const secrets = ours.filter(({ role }) => kindOf(role) === 'Secret');
  return secrets.map(({ object }) => `Secret ${object.metadata.name}`);
}

/**
 * The children of this addon, and those that it would have adopted next: an adoption may have been interrupted. The Cluster comes last,
 * because the others are identified by the uid that is recorded on it until then.
 */
function childrenOf({ addon, found, own }: Situation): readonly FoundChild[] {
  const former = formerUidOf(addon, own.cluster);
  const isOurs = ({ role, object, ownership }: FoundChild): boolean =>
    ownership === 'ours' ||
    (role !== 'cluster' && (hasOwnerReference(addon, object) || (ownership === 'orphan' && uidOn(object) === former)));
  const ours = found.filter(isOurs);
  return [...ours.filter(({ role }) => role !== 'cluster'), ...ours.filter(({ role }) => role === 'cluster')];
}
