// Builds the desired Cluster. User input reaches it only where the schema restricts the value.
import type { PostgresAddon } from '../../api/addon.ts';
import { type ClusterSpec, cnpgApiVersion } from '../../api/cnpg.ts';
import type { Manifest } from '../../api/kubernetes.ts';
import { childMetadata } from '../ownership/child-metadata.ts';
import type { Target } from '../target.ts';

export interface ClusterManifest extends Manifest {
  readonly spec: ClusterSpec;
}

/** @param notes the operator's own annotations (`annotations` in api/addon.ts) on the live Cluster */
export function buildCluster(
  addon: PostgresAddon,
  target: Target,
  notes: Readonly<Record<string, string | undefined>> = {},
): ClusterManifest {
  const { profile } = target;
  const highlyAvailable = profile.instances > 1;
  return {
    apiVersion: cnpgApiVersion,
    kind: 'Cluster',
    metadata: {
      ...childMetadata(addon, target.names.cluster),
      ...(Object.keys(notes).length === 0 ? {} : { annotations: notes }),
    },
    spec: {
      instances: profile.instances,
      imageName: target.image,
      // A single instance with a disruption budget would block every node drain.
      enablePDB: highlyAvailable,
      primaryUpdateMethod: highlyAvailable ? 'switchover' : 'restart',
      storage: { size: target.storage },
      resources: { requests: { memory: profile.memory }, limits: { memory: profile.memory } },
      affinity: {
        enablePodAntiAffinity: true,
        podAntiAffinityType: 'preferred',
        topologyKey: 'kubernetes.io/hostname',
      },
      postgresql: {
        parameters: { shared_buffers: profile.sharedBuffers, max_connections: String(profile.maxConnections) },
        // CNPG rejects fewer than two instances while this section is present, so both change in the same write.
        synchronous: highlyAvailable
          ? { method: 'any', number: 1, dataDurability: 'preferred', failoverQuorum: true }
          : undefined,
      },
      bootstrap: { initdb: { database: target.database, owner: target.owner } },
    },
  };
}
