// For the tests of Kubernetes I/O: an API server that the test controls. Product code must never import it.
import type { KubeObject } from '../api/kubernetes.ts';
import { settle } from '../testing/clock.ts';
import { ApiError } from './errors.ts';
import type { ApiRequest, Transport } from './transport.ts';

/** A request that waits for its response. */
export interface PendingCall {
  readonly request: ApiRequest;
  answer(value: unknown): void;
  fail(error: unknown): void;
}

/** A watch as its server sees it. */
export interface PendingStream {
  readonly request: ApiRequest;
  readonly signal: AbortSignal;
  /** The server accepted the watch. */
  open(): void;
  send(type: string, object: unknown): void;
  sendText(line: string): void;
  close(): void;
  fail(error: unknown): void;
}

/** Collects requests; the test takes them and responds. Honours signals like the real one. */
export class HandTransport implements Transport {
  readonly #calls: PendingCall[] = [];
  readonly #streams: PendingStream[] = [];

  /** How many requests and watches have been sent and not yet taken by the test. */
  get waiting(): number {
    return this.#calls.length + this.#streams.length;
  }

  /** The oldest request not yet taken. */
  async call(): Promise<PendingCall> {
    await settle();
    return taken(this.#calls.shift(), 'request');
  }

  /** The oldest watch not yet taken. */
  async stream(): Promise<PendingStream> {
    await settle();
    return taken(this.#streams.shift(), 'watch');
  }

  /** The oldest request or watch not yet taken. */
  async next(): Promise<{ readonly call?: PendingCall; readonly stream?: PendingStream }> {
    return this.#calls.length > 0 ? { call: await this.call() } : { stream: await this.stream() };
  }

  request(request: ApiRequest, signal?: AbortSignal): Promise<unknown> {
    return new Promise((resolve, reject) => {
      signal?.addEventListener('abort', () => reject(aborted()), { once: true });
      this.#calls.push({ request, answer: resolve, fail: reject });
    });
  }

  async *lines(request: ApiRequest, signal: AbortSignal, opened?: () => void): AsyncIterable<string> {
    const inbox: (() => string | undefined)[] = [];
    let wake = (): void => {};
    const put = (step: () => string | undefined): void => {
      inbox.push(step);
      wake();
    };
    const fail = (error: unknown): void =>
      put(() => {
        throw error;
      });
    signal.addEventListener('abort', () => fail(aborted()), { once: true });
    this.#streams.push({
      request,
      signal,
      open: () => opened?.(),
      send: (type, object) => put(() => JSON.stringify({ type, object })),
      sendText: (line) => put(() => line),
      close: () => put(() => undefined),
      fail,
    });
    for (;;) {
      const step = inbox.shift();
      if (step === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      const line = step();
      if (line === undefined) return;
      yield line;
    }
  }

  async close(): Promise<void> {}
}

/** An object with a made-up state in `value`. */
export interface Thing extends KubeObject {
  readonly value: string;
}

/** An object as the server sends it, including managedFields. */
export function thing(name: string, resourceVersion: number | string, more: Partial<Thing['metadata']> = {}): Thing {
  const metadata = {
    namespace: 'default',
    uid: `uid-of-${name}`,
    ...more,
    name,
    resourceVersion: String(resourceVersion),
    managedFields: [{ manager: 'somebody' }],
  };
  return { apiVersion: 'example.org/v1', kind: 'Thing', metadata, value: `${name}@${resourceVersion}` };
}

/** The response to a list request. */
export function page(items: readonly Thing[], resourceVersion: number, more: string = ''): unknown {
  const metadata = { resourceVersion: String(resourceVersion), ...(more === '' ? {} : { continue: more }) };
  return { apiVersion: 'example.org/v1', kind: 'ThingList', metadata, items };
}

function taken<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`no ${what} was sent`);
  return value;
}

function aborted(): ApiError {
  return new ApiError({ code: 0, reason: 'Aborted', message: 'the request was aborted' });
}
