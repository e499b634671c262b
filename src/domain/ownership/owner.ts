// Whose an object is, judged by uid and never by name: the rule that keeps the operator from adopting what is not its own.
import { addonApiVersion, addonGvr, fieldManager, labels, type PostgresAddon } from '../../api/addon.ts';
import type { KubeObject, OwnerReference } from '../../api/kubernetes.ts';

/**
 * ours: controlled by this very addon, or uncontrolled and carrying its uid (mode protected, or somebody removed the reference).
 * orphan: made by the operator for a deleted addon of this name and appId, and controlled by nobody: it may be taken back.
 * previous: controlled by a deleted addon of the same name; the garbage collector is about to remove it.
 * foreign: anybody else's, and untouchable.
 */
export type Whose = 'ours' | 'orphan' | 'previous' | 'foreign';

export function whose(addon: PostgresAddon, child: KubeObject): Whose {
  const controller = child.metadata.ownerReferences?.find((reference) => reference.controller === true);
  if (controller === undefined) return ofNobody(addon, child);
  if (controller.uid === addon.metadata.uid) return 'ours';
  const sameName = controller.kind === addonGvr.kind && controller.name === addon.metadata.name;
  return sameName && controller.apiVersion.startsWith(`${addonGvr.group}/`) ? 'previous' : 'foreign';
}

/** A name is free for a second addon only once the first is gone, so the same name with another uid means that it is gone. */
function ofNobody(addon: PostgresAddon, child: KubeObject): Whose {
  if (child.metadata.labels?.[labels.uid] === addon.metadata.uid) return 'ours';
  const sameName = child.metadata.labels?.[labels.name] === addon.metadata.name;
  const sameApp = child.metadata.labels?.[labels.appId] === appIdOf(addon);
  return uidOn(child) !== undefined && sameName && sameApp ? 'orphan' : 'foreign';
}

/** The uid of the addon for which the operator made a child; undefined when the child does not say so. */
export function uidOn(child: KubeObject): string | undefined {
  const own = child.metadata.labels ?? {};
  return own[labels.managedBy] === fieldManager ? own[labels.uid] : undefined;
}

export function appIdOf(addon: PostgresAddon): string {
  return addon.spec.appId ?? addon.metadata.name;
}

/** Whether the children of an addon live and die with it. */
export function owns(addon: PostgresAddon): boolean {
  return addon.spec.mode !== 'protected';
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

/** Whether the garbage collector would remove the child with the addon. */
export function isOwned(addon: PostgresAddon, child: KubeObject): boolean {
  return child.metadata.ownerReferences?.some((reference) => reference.uid === addon.metadata.uid) === true;
}

/** The labels of every child. Nothing of the addon's own labels and annotations is ever copied (Argo CD would prune). */
export function childLabels(addon: PostgresAddon): Readonly<Record<string, string>> {
  return {
    [labels.name]: addon.metadata.name,
    [labels.uid]: addon.metadata.uid,
    [labels.appId]: appIdOf(addon),
    [labels.managedBy]: fieldManager,
  };
}
