// An API server for tests of a whole process: it stores what is written, and reports it to those who watch. It knows no schema, no
// permissions and no other controller.
import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import type { KubeObject } from '../api/kubernetes.ts';

/** An object as it is stored, with whatever else it has. */
type Stored = KubeObject & { readonly [field: string]: unknown };

/** What it answers to some requests instead. */
export interface Refusal {
  readonly code: number;
  readonly reason: string;
}

export class ApiServer {
  /** Method and path of each request, the query apart, in order. */
  readonly seen: string[] = [];
  /** By method and path: a request with an entry is refused. */
  readonly refusals = new Map<string, Refusal>();
  readonly #held = new Map<string, Promise<void>>();
  readonly #told = new EventEmitter();
  readonly #objects = new Map<string, Stored>();
  /** By the path of the collection. */
  readonly #watches = new Map<string, ServerResponse>();
  readonly #changes: { readonly type: string; readonly path: string; readonly object: Stored }[] = [];
  readonly #server = createServer((request, response) => void this.#handle(request, response));
  #version = 1;

  /** Resolves with its address once it can be reached. */
  async start(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  /** Resolves once a request was seen so often. @param request its method and path */
  async was(request: string, times = 1): Promise<void> {
    while (this.seen.filter((one) => one === request).length < times) await once(this.#told, 'request');
  }

  /** From now on such a request is not answered. @param request its method and path @returns answers it, and those after it */
  hold(request: string): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#held.set(request, promise);
    return resolve;
  }

  /** @param path of the object */
  get(path: string): Stored | undefined {
    return this.#objects.get(path);
  }

  /** Stores an object, as if somebody else had written it. @param path of the object */
  set(path: string, object: object): Stored {
    const before = this.#objects.get(path);
    this.#version += 1;
    const metadata = { uid: `uid-${path}`, ...before?.metadata, ...(object as Partial<Stored>).metadata };
    const stored = { ...object, metadata: { ...metadata, resourceVersion: `${this.#version}` } } as Stored;
    this.#objects.set(path, stored);
    this.#tell(before === undefined ? 'ADDED' : 'MODIFIED', path, stored);
    return stored;
  }

  remove(path: string): void {
    const object = this.#objects.get(path);
    this.#objects.delete(path);
    this.#version += 1;
    if (object !== undefined)
      this.#tell('DELETED', path, { ...object, metadata: { ...object.metadata, resourceVersion: `${this.#version}` } });
  }

  #tell(type: string, path: string, object: Stored): void {
    this.#changes.push({ type, path, object });
    for (const [collection, response] of this.#watches)
      if (isIn(collection, path)) response.write(`${JSON.stringify({ type, object })}\n`);
  }

  /** Reports what has changed since that version, and from now on. */
  #watch(collection: string, since: number, response: ServerResponse): void {
    response.flushHeaders();
    for (const { type, path, object } of this.#changes)
      if (isIn(collection, path) && Number(object.metadata.resourceVersion) > since)
        response.write(`${JSON.stringify({ type, object })}\n`);
    this.#watches.set(collection, response);
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname: path, searchParams } = new URL(request.url ?? '/', 'http://x');
    const method = request.method ?? '';
    const name = `${method} ${path}`;
    this.seen.push(name);
    this.#told.emit('request');
    response.setHeader('Content-Type', 'application/json');
    const body = method === 'GET' ? undefined : await json(request);
    await this.#held.get(name);
    const refusal = this.refusals.get(name);
    if (refusal !== undefined) return answer(response, refusal.code, status(refusal));
    if (searchParams.get('watch') === 'true')
      return this.#watch(path, Number(searchParams.get('resourceVersion')), response);
    if (method === 'PUT' && this.#objects.get(path)?.metadata.resourceVersion !== versionOf(body))
      return answer(response, 409, status({ code: 409, reason: 'Conflict' }));
    const result = this.#answer(method, path, body);
    if (result === undefined) return answer(response, 404, status({ code: 404, reason: 'NotFound' }));
    return answer(response, 200, result);
  }

  /** @returns undefined if there is no such object */
  #answer(method: string, path: string, body: unknown): object | undefined {
    const object = this.#objects.get(path);
    if (method === 'GET' && isCollection(path)) {
      const items = [...this.#objects].filter(([one]) => isIn(path, one)).map(([, one]) => one);
      return { metadata: { resourceVersion: `${this.#version}` }, items };
    }
    if (method === 'POST') return this.set(`${path}/${(body as Stored).metadata.name}`, body as object);
    if (method === 'DELETE') this.remove(path);
    if (method === 'PUT') return this.set(path, body as object);
    if (method !== 'PATCH') return object;
    if (!Array.isArray(body)) return this.set(path, { ...object, ...(body as object) });
    // A JSON patch of the status.
    const owner = path.replace(/\/status$/, '');
    return this.set(owner, { ...this.#objects.get(owner), status: (body.at(-1) as { readonly value: object }).value });
  }
}

/** Whether a path is that of a list: after the version, and the namespace if there is one, it names only the resource. */
function isCollection(path: string): boolean {
  return /^\/apis\/[^/]+\/[^/]+\/(?:namespaces\/[^/]+\/)?[^/]+$/.test(path);
}

/** Whether an object is in a collection, which is that of one namespace or of all. */
function isIn(collection: string, path: string): boolean {
  const folder = path.slice(0, path.lastIndexOf('/'));
  return folder === collection || folder.replace(/namespaces\/[^/]+\//, '') === collection;
}

function versionOf(body: unknown): string | undefined {
  return (body as Stored).metadata.resourceVersion;
}

function answer(response: ServerResponse, code: number, body: object): void {
  response.statusCode = code;
  response.end(JSON.stringify(body));
}

function status({ code, reason }: Refusal): object {
  // The name of what is not there tells it from a resource that is not served.
  const details = { name: 'x' };
  return { apiVersion: 'v1', kind: 'Status', status: 'Failure', code, reason, message: `answer ${code}`, details };
}
