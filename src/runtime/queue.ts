// Decides which key runs next, and ensures that no key runs twice at once. It must never lose a key, and never interprets one.
import type { Clock } from '../api/clock.ts';
import type { Backoff } from './backoff.ts';
import { DelayedKeys } from './delayed.ts';
import { Spin } from './spin.ts';

/** What a run of a key requests. It replaces what the run before requested: the newest knows best. */
export type Next =
  | { readonly kind: 'done' }
  /** No failure: resets the back-off of the key and runs it again after this time. */
  | { readonly kind: 'again'; readonly afterMilliseconds: number }
  /**
   * A failure: runs again after the key's back-off, which begins with `atLeastMilliseconds` and is never shorter. Not later than
   * `atMostMilliseconds`, unless that is less.
   */
  | { readonly kind: 'retry'; readonly atLeastMilliseconds?: number; readonly atMostMilliseconds?: number | undefined };

/** Observes the queue. Called on the hot path, so it must be cheap and must not throw. */
export interface QueueObserver {
  /** The number of keys that are ready and wait for a worker, after each change. */
  readonly depth: (keys: number) => void;
  /** The time from a key being ready (or added while in flight) to the start of its run. */
  readonly latency: (seconds: number) => void;
  /** The duration of a run and its result; `error` means that the handler threw. */
  readonly duration: (seconds: number, result: Next['kind'] | 'error') => void;
}

/**
 * Runs `work` without occupying a worker: the key stays in flight, so it is not run again, but its worker is free for another key.
 * Afterwards the run continues without waiting for a worker. For operations that can be slow, such as a database login.
 */
export type OffWorker = <T>(work: () => Promise<T>) => Promise<T>;

export interface WorkQueueOptions {
  readonly workers: number;
  readonly clock: Clock;
  readonly backoff: Backoff;
  /** Processes one key. `signal` aborts when the drain time of a stop has passed. */
  readonly handle: (key: string, signal: AbortSignal, offWorker: OffWorker) => Promise<Next>;
  /** The handler threw. The key is already scheduled for a retry. */
  readonly onError: (key: string, error: unknown) => void;
  /** The key runs too often: called once until it calms down. */
  readonly onSpin: (key: string) => void;
  readonly observe?: QueueObserver;
}

/** One run of a key. */
interface Run {
  readonly startedAt: number;
  /** It began before the wait that the run before requested was over. */
  readonly isEarly: boolean;
  /** The number of its running `offWorker` calls. */
  offWorker: number;
}

/** setTimeout fires at once for longer delays; waking early only re-arms the timer. */
const LONGEST_TIMER_MILLISECONDS = 2_147_483_647;

/**
 * Like client-go's work queue (util/workqueue): a key that is added while it runs is run again afterwards, and any number of
 * adds before a run starts result in one run. Runs start in the order in which their keys became ready.
 */
export class WorkQueue {
  readonly #options: WorkQueueOptions;
  /** Keys to run, with the monotonic time at which they were added. A key that is also in #running waits for that run to end. */
  readonly #dirty = new Map<string, number>();
  /** Keys in flight, oldest first. */
  readonly #running = new Map<string, Run>();
  /** How many of them occupy no worker at the moment. */
  #offWorker = 0;
  readonly #delayed = new DelayedKeys();
  readonly #spin: Spin;
  readonly #abort = new AbortController();
  readonly #whenIdle = new Set<() => void>();
  /** The ready keys (dirty and not running): first these from the end, then those from the beginning. Each costs O(1), unlike in a Map. */
  #next: string[] = [];
  #behind: string[] = [];
  #state: 'new' | 'started' | 'stopped' = 'new';
  #turnPlanned = false;
  #timer: { readonly at: number; readonly cancel: () => void } | undefined;

  constructor(options: WorkQueueOptions) {
    this.#options = options;
    this.#spin = new Spin(options.clock);
  }

  /** Keys that run too often. */
  get spinning(): number {
    return this.#spin.keys;
  }

  /** Keys that are ready and wait for a worker. */
  get depth(): number {
    return this.#next.length + this.#behind.length;
  }

  /** Runs in flight. */
  get inFlight(): number {
    return this.#running.size;
  }

  /** Seconds since the start of the oldest run in flight; 0 if there is none. */
  longestRunningSeconds(): number {
    for (const { startedAt } of this.#running.values()) return this.#secondsSince(startedAt);
    return 0;
  }

  /** Requests a run of `key` that starts after this call. Before `start` keys are kept; after `stop` they are ignored. */
  add(key: string): void {
    if (this.#state === 'stopped' || this.#dirty.has(key)) return;
    this.#dirty.set(key, this.#options.clock.monotonic());
    if (!this.#running.has(key)) this.#enqueue(key);
  }

  /** Like `add`, after `milliseconds`. Of several delays for one key, the one that ends first wins. */
  addAfter(key: string, milliseconds: number): void {
    if (this.#state === 'stopped') return;
    if (!(milliseconds > 0)) {
      this.add(key);
      return;
    }
    this.#delayed.add(key, this.#options.clock.monotonic() + milliseconds);
    this.#armTimer();
  }

  /** Starts the workers. A second call does nothing, and a stopped queue stays stopped. */
  start(): void {
    if (this.#state !== 'new') return;
    this.#state = 'started';
    this.#planTurn();
  }

  /**
   * Starts no further runs and waits until those in flight have ended, at most `drainMilliseconds`; then aborts the rest.
   * Waiting keys are dropped: the next leader lists all objects again. Returns whether all runs had ended.
   */
  async stop(drainMilliseconds: number): Promise<boolean> {
    this.#state = 'stopped';
    this.#timer?.cancel();
    if (this.#running.size > 0) await this.#idleOrAfter(drainMilliseconds);
    const drained = this.#running.size === 0;
    this.#abort.abort();
    return drained;
  }

  #idleOrAfter(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const finish = (): void => {
        cancel();
        resolve();
      };
      const cancel = this.#options.clock.after(milliseconds, finish);
      this.#whenIdle.add(finish);
    });
  }

  #enqueue(key: string): void {
    this.#behind.push(key);
    this.#options.observe?.depth(this.depth);
    this.#planTurn();
  }

  /**
   * Each run starts in its own turn of the event loop: a burst of adds becomes one run, and a backlog of runs that never
   * wait for I/O cannot starve timers and sockets (a starved leader could not renew its lease).
   */
  #planTurn(): void {
    if (this.#turnPlanned) return;
    this.#turnPlanned = true;
    setImmediate(() => {
      this.#turnPlanned = false;
      this.#startRuns();
    });
  }

  #startRuns(): void {
    while (this.#state === 'started' && this.#running.size - this.#offWorker < this.#options.workers) {
      const key = this.#takeReady();
      if (key === undefined) return;
      const { clock, observe } = this.#options;
      const startedAt = clock.monotonic();
      observe?.depth(this.depth);
      observe?.latency((startedAt - (this.#dirty.get(key) ?? startedAt)) / 1000);
      this.#dirty.delete(key);
      const isEarly = this.#delayed.delete(key);
      const run: Run = { startedAt, isEarly, offWorker: 0 };
      this.#running.set(key, run);
      void this.#run(key, run);
      if (this.#spin.ran(key)) this.#options.onSpin(key);
    }
  }

  #takeReady(): string | undefined {
    if (this.#next.length === 0) {
      this.#next = this.#behind.reverse();
      this.#behind = [];
    }
    return this.#next.pop();
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
    run.offWorker += 1;
    if (run.offWorker === 1) this.#offWorker += 1;
    this.#planTurn();
    try {
      return await work();
    } finally {
      run.offWorker -= 1;
      // A run that ended without waiting for this is already uncounted.
      if (run.offWorker === 0 && this.#running.get(key) === run) this.#offWorker -= 1;
    }
  }

  #settle(key: string, run: Run, next: Next): void {
    const { backoff } = this.#options;
    // Done while the key is still in flight, so that a key due at once is enqueued only once, below.
    if (next.kind === 'retry')
      this.addAfter(key, waitOf(next, backoff.next(key, next.atLeastMilliseconds, run.isEarly)));
    else backoff.forget(key);
    if (next.kind === 'again') this.addAfter(key, next.afterMilliseconds);
    this.#running.delete(key);
    if (run.offWorker > 0) this.#offWorker -= 1;
    if (this.#dirty.has(key)) this.#enqueue(key);
    this.#planTurn();
    if (this.#running.size === 0) for (const finish of this.#whenIdle) finish();
  }

  #armTimer(): void {
    const at = this.#delayed.nextAt;
    if (at === undefined || (this.#timer !== undefined && this.#timer.at <= at)) return;
    this.#timer?.cancel();
    const { clock } = this.#options;
    const wait = Math.min(at - clock.monotonic(), LONGEST_TIMER_MILLISECONDS);
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

function waitOf(next: Extract<Next, { readonly kind: 'retry' }>, backoff: number): number {
  const { atLeastMilliseconds = 0, atMostMilliseconds = backoff } = next;
  return Math.max(atLeastMilliseconds, Math.min(atMostMilliseconds, backoff));
}
