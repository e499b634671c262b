// Installs CloudNativePG and its Barman Cloud plugin into a cluster with a node, and tells when they serve. What is changed in their manifests is in manifests.ts.
import { z } from 'zod';
import { clusterGvr } from '../../../src/api/cnpg.ts';
import { imageReferences } from '../../toolchain/images.ts';
import { isRefusal, type KubeClient, type Manifest } from '../client.ts';
import { deployments } from '../kinds.ts';
import { adaptCnpg, adaptPlugin, cnpgNamespace, readManifests, smallestCluster } from '../manifests.ts';
import type { Identity } from '../names.ts';
import { NotYet, waitFor } from '../wait.ts';
import { paths } from './control-plane.ts';
import { ensureSelfSigned, readPair } from './pki.ts';

export interface Operators {
  readonly cnpg: readonly Manifest[];
  readonly plugin: readonly Manifest[];
}

/** @param files paths of the release manifests */
export async function readOperators(
  identity: Identity,
  files: { readonly cnpg: string; readonly plugin: string },
): Promise<Operators> {
  const tls = await readPair(
    await ensureSelfSigned(paths(identity.stateDirectory).pki, 'barman-cloud', 'barman-cloud'),
  );
  return {
    cnpg: adaptCnpg(await readManifests(files.cnpg)),
    plugin: adaptPlugin(await readManifests(files.plugin), {
      image: imageReferences['barman-plugin'],
      sidecarImage: imageReferences['barman-sidecar'],
      tls,
    }),
  };
}

/** Applies everything but the custom resource definitions, which have to be there before. */
export async function installOperators(operators: Operators, client: KubeClient): Promise<void> {
  const manifests = [...operators.cnpg, ...operators.plugin].filter(({ kind }) => kind !== 'CustomResourceDefinition');
  const namespaces = manifests.filter(({ kind }) => kind === 'Namespace');
  await Promise.all(namespaces.map((manifest) => client.apply(manifest)));
  const others = manifests.filter(({ kind }) => kind !== 'Namespace');
  await Promise.all(others.map((manifest) => client.apply(manifest)));
}

/** Waits until a Cluster would be accepted: CloudNativePG's webhooks answer through their Service. */
export async function waitForCnpg(client: KubeClient, hint: string, signal: AbortSignal): Promise<void> {
  const wait = { what: 'CloudNativePG', timeoutMilliseconds: 180_000, everyMilliseconds: 200, hint, signal };
  await waitFor(wait, async () => {
    try {
      await client.dryRun(clusterGvr, smallestCluster);
      return true;
    } catch (error) {
      throw isRefusal(error) ? new NotYet(error.message) : error;
    }
  });
}

const deploymentSchema = z.object({ status: z.object({ availableReplicas: z.number().optional() }).optional() });

/** Waits until the plugin's Deployment is available. */
export async function waitForPlugin(client: KubeClient, hint: string, signal: AbortSignal): Promise<void> {
  const wait = { what: 'The Barman Cloud plugin', timeoutMilliseconds: 180_000, everyMilliseconds: 200, hint, signal };
  await waitFor(wait, async () => {
    const deployment = deploymentSchema.optional().parse(await client.get(deployments, cnpgNamespace, 'barman-cloud'));
    return (deployment?.status?.availableReplicas ?? 0) > 0 ? true : undefined;
  });
}
