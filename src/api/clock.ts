// The interfaces to time and randomness, so that tests can control both. Nothing else is permitted to read a clock or draw a random number.

export interface Clock {
  /** Wall-clock time in milliseconds since the epoch: for timestamps, never for durations. */
  now(): number;
  /** Monotonic time in milliseconds: for durations and deadlines. */
  monotonic(): number;
  /** Calls `callback` once after `milliseconds`. The returned function cancels it. */
  after(milliseconds: number, callback: () => void): () => void;
}

/** A number in [0, 1). */
export type Random = () => number;

/** Resolves after `milliseconds`, or at once when `signal` aborts. The caller checks the signal to know which. */
export function pause(clock: Clock, milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve();
    const finish = (): void => {
      cancel();
      signal?.removeEventListener('abort', finish);
      resolve();
    };
    const cancel = clock.after(milliseconds, finish);
    signal?.addEventListener('abort', finish);
  });
}
