// Installs CloudNativePG and its Barman Cloud plugin into a cluster with a node, and waits until they serve. manifests.ts changes their manifests.
import { z } from 'zod';
import { clusterGvr } from '../../../src/api/cnpg.ts';
import { imageReferences } from '../../toolchain/images.ts';
import { isRefusal, type KubeClient, type Manifest } from '../client.ts';
import { deployments } from '../kinds.ts';
import { adaptCnpg, adaptPlugin, cnpgNamespace, readManifests, smallestCluster } from '../manifests.ts';
import type { Identity } from '../names.ts';
import { eventually, isUnexpected, NotYet } from '../wait.ts';
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
  const look = async (): Promise<void> => {
    try {
      await client.dryRun(clusterGvr, smallestCluster);
    } catch (error) {
      throw isRefusal(error) ? new NotYet(error.message) : error;
    }
  };
  await eventually('CloudNativePG', look, { ...patience, hint, signal });
}

const deploymentSchema = z.object({ status: z.object({ availableReplicas: z.number().optional() }).optional() });

/** Waits until the plugin's Deployment is available. */
export async function waitForPlugin(client: KubeClient, hint: string, signal: AbortSignal): Promise<void> {
  const look = async (): Promise<void> => {
    const deployment = deploymentSchema.optional().parse(await client.get(deployments, cnpgNamespace, 'barman-cloud'));
    if ((deployment?.status?.availableReplicas ?? 0) === 0) throw new NotYet('its Deployment has no available replica');
  };
  await eventually('the Barman Cloud plugin', look, { ...patience, hint, signal });
}

/** Their pods start with all others of the cluster. */
const patience = { timeoutMilliseconds: 180_000, everyMilliseconds: 200, isFinal: isUnexpected };
