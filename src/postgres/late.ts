// Limits a wait by a signal.
import type { LoginError } from './failure.ts';

/**
 * The result of `work`, or a rejection with `late` once the signal aborts. `work` itself is not stopped; its later result is ignored.
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
