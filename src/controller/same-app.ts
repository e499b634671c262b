// Which addons of a namespace are promoted to the same app as an addon has, or the other way round: a Secret changes hands between them.
import type { PostgresAddon } from '../api/addon.ts';
import { appIdOf } from '../domain/ownership/owner.ts';
import { promotionsOf } from '../domain/promotion/claim.ts';
import { type Key, keyOf } from './key.ts';

export class SameApp {
  /** The addons of each app, except the one that has the name of its app, as most have. */
  readonly #owners = new Groups();
  /** The addons that are promoted to each app, want to be, or were. */
  readonly #promoted = new Groups();

  /** Notes the apps of an addon as it is now, or that it is gone. */
  note(is: 'there' | 'deleted', addon: PostgresAddon): void {
    const { namespace, name } = addon.metadata;
    const key = keyOf(namespace, name);
    const own = keyOf(namespace, appIdOf(addon));
    this.#owners.put(key, is === 'deleted' || own === key ? [] : [own]);
    this.#promoted.put(key, is === 'deleted' ? [] : promotedTo(addon));
  }

  /** The keys of the other addons that share an app with this one by a promotion. There may be none with such a key. */
  others(addon: PostgresAddon): readonly Key[] {
    const { namespace, name } = addon.metadata;
    const own = keyOf(namespace, appIdOf(addon));
    const promoted = [...this.#promoted.of(own)];
    const keys = [
      ...promoted,
      // Of two addons with one appId, only one can take the Secret back.
      ...(promoted.length === 0 ? [] : [own, ...this.#owners.of(own)]),
      ...promotedTo(addon).flatMap((app) => [app, ...this.#owners.of(app), ...this.#promoted.of(app)]),
    ];
    return [...new Set(keys)].filter((other) => other !== keyOf(namespace, name));
  }
}

/** The apps to which an addon is promoted, each as the key of the addon that has its name. */
function promotedTo(addon: PostgresAddon): readonly Key[] {
  return promotionsOf(addon).map((app) => keyOf(addon.metadata.namespace, app));
}

/** Keys by the groups that they are in. */
class Groups {
  readonly #members = new Map<string, ReadonlySet<Key>>();
  readonly #groups = new Map<Key, readonly string[]>();

  of(group: string): Iterable<Key> {
    return this.#members.get(group) ?? [];
  }

  put(key: Key, groups: readonly string[]): void {
    for (const group of this.#groups.get(key) ?? []) {
      const others = new Set(this.#members.get(group));
      others.delete(key);
      if (others.size > 0) this.#members.set(group, others);
      else this.#members.delete(group);
    }
    if (groups.length > 0) this.#groups.set(key, groups);
    else this.#groups.delete(key);
    for (const group of groups) this.#members.set(group, new Set([...this.of(group), key]));
  }
}
