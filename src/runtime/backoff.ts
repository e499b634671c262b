// How long a failing key waits before its next retry. It only counts failures and must never keep a key that succeeded.
import type { Random } from '../api/clock.ts';

/** Exponential back-off per key: each failure doubles the wait; `forget` resets it to the base. */
export class Backoff {
  readonly #base: number;
  readonly #maximum: number;
  readonly #random: Random;
  readonly #failures = new Map<string, number>();

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
   * Counts one more failure of `key` and returns its wait in milliseconds: between half and all of
   * min(maximum, base * 2^failures), so that keys that failed together are not retried together.
   */
  next(key: string): number {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    const full = Math.min(this.#maximum, this.#base * 2 ** failures);
    return full / 2 + (full / 2) * this.#random();
  }

  /** For a key that succeeded or no longer exists: its next failure waits for the base again. */
  forget(key: string): void {
    this.#failures.delete(key);
  }
}
