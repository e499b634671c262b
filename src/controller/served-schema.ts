// Knows which schema of PostgresAddon the API server has, and finds out when it changes. It must never hold up the work: as long as the
// schema cannot be read, it counts as the one that is needed.
import { addonGvr } from '../api/addon.ts';
import { type Clock, pause } from '../api/clock.ts';
import { addonSchema } from '../api/generated/postgresaddon-schema.ts';
import { type Schema, schemaIn, schemaPath } from '../api/schema.ts';
import { missingFrom } from '../domain/served-schema.ts';
import { ApiError } from '../kube/errors.ts';
import type { Transport } from '../kube/transport.ts';
import type { Log } from '../runtime/log.ts';

/** The time between two reads, unless the API server asks for more: nothing reports a change of a CRD to those who are not permitted to watch CRDs. */
const readMilliseconds = 60_000;

export interface ServedSchemaOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly log: Pick<Log, 'info' | 'warn'>;
  /** Called after the first read, successful or not, and whenever what is missing changes. */
  readonly onChange: () => void;
}

export class ServedSchema {
  readonly #options: ServedSchemaOptions;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  #wasRead = false;
  #failure: string | undefined;
  #status: Schema | undefined;
  #missing: readonly string[] = [];

  constructor(options: ServedSchemaOptions) {
    this.#options = options;
  }

  /** Whether the first read has ended, successful or not. */
  get wasRead(): boolean {
    return this.#wasRead;
  }

  /** What the served schema lacks, in words; nothing as long as it is unknown. */
  get missing(): readonly string[] {
    return this.#missing;
  }

  /** The served schema of status; undefined if it is unknown, or has all that is needed. */
  get ofStatus(): Schema | undefined {
    return this.#status;
  }

  /** Starts reading. A second call does nothing. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Ends it, and a read in flight. Never rejects. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const retryAfterSeconds = await this.#read(signal);
      await pause(this.#options.clock, Math.max(readMilliseconds, retryAfterSeconds * 1000), signal);
    }
  }

  /** @returns the seconds until it may be read again */
  async #read(signal: AbortSignal): Promise<number> {
    const { transport, log } = this.#options;
    const isFirst = !this.#wasRead;
    const before = this.#missing.join();
    let wait = 0;
    try {
      const document = await transport.request({ method: 'GET', path: schemaPath(addonGvr) }, signal);
      const served = schemaIn(document, addonGvr);
      // Without it the CRD is not there, or not yet: the watch of the addons reports that.
      if (served !== undefined) this.#take(served);
      this.#failure = undefined;
    } catch (error) {
      if (signal.aborted) return wait;
      if (error instanceof ApiError) wait = error.retryAfterSeconds ?? 0;
      const message = String(error);
      if (message !== this.#failure)
        log.warn('the schema of PostgresAddon could not be read; whether the CRD is that of this version is unknown', {
          error,
        });
      this.#failure = message;
    }
    this.#wasRead = true;
    if (isFirst || this.#missing.join() !== before) this.#options.onChange();
    return wait;
  }

  #take(served: Schema): void {
    const { log } = this.#options;
    const missing = missingFrom(served, addonSchema);
    if (missing.join() !== this.#missing.join()) {
      const remedy = 'helm upgrade with crds.enabled=true, or kubectl apply --server-side --force-conflicts -f crds/';
      if (missing.length === 0) log.info('the installed CRD is that of this operator version');
      else log.warn('the installed CRD is not that of this operator version', { missing, remedy });
    }
    this.#missing = missing;
    this.#status = missing.length === 0 ? undefined : served.properties?.status;
  }
}
