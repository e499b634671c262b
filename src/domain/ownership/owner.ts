// Decides who owns an object, by uid and never by name: the rule that keeps the operator from adopting what is not its own.
import { addonGvr, fieldManager, labels, orphanFinalizer, type PostgresAddon } from '../../api/addon.ts';
import type { KubeObject } from '../../api/kubernetes.ts';

/**
 * ours: controlled by this addon, or without a controller and labelled with its uid (mode protected, or the reference was removed).
 * orphan: created by the operator for a deleted addon with this name and appId, and without a controller: it can be adopted.
 * previous: controlled by a deleted addon with the same name; the garbage collector is about to delete it.
 * foreign: everything else; never changed.
 */
export type Ownership = 'ours' | 'orphan' | 'previous' | 'foreign';

/** @param child the object found under the name of one of the addon's children; its controller decides, and without one its labels */
export function classifyOwner(addon: PostgresAddon, child: KubeObject): Ownership {
  const controller = child.metadata.ownerReferences?.find((reference) => reference.controller === true);
  if (controller === undefined) return withoutController(addon, child);
  if (controller.uid === addon.metadata.uid) return 'ours';
  const sameName = controller.kind === addonGvr.kind && controller.name === addon.metadata.name;
  return sameName && controller.apiVersion.startsWith(`${addonGvr.group}/`) ? 'previous' : 'foreign';
}

/** Two addons cannot have the same name at the same time, so the same name with another uid means a deleted addon. */
function withoutController(addon: PostgresAddon, child: KubeObject): Ownership {
  if (child.metadata.labels?.[labels.uid] === addon.metadata.uid) return 'ours';
  const sameName = child.metadata.labels?.[labels.name] === addon.metadata.name;
  const sameApp = child.metadata.labels?.[labels.appId] === appIdOf(addon);
  return uidOn(child) !== undefined && sameName && sameApp ? 'orphan' : 'foreign';
}

/** The uid of the addon that the operator created a child for; undefined if the operator did not create it. */
export function uidOn(child: KubeObject): string | undefined {
  const own = child.metadata.labels ?? {};
  return own[labels.managedBy] === fieldManager ? own[labels.uid] : undefined;
}

/** `spec.appId`, which defaults to the name of the addon. */
export function appIdOf(addon: PostgresAddon): string {
  return addon.spec.appId ?? addon.metadata.name;
}

/** Whether the children are deleted together with the addon. A mode that a later version of the operator knows may be one that keeps them. */
export function deletesChildren({ spec: { mode = 'standard' } }: PostgresAddon): boolean {
  return mode === 'standard';
}

/** Whether a deletion of this addon that is in progress must keep the children in service. */
export function keepsChildren(addon: PostgresAddon): boolean {
  return !deletesChildren(addon) || isOrphaning(addon);
}

/** Whether the garbage collector is about to remove the owner references from all that the addon owns (`--cascade=orphan`). */
export function isOrphaning({ metadata }: PostgresAddon): boolean {
  return metadata.finalizers?.includes(orphanFinalizer) === true;
}

/** Whether the garbage collector would delete the child with the addon. */
export function hasOwnerReference(addon: PostgresAddon, child: KubeObject): boolean {
  return child.metadata.ownerReferences?.some((reference) => reference.uid === addon.metadata.uid) === true;
}
