// Builds the labels and owner references of a child, and checks whether an object has them.
import { addonApiVersion, addonGvr, annotations, fieldManager, labels, type PostgresAddon } from '../../api/addon.ts';
import type { KubeObject, Manifest, OwnerReference } from '../../api/kubernetes.ts';
import { includes } from '../includes.ts';
import { appIdOf, deletesChildren, hasOwnerReference } from './owner.ts';

/** The children of a protected addon have no owner reference, because they would be deleted with it. */
export function childMetadata(addon: PostgresAddon, name: string): Manifest['metadata'] {
  return {
    name,
    namespace: addon.metadata.namespace,
    labels: childLabels(addon),
    ...(deletesChildren(addon) ? { ownerReferences: [ownerReference(addon)] } : {}),
  };
}

/** The owner reference that makes the garbage collector delete a child with its addon. */
export function ownerReference(addon: PostgresAddon): OwnerReference {
  return {
    apiVersion: addonApiVersion,
    kind: addonGvr.kind,
    name: addon.metadata.name,
    uid: addon.metadata.uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}

/** The labels of every child that is in service for an addon. The addon's own labels and annotations are never copied: Argo CD would prune the child. */
export function childLabels(addon: PostgresAddon): Readonly<Record<string, string | undefined>> {
  return {
    [labels.name]: addon.metadata.name,
    [labels.uid]: addon.metadata.uid,
    [labels.appId]: appIdOf(addon),
    [labels.managedBy]: fieldManager,
    [labels.orphaned]: undefined,
  };
}

/** The operator's own annotations on a child. An apply without them would remove them. */
export function ownAnnotations({ metadata }: KubeObject): Readonly<Record<string, string>> {
  const own: readonly string[] = [
    annotations.readyBefore,
    annotations.formerUid,
    annotations.readyAt,
    annotations.objectStore,
    annotations.originStore,
    annotations.redaction,
  ];
  const kept = Object.entries(metadata.annotations ?? {}).filter(([key]) => own.includes(key));
  return Object.fromEntries(kept);
}

/** Whether a child has the metadata that the addon's mode requires. Others may own it too. */
export function isHeld(addon: PostgresAddon, live: KubeObject, { metadata }: Manifest): boolean {
  const { labels: own, annotations: notes, ownerReferences: owners } = metadata;
  const wanted = { labels: own, ...(owners && { ownerReferences: owners }), ...(notes && { annotations: notes }) };
  return includes(live.metadata, wanted) && (deletesChildren(addon) || !hasOwnerReference(addon, live));
}
