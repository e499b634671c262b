// Server-side apply and merge patch, on plain JSON. An apply sets its fields, and removes those that its manager applied before and that no
// other manager owns.
import type { Manifest, OwnerReference } from '../api/kubernetes.ts';
import type { Fields, Stored } from './objects.ts';

/**
 * @param before what the same field manager applied last
 * @param shared what others own too
 */
export function applyFields(live: Fields, before: Fields, now: Fields, shared: Fields = {}): Fields {
  const result: Record<string, unknown> = { ...live };
  for (const [key, was] of Object.entries(before)) {
    if (key in now) continue;
    const others = shared[key];
    if (others !== undefined && !isFields(others)) continue;
    const rest = isFields(was) && isFields(live[key]) ? applyFields(live[key], was, {}, others) : {};
    if (Object.keys(rest).length > 0) result[key] = rest;
    else delete result[key];
  }
  for (const [key, wanted] of Object.entries(now)) {
    const was = before[key];
    const is = live[key];
    const others = shared[key];
    result[key] = isFields(wanted)
      ? applyFields(isFields(is) ? is : {}, isFields(was) ? was : {}, wanted, isFields(others) ? others : {})
      : wanted;
  }
  return result;
}

/** The tree after a merge patch (RFC 7396): null removes a member, and lists are replaced. */
export function mergeFields(live: Fields, patch: Fields): Fields {
  const result: Record<string, unknown> = { ...live };
  for (const [key, wanted] of Object.entries(patch)) {
    const is = live[key];
    if (wanted === null) delete result[key];
    else result[key] = isFields(wanted) ? mergeFields(isFields(is) ? is : {}, wanted) : wanted;
  }
  return result;
}

/** The tree of a merge patch: what is undefined in the manifest is null. Owner references are a list, which replaces the live one. */
export function patchOf({ metadata, spec, data, type }: Manifest, live: Fields): Fields {
  const { labels, annotations, ownerReferences = [] } = metadata;
  const sent = Object.entries({ labels, annotations, spec, data, type }).filter(([, value]) => value !== undefined);
  const patch = JSON.parse(JSON.stringify(Object.fromEntries(sent), (_, value: unknown) => value ?? null)) as Fields;
  const gone = isFields(live.owners) ? Object.keys(live.owners).map((uid) => [uid, null]) : [];
  return { ...patch, owners: { ...Object.fromEntries(gone), ...ownersTree(ownerReferences) } };
}

function ownersTree(references: readonly OwnerReference[]): Fields {
  return Object.fromEntries(references.map((reference) => [reference.uid, { reference: [reference] }]));
}

/** The fields that a manager can own. Lists with keys become maps, which is how the API server merges them. */
export function treeOf(object: {
  readonly metadata: Pick<Manifest['metadata'], 'labels' | 'annotations' | 'ownerReferences' | 'finalizers'>;
  readonly spec?: unknown;
  readonly data?: unknown;
  readonly type?: unknown;
}): Fields {
  const { labels, annotations, ownerReferences = [], finalizers = [] } = object.metadata;
  const tree = {
    labels: labels ?? {},
    annotations: annotations ?? {},
    owners: ownersTree(ownerReferences),
    finalizers: Object.fromEntries(finalizers.map((name) => [name, true])),
    spec: object.spec ?? {},
    data: object.data ?? {},
    type: object.type,
  };
  return JSON.parse(JSON.stringify(tree)) as Fields;
}

/** `object` with the fields of `tree`. */
export function withTree(object: Stored, tree: Fields): Stored {
  const { labels, annotations, owners, finalizers, spec, data, type } = tree as {
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly owners?: Readonly<Record<string, { readonly reference: readonly [OwnerReference] }>>;
    readonly finalizers?: Fields;
    readonly spec?: Fields;
    readonly data?: Readonly<Record<string, string>>;
    readonly type?: string;
  };
  const references = Object.values(owners ?? {}).map(({ reference }) => reference[0]);
  const held = Object.keys(finalizers ?? {});
  const { ownerReferences: _, finalizers: __, labels: ___, annotations: ____, ...identity } = object.metadata;
  return {
    ...object,
    metadata: {
      ...identity,
      ...(filled(labels) && { labels }),
      ...(filled(annotations) && { annotations }),
      ...(references.length > 0 && { ownerReferences: references }),
      ...(held.length > 0 && { finalizers: held }),
    },
    ...(filled(spec) && { spec }),
    ...(filled(data) && { data }),
    ...(type !== undefined && { type }),
  };
}

function filled(fields: Fields | undefined): fields is Fields {
  return fields !== undefined && Object.keys(fields).length > 0;
}

/** Whether a JSON value has named members. */
export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether two JSON values are equal, whatever the order of their members. */
export function sameFields(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [left, right] = [Object.entries(a), Object.entries(b)];
  return (
    left.length === right.length && left.every(([key, value]) => key in b && sameFields(value, (b as Fields)[key]))
  );
}
