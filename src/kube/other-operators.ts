// Tells whether another installation of the operator still runs, from its Lease, which its leader renews every 2 s. It never writes one.
import { type Clock, pause } from '../api/clock.ts';
import { leaseGvr } from '../api/kubernetes.ts';
import { ApiError } from './errors.ts';
import { resourcePath } from './resources.ts';
import type { Transport } from './transport.ts';

const LOOK_MILLISECONDS = 15_000;
/** A leader creates a deleted Lease again within its renewal deadline of 10 s, or exits. */
const ABSENT_MILLISECONDS = 30_000;
/** A released Lease, or one that is not renewed, is no danger after 15 s. An outage of a node is given time to end by itself. */
const IDLE_MILLISECONDS = 600_000;
const absent = 'absent';

export interface OtherOperatorsOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  /** Called when an installation is found not to run any more, and when one that had gone runs again. */
  readonly onChange: (operator: string) => void;
  /** A Lease could not be read: until it can, its installation counts as running. Called once for each error code. */
  readonly onFailure: (operator: string, error: unknown) => void;
}

/** What was last read of a Lease. */
interface Sight {
  readonly record: string;
  /** Monotonic time at which this record was first read, in milliseconds. */
  readonly since: number;
  readonly isGone: boolean;
}

/** The installations that were asked for, each looked at every 15 s, or when the API server asks for that: one request for all its addons. */
export class OtherOperators {
  readonly #options: OtherOperatorsOptions;
  readonly #sights = new Map<string, Sight | undefined>();
  readonly #failures = new Set<string>();
  readonly #stopping = new AbortController();
  readonly #loops: Promise<void>[] = [];

  constructor(options: OtherOperatorsOptions) {
    this.#options = options;
  }

  /**
   * Whether an installation no longer runs: its Lease does not exist for 30 s, or nobody has written it for 10 min. The first call begins
   * to look.
   * @param operator `namespace/name` of its Lease
   */
  isGone(operator: string): boolean {
    if (!this.#sights.has(operator) && !this.#stopping.signal.aborted) {
      this.#sights.set(operator, undefined);
      this.#loops.push(this.#follow(operator));
    }
    return this.#sights.get(operator)?.isGone === true;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#loops);
  }

  async #follow(operator: string): Promise<void> {
    const { clock, onChange } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const before = this.#sights.get(operator);
      const { record, retryAfterSeconds = 0 } = await this.#read(operator);
      if (record !== undefined) {
        const sight = seeing(record, before, clock.monotonic());
        this.#sights.set(operator, sight);
        if (sight.isGone !== (before?.isGone ?? false)) onChange(operator);
      }
      await pause(clock, Math.max(LOOK_MILLISECONDS, retryAfterSeconds * 1000), signal);
    }
  }

  /** The Lease as text; without one, it could not be read. */
  async #read(operator: string): Promise<{ record?: string; retryAfterSeconds?: number | undefined }> {
    const [namespace = '', name = ''] = operator.split('/');
    if (namespace === '' || name === '') return { record: absent };
    const { transport, onFailure } = this.#options;
    try {
      const path = resourcePath(leaseGvr, namespace, name);
      const lease = await transport.request({ method: 'GET', path }, this.#stopping.signal);
      return { record: JSON.stringify((lease as { readonly spec?: unknown }).spec ?? {}) };
    } catch (error) {
      if (error instanceof ApiError && error.code === 404) return { record: absent };
      const kind = `${operator} ${error instanceof ApiError ? error.code : 'defect'}`;
      if (!this.#stopping.signal.aborted && !this.#failures.has(kind)) onFailure(operator, error);
      this.#failures.add(kind);
      return error instanceof ApiError ? { retryAfterSeconds: error.retryAfterSeconds } : {};
    }
  }
}

/** The renewals change the record; when nobody renews it, it stays as it is. */
function seeing(record: string, before: Sight | undefined, now: number): Sight {
  const since = before?.record === record ? before.since : now;
  return { record, since, isGone: now - since >= (record === absent ? ABSENT_MILLISECONDS : IDLE_MILLISECONDS) };
}
