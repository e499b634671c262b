// A bounded number of turns, given in the order in which they were asked for.

export class Slots {
  #free: number;
  readonly #waiting = new Set<(release: () => void) => void>();

  constructor(count: number) {
    this.#free = count;
  }

  /** @returns how to give the turn back, once; undefined when the signal aborts before there is one */
  async take(signal: AbortSignal): Promise<(() => void) | undefined> {
    if (signal.aborted) return undefined;
    if (this.#free > 0) {
      this.#free -= 1;
      return this.#release;
    }
    const { promise, resolve } = Promise.withResolvers<(() => void) | undefined>();
    // Out of the line at once in either case: a turn that is given to somebody who left is lost.
    const settle = (turn: (() => void) | undefined): void => {
      this.#waiting.delete(settle);
      signal.removeEventListener('abort', giveUp);
      resolve(turn);
    };
    const giveUp = (): void => settle(undefined);
    this.#waiting.add(settle);
    signal.addEventListener('abort', giveUp);
    return await promise;
  }

  readonly #release = (): void => {
    const [next] = this.#waiting;
    if (next === undefined) this.#free += 1;
    else next(this.#release);
  };
}
