// Waits for a condition. It must never wait for a fixed time, and never fail without reporting the last observation.
import { setTimeout as pause } from 'node:timers/promises';
import { inspect } from 'node:util';
import { SetupError } from '../toolchain/errors.ts';

export interface WaitOptions {
  readonly timeoutMilliseconds?: number;
  /** Time between two looks. */
  readonly everyMilliseconds?: number;
  /** Where to look when it does not come; added to the error. */
  readonly hint?: string;
  /** Ends the wait with its reason, because another step failed. */
  readonly signal?: AbortSignal | undefined;
  /** Which failures of a look are not worth another one; they are thrown on as they are. Default: none. */
  readonly isFinal?: (error: unknown) => boolean;
}

/** Far more than anything here takes on an idle machine: only a failure waits as long, and a busy machine must not fail a test. */
export const defaultTimeoutMilliseconds = 180_000;

/** Thrown by a look to say why it has to be repeated, where other errors are final. */
export class NotYet extends Error {
  override readonly name = 'NotYet';
}

/** What was waited for did not come in time. */
export class TimeoutError extends SetupError {
  override readonly name = 'TimeoutError';
}

/** For `isFinal`: whatever is no NotYet. */
export function isUnexpected(error: unknown): boolean {
  return !(error instanceof NotYet);
}

/**
 * Looks until `look` returns without throwing.
 * @param what completes the sentence "waited in vain for ..."
 * @param look throws, for example by an expectation, to say that it is not so yet
 * @returns what `look` returned
 * @throws TimeoutError with the words of the last failed look, after the timeout (default 3 min)
 */
export async function eventually<T>(what: string, look: () => T | Promise<T>, options: WaitOptions = {}): Promise<T> {
  const { timeoutMilliseconds = defaultTimeoutMilliseconds, everyMilliseconds = 25, hint, signal, isFinal } = options;
  const deadline = performance.now() + timeoutMilliseconds;
  for (;;) {
    signal?.throwIfAborted();
    try {
      return await look();
    } catch (error) {
      if (isFinal?.(error) === true) throw error;
      if (performance.now() > deadline) throw inVain(what, timeoutMilliseconds, error, hint);
    }
    // An abort only ends the pause: the next turn throws the signal's own reason.
    await pause(everyMilliseconds, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
  }
}

/** The error of a wait that came to nothing. @param last what was seen last: an error, a text or any value */
export function inVain(what: string, timeoutMilliseconds: number, last: unknown, hint?: string): TimeoutError {
  const words = last instanceof Error ? last.message : typeof last === 'string' ? last : inspect(last, { depth: 6 });
  const seen = `waited ${timeoutMilliseconds / 1000} s in vain for ${what}; seen last: ${words.slice(0, 4000)}`;
  return new TimeoutError(hint === undefined ? seen : `${seen}. ${hint}`);
}
