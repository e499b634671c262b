// The newest known state of every object of one kind. It must never return to an older state of an object, nor restore a deleted one,
// unless the API server itself has returned to an older state.
import type { KubeObject } from '../api/kubernetes.ts';
import { compareResourceVersions } from './resource-version.ts';

/** A change reported by a watch. A deletion has the last known state. */
export interface Change<T> {
  readonly type: 'added' | 'modified' | 'deleted';
  readonly object: T;
  readonly previous?: T;
}

/** The end of an object: observed ('deleted'), or requested by the operator ('forgotten'); then it can still exist with a deletionTimestamp. */
interface Grave {
  readonly uid: string;
  /** Any object with the name up to this version is outdated, whether it is this object or an earlier one. */
  readonly resourceVersion: string;
  readonly kind: 'deleted' | 'forgotten';
}

/** An object of a list, with no more of it than is kept. */
export interface Reduced<T> {
  readonly metadata: Pick<
    KubeObject['metadata'],
    'namespace' | 'name' | 'uid' | 'resourceVersion' | 'deletionTimestamp'
  >;
  /** @throws what its projection has thrown */
  readonly project: () => T;
}

// Late events arrive within seconds of a deletion; older entries are not needed.
const mostGraves = 4096;

/**
 * The cache of one kind, updated by its reflector and by the operator's own writes.
 *
 * `onChange` is called synchronously, once the store is in its new state. Its errors are rethrown to the caller after all changes
 * have been delivered (several as an AggregateError). The same applies to errors of `project`; the object then keeps its old state.
 */
export class Store<T extends KubeObject> {
  readonly #project: (raw: KubeObject) => T;
  readonly #onChange: (change: Change<T>) => void;
  readonly #objects = new Map<string, T>();
  readonly #graves = new Map<string, Grave>();
  /** The position of the watch: everything up to here has been observed. */
  #seen = '0';

  /**
   * @param project reduces an object to the fields that the program reads; at least apiVersion, kind and metadata
   * @param onChange called for changes from the watch, but not for own writes
   */
  constructor(project: (raw: KubeObject) => T, onChange: (change: Change<T>) => void) {
    this.#project = project;
    this.#onChange = onChange;
  }

  get size(): number {
    return this.#objects.size;
  }

  get(namespace: string, name: string): T | undefined {
    return this.#objects.get(objectKey(namespace, name));
  }

  values(): IterableIterator<T> {
    return this.#objects.values();
  }

  /**
   * Records the response to an own write, unless the watch has already reported a newer state. At an equal version the response is
   * preferred: to the write that removes the last finalizer, the API server responds with the previous version, and the object is gone.
   */
  record(raw: KubeObject): void {
    const key = keyOf(raw);
    if (this.#isBuried(key, raw)) return;
    const stored = this.#objects.get(key);
    const { resourceVersion } = raw.metadata;
    // An absent object at a version that the watch has passed was deleted in the meantime.
    const isPast =
      stored === undefined
        ? isOlderOrEqual(resourceVersion, this.#seen)
        : isNewer(stored.metadata.resourceVersion, resourceVersion);
    if (!isPast) this.#objects.set(key, this.#project(raw));
  }

  /** Removes an object after a successful delete request of the operator. */
  forget(namespace: string, name: string, uid: string): void {
    const key = objectKey(namespace, name);
    const stored = this.#objects.get(key);
    const known = stored?.metadata.uid === uid;
    if (known) this.#objects.delete(key);
    this.#bury(key, { uid, kind: 'forgotten', resourceVersion: known ? stored.metadata.resourceVersion : '0' });
  }

  /** What `replace` takes: so that a list can be reduced page by page. Never throws. */
  reduce(raw: KubeObject): Reduced<T> {
    const { namespace, name, uid, resourceVersion, deletionTimestamp } = raw.metadata;
    const metadata = { namespace, name, uid, resourceVersion, ...(deletionTimestamp && { deletionTimestamp }) };
    try {
      const object = this.#project(raw);
      return { metadata, project: () => object };
    } catch (error) {
      return {
        metadata,
        project: () => {
          throw error;
        },
      };
    }
  }

  /**
   * Applies a complete list that was requested after the watch had ended: objects that are missing were deleted, unless they are newer
   * than the list. A list is consistent, so that one older than the watch is from an API server that was restored from a backup: it is
   * taken as it is, whatever was known.
   */
  replace(list: readonly Reduced<T>[], listResourceVersion: string): void {
    const delivery = new Delivery(this.#onChange);
    const listed = new Set<string>();
    const isRestored = isNewer(this.#seen, listResourceVersion);
    if (isRestored) {
      this.#graves.clear();
      this.#seen = '0';
    }
    for (const reduced of list) {
      listed.add(keyOf(reduced));
      delivery.attempt(() => this.#put(reduced, delivery, isRestored));
    }
    for (const [key, stored] of this.#objects) {
      if (listed.has(key)) continue;
      if (!isRestored && isNewer(stored.metadata.resourceVersion, listResourceVersion)) continue;
      this.#remove(key, stored, listResourceVersion, delivery);
    }
    this.#see(listResourceVersion);
    delivery.run();
  }

  /** Applies one event of the watch, if it is new. */
  event(type: 'ADDED' | 'MODIFIED' | 'DELETED', raw: KubeObject): void {
    const delivery = new Delivery(this.#onChange);
    this.#see(raw.metadata.resourceVersion);
    if (type === 'DELETED') this.#end(raw, delivery);
    else delivery.attempt(() => this.#put({ metadata: raw.metadata, project: () => this.#project(raw) }, delivery));
    delivery.run();
  }

  #put(raw: Reduced<T>, delivery: Delivery<T>, isRestored = false): void {
    const key = keyOf(raw);
    if (this.#isBuried(key, raw)) return;
    const stored = this.#objects.get(key);
    if (stored === undefined) {
      const object = raw.project();
      this.#objects.set(key, object);
      delivery.add({ type: 'added', object });
      return;
    }
    if (!isRestored && isOlderOrEqual(raw.metadata.resourceVersion, stored.metadata.resourceVersion)) return;
    const object = raw.project();
    if (stored.metadata.uid === raw.metadata.uid) {
      delivery.add({ type: 'modified', object, previous: stored });
    } else {
      this.#remove(key, stored, stored.metadata.resourceVersion, delivery);
      delivery.add({ type: 'added', object });
    }
    this.#objects.set(key, object);
  }

  #end(raw: KubeObject, delivery: Delivery<T>): void {
    const key = keyOf(raw);
    const stored = this.#objects.get(key);
    const { uid, resourceVersion } = raw.metadata;
    if (stored !== undefined) {
      // A name belongs to one object at a time: if a later one was deleted, so was the stored one.
      if (stored.metadata.uid !== uid && !isNewer(resourceVersion, stored.metadata.resourceVersion)) return;
      this.#remove(key, stored, resourceVersion, delivery);
    }
    this.#bury(key, { uid, kind: 'deleted', resourceVersion });
  }

  #remove(key: string, stored: T, resourceVersion: string, delivery: Delivery<T>): void {
    this.#objects.delete(key);
    this.#bury(key, { uid: stored.metadata.uid, kind: 'deleted', resourceVersion });
    delivery.add({ type: 'deleted', object: stored });
  }

  #bury(key: string, grave: Grave): void {
    const other = this.#graves.get(key);
    if (other !== undefined && other.uid !== grave.uid && isNewer(other.resourceVersion, grave.resourceVersion)) return;
    // Deleting first moves the key to the end, where the newest entries are.
    this.#graves.delete(key);
    this.#graves.set(key, grave);
    if (this.#graves.size <= mostGraves) return;
    for (const oldest of this.#graves.keys()) {
      this.#graves.delete(oldest);
      return;
    }
  }

  /** A uid is never reused. An object that the operator deleted counts as existing only while it has a deletionTimestamp. */
  #isBuried(key: string, { metadata }: Pick<Reduced<T>, 'metadata'>): boolean {
    const grave = this.#graves.get(key);
    if (grave === undefined) return false;
    if (isOlderOrEqual(metadata.resourceVersion, grave.resourceVersion)) return true;
    if (grave.uid !== metadata.uid) return false;
    return grave.kind === 'deleted' || metadata.deletionTimestamp === undefined;
  }

  #see(resourceVersion: string): void {
    if (isNewer(resourceVersion, this.#seen)) this.#seen = resourceVersion;
  }
}

/** Changes to deliver to the handler: only once the store is consistent, and all of them even if the handler throws. */
class Delivery<T> {
  readonly #onChange: (change: Change<T>) => void;
  readonly #changes: Change<T>[] = [];
  readonly #errors: unknown[] = [];

  constructor(onChange: (change: Change<T>) => void) {
    this.#onChange = onChange;
  }

  add(change: Change<T>): void {
    this.#changes.push(change);
  }

  attempt(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#errors.push(error);
    }
  }

  run(): void {
    for (const change of this.#changes) this.attempt(() => this.#onChange(change));
    if (this.#errors.length === 1) throw this.#errors[0];
    if (this.#errors.length > 0) throw new AggregateError(this.#errors, 'several changes could not be handled');
  }
}

function objectKey(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}

function keyOf(raw: Pick<Reduced<unknown>, 'metadata'>): string {
  // Cluster-scoped objects have no namespace, although the type requires one.
  return objectKey(raw.metadata.namespace ?? '', raw.metadata.name);
}

function isNewer(a: string, b: string): boolean {
  const order = compareResourceVersions(a, b);
  return order !== undefined && order > 0;
}

function isOlderOrEqual(a: string, b: string): boolean {
  const order = compareResourceVersions(a, b);
  return order !== undefined && order <= 0;
}
