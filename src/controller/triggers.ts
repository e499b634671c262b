// From a change that a watch saw to the addon that has to be looked at; keys only, never what was seen.
import { addonGvr, labels, type PostgresAddon } from '../api/addon.ts';
import type { KubeObject } from '../api/kubernetes.ts';
import { namesOf } from '../domain/target.ts';
import type { Change } from '../kube/store.ts';
import { type Key, keyOf } from './key.ts';

export class Triggers {
  readonly #enqueue: (key: Key) => void;
  /** Which addon wants a Cluster of that name: a foreign one carries no sign of it, and its end must be noticed too. */
  readonly #claims = new Map<string, Key>();

  constructor(enqueue: (key: Key) => void) {
    this.#enqueue = enqueue;
  }

  addonChanged({ type, object }: Change<PostgresAddon>): void {
    const { namespace, name } = object.metadata;
    const key = keyOf(namespace, name);
    const claim = keyOf(namespace, namesOf(object).cluster);
    if (type !== 'deleted') this.#claims.set(claim, key);
    else if (this.#claims.get(claim) === key) this.#claims.delete(claim);
    this.#enqueue(key);
  }

  /** @param clusterName the name of the Cluster that the child is, or belongs to */
  childChanged(child: KubeObject, clusterName: string): void {
    const { namespace, ownerReferences, labels: own } = child.metadata;
    const controller = ownerReferences?.find((reference) => reference.controller === true);
    const owner = controller?.kind === addonGvr.kind ? controller.name : own?.[labels.name];
    if (owner !== undefined) this.#enqueue(keyOf(namespace, owner));
    const claimant = this.#claims.get(keyOf(namespace, clusterName));
    if (claimant !== undefined && claimant !== keyOf(namespace, owner ?? '')) this.#enqueue(claimant);
  }
}
