// Reads a collection, page by page; it must never return a part of one to somebody who did not ask for a part.
import type { Gvr, KubeObject } from '../api/kubernetes.ts';
import { ApiError, isExpired } from './errors.ts';
import type { Transport } from './transport.ts';

/** A collection as it was at one resourceVersion. */
export interface Collection {
  readonly items: readonly KubeObject[];
  readonly resourceVersion: string;
}

const pageSize = 500;
// A second expiry in a row means that the collection cannot be read faster than it is compacted: the caller backs off.
const mostAttempts = 2;

/**
 * Lists a path in pages of 500, consistently (no resourceVersion is asked for); starts again once when the continue token expires on the way.
 * @param path of the collection
 * @param query labelSelector and the like
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

/**
 * At most `limit` items of a collection, those with the first names, by one request: where a part is better than a large answer.
 * @throws ApiError
 */
export async function listFirst(
  transport: Transport,
  gvr: Gvr,
  path: string,
  query: Readonly<Record<string, string>>,
  limit: number,
): Promise<readonly KubeObject[]> {
  const page = asPage(await transport.request({ method: 'GET', path, query: { ...query, limit: String(limit) } }));
  return page.items.map((item) => typed(item, gvr));
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
    // Later pages carry the first one's version too; should they not, the older is the safe one to watch from.
    resourceVersion ??= page.metadata.resourceVersion;
    token = page.metadata.continue ?? '';
  } while (token !== '');
  return { items, resourceVersion };
}

/** The server leaves the type out of the items of a list. */
function typed(item: KubeObject, gvr: Gvr): KubeObject {
  const apiVersion = gvr.group === '' ? gvr.version : `${gvr.group}/${gvr.version}`;
  return { ...withoutManagedFields(item), apiVersion, kind: gvr.kind };
}

/**
 * Takes managedFields off an object that nobody else holds: they are most of its size and nothing here reads them.
 * @param object parsed JSON; it is changed
 */
export function withoutManagedFields(object: KubeObject): KubeObject {
  Reflect.deleteProperty(object.metadata, 'managedFields');
  return object;
}

/** Whether parsed JSON is an object as the API server returns one. */
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
  throw new ApiError({ code: 0, reason: 'Network', message: 'the answer to a list is not a list' });
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
