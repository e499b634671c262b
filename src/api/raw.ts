// Takes apart objects that may hold anything, for the projections: what is missing or of another type reads as empty, and never throws.
import type { KubeObject, ObjectMeta } from './kubernetes.ts';

/** Parsed JSON of which nothing is known but that it has members. */
export type Raw = Readonly<Record<string, unknown>>;

/** The value when it has members, else an empty record. */
export function record(value: unknown): Raw {
  return typeof value === 'object' && value !== null ? (value as Raw) : {};
}

/** The items of an array, each as a record; none when it is not an array. */
export function list(value: unknown): readonly Raw[] {
  return Array.isArray(value) ? value.map(record) : [];
}

/** The value when it is a string, else the empty one. */
export function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** The value if it is a safe integer, which a number represents exactly; else undefined. */
export function whole(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : undefined;
}

/** The members of these names that are there. */
export function pick(from: Raw, keys: readonly string[]): Raw {
  return Object.fromEntries(keys.filter((key) => from[key] !== undefined).map((key) => [key, from[key]]));
}

/** A record with one member, or with none when there is no value: for spreading. */
export function renamed(key: string, value: unknown): Raw {
  return value === undefined ? {} : { [key]: value };
}

/** What of an object's metadata a projection keeps beyond name, namespace, uid and resourceVersion. */
export interface KeptMetadata {
  readonly fields: readonly Exclude<keyof ObjectMeta, 'labels' | 'annotations'>[];
  /** Names of labels; absent when none is of interest. */
  readonly labels?: readonly string[];
  /** Names of annotations; absent when none is of interest. */
  readonly annotations?: readonly string[];
}

/** The metadata with what is kept of it; `labels` and `annotations` are there when any of them is of interest. */
export function projectMetadata({ metadata }: KubeObject, kept: KeptMetadata): ObjectMeta {
  const { name, namespace, uid, resourceVersion, labels = {}, annotations = {} } = metadata;
  return {
    name,
    namespace,
    uid,
    resourceVersion,
    ...pick(record(metadata), kept.fields),
    ...renamed('labels', kept.labels && pick(labels, kept.labels)),
    ...renamed('annotations', kept.annotations && pick(annotations, kept.annotations)),
  };
}
