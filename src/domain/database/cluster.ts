// Builds the desired Cluster. User input reaches it only where the schema restricts the value.
import { annotations, type PostgresAddon } from '../../api/addon.ts';
import { barmanPlugin, type Cluster, type ClusterSpec, cnpgApiVersion, type Plugin } from '../../api/cnpg.ts';
import type { Manifest } from '../../api/kubernetes.ts';
import { childMetadata } from '../ownership/child-metadata.ts';
import type { Target } from '../target.ts';

export interface ClusterManifest extends Manifest {
  readonly spec: ClusterSpec;
}

/**
 * @param notes the operator's own annotations (`annotations` in api/addon.ts) on the live Cluster
 * @param live the Cluster as it is: plugins that others added to it stay
 */
export function buildCluster(
  addon: PostgresAddon,
  target: Target,
  notes: Readonly<Record<string, string | undefined>> = {},
  live?: Cluster,
): ClusterManifest {
  const { profile } = target;
  const all = { ...notes, [annotations.objectStore]: target.archive?.note };
  const highlyAvailable = profile.instances > 1;
  return {
    apiVersion: cnpgApiVersion,
    kind: 'Cluster',
    metadata: {
      ...childMetadata(addon, target.names.cluster),
      ...(Object.keys(notes).length === 0 && target.archive === undefined ? {} : { annotations: all }),
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
      plugins: pluginsOf(target, live),
      serviceAccountTemplate: serviceAccountOf(target, live),
    },
  };
}

function pluginsOf({ archive, names }: Target, live: Cluster | undefined): ClusterSpec['plugins'] {
  const others = (live?.spec.plugins ?? []).filter((plugin) => plugin?.name !== barmanPlugin) as readonly Plugin[];
  const ours: readonly Plugin[] =
    archive === undefined
      ? []
      : [
          {
            name: barmanPlugin,
            enabled: true,
            isWALArchiver: true,
            parameters: { barmanObjectName: names.objectStore, serverName: archive.serverName },
          },
        ];
  const plugins = [...others, ...ours];
  return plugins.length === 0 ? undefined : plugins;
}

/** Workload identity and IAM roles are given to the ServiceAccount that CNPG makes for the Cluster. */
function serviceAccountOf({ archive }: Target, live: Cluster | undefined): ClusterSpec['serviceAccountTemplate'] {
  const { serviceAccountAnnotations = {} } = archive?.chosen?.store ?? {};
  // Without a store for now, the archive goes on as it is, and needs its role.
  const isKept = archive !== undefined && archive.chosen === undefined;
  const present = live?.spec.serviceAccountTemplate?.metadata?.annotations ?? {};
  const all = Object.entries(isKept ? present : serviceAccountAnnotations).filter(([, value]) => value !== undefined);
  const annotations = Object.fromEntries(all) as Readonly<Record<string, string>>;
  return all.length === 0 ? undefined : { metadata: { annotations } };
}
