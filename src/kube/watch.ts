// Keeps a store in sync with the API server, by list and watch, as long as the program runs. It must never give up, and never trust a
// connection that sends nothing.

import { type Clock, pause, type Random } from '../api/clock.ts';
import type { Gvr, KubeObject } from '../api/kubernetes.ts';
import { ApiError, errorFromStatus, isAhead, isExpired } from './errors.ts';
import { isKubeObject, listAll, withoutManagedFields } from './list.ts';
import { compareResourceVersions } from './resource-version.ts';
import { resourcePath } from './resources.ts';
import type { Store } from './store.ts';
import type { Transport } from './transport.ts';
import { parseEvent, silenceMilliseconds, unreadable, versionOf, WatchStream } from './watch-stream.ts';

/** The API server does not serve the resource (404), or does not permit to list it (403). */
export type Absence = 'missing' | 'forbidden';

export interface ReflectorStatus {
  /** Whether the store has held a complete list at least once. */
  readonly synced: boolean;
  /**
   * Lists have been answered so for 10 s, and none has succeeded since: an API server that has just started answers so too, and a watch
   * may be refused for reasons of its own.
   */
  readonly absence?: Absence;
  /** The current failure; absent once a request succeeds again. */
  readonly failure?: Failure;
}

export interface Failure {
  readonly code: number;
  readonly reason: string;
  readonly message: string;
}

export interface ReflectorOptions<T extends KubeObject> {
  readonly transport: Transport;
  readonly gvr: Gvr;
  /** Default: all namespaces. */
  readonly namespace?: string | undefined;
  readonly store: Store<T>;
  readonly clock: Clock;
  readonly random: Random;
  /** Receives errors thrown by the store's handler or projection, `onStatus` or `observe`. None of them stops the reflector. */
  readonly onError: (error: unknown) => void;
  /** Called on every change of `status`. */
  readonly onStatus?: (status: ReflectorStatus) => void;
  /** The objects are so large that they are listed in pages of this many items. */
  readonly onSmallerPages?: (size: number) => void;
  /** For metrics: the first list, every further list, every watch that the server accepted, every failure of either. */
  readonly observe?: (event: 'list' | 'relist' | 'watch' | 'failure') => void;
}

const backoffBaseMilliseconds = 800;
const backoffLimitMilliseconds = 30_000;
// A missing CRD or role can appear at any time without an event, and checking for it is cheap.
const missingLimitMilliseconds = 5_000;
/** How long lists have to be refused until that is believed. An API server that starts is done by then. */
const believedAfterMilliseconds = 10_000;
const longestRetryAfterMilliseconds = 300_000;
const healthyAfterMilliseconds = 120_000;
const shortLifeMilliseconds = 1_000;

/** Reflects one kind, in one namespace or in all. Not reusable: after `stop` it stays stopped. */
export class Reflector<T extends KubeObject> {
  readonly #options: ReflectorOptions<T>;
  readonly #path: string;
  readonly #stopping = new AbortController();
  #status: ReflectorStatus = { synced: false };
  /** The resourceVersion that the next watch starts from. */
  #position: string | undefined;
  /** Since when every list has been answered so. */
  #refused: { readonly as: Absence; readonly since: number } | undefined;
  #failures = 0;
  /** When a list or a line of a watch last said that the store is up to date. */
  #confirmedAt: number | undefined;
  /** Whether the last watch sent anything. */
  #heard = false;
  #loop: Promise<void> | undefined;

  constructor(options: ReflectorOptions<T>) {
    this.#options = options;
    this.#path = resourcePath(options.gvr, options.namespace);
  }

  get status(): ReflectorStatus {
    return this.#status;
  }

  /** Milliseconds since a list or a watch last said that the store is up to date; undefined before the first list. */
  get unconfirmedFor(): number | undefined {
    return this.#confirmedAt === undefined ? undefined : this.#options.clock.monotonic() - this.#confirmedAt;
  }

  /** Starts. Further calls, and calls after `stop`, have no effect, so that a late start cannot undo a shutdown. */
  start(): void {
    this.#loop ??= this.#run(this.#stopping.signal);
  }

  /** Aborts requests in flight; the store is no longer changed. Resolves when everything has ended, never rejects. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loop;
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const wait = await this.#turn(signal);
      if (wait > 0) await pause(this.#options.clock, wait, signal);
    }
  }

  /**
   * One list if there is no version to watch from, then one watch to its end. A watch that sends nothing, however it ends, must not be
   * resumed for ever: the version can be one that the API server will never reach, or that it always refuses.
   * @returns the milliseconds to wait before the next turn
   */
  async #turn(signal: AbortSignal): Promise<number> {
    try {
      const isListed = this.#position === undefined;
      const position = this.#position ?? (await this.#list(signal));
      return signal.aborted ? 0 : await this.#watch(position, isListed, signal);
    } catch (error) {
      return signal.aborted ? 0 : this.#failed(error);
    } finally {
      if (!this.#heard && (this.unconfirmedFor ?? 0) >= silenceMilliseconds) this.#position = undefined;
    }
  }

  async #list(signal: AbortSignal): Promise<string> {
    const { transport, gvr, store } = this.#options;
    const collection = await listAll(
      transport,
      gvr,
      this.#path,
      {},
      {
        signal,
        keep: (item) => store.reduce(item),
        onSmallerPages: (size) => this.#guard(() => this.#options.onSmallerPages?.(size)),
      },
    );
    if (signal.aborted) return collection.resourceVersion;
    this.#position = collection.resourceVersion;
    this.#refused = undefined;
    this.#confirmedAt = this.#options.clock.monotonic();
    this.#guard(() => store.replace(collection.items, collection.resourceVersion));
    this.#observe(this.#status.synced ? 'relist' : 'list');
    if (!this.#status.synced || this.#status.failure !== undefined) this.#setStatus({ synced: true });
    return collection.resourceVersion;
  }

  /**
   * Follows one stream to its end. Lines of an earlier stream cannot arrive: it was aborted and is not read.
   * @param isListed whether it starts from a list that no watch has followed yet
   */
  async #watch(resourceVersion: string, isListed: boolean, signal: AbortSignal): Promise<number> {
    const { clock, random, transport } = this.#options;
    const started = clock.monotonic();
    const stream = new WatchStream(clock, signal);
    const query = {
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion,
      timeoutSeconds: String(300 + Math.floor(random() * 301)),
    };
    let failure: unknown;
    this.#heard = false;
    try {
      const opened = (): void => this.#opened();
      for await (const line of transport.lines({ method: 'GET', path: this.#path, query }, stream.signal, opened)) {
        if (stream.signal.aborted) break;
        stream.heard();
        this.#take(line);
        this.#heard = true;
        this.#confirmedAt = clock.monotonic();
        this.#succeeded();
      }
    } catch (error) {
      failure = error;
    } finally {
      stream.release();
    }
    if (signal.aborted) return 0;
    const lived = clock.monotonic() - started;
    if (lived >= healthyAfterMilliseconds) this.#failures = 0;
    if (stream.silent) {
      this.#report(
        new ApiError({ code: 0, reason: 'Timeout', message: `nothing received for ${silenceMilliseconds} ms` }),
      );
      return 0;
    }
    const short = lived < shortLifeMilliseconds;
    if (isExpired(failure)) {
      this.#position = undefined;
      return isListed && short ? this.#backoff(backoffLimitMilliseconds) : 0;
    }
    if (failure !== undefined) throw failure;
    return short ? this.#backoff(backoffLimitMilliseconds) : 0;
  }

  #take(line: string): void {
    const { type, object } = parseEvent(line);
    switch (type) {
      case 'ADDED':
      case 'MODIFIED':
      case 'DELETED':
        if (!isKubeObject(object)) throw unreadable();
        this.#advance(object.metadata.resourceVersion);
        this.#guard(() => this.#options.store.event(type, withoutManagedFields(object)));
        return;
      case 'BOOKMARK':
        this.#advance(versionOf(object));
        return;
      case 'ERROR':
        throw errorFromStatus(object, 500);
      default:
        throw unreadable();
    }
  }

  #advance(resourceVersion: string): void {
    const order = this.#position === undefined ? undefined : compareResourceVersions(resourceVersion, this.#position);
    if (order === undefined || order > 0) this.#position = resourceVersion;
  }

  #opened(): void {
    this.#observe('watch');
    this.#succeeded();
  }

  #succeeded(): void {
    if (this.#status.failure === undefined) return;
    const { failure: _, ...status } = this.#status;
    this.#setStatus(status);
  }

  #failed(error: unknown): number {
    const absence = absenceIn(error);
    const isList = this.#position === undefined;
    if (isList) this.#count(absence);
    // Only a list can say whether the resource is there, or from which version the API server can go on.
    else if (absence !== undefined || isAhead(error)) this.#position = undefined;
    this.#report(error);
    if (!(error instanceof ApiError)) return this.#backoff(backoffLimitMilliseconds);
    const missing = isList && absence !== undefined;
    const wait = this.#backoff(missing ? missingLimitMilliseconds : backoffLimitMilliseconds);
    return Math.max(wait, Math.min((error.retryAfterSeconds ?? 0) * 1000, longestRetryAfterMilliseconds));
  }

  #count(absence: Absence | undefined): void {
    if (absence === undefined) this.#refused = undefined;
    else if (absence !== this.#refused?.as) this.#refused = { as: absence, since: this.#options.clock.monotonic() };
  }

  /** What lists have been answered for long enough, or else what was believed before. */
  #believed(): Pick<ReflectorStatus, 'absence'> {
    const refused = this.#refused;
    const lasts = refused !== undefined && this.#options.clock.monotonic() >= refused.since + believedAfterMilliseconds;
    const absence = lasts ? refused.as : this.#status.absence;
    return absence === undefined ? {} : { absence };
  }

  #report(error: unknown): void {
    if (!(error instanceof ApiError)) this.#onError(error);
    const { code, reason } = error instanceof ApiError ? error : { code: 0, reason: 'Internal' };
    const message = error instanceof Error ? error.message : String(error);
    this.#observe('failure');
    this.#setStatus({ synced: this.#status.synced, ...this.#believed(), failure: { code, reason, message } });
  }

  /** Exponential with full jitter: reflectors that failed together are not retried together. */
  #backoff(limit: number): number {
    const ceiling = Math.min(limit, backoffBaseMilliseconds * 2 ** this.#failures);
    this.#failures += 1;
    return this.#options.random() * ceiling;
  }

  #setStatus(status: ReflectorStatus): void {
    this.#status = status;
    this.#guard(() => this.#options.onStatus?.(status));
  }

  #observe(event: 'list' | 'relist' | 'watch' | 'failure'): void {
    this.#guard(() => this.#options.observe?.(event));
  }

  #guard(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#onError(error);
    }
  }

  #onError(error: unknown): void {
    try {
      this.#options.onError(error);
    } catch {
      // onError itself failed: the error cannot be reported, and the cache matters more.
    }
  }
}

function absenceIn(error: unknown): Absence | undefined {
  if (!(error instanceof ApiError)) return undefined;
  return error.code === 404 ? 'missing' : error.code === 403 ? 'forbidden' : undefined;
}
