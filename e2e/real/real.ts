// Sets up the end-to-end tests in the node cluster that `npm run e2e` created, with the operator's image. It must use the Kubernetes API
// only: what an application would see is checked from a pod.
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, jest } from '@jest/globals';
import type { ExecaError } from 'execa';
import { connect, type KubeClient, type LiveObject } from '../../hack/cluster/client.ts';
import { type Cluster, status } from '../../hack/cluster/cluster.ts';
import { events } from '../../hack/cluster/kinds.ts';
import { kubectl } from '../../hack/cluster/kubectl.ts';
import { eventually } from '../../hack/cluster/wait.ts';
import { e2eClusterName } from '../../hack/e2e/cluster-name.ts';
import { operatorNamespace, releaseName } from '../../hack/install/operator.ts';
import { type AddonSpec, addonApiVersion, addonGvr } from '../../src/api/addon.ts';
import { clusterGvr } from '../../src/api/cnpg.ts';
import { AuditLog } from '../harness/audit.ts';
import { History } from '../harness/history.ts';
import { conditionOf, isRunning } from '../harness/views.ts';
import { openSession, type Session } from './session.ts';

/** Whom the API server sees when the operator writes. */
export const operatorUser = `system:serviceaccount:${operatorNamespace}:${releaseName}`;
/** It has psql and bash. */
export const postgresImage = 'ghcr.io/cloudnative-pg/postgresql:17-standard-trixie';

export const minutes = (count: number): number => count * 60_000;
/** A database takes 20 s on an idle machine; here several come up beside each other on two cores. Only a failure waits as long. */
const patience = minutes(10);

export class Real {
  readonly cluster: Cluster;
  readonly client: KubeClient;
  readonly audit: AuditLog;
  readonly addons: History;
  readonly clusters: History;
  readonly #sessions: Session[] = [];
  readonly #namespaces: string[] = [];
  readonly #last: (() => Promise<unknown>)[] = [];

  constructor(cluster: Cluster) {
    this.cluster = cluster;
    this.client = connect(cluster.kubeconfig, 'e2e-real');
    this.audit = new AuditLog(cluster.auditLog, this.client);
    this.addons = new History(this.client, addonGvr);
    this.clusters = new History(this.client, clusterGvr);
    this.addons.start();
    this.clusters.start();
  }

  /** Ends what this file began. Databases left running would slow the next file down. */
  async stop(): Promise<void> {
    await Promise.all(this.#sessions.map((session) => session.close()));
    await Promise.all(this.#last.map((task) => task()));
    if (this.#namespaces.length > 0)
      await this.kubectl(['delete', 'namespace', ...this.#namespaces, '--ignore-not-found', '--wait=false']);
    await Promise.all([this.addons.stop(), this.clusters.stop()]);
    await this.client.close();
  }

  /** Registers a cleanup for the end of the file, before its namespaces are deleted. */
  atEnd(task: () => Promise<unknown>): void {
    this.#last.push(task);
  }

  /** Runs kubectl as the administrator. @returns what it printed @throws with its words */
  async kubectl(args: readonly string[], input = ''): Promise<string> {
    return await kubectl(this.cluster, args, input);
  }

  /**
   * Runs a script with bash in a pod.
   * @param args what the script reads as $0, $1 and so on
   * @param container the pod's first one unless given
   * @returns what it printed
   * @throws with kubectl's words, and with the pod's state: its containers may have ended, or it was evicted
   */
  async script(
    { namespace, pod, container }: { readonly namespace: string; readonly pod: string; readonly container?: string },
    script: string,
    ...args: readonly string[]
  ): Promise<string> {
    const from = container === undefined ? [] : ['--container', container];
    try {
      return await this.kubectl(['exec', '--namespace', namespace, pod, ...from, '--', 'bash', '-c', script, ...args]);
    } catch (error) {
      const get = ['get', 'pod', pod, '--namespace', namespace, '--output', 'jsonpath={.status}'];
      const state = await this.kubectl(get).catch(String);
      throw new Error(`${(error as ExecaError).stderr ?? error}; the status of pod ${pod}: ${state}`, { cause: error });
    }
  }

  /** A new namespace, removed at the end of the file. @param prefix short, so that names stay whole */
  async namespace(prefix: string): Promise<string> {
    const name = this.reserve(prefix);
    await this.kubectl(['create', 'namespace', name]);
    return name;
  }

  /** The name of a namespace that the test creates, removed at the end of the file. @param prefix short, so that names stay whole */
  reserve(prefix: string): string {
    const name = `${prefix}-${randomBytes(2).toString('hex')}`;
    this.#namespaces.push(name);
    return name;
  }

  /** Applies an addon as its team would. When this resolves, its history shows what was applied. */
  async apply(
    namespace: string,
    name: string,
    spec: AddonSpec,
    annotations: Record<string, string> = {},
  ): Promise<void> {
    const object = { apiVersion: addonApiVersion, kind: addonGvr.kind, metadata: { name, annotations }, spec };
    const args = ['apply', '--namespace', namespace, '--output', 'json', '-f', '-'];
    const { metadata } = JSON.parse(await this.kubectl(args, JSON.stringify(object))) as LiveObject;
    // A wait for "running" must not be satisfied by a state from before the change.
    const holds = (state: LiveObject): boolean =>
      state.metadata.uid === metadata.uid && (state.metadata.generation ?? 0) >= (metadata.generation ?? 0);
    await this.addons.until(namespace, name, `generation ${metadata.generation}`, holds);
  }

  /** Waits until the addon runs and its status speaks of its present spec. */
  async running(namespace: string, name: string): Promise<LiveObject> {
    return await this.addons.until(namespace, name, 'phase running', isRunning, patience);
  }

  /** Waits until a condition of the addon has the reason. */
  async reason(namespace: string, name: string, type: string, reason: string): Promise<LiveObject> {
    const holds = (state: LiveObject): boolean => conditionOf(state, type)?.reason === reason;
    return await this.addons.until(namespace, name, `${type} with reason ${reason}`, holds, patience);
  }

  /** Waits until there is an Event of the reason about the addon. @returns it */
  async event(namespace: string, name: string, reason: string): Promise<LiveObject> {
    return await eventually(`an Event ${reason} about ${namespace}/${name}`, async () => {
      const all = await this.client.list(events, namespace);
      const about = all.filter((event) => (event.regarding as { readonly name?: string }).name === name);
      const found = about.find((event) => event.reason === reason);
      if (found === undefined) throw new Error(`only ${about.map((event) => event.reason).join(', ')}`);
      return found;
    });
  }

  /**
   * Starts a pod that has DATABASE_URL from the addon's Secret by envFrom, and nothing else.
   * @param secret another Secret that it gets its environment from
   * @param binding a Secret whose keys are files below /bindings/db
   */
  async startApp(
    namespace: string,
    app: string,
    { secret = `app-${app}-database-url`, binding }: { readonly secret?: string; readonly binding?: string } = {},
  ): Promise<void> {
    const pod = JSON.stringify(appPod(app, secret, binding));
    await this.kubectl(['apply', '--namespace', namespace, '-f', '-'], pod);
    await this.kubectl(['wait', '--namespace', namespace, `pod/app-${app}`, '--for=condition=Ready', '--timeout=10m']);
  }

  /** Takes the app's pod away: its environment stays what it was when it started. */
  async stopApp(namespace: string, app: string): Promise<void> {
    await this.kubectl(['delete', 'pod', `app-${app}`, '--namespace', namespace]);
  }

  /** Logs in from the app's pod with its DATABASE_URL. @returns what the SQL printed */
  async sql(namespace: string, app: string, sql: string): Promise<string> {
    // As any application: a Service takes a moment to lead to a new primary, also after `running` (kube-proxy syncs once a second).
    const wait = 'for try in $(seq 30); do pg_isready --quiet --dbname "$DATABASE_URL" && break; sleep 1; done';
    const psql = `${wait}; exec psql "$DATABASE_URL" --no-align --tuples-only --quiet --set ON_ERROR_STOP=1 --command "$0"`;
    return (await this.script({ namespace, pod: `app-${app}` }, psql, sql)).trim();
  }

  /** Opens a session from the app's pod that is held until the end of the file. */
  async session(namespace: string, app: string): Promise<Session> {
    const session = await openSession(this.cluster, namespace, app);
    this.#sessions.push(session);
    return session;
  }
}

/** Registers with Jest; `npm run e2e` has made the cluster before. */
export function useReal(): () => Real {
  let real: Real | undefined;
  // Longer than the waits inside a test, so that it is the wait that fails: it knows what was seen last.
  jest.setTimeout(minutes(30));
  beforeAll(async () => {
    const { cluster, state } = await status(e2eClusterName);
    if (cluster === undefined || state !== 'running')
      throw new Error(`the cluster ${e2eClusterName} is ${state}: run these tests by \`npm run e2e\``);
    real = new Real(cluster);
  });
  afterAll(async () => {
    await real?.stop();
  });
  return () => {
    if (real === undefined) throw new Error('the suite has not started');
    return real;
  };
}

function appPod(app: string, secret: string, binding: string | undefined): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `app-${app}`, labels: { app } },
    spec: {
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: 0,
      containers: [
        {
          name: 'app',
          image: postgresImage,
          command: ['sleep', 'infinity'],
          envFrom: [{ secretRef: { name: secret } }],
          // The connection is tried once: a test that needs patience says so itself.
          // Only a database that does not answer makes it wait so long: a busy machine must not decide.
          env: [{ name: 'PGCONNECT_TIMEOUT', value: '60' }],
          volumeMounts: binding === undefined ? [] : [{ name: 'binding', mountPath: '/bindings/db' }],
        },
      ],
      volumes: binding === undefined ? [] : [{ name: 'binding', secret: { secretName: binding } }],
    },
  };
}
