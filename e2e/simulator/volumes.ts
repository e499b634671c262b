// Creates the volume claims of a Cluster's instances, and their volumes as a provisioner and a resizer would. A request that the API
// server rejects stays rejected: that is how a Cluster gets stuck.
import type { KubeClient, LiveObject, Manifest } from '../../hack/cluster/client.ts';
import { namespaces, persistentVolumes } from '../../hack/cluster/kinds.ts';
import { eventually } from '../../hack/cluster/wait.ts';
import { clusterLabel } from '../../src/api/cnpg.ts';
import type { OwnerReference } from '../../src/api/kubernetes.ts';
import { volumeClaimGvr } from '../../src/api/workload.ts';
import { ApiError } from '../../src/kube/errors.ts';

export interface Volumes {
  /** Makes the claim of an instance and binds it. @param storageClass undefined: the default class of the cluster */
  provide(instance: string, size: string, storageClass: string | undefined): Promise<void>;
  /** Grows the claims that are smaller. @returns false when a StorageClass does not allow it */
  grow(instances: readonly string[], size: string): Promise<boolean>;
  remove(instance: string): Promise<void>;
}

/** No volumes at all, for the benchmark: it is the operator's requests that are counted there. */
export const noVolumes: Volumes = {
  provide: async () => undefined,
  grow: async () => true,
  remove: async () => undefined,
};

/** Does what the resizer of a storage driver does: the volumes of a Cluster get the sizes that their claims request. */
export async function resizeVolumes(client: KubeClient, namespace: string, cluster: string): Promise<void> {
  for (const claim of await client.list(volumeClaimGvr, namespace, `${clusterLabel}=${cluster}`))
    await resize(client, claim);
}

async function resize(client: KubeClient, { metadata: { namespace, name }, spec }: LiveObject): Promise<void> {
  const { volumeName, resources } = spec as { volumeName?: string; resources: { requests: { storage: string } } };
  if (volumeName === undefined) return;
  const capacity = { storage: resources.requests.storage };
  await client.patch(persistentVolumes, undefined, volumeName, { spec: { capacity } });
  await client.patch(volumeClaimGvr, namespace, name, { status: { capacity } }, 'status');
}

/**
 * @param owner of the claims: the Cluster
 * @param isSlow whether the resizer does not get to the volumes: resizeVolumes() does then
 */
export function liveVolumes(
  client: KubeClient,
  namespace: string,
  owner: OwnerReference,
  isSlow: () => boolean,
): Volumes {
  async function bind(claim: LiveObject): Promise<void> {
    const { name, uid } = claim.metadata;
    const spec = claim.spec as { storageClassName?: string; resources: { requests: { storage: string } } };
    const home = await client.get(namespaces, undefined, namespace);
    await client.create(persistentVolumes, {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: {
        name: `pvc-${uid}`,
        // A volume outlives its claim; with this it goes with the namespace of the test.
        ownerReferences: [{ apiVersion: 'v1', kind: 'Namespace', name: namespace, uid: home?.metadata.uid ?? '' }],
      },
      spec: {
        accessModes: ['ReadWriteOnce'],
        capacity: { storage: spec.resources.requests.storage },
        storageClassName: spec.storageClassName ?? '',
        persistentVolumeReclaimPolicy: 'Retain',
        claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name, uid },
        csi: { driver: 'simulator.invalid', volumeHandle: uid },
      },
    });
  }

  /** The claim of an earlier Cluster with that name may still be terminating: CNPG waits until it is removed. */
  async function createClaim(object: Manifest): Promise<LiveObject> {
    return await eventually(
      `the end of an earlier claim ${object.metadata.name}`,
      () => client.create(volumeClaimGvr, object),
      {
        isFinal: (error) => !(error instanceof ApiError && error.reason === 'AlreadyExists'),
      },
    );
  }

  /** Only a bound claim can grow. */
  async function boundClaim(instance: string): Promise<LiveObject> {
    return await eventually(`claim ${instance} to be bound`, async () => {
      const claim = await client.get(volumeClaimGvr, namespace, instance);
      if (claim?.status?.phase !== 'Bound') throw new Error(String(claim?.status?.phase));
      return claim;
    });
  }

  async function growOne(instance: string, size: string): Promise<void> {
    const claim = await client.patch(volumeClaimGvr, namespace, instance, {
      spec: { resources: { requests: { storage: size } } },
    });
    if (!isSlow()) await resize(client, claim);
  }

  return {
    async provide(instance, size, storageClass) {
      const serial = instance.slice(instance.lastIndexOf('-') + 1);
      const claim = await createClaim({
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: {
          name: instance,
          namespace,
          labels: { 'cnpg.io/cluster': owner.name, 'cnpg.io/instanceName': instance, 'cnpg.io/pvcRole': 'PG_DATA' },
          annotations: { 'cnpg.io/nodeSerial': serial, 'cnpg.io/pvcStatus': 'ready' },
          ownerReferences: [owner],
        },
        spec: {
          accessModes: ['ReadWriteOnce'],
          resources: { requests: { storage: size } },
          ...(storageClass === undefined ? {} : { storageClassName: storageClass }),
        },
      });
      await bind(claim);
    },
    async grow(instances, size) {
      for (const instance of instances) {
        const { resources } = (await boundClaim(instance)).spec as { resources: { requests: { storage: string } } };
        if (resources.requests.storage === size) continue;
        try {
          await growOne(instance, size);
        } catch (error) {
          if (error instanceof ApiError && (error.code === 403 || error.code === 422)) return false;
          throw error;
        }
      }
      return true;
    },
    remove: (instance) => client.remove(volumeClaimGvr, namespace, instance),
  };
}
