// Installs the operator in a node cluster as a platform team would: its image, then its Helm chart in a restricted namespace.
import { join } from 'node:path';
import { execa } from 'execa';
import type { Manifest } from '../cluster/client.ts';
import { type Cluster, loadImage } from '../cluster/cluster.ts';
import { kubectl } from '../cluster/kubectl.ts';
import { buildOperatorImage } from '../image/operator-image.ts';
import { SetupError } from '../toolchain/errors.ts';
import type { Report } from '../toolchain/report.ts';
import { repositoryRoot } from '../toolchain/repository.ts';

export const operatorNamespace = 'postgres-addon-system';
export const releaseName = 'postgres-addon-operator';

/** The Secret that every namespace with backups needs. */
export const storeSecretName = 'backup-credentials';
/** The store in the cluster, by its name in the chart's values. No addon uses it unless it asks for it: a sidecar for each takes time. */
export const storeName = 'local';
/** A store at a Service that does not exist: both the Service and its namespace have this name. */
export const silentStore = 'silent-store';
/** A store whose bucket does not exist: it is the bucket's name too. */
export const absentStore = 'absent';

/** A store that only the namespace of this name may use. Its bucket, which does not exist, has the name too. */
export const tenantStore = 'tenant';

export interface ChartOptions {
  /** The object store of addons that name none. */
  readonly defaultStore?: string;
  /** Settings of the store in the cluster that differ; one that is undefined is left out. */
  readonly store?: Readonly<Record<string, unknown>>;
  /** Changes to the built-in plans. */
  readonly plans?: Readonly<Record<string, unknown>>;
}

function backupValues({ objectStore }: Cluster, { defaultStore, store: other }: ChartOptions): object {
  if (objectStore === undefined) return { stores: {} };
  const key = (name: string) => ({ name: storeSecretName, key: name });
  const s3Credentials = {
    accessKeyId: key('ACCESS_KEY_ID'),
    secretAccessKey: key('SECRET_ACCESS_KEY'),
    region: key('REGION'),
  };
  const { endpoint, bucket } = objectStore;
  const compressed = { compression: 'gzip' };
  const store = {
    destination: `s3://${bucket}`,
    endpointURL: endpoint,
    s3Credentials,
    wal: compressed,
    data: compressed,
  };
  return {
    defaultStore,
    stores: {
      [storeName]: { ...store, ...other },
      [absentStore]: { ...store, destination: `s3://${absentStore}` },
      [tenantStore]: { ...store, destination: `s3://${tenantStore}`, namespaces: [tenantStore] },
      [silentStore]: { ...store, endpointURL: `http://${silentStore}.${silentStore}.svc:${new URL(endpoint).port}` },
    },
  };
}

/** The Secret with the keys of the cluster's object store, for one namespace. */
export function storeSecret({ objectStore }: Cluster, namespace: string): Manifest {
  if (objectStore === undefined) throw new SetupError('the cluster has no object store');
  const { accessKeyId, secretAccessKey, region } = objectStore;
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: storeSecretName, namespace },
    stringData: { ACCESS_KEY_ID: accessKeyId, SECRET_ACCESS_KEY: secretAccessKey, REGION: region },
  };
  return secret;
}

/** Builds the operator's image from this checkout and makes it known to the node. @returns its reference */
export async function provideImage(cluster: Cluster, report: Report): Promise<string> {
  const { reference, archive } = await buildOperatorImage(report);
  await loadImage(cluster, archive, report);
  return reference;
}

/**
 * Installs or upgrades the chart, and waits until its Deployment is available.
 * @param image reference as `repository:tag`
 * @throws SetupError with Helm's words when it fails
 */
export async function installChart(
  cluster: Cluster,
  image: string,
  report: Report,
  options: ChartOptions = {},
): Promise<void> {
  // The strictest standard there is: what needs more does not start.
  await kubectl(
    cluster,
    ['apply', '--server-side', '-f', '-'],
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: operatorNamespace, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
    }),
  );
  const colon = image.lastIndexOf(':');
  report(`helm upgrade --install ${releaseName}`);
  const { failed, stderr } = await execa(
    join(cluster.bin, 'helm'),
    [
      'upgrade',
      '--install',
      releaseName,
      join(repositoryRoot, 'charts', 'postgres-addon-operator'),
      '--namespace',
      operatorNamespace,
      '--set-string',
      `image.repository=${image.slice(0, colon)}`,
      '--set-string',
      `image.tag=${image.slice(colon + 1)}`,
      '--set-json',
      `backup=${JSON.stringify(backupValues(cluster, options))}`,
      '--set-json',
      `plans=${JSON.stringify(options.plans ?? {})}`,
      '--wait',
      '--timeout',
      '3m',
    ],
    { env: { KUBECONFIG: cluster.kubeconfig }, reject: false },
  );
  if (failed) throw new SetupError(`Helm could not install the chart: ${stderr.trim()}`);
}
