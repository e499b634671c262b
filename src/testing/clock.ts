// A clock that only a test moves; it must never look at the real time.
import type { Clock } from '../api/clock.ts';

/** Starts at monotonic 0; `wall` is what now() says at that moment. */
export class ManualClock implements Clock {
  #monotonic = 0;
  #wall: number;
  readonly #timers = new Map<number, { readonly at: number; readonly callback: () => void }>();
  #sequence = 0;

  constructor(wall = Date.UTC(2026, 0, 1)) {
    this.#wall = wall;
  }

  /** How many timers wait. */
  get timers(): number {
    return this.#timers.size;
  }

  now(): number {
    return this.#wall;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  after(milliseconds: number, callback: () => void): () => void {
    const id = this.#sequence++;
    this.#timers.set(id, { at: this.#monotonic + milliseconds, callback });
    return () => this.#timers.delete(id);
  }

  /** Moves only the wall clock, as a correction by NTP or by hand does. */
  skew(milliseconds: number): void {
    this.#wall += milliseconds;
  }

  /** Moves time at once without a chance for timers to fire between, as a stalled event loop does; then fires what is due. */
  jump(milliseconds: number): void {
    this.#jumpTo(this.#monotonic + milliseconds);
  }

  #jumpTo(monotonic: number): void {
    this.#wall += monotonic - this.#monotonic;
    this.#monotonic = monotonic;
    for (let due = this.#firstDue(); due !== undefined; due = this.#firstDue()) due();
  }

  /** Moves time from timer to timer and lets the event loop settle after each. */
  async advance(milliseconds: number): Promise<void> {
    const end = this.#monotonic + milliseconds;
    await settle();
    for (;;) {
      const next = Math.min(...[...this.#timers.values()].map((timer) => timer.at));
      if (next > end) break;
      this.#jumpTo(Math.max(next, this.#monotonic));
      await settle();
    }
    this.#jumpTo(end);
    await settle();
  }

  #firstDue(): (() => void) | undefined {
    let first: { readonly id: number; readonly at: number; readonly callback: () => void } | undefined;
    for (const [id, timer] of this.#timers) {
      if (timer.at <= this.#monotonic && (first === undefined || timer.at < first.at)) first = { id, ...timer };
    }
    if (first !== undefined) this.#timers.delete(first.id);
    return first?.callback;
  }
}

/** Resolves when the promises and immediates that are ready by now have run. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}
