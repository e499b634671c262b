// Schedules the periodic reads of an addon's Secrets: they are not watched, so that the operator needs no permission to list them. The
// times are spread, so that a restart does not read every Secret at once.
import type { Clock, Random } from '../api/clock.ts';
import type { Key } from './key.ts';

export class Resync {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #due = new Map<Key, number>();

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Whether the addon's Secrets are due. Never true before a call of remaining() or markDue(). */
  isDue(key: Key): boolean {
    const due = this.#due.get(key);
    return due !== undefined && due <= this.#clock.monotonic();
  }

  /**
   * Milliseconds until the addon is due, 0 when it is. A new addon gets a random time within the interval.
   * @param interval milliseconds between two reads
   */
  remaining(key: Key, interval: number): number {
    let due = this.#due.get(key);
    // The interval may have become shorter.
    if (due === undefined || due > this.#clock.monotonic() + 1.1 * interval) {
      due = this.#clock.monotonic() + this.#random() * interval;
      this.#due.set(key, due);
    }
    return Math.max(0, due - this.#clock.monotonic());
  }

  /** What was known of the addon's Secret was wrong: it is due now. */
  markDue(key: Key): void {
    this.#due.set(key, this.#clock.monotonic());
  }

  /**
   * The check-up was made, or the Secrets were read or written for another reason.
   * @param interval milliseconds between two reads
   */
  done(key: Key, interval: number): void {
    this.#due.set(key, this.#clock.monotonic() + interval * (0.9 + 0.2 * this.#random()));
  }

  /** The addon no longer exists. */
  forget(key: Key): void {
    this.#due.delete(key);
  }
}
