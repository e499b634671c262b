// Decides which key is worked on next and that no key is worked on twice at once; it must never lose a key and never looks into one.
import type { Clock } from '../api/clock.ts';
import type { Backoff } from './backoff.ts';
import { DelayedKeys } from './delayed.ts';

/** What a run of a key asks for. */
export type Next =
  | { readonly kind: 'done' }
  /** No failure: forgets the back-off of the key and runs it again after this time at the latest. */
  | { readonly kind: 'again'; readonly afterMilliseconds: number }
  /** A failure: runs again after the key's back-off, or `atLeastMilliseconds` when that is longer. */
  | { readonly kind: 'retry'; readonly atLeastMilliseconds?: number };

/** Told what the queue does; called on the hot path, so it must be cheap and must not throw. */
export interface QueueObserver {
  /** Keys that are ready and wait for a worker, after each change. */
  readonly depth: (keys: number) => void;
  /** How long a key waited from being ready (or added while in flight) to the start of its run. */
  readonly latency: (seconds: number) => void;
  /** How long a run took and how it ended; `error` = the handler threw. */
  readonly duration: (seconds: number, result: Next['kind'] | 'error') => void;
}

/**
 * Runs `work` outside the workers: the key stays in flight, so nobody else works on it, but its worker is free for another.
 * Afterwards the run just goes on, without waiting for a worker. For waits on what may be slow, such as a database.
 */
export type Aside = <T>(work: () => Promise<T>) => Promise<T>;

export interface WorkQueueOptions {
  readonly workers: number;
  readonly clock: Clock;
  readonly backoff: Backoff;
  /** Works on one key. `signal` aborts when a stop has waited long enough. */
  readonly handle: (key: string, signal: AbortSignal, aside: Aside) => Promise<Next>;
  /** The handler threw: the key is already set for a retry. */
  readonly onError: (key: string, error: unknown) => void;
  readonly observe?: QueueObserver;
}

/** One run of a key. */
interface Run {
  readonly startedAt: number;
  /** How many of its `aside`s are under way. */
  aside: number;
}

/** setTimeout fires at once for waits above 2^31 ms; waking early only re-arms the timer. */
const LONGEST_TIMER_MILLISECONDS = 3_600_000;

/**
 * Client-go's work queue (util/workqueue): a key that is added while it runs is run again afterwards, and any number of
 * adds before a run starts are one run. Runs start in the order in which their keys became ready.
 */
export class WorkQueue {
  readonly #options: WorkQueueOptions;
  /** Keys to run, with the monotonic time since when; one that is also in #running waits for that run to end. */
  readonly #dirty = new Map<string, number>();
  /** Keys in flight, oldest first. */
  readonly #running = new Map<string, Run>();
  /** How many of them need no worker now. */
  #aside = 0;
  readonly #delayed = new DelayedKeys();
  readonly #abort = new AbortController();
  readonly #whenIdle = new Set<() => void>();
  /** The ready keys (dirty and not running) in order, from #head on: taking from the front of a Map costs O(n) in V8. */
  #ready: string[] = [];
  #head = 0;
  #state: 'new' | 'started' | 'stopped' = 'new';
  #turnPlanned = false;
  #timer: { readonly at: number; readonly cancel: () => void } | undefined;

  constructor(options: WorkQueueOptions) {
    this.#options = options;
  }

  /** Keys that are ready and wait for a worker. */
  get depth(): number {
    return this.#ready.length - this.#head;
  }

  /** Runs that have started and not ended. */
  get inFlight(): number {
    return this.#running.size;
  }

  /** Seconds since the start of the oldest run in flight; 0 when nothing runs. */
  longestRunningSeconds(): number {
    for (const { startedAt } of this.#running.values()) return this.#secondsSince(startedAt);
    return 0;
  }

  /** Asks for a run of `key` that starts after this call. Before `start` keys are kept, after `stop` they are ignored. */
  add(key: string): void {
    if (this.#state === 'stopped' || this.#dirty.has(key)) return;
    this.#dirty.set(key, this.#options.clock.monotonic());
    if (!this.#running.has(key)) this.#enqueue(key);
  }

  /** As `add` once `milliseconds` have passed; of several waits for one key the one that ends first wins. */
  addAfter(key: string, milliseconds: number): void {
    if (this.#state === 'stopped') return;
    if (!(milliseconds > 0)) {
      this.add(key);
      return;
    }
    this.#delayed.add(key, this.#options.clock.monotonic() + milliseconds);
    this.#armTimer();
  }

  /** Starts the workers; a second call does nothing, and a stopped queue stays stopped. */
  start(): void {
    if (this.#state !== 'new') return;
    this.#state = 'started';
    this.#planTurn();
  }

  /**
   * Starts no further run and waits until those in flight have ended, at most `drainMilliseconds`; then aborts the rest.
   * Keys that wait are dropped: whoever takes over lists everything anew. Returns whether all runs had ended.
   */
  async stop(drainMilliseconds: number): Promise<boolean> {
    this.#state = 'stopped';
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#running.size > 0) await this.#idleOrAfter(drainMilliseconds);
    const drained = this.#running.size === 0;
    this.#abort.abort();
    return drained;
  }

  #idleOrAfter(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const finish = (): void => {
        cancel();
        this.#whenIdle.delete(finish);
        resolve();
      };
      const cancel = this.#options.clock.after(milliseconds, finish);
      this.#whenIdle.add(finish);
    });
  }

  #enqueue(key: string): void {
    this.#ready.push(key);
    this.#options.observe?.depth(this.depth);
    this.#planTurn();
  }

  /**
   * Runs start in their own turn of the event loop: adds of one burst become one run, and a backlog of runs that never
   * wait for I/O cannot starve timers and sockets (a leader that cannot renew its lease is no leader).
   */
  #planTurn(): void {
    if (this.#turnPlanned || this.#state !== 'started' || this.depth === 0) return;
    this.#turnPlanned = true;
    setImmediate(() => {
      this.#turnPlanned = false;
      this.#startRuns();
    });
  }

  #startRuns(): void {
    while (this.#state === 'started' && this.#running.size - this.#aside < this.#options.workers) {
      const key = this.#takeReady();
      if (key === undefined) return;
      const { clock, observe } = this.#options;
      const startedAt = clock.monotonic();
      observe?.depth(this.depth);
      observe?.latency((startedAt - (this.#dirty.get(key) ?? startedAt)) / 1000);
      this.#dirty.delete(key);
      const run: Run = { startedAt, aside: 0 };
      this.#running.set(key, run);
      void this.#run(key, run);
    }
  }

  #takeReady(): string | undefined {
    const key = this.#ready[this.#head];
    if (key === undefined) return undefined;
    this.#head += 1;
    if (this.#head === this.#ready.length || this.#head >= 4096) {
      this.#ready = this.#ready.slice(this.#head);
      this.#head = 0;
    }
    return key;
  }

  async #run(key: string, run: Run): Promise<void> {
    const { handle, onError, observe } = this.#options;
    let next: Next = { kind: 'retry' };
    let result: Next['kind'] | 'error' = 'error';
    let report = (): void => {};
    try {
      next = await handle(key, this.#abort.signal, (work) => this.#withoutWorker(key, run, work));
      result = next.kind;
    } catch (error) {
      report = () => onError(key, error);
    }
    this.#settle(key, run, next);
    observe?.duration(this.#secondsSince(run.startedAt), result);
    report();
  }

  async #withoutWorker<T>(key: string, run: Run, work: () => Promise<T>): Promise<T> {
    run.aside += 1;
    if (run.aside === 1) this.#aside += 1;
    this.#planTurn();
    try {
      return await work();
    } finally {
      run.aside -= 1;
      // A run that ended without waiting for this has been counted out already.
      if (run.aside === 0 && this.#running.get(key) === run) this.#aside -= 1;
    }
  }

  #settle(key: string, run: Run, next: Next): void {
    const { backoff } = this.#options;
    // While the key still counts as in flight: what is to run at once is enqueued once, below.
    if (next.kind === 'retry') this.addAfter(key, Math.max(backoff.next(key), next.atLeastMilliseconds ?? 0));
    else backoff.forget(key);
    if (next.kind === 'again') this.addAfter(key, next.afterMilliseconds);
    this.#running.delete(key);
    if (run.aside > 0) this.#aside -= 1;
    if (this.#dirty.has(key)) this.#enqueue(key);
    this.#planTurn();
    if (this.#running.size === 0) for (const finish of this.#whenIdle) finish();
  }

  #armTimer(): void {
    const at = this.#delayed.nextAt;
    if (at === undefined || (this.#timer !== undefined && this.#timer.at <= at)) return;
    this.#timer?.cancel();
    const { clock } = this.#options;
    const wait = Math.min(Math.max(0, at - clock.monotonic()), LONGEST_TIMER_MILLISECONDS);
    const cancel = clock.after(wait, () => {
      this.#timer = undefined;
      this.#addDue();
    });
    this.#timer = { at, cancel };
  }

  #addDue(): void {
    const now = this.#options.clock.monotonic();
    for (let key = this.#delayed.takeDue(now); key !== undefined; key = this.#delayed.takeDue(now)) this.add(key);
    this.#armTimer();
  }

  #secondsSince(time: number): number {
    return (this.#options.clock.monotonic() - time) / 1000;
  }
}
