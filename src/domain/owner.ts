// Whose an object is, judged by uid and never by name: the rule that keeps the operator from adopting what is not its own.
import { addonApiVersion, addonGvr, fieldManager, labels, type PostgresAddon } from '../api/addon.ts';
import type { KubeObject, OwnerReference } from '../api/kubernetes.ts';

/**
 * ours: controlled by this very addon, or uncontrolled and carrying its uid (somebody removed the owner reference).
 * previous: controlled by a deleted addon of the same name; the garbage collector is about to remove it.
 * foreign: anybody else's, and untouchable.
 */
export type Whose = 'ours' | 'previous' | 'foreign';

export function whose(addon: PostgresAddon, child: KubeObject): Whose {
  const controller = child.metadata.ownerReferences?.find((reference) => reference.controller === true);
  if (controller === undefined) return child.metadata.labels?.[labels.uid] === addon.metadata.uid ? 'ours' : 'foreign';
  if (controller.uid === addon.metadata.uid) return 'ours';
  const sameName = controller.kind === addonGvr.kind && controller.name === addon.metadata.name;
  return sameName && controller.apiVersion.startsWith(`${addonGvr.group}/`) ? 'previous' : 'foreign';
}

/** The controller reference that makes the garbage collector remove a child with its addon. */
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

/** The labels of every child. Nothing of the addon's own labels and annotations is ever copied (Argo CD would prune). */
export function childLabels(addon: PostgresAddon, appId: string): Readonly<Record<string, string>> {
  return {
    [labels.name]: addon.metadata.name,
    [labels.uid]: addon.metadata.uid,
    [labels.appId]: appId,
    [labels.managedBy]: fieldManager,
  };
}
