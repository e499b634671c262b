// An admission webhook for the writes of one namespace: on a test's request it delays a write, rejects it as another webhook would, or
// does not respond. It must never affect another namespace, nor a write that no test selected.
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { KubeClient } from '../../hack/cluster/client.ts';
import { secrets, validatingWebhookConfigurations } from '../../hack/cluster/kinds.ts';
import { eventually, inVain, defaultTimeoutMilliseconds as patience } from '../../hack/cluster/wait.ts';
import { testCertificate } from '../../src/kube/testing-certificate.ts';
import { temporary } from './permissions.ts';

/** A write on its way to the API server's store. */
export interface Write {
  readonly user: string;
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE';
  /** Plural, with the subresource: `clusters`, `postgresaddons/status`. */
  readonly resource: string;
  readonly name: string;
}

/** A write that waits at the gate. The API server rejects it after 30 s. */
export interface HeldWrite extends Write {
  pass(): void;
}

/** What happens to a write: it is rejected with this text, or there is no response. */
export type Obstacle = string | 'no answer';

interface Rule {
  readonly fits: (write: Write) => boolean;
  readonly meet: (write: Write) => Promise<Obstacle | undefined>;
}

/** The name of CNPG's own webhook, since the API server quotes it. */
const webhookName = 'vcluster.cnpg.io';
const probe = 'gate-probe';

/** What is true of the n-th write that fits, counted from now. */
export function nth(n: number, fits: (write: Write) => boolean): (write: Write) => boolean {
  let count = 0;
  return (write) => {
    if (!fits(write)) return false;
    count += 1;
    return count === n;
  };
}

export class Gate {
  readonly #client: KubeClient;
  readonly #server: Server;
  readonly #certificate: string;
  readonly #name: string;
  readonly #rules = new Set<Rule>();
  #probed = false;

  private constructor(client: KubeClient, namespace: string) {
    const { certificate, key } = testCertificate();
    this.#client = client;
    this.#certificate = certificate;
    this.#name = `gate-${namespace}`;
    this.#server = createServer({ cert: certificate, key }, (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', async () => {
        const { uid, ...write } = parse(Buffer.concat(chunks).toString());
        const obstacle = await this.#meet(write);
        if (obstacle === 'no answer') request.socket.destroy();
        else response.setHeader('Content-Type', 'application/json').end(answer(uid, obstacle));
      });
    });
  }

  /** Opens a gate for a namespace. All writes pass until a test says otherwise. */
  static async open(client: KubeClient, namespace: string): Promise<Gate> {
    const gate = new Gate(client, namespace);
    await gate.#listen(namespace);
    return gate;
  }

  /** Blocks the writes that fit, until the returned function is called. */
  refuse(fits: (write: Write) => boolean, obstacle: Obstacle): () => void {
    const rule: Rule = { fits, meet: async () => obstacle };
    this.#rules.add(rule);
    return () => void this.#rules.delete(rule);
  }

  /** Holds the next write that fits. Resolves when it arrives, and rejects if there is none within 30 s. */
  async hold(fits: (write: Write) => boolean): Promise<HeldWrite> {
    const { promise: passed, resolve: pass } = Promise.withResolvers<undefined>();
    const { promise: arrived, resolve: arrive, reject } = Promise.withResolvers<HeldWrite>();
    const rule: Rule = {
      fits,
      meet: (write) => {
        this.#rules.delete(rule);
        arrive({ ...write, pass: () => pass(undefined) });
        return passed;
      },
    };
    this.#rules.add(rule);
    const timer = setTimeout(() => reject(inVain('a write at the gate', patience, fits.toString())), patience);
    try {
      return await arrived;
    } finally {
      clearTimeout(timer);
    }
  }

  async close(): Promise<void> {
    await this.#client.remove(validatingWebhookConfigurations, undefined, this.#name);
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #meet(write: Write): Promise<Obstacle | undefined> {
    if (write.name === probe) this.#probed = true;
    const rule = [...this.#rules].find(({ fits }) => fits(write));
    return await rule?.meet(write);
  }

  async #listen(namespace: string): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const { port } = this.#server.address() as AddressInfo;
    const rule = (group: string, ...resources: readonly string[]) => ({
      apiGroups: [group],
      apiVersions: ['*'],
      operations: ['*'],
      resources,
    });
    await this.#client.create(validatingWebhookConfigurations, {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingWebhookConfiguration',
      metadata: { name: this.#name, labels: temporary },
      webhooks: [
        {
          name: webhookName,
          clientConfig: {
            url: `https://127.0.0.1:${port}/`,
            caBundle: Buffer.from(this.#certificate).toString('base64'),
          },
          rules: [
            rule('', 'secrets', 'configmaps'),
            rule('postgresql.cnpg.io', 'clusters', 'scheduledbackups', 'backups', 'databaseroles'),
            rule('barmancloud.cnpg.io', 'objectstores'),
            rule('batch', 'jobs'),
            rule('addons.paas.dev', 'postgresaddons', 'postgresaddons/status'),
          ],
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
          failurePolicy: 'Fail',
          sideEffects: 'None',
          timeoutSeconds: 30,
          admissionReviewVersions: ['v1'],
        },
      ],
    });
    await eventually(`the gate of ${namespace} to be asked`, async () => {
      const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: probe, namespace } };
      const path = `/api/v1/namespaces/${namespace}/${secrets.plural}`;
      await this.#client.transport.request({ method: 'POST', path, query: { dryRun: 'All' }, body: secret });
      if (!this.#probed) throw new Error('the API server has not asked it');
    });
  }
}

interface Review {
  readonly request: {
    readonly uid: string;
    readonly operation: Write['operation'];
    readonly resource: { readonly resource: string };
    readonly subResource?: string;
    readonly name: string;
    readonly userInfo: { readonly username: string };
  };
}

function parse(body: string): Write & { readonly uid: string } {
  const { uid, operation, resource, subResource, name, userInfo } = (JSON.parse(body) as Review).request;
  const path = subResource === undefined ? resource.resource : `${resource.resource}/${subResource}`;
  return { uid, operation, name, user: userInfo.username, resource: path };
}

function answer(uid: string, refusal: string | undefined): string {
  const status = refusal === undefined ? {} : { status: { code: 403, message: refusal } };
  const response = { uid, allowed: refusal === undefined, ...status };
  return JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response });
}
