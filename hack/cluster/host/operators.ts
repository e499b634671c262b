// Installs CloudNativePG and its Barman Cloud plugin into a cluster with a node, and tells when they serve. What is changed in their manifests is in manifests.ts.
import { z } from 'zod';
import { imageReferences } from '../../toolchain/images.ts';
import { ApiRefusal, type KubeApi, type Manifest } from '../kube-api.ts';
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
export async function installOperators(operators: Operators, api: KubeApi): Promise<void> {
  const manifests = [...operators.cnpg, ...operators.plugin].filter(({ kind }) => kind !== 'CustomResourceDefinition');
  const namespaces = manifests.filter(({ kind }) => kind === 'Namespace');
  await Promise.all(namespaces.map((manifest) => api.apply(manifest)));
  const others = manifests.filter(({ kind }) => kind !== 'Namespace');
  await Promise.all(others.map((manifest) => api.apply(manifest)));
}

/** Waits until a Cluster would be accepted: CloudNativePG's webhooks answer through their Service. */
export async function waitForCnpg(api: KubeApi, hint: string, signal: AbortSignal): Promise<void> {
  const { apiVersion, metadata } = smallestCluster;
  const path = `/apis/${apiVersion}/namespaces/${metadata.namespace}/clusters?dryRun=All`;
  const wait = { what: 'CloudNativePG', timeoutMilliseconds: 180_000, everyMilliseconds: 200, hint, signal };
  await waitFor(wait, async () => {
    try {
      return await api.create(path, smallestCluster);
    } catch (error) {
      if (error instanceof ApiRefusal) throw new NotYet(error.message);
      throw error;
    }
  });
}

const deploymentSchema = z.object({ status: z.object({ availableReplicas: z.number().optional() }).optional() });

/** Waits until the plugin's Deployment is available. */
export async function waitForPlugin(api: KubeApi, hint: string, signal: AbortSignal): Promise<void> {
  const path = `/apis/apps/v1/namespaces/${cnpgNamespace}/deployments/barman-cloud`;
  const wait = { what: 'The Barman Cloud plugin', timeoutMilliseconds: 180_000, everyMilliseconds: 200, hint, signal };
  await waitFor(wait, async () => {
    const deployment = deploymentSchema.optional().parse(await api.get(path));
    return (deployment?.status?.availableReplicas ?? 0) > 0 ? true : undefined;
  });
}
