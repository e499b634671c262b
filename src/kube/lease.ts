// Elects the replica that is permitted to write, through a Lease. It must never report leadership once another replica could be leader.
import { type Clock, pause, type Random } from '../api/clock.ts';
import { isOutdated, LeaseRecord, type Sending } from './lease-record.ts';
import type { Transport } from './transport.ts';

/** The defaults of client-go. Others take over this long after they last observed a change of the record. */
const LEASE_SECONDS = 15;
/** A leader that has not renewed for this long stops. The margin to the lease duration covers requests in flight. */
const RENEW_DEADLINE_MILLISECONDS = 10_000;
const RETRY_MILLISECONDS = 2000;
/** Waiting replicas spread their attempts, as in client-go; a leader renews more evenly. */
const ACQUIRE_JITTER = 1.2;
const RENEW_JITTER = 0.2;
/** Leaves a leader with a hanging request enough time for a second one before its deadline. */
const REQUEST_TIMEOUT_MILLISECONDS = 5000;
const RELEASE_TIMEOUT_MILLISECONDS = 2000;
const SAME_WARNING_MILLISECONDS = 60_000;

export interface LeaderElectorOptions {
  /** Should be a separate one: a renewal that queues for a connection behind a thousand other requests comes too late. */
  readonly transport: Transport;
  readonly namespace: string;
  readonly name: string;
  /** Unique to this process, for example the pod name with a random suffix. */
  readonly identity: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly onStartedLeading: () => void;
  /** Called at most once, and not after `stop`. The process must exit: work started as leader can still be in flight. */
  readonly onStoppedLeading: (why: string) => void;
  readonly log: (level: 'info' | 'warn', message: string, fields?: Record<string, unknown>) => void;
}

/**
 * The leader election of client-go (tools/leaderelection). A holder has expired if its record has not changed for the lease duration
 * on the local monotonic clock. The times in the record are not used, so the replicas' wall clocks do not matter.
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

  /** Starts trying to acquire the Lease. A second call does nothing. */
  start(): void {
    this.#running ??= this.#run();
  }

  /**
   * Whether this process is permitted to write at this moment. Checks the clock, because a process that was paused (a blocked
   * event loop, SIGSTOP) does not notice that its lease has expired. Call it before each write.
   */
  isLeader(): boolean {
    return this.#leading && this.#now() < this.#leaderUntil;
  }

  /**
   * Ends the election and, if this process is the leader, releases the Lease so that another replica takes over at once. Call it
   * after the last write. Never rejects; takes at most six seconds.
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

  /** Retries until this process is the leader (true) or is stopped (false). */
  async #acquire(): Promise<boolean> {
    while (!this.#stopping.signal.aborted) {
      const until = await this.#attempt();
      // After a pause, a response can be too late to grant leadership. The next attempt renews what was written.
      if (until !== undefined && this.#now() < until) {
        this.#leading = true;
        this.#leaderUntil = until;
        return true;
      }
      await this.#pause(RETRY_MILLISECONDS * (1 + ACQUIRE_JITTER * this.#options.random()));
    }
    return false;
  }

  /** Renews until leadership is lost (returns the cause) or this process is stopped (undefined). */
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

  /** An attempt whose response is ignored after `deadline`, even if the transport misses its own timeout. */
  async #attemptUntil(deadline: number): Promise<number | undefined> {
    const answered = new AbortController();
    const late = pause(this.#options.clock, deadline - this.#now(), answered.signal).then(() => undefined);
    const until = await Promise.race([this.#attempt(), late]);
    answered.abort();
    return until;
  }

  /** One attempt to acquire or renew the Lease. Returns the time until which this process is the leader; undefined if it failed. */
  async #attempt(): Promise<number | undefined> {
    try {
      const until = await this.#acquireOrRenew();
      this.#failure = undefined;
      return until;
    } catch (error) {
      // Another replica being faster is not a failure.
      if (!this.#stopping.signal.aborted && !isOutdated(error)) this.#warn(error);
      return undefined;
    }
  }

  async #acquireOrRenew(): Promise<number | undefined> {
    if (this.#leading && this.#record.known) {
      try {
        return await this.#hold();
      } catch (error) {
        // Another client wrote or deleted the Lease. The holder is read below.
        if (!isOutdated(error)) throw error;
      }
    }
    await this.#record.read(this.#sending());
    this.#tellOtherHolder();
    if (this.#record.otherHolder !== undefined && !this.#record.isExpired) return undefined;
    return await this.#hold();
  }

  /** Leadership is counted from the time of sending: the others cannot observe the renewal earlier. */
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
      // Most likely a renewal that the stop aborted and that was written nevertheless.
      await this.#record.read(sending);
      if (this.#record.isOurs) await this.#record.release(sending);
    }
  }

  #tellOtherHolder(): void {
    const holder = this.#record.otherHolder;
    if (holder !== undefined && holder !== this.#otherHolder) {
      this.#options.log('info', 'another replica is the leader', { holder });
    }
    this.#otherHolder = holder;
  }

  /** The same failure every two seconds is logged once per minute. */
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
