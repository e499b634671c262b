// A bounded number of slots, given out in the order of the requests.

export class Slots {
  #free: number;
  readonly #waiting = new Set<(release: () => void) => void>();

  constructor(count: number) {
    this.#free = count;
  }

  /** @returns a function that frees the slot, to be called once; undefined if the signal aborts before one is free */
  take(signal: AbortSignal): Promise<(() => void) | undefined> {
    // Not async: a caller that waited would hear of its slot some turns of the microtask queue after one that came later and found
    // one free.
    const { promise, resolve } = Promise.withResolvers<(() => void) | undefined>();
    if (signal.aborted) {
      resolve(undefined);
      return promise;
    }
    if (this.#free > 0) {
      this.#free -= 1;
      resolve(this.#release);
      return promise;
    }
    // Leave the queue at once in either case: a slot given to a caller that has left would be lost.
    const settle = (turn: (() => void) | undefined): void => {
      this.#waiting.delete(settle);
      signal.removeEventListener('abort', giveUp);
      resolve(turn);
    };
    const giveUp = (): void => settle(undefined);
    this.#waiting.add(settle);
    signal.addEventListener('abort', giveUp);
    return promise;
  }

  readonly #release = (): void => {
    const [next] = this.#waiting;
    if (next === undefined) this.#free += 1;
    else next(this.#release);
  };
}
