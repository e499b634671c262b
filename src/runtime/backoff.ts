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
   * @param atLeastMilliseconds what the failure itself requires: the first wait is not shorter than this, and none is
   */
  next(key: string, atLeastMilliseconds = 0): number {
    const doubled = 2 * (this.#waits.get(key) ?? this.#base / 2);
    const full = Math.min(this.#maximum, Math.max(doubled, atLeastMilliseconds));
    this.#waits.set(key, full);
    return Math.max(atLeastMilliseconds, full / 2 + (full / 2) * this.#random());
  }

  /** For a key that succeeded or no longer exists: its next failure waits for the base again. */
  forget(key: string): void {
    this.#waits.delete(key);
  }
}
