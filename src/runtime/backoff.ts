// How long a failing key waits before its next try: it only counts failures and must never hold a key that succeeded.
import type { Random } from '../api/clock.ts';

/** Exponential back-off per key: each failure doubles the wait, `forget` starts again at the base. */
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
   * min(maximum, base * 2^failures), so that keys that failed together do not come back together.
   */
  next(key: string): number {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    const full = Math.min(this.#maximum, this.#base * 2 ** failures);
    return full / 2 + (full / 2) * this.#random();
  }

  /** The key succeeded, or is gone: its next failure waits the base again. */
  forget(key: string): void {
    this.#failures.delete(key);
  }
}
