// Prepares the control plane that the integration tests share. It must never be the demo's cluster.
import { join } from 'node:path';
import { execa } from 'execa';
import type { KubeClient, LiveObject } from '../../hack/cluster/client.ts';
import { type Cluster, up } from '../../hack/cluster/cluster.ts';
import {
  clusterRoleBindings,
  clusterRoles,
  mutatingAdmissionPolicies,
  mutatingAdmissionPolicyBindings,
  namespaces,
  persistentVolumes,
  validatingWebhookConfigurations,
} from '../../hack/cluster/kinds.ts';
import { storageClasses } from '../../hack/cluster/manifests.ts';
import { eventually } from '../../hack/cluster/wait.ts';
import { repositoryRoot } from '../../hack/toolchain/repository.ts';
import { addonGvr } from '../../src/api/addon.ts';
import { objectStoreGvr } from '../../src/api/barman.ts';
import { backupGvr, clusterGvr, scheduledBackupGvr } from '../../src/api/cnpg.ts';
import { ApiError } from '../../src/kube/errors.ts';
import { cnpgWebhook } from '../simulator/webhook.ts';
import { temporary, temporaryLabel } from './permissions.ts';

const crd = join(repositoryRoot, 'crds/addons.paas.dev_postgresaddons.yaml');

/** A running control plane with our CRD; a few seconds when it has to be started, less when it runs. */
export async function controlPlane(name: string): Promise<Cluster> {
  const said: string[] = [];
  try {
    return await up({ name, profile: 'control-plane', crds: [crd], report: (line) => void said.push(line) });
  } catch (error) {
    throw new Error(`the cluster ${name} did not come up:\n${said.join('\n')}`, { cause: error });
  }
}

/** The StorageClasses that node clusters have too, CNPG's webhook, and nothing of an earlier run. */
export async function furnish(client: KubeClient): Promise<void> {
  await removeRemains(client);
  const provisioning = { provisioner: 'simulator.invalid', volumeBindingMode: 'Immediate' } as const;
  for (const manifest of storageClasses(provisioning)) await client.apply(manifest);
  for (const manifest of cnpgWebhook) await client.apply(manifest);
}

/** A namespace of its own for a test, removed by the next run at the latest. */
export async function makeNamespace(client: KubeClient, name: string): Promise<void> {
  await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: temporary } });
}

/** Runs kubectl as the administrator. Never throws: what it says is what is tested. */
export async function kubectl(
  cluster: Cluster,
  args: readonly string[],
  input = '',
): Promise<{ readonly code: number; readonly output: string; readonly error: string }> {
  const { exitCode, stdout, stderr } = await execa(join(cluster.bin, 'kubectl'), args, {
    env: { KUBECONFIG: cluster.kubeconfig },
    input,
    reject: false,
  });
  return { code: exitCode ?? -1, output: stdout, error: stderr };
}

const cleared = [
  validatingWebhookConfigurations,
  mutatingAdmissionPolicyBindings,
  mutatingAdmissionPolicies,
  clusterRoleBindings,
  clusterRoles,
  namespaces,
];

/**
 * Namespaces go by and by, and an operator that outlived its test loses its Lease with them and ends. But a new operator must not meet
 * addons of an earlier test: it would be seen to work for them.
 */
export async function removeRemains(client: KubeClient): Promise<void> {
  const selector = `${temporaryLabel}=true`;
  for (const gvr of cleared) {
    for (const { metadata } of await client.list(gvr, undefined, selector))
      await client.remove(gvr, undefined, metadata.name);
  }
  const kinds = [addonGvr, clusterGvr, scheduledBackupGvr, objectStoreGvr, backupGvr];
  for (const { metadata } of await client.list(addonGvr)) {
    // Without an operator nobody else takes its finalizer away.
    await client.remove(addonGvr, metadata.namespace, metadata.name);
    if (metadata.finalizers !== undefined) await abandon(client, metadata);
  }
  // The collector takes a namespace at a time.
  await eventually(
    'the end of the addons and Clusters of earlier tests',
    async () => {
      const left = (await Promise.all(kinds.map((gvr) => client.list(gvr)))).flat();
      if (left.length > 0)
        throw new Error(left.map(({ kind, metadata }) => `${kind} ${metadata.namespace}/${metadata.name}`).join(', '));
    },
    { everyMilliseconds: 250 },
  );
  for (const { metadata, status } of await client.list(persistentVolumes)) {
    if (status?.phase !== 'Bound') await client.remove(persistentVolumes, undefined, metadata.name);
  }
}

async function abandon(client: KubeClient, { namespace, name }: LiveObject['metadata']): Promise<void> {
  try {
    await client.patch(addonGvr, namespace, name, { metadata: { finalizers: null } });
  } catch (error) {
    if (!(error instanceof ApiError && error.code === 404)) throw error;
  }
}
