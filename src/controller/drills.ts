// Counts the restore drills that run at once, of all addons. A place is taken before the status is written that says so: two reconciles at once
// cannot both take the last one.
import type { PostgresAddon } from '../api/addon.ts';
import type { Clock } from '../api/clock.ts';
import { millisecondsOf } from '../api/time.ts';
import { drillingSince } from '../domain/drill/record.ts';
import { type Key, keyOf } from './key.ts';

/** After this time, a drill does not count: it can be one of an addon that is invalid, and stay for ever. Milliseconds. */
const longest = 13 * 3_600_000;

export class Drills {
  readonly #most: number;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #enqueue: (key: Key) => void;
  /** As the statuses of the addons tell: since when. Wall-clock time in milliseconds. */
  readonly #running = new Map<Key, number>();
  /** By reconciles that have not ended. */
  readonly #taken = new Set<Key>();
  /** Addons that found no room. */
  readonly #waiting = new Set<Key>();

  /**
   * @param most how many may run at once
   * @param enqueue called with the key of an addon once there may be room for its drill
   */
  constructor(most: number, clock: Pick<Clock, 'now'>, enqueue: (key: Key) => void) {
    this.#most = most;
    this.#clock = clock;
    this.#enqueue = enqueue;
  }

  /** Notes an addon as it is now, or that it is gone. */
  note(is: 'there' | 'deleted', addon: PostgresAddon): void {
    const key = keyOf(addon.metadata.namespace, addon.metadata.name);
    const since = millisecondsOf(is === 'there' ? drillingSince(addon) : undefined);
    if (since !== undefined) this.#running.set(key, since);
    else if (this.#running.delete(key)) this.#wake();
    if (is === 'deleted') this.#waiting.delete(key);
  }

  /** Takes a place for the drill of an addon until `settle`. @returns whether there is one */
  take(key: Key): boolean {
    const now = this.#clock.now();
    const running = [...this.#running].filter(([, since]) => now - since < longest).map(([one]) => one);
    const isFull = new Set([...running, ...this.#taken]).size >= this.#most;
    if (isFull) this.#waiting.add(key);
    else this.#taken.add(key);
    return !isFull;
  }

  /** A reconcile has ended: from now on, the status of the addon tells whether its drill has a place. */
  settle(key: Key): void {
    if (this.#taken.delete(key) && !this.#running.has(key)) this.#wake();
  }

  #wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const key of waiting) this.#enqueue(key);
  }
}
