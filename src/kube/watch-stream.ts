// The life cycle and protocol of one watch request. It must never treat silence as a healthy connection.
import type { Clock } from '../api/clock.ts';
import { ApiError } from './errors.ts';

// The API server sends a bookmark about every minute (at most 75 s apart). Longer silence means that the connection is dead.
export const silenceMilliseconds = 90_000;

/** The life cycle of one watch request: it ends with the reflector, or if nothing is received for too long. */
export class WatchStream {
  readonly #clock: Clock;
  readonly #parent: AbortSignal;
  readonly #controller = new AbortController();
  readonly #end = (): void => this.#controller.abort();
  #heardAt: number;
  #cancelTimer: () => void;
  #silent = false;

  constructor(clock: Clock, parent: AbortSignal) {
    this.#clock = clock;
    this.#parent = parent;
    this.#heardAt = clock.monotonic();
    this.#cancelTimer = clock.after(silenceMilliseconds, () => this.#check());
    parent.addEventListener('abort', this.#end);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Whether it was ended because nothing was received. */
  get silent(): boolean {
    return this.#silent;
  }

  heard(): void {
    this.#heardAt = this.#clock.monotonic();
  }

  release(): void {
    this.#cancelTimer();
    this.#parent.removeEventListener('abort', this.#end);
  }

  // One timer that checks the time of the last line, instead of a new timer for each line.
  #check(): void {
    const remaining = this.#heardAt + silenceMilliseconds - this.#clock.monotonic();
    if (remaining > 0) {
      this.#cancelTimer = this.#clock.after(remaining, () => this.#check());
      return;
    }
    this.#silent = true;
    this.#controller.abort();
  }
}

/**
 * Parses one line of a watch.
 * @throws ApiError if it is not an event
 */
export function parseEvent(line: string): { readonly type: unknown; readonly object: unknown } {
  try {
    const event: unknown = JSON.parse(line);
    if (typeof event === 'object' && event !== null && 'type' in event && 'object' in event) return event;
  } catch {
    // Reported below, without the text, which can be part of a Secret.
  }
  throw unreadable();
}

/**
 * The resourceVersion of an event's object; the object of a bookmark contains little else.
 * @throws ApiError if it has none
 */
export function versionOf(object: unknown): string {
  if (typeof object === 'object' && object !== null && 'metadata' in object) {
    const { metadata } = object;
    if (typeof metadata === 'object' && metadata !== null && 'resourceVersion' in metadata) {
      if (typeof metadata.resourceVersion === 'string') return metadata.resourceVersion;
    }
  }
  throw unreadable();
}

/** For a stream that can no longer be trusted and must be resumed from the last valid event. */
export function unreadable(): ApiError {
  return new ApiError({ code: 0, reason: 'Network', message: 'the watch sent an invalid event' });
}
