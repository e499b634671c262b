// Limits the duration of a request, by a deadline and the caller's signal. It must never leave a timer or a listener behind once released.
import type { Clock } from '../api/clock.ts';
import { ApiError } from './errors.ts';

/** The deadline of one request and its caller's signal, with a record of which of the two ended it. */
export class Limit {
  readonly #controller = new AbortController();
  readonly #caller: AbortSignal | undefined;
  readonly #milliseconds: number;
  readonly #onAbort = (): void => this.#end('Aborted');
  readonly stopTimer: () => void;
  #ended: 'Timeout' | 'Aborted' | undefined;

  constructor(clock: Clock, milliseconds: number, caller: AbortSignal | undefined) {
    this.#milliseconds = milliseconds;
    this.#caller = caller;
    this.stopTimer = clock.after(milliseconds, () => this.#end('Timeout'));
    if (caller?.aborted === true) this.#end('Aborted');
    else caller?.addEventListener('abort', this.#onAbort);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Waits for work that cannot be cancelled, but no longer than the limit. */
  async race<T>(work: T | Promise<T>): Promise<T> {
    if (!(work instanceof Promise)) return work;
    return new Promise<T>((resolve, reject) => {
      const stop = (): void => reject(this.signal.reason);
      if (this.signal.aborted) stop();
      else this.signal.addEventListener('abort', stop);
      work.then(resolve, reject).finally(() => this.signal.removeEventListener('abort', stop));
    });
  }

  /** The ApiError for an error that occurred under this limit. */
  explain(error: unknown): ApiError {
    if (error instanceof ApiError) return error;
    switch (this.#ended) {
      case 'Timeout':
        return new ApiError({ code: 0, reason: 'Timeout', message: `no response within ${this.#milliseconds} ms` });
      case 'Aborted':
        return new ApiError({ code: 0, reason: 'Aborted', message: 'the request was aborted' });
      case undefined:
        return new ApiError({ code: 0, reason: 'Network', message: networkMessage(error) });
    }
  }

  release(): void {
    this.stopTimer();
    this.#caller?.removeEventListener('abort', this.#onAbort);
  }

  #end(why: 'Timeout' | 'Aborted'): void {
    this.#ended ??= why;
    this.#controller.abort();
  }
}

function networkMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // If every address of a name failed, the error has no message of its own.
  if (error instanceof AggregateError && error.errors.length > 0) return networkMessage(error.errors[0]);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  return error.message.includes(code) ? error.message : `${code}: ${error.message}`;
}
