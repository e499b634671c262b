// Reports what happened to an object as Kubernetes Events. It must never delay or fail the work that it reports.
import { createHash } from 'node:crypto';
import { type Clock, pause } from '../api/clock.ts';
import { recordedEventGvr } from '../api/kubernetes.ts';
import { cut } from '../api/text.ts';
import { ApiError } from './errors.ts';
import { microTime } from './micro-time.ts';
import { resourcePath } from './resources.ts';
import type { ApiRequest, Transport } from './transport.ts';

const MOST_PENDING = 1000;
/** Few, so that events take no connections from other requests. */
const MOST_IN_FLIGHT = 2;
const MOST_ATTEMPTS = 4;
const FIRST_RETRY_MILLISECONDS = 1000;
/** An Event whose attempt would have to wait longer is dropped: it would keep one of two places, and what it reports is long past then. */
const LONGEST_RETRY_MILLISECONDS = 30_000;
const REQUEST_TIMEOUT_MILLISECONDS = 10_000;
const SAME_FAILURE_MILLISECONDS = 60_000;
/** Limits of events.k8s.io/v1: bytes of the note, characters of reason and action, length of a name. */
const LONGEST_NOTE_BYTES = 1024;
const LONGEST_WORD = 128;
const LONGEST_NAME = 253;

export interface EventRecord {
  readonly regarding: {
    readonly apiVersion: string;
    readonly kind: string;
    readonly namespace: string;
    readonly name: string;
    readonly uid: string;
  };
  readonly type: 'Normal' | 'Warning';
  /** The reason, in CamelCase, for programs. */
  readonly reason: string;
  /** The action taken, in CamelCase. */
  readonly action: string;
  /** The message for people; truncated to 1024 bytes. */
  readonly note: string;
  /** Identifies the occurrence, for example by its time: the same key again means the same event, not a second one. */
  readonly key: string;
}

export interface EventRecorderOptions {
  readonly transport: Transport;
  /** Becomes reportingController. */
  readonly component: string;
  /** Becomes reportingInstance, for example the name of the pod; at most 128 characters. */
  readonly instance: string;
  readonly clock: Clock;
  /** An event could not be sent or was dropped; called at most once per minute for each kind of failure. */
  readonly onFailure: (error: unknown) => void;
}

interface Pending {
  readonly namespace: string;
  readonly body: unknown;
}

/** Sends one POST per event in the background. The name is derived from the content, so the API server rejects a repetition as existing. */
export class EventRecorder {
  readonly #options: EventRecorderOptions;
  /** By namespace and name, oldest first. */
  readonly #pending = new Map<string, Pending>();
  readonly #reportedAt = new Map<string, number>();
  readonly #whenIdle = new Set<() => void>();
  readonly #closing = new AbortController();
  #inFlight = 0;
  #dropped = 0;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
  }

  /** Events that were dropped because too many were queued. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Queues an event. Never throws; if too many are queued, the oldest are dropped. */
  emit(record: EventRecord): void {
    if (this.#closing.signal.aborted) return;
    const { namespace } = record.regarding;
    const name = eventName(record);
    this.#pending.set(`${namespace}/${name}`, { namespace, body: this.#body(record, name) });
    this.#dropOldest();
    this.#send();
  }

  /** Waits until all events are sent, at most `timeoutMilliseconds`; then drops the rest and accepts no more. */
  async drain(timeoutMilliseconds: number): Promise<void> {
    const idle = new AbortController();
    const finish = (): void => idle.abort();
    this.#whenIdle.add(finish);
    if (this.#inFlight > 0) await pause(this.#options.clock, timeoutMilliseconds, idle.signal);
    this.#pending.clear();
    this.#closing.abort();
  }

  #body(record: EventRecord, name: string): unknown {
    const { component, instance, clock } = this.#options;
    const { apiVersion, kind, namespace, name: regardingName, uid } = record.regarding;
    return {
      apiVersion: `${recordedEventGvr.group}/${recordedEventGvr.version}`,
      kind: recordedEventGvr.kind,
      metadata: { name, namespace },
      eventTime: microTime(clock.now()),
      reportingController: component,
      reportingInstance: instance,
      type: record.type,
      reason: cut(record.reason, LONGEST_WORD, ''),
      action: cut(record.action, LONGEST_WORD, ''),
      regarding: { apiVersion, kind, namespace, name: regardingName, uid },
      note: cutToBytes(record.note, LONGEST_NOTE_BYTES),
    };
  }

  #dropOldest(): void {
    for (const oldest of this.#pending.keys()) {
      if (this.#pending.size <= MOST_PENDING) return;
      this.#pending.delete(oldest);
      this.#dropped += 1;
      this.#report('dropped', new Error(`too many events are queued; ${this.#dropped} dropped so far`));
    }
  }

  #send(): void {
    for (const [key, pending] of this.#pending) {
      if (this.#inFlight >= MOST_IN_FLIGHT) return;
      this.#pending.delete(key);
      this.#inFlight += 1;
      void this.#post(pending).then(() => this.#sent());
    }
  }

  #sent(): void {
    this.#inFlight -= 1;
    this.#send();
    if (this.#inFlight === 0) for (const finish of this.#whenIdle) finish();
  }

  /** Never rejects. Retrying is safe even if an attempt without a response succeeded: the name is taken then. */
  async #post(pending: Pending): Promise<void> {
    const { transport, clock } = this.#options;
    const { signal } = this.#closing;
    for (let attempt = 1; ; attempt += 1) {
      try {
        await transport.request(postOf(pending), signal);
        return;
      } catch (error) {
        if (signal.aborted || (error instanceof ApiError && error.reason === 'AlreadyExists')) return;
        const wait = retryAfter(error, attempt);
        if (wait === undefined) {
          this.#report(error instanceof ApiError ? String(error.code) : 'defect', error);
          return;
        }
        await pause(clock, wait, signal);
        if (signal.aborted) return;
      }
    }
  }

  #report(kind: string, error: unknown): void {
    const now = this.#options.clock.monotonic();
    const last = this.#reportedAt.get(kind);
    if (last !== undefined && now < last + SAME_FAILURE_MILLISECONDS) return;
    this.#reportedAt.set(kind, now);
    this.#options.onFailure(error);
  }
}

function postOf({ namespace, body }: Pending): ApiRequest {
  const path = resourcePath(recordedEventGvr, namespace);
  return { method: 'POST', path, body, timeoutMilliseconds: REQUEST_TIMEOUT_MILLISECONDS };
}

/** Milliseconds until the next attempt; undefined if none makes sense. */
function retryAfter(error: unknown, attempt: number): number | undefined {
  if (!(error instanceof ApiError) || attempt >= MOST_ATTEMPTS) return undefined;
  if (error.code !== 0 && error.code !== 429 && error.code < 500) return undefined;
  const asked = (error.retryAfterSeconds ?? 0) * 1000;
  if (asked > LONGEST_RETRY_MILLISECONDS) return undefined;
  return Math.max(asked, FIRST_RETRY_MILLISECONDS * 2 ** (attempt - 1));
}

function eventName({ regarding, reason, note, key }: EventRecord): string {
  const content = JSON.stringify([regarding.uid, reason, note, key]);
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 16);
  // Truncation can leave a dot or a hyphen at the end, which is invalid in a DNS label.
  const prefix = regarding.name.slice(0, LONGEST_NAME - hash.length - 1).replace(/(?<![-.])[-.]+$/, '');
  return `${prefix}.${hash}`;
}

/** `text` truncated to this many bytes of UTF-8, without a partial character at the end. */
function cutToBytes(text: string, bytes: number): string {
  const encoded = new TextEncoder().encode(text);
  if (encoded.length <= bytes) return text;
  const mark = '…';
  const kept = encoded.subarray(0, bytes - new TextEncoder().encode(mark).length);
  return new TextDecoder().decode(kept, { stream: true }) + mark;
}
