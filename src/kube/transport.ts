// Sends a request to the API server and returns the response. It must never retry a request that might have been carried out, nor wait
// without a limit.
import { KubeConfig } from '@kubernetes/client-node';
import { Pool } from 'undici';
import type { Clock } from '../api/clock.ts';
import { ApiError, errorFromResponse, type ResponseHeaders } from './errors.ts';
import { type Access, Credentials } from './kubeconfig.ts';
import { Limit } from './limit.ts';
import { splitLines } from './lines.ts';
import { requestInfo } from './request-info.ts';

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly contentType?: string;
  /** Until the response is complete, or for `lines` until it starts; default 30,000. */
  readonly timeoutMilliseconds?: number;
  /** The longest response that is read, not for `lines`; default 64 MiB. A longer one is an ApiError with the reason 'TooLarge'. */
  readonly mostBytes?: number;
}

export interface Transport {
  /**
   * Sends a request and waits for the response.
   * @returns the parsed JSON of a 2xx response
   * @throws ApiError for everything else, including an abort by the caller
   */
  request(request: ApiRequest, signal?: AbortSignal): Promise<unknown>;
  /**
   * Sends a request whose response is a stream of lines. It ends when the server closes the stream cleanly; an incomplete last line is dropped.
   * @param opened called once, when the server has accepted the request: a watch can send nothing for minutes after that
   * @throws ApiError if the server rejects the request, the stream breaks, a line is longer than 16 MiB, or `signal` aborts
   */
  lines(request: ApiRequest, signal: AbortSignal, opened?: () => void): AsyncIterable<string>;
  /** Aborts all requests in flight and closes all connections. */
  close(): Promise<void>;
}

/** Called once for every response or failure; for a stream, when it starts. Code 0: no response. */
export type RequestObserver = (event: {
  readonly verb: string;
  readonly resource: string;
  readonly code: number;
  readonly seconds: number;
}) => void;

export interface TransportOptions {
  readonly kubeConfig: KubeConfig;
  readonly userAgent: string;
  /** Maximum number of connections for calls; watches have their own. Default 32. */
  readonly connections?: number;
  readonly clock: Clock;
  readonly observe?: RequestObserver;
}

const defaultTimeoutMilliseconds = 30_000;
const mostResponseBytes = 64 * 1024 * 1024;
const mostLineBytes = 16 * 1024 * 1024;

/**
 * A transport to the current cluster of a kubeconfig. Nothing is sent or read yet.
 * @throws Error if the kubeconfig has no current cluster, or a proxy
 */
export function createTransport(options: TransportOptions): Transport {
  return new HttpTransport(options);
}

/**
 * Reads the kubeconfig from $KUBECONFIG or ~/.kube/config, otherwise the service account of the pod.
 * @throws Error if none of them exists
 */
export function loadKubeConfig(): KubeConfig {
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromDefault();
  // client-node's last fallback, an unprotected API server on this host, is never intended.
  if (kubeConfig.getCurrentCluster()?.server === 'http://localhost:8080') {
    throw new Error('no kubeconfig found and not running in a pod with a service account');
  }
  return kubeConfig;
}

interface Pools {
  readonly tlsDigest: string;
  readonly calls: Pool;
  readonly watches: Pool;
}

type Answer = Awaited<ReturnType<Pool['request']>>;

class HttpTransport implements Transport {
  readonly #options: TransportOptions;
  readonly #origin: string;
  readonly #basePath: string;
  readonly #credentials: Credentials;
  readonly #open = new Set<Pool>();
  #pools: Pools | undefined;
  #closed = false;

  constructor(options: TransportOptions) {
    const cluster = options.kubeConfig.getCurrentCluster();
    if (cluster === null) throw new Error('the kubeconfig has no current cluster');
    if (cluster.proxyUrl !== undefined) throw new Error('a proxy-url in the kubeconfig is not supported');
    const server = new URL(cluster.server);
    this.#options = options;
    this.#origin = server.origin;
    this.#basePath = server.pathname.replace(/\/$/, '');
    this.#credentials = new Credentials(options.kubeConfig, options.clock);
  }

  async request(request: ApiRequest, signal?: AbortSignal): Promise<unknown> {
    const started = this.#options.clock.monotonic();
    const limit = new Limit(this.#options.clock, request.timeoutMilliseconds ?? defaultTimeoutMilliseconds, signal);
    let code = 0;
    try {
      const answer = await this.#send('calls', request, limit);
      const text = await textOf(answer.body, request.mostBytes ?? mostResponseBytes);
      code = answer.statusCode;
      if (code > 299) throw errorFromResponse(code, text, headersOf(answer));
      return parse(text);
    } catch (error) {
      throw limit.explain(error);
    } finally {
      limit.release();
      this.#observe(request, code, started);
    }
  }

  async *lines(request: ApiRequest, signal: AbortSignal, opened?: () => void): AsyncIterable<string> {
    const started = this.#options.clock.monotonic();
    const limit = new Limit(this.#options.clock, request.timeoutMilliseconds ?? defaultTimeoutMilliseconds, signal);
    let observed = false;
    const observe = (code: number): void => {
      if (!observed) this.#observe(request, code, started);
      observed = true;
    };
    try {
      const answer = await this.#send('watches', request, limit);
      if (answer.statusCode > 299) {
        const text = await textOf(answer.body, mostResponseBytes);
        observe(answer.statusCode);
        throw errorFromResponse(answer.statusCode, text, headersOf(answer));
      }
      limit.stopTimer();
      observe(answer.statusCode);
      opened?.();
      yield* splitLines(answer.body, mostLineBytes);
    } catch (error) {
      observe(0);
      throw limit.explain(error);
    } finally {
      limit.release();
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#open].map((pool) => pool.destroy()));
  }

  /** Sends the request. After a 401, which the server sends before any effect, retries once with credentials that are read again. */
  async #send(kind: 'calls' | 'watches', request: ApiRequest, limit: Limit): Promise<Answer> {
    const access = await limit.race(this.#credentials.current());
    const answer = await this.#sendAs(access, kind, request, limit);
    if (answer.statusCode !== 401) return answer;
    const renewed = await limit.race(this.#credentials.renew(access));
    if (renewed === undefined) return answer;
    await answer.body.dump();
    return this.#sendAs(renewed, kind, request, limit);
  }

  #sendAs(access: Access, kind: 'calls' | 'watches', request: ApiRequest, limit: Limit): Promise<Answer> {
    const headers: Record<string, string> = {
      ...access.headers,
      accept: 'application/json',
      'user-agent': this.#options.userAgent,
    };
    if (request.body !== undefined) headers['content-type'] = request.contentType ?? 'application/json';
    return this.#poolsFor(access)[kind].request({
      method: request.method,
      path: this.#basePath + request.path + queryString(request.query),
      headers,
      body: request.body === undefined ? null : JSON.stringify(request.body),
      signal: limit.signal,
    });
  }

  #poolsFor(access: Access): Pools {
    if (this.#closed) throw new ApiError({ code: 0, reason: 'Network', message: 'the transport is closed' });
    const current = this.#pools;
    if (current?.tlsDigest === access.tlsDigest) return current;
    // The Limit of each request is the only deadline, so those of undici are disabled.
    const shared = {
      allowH2: false,
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: { ...access.tls, timeout: 10_000, keepAlive: true, keepAliveInitialDelay: 30_000 },
    };
    const calls = new Pool(this.#origin, {
      ...shared,
      connections: this.#options.connections ?? 32,
      keepAliveTimeout: 30_000,
    });
    const watches = new Pool(this.#origin, shared);
    this.#open.add(calls).add(watches);
    this.#pools = { tlsDigest: access.tlsDigest, calls, watches };
    if (current !== undefined) this.#retire(current);
    return this.#pools;
  }

  /** Lets requests in flight with the old TLS material finish; a watch does so within its ten minutes. */
  #retire(pools: Pools): void {
    for (const pool of [pools.calls, pools.watches]) {
      const forget = (): void => {
        this.#open.delete(pool);
      };
      // A pool that was destroyed in the meantime counts as closed.
      pool.close().then(forget, forget);
    }
  }

  #observe(request: ApiRequest, code: number, started: number): void {
    const seconds = (this.#options.clock.monotonic() - started) / 1000;
    this.#options.observe?.({ ...requestInfo(request), code, seconds });
  }
}

/** The whole body. One that is too long is not read to its end: its connection is closed. */
async function textOf(body: AsyncIterable<Buffer>, mostBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > mostBytes) {
      const message = `the response is longer than ${mostBytes} bytes`;
      throw new ApiError({ code: 0, reason: 'TooLarge', message });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // V8's error message quotes the text, which can be a Secret.
    throw new ApiError({ code: 0, reason: 'Network', message: `the response (${text.length} characters) is not JSON` });
  }
}

function headersOf({ headers }: Answer): ResponseHeaders {
  const [retryAfter, date] = [headers['retry-after'], headers.date];
  return {
    retryAfter: typeof retryAfter === 'string' ? retryAfter : undefined,
    date: typeof date === 'string' ? date : undefined,
  };
}

function queryString(query: ApiRequest['query']): string {
  return query === undefined ? '' : `?${new URLSearchParams(query)}`;
}
