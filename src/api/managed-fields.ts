// Reads metadata.managedFields: which clients own a field of an object, as the API server records it (FieldsV1 of meta/v1).
import type { KubeObject } from './kubernetes.ts';
import { list, record, text } from './raw.ts';

/** The way to a field. The last part of an owner reference is its uid. */
export type FieldPath = readonly string[];

/**
 * The names of the managers that own a field.
 * @param raw an object with its managedFields
 */
export function managersOf(raw: KubeObject, path: FieldPath): readonly string[] {
  const entries = list(record(raw.metadata).managedFields);
  const owners = entries.filter(({ fieldsV1 }) => owns(fieldsV1, path)).map(({ manager }) => text(manager));
  return [...new Set(owners)].sort();
}

/** An owned field has a member, or is below a list or an object that is owned as a whole and has none. */
function owns(fields: unknown, path: FieldPath): boolean {
  let at = record(fields);
  for (const [index, part] of path.entries()) {
    const key = path[index - 1] === 'ownerReferences' ? `k:${JSON.stringify({ uid: part })}` : `f:${part}`;
    if (!Object.hasOwn(at, key)) return index > 0 && Object.keys(at).length === 0;
    at = record(at[key]);
  }
  return true;
}
