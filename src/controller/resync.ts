// When an addon's Secrets are due for a look although nothing announced a change: they are not watched, so that the operator
// needs no right to list them. Times are spread, so that a restart does not read every Secret at once.
import type { Clock, Random } from '../api/clock.ts';
import type { Key } from './key.ts';

export class Resync {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #interval: number;
  readonly #due = new Map<Key, number>();

  /** @param intervalMilliseconds time between two looks at one addon */
  constructor(clock: Clock, random: Random, intervalMilliseconds: number) {
    this.#clock = clock;
    this.#random = random;
    this.#interval = intervalMilliseconds;
  }

  /** Whether the addon's Secrets are to be looked at now; never before somebody asked for its time or doubted it. */
  isDue(key: Key): boolean {
    const due = this.#due.get(key);
    return due !== undefined && due <= this.#clock.monotonic();
  }

  /** Milliseconds until the addon is due, 0 when it is. A new addon gets its place at random within the interval. */
  remaining(key: Key): number {
    let due = this.#due.get(key);
    if (due === undefined) {
      due = this.#clock.monotonic() + this.#random() * this.#interval;
      this.#due.set(key, due);
    }
    return Math.max(0, due - this.#clock.monotonic());
  }

  /** What was known of the addon's Secret proved wrong: it is due now. */
  markDue(key: Key): void {
    this.#due.set(key, this.#clock.monotonic());
  }

  /** The Secrets were looked at. */
  done(key: Key): void {
    this.#due.set(key, this.#clock.monotonic() + this.#interval * (0.9 + 0.2 * this.#random()));
  }

  /** The addon is gone. */
  forget(key: Key): void {
    this.#due.delete(key);
  }
}
