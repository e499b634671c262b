// Builds the writes that change only the owner of a child: its spec or data is repeated in the apply unchanged.
import { annotations, labels, type PostgresAddon } from '../../api/addon.ts';
import type { KubeObject } from '../../api/kubernetes.ts';
import { keptOf, labelsOf, type Role } from '../children.ts';
import { type Action, applyTo } from '../decision.ts';
import { childMetadata, isHeld, ownAnnotations } from './child-metadata.ts';
import { hasOwnerReference } from './owner.ts';

/** A child as it was observed. */
export interface Child {
  readonly role: Role;
  readonly object: KubeObject;
}

/**
 * held: the child belongs to the addon, as its mode requires. orphaned: it stays in service after the addon is deleted, and records
 * what the next addon needs. No write if that is already so.
 */
export function handOver(addon: PostgresAddon, child: Child, to: 'held' | 'orphaned'): readonly Action[] {
  const { role, object } = child;
  const { labels: own, ...others } = to === 'held' ? heldMetadata(addon, child) : orphanedMetadata(addon, child);
  const metadata = { ...others, labels: { ...own, ...labelsOf(role) } };
  const manifest = { apiVersion: object.apiVersion, kind: object.kind, metadata, ...keptOf(role, object) };
  const isDone =
    to === 'held' ? isHeld(addon, object, manifest) : isMarked(addon, object) && !hasOwnerReference(addon, object);
  return isDone ? [] : [applyTo(role, manifest, object)];
}

/** Whether a child is marked as left in service by this addon. */
export function isMarked(addon: PostgresAddon, child: KubeObject): boolean {
  const { [labels.orphaned]: orphaned, [labels.uid]: uid } = child.metadata.labels ?? {};
  return orphaned === 'true' && uid === addon.metadata.uid;
}

function heldMetadata(addon: PostgresAddon, { role, object }: Child) {
  const notes = { ...ownAnnotations(object), ...(role === 'cluster' ? formerUidNote(addon, object) : {}) };
  return { ...childMetadata(addon, object.metadata.name), ...annotated(notes) };
}

/** The former owner is recorded on the Cluster: other objects that it left behind belong to this Cluster. */
function formerUidNote(addon: PostgresAddon, cluster: KubeObject): Readonly<Record<string, string>> {
  const uid = cluster.metadata.labels?.[labels.uid];
  return uid === undefined || uid === addon.metadata.uid ? {} : { [annotations.formerUid]: uid };
}

function orphanedMetadata(addon: PostgresAddon, { role, object }: Child) {
  const { ownerReferences: _, labels: own, ...rest } = childMetadata(addon, object.metadata.name);
  const readyAt = addon.status?.ready_at;
  const former = {
    [annotations.formerUid]: addon.metadata.uid,
    ...(readyAt === undefined ? {} : { [annotations.readyAt]: readyAt }),
  };
  const notes = { ...ownAnnotations(object), ...(role === 'cluster' ? former : {}) };
  return { ...rest, labels: { ...own, [labels.orphaned]: 'true' }, ...annotated(notes) };
}

function annotated(notes: Readonly<Record<string, string>>): {
  readonly annotations?: Readonly<Record<string, string>>;
} {
  return Object.keys(notes).length === 0 ? {} : { annotations: notes };
}
