// Determines what a write has to remove from an object. An apply removes a field only if no other manager owns it: after another client
// applied the same object, or if its managedFields were cleared, the field stays. What has to go is then removed explicitly.
import { addonGvr, labels } from '../api/addon.ts';
import type { KubeObject, Manifest, OwnerReference, PinnedManifest } from '../api/kubernetes.ts';
import type { FieldPath } from '../api/managed-fields.ts';
import { record } from '../api/raw.ts';

/**
 * The fields that a manifest requires to be absent and that the object has: the members that are undefined in the manifest, and the
 * owner reference to the addon in its labels if the manifest has none, and that to another addon which controlled it.
 */
export function unwanted(manifest: Manifest, object: KubeObject): readonly FieldPath[] {
  const references = (object.metadata.ownerReferences ?? []).filter((reference) => isUnwanted(manifest, reference));
  return [...references.map(({ uid }) => ['metadata', 'ownerReferences', uid]), ...undefinedIn(manifest, object)];
}

/** A merge patch that sets what the manifest contains and removes what it requires to be absent, pinned to the state of the object. */
export function removalFrom(manifest: Manifest, object: KubeObject): PinnedManifest {
  const { uid, resourceVersion, ownerReferences = [] } = object.metadata;
  const own = manifest.metadata.ownerReferences ?? [];
  const others = ownerReferences.filter((reference) => !own.some((mine) => mine.uid === reference.uid));
  const references = [...others.filter((reference) => !isUnwanted(manifest, reference)), ...own];
  const kept = references.length === 0 ? undefined : references;
  return { ...manifest, metadata: { ...manifest.metadata, uid, resourceVersion, ownerReferences: kept } };
}

function isUnwanted({ metadata }: Manifest, { kind, uid, controller }: OwnerReference): boolean {
  const owner = metadata.labels?.[labels.uid];
  const isOfAddon = kind === addonGvr.kind && owner !== undefined && (uid === owner || controller === true);
  return isOfAddon && metadata.ownerReferences?.some((reference) => reference.uid === uid) !== true;
}

function undefinedIn(wanted: unknown, is: unknown, path: FieldPath = []): readonly FieldPath[] {
  if (wanted === undefined) return is === undefined || is === null ? [] : [path];
  // A list is written as a whole, so nothing of it is left.
  if (Array.isArray(wanted)) return [];
  return Object.entries(record(wanted)).flatMap(([key, value]) => undefinedIn(value, record(is)[key], [...path, key]));
}
