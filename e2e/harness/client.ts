// Talks to an API server as one user of a kubeconfig file: what the tests, the simulator and the benchmark do themselves. It must
// never be used by the operator, whose requests are what is judged.
import { KubeConfig } from '@kubernetes/client-node';
import type { Gvr, KubeObject } from '../../src/api/kubernetes.ts';
import { ApiError } from '../../src/kube/errors.ts';
import { resourcePath, resources } from '../../src/kube/resources.ts';
import { createTransport, type Transport } from '../../src/kube/transport.ts';
import { systemClock } from '../../src/runtime/clock.ts';

type Fields = Readonly<Record<string, unknown>>;

/** An object as the server returned it, with all its fields. */
export interface LiveObject extends KubeObject {
  readonly spec?: Fields;
  readonly status?: Fields;
  readonly data?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

/** What is sent to create an object: metadata.name at least, and namespace where the kind has one. */
export interface NewObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [field: string]: unknown };
  readonly [field: string]: unknown;
}

/** What becomes of the objects that an object owns when it is deleted. */
export type Propagation = 'Background' | 'Foreground' | 'Orphan';

/** Every method throws ApiError for what the server does not grant. */
export interface KubeClient {
  readonly transport: Transport;
  /** undefined when there is no such object. */
  get(gvr: Gvr, namespace: string | undefined, name: string): Promise<LiveObject | undefined>;
  list(gvr: Gvr, namespace?: string, labelSelector?: string): Promise<readonly LiveObject[]>;
  create(gvr: Gvr, object: NewObject): Promise<LiveObject>;
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
 * Connects as the user of a kubeconfig file.
 * @param userAgent what the audit log shows
 * @param connections most requests at the same time
 */
export function connect(kubeconfig: string, userAgent: string, connections = 32): KubeClient {
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromFile(kubeconfig);
  const transport = createTransport({ kubeConfig, userAgent, connections, clock: systemClock });
  return {
    transport,
    get: async (gvr, namespace, name) =>
      (await resources(transport, gvr).get(namespace, name)) as LiveObject | undefined,
    list: async (gvr, namespace, labelSelector) =>
      (await resources(transport, gvr).list(
        namespace,
        labelSelector === undefined ? {} : { labelSelector },
      )) as LiveObject[],
    create: async (gvr, object) =>
      (await transport.request({
        method: 'POST',
        path: resourcePath(gvr, object.metadata.namespace),
        body: object,
      })) as LiveObject,
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
