// Whether a DATABASE_URL logs in, found out by doing it. It is slow and may fail in every way, so it is bounded: in number, in time and
// in what it tells. No password may leave it, and no failure of it may reach beyond its result.

import { type Clock, pause } from '../api/clock.ts';
import type { LoginResult } from '../domain/credentials/login.ts';
import { attempt } from './attempt.ts';
import type { LoginError } from './failure.ts';
import { Names } from './resolve.ts';
import { type Server, serverOf } from './server.ts';
import { Slots } from './slots.ts';

const loginsAtOnce = 8;
/** Of them, those to servers whose last login took all the time it may: many that do not answer must not keep out the others. */
const slowAtOnce = 2;
/** A server that is forgotten counts as quick once more. */
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
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Logs in as the user of the URL and runs `SELECT 1`, within 5 s. What may pass by itself within them is tried again. At most eight
   * logins are under way; one that finds no place within 5 s is not tried.
   */
  async tryLogin(url: string): Promise<LoginResult> {
    const server = serverOf(url);
    if (server === undefined) return { kind: 'failed', why: 'other', detail: 'DATABASE_URL has an unknown form' };
    const login = this.#inTurn(server);
    this.#underWay.add(login);
    return await login.finally(() => this.#underWay.delete(login));
  }

  /** Ends logins that are under way, which come out as not checked, and starts no other. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.allSettled(this.#underWay);
  }

  async #inTurn(server: Server): Promise<LoginResult> {
    const address = `${server.host}:${server.port}`;
    const release = await this.#within(longestWait, (signal) => this.#place(this.#slow.has(address), signal));
    if (release === undefined) return { kind: 'unchecked' };
    try {
      const failure = await this.#within(deadline, async (signal) => {
        const last = await this.#persist(server, signal);
        this.#remember(address, signal.aborted);
        return last;
      });
      if (this.#stop.signal.aborted) return { kind: 'unchecked' };
      return failure === undefined ? { kind: 'ok' } : { kind: 'failed', why: failure.why, detail: failure.detail };
    } finally {
      release();
    }
  }

  /** @returns how to leave the place; undefined when the signal aborts before there is one */
  async #place(isSlow: boolean, signal: AbortSignal): Promise<(() => void) | undefined> {
    if (!isSlow) return await this.#slots.take(signal);
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
    const [oldest] = this.#slow;
    if (this.#slow.size > mostRemembered && oldest !== undefined) this.#slow.delete(oldest);
  }

  /** The last answer counts: an attempt that time cuts short says less than the one before. */
  async #persist(server: Server, signal: AbortSignal): Promise<LoginError | undefined> {
    let last: LoginError | undefined;
    for (let tries = 0; ; tries += 1) {
      const failure = await attempt(server, this.#names, signal);
      if (signal.aborted && failure !== undefined) return last ?? failure;
      const wait = failure === undefined ? undefined : pauseAfter(failure, tries);
      if (wait === undefined) return failure;
      last = failure;
      await pause(this.#clock, wait, signal);
      if (signal.aborted) return last;
    }
  }

  /** Runs `work` with a signal that aborts after so long, or with the stop. */
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

/** Milliseconds until what failed may have passed; undefined when it will not. */
function pauseAfter({ why }: LoginError, tries: number): number | undefined {
  switch (why) {
    // kube-proxy learns of a new primary about a second after CNPG calls the Cluster healthy.
    case 'refused':
    case 'starting':
    case 'broken':
      return pauseBetween;
    // The instance may not have taken a new password yet. Each refusal is a line in its log, so not as often.
    case 'credentials':
      return pauseBetween * 2 ** tries;
    default:
      return undefined;
  }
}
