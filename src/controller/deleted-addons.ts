// Addons that are gone, as they were seen last, for as long as their Cluster may have to be marked: --cascade=orphan lets the collector
// be done before the operator has looked, and ready_at is written nowhere else.
import type { PostgresAddon } from '../api/addon.ts';
import type { Cluster } from '../api/cnpg.ts';
import { leftoverOf } from '../domain/ownership/release.ts';
import { namesOf } from '../domain/target.ts';
import type { Cache } from './cache.ts';

import { type Key, keyOf } from './key.ts';

// What a replica that does not lead hears of is looked at only when it leads; this bounds it, at some kilobytes each.
const most = 1024;

export class DeletedAddons {
  readonly #clusters: Pick<Cache<Cluster>, 'get'>;
  readonly #addons = new Map<Key, readonly PostgresAddon[]>();

  constructor(clusters: Pick<Cache<Cluster>, 'get'>) {
    this.#clusters = clusters;
  }

  /** An addon is gone. */
  add(addon: PostgresAddon): void {
    const key = keyOf(addon.metadata.namespace, addon.metadata.name);
    this.#addons.set(key, [...this.#undecided(key), addon]);
    if (this.#addons.size <= most) return;
    for (const oldest of this.#addons.keys()) {
      this.#addons.delete(oldest);
      return;
    }
  }

  /** One that bore this name and left its Cluster behind without an owner and without marks. */
  next(key: Key): PostgresAddon | undefined {
    const undecided = this.#undecided(key);
    if (undecided.length === 0) this.#addons.delete(key);
    else this.#addons.set(key, undecided);
    return undecided.find((addon) => leftoverOf(addon, this.#clusterOf(addon)) === 'unmarked');
  }

  /** It was looked after, as well as it could be. */
  forget({ metadata }: PostgresAddon): void {
    const key = keyOf(metadata.namespace, metadata.name);
    const others = (this.#addons.get(key) ?? []).filter((addon) => addon.metadata.uid !== metadata.uid);
    if (others.length === 0) this.#addons.delete(key);
    else this.#addons.set(key, others);
  }

  #undecided(key: Key): readonly PostgresAddon[] {
    const addons = this.#addons.get(key) ?? [];
    return addons.filter((addon) => leftoverOf(addon, this.#clusterOf(addon)) !== 'nothing');
  }

  #clusterOf(addon: PostgresAddon): Cluster | undefined {
    return this.#clusters.get(addon.metadata.namespace, namesOf(addon).cluster);
  }
}
