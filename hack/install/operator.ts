// Installs the operator in a node cluster as a platform team would: its image, then its Helm chart in a restricted namespace.
import { join } from 'node:path';
import { execa } from 'execa';
import { type Cluster, loadImage } from '../cluster/cluster.ts';
import { kubectl } from '../cluster/kubectl.ts';
import { buildOperatorImage } from '../image/operator-image.ts';
import { SetupError } from '../toolchain/errors.ts';
import type { Report } from '../toolchain/report.ts';
import { repositoryRoot } from '../toolchain/repository.ts';

export const operatorNamespace = 'postgres-addon-system';
export const releaseName = 'postgres-addon-operator';

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
export async function installChart(cluster: Cluster, image: string, report: Report): Promise<void> {
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
      '--wait',
      '--timeout',
      '3m',
    ],
    { env: { KUBECONFIG: cluster.kubeconfig }, reject: false },
  );
  if (failed) throw new SetupError(`Helm could not install the chart: ${stderr.trim()}`);
}
