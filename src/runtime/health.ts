// Serves probes and metrics over HTTP. It must never accept input other than a path, nor let liveness depend on anything outside this
// process, such as what others do with their connections.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** A condition that must hold. `check` returns undefined if it does, otherwise the cause, in text that is safe to publish. */
export interface Check {
  readonly name: string;
  readonly check: () => string | undefined;
}

export interface HealthServerOptions {
  /** 0 selects a free port. */
  readonly port: number;
  readonly live: readonly Check[];
  readonly ready: readonly Check[];
  readonly metrics: () => Promise<string>;
  readonly metricsContentType: string;
}

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly contentType?: string;
}

/** The time that a client has to send its request, and to read on in the answer. */
const PATIENCE_MILLISECONDS = 5000;
const MAX_CONNECTIONS = 128;

const NOT_FOUND: Answer = { status: 404, body: 'not found\n' };

/**
 * GET and HEAD of /livez, /readyz (200 or 503; every check is listed with `?verbose` or when one fails, in the format of
 * the API server's own endpoints) and /metrics. 405 for other methods, 404 for other paths. A connection carries one request, so that
 * none is idle for long, and gives way to a new one when there are too many.
 */
export class HealthServer {
  readonly #options: HealthServerOptions;
  readonly #server: Server;
  /** The oldest first. */
  readonly #connections = new Set<Socket>();

  constructor(options: HealthServerOptions) {
    this.#options = options;
    this.#server = createServer(
      {
        maxHeaderSize: 8192,
        headersTimeout: PATIENCE_MILLISECONDS,
        requestTimeout: PATIENCE_MILLISECONDS,
        connectionsCheckingInterval: 1000,
      },
      (request, response) => void this.#handle(request, response),
    );
    // Of requests that were sent together, Node answers the others without asking for them here.
    this.#server.maxRequestsPerSocket = 1;
    this.#server.timeout = PATIENCE_MILLISECONDS;
    this.#server.on('connection', (socket) => this.#admit(socket));
  }

  /**
   * Listens on all addresses of this machine, as the kubelet's probes require. Resolves with the port once requests are served; rejects if
   * the port cannot be opened.
   */
  async listen(): Promise<{ port: number }> {
    this.#server.listen(this.#options.port);
    await once(this.#server, 'listening');
    return { port: (this.#server.address() as AddressInfo).port };
  }

  /** Stops listening and closes all connections. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  /** Node's own limit would refuse the new connection, which can be the probe's, and not the oldest one. */
  #admit(socket: Socket): void {
    this.#connections.add(socket);
    socket.once('close', () => this.#connections.delete(socket));
    if (this.#connections.size <= MAX_CONNECTIONS) return;
    const [oldest] = this.#connections;
    oldest?.destroy();
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { status, body, contentType } = await this.#answer(request);
    response.writeHead(status, {
      'Content-Type': contentType ?? 'text/plain; charset=utf-8',
      'Content-Length': Buffer.byteLength(body),
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
      Connection: 'close',
      ...(status === 405 ? { Allow: 'GET, HEAD' } : {}),
    });
    // Node does not send the body in response to HEAD.
    response.end(body);
  }

  async #answer(request: IncomingMessage): Promise<Answer> {
    if (request.method !== 'GET' && request.method !== 'HEAD') return { status: 405, body: 'method not allowed\n' };
    const [path, query = ''] = (request.url ?? '').split('?');
    const verbose = new URLSearchParams(query).has('verbose');
    if (path === '/livez') return report('livez', this.#options.live, verbose);
    if (path === '/readyz') return report('readyz', this.#options.ready, verbose);
    if (path === '/metrics') return this.#metrics();
    return NOT_FOUND;
  }

  async #metrics(): Promise<Answer> {
    try {
      return { status: 200, body: await this.#options.metrics(), contentType: this.#options.metricsContentType };
    } catch {
      return { status: 500, body: 'the metrics could not be collected\n' };
    }
  }
}

function report(name: string, checks: readonly Check[], verbose: boolean): Answer {
  const results = checks.map((one) => ({ name: one.name, failure: outcome(one) }));
  const healthy = results.every((result) => result.failure === undefined);
  if (healthy && !verbose) return { status: 200, body: 'ok\n' };
  const lines = results.map((result) =>
    result.failure === undefined ? `[+]${result.name} ok` : `[-]${result.name} failed: ${result.failure}`,
  );
  return {
    status: healthy ? 200 : 503,
    body: `${[...lines, `${name} check ${healthy ? 'passed' : 'failed'}`].join('\n')}\n`,
  };
}

function outcome(check: Check): string | undefined {
  try {
    return check.check();
  } catch {
    return 'the check itself failed';
  }
}
