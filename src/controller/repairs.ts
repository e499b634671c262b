// Counts how often the operator has written to the same child, so that a client that sets a field again and again does not lead to a write,
// and perhaps a restart of PostgreSQL, each time.
import type { Clock } from '../api/clock.ts';
import type { Role } from '../domain/children.ts';
import type { Key } from './key.ts';

/** Writes without a pause between them: those of a change of the spec that takes several, and of a few edits by hand. */
const free = 4;
const firstWait = 20_000;
const longestWait = 600_000;
/** After this time without a write, counting begins anew. Milliseconds. */
const forgottenAfter = 1_200_000;

interface Count {
  /** Of the addon: what its user asks for is never held back by what was repaired before. */
  readonly generation: number | undefined;
  readonly writes: number;
  /** Monotonic milliseconds. */
  readonly last: number;
}

export class Repairs {
  readonly #clock: Clock;
  readonly #counts = new Map<Key, Map<Role, Count>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A write to an existing child succeeded. @param generation of the addon */
  wrote(key: Key, role: Role, generation: number | undefined): void {
    const now = this.#clock.monotonic();
    const counts = this.#counts.get(key) ?? new Map<Role, Count>();
    const before = counts.get(role) ?? { generation, writes: 0, last: now };
    const goesOn = before.generation === generation && now - before.last <= forgottenAfter;
    counts.set(role, { generation, writes: goesOn ? before.writes + 1 : 1, last: now });
    this.#counts.set(key, counts);
  }

  /** Milliseconds until a child may be repaired, for those that were repaired often for the same generation of the addon. */
  waits(key: Key, generation: number | undefined): { readonly [R in Role]?: number } {
    const counts = this.#counts.get(key);
    if (counts === undefined) return {};
    const now = this.#clock.monotonic();
    const waits = [...counts].flatMap(([role, { writes, last, ...count }]) => {
      if (count.generation !== generation) return [];
      const wait = writes < free ? 0 : Math.min(longestWait, firstWait * 2 ** (writes - free)) - (now - last);
      return wait > 0 ? [[role, wait] as const] : [];
    });
    return Object.fromEntries(waits);
  }

  /** The addon no longer exists. */
  forget(key: Key): void {
    this.#counts.delete(key);
  }
}
