// Server-side apply for one field manager, on plain JSON: applied fields are set, and fields that were applied before but no longer are
// get removed.
import type { OwnerReference } from '../api/kubernetes.ts';
import type { Fields, Stored } from './objects.ts';

/** @param before what the same field manager applied last */
export function applyFields(live: Fields, before: Fields, now: Fields): Fields {
  const result: Record<string, unknown> = { ...live };
  for (const [key, was] of Object.entries(before)) {
    if (key in now) continue;
    const rest = isFields(was) && isFields(live[key]) ? applyFields(live[key], was, {}) : {};
    if (Object.keys(rest).length > 0) result[key] = rest;
    else delete result[key];
  }
  for (const [key, wanted] of Object.entries(now)) {
    const was = before[key];
    const is = live[key];
    result[key] = isFields(wanted) ? applyFields(isFields(is) ? is : {}, isFields(was) ? was : {}, wanted) : wanted;
  }
  return result;
}

/** The fields that a manager can own. Lists with keys become maps, which is how the API server merges them. */
export function treeOf(object: {
  readonly metadata: Pick<Stored['metadata'], 'labels' | 'annotations' | 'ownerReferences' | 'finalizers'>;
  readonly spec?: unknown;
  readonly data?: unknown;
  readonly type?: unknown;
}): Fields {
  const { labels, annotations, ownerReferences = [], finalizers = [] } = object.metadata;
  const tree = {
    labels: labels ?? {},
    annotations: annotations ?? {},
    owners: Object.fromEntries(ownerReferences.map((reference) => [reference.uid, { reference: [reference] }])),
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
