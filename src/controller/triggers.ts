// Maps a change reported by a watch to the keys of the addons that have to be reconciled.
import { addonGvr, labels, type PostgresAddon } from '../api/addon.ts';
import type { KubeObject } from '../api/kubernetes.ts';
import type { ObjectOf, WatchedResource } from '../api/resources.ts';
import { namesOf } from '../domain/child-names.ts';
import { clusterOfDatabaseRole, clusterOfObjectStore, clusterOfScheduledBackup } from '../domain/names.ts';
import { reasonOf } from '../domain/recorded.ts';
import type { Change } from '../kube/store.ts';
import type { Drills } from './drills.ts';
import { type Key, keyOf, splitKey } from './key.ts';
import { SameApp } from './same-app.ts';

/** The handlers of a resource. */
interface Trigger<T> {
  /** Called with every change from the watch. */
  readonly changed: (change: Change<T>) => void;
  /** Called after our own writes, for a resource whose changes concern other addons too. */
  readonly written?: (raw: KubeObject) => void;
}

export class Triggers {
  /** For each watched resource, which addons a change of it concerns. */
  readonly on: { readonly [N in WatchedResource]: Trigger<ObjectOf<N>> } = {
    addons: {
      changed: (change) => {
        if (change.type === 'deleted') this.#deletedAddons(change.object);
        this.addonChanged(change);
      },
      // The watch does not report our own writes of a status as changes.
      written: (raw) => {
        this.#followSource('there', raw as PostgresAddon);
        this.#sourceChanged(raw);
        this.#appsChanged('there', raw as PostgresAddon);
        this.#drills.note('there', raw as PostgresAddon);
      },
    },
    clusters: {
      changed: ({ object }) => this.childChanged(object, object.metadata.name),
      written: (raw) => this.clusterWritten(raw),
    },
    objectStores: { changed: ({ object }) => this.childChanged(object, clusterOfObjectStore(object.metadata.name)) },
    databaseRoles: { changed: ({ object }) => this.childChanged(object, clusterOfDatabaseRole(object.metadata.name)) },
    scheduledBackups: {
      changed: ({ object }) => this.childChanged(object, clusterOfScheduledBackup(object.metadata.name)),
    },
  };
  /** The addons with the same app, as far as the watch and own writes tell. */
  readonly sameApp = new SameApp();
  readonly #enqueue: (key: Key) => void;
  readonly #deletedAddons: (addon: PostgresAddon) => void;
  readonly #drills: Pick<Drills, 'note'>;
  /** The addons that need a Cluster with this name: a foreign Cluster does not refer to them, but its deletion concerns them. */
  readonly #claims = new Map<string, readonly Key[]>();
  /** By addon, those whose databases are yet to be restored from its backups. */
  readonly #restores = new Map<Key, ReadonlySet<Key>>();

  /**
   * @param enqueue called with the key of an addon that has to be reconciled
   * @param deletedAddons called with a deleted addon, before its key is enqueued
   * @param drills is told of every addon as it is now
   */
  constructor(
    enqueue: (key: Key) => void,
    deletedAddons: (addon: PostgresAddon) => void,
    drills: Pick<Drills, 'note'>,
  ) {
    this.#enqueue = enqueue;
    this.#deletedAddons = deletedAddons;
    this.#drills = drills;
  }

  addonChanged({ type, object }: Change<PostgresAddon>): void {
    const { namespace, name } = object.metadata;
    const key = keyOf(namespace, name);
    const claim = keyOf(namespace, namesOf(object).cluster);
    const others = (this.#claims.get(claim) ?? []).filter((claimant) => claimant !== key);
    if (type !== 'deleted') this.#claims.set(claim, [...others, key]);
    else if (others.length > 0) this.#claims.set(claim, others);
    else this.#claims.delete(claim);
    this.#enqueue(key);
    this.#followSource(type === 'deleted' ? 'deleted' : 'there', object);
    this.#sourceChanged(object);
    this.#appsChanged(type === 'deleted' ? 'deleted' : 'there', object);
    this.#drills.note(type === 'deleted' ? 'deleted' : 'there', object);
    // The objects that it left behind are classified differently once it is deleted.
    if (type === 'deleted') for (const claimant of others) this.#enqueue(claimant);
  }

  /** Both the addons of the app that it had until now and those of the one that it has. */
  #appsChanged(is: 'deleted' | 'there', addon: PostgresAddon): void {
    this.sameApp.note(is, addon);
    for (const other of this.sameApp.others(addon)) this.#enqueue(other);
  }

  #sourceChanged({ metadata: { namespace, name } }: KubeObject): void {
    for (const waiting of this.#restores.get(keyOf(namespace, name)) ?? []) this.#enqueue(waiting);
  }

  #followSource(is: 'deleted' | 'there', addon: PostgresAddon): void {
    const { spec, status, metadata } = addon;
    const { addon: name, namespace = metadata.namespace } = spec.restore?.from ?? {};
    if (name === undefined) return;
    const key = keyOf(metadata.namespace, metadata.name);
    const source = keyOf(namespace, name);
    const waiting = new Set(this.#restores.get(source));
    const isWaiting = status?.restore === undefined || reasonOf(addon, 'Ready') === 'RestoreSourceMissing';
    if (is === 'there' && isWaiting) waiting.add(key);
    else waiting.delete(key);
    if (waiting.size > 0) this.#restores.set(source, waiting);
    else this.#restores.delete(source);
  }

  /** @param clusterName the name of the Cluster that the child is or belongs to */
  childChanged(child: KubeObject, clusterName: string): void {
    const { namespace, ownerReferences, labels: own } = child.metadata;
    const controller = ownerReferences?.find((reference) => reference.controller === true);
    const owner = controller?.kind === addonGvr.kind ? controller.name : own?.[labels.name];
    const owners = owner === undefined ? [] : [keyOf(namespace, owner)];
    const keys = new Set([...owners, ...(this.#claims.get(keyOf(namespace, clusterName)) ?? [])]);
    for (const key of keys) this.#enqueue(key);
  }

  /** Our own write to a Cluster is already in the cache, so the watch will not report it as a change: enqueue the other addons here. */
  clusterWritten({ metadata }: KubeObject): void {
    const { namespace, name } = metadata;
    const writtenFor = metadata.labels?.[labels.name];
    for (const claimant of this.#claims.get(keyOf(namespace, name)) ?? [])
      if (splitKey(claimant)[1] !== writtenFor) this.#enqueue(claimant);
  }
}
