// Checks a DATABASE_URL by logging in. Logins are slow and can fail in any way, so their number, duration and output are bounded. It
// must never expose a password, and never fail other than by its result.

import { type Clock, pause } from '../api/clock.ts';
import type { LoginResult, Question } from '../api/login.ts';
import { Slots } from '../api/slots.ts';
import { assertionsDeadline, attempt, type LoggedIn } from './attempt.ts';
import { LoginError } from './failure.ts';
import { Names } from './resolve.ts';
import { type Server, serverOf } from './server.ts';

const loginsAtOnce = 8;
/** Of these, logins to servers whose last login timed out: many unresponsive servers must not block the others. */
const slowAtOnce = 2;
/** Of timed-out servers. The oldest is dropped and then counts as responsive again. */
const mostRemembered = 1_000;
const longestWait = 5_000;
const deadline = 5_000;
const pauseBetween = 300;

export class Logins {
  readonly #clock: Clock;
  readonly #slots = new Slots(loginsAtOnce);
  readonly #slowSlots = new Slots(slowAtOnce);
  readonly #slow = new Set<string>();
  readonly #names = new Names();
  readonly #stop = new AbortController();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Logs in as the user of the URL and runs `SELECT 1`, and what `question` asks, within 5 s; with assertions, within 60 s. Transient failures are
   * retried within that time. At most eight logins run at once; one that gets no slot within 5 s is not attempted.
   */
  async tryLogin(url: string, question: Question = {}): Promise<LoginResult> {
    const server = serverOf(url);
    if (server === undefined) return { kind: 'failed', why: 'other', detail: 'DATABASE_URL has an unexpected format' };
    return this.#inTurn(server, question);
  }

  /** Aborts running logins, which are then reported as unchecked, and starts no others. */
  stop(): void {
    this.#stop.abort();
  }

  async #inTurn(server: Server, question: Question): Promise<LoginResult> {
    const address = `${server.host}:${server.port}`;
    const release = await this.#within(longestWait, (signal) => this.#place(this.#slow.has(address), signal));
    if (release === undefined) return { kind: 'unchecked' };
    try {
      const limit = question.assertions === undefined ? deadline : assertionsDeadline;
      const result = await this.#within(limit, async (signal) => {
        const last = await this.#persist(server, signal, question);
        this.#remember(address, signal.aborted);
        return last;
      });
      if (this.#stop.signal.aborted) return { kind: 'unchecked' };
      return result instanceof LoginError
        ? { kind: 'failed', why: result.why, detail: result.detail }
        : { kind: 'ok', ...result };
    } finally {
      release();
    }
  }

  /** @returns a function that frees the slot; undefined if the signal aborts before one is free */
  async #place(isSlow: boolean, signal: AbortSignal): Promise<(() => void) | undefined> {
    if (!isSlow) return this.#slots.take(signal);
    const releaseSlow = await this.#slowSlots.take(signal);
    if (releaseSlow === undefined) return undefined;
    const release = await this.#slots.take(signal);
    if (release === undefined) releaseSlow();
    return (
      release &&
      (() => {
        release();
        releaseSlow();
      })
    );
  }

  #remember(address: string, isSlow: boolean): void {
    this.#slow.delete(address);
    if (isSlow) this.#slow.add(address);
    const [oldest = address] = this.#slow;
    if (this.#slow.size > mostRemembered) this.#slow.delete(oldest);
  }

  /** The last complete attempt counts: one that is cut short by the deadline says less than the one before. */
  async #persist(server: Server, signal: AbortSignal, question: Question): Promise<LoginError | LoggedIn> {
    let last: LoginError | undefined;
    for (let tries = 0; ; tries += 1) {
      const result = await attempt(server, this.#names, signal, question);
      if (!(result instanceof LoginError)) return result;
      if (signal.aborted) return last ?? result;
      const wait = pauseAfter(result, tries);
      if (wait === undefined) return result;
      last = result;
      await pause(this.#clock, wait, signal);
    }
  }

  /** Runs `work` with a signal that aborts after `milliseconds`, or when this is stopped. */
  async #within<T>(milliseconds: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const end = new AbortController();
    const abort = (): void => end.abort();
    const cancel = this.#clock.after(milliseconds, abort);
    if (this.#stop.signal.aborted) abort();
    this.#stop.signal.addEventListener('abort', abort);
    try {
      return await work(end.signal);
    } finally {
      cancel();
      this.#stop.signal.removeEventListener('abort', abort);
    }
  }
}

/** Milliseconds until a retry makes sense; undefined if it does not. */
function pauseAfter({ why }: LoginError, tries: number): number | undefined {
  switch (why) {
    // kube-proxy routes to a new primary about a second after CNPG reports the Cluster healthy.
    case 'refused':
    case 'starting':
    case 'broken':
      return pauseBetween;
    // The instance might not have applied a new password yet. Each rejection is a line in its log, so retries are rarer.
    case 'credentials':
      return pauseBetween * 2 ** tries;
    default:
      return undefined;
  }
}
