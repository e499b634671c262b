// Waiting for something to become true. It must never wait for time alone, and never fail without saying what it saw last.
import { setTimeout as pause } from 'node:timers/promises';
import { inspect } from 'node:util';

export interface Patience {
  readonly timeoutMilliseconds?: number;
  readonly everyMilliseconds?: number;
  /** Which failures of a look are not worth another one; they are thrown on as they are. Default: none. */
  readonly isFinal?: (error: unknown) => boolean;
}

/** Generous: a machine busy with other things must not fail a test. */
export const defaultTimeoutMilliseconds = 30_000;

/**
 * Looks until `look` returns without throwing.
 * @param what completes the sentence "waited in vain for ..."
 * @param look throws, for example by an expectation, to say that it is not so yet
 * @returns what `look` returned
 * @throws Error with the words of the last failed look, after the timeout (default 30 s)
 */
export async function eventually<T>(what: string, look: () => T | Promise<T>, patience: Patience = {}): Promise<T> {
  const { timeoutMilliseconds = defaultTimeoutMilliseconds, everyMilliseconds = 25 } = patience;
  const deadline = performance.now() + timeoutMilliseconds;
  for (;;) {
    try {
      return await look();
    } catch (error) {
      if (patience.isFinal?.(error) === true) throw error;
      if (performance.now() > deadline) throw inVain(what, timeoutMilliseconds, error);
    }
    await pause(everyMilliseconds);
  }
}

/** The error of a wait that came to nothing. @param last what was seen last: an error, a text or any value */
export function inVain(what: string, timeoutMilliseconds: number, last: unknown): Error {
  const words = last instanceof Error ? last.message : typeof last === 'string' ? last : inspect(last, { depth: 6 });
  return new Error(`waited ${timeoutMilliseconds / 1000} s in vain for ${what}; seen last: ${words.slice(0, 4000)}`);
}
