// From a change that a watch saw to the addon that has to be looked at; keys only, never what was seen.
import { addonGvr, labels, type PostgresAddon } from '../api/addon.ts';
import type { KubeObject } from '../api/kubernetes.ts';
import type { ObjectOf, WatchedResource } from '../api/resources.ts';
import { clusterOfScheduledBackup } from '../domain/names.ts';
import { namesOf } from '../domain/target.ts';
import type { Change } from '../kube/store.ts';
import { type Key, keyOf } from './key.ts';

/** What a resource sets in motion. */
interface Trigger<T> {
  /** Told what the watch brought. */
  readonly changed: (change: Change<T>) => void;
  /** Told of our own writes, for a resource of which others have to know at once. */
  readonly written?: (raw: KubeObject) => void;
}

export class Triggers {
  /** Each watched resource has to say here which addons a change of it concerns. */
  readonly on: { readonly [N in WatchedResource]: Trigger<ObjectOf<N>> } = {
    addons: {
      changed: (change) => {
        if (change.type === 'deleted') this.#deletedAddons(change.object);
        this.addonChanged(change);
      },
    },
    clusters: {
      changed: ({ object }) => this.childChanged(object, object.metadata.name),
      written: (raw) => this.clusterWritten(raw),
    },
    scheduledBackups: {
      changed: ({ object }) => this.childChanged(object, clusterOfScheduledBackup(object.metadata.name)),
    },
  };
  readonly #enqueue: (key: Key) => void;
  readonly #deletedAddons: (addon: PostgresAddon) => void;
  /** Which addons want a Cluster of that name: a foreign one carries no sign of them, and its end must be noticed too. */
  readonly #claims = new Map<string, readonly Key[]>();

  /**
   * @param enqueue told which addon has to be looked at
   * @param deletedAddons told of an addon that is gone, before it is to be looked at
   */
  constructor(enqueue: (key: Key) => void, deletedAddons: (addon: PostgresAddon) => void) {
    this.#enqueue = enqueue;
    this.#deletedAddons = deletedAddons;
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
    // What it left behind is another matter once it is gone.
    if (type === 'deleted') for (const claimant of others) this.#enqueue(claimant);
  }

  /** @param clusterName the name of the Cluster that the child is, or belongs to */
  childChanged(child: KubeObject, clusterName: string): void {
    const { namespace, ownerReferences, labels: own } = child.metadata;
    const controller = ownerReferences?.find((reference) => reference.controller === true);
    const owner = controller?.kind === addonGvr.kind ? controller.name : own?.[labels.name];
    const owners = owner === undefined ? [] : [keyOf(namespace, owner)];
    const keys = new Set([...owners, ...(this.#claims.get(keyOf(namespace, clusterName)) ?? [])]);
    for (const key of keys) this.#enqueue(key);
  }

  /** A write of ours to a Cluster, which its cache shows before the watch does: the watch has nothing to tell the others any more. */
  clusterWritten({ metadata }: KubeObject): void {
    const { namespace, name } = metadata;
    const writer = keyOf(namespace, metadata.labels?.[labels.name] ?? '');
    for (const claimant of this.#claims.get(keyOf(namespace, name)) ?? [])
      if (claimant !== writer) this.#enqueue(claimant);
  }
}
