// Takes apart objects that may hold anything, for the projections: what is missing or of another type reads as empty, and never throws.
// What is kept is bounded: anyone may have written a megabyte into any field.
import type { KubeObject, ObjectMeta, OwnerReference } from './kubernetes.ts';
import { cut } from './text.ts';

/** The longest text that is kept, in characters. Messages quote far less, and names have at most 253. */
export const longestText = 2048;
/** How many items of a list are kept. Pods of CNPG have fewer containers and conditions. */
const mostItems = 16;
/** How many characters of owner references, or of finalizers, are kept: those of fifty. */
const longestList = 8 * longestText;

/** Parsed JSON of which nothing is known but that it has members. */
export type Raw = Readonly<Record<string, unknown>>;

/** The value when it has members, else an empty record. */
export function record(value: unknown): Raw {
  return typeof value === 'object' && value !== null ? (value as Raw) : {};
}

/** The items of an array, each as a record; none when it is not an array. To look through, not to keep. */
export function list(value: unknown): readonly Raw[] {
  return Array.isArray(value) ? value.map(record) : [];
}

/** The first items of an array, as many as are kept. */
export function first(value: unknown): readonly Raw[] {
  return list(value).slice(0, mostItems);
}

/** The value when it is a string, cut to what is kept; else the empty one. */
export function text(value: unknown): string {
  if (typeof value !== 'string') return '';
  const kept = cut(value, longestText);
  // A copy: a slice would keep the whole text in memory.
  return value.length <= longestText ? kept : Buffer.from(kept, 'utf16le').toString('utf16le');
}

/** The value if it is a safe integer, which a number represents exactly; else undefined. */
export function whole(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : undefined;
}

/** The members of these names that are there and are no objects; texts are cut to what is kept. */
export function pick(from: Raw, keys: readonly string[]): Raw {
  const members = keys.map((key) => [key, from[key]] as const).filter(([, value]) => isScalar(value));
  return Object.fromEntries(members.map(([key, value]) => [key, typeof value === 'string' ? text(value) : value]));
}

function isScalar(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

/** A record with one member, or with none when there is no value: for spreading. */
export function renamed(key: string, value: unknown): Raw {
  return value === undefined ? {} : { [key]: value };
}

/** What of an object's metadata a projection keeps beyond name, namespace, uid and resourceVersion. */
export interface KeptMetadata {
  readonly fields: readonly Exclude<keyof ObjectMeta, 'labels' | 'annotations' | 'finalizers'>[];
  /** Names of finalizers that are kept whatever others there are; absent when none is of interest. */
  readonly finalizers?: readonly string[];
  /** Names of labels; absent when none is of interest. */
  readonly labels?: readonly string[];
  /** Names of annotations; absent when none is of interest. */
  readonly annotations?: readonly string[];
}

/** The metadata with what is kept of it; `labels` and `annotations` are there when any of them is of interest. */
export function projectMetadata({ metadata }: KubeObject, kept: KeptMetadata): ObjectMeta {
  const { name, namespace, uid, resourceVersion, labels = {}, annotations = {}, finalizers } = metadata;
  const { ownerReferences: owners } = metadata;
  const bounded = owners === undefined || fits(owners, longestList) ? owners : [manyOwners];
  const members = { ...metadata, ownerReferences: bounded };
  return {
    name,
    namespace,
    uid,
    resourceVersion,
    ...Object.fromEntries(kept.fields.map((key) => [key, members[key]]).filter(([, value]) => value !== undefined)),
    ...renamed('finalizers', kept.finalizers && finalizers && boundedFinalizers(finalizers, kept.finalizers)),
    ...renamed('labels', kept.labels && pick(labels, kept.labels)),
    ...renamed('annotations', kept.annotations && pick(annotations, kept.annotations)),
  };
}

/**
 * In place of the owner references of an object of which something is too long to be kept. Part of it would be taken for all of it, and
 * written as such: so the object is as one that somebody else controls, to which nothing is written.
 * @param what is too long, in the plural
 */
export function unreadable(what: string): OwnerReference {
  return { apiVersion: '', kind: '', name: what, uid: '', controller: true };
}

/** In place of owner references that are too long to be kept. */
export const manyOwners = unreadable('owner references');

/** In place of the finalizers of others when they are too long to be kept. A list with it must not be written. */
export const manyFinalizers = '';

/** @param own the names that are kept of a list that is too long */
function boundedFinalizers(all: readonly string[], own: readonly string[]): readonly string[] {
  return fits(all, longestList) ? all : [...own.filter((name) => all.includes(name)), manyFinalizers];
}

/** How deep a value may be that is kept whole. Whoever goes through it recursively must not run out of stack. */
const deepest = 32;

/**
 * Whether a value can be kept whole: its texts, numbers and names of members have at most so many characters, and it is not too deep.
 * Anybody may have made it of any size and depth, so this makes no copy and no recursive call.
 */
export function fits(value: unknown, longest: number): boolean {
  const open: (readonly [value: unknown, depth: number])[] = [[value, 0]];
  let characters = 0;
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [part, depth] = next;
    if (typeof part !== 'object' || part === null) characters += String(part).length;
    else
      for (const [name, member] of Object.entries(part)) {
        characters += name.length;
        open.push([member, depth + 1]);
      }
    if (characters > longest || depth > deepest) return false;
  }
  return true;
}

/** Which members a projection keeps: `true` for a scalar, a shape for an object, a shape in brackets for a list of objects. */
export interface Shape {
  readonly [member: string]: true | Shape | readonly [Shape];
}

/** The members of a shape that are there; texts and lists are cut to what is kept. */
export function shaped(from: unknown, shape: Shape): Raw {
  const raw = record(from);
  const members = Object.entries(shape).map(([key, kept]): readonly [string, unknown] => {
    const value = raw[key];
    if (kept === true) return [key, pick(raw, [key])[key]];
    if (typeof value !== 'object' || value === null) return [key, undefined];
    return [key, isList(kept) ? first(value).map((item) => shaped(item, kept[0])) : shaped(value, kept)];
  });
  return Object.fromEntries(members.filter(([, value]) => value !== undefined));
}

function isList(kept: Shape | readonly [Shape]): kept is readonly [Shape] {
  return Array.isArray(kept);
}
