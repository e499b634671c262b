// The caches and reflectors of the watched resources, in each watched namespace or in all, and whether the API server serves them. A
// cache that was never filled must not be taken for an empty one: in its namespace nothing is decided.
import type { PostgresAddon } from '../api/addon.ts';
import type { Clock, Random } from '../api/clock.ts';
import type { Gvr, KubeObject } from '../api/kubernetes.ts';
import { type ObjectOf, resources, type WatchedResource, watchedResources } from '../api/resources.ts';
import { Store } from '../kube/store.ts';
import type { Transport } from '../kube/transport.ts';
import { type Failure, Reflector, type ReflectorStatus } from '../kube/watch.ts';
import type { Cache } from './cache.ts';
import type { Availability, WatchedCaches } from './dependencies.ts';
import { type Key, keyOf } from './key.ts';
import type { Triggers } from './triggers.ts';

interface Watched<T extends KubeObject> {
  readonly store: Store<T>;
  readonly reflector: Reflector<T>;
}

/** Everything that is watched in one namespace or in all. */
type Scope = { readonly [N in WatchedResource]: Watched<ObjectOf<N>> };

/** The rows of the watched resources, each with its own type. */
const rows: { readonly [N in WatchedResource]: Row<ObjectOf<N>> } = resources;
interface Row<T> {
  readonly gvr: Gvr;
  readonly project: (raw: KubeObject) => T;
}

export interface CachesOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  /** Empty: all namespaces, with one watch for each kind. */
  readonly namespaces: readonly string[];
  readonly triggers: Triggers;
  readonly enqueue: (key: Key) => void;
  readonly onError: (error: unknown) => void;
  /** A list or a watch fails, otherwise than it did before. Its kind in this namespace; undefined for all namespaces. */
  readonly onFailure: (kind: string, namespace: string | undefined, failure: Failure) => void;
  /** The objects of a kind are so large that they are listed in pages of this many. */
  readonly onSmallerPages: (kind: string, namespace: string | undefined, size: number) => void;
  /** From now on, decisions can be made in this namespace. */
  readonly onSeen: (namespace: string | undefined) => void;
  readonly observe: (kind: string, event: 'list' | 'watch' | 'relist' | 'failure') => void;
}

export class Caches {
  /** The cache of each watched resource. */
  readonly of: WatchedCaches;
  readonly #options: CachesOptions;
  readonly #scopes: ReadonlyMap<string | undefined, Scope>;

  constructor(options: CachesOptions) {
    this.#options = options;
    const namespaces = options.namespaces.length === 0 ? [undefined] : options.namespaces;
    this.#scopes = new Map(
      namespaces.map((namespace) => [namespace, each((name) => this.#watch(name, namespace)) as Scope]),
    );
    this.of = each((name) => this.#view(name)) as WatchedCaches;
  }

  start(): void {
    for (const reflector of this.#reflectors()) reflector.start();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#reflectors().map((reflector) => reflector.stop()));
  }

  /** Whether each watched resource is served, and permitted to be watched. */
  availability(namespace: string): Readonly<Record<WatchedResource, Availability>> {
    const scope = this.#scope(namespace);
    return each((name) => availabilityOf(scope?.[name].reflector.status));
  }

  /** Whether decisions can be made in a namespace: every cache that can be filled is filled. Once true, it stays so. */
  sees(namespace: string): boolean {
    const scope = this.#scope(namespace);
    return scope !== undefined && unlisted(scope) === undefined;
  }

  /** The number of namespaces in which no decisions can be made; without a list of namespaces, all of them are one. */
  unseen(): number {
    return [...this.#scopes.values()].filter((scope) => unlisted(scope) !== undefined).length;
  }

  /**
   * Why there is nothing to work with yet. One namespace that cannot be listed does not count, since others have to be looked after, but
   * all of them do, and so does one whose first answer is awaited.
   */
  notReady(): string | undefined {
    const waiting = [...this.#scopes].flatMap(([namespace, scope]) => {
      const name = unlisted(scope);
      if (name === undefined) return [];
      const { failure } = scope[name].reflector.status;
      const where = namespace === undefined ? '' : ` in namespace ${namespace}`;
      return [{ failed: failure !== undefined, why: `${name}${where}: ${failure?.message ?? 'not listed yet'}` }];
    });
    const isEmpty = waiting.length === this.#scopes.size;
    return waiting.find(({ failed }) => isEmpty || !failed)?.why;
  }

  /** All cached addons. */
  *everyAddon(): IterableIterator<PostgresAddon> {
    for (const { addons } of this.#scopes.values()) yield* addons.store.values();
  }

  /** Number of cached objects by resource. */
  sizes(): Readonly<Record<WatchedResource, number>> {
    const scopes = [...this.#scopes.values()];
    return each((name) => scopes.reduce((sum, scope) => sum + scope[name].store.size, 0));
  }

  /**
   * Seconds since a list or a watch last said that the cache of a resource is up to date, in the namespace where that is longest ago.
   * Without the resources that were never listed.
   */
  unconfirmedSeconds(): Readonly<Partial<Record<WatchedResource, number>>> {
    const ages = each((name) =>
      Math.max(
        ...[...this.#scopes.values()].map((scope) => scope[name].reflector.unconfirmedFor ?? Number.NEGATIVE_INFINITY),
      ),
    );
    const listed = Object.entries(ages).filter(([, age]) => age >= 0);
    return Object.fromEntries(listed.map(([name, age]) => [name, age / 1000]));
  }

  #watch<N extends WatchedResource>(name: N, namespace: string | undefined): Watched<ObjectOf<N>> {
    const { transport, clock, random, triggers, onError, onSmallerPages, observe } = this.#options;
    const { gvr, project } = rows[name];
    const store = new Store<ObjectOf<N>>(project, triggers.on[name].changed);
    let before: ReflectorStatus = { synced: false };
    const reflector = new Reflector({
      transport,
      gvr,
      namespace,
      store,
      clock,
      random,
      onError,
      observe: (event) => observe(gvr.kind, event),
      onSmallerPages: (size) => onSmallerPages(gvr.kind, namespace, size),
      onStatus: (status) => {
        this.#changed(name, namespace, before, status);
        before = status;
      },
    });
    return { store, reflector };
  }

  /** Enqueues the addons whose status names an installation of the operator. */
  enqueueHeldBy(operator: string): void {
    for (const { metadata, status } of this.everyAddon())
      if (status?.operator === operator) this.#options.enqueue(keyOf(metadata.namespace, metadata.name));
  }

  /** Requests a reconcile of every addon: the operator could not write for a while, or the CRD was replaced. */
  enqueueAll(): void {
    for (const { metadata } of this.everyAddon()) this.#options.enqueue(keyOf(metadata.namespace, metadata.name));
  }

  #changed(name: WatchedResource, namespace: string | undefined, before: ReflectorStatus, now: ReflectorStatus): void {
    const { onFailure, onSeen, enqueue } = this.#options;
    if (now.failure !== undefined && now.failure.code !== before.failure?.code)
      onFailure(rows[name].gvr.kind, namespace, now.failure);
    const scope = this.#scopes.get(namespace);
    if (scope === undefined || unlisted(scope) !== undefined) return;
    const isNew = !isFilled(name, before);
    if (isNew) onSeen(namespace);
    // The namespace is seen at last, CNPG was installed or removed, or a permission was granted or revoked: any addon's status can change.
    if (isNew || availabilityOf(before) !== availabilityOf(now))
      for (const { metadata } of scope.addons.store.values()) enqueue(keyOf(metadata.namespace, metadata.name));
  }

  #scope(namespace: string): Scope | undefined {
    return this.#scopes.get(namespace) ?? this.#scopes.get(undefined);
  }

  #reflectors(): readonly Pick<Reflector<KubeObject>, 'start' | 'stop'>[] {
    return [...this.#scopes.values()].flatMap((scope) => watchedResources.map((name) => scope[name].reflector));
  }

  #view<N extends WatchedResource>(name: N): Cache<ObjectOf<N>> {
    const { written } = this.#options.triggers.on[name];
    const storeIn = (namespace: string): Store<ObjectOf<N>> | undefined => this.#scope(namespace)?.[name].store;
    return {
      get: (namespace, object) => storeIn(namespace)?.get(namespace, object),
      inNamespace: (namespace) =>
        [...(storeIn(namespace)?.values() ?? [])].filter(({ metadata }) => metadata.namespace === namespace),
      record: (raw) => {
        storeIn(raw.metadata.namespace)?.record(raw);
        written?.(raw);
      },
      forget: (namespace, object, uid) => storeIn(namespace)?.forget(namespace, object, uid),
    };
  }
}

/** A record with a value for each watched resource, in the order of the table. */
function each<T>(make: (name: WatchedResource) => T): Record<WatchedResource, T> {
  return Object.fromEntries(watchedResources.map((name) => [name, make(name)])) as Record<WatchedResource, T>;
}

/** The first resource of a scope whose cache could be filled but is not. */
function unlisted(scope: Scope): WatchedResource | undefined {
  return watchedResources.find((name) => !isFilled(name, scope[name].reflector.status));
}

/** Whether a cache says all that there is to say. Without addons there is nothing to do, but without CNPG the addons can report that. */
function isFilled(name: WatchedResource, { synced, absence }: ReflectorStatus): boolean {
  return synced || (name !== 'addons' && absence !== undefined);
}

function availabilityOf(status: ReflectorStatus | undefined): Availability {
  return status?.absence ?? 'served';
}
