// An API client for one user of a kubeconfig file, used by the cluster commands, the tests, the simulator and the benchmark. The operator
// must never use it, since its requests are what the tests check.
import { KubeConfig } from '@kubernetes/client-node';
import type { Gvr, KubeObject } from '../../src/api/kubernetes.ts';
import { ApiError } from '../../src/kube/errors.ts';
import { resourcePath, resources } from '../../src/kube/resources.ts';
import { type ApiRequest, createTransport, type Transport } from '../../src/kube/transport.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { gvrOf } from './kinds.ts';

type Fields = Readonly<Record<string, unknown>>;

/** An object as the server returned it, with all its fields. */
export interface LiveObject extends KubeObject {
  readonly spec?: Fields;
  readonly status?: Fields;
  readonly data?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

/** What is sent to make an object: metadata.name at least, and namespace where the kind has one. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string | undefined;
    readonly [field: string]: unknown;
  };
  readonly [field: string]: unknown;
}

/** What becomes of the objects that an object owns when it is deleted. */
export type Propagation = 'Background' | 'Foreground' | 'Orphan';

/** Every method throws ApiError, with the request in its message, for what the server does not grant; code 0: there was no answer. */
export interface KubeClient {
  readonly transport: Transport;
  /** Resolves when the server answers well to a path that is no object's, such as `/readyz`. */
  probe(path: string): Promise<void>;
  /** undefined when there is no such object. */
  get(gvr: Gvr, namespace: string | undefined, name: string): Promise<LiveObject | undefined>;
  list(gvr: Gvr, namespace?: string, labelSelector?: string): Promise<readonly LiveObject[]>;
  create(gvr: Gvr, object: Manifest): Promise<LiveObject>;
  /** As create, but nothing is stored: whether the server would take the object. */
  dryRun(gvr: Gvr, object: Manifest): Promise<void>;
  /** Server-side apply as the user agent, taking over what others own. */
  apply(object: Manifest): Promise<LiveObject>;
  /** Merge patch, of the object or of a subresource. */
  patch(
    gvr: Gvr,
    namespace: string | undefined,
    name: string,
    patch: Fields,
    subresource?: string,
  ): Promise<LiveObject>;
  /** Deletes an object; one that is not there is no error. */
  remove(gvr: Gvr, namespace: string | undefined, name: string, propagation?: Propagation): Promise<void>;
  close(): Promise<void>;
}

/**
 * Connects as the user of a kubeconfig file; the connection is made at the first request.
 * @param userAgent what the audit log shows, and who manages the fields that are applied
 * @param connections most requests at the same time
 */
export function connect(kubeconfig: string, userAgent: string, connections = 32): KubeClient {
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromFile(kubeconfig);
  const transport = withContext(createTransport({ kubeConfig, userAgent, connections, clock: systemClock }));
  const post = (gvr: Gvr, body: Manifest, query: Readonly<Record<string, string>> = {}) =>
    transport.request({ method: 'POST', path: resourcePath(gvr, body.metadata.namespace), query, body });
  return {
    transport,
    async probe(path) {
      // Health is reported as text, and only the lines of a stream need not be JSON.
      for await (const _ of transport.lines({ method: 'GET', path }, AbortSignal.timeout(30_000)));
    },
    get: async (gvr, namespace, name) =>
      (await resources(transport, gvr).get(namespace, name)) as LiveObject | undefined,
    list: async (gvr, namespace, labelSelector) =>
      (await resources(transport, gvr).list(
        namespace,
        labelSelector === undefined ? {} : { labelSelector },
      )) as LiveObject[],
    create: async (gvr, object) => (await post(gvr, object)) as LiveObject,
    async dryRun(gvr, object) {
      await post(gvr, object, { dryRun: 'All' });
    },
    async apply(object) {
      const { name, namespace } = object.metadata;
      return (await transport.request({
        method: 'PATCH',
        path: resourcePath(gvrOf(object), namespace, name),
        query: { fieldManager: userAgent, force: 'true' },
        body: object,
        contentType: 'application/apply-patch+yaml',
      })) as LiveObject;
    },
    patch: async (gvr, namespace, name, patch, subresource) =>
      (await transport.request({
        method: 'PATCH',
        path: resourcePath(gvr, namespace, name, subresource),
        body: patch,
        contentType: 'application/merge-patch+json',
      })) as LiveObject,
    async remove(gvr, namespace, name, propagationPolicy = 'Background') {
      const body = { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy };
      try {
        await transport.request({ method: 'DELETE', path: resourcePath(gvr, namespace, name), body });
      } catch (error) {
        if (!(error instanceof ApiError && error.code === 404)) throw error;
      }
    },
    close: () => transport.close(),
  };
}

/** Whether the server answered, and with a refusal: a request without an answer may be worth another. */
export function isRefusal(error: unknown): error is ApiError {
  return error instanceof ApiError && error.code !== 0;
}

/** The same transport, with the request in the message of each error: who reads it has nothing else to go by. */
function withContext(transport: Transport): Transport {
  const explained = (error: unknown, { method, path }: ApiRequest): unknown => {
    if (!(error instanceof ApiError)) return error;
    const { code, reason, causes, retryAfterSeconds } = error;
    const message = `${method} ${path}: ${error.message}`;
    return new ApiError({
      ...{ code, reason, causes, message },
      ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    });
  };
  return {
    async request(request, signal) {
      try {
        return await transport.request(request, signal);
      } catch (error) {
        throw explained(error, request);
      }
    },
    async *lines(request, signal, opened) {
      try {
        yield* transport.lines(request, signal, opened);
      } catch (error) {
        throw explained(error, request);
      }
    },
    close: () => transport.close(),
  };
}
