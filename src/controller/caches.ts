// The watched kinds of each watched namespace (or of all): caches, reflectors, and what they say of the API server.
import { addonGvr, type PostgresAddon, projectAddon } from '../api/addon.ts';
import type { Clock, Random } from '../api/clock.ts';
import {
  type Cluster,
  clusterGvr,
  projectCluster,
  projectScheduledBackup,
  type ScheduledBackup,
  scheduledBackupGvr,
} from '../api/cnpg.ts';
import type { Gvr, KubeObject } from '../api/kubernetes.ts';
import { clusterOfScheduledBackup } from '../domain/names.ts';
import type { Availability } from '../domain/observed.ts';
import { type Change, Store } from '../kube/store.ts';
import type { Transport } from '../kube/transport.ts';
import { Reflector, type ReflectorStatus } from '../kube/watch.ts';
import { Departed } from './deleted-addons.ts';
import { type Key, keyOf } from './key.ts';
import type { Triggers } from './triggers.ts';
import type { Cache } from './world.ts';

interface Watched<T extends KubeObject> {
  readonly store: Store<T>;
  readonly reflector: Reflector<T>;
}

interface Scope {
  readonly addons: Watched<PostgresAddon>;
  readonly clusters: Watched<Cluster>;
  readonly scheduledBackups: Watched<ScheduledBackup>;
}
type KindName = keyof Scope;

export interface CachesOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  /** Empty: all namespaces, in one watch a kind. */
  readonly namespaces: readonly string[];
  readonly triggers: Triggers;
  readonly enqueue: (key: Key) => void;
  readonly onError: (error: unknown) => void;
  readonly onStatus: (kind: string, namespace: string | undefined, status: ReflectorStatus) => void;
  readonly observe: (kind: string, event: 'list' | 'watch' | 'relist' | 'failure') => void;
}

export class Caches {
  readonly addons: Cache<PostgresAddon>;
  readonly clusters: Cache<Cluster>;
  readonly scheduledBackups: Cache<ScheduledBackup>;
  readonly departed: Departed;
  readonly #options: CachesOptions;
  readonly #scopes: ReadonlyMap<string | undefined, Scope>;

  constructor(options: CachesOptions) {
    this.#options = options;
    const { triggers } = options;
    const namespaces = options.namespaces.length === 0 ? [undefined] : options.namespaces;
    const scopeOf = (namespace: string | undefined): Scope => ({
      addons: this.#watch(addonGvr, namespace, projectAddon, (change) => {
        if (change.type === 'deleted') this.departed.add(change.object);
        triggers.addonChanged(change);
      }),
      clusters: this.#watch(clusterGvr, namespace, projectCluster, ({ object }) =>
        triggers.childChanged(object, object.metadata.name),
      ),
      scheduledBackups: this.#watch(scheduledBackupGvr, namespace, projectScheduledBackup, ({ object }) =>
        triggers.childChanged(object, clusterOfScheduledBackup(object.metadata.name)),
      ),
    });
    this.#scopes = new Map(namespaces.map((namespace) => [namespace, scopeOf(namespace)]));
    this.addons = this.#view('addons');
    const clusters = this.#view('clusters');
    this.clusters = {
      ...clusters,
      record: (raw) => {
        clusters.record(raw);
        triggers.clusterWritten(raw);
      },
    };
    this.scheduledBackups = this.#view('scheduledBackups');
    this.departed = new Departed(this.clusters);
  }

  start(): void {
    for (const { reflector } of this.#all()) reflector.start();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#all().map(({ reflector }) => reflector.stop()));
  }

  /** What a watch of a kind says: served, or why there is nothing to see. */
  availability(namespace: string): { readonly clusters: Availability; readonly scheduledBackups: Availability } {
    const scope = this.#scope(namespace);
    return {
      clusters: availabilityOf(scope?.clusters.reflector.status),
      scheduledBackups: availabilityOf(scope?.scheduledBackups.reflector.status),
    };
  }

  /** Why decisions cannot be made yet; undefined once all is known that can be known. */
  notReady(): string | undefined {
    for (const [namespace, scope] of this.#scopes) {
      for (const [kind, { reflector }] of Object.entries(scope) as [KindName, Watched<KubeObject>][]) {
        const { synced, failure } = reflector.status;
        // Without addons there is nothing to do; without CNPG there is something to say.
        const telling = kind !== 'addons' && (failure?.code === 404 || failure?.code === 403);
        if (synced || telling) continue;
        const where = namespace === undefined ? '' : ` in namespace ${namespace}`;
        return `${kind}${where}: ${failure === undefined ? 'not listed yet' : failure.message}`;
      }
    }
    return undefined;
  }

  /** Every addon that is known. */
  *everyAddon(): IterableIterator<PostgresAddon> {
    for (const { addons } of this.#scopes.values()) yield* addons.store.values();
  }

  /** Number of cached objects by kind. */
  sizes(): Readonly<Record<KindName, number>> {
    const sizes = { addons: 0, clusters: 0, scheduledBackups: 0 };
    for (const scope of this.#scopes.values()) {
      for (const kind of Object.keys(sizes) as KindName[]) sizes[kind] += scope[kind].store.size;
    }
    return sizes;
  }

  #watch<T extends KubeObject>(
    gvr: Gvr,
    namespace: string | undefined,
    project: (raw: KubeObject) => T,
    onChange: (change: Change<T>) => void,
  ): Watched<T> {
    const { transport, clock, random, onError, onStatus, observe } = this.#options;
    const store = new Store(project, onChange);
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
        if (before !== undefined && before !== now) this.#reconsiderAll();
        before = now;
      },
    });
    return { store, reflector };
  }

  /** CNPG came or went, or a right did: every addon may have something else to say. */
  #reconsiderAll(): void {
    for (const { metadata } of this.everyAddon()) this.#options.enqueue(keyOf(metadata.namespace, metadata.name));
  }

  #scope(namespace: string): Scope | undefined {
    return this.#scopes.get(namespace) ?? this.#scopes.get(undefined);
  }

  #all(): readonly Watched<KubeObject>[] {
    return [...this.#scopes.values()].flatMap((scope) => Object.values(scope) as Watched<KubeObject>[]);
  }

  #view<K extends KindName>(kind: K): Cache<ReturnType<Scope[K]['store']['get']> & KubeObject> {
    type T = ReturnType<Scope[K]['store']['get']> & KubeObject;
    return {
      get: (namespace, name) => this.#scope(namespace)?.[kind].store.get(namespace, name) as T | undefined,
      record: (raw) => this.#scope(raw.metadata.namespace)?.[kind].store.record(raw),
      forget: (namespace, name, uid) => this.#scope(namespace)?.[kind].store.forget(namespace, name, uid),
    };
  }
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
