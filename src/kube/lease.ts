// Elects the replica that is permitted to write, through a Lease. It must never report leadership once another replica could be leader.
import { type Clock, pause, type Random } from '../api/clock.ts';
import { isOutdated, LeaseRecord, type Sending } from './lease-record.ts';
import type { Transport } from './transport.ts';

/** The defaults of client-go. Others take over this long after they last observed a change of the record. */
const LEASE_SECONDS = 15;
/** A leader that has not renewed for this long writes nothing. The margin to the lease duration covers requests in flight. */
const RENEW_DEADLINE_MILLISECONDS = 10_000;
const RETRY_MILLISECONDS = 2000;
/** Waiting replicas spread their attempts, as in client-go; a leader renews more evenly. */
const ACQUIRE_JITTER = 1.2;
const RENEW_JITTER = 0.2;
/**
 * Leaves a leader with a hanging request enough time for a second one before its deadline. Only while answers come in less than half of
 * it: a renewal that is given up can still be carried out, and has to be read before the next one.
 */
const RENEW_TIMEOUT_MILLISECONDS = 5000;
/** A later answer grants nothing: leadership is counted from the time of sending. */
const REQUEST_TIMEOUT_MILLISECONDS = RENEW_DEADLINE_MILLISECONDS;
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
  /** Called whenever this process may write again: at first, and after a time in which it could not renew the Lease. */
  readonly onStartedLeading: () => void;
  /** Another replica may write. Called at most once, and not after `stop`. The process must exit: work started as leader can be in flight. */
  readonly onStoppedLeading: (why: string) => void;
  readonly log: (level: 'info' | 'warn', message: string, fields?: Record<string, unknown>) => void;
}

/**
 * The leader election of client-go (tools/leaderelection). A holder has expired if its record has not changed for the lease duration
 * on the local monotonic clock. The times in the record are not used, so the replicas' wall clocks do not matter.
 *
 * Other than client-go, a leader that cannot renew in time does not end. It writes nothing and goes on trying. While the API server
 * cannot be reached, nobody else can take the Lease; whether somebody did is seen when it answers: the renewal succeeds only if the
 * Lease is unchanged since this process wrote it.
 */
export class LeaderElector {
  readonly #options: LeaderElectorOptions;
  readonly #record: LeaseRecord;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;
  /** While this process holds the Lease as far as it knows; see LeaseRecord.term. */
  #term: string | undefined;
  #leaderUntil = Number.NEGATIVE_INFINITY;
  /** How long the last renewal took, in milliseconds. */
  #took = Number.POSITIVE_INFINITY;
  /** What onStartedLeading was last told. */
  #mayWrite = false;
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
    return this.#term !== undefined && this.#now() < this.#leaderUntil;
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
    while (!this.#stopping.signal.aborted) {
      this.#tellWhetherLeading();
      const lost = await this.#attempt();
      if (this.#stopping.signal.aborted) return;
      if (lost !== undefined) {
        this.#term = undefined;
        this.#options.onStoppedLeading(lost);
        return;
      }
      this.#tellWhetherLeading();
      const jitter = this.#term === undefined ? ACQUIRE_JITTER : RENEW_JITTER;
      await this.#pause(this.#untilDeadline(RETRY_MILLISECONDS * (1 + jitter * this.#options.random())));
    }
  }

  /** A leader is not late with its last attempt before the deadline, nor with saying that it has passed. */
  #untilDeadline(milliseconds: number): number {
    return this.#mayWrite ? Math.min(milliseconds, this.#leaderUntil - this.#now()) : milliseconds;
  }

  #tellWhetherLeading(): void {
    const { identity, log, onStartedLeading } = this.#options;
    const mayWrite = this.isLeader();
    if (mayWrite === this.#mayWrite) return;
    this.#mayWrite = mayWrite;
    if (mayWrite) {
      log('info', 'became the leader', { identity });
      onStartedLeading();
      return;
    }
    log(
      'warn',
      `the lease was not renewed for ${RENEW_DEADLINE_MILLISECONDS / 1000} seconds: nothing is written until it is`,
      {
        cause: this.#failure?.message,
      },
    );
  }

  /** One attempt to acquire or renew the Lease. @returns why leadership is lost for good; undefined if it is not, or was never had */
  async #attempt(): Promise<string | undefined> {
    try {
      const lost = await this.#acquireOrRenew();
      this.#failure = undefined;
      return lost;
    } catch (error) {
      // Another replica being faster is not a failure.
      if (!this.#stopping.signal.aborted && !isOutdated(error)) this.#warn(error);
      return undefined;
    }
  }

  async #acquireOrRenew(): Promise<string | undefined> {
    if (this.#term !== undefined) {
      try {
        await this.#hold();
        return undefined;
      } catch (error) {
        // Another client wrote or deleted the Lease. The holder is read below.
        if (!isOutdated(error)) throw error;
      }
    }
    await this.#record.read(this.#sending());
    this.#tellOtherHolder();
    const { otherHolder, isExpired, term } = this.#record;
    if (this.#term !== undefined) {
      if (otherHolder !== undefined) return `the lease was taken by ${otherHolder}`;
      // Within its time no other can have led, whoever touched or deleted the Lease.
      if (!this.isLeader() && term !== this.#term) return 'the lease was changed while it could not be renewed';
    } else if (otherHolder !== undefined && !isExpired) return undefined;
    await this.#hold();
    return undefined;
  }

  /** Leadership is counted from the time of sending: the others cannot observe the renewal earlier. */
  async #hold(): Promise<void> {
    const sentAt = this.#now();
    await this.#record.hold(this.#sending());
    this.#term = this.#record.term;
    this.#leaderUntil = sentAt + RENEW_DEADLINE_MILLISECONDS;
    this.#took = this.#now() - sentAt;
  }

  #sending(): Sending {
    const isQuick = this.isLeader() && this.#took < RENEW_TIMEOUT_MILLISECONDS / 2;
    return {
      timeoutMilliseconds: isQuick ? RENEW_TIMEOUT_MILLISECONDS : REQUEST_TIMEOUT_MILLISECONDS,
      signal: this.#stopping.signal,
    };
  }

  async #stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    if (this.#term === undefined) return;
    this.#term = undefined;
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
