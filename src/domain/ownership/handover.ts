// The writes that change whose a child is and nothing else of it: its spec or data goes into the apply as it is.
import { annotations, labels, type PostgresAddon } from '../../api/addon.ts';
import type { Cluster, ScheduledBackup } from '../../api/cnpg.ts';
import type { KubeObject } from '../../api/kubernetes.ts';
import { childMetadata } from '../database/cluster.ts';
import { isHeld, notesOf } from '../database/cluster-diff.ts';
import { type Action, applyTo, type ChildKind } from '../decision.ts';
import type { Secret } from '../observed.ts';
import { isOwned } from './owner.ts';

/** A child as it was observed. */
export type Child =
  | { readonly kind: 'Cluster'; readonly live: Cluster }
  | { readonly kind: 'ScheduledBackup'; readonly live: ScheduledBackup }
  | { readonly kind: 'Secret'; readonly live: Secret };

/**
 * held: belongs to the addon, as its mode says. orphaned: stays in service when the addon goes, and carries what its next one has
 * to know. Nothing when it is so already.
 */
export function handOver(addon: PostgresAddon, child: Child, to: 'held' | 'orphaned'): readonly Action[] {
  const { kind, live } = child;
  const metadata = to === 'held' ? heldMetadata(addon, child) : orphanedMetadata(addon, child);
  const manifest = { apiVersion: live.apiVersion, kind: live.kind, metadata, ...contentOf(child) };
  const isSo = to === 'held' ? isHeld(addon, live, manifest) : isMarked(addon, live) && !isOwned(addon, live);
  return isSo ? [] : [applyTo(kind satisfies ChildKind, manifest, live)];
}

/** Whether a child says that it was left in service by this addon. */
export function isMarked(addon: PostgresAddon, child: KubeObject): boolean {
  const { [labels.orphaned]: orphaned, [labels.uid]: uid } = child.metadata.labels ?? {};
  return orphaned === 'true' && uid === addon.metadata.uid;
}

function heldMetadata(addon: PostgresAddon, child: Child) {
  const notes = child.kind === 'Cluster' ? { ...notesOf(child.live), ...formerUidNote(addon, child.live) } : {};
  return { ...childMetadata(addon, child.live.metadata.name), ...annotated(notes) };
}

/** Whom a Cluster was taken over from is kept on it: what else that addon left behind belongs to it. */
function formerUidNote(addon: PostgresAddon, cluster: Cluster): Readonly<Record<string, string>> {
  const uid = cluster.metadata.labels?.[labels.uid];
  return uid === undefined || uid === addon.metadata.uid ? {} : { [annotations.formerUid]: uid };
}

function orphanedMetadata(addon: PostgresAddon, child: Child) {
  const { ownerReferences: _, labels: own, ...rest } = childMetadata(addon, child.live.metadata.name);
  const readyAt = addon.status?.ready_at;
  const notes =
    child.kind === 'Cluster'
      ? {
          ...notesOf(child.live),
          [annotations.formerUid]: addon.metadata.uid,
          ...(readyAt === undefined ? {} : { [annotations.readyAt]: readyAt }),
        }
      : {};
  return { ...rest, labels: { ...own, [labels.orphaned]: 'true' }, ...annotated(notes) };
}

function annotated(notes: Readonly<Record<string, string>>): {
  readonly annotations?: Readonly<Record<string, string>>;
} {
  return Object.keys(notes).length === 0 ? {} : { annotations: notes };
}

/** What an apply has to repeat so that it stays: of the Secret its one key, of the others the operator's part of the spec. */
function contentOf(child: Child): Readonly<Record<string, unknown>> {
  if (child.kind !== 'Secret') return { spec: child.live.spec };
  const { DATABASE_URL } = child.live.data ?? {};
  return { type: child.live.type, ...(DATABASE_URL === undefined ? {} : { data: { DATABASE_URL } }) };
}
