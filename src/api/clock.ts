// Where time and chance enter the program, so that tests can own both; nothing else may read a clock or draw a number.

export interface Clock {
  /** Wall-clock time in milliseconds since the epoch: for timestamps that people read, never for durations. */
  now(): number;
  /** Milliseconds that never jump back: for durations and deadlines. */
  monotonic(): number;
  /** Calls back once after `milliseconds`; the returned function cancels it. */
  after(milliseconds: number, callback: () => void): () => void;
}

/** A number in [0, 1). */
export type Random = () => number;

/** Resolves after `milliseconds`, or at once when `signal` aborts: the caller looks at the signal to know which. */
export function pause(clock: Clock, milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve();
    const finish = (): void => {
      cancel();
      signal?.removeEventListener('abort', finish);
      resolve();
    };
    const cancel = clock.after(milliseconds, finish);
    signal?.addEventListener('abort', finish, { once: true });
  });
}
