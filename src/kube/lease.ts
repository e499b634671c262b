// Decides which of several replicas may write, by a Lease; it must never believe to lead once another replica may do so.
import { type Clock, pause, type Random } from '../api/clock.ts';
import { isOutdated, LeaseRecord, type Sending } from './lease-record.ts';
import type { Transport } from './transport.ts';

/** Client-go's defaults. Others take over this long after they saw the record change for the last time. */
const LEASE_SECONDS = 15;
/** A leader that could not renew for so long stops; the margin to the above covers requests that are under way. */
const RENEW_DEADLINE_MILLISECONDS = 10_000;
const RETRY_MILLISECONDS = 2000;
/** Replicas that wait spread their tries, as in client-go; a leader renews more evenly. */
const ACQUIRE_JITTER = 1.2;
const RENEW_JITTER = 0.2;
/** Leaves a leader whose request hangs time for a second one before its deadline. */
const REQUEST_TIMEOUT_MILLISECONDS = 5000;
const RELEASE_TIMEOUT_MILLISECONDS = 2000;
const SAME_WARNING_MILLISECONDS = 60_000;

export interface LeaderElectorOptions {
  /** Best one of its own: a renewal that waits for a free connection behind a thousand other requests comes too late. */
  readonly transport: Transport;
  readonly namespace: string;
  readonly name: string;
  /** Unique to this process, for example pod name and a random suffix. */
  readonly identity: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly onStartedLeading: () => void;
  /** Called at most once, and not for `stop`. The process must end: work that was begun as leader may still be under way. */
  readonly onStoppedLeading: (why: string) => void;
  readonly log: (level: 'info' | 'warn', message: string, fields?: Record<string, unknown>) => void;
}

/**
 * Client-go's leader election (tools/leaderelection). Whether a holder has expired is judged by how long its record did not
 * change on the local monotonic clock, never by the times in the record, so the replicas' wall clocks do not matter.
 */
export class LeaderElector {
  readonly #options: LeaderElectorOptions;
  readonly #record: LeaseRecord;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;
  #leading = false;
  #leaderUntil = 0;
  #otherHolder: string | undefined;
  #failure: { readonly message: string; readonly at: number } | undefined;

  constructor(options: LeaderElectorOptions) {
    this.#options = options;
    this.#record = new LeaseRecord({ ...options, leaseSeconds: LEASE_SECONDS });
  }

  /** Begins to try for the Lease; a second call does nothing. */
  start(): void {
    this.#running ??= this.#run();
  }

  /**
   * Whether this process may write at this moment. Looks at the clock, because a process that was stalled (a long pause of
   * the event loop, SIGSTOP) comes back without knowing that its time has passed: ask before each write.
   */
  isLeader(): boolean {
    return this.#leading && this.#now() < this.#leaderUntil;
  }

  /**
   * Ends the election and, when leading, releases the Lease so that another replica takes over at once. To be called after
   * the last write. Never rejects; takes six seconds at most.
   */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #run(): Promise<void> {
    if (!(await this.#acquire())) return;
    this.#options.log('info', 'became the leader', { identity: this.#options.identity });
    this.#options.onStartedLeading();
    const lost = await this.#keep();
    if (lost === undefined) return;
    this.#leading = false;
    this.#options.onStoppedLeading(lost);
  }

  /** Tries until this process leads (true) or is to stop (false). */
  async #acquire(): Promise<boolean> {
    while (!this.#stopping.signal.aborted) {
      const until = await this.#attempt();
      // An answer that comes too late, after a stall, is no promise any more; the next attempt renews what was written.
      if (until !== undefined && this.#now() < until) {
        this.#leading = true;
        this.#leaderUntil = until;
        return true;
      }
      await this.#pause(RETRY_MILLISECONDS * (1 + ACQUIRE_JITTER * this.#options.random()));
    }
    return false;
  }

  /** Renews until leadership is lost (returns why) or this process is to stop (undefined). */
  async #keep(): Promise<string | undefined> {
    for (;;) {
      const deadline = this.#leaderUntil;
      const wait = RETRY_MILLISECONDS * (1 + RENEW_JITTER * this.#options.random());
      await this.#pause(Math.min(wait, deadline - this.#now()));
      if (this.#stopping.signal.aborted) return undefined;
      const until = this.#now() < deadline ? await this.#attemptUntil(deadline) : undefined;
      if (this.#stopping.signal.aborted) return undefined;
      const thief = this.#record.otherHolder;
      if (thief !== undefined) return `the lease was taken by ${thief}`;
      if (this.#now() >= deadline) {
        const cause = this.#failure === undefined ? '' : `: ${this.#failure.message}`;
        return `the lease was not renewed for ${RENEW_DEADLINE_MILLISECONDS / 1000} seconds${cause}`;
      }
      if (until !== undefined) this.#leaderUntil = until;
    }
  }

  /** An attempt whose answer no longer counts after `deadline`, even if the transport forgets its own. */
  async #attemptUntil(deadline: number): Promise<number | undefined> {
    const answered = new AbortController();
    const late = pause(this.#options.clock, deadline - this.#now(), answered.signal).then(() => undefined);
    const until = await Promise.race([this.#attempt(), late]);
    answered.abort();
    return until;
  }

  /** One try to get or keep the Lease. Returns until when this process may lead, undefined when it did not get it. */
  async #attempt(): Promise<number | undefined> {
    try {
      const until = await this.#acquireOrRenew();
      this.#failure = undefined;
      return until;
    } catch (error) {
      // That another replica was faster is no trouble.
      if (!this.#stopping.signal.aborted && !isOutdated(error)) this.#warn(error);
      return undefined;
    }
  }

  async #acquireOrRenew(): Promise<number | undefined> {
    if (this.#leading && this.#record.known) {
      try {
        return await this.#hold();
      } catch (error) {
        // Somebody else wrote or deleted the Lease: who holds it is found out below.
        if (!isOutdated(error)) throw error;
      }
    }
    await this.#record.read(this.#sending());
    this.#tellOtherHolder();
    if (this.#record.otherHolder !== undefined && !this.#record.isExpired) return undefined;
    return await this.#hold();
  }

  /** The time to lead counts from the sending: the others see the renewal no earlier. */
  async #hold(): Promise<number> {
    const sentAt = this.#now();
    await this.#record.hold(this.#sending());
    return sentAt + RENEW_DEADLINE_MILLISECONDS;
  }

  #sending(): Sending {
    const left = this.#leading ? Math.max(1, this.#leaderUntil - this.#now()) : REQUEST_TIMEOUT_MILLISECONDS;
    return { timeoutMilliseconds: Math.min(REQUEST_TIMEOUT_MILLISECONDS, left), signal: this.#stopping.signal };
  }

  async #stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    if (!this.#leading) return;
    this.#leading = false;
    try {
      await this.#release();
    } catch (error) {
      this.#warn(error);
    }
  }

  async #release(): Promise<void> {
    const sending = { timeoutMilliseconds: RELEASE_TIMEOUT_MILLISECONDS };
    try {
      if (this.#record.isOurs) await this.#record.release(sending);
    } catch (error) {
      if (!isOutdated(error)) throw error;
      // Most likely a renewal that was broken off by the stop and arrived all the same.
      await this.#record.read(sending);
      if (this.#record.isOurs) await this.#record.release(sending);
    }
  }

  #tellOtherHolder(): void {
    const holder = this.#record.otherHolder;
    if (holder !== undefined && holder !== this.#otherHolder) {
      this.#options.log('info', 'another replica leads', { holder });
    }
    this.#otherHolder = holder;
  }

  /** The same trouble every two seconds is worth one line per minute. */
  #warn(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    const known = this.#failure;
    if (known?.message === message && this.#now() < known.at + SAME_WARNING_MILLISECONDS) return;
    this.#failure = { message, at: this.#now() };
    this.#options.log('warn', 'the lease cannot be read or written', { error });
  }

  #pause(milliseconds: number): Promise<void> {
    return pause(this.#options.clock, Math.max(0, milliseconds), this.#stopping.signal);
  }

  #now(): number {
    return this.#options.clock.monotonic();
  }
}
