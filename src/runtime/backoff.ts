// How long a failing key waits before its next retry. It only remembers waits and must never keep a key that succeeded.
import type { Random } from '../api/clock.ts';

/** Exponential back-off per key: each failure doubles the wait; `forget` resets it to the base. */
export class Backoff {
  readonly #base: number;
  readonly #maximum: number;
  readonly #random: Random;
  readonly #waits = new Map<string, number>();

  constructor(options: {
    readonly baseMilliseconds: number;
    readonly maximumMilliseconds: number;
    readonly random: Random;
  }) {
    this.#base = options.baseMilliseconds;
    this.#maximum = options.maximumMilliseconds;
    this.#random = options.random;
  }

  /**
   * Counts one more failure of `key` and returns its wait in milliseconds: between half and all of the full wait, so that keys that
   * failed together are not retried together. The full wait is twice that of the failure before, and at most the maximum.
   * @param isEarly the wait before had not passed when the key ran and failed: it begins again, and does not grow
   * @param atLeastMilliseconds what the failure itself requires: the first wait is not shorter than this, and none is
   */
  next(key: string, atLeastMilliseconds = 0, isEarly = false): number {
    const before = this.#waits.get(key);
    const grown = before === undefined ? this.#base : isEarly ? before : 2 * before;
    const full = Math.min(this.#maximum, Math.max(grown, atLeastMilliseconds));
    this.#waits.set(key, full);
    return Math.max(atLeastMilliseconds, full / 2 + (full / 2) * this.#random());
  }

  /** For a key that succeeded or no longer exists: its next failure waits for the base again. */
  forget(key: string): void {
    this.#waits.delete(key);
  }
}
