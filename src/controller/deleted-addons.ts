// Remembers deleted addons while their Cluster may still have to be marked for adoption: with --cascade=orphan an addon can be removed
// before the operator has marked its Cluster, and its ready_at is recorded nowhere else.
import type { PostgresAddon } from '../api/addon.ts';
import type { Cluster } from '../api/cnpg.ts';
import { namesOf } from '../domain/child-names.ts';
import { leftoverOf } from '../domain/ownership/release.ts';
import type { Cache } from './cache.ts';
import { type Key, keyOf } from './key.ts';

// A replica that is not the leader collects them without processing them. This limits their number, at a few kilobytes each.
const most = 1024;

export class DeletedAddons {
  readonly #clusters: Pick<Cache<Cluster>, 'get'>;
  readonly #addons = new Map<Key, readonly PostgresAddon[]>();

  constructor(clusters: Pick<Cache<Cluster>, 'get'>) {
    this.#clusters = clusters;
  }

  /** An addon was deleted. */
  add(addon: PostgresAddon): void {
    const key = keyOf(addon.metadata.namespace, addon.metadata.name);
    this.#addons.set(key, [...this.#undecided(key), addon]);
    if (this.#addons.size <= most) return;
    for (const oldest of this.#addons.keys()) {
      this.#addons.delete(oldest);
      return;
    }
  }

  /** A deleted addon with this key whose Cluster stayed without an owner reference and without a mark. */
  next(key: Key): PostgresAddon | undefined {
    const undecided = this.#undecided(key);
    this.#keep(key, undecided);
    return undecided.find((addon) => leftoverOf(addon, this.#clusterOf(addon)) === 'unmarked');
  }

  /** The addon was processed, whether or not its Cluster could be marked. */
  forget({ metadata }: PostgresAddon): void {
    const key = keyOf(metadata.namespace, metadata.name);
    const others = (this.#addons.get(key) ?? []).filter((addon) => addon.metadata.uid !== metadata.uid);
    this.#keep(key, others);
  }

  #keep(key: Key, addons: readonly PostgresAddon[]): void {
    if (addons.length === 0) this.#addons.delete(key);
    else this.#addons.set(key, addons);
  }

  #undecided(key: Key): readonly PostgresAddon[] {
    const addons = this.#addons.get(key) ?? [];
    return addons.filter((addon) => leftoverOf(addon, this.#clusterOf(addon)) !== 'nothing');
  }

  #clusterOf(addon: PostgresAddon): Cluster | undefined {
    return this.#clusters.get(addon.metadata.namespace, namesOf(addon).cluster);
  }
}
