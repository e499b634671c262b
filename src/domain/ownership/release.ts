// What happens when an addon is deleted: a standard one leaves everything to the garbage collector, a protected one lets its children go.
import {
  addonApiVersion,
  addonGvr,
  labels,
  orphanFinalizer,
  type PostgresAddon,
  protectionFinalizer,
} from '../../api/addon.ts';
import type { Cluster } from '../../api/cnpg.ts';
import type { KubeObject } from '../../api/kubernetes.ts';
import { type Action, applyTo } from '../decision.ts';
import type { Observed } from '../observed.ts';
import { formerUidOf } from '../recorded.ts';
import { namesOf, type Verdict } from '../target.ts';
import { type Child, handOver, isMarked } from './handover.ts';
import { isOwned, owns, uidOn, whose } from './owner.ts';

export interface Release {
  readonly actions: readonly Action[];
  readonly verdict: Verdict;
  /** The last action lets the addon go: it is gone after it. */
  readonly last: boolean;
}

/** Whether the deletion of this addon, under way, is to leave the children in service. */
export function keepsChildren(addon: PostgresAddon): boolean {
  return !owns(addon) || addon.metadata.finalizers?.includes(orphanFinalizer) === true;
}

/**
 * A Cluster that nothing holds to a deleted addon stays: the garbage collector may just have taken the reference off, as it was told to.
 * What is kept by mistake can be deleted afterwards; the other way round there is no way back.
 */
function isLoose({ addon, cluster }: Observed): boolean {
  return cluster !== undefined && whose(addon, cluster) === 'ours' && !isOwned(addon, cluster);
}

/** Whether the operator has something to do before a deleted addon may go. */
export function isGuarded(addon: PostgresAddon): boolean {
  return addon.metadata.finalizers?.includes(protectionFinalizer) === true;
}

/** Whether protection ends by a change of the mode, and the finalizer has to wait for the children. */
export function isGivingUp(addon: PostgresAddon): boolean {
  return owns(addon) && isGuarded(addon);
}

/** @param o an addon whose deletion was asked for */
export function release(o: Observed): Release {
  const { addon } = o;
  if (!keepsChildren(addon) && !isGuarded(addon)) return { actions: [], verdict: removed, last: false };
  if (o.kinds.clusters === 'forbidden' || o.urlSecret.kind === 'denied') {
    const what = o.urlSecret.kind === 'denied' ? o.urlSecret.message : 'the operator may not list and watch Clusters';
    return { actions: [], verdict: { reason: 'Forbidden', message: what }, last: false };
  }
  const keeps = keepsChildren(addon) || isLoose(o);
  const letGo = isGuarded(addon) ? [setFinalizer(addon, false)] : [];
  const verdict = keeps ? kept(o) : removed;
  const last = letGo.length > 0 && otherFinalizers(addon).length === 0;
  return { actions: [...handAll(o, keeps ? 'orphaned' : 'held'), ...letGo], verdict, last };
}

/** What is being deleted by somebody else goes; to write to it would only hold it up. */
function handAll(o: Observed, to: 'held' | 'orphaned'): readonly Action[] {
  const staying = childrenOf(o).filter(({ live }) => live.metadata.deletionTimestamp === undefined);
  return staying.flatMap((child) => handOver(o.addon, child, to));
}

/** @param o an addon that is gone, with remains that are unmarked */
export function markRemains(o: Observed): Pick<Release, 'actions' | 'verdict'> {
  return { actions: handAll(o, 'orphaned'), verdict: kept(o) };
}

/**
 * What is to be done about the Cluster of an addon that is gone. owned: the garbage collector has still to remove it, or to take the
 * owner reference off. unmarked: it stays, and does not say yet whose it was.
 */
export function remainsOf(addon: PostgresAddon, cluster: Cluster | undefined): 'nothing' | 'owned' | 'unmarked' {
  if (cluster?.metadata.deletionTimestamp !== undefined) return 'nothing';
  if (cluster === undefined || whose(addon, cluster) !== 'ours' || isMarked(addon, cluster)) return 'nothing';
  return isOwned(addon, cluster) ? 'owned' : 'unmarked';
}

/** The action that puts the operator's finalizer on the addon, or takes it off; other finalizers stay. */
export function setFinalizer(addon: PostgresAddon, present: boolean): Action {
  const { name, namespace } = addon.metadata;
  const others = otherFinalizers(addon);
  const metadata = { name, namespace, finalizers: present ? [...others, protectionFinalizer] : others };
  return applyTo('PostgresAddon', { apiVersion: addonApiVersion, kind: addonGvr.kind, metadata }, addon);
}

/** The finalizers that are not ours. */
function otherFinalizers({ metadata }: PostgresAddon): readonly string[] {
  return (metadata.finalizers ?? []).filter((finalizer) => finalizer !== protectionFinalizer);
}

const removed: Verdict = {
  reason: 'Deleted',
  message: 'deletion was asked for; the Cluster with its data and the Secret go with the addon',
};

function kept(o: Observed): Verdict {
  const children = childrenOf(o);
  const doomed = children.filter(({ live }) => live.metadata.deletionTimestamp !== undefined);
  if (doomed.length > 0) {
    const what = doomed.map(({ kind, live }) => `${kind} ${live.metadata.name}`).join(' and ');
    return {
      reason: 'Deleted',
      message: `${what} is being deleted too, with the namespace or by somebody: protection ends there`,
    };
  }
  const { cluster, urlSecret } = namesOf(o.addon);
  if (!children.some(({ kind }) => kind === 'Cluster'))
    return { reason: 'Deleted', message: `there is no Cluster ${cluster} of this addon that could stay in service` };
  return {
    reason: 'Released',
    message: `Cluster ${cluster} and Secret ${urlSecret} stay in service (label ${labels.orphaned}); apply this PostgresAddon again to take them back`,
  };
}

/**
 * Ours, of what was observed, and what would have become ours next: an adoption may have been cut short. The Cluster comes last: the
 * others are known as its company by the uid that it carries until then.
 */
function childrenOf({ addon, cluster, scheduledBackup, urlSecret }: Observed): readonly Child[] {
  const isTaken = cluster !== undefined && whose(addon, cluster) === 'ours';
  const former = isTaken ? formerUidOf(addon, cluster) : undefined;
  const ours = (live: KubeObject): boolean =>
    whose(addon, live) === 'ours' ||
    isOwned(addon, live) ||
    (whose(addon, live) === 'orphan' && former !== undefined && uidOn(live) === former);
  const secret = urlSecret.kind === 'found' ? urlSecret.object : undefined;
  return [
    ...(scheduledBackup !== undefined && ours(scheduledBackup)
      ? [{ kind: 'ScheduledBackup', live: scheduledBackup } as const]
      : []),
    ...(secret !== undefined && ours(secret) ? [{ kind: 'Secret', live: secret } as const] : []),
    ...(isTaken ? [{ kind: 'Cluster', live: cluster } as const] : []),
  ];
}
