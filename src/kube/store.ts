// The newest known state of every object of one kind; it must never go back to an older state of an object, nor revive a deleted one.
import type { KubeObject } from '../api/kubernetes.ts';
import { compareResourceVersions } from './resource-version.ts';

/** What a watch brought to light. A deletion shows the last state that was known. */
export interface Change<T> {
  readonly type: 'added' | 'modified' | 'deleted';
  readonly object: T;
  readonly previous?: T;
}

/** The end of an object: observed ('deleted'), or asked for by ourselves ('forgotten'), after which it may still linger with a deletionTimestamp. */
interface Grave {
  readonly uid: string;
  /** Whatever had the name up to this version is history, be it this object or an earlier one. */
  readonly resourceVersion: string;
  readonly kind: 'deleted' | 'forgotten';
}

// Late events follow a deletion within seconds; older graves protect against nothing.
const mostGraves = 4096;

/**
 * The cache of one kind, written by its reflector and by our own writes.
 *
 * `onChange` is called synchronously, once the store is in its new state. What it throws is thrown on to the caller after every
 * change was handed out (several as an AggregateError); the same holds for what `project` throws, whose object keeps its old state.
 */
export class Store<T extends KubeObject> {
  readonly #project: (raw: KubeObject) => T;
  readonly #onChange: (change: Change<T>) => void;
  readonly #objects = new Map<string, T>();
  readonly #graves = new Map<string, Grave>();
  /** How far the watch has come: everything up to here was seen. */
  #seen = '0';

  /**
   * @param project keeps of an object what the program reads; apiVersion, kind and metadata at least
   * @param onChange told what the watch brought; not told of own writes
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
   * Makes the answer of an own write visible, unless the watch has already shown something newer. At an equal version the answer tells
   * more: the API server answers the write that takes the last finalizer off with the version before it, and the object is gone.
   */
  record(raw: KubeObject): void {
    const key = keyOf(raw);
    if (this.#isBuried(key, raw)) return;
    const stored = this.#objects.get(key);
    const { resourceVersion } = raw.metadata;
    // An absent object at a version that the watch has passed was deleted meanwhile.
    const isPast =
      stored === undefined
        ? isOlderOrEqual(resourceVersion, this.#seen)
        : isNewer(stored.metadata.resourceVersion, resourceVersion);
    if (!isPast) this.#objects.set(key, this.#project(raw));
  }

  /** Takes an object away whose deletion we asked for and were granted. */
  forget(namespace: string, name: string, uid: string): void {
    const key = objectKey(namespace, name);
    const stored = this.#objects.get(key);
    const known = stored?.metadata.uid === uid;
    if (known) this.#objects.delete(key);
    this.#bury(key, { uid, kind: 'forgotten', resourceVersion: known ? stored.metadata.resourceVersion : '0' });
  }

  /** Takes over a whole list: what is missing was deleted, except what is newer than the list. */
  replace(list: readonly KubeObject[], listResourceVersion: string): void {
    const delivery = new Delivery(this.#onChange);
    const listed = new Set<string>();
    for (const raw of list) {
      listed.add(keyOf(raw));
      delivery.attempt(() => this.#put(raw, delivery));
    }
    for (const [key, stored] of this.#objects) {
      if (listed.has(key) || isNewer(stored.metadata.resourceVersion, listResourceVersion)) continue;
      this.#remove(key, stored, listResourceVersion, delivery);
    }
    this.#see(listResourceVersion);
    delivery.run();
  }

  /** Takes over one event of the watch, if it tells anything new. */
  event(type: 'ADDED' | 'MODIFIED' | 'DELETED', raw: KubeObject): void {
    const delivery = new Delivery(this.#onChange);
    this.#see(raw.metadata.resourceVersion);
    if (type === 'DELETED') this.#end(raw, delivery);
    else delivery.attempt(() => this.#put(raw, delivery));
    delivery.run();
  }

  #put(raw: KubeObject, delivery: Delivery<T>): void {
    const key = keyOf(raw);
    if (this.#isBuried(key, raw)) return;
    const stored = this.#objects.get(key);
    if (stored === undefined) {
      const object = this.#project(raw);
      this.#objects.set(key, object);
      delivery.add({ type: 'added', object });
      return;
    }
    if (isOlderOrEqual(raw.metadata.resourceVersion, stored.metadata.resourceVersion)) return;
    const object = this.#project(raw);
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
      // A name has one bearer at a time: when a later one is gone, so is the one we know.
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
    // Deleting first moves the key to the end, which is where the newest are.
    this.#graves.delete(key);
    this.#graves.set(key, grave);
    if (this.#graves.size <= mostGraves) return;
    for (const oldest of this.#graves.keys()) {
      this.#graves.delete(oldest);
      return;
    }
  }

  /** A uid lives once. One that we asked to delete counts as alive only when it shows that it is being deleted. */
  #isBuried(key: string, { metadata }: KubeObject): boolean {
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

/** Changes on their way to the handler: handed out only when the store is consistent, and all of them whatever the handler throws. */
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
    if (this.#errors.length > 1) throw new AggregateError(this.#errors, 'several changes could not be handled');
  }
}

function objectKey(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}

function keyOf(raw: KubeObject): string {
  // Objects of the whole cluster come without a namespace, whatever the type says.
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
