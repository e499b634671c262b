// The Lease as the API server holds it, and what was seen of it; it must never overwrite what it has not seen.
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

/** As the API server returned it; what is not named here is sent back untouched. */
interface Lease {
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly spec?: LeaseSpec;
}

/** How one request is sent: its time limit and the signal that breaks it off. */
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

/** One Lease. Each write carries the resourceVersion that was seen last, so the server refuses it (409) when anybody wrote in between. */
export class LeaseRecord {
  readonly #options: LeaseRecordOptions;
  #lease: Lease | undefined;
  /** The spec of #lease and when it was first seen like this: changes of metadata are no sign of life. */
  #seen: { readonly spec: string; readonly at: number } = { spec: '', at: 0 };

  constructor(options: LeaseRecordOptions) {
    this.#options = options;
  }

  /** Whether a Lease has been seen. */
  get known(): boolean {
    return this.#lease !== undefined;
  }

  /** Who else holds the Lease as last seen; undefined when that is nobody or this process. */
  get otherHolder(): string | undefined {
    const holder = this.#lease?.spec?.holderIdentity;
    return holder && !this.isOurs ? holder : undefined;
  }

  get isOurs(): boolean {
    return this.#lease?.spec?.holderIdentity === this.#options.identity;
  }

  /** Whether the other holder has had its time: its record did not change before our eyes for as long as it says itself. */
  get isExpired(): boolean {
    const seconds = this.#lease?.spec?.leaseDurationSeconds ?? this.#options.leaseSeconds;
    return this.#options.clock.monotonic() >= this.#seen.at + seconds * 1000;
  }

  /** Looks at the Lease; that there is none is an answer too. Throws ApiError. */
  async read(sending: Sending): Promise<void> {
    try {
      this.#see(await this.#request({ method: 'GET', path: this.#path() }, sending));
    } catch (error) {
      if (!isNotFound(error)) throw error;
      this.#lease = undefined;
    }
  }

  /** Writes this process into the Lease as last seen, or creates it. Throws ApiError; with code 0 it may have been done. */
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

  /** Takes this process out of the Lease as last seen, so that the next one need not wait. Throws ApiError. */
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

  #request(request: ApiRequest, { timeoutMilliseconds, signal }: Sending): Promise<unknown> {
    return this.#options.transport.request({ ...request, timeoutMilliseconds }, signal);
  }

  #see(answer: unknown): void {
    const lease = answer as Lease;
    const spec = JSON.stringify(lease.spec ?? {});
    this.#lease = lease;
    if (spec !== this.#seen.spec) this.#seen = { spec, at: this.#options.clock.monotonic() };
  }

  #path(): string {
    return resourcePath(leaseGvr, this.#options.namespace, this.#options.name);
  }
}

/** Whether somebody else wrote, created or deleted the Lease since it was seen. */
export function isOutdated(error: unknown): boolean {
  return isNotFound(error) || (error instanceof ApiError && error.code === 409);
}

function isNotFound(error: unknown): boolean {
  return error instanceof ApiError && error.code === 404 && error.reason === 'NotFound';
}
