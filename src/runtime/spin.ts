// Notices keys that run too often: a loop that makes no progress looks like work. It only counts, within one minute and the next.
import type { Clock } from '../api/clock.ts';
import type { Log } from './log.ts';

const windowMilliseconds = 60_000;
/** Runs of one key within a minute. A key with failures has at most one per second, so more are many events or a loop. */
const most = 120;

/** Says that a key has begun to run too often. @param key of an addon */
export function logSpin(log: Pick<Log, 'warn'>, key: string): void {
  log.warn(`reconciled more than ${most} times within a minute; no more is logged until it calms down`, { addon: key });
}

export class Spin {
  readonly #clock: Clock;
  #since = 0;
  #runs = new Map<string, number>();
  /** The keys that ran too often in this minute, and in the one before. */
  #now = new Set<string>();
  #before: ReadonlySet<string> = new Set();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Counts a run. Returns whether the key has just begun to run too often: true once until it calms down. */
  ran(key: string): boolean {
    this.#turn();
    const runs = (this.#runs.get(key) ?? 0) + 1;
    this.#runs.set(key, runs);
    if (runs !== most + 1) return false;
    this.#now.add(key);
    return !this.#before.has(key);
  }

  /** How many keys have run too often in this minute or the one before. */
  get keys(): number {
    this.#turn();
    return new Set([...this.#now, ...this.#before]).size;
  }

  #turn(): void {
    const passed = Math.floor((this.#clock.monotonic() - this.#since) / windowMilliseconds);
    if (passed === 0) return;
    this.#since += passed * windowMilliseconds;
    this.#before = passed === 1 ? this.#now : new Set();
    this.#now = new Set();
    this.#runs = new Map();
  }
}
