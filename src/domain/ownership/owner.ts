// Decides who owns an object, by uid and never by name: the rule that keeps the operator from adopting what is not its own.
import { addonGvr, fieldManager, labels, type PostgresAddon } from '../../api/addon.ts';
import type { KubeObject } from '../../api/kubernetes.ts';

/**
 * ours: controlled by this very addon, or uncontrolled and carrying its uid (mode protected, or somebody removed the reference).
 * orphan: made by the operator for a deleted addon of this name and appId, and controlled by nobody: it may be taken back.
 * previous: controlled by a deleted addon of the same name; the garbage collector is about to remove it.
 * foreign: anybody else's, and untouchable.
 */
export type Ownership = 'ours' | 'orphan' | 'previous' | 'foreign';

export function classifyOwner(addon: PostgresAddon, child: KubeObject): Ownership {
  const controller = child.metadata.ownerReferences?.find((reference) => reference.controller === true);
  if (controller === undefined) return ofNobody(addon, child);
  if (controller.uid === addon.metadata.uid) return 'ours';
  const sameName = controller.kind === addonGvr.kind && controller.name === addon.metadata.name;
  return sameName && controller.apiVersion.startsWith(`${addonGvr.group}/`) ? 'previous' : 'foreign';
}

/** A name is free for a second addon only once the first is gone, so the same name with another uid means that it is gone. */
function ofNobody(addon: PostgresAddon, child: KubeObject): Ownership {
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
export function deletesChildren(addon: PostgresAddon): boolean {
  return addon.spec.mode !== 'protected';
}

/** Whether the garbage collector would remove the child with the addon. */
export function hasOwnerReference(addon: PostgresAddon, child: KubeObject): boolean {
  return child.metadata.ownerReferences?.some((reference) => reference.uid === addon.metadata.uid) === true;
}
