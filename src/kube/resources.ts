// Reads and writes the objects of one resource as raw JSON. It must never write to an object other than the observed one.
import type { Gvr, KubeObject, Manifest, PinnedManifest } from '../api/kubernetes.ts';
import { ApiError } from './errors.ts';
import { briefMilliseconds, isKubeObject, listAll, listFirst, type Part } from './list.ts';
import type { Transport } from './transport.ts';

/** The observed object and its state. */
export interface Preconditions {
  readonly uid: string;
  readonly resourceVersion: string;
}

/** Selects objects of a collection; without any selector, all. */
export interface Selection {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

/**
 * A resourceVersion that no object ever has (revision 1 of etcd is the empty store). An apply with it creates an object if none of
 * that name exists, and conflicts with an existing one.
 */
const neverExisted = '1';

/** Every method throws ApiError if the API server rejects the request. Objects are returned with all their fields. */
export interface ResourceClient {
  /** The object; undefined if it does not exist. Throws ApiError if the API server does not know the resource. */
  get(namespace: string | undefined, name: string): Promise<KubeObject | undefined>;
  /** Like get, but gives up after 10 s: for what only explains. */
  getBriefly(namespace: string | undefined, name: string): Promise<KubeObject | undefined>;
  /** All objects of a namespace or of all namespaces, by a consistent read, without managedFields. */
  list(namespace: string | undefined, query?: Selection): Promise<readonly KubeObject[]>;
  /**
   * At most `limit` objects, the first by name, and fewer when they have more than 1 MiB, by requests that give up after 10 s. `keep` gets
   * each without managedFields, and says what to keep of it.
   */
  listFirst<T>(
    namespace: string | undefined,
    limit: number,
    keep: (item: KubeObject) => T,
    query?: Selection,
  ): Promise<Part<T>>;
  /**
   * Creates the object. If the name is taken, it fails with reason 'Conflict' and writes nothing. It is an apply and not a POST, so that
   * a field omitted from a later apply is removed: the fields of a POST would always belong to another operation of the same manager.
   */
  create(manifest: Manifest, fieldManager: string): Promise<KubeObject>;
  /**
   * Server-side apply that takes over the fields of other managers. metadata.uid and metadata.resourceVersion pin the observed state: the
   * API server responds with 'Conflict' if another object has the name or this one has changed.
   * @throws TypeError if one of them is empty: the apply could create the object, or adopt a foreign one
   */
  apply(manifest: PinnedManifest, fieldManager: string): Promise<KubeObject>;
  /**
   * Merge patch: sets the members of the manifest and removes those that are undefined, whoever else owns them. An apply removes only what
   * no other manager owns. Lists are replaced. Pinned as an apply is.
   * @throws TypeError if metadata.uid or metadata.resourceVersion is empty
   */
  merge(manifest: PinnedManifest, fieldManager: string): Promise<KubeObject>;
  /**
   * Replaces the whole status by a JSON patch: an apply would leave what another manager owns too, such as a restored condition. On the
   * status subresource the API server ignores the uid, so the resourceVersion pins the state: it is never used twice.
   * @throws TypeError if metadata.uid or metadata.resourceVersion is empty
   */
  replaceStatus(manifest: PinnedManifest & { readonly status: object }, fieldManager: string): Promise<KubeObject>;
  /** Deletes the observed object. Fails with 'Conflict' if it is another object or has changed, with 'NotFound' if it does not exist. */
  delete(namespace: string, name: string, preconditions: Preconditions): Promise<void>;
}

/** The client of one resource; see {@link ResourceClient}. */
export function resources(transport: Transport, gvr: Gvr): ResourceClient {
  async function send(path: string, manifest: Manifest, fieldManager: string): Promise<KubeObject> {
    const query = { fieldManager, force: 'true' };
    const contentType = 'application/apply-patch+yaml';
    return asObject(await transport.request({ method: 'PATCH', path, query, body: manifest, contentType }));
  }
  async function applyTo(manifest: PinnedManifest, fieldManager: string): Promise<KubeObject> {
    const { name, namespace } = manifest.metadata;
    if (!isPinned(manifest)) throw new TypeError('apply requires the observed uid and resourceVersion');
    try {
      return await send(resourcePath(gvr, namespace, name), manifest, fieldManager);
    } catch (error) {
      throw isAnotherObject(error) ? conflict(error) : error;
    }
  }
  async function read(namespace: string | undefined, name: string, limits: { timeoutMilliseconds?: number }) {
    try {
      const path = resourcePath(gvr, namespace, name);
      return asObject(await transport.request({ method: 'GET', path, ...limits }));
    } catch (error) {
      if (error instanceof ApiError && error.code === 404 && error.reason === 'NotFound') return undefined;
      throw error;
    }
  }
  return {
    get: (namespace, name) => read(namespace, name, {}),
    getBriefly: (namespace, name) => read(namespace, name, { timeoutMilliseconds: briefMilliseconds }),
    async list(namespace, query = {}) {
      return (await listAll(transport, gvr, resourcePath(gvr, namespace), { ...query }, { keep: (item) => item }))
        .items;
    },
    listFirst: (namespace, limit, keep, query = {}) =>
      listFirst(transport, gvr, resourcePath(gvr, namespace), { ...query }, { limit, keep }),
    async create(manifest, fieldManager) {
      const { name, namespace } = manifest.metadata;
      const metadata = { ...manifest.metadata, resourceVersion: neverExisted };
      return send(resourcePath(gvr, namespace, name), { ...manifest, metadata }, fieldManager);
    },
    apply: applyTo,
    async merge(manifest, fieldManager) {
      const { name, namespace } = manifest.metadata;
      if (!isPinned(manifest)) throw new TypeError('merge requires the observed uid and resourceVersion');
      const path = resourcePath(gvr, namespace, name);
      const contentType = 'application/merge-patch+json';
      const body = withNulls(manifest);
      return asObject(await transport.request({ method: 'PATCH', path, query: { fieldManager }, body, contentType }));
    },
    async replaceStatus(manifest, fieldManager) {
      const { name, namespace, resourceVersion } = manifest.metadata;
      if (!isPinned(manifest)) throw new TypeError('replaceStatus requires the observed uid and resourceVersion');
      const path = resourcePath(gvr, namespace, name, 'status');
      const contentType = 'application/json-patch+json';
      const body = [
        { op: 'replace', path: '/metadata/resourceVersion', value: resourceVersion },
        { op: 'add', path: '/status', value: manifest.status },
      ];
      return asObject(await transport.request({ method: 'PATCH', path, query: { fieldManager }, body, contentType }));
    },
    async delete(namespace, name, preconditions) {
      await transport.request({
        method: 'DELETE',
        path: resourcePath(gvr, namespace, name),
        body: {
          apiVersion: 'v1',
          kind: 'DeleteOptions',
          preconditions: { uid: preconditions.uid, resourceVersion: preconditions.resourceVersion },
          propagationPolicy: 'Background',
        },
      });
    },
  };
}

/** A copy in which null stands for undefined: JSON has no undefined, and null removes a field in a merge patch. */
function withNulls(manifest: Manifest): unknown {
  return JSON.parse(JSON.stringify(manifest, (_, value: unknown) => (value === undefined ? null : value)));
}

/** The types do not exclude empty strings, which pin nothing. */
function isPinned({ metadata: { uid, resourceVersion } }: PinnedManifest): boolean {
  return Boolean(uid) && Boolean(resourceVersion);
}

/**
 * The URL path of a resource, of all namespaces or one, of one object, or of its subresource.
 * @throws TypeError if a given part is empty, '.' or '..': such a path addresses something else, at worst a whole collection
 */
export function resourcePath(gvr: Gvr, namespace?: string, name?: string, subresource?: string): string {
  const parts = gvr.group === '' ? ['api', gvr.version] : ['apis', gvr.group, gvr.version];
  if (namespace !== undefined) parts.push('namespaces', namespace);
  parts.push(gvr.plural);
  if (name !== undefined) parts.push(name);
  if (subresource !== undefined) parts.push(subresource);
  for (const part of parts) {
    if (part === '' || part === '.' || part === '..')
      throw new TypeError(`'${part}' cannot be part of a resource's path`);
  }
  return `/${parts.map(encodeURIComponent).join('/')}`;
}

// If the name now belongs to another uid, the API server treats an apply as an attempt to change metadata.uid and responds with 422.
function isAnotherObject(error: unknown): error is ApiError {
  return error instanceof ApiError && error.code === 422 && error.causes.some(({ field }) => field === 'metadata.uid');
}

function conflict({ message, causes }: ApiError): ApiError {
  return new ApiError({ code: 409, reason: 'Conflict', message, causes });
}

function asObject(value: unknown): KubeObject {
  if (isKubeObject(value)) return value;
  throw new ApiError({ code: 0, reason: 'Network', message: 'the response is not a Kubernetes object' });
}
