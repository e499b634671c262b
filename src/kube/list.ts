// Reads a collection, page by page. It must never return part of a collection unless the caller requested a part.
import type { Gvr, KubeObject } from '../api/kubernetes.ts';
import { ApiError, isExpired } from './errors.ts';
import type { Transport } from './transport.ts';

/** A collection at one resourceVersion. */
export interface Collection {
  readonly items: readonly KubeObject[];
  readonly resourceVersion: string;
}

const pageSize = 500;
// After a second expiry in a row, the collection cannot be read before it is compacted: the caller backs off.
const mostAttempts = 2;

/**
 * Lists a path in pages of 500, with a consistent read (no resourceVersion is sent). Restarts once if the continue token expires.
 * @param path of the collection
 * @param query labelSelector and other parameters
 * @returns the items without managedFields, with apiVersion and kind
 * @throws ApiError
 */
export async function listAll(
  transport: Transport,
  gvr: Gvr,
  path: string,
  query: Readonly<Record<string, string>>,
  signal?: AbortSignal,
): Promise<Collection> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await listPages(transport, gvr, path, query, signal);
    } catch (error) {
      if (!isExpired(error) || attempt === mostAttempts) throw error;
    }
  }
}

/** The first items of a collection, by name. */
export interface Part {
  readonly items: readonly KubeObject[];
  /** Whether these are all. */
  readonly complete: boolean;
}

/** For a read that explains: it must not hold up the one who asks for as long as a read that is needed. */
export const briefMilliseconds = 10_000;

/**
 * At most `limit` items of a collection, by one request within 10 s. For cases where a part, or nothing, is better than a long wait.
 * @throws ApiError
 */
export async function listFirst(
  transport: Transport,
  gvr: Gvr,
  path: string,
  query: Readonly<Record<string, string>>,
  limit: number,
): Promise<Part> {
  const request = { path, query: { ...query, limit: String(limit) }, timeoutMilliseconds: briefMilliseconds };
  const page = asPage(await transport.request({ method: 'GET', ...request }));
  return { items: page.items.map((item) => typed(item, gvr)), complete: (page.metadata.continue ?? '') === '' };
}

async function listPages(
  transport: Transport,
  gvr: Gvr,
  path: string,
  query: Readonly<Record<string, string>>,
  signal: AbortSignal | undefined,
): Promise<Collection> {
  const items: KubeObject[] = [];
  let resourceVersion: string | undefined;
  let token = '';
  do {
    const pageQuery = { ...query, limit: String(pageSize), ...(token === '' ? {} : { continue: token }) };
    const page = asPage(await transport.request({ method: 'GET', path, query: pageQuery }, signal));
    for (const item of page.items) items.push(typed(item, gvr));
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
