// Waiting no longer than a signal allows.
import type { LoginError } from './failure.ts';

/**
 * What `work` comes to, or a rejection with `late` once the signal aborts; `work` itself is not stopped, and what becomes of it then is
 * nobody's concern.
 */
export function orLate<T>(work: Promise<T>, signal: AbortSignal, late: LoginError): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(late);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort);
    const stopListening = (): void => signal.removeEventListener('abort', onAbort);
    work.then(resolve, reject).then(stopListening);
  });
}
