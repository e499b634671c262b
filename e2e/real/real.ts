// What the end-to-end tests stand on: the node cluster that `npm run e2e` made, with the operator's own image in it. It must never
// reach past the Kubernetes API: what an application sees is seen from a pod.
import { join } from 'node:path';
import { afterAll, beforeAll } from '@jest/globals';
import { execa } from 'execa';
import { type Cluster, status } from '../../hack/cluster/cluster.ts';
import { e2eClusterName } from '../../hack/e2e/cluster-name.ts';
import { operatorNamespace, releaseName } from '../../hack/install/operator.ts';
import { addonGvr } from '../../src/api/addon.ts';
import { clusterGvr } from '../../src/api/cnpg.ts';
import { AuditLog } from '../harness/audit.ts';
import { connect, type KubeClient } from '../harness/client.ts';
import { History } from '../harness/history.ts';

/** Whom the API server sees when the operator writes. */
export const operatorUser = `system:serviceaccount:${operatorNamespace}:${releaseName}`;

export interface Real {
  readonly cluster: Cluster;
  readonly client: KubeClient;
  readonly audit: AuditLog;
  readonly addons: History;
  readonly clusters: History;
  /** Runs kubectl as the administrator. @returns what it printed @throws with its words */
  kubectl(args: readonly string[], input?: string): Promise<string>;
  /** Starts a pod that has DATABASE_URL from the addon's Secret by envFrom, and nothing else. */
  startApp(namespace: string, app: string): Promise<void>;
  /** Logs in from the app's pod with its DATABASE_URL. @returns what the SQL printed */
  sql(namespace: string, app: string, sql: string): Promise<string>;
}

/** Registers with Jest; `npm run e2e` has made the cluster before. */
export function useReal(): () => Real {
  let real: Real | undefined;
  beforeAll(async () => {
    const { cluster, state } = await status(e2eClusterName);
    if (cluster === undefined || state !== 'running')
      throw new Error(`the cluster ${e2eClusterName} is ${state}: run these tests by \`npm run e2e\``);
    const client = connect(cluster.kubeconfig, 'e2e-real');
    const addons = new History(client, addonGvr);
    const clusters = new History(client, clusterGvr);
    addons.start();
    clusters.start();
    real = { cluster, client, addons, clusters, audit: new AuditLog(cluster.auditLog, client), ...appsOf(cluster) };
  });
  afterAll(async () => {
    await Promise.all([real?.addons.stop(), real?.clusters.stop()]);
    await real?.client.close();
  });
  return () => {
    if (real === undefined) throw new Error('the suite has not started');
    return real;
  };
}

function appsOf(cluster: Cluster): Pick<Real, 'kubectl' | 'startApp' | 'sql'> {
  const kubectl = async (args: readonly string[], input = ''): Promise<string> =>
    (await execa(join(cluster.bin, 'kubectl'), args, { env: { KUBECONFIG: cluster.kubeconfig }, input })).stdout;
  return {
    kubectl,
    async startApp(namespace, app) {
      await kubectl(['apply', '--namespace', namespace, '-f', '-'], JSON.stringify(appPod(app)));
      await kubectl(['wait', '--namespace', namespace, `pod/app-${app}`, '--for=condition=Ready', '--timeout=2m']);
    },
    async sql(namespace, app, sql) {
      // As any application: a Service takes a moment to lead to a new primary, also after `running` (kube-proxy syncs once a second).
      const wait =
        'for try in 1 2 3 4 5 6 7 8 9 10; do pg_isready --quiet --dbname "$DATABASE_URL" && break; sleep 1; done';
      const psql = `${wait}; exec psql "$DATABASE_URL" --no-align --tuples-only --quiet --set ON_ERROR_STOP=1 --command "$0"`;
      return (await kubectl(['exec', '--namespace', namespace, `app-${app}`, '--', 'bash', '-c', psql, sql])).trim();
    },
  };
}

function appPod(app: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `app-${app}` },
    spec: {
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: 0,
      containers: [
        {
          name: 'app',
          image: 'ghcr.io/cloudnative-pg/postgresql:17',
          command: ['sleep', 'infinity'],
          envFrom: [{ secretRef: { name: `app-${app}-database-url` } }],
          // The connection is tried once: a test that needs patience says so itself.
          env: [{ name: 'PGCONNECT_TIMEOUT', value: '5' }],
        },
      ],
    },
  };
}
