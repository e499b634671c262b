// Waiting for something to become true. It must never wait for time alone.
import { setTimeout as pause } from 'node:timers/promises';
import { SetupError } from '../toolchain/errors.ts';

export interface WaitOptions {
  /** What is waited for, fit for "... did not come within 30 s". */
  readonly what: string;
  readonly timeoutMilliseconds: number;
  /** Where to look when it does not come; added to the error. */
  readonly hint?: string;
  /** Ends the wait with its reason, because another step failed. */
  readonly signal?: AbortSignal | undefined;
  /** Time between two looks. */
  readonly everyMilliseconds?: number;
}

/**
 * Looks until `look` returns something other than undefined.
 * @throws SetupError after the timeout, with the last reason `look` threw as a NotYet; other errors of `look` pass through at once
 */
export async function waitFor<T>(options: WaitOptions, look: () => Promise<T | undefined>): Promise<T> {
  const deadline = performance.now() + options.timeoutMilliseconds;
  let reason = '';
  for (;;) {
    options.signal?.throwIfAborted();
    try {
      const found = await look();
      if (found !== undefined) return found;
    } catch (error) {
      if (!(error instanceof NotYet)) throw error;
      reason = error.message;
    }
    if (performance.now() > deadline) {
      const seconds = Math.round(options.timeoutMilliseconds / 1000);
      throw new SetupError(
        [`${options.what} did not come within ${seconds} s`, reason, options.hint].filter(Boolean).join('. '),
      );
    }
    await pause(options.everyMilliseconds ?? 50, undefined, options.signal ? { signal: options.signal } : {});
  }
}

/** Thrown by a look to say why it has to be repeated. */
export class NotYet extends Error {
  override readonly name = 'NotYet';
}
