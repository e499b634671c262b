// The caches and reflectors of the watched resources, in each watched namespace or in all, and whether the API server serves them.
import type { PostgresAddon } from '../api/addon.ts';
import type { Clock, Random } from '../api/clock.ts';
import type { Gvr, KubeObject } from '../api/kubernetes.ts';
import { type ObjectOf, resources, type WatchedResource, watchedResources } from '../api/resources.ts';
import { Store } from '../kube/store.ts';
import type { Transport } from '../kube/transport.ts';
import { Reflector, type ReflectorStatus } from '../kube/watch.ts';
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
  readonly onStatus: (kind: string, namespace: string | undefined, status: ReflectorStatus) => void;
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

  /** Why decisions cannot be made yet; undefined once every cache that can be filled is filled. */
  notReady(): string | undefined {
    for (const [namespace, scope] of this.#scopes) {
      for (const name of watchedResources) {
        const { synced, failure } = scope[name].reflector.status;
        // Without addons there is nothing to do, but without CNPG the addons can report that.
        const isReportable = name !== 'addons' && (failure?.code === 404 || failure?.code === 403);
        if (synced || isReportable) continue;
        const where = namespace === undefined ? '' : ` in namespace ${namespace}`;
        return `${name}${where}: ${failure === undefined ? 'not listed yet' : failure.message}`;
      }
    }
    return undefined;
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

  /** Something changed that concerns all: CNPG was installed or removed, a permission granted or revoked, a CRD replaced. The status of every addon can change. */
  enqueueAll(): void {
    for (const { metadata } of this.everyAddon()) this.#options.enqueue(keyOf(metadata.namespace, metadata.name));
  }

  #watch<N extends WatchedResource>(name: N, namespace: string | undefined): Watched<ObjectOf<N>> {
    const { transport, clock, random, triggers, onError, onStatus, observe } = this.#options;
    const { gvr, project } = rows[name];
    const store = new Store<ObjectOf<N>>(project, triggers.on[name].changed);
    let before: Availability | undefined;
    const reflector = new Reflector({
      transport,
      gvr,
      ...(namespace === undefined ? {} : { namespace }),
      store,
      clock,
      random,
      onError,
      observe: (event) => observe(gvr.kind, event),
      onStatus: (status) => {
        onStatus(gvr.kind, namespace, status);
        const now = availabilityOf(status);
        if (before !== undefined && before !== now) this.enqueueAll();
        before = now;
      },
    });
    return { store, reflector };
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

function availabilityOf(status: ReflectorStatus | undefined): Availability {
  switch (status?.failure?.code) {
    case 404:
      return 'missing';
    case 403:
      return 'forbidden';
    default:
      return 'served';
  }
}
