// Reads a collection, page by page. It must never return part of a collection unless the caller requested a part.
import type { Gvr, KubeObject } from '../api/kubernetes.ts';
import { ApiError, isExpired, isTooLarge } from './errors.ts';
import type { Transport } from './transport.ts';

/** A collection at one resourceVersion. */
export interface Collection<T> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
}

export interface ListOptions<T> {
  /** What to keep of each item, so that a collection need not fit into memory as it is sent. */
  readonly keep: (item: KubeObject) => T;
  readonly signal?: AbortSignal;
  /** A page was too large; the list goes on with pages of this many items. */
  readonly onSmallerPages?: (size: number) => void;
}

const largestPage = 500;
/** An object has at most 1.5 MiB (etcd's limit for a request), so that a page of one is never too large. */
const mostPageBytes = 4 * 1024 * 1024;
/** Several parts are read at once, and what is read takes several times as much memory. */
const mostPartBytes = 1024 * 1024;
/** How much less is asked for when a part is too large: 500 items, then 125, 31, 7, and one. */
const partDivisor = 4;
// After a second expiry in a row, the collection cannot be read before it is compacted: the caller backs off.
const mostAttempts = 2;

/**
 * Lists a path in pages of 500 items, or of as many as fit into 4 MiB, with a consistent read (no resourceVersion is sent). Restarts once
 * if the continue token expires.
 * @param path of the collection
 * @param query labelSelector and other parameters
 * @returns what is kept of the items; they are given without managedFields, with apiVersion and kind
 * @throws ApiError
 */
export async function listAll<T>(
  transport: Transport,
  gvr: Gvr,
  path: string,
  query: Readonly<Record<string, string>>,
  options: ListOptions<T>,
): Promise<Collection<T>> {
  const pages = new Pages(transport, path, query, options);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await listPages(pages, gvr, options.keep);
    } catch (error) {
      if (!isExpired(error) || attempt === mostAttempts) throw error;
    }
  }
}

/** The first items of a collection, by name. */
export interface Part<T> {
  readonly items: readonly T[];
  /** Whether these are all. */
  readonly complete: boolean;
}

/** For a read that explains: it must not hold up the one who asks for as long as a read that is needed. */
export const briefMilliseconds = 10_000;

/**
 * At most `limit` items of a collection, and fewer when they have more than 1 MiB. Each request ends within 10 s. For cases where a part,
 * or nothing, is better than a long wait.
 * @param keep what to keep of each item
 * @throws ApiError; with reason TooLarge if a single item has more than 1 MiB
 */
export async function listFirst<T>(
  transport: Transport,
  gvr: Gvr,
  path: string,
  query: Readonly<Record<string, string>>,
  { limit, keep }: Pick<ListOptions<T>, 'keep'> & { readonly limit: number },
): Promise<Part<T>> {
  const limits = { timeoutMilliseconds: briefMilliseconds, mostBytes: mostPartBytes };
  for (let size = limit; ; size = Math.max(1, Math.floor(size / partDivisor))) {
    try {
      const request = { path, query: { ...query, limit: String(size) }, ...limits };
      const page = asPage(await transport.request({ method: 'GET', ...request }));
      return {
        items: page.items.map((item) => keep(typed(item, gvr))),
        complete: (page.metadata.continue ?? '') === '',
      };
    } catch (error) {
      if (!isTooLarge(error) || size === 1) throw error;
    }
  }
}

/** The pages of one collection. Once one was too large, the others have fewer items too. */
class Pages {
  readonly #transport: Transport;
  readonly #path: string;
  readonly #query: Readonly<Record<string, string>>;
  readonly #options: Pick<ListOptions<unknown>, 'signal' | 'onSmallerPages'>;
  #size = largestPage;

  constructor(
    transport: Transport,
    path: string,
    query: Readonly<Record<string, string>>,
    options: Pick<ListOptions<unknown>, 'signal' | 'onSmallerPages'>,
  ) {
    this.#transport = transport;
    this.#path = path;
    this.#query = query;
    this.#options = options;
  }

  /** @param token of the page before; empty for the first page. It holds where to go on, not how many items were asked for. */
  async next(token: string): Promise<Page> {
    for (;;) {
      try {
        const query = { ...this.#query, limit: String(this.#size), ...(token === '' ? {} : { continue: token }) };
        const request = { method: 'GET', path: this.#path, query, mostBytes: mostPageBytes } as const;
        return asPage(await this.#transport.request(request, this.#options.signal));
      } catch (error) {
        if (!isTooLarge(error) || this.#size === 1) throw error;
        this.#size = Math.ceil(this.#size / 2);
        this.#options.onSmallerPages?.(this.#size);
      }
    }
  }
}

async function listPages<T>(pages: Pages, gvr: Gvr, keep: (item: KubeObject) => T): Promise<Collection<T>> {
  const items: T[] = [];
  let resourceVersion: string | undefined;
  let token = '';
  do {
    const page = await pages.next(token);
    for (const item of page.items) items.push(keep(typed(item, gvr)));
    // Later pages have the version of the first one. If they do not, the older version is the safe one to watch from.
    resourceVersion ??= page.metadata.resourceVersion;
    token = page.metadata.continue ?? '';
  } while (token !== '');
  return { items, resourceVersion };
}

/** The API server omits the type from the items of a list. */
function typed(item: KubeObject, gvr: Gvr): KubeObject {
  const apiVersion = gvr.group === '' ? gvr.version : `${gvr.group}/${gvr.version}`;
  return { ...withoutManagedFields(item), apiVersion, kind: gvr.kind };
}

/**
 * Removes managedFields from an object that is not shared: they are most of its size and are not used.
 * @param object parsed JSON; it is modified
 */
export function withoutManagedFields(object: KubeObject): KubeObject {
  Reflect.deleteProperty(object.metadata, 'managedFields');
  return object;
}

/** Whether parsed JSON is a Kubernetes object. */
export function isKubeObject(value: unknown): value is KubeObject {
  const metadata = isRecord(value) ? value.metadata : undefined;
  return (
    isRecord(metadata) &&
    typeof metadata.name === 'string' &&
    typeof metadata.uid === 'string' &&
    typeof metadata.resourceVersion === 'string'
  );
}

interface Page {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly items: readonly KubeObject[];
}

function asPage(value: unknown): Page {
  if (isPage(value)) return value;
  throw new ApiError({ code: 0, reason: 'Network', message: 'the response to a list request is not a list' });
}

function isPage(value: unknown): value is Page {
  return (
    isRecord(value) &&
    isRecord(value.metadata) &&
    typeof value.metadata.resourceVersion === 'string' &&
    Array.isArray(value.items) &&
    value.items.every(isKubeObject)
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
