// Reads and writes the objects of one resource as raw JSON; it must never write to an object other than the one that was observed.
import type { Gvr, KubeObject, Manifest, PinnedManifest } from '../api/kubernetes.ts';
import { ApiError } from './errors.ts';
import { isKubeObject, listAll, listFirst } from './list.ts';
import type { Transport } from './transport.ts';

/** The object that was observed, and the state it was in. */
export interface Preconditions {
  readonly uid: string;
  readonly resourceVersion: string;
}

/** Which objects of a collection are meant; without a member, all. */
export interface Selection {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

/**
 * A resourceVersion that no object ever has (etcd's revision 1 is the empty store): an apply that carries it creates when nothing
 * of that name exists and conflicts with whatever does.
 */
const neverExisted = '1';

/** Every method throws ApiError for whatever the server does not grant. Objects are returned with all their fields. */
export interface ResourceClient {
  /** The object, or undefined when the server says that it does not exist (a server that does not know the resource is an ApiError). */
  get(namespace: string | undefined, name: string): Promise<KubeObject | undefined>;
  /** All objects of a namespace, or of all namespaces, read consistently; without managedFields. */
  list(namespace: string | undefined, query?: Selection): Promise<readonly KubeObject[]>;
  /** At most `limit` of them, those with the first names, by one request. */
  listFirst(namespace: string | undefined, limit: number, query?: Selection): Promise<readonly KubeObject[]>;
  /**
   * Creates the object; reason 'Conflict', and nothing is written, when the name is taken. It is an apply and not a POST, so that
   * a field left out of a later apply is removed: the fields of a POST belong to another operation of the same manager for ever.
   */
  create(manifest: Manifest, fieldManager: string): Promise<KubeObject>;
  /**
   * Server-side apply, taking over the fields of other managers. metadata.uid and metadata.resourceVersion pin what was observed: the
   * server refuses with 'Conflict' when another object has the name or this one has changed.
   * @throws TypeError when one of them is empty: apply would create the object, or adopt somebody else's
   */
  apply(manifest: PinnedManifest, fieldManager: string): Promise<KubeObject>;
  /**
   * Sets metadata.finalizers to exactly these. A merge patch and no apply: an apply takes away only what no other manager named too, and
   * an addon whose manifest brought our finalizer along could never be deleted.
   * @throws TypeError when metadata.uid or metadata.resourceVersion is empty: the list is the one that was observed, changed
   */
  setFinalizers(manifest: PinnedManifest, fieldManager: string): Promise<KubeObject>;
  /**
   * As apply, on the status subresource, where the resourceVersion alone pins it: there the server keeps the metadata it has and looks
   * at no uid, so the status of a deleted object would land on the next one of its name.
   */
  applyStatus(manifest: PinnedManifest, fieldManager: string): Promise<KubeObject>;
  /** Deletes exactly what was observed; reason 'Conflict' when it is another object or has changed since, 'NotFound' when it is gone. */
  delete(namespace: string, name: string, preconditions: Preconditions): Promise<void>;
}

/** The client of one resource; see {@link ResourceClient}. */
export function resources(transport: Transport, gvr: Gvr): ResourceClient {
  async function send(path: string, manifest: Manifest, fieldManager: string): Promise<KubeObject> {
    const query = { fieldManager, force: 'true' };
    const contentType = 'application/apply-patch+yaml';
    return asObject(await transport.request({ method: 'PATCH', path, query, body: manifest, contentType }));
  }
  async function applyTo(
    subresource: string | undefined,
    manifest: PinnedManifest,
    fieldManager: string,
  ): Promise<KubeObject> {
    const { name, namespace } = manifest.metadata;
    if (!isPinned(manifest)) throw new TypeError('apply needs the uid and resourceVersion that were observed');
    try {
      return await send(resourcePath(gvr, namespace, name, subresource), manifest, fieldManager);
    } catch (error) {
      throw isAnotherObject(error) ? conflict(error) : error;
    }
  }
  return {
    async get(namespace, name) {
      try {
        return asObject(await transport.request({ method: 'GET', path: resourcePath(gvr, namespace, name) }));
      } catch (error) {
        if (error instanceof ApiError && error.code === 404 && error.reason === 'NotFound') return undefined;
        throw error;
      }
    },
    async list(namespace, query = {}) {
      return (await listAll(transport, gvr, resourcePath(gvr, namespace), { ...query })).items;
    },
    listFirst: (namespace, limit, query = {}) =>
      listFirst(transport, gvr, resourcePath(gvr, namespace), { ...query }, limit),
    async create(manifest, fieldManager) {
      const { name, namespace } = manifest.metadata;
      const metadata = { ...manifest.metadata, resourceVersion: neverExisted };
      return send(resourcePath(gvr, namespace, name), { ...manifest, metadata }, fieldManager);
    },
    apply: (manifest, fieldManager) => applyTo(undefined, manifest, fieldManager),
    async setFinalizers(manifest, fieldManager) {
      const { name, namespace, uid, resourceVersion, finalizers = [] } = manifest.metadata;
      if (!isPinned(manifest)) throw new TypeError('finalizers belong to the object and the state that was observed');
      const path = resourcePath(gvr, namespace, name);
      const body = { metadata: { uid, resourceVersion, finalizers } };
      const contentType = 'application/merge-patch+json';
      return asObject(await transport.request({ method: 'PATCH', path, query: { fieldManager }, body, contentType }));
    },
    applyStatus: (manifest, fieldManager) => applyTo('status', manifest, fieldManager),
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

/** Types do not see the server's side: what is empty pins nothing. */
function isPinned({ metadata: { uid, resourceVersion } }: PinnedManifest): boolean {
  return Boolean(uid) && Boolean(resourceVersion);
}

/**
 * The URL path of a resource, of all namespaces or one, of one object, or of its subresource.
 * @throws TypeError when a given part is empty, '.' or '..': such a path means something else, at worst a whole collection
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

// An apply to a name that now belongs to another uid is answered as an attempt to change metadata.uid: 422, as if the manifest were wrong.
function isAnotherObject(error: unknown): error is ApiError {
  return error instanceof ApiError && error.code === 422 && error.causes.some(({ field }) => field === 'metadata.uid');
}

function conflict({ message, causes }: ApiError): ApiError {
  return new ApiError({ code: 409, reason: 'Conflict', message, causes });
}

function asObject(value: unknown): KubeObject {
  if (isKubeObject(value)) return value;
  throw new ApiError({ code: 0, reason: 'Network', message: 'the answer is not an object of the Kubernetes API' });
}
