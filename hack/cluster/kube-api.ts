// The few requests the harness itself makes to an API server, as JSON over one kept connection. It must never be used by the operator.
import type { IncomingMessage } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { buffer } from 'node:stream/consumers';
import { z } from 'zod';
import type { Credentials } from './kubeconfig.ts';

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string | undefined };
}

export interface KubeApi {
  /** @returns the object at the path, or undefined when there is none. @throws ApiRefusal, ApiUnreachable */
  get(path: string): Promise<unknown>;
  /** Server-side apply, taking over what others own. @throws ApiRefusal, ApiUnreachable */
  apply(manifest: Manifest): Promise<unknown>;
  /** POST. @throws ApiRefusal, ApiUnreachable */
  create(path: string, body: unknown): Promise<unknown>;
  /** Merge patch. @throws ApiRefusal, ApiUnreachable */
  patch(path: string, body: unknown): Promise<unknown>;
  /** The decoded events of a watch, until the server or the signal ends it. @throws ApiRefusal, ApiUnreachable */
  watch(path: string, signal: AbortSignal): AsyncGenerator<unknown>;
  close(): void;
}

/** The API server answered, and not with what was asked for. */
export class ApiRefusal extends Error {
  override readonly name = 'ApiRefusal';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** There was no answer. */
export class ApiUnreachable extends Error {
  override readonly name = 'ApiUnreachable';
}

const fieldManager = 'cluster-harness';

/** @param credentials of an administrator; the connection is made at the first request */
export function connect(credentials: Credentials): KubeApi {
  const agent = new Agent({
    keepAlive: true,
    ca: credentials.certificateAuthority,
    cert: credentials.certificate,
    key: credentials.key,
  });

  function send(method: string, path: string, body?: unknown, contentType = 'application/json', signal?: AbortSignal) {
    return new Promise<IncomingMessage>((resolve, reject) => {
      const headers = body === undefined ? {} : { 'content-type': contentType };
      const options = { method, agent, headers, ...(signal ? { signal } : { timeout: 30_000 }) };
      const call = httpsRequest(new URL(path, credentials.server), options, resolve);
      call.once('timeout', () => call.destroy(new Error('no answer within 30 s')));
      call.once('error', (error) => reject(new ApiUnreachable(`${method} ${path}: ${error.message}`)));
      call.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  async function exchange(method: string, path: string, body?: unknown, contentType?: string): Promise<unknown> {
    const response = await send(method, path, body, contentType);
    const text = (await buffer(response)).toString();
    const status = response.statusCode ?? 0;
    if (status === 404 && method === 'GET') return undefined;
    if (status >= 300) throw new ApiRefusal(status, `${method} ${path}: ${status} ${wordsOf(text)}`);
    return response.headers['content-type']?.startsWith('application/json') ? JSON.parse(text) : text;
  }

  return {
    get: (path) => exchange('GET', path),
    create: (path, body) => exchange('POST', path, body),
    patch: (path, body) => exchange('PATCH', path, body, 'application/merge-patch+json'),
    apply: (manifest) =>
      exchange(
        'PATCH',
        `${pathOf(manifest)}?fieldManager=${fieldManager}&force=true`,
        manifest,
        'application/apply-patch+yaml',
      ),
    async *watch(path, signal) {
      const response = await send('GET', path, undefined, undefined, signal);
      if (response.statusCode !== 200) {
        throw new ApiRefusal(
          response.statusCode ?? 0,
          `WATCH ${path}: ${wordsOf((await buffer(response)).toString())}`,
        );
      }
      let rest = '';
      response.setEncoding('utf8');
      for await (const chunk of response) {
        const lines = (rest + chunk).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) yield JSON.parse(line);
      }
    },
    close: () => agent.destroy(),
  };
}

const refusalSchema = z.object({ message: z.string() });

function wordsOf(body: string): string {
  try {
    return refusalSchema.parse(JSON.parse(body)).message;
  } catch {
    return body.slice(0, 500);
  }
}

/** The kinds that the harness and the manifests it installs use; namespaced or not is told by the manifest. */
const plurals: Readonly<Record<string, string>> = {
  ClusterRole: 'clusterroles',
  ClusterRoleBinding: 'clusterrolebindings',
  ConfigMap: 'configmaps',
  CustomResourceDefinition: 'customresourcedefinitions',
  Deployment: 'deployments',
  MutatingWebhookConfiguration: 'mutatingwebhookconfigurations',
  Namespace: 'namespaces',
  Role: 'roles',
  RoleBinding: 'rolebindings',
  Secret: 'secrets',
  Service: 'services',
  ServiceAccount: 'serviceaccounts',
  StorageClass: 'storageclasses',
  ValidatingWebhookConfiguration: 'validatingwebhookconfigurations',
};

/** @throws Error for a kind that is not in the table */
export function pathOf(manifest: Manifest): string {
  const plural = plurals[manifest.kind];
  if (plural === undefined) throw new Error(`The harness does not know the kind ${manifest.kind}: add its plural.`);
  const { name, namespace } = manifest.metadata;
  const root = manifest.apiVersion.includes('/') ? `/apis/${manifest.apiVersion}` : `/api/${manifest.apiVersion}`;
  return `${root}${namespace ? `/namespaces/${namespace}` : ''}/${plural}/${encodeURIComponent(name)}`;
}
