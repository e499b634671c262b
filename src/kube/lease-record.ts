// The Lease as last observed, and when it last changed. It must never overwrite a state that it has not observed.
import type { Clock } from '../api/clock.ts';
import { leaseGvr } from '../api/kubernetes.ts';
import { ApiError } from './errors.ts';
import { microTime } from './micro-time.ts';
import { resourcePath } from './resources.ts';
import type { ApiRequest, Transport } from './transport.ts';

interface LeaseSpec {
  readonly holderIdentity?: string;
  readonly leaseDurationSeconds?: number;
  readonly acquireTime?: string;
  readonly leaseTransitions?: number;
}

/** As returned by the API server. Fields that are not listed here are sent back unchanged. */
interface Lease {
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly spec?: LeaseSpec;
}

/** The timeout of a request, and the signal that aborts it. */
export interface Sending {
  readonly timeoutMilliseconds: number;
  readonly signal?: AbortSignal;
}

export interface LeaseRecordOptions {
  readonly transport: Transport;
  readonly namespace: string;
  readonly name: string;
  readonly identity: string;
  readonly leaseSeconds: number;
  readonly clock: Clock;
}

/**
 * Whoever was cut off from the API server for longer than this does not know whether the holder was, too: its record is observed anew.
 * A holder that lives renews first then, and an outage changes no leader.
 */
const longestGapMilliseconds = 10_000;

/** One Lease. Each write carries the last observed resourceVersion, so the API server rejects it (409) after any other write. */
export class LeaseRecord {
  readonly #options: LeaseRecordOptions;
  #lease: Lease | undefined;
  /** The spec of #lease and when it was first observed. Changes of the metadata alone do not count as a renewal. */
  #seen = { spec: '', at: Number.NEGATIVE_INFINITY };
  /** When the API server last answered with the Lease. */
  #answeredAt = Number.NEGATIVE_INFINITY;
  /** The same, if a request has failed since then; else never. */
  #cutOffSince = Number.POSITIVE_INFINITY;

  constructor(options: LeaseRecordOptions) {
    this.#options = options;
  }

  /** Whether a Lease has been observed. */
  get known(): boolean {
    return this.#lease !== undefined;
  }

  /** The other process that holds the Lease as last observed; undefined if there is none or it is this process. */
  get otherHolder(): string | undefined {
    const holder = this.#lease?.spec?.holderIdentity;
    return holder && !this.isOurs ? holder : undefined;
  }

  get isOurs(): boolean {
    return this.#lease?.spec?.holderIdentity === this.#options.identity;
  }

  /** The period for which this process holds the Lease without interruption; undefined if it does not hold it. Another holder ends it. */
  get term(): string | undefined {
    const { acquireTime, leaseTransitions } = this.#lease?.spec ?? {};
    return this.isOurs ? `${acquireTime} ${leaseTransitions}` : undefined;
  }

  /** Whether the other holder has expired: its record has not been observed to change for the duration that it states. */
  get isExpired(): boolean {
    const seconds = this.#lease?.spec?.leaseDurationSeconds ?? this.#options.leaseSeconds;
    return this.#options.clock.monotonic() >= this.#seen.at + seconds * 1000;
  }

  /** Reads the Lease; it does not have to exist. Throws ApiError. */
  async read(sending: Sending): Promise<void> {
    try {
      this.#see(await this.#request({ method: 'GET', path: this.#path() }, sending));
    } catch (error) {
      if (!isNotFound(error)) throw error;
      this.#lease = undefined;
    }
  }

  /** Writes this process as holder into the Lease as last observed, or creates it. Throws ApiError; with code 0 it might have been written. */
  async hold(sending: Sending): Promise<void> {
    const { identity, leaseSeconds, clock } = this.#options;
    const spec = this.#lease?.spec;
    const time = microTime(clock.now());
    await this.#write(sending, {
      holderIdentity: identity,
      leaseDurationSeconds: leaseSeconds,
      acquireTime: (this.isOurs ? spec?.acquireTime : undefined) ?? time,
      renewTime: time,
      leaseTransitions: this.known ? (spec?.leaseTransitions ?? 0) + (this.isOurs ? 0 : 1) : 0,
    });
  }

  /** Removes this process as holder from the Lease as last observed, so that the next one does not wait. Throws ApiError. */
  async release(sending: Sending): Promise<void> {
    const time = microTime(this.#options.clock.now());
    await this.#write(sending, { holderIdentity: '', leaseDurationSeconds: 1, acquireTime: time, renewTime: time });
  }

  async #write(sending: Sending, change: LeaseSpec & { readonly renewTime: string }): Promise<void> {
    const { namespace, name } = this.#options;
    const lease = this.#lease;
    const request: ApiRequest =
      lease === undefined
        ? {
            method: 'POST',
            path: resourcePath(leaseGvr, namespace),
            body: {
              apiVersion: `${leaseGvr.group}/${leaseGvr.version}`,
              kind: leaseGvr.kind,
              metadata: { name, namespace },
              spec: change,
            },
          }
        : { method: 'PUT', path: this.#path(), body: { ...lease, spec: { ...lease.spec, ...change } } };
    this.#see(await this.#request(request, sending));
  }

  async #request(request: ApiRequest, { timeoutMilliseconds, signal }: Sending): Promise<unknown> {
    try {
      return await this.#options.transport.request({ ...request, timeoutMilliseconds }, signal);
    } catch (error) {
      if (!isOutdated(error)) this.#cutOffSince = this.#answeredAt;
      throw error;
    }
  }

  #see(answer: unknown): void {
    const lease = answer as Lease;
    const spec = JSON.stringify(lease.spec);
    const now = this.#options.clock.monotonic();
    const wasCutOff = now - this.#cutOffSince > longestGapMilliseconds;
    this.#lease = lease;
    if (spec !== this.#seen.spec || wasCutOff) this.#seen = { spec, at: now };
    this.#answeredAt = now;
    this.#cutOffSince = Number.POSITIVE_INFINITY;
  }

  #path(): string {
    return resourcePath(leaseGvr, this.#options.namespace, this.#options.name);
  }
}

/** Whether another client wrote, created or deleted the Lease since it was observed. */
export function isOutdated(error: unknown): boolean {
  return isNotFound(error) || (error instanceof ApiError && error.code === 409);
}

function isNotFound(error: unknown): boolean {
  return error instanceof ApiError && error.code === 404 && error.reason === 'NotFound';
}
