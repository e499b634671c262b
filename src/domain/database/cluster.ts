// Builds the desired Cluster. User input reaches it only where the schema restricts the value.
import { annotations, type PostgresAddon } from '../../api/addon.ts';
import { barmanPlugin, pluginParameters } from '../../api/barman.ts';
import { type Cluster, type ClusterSpec, cnpgApiVersion, type Plugin } from '../../api/cnpg.ts';
import type { Manifest } from '../../api/kubernetes.ts';
import { childMetadata } from '../ownership/child-metadata.ts';
import { hbaOf } from '../restore/lock.ts';
import type { Target } from '../target.ts';

/** The name of the external cluster that a database is restored from. */
const originName = 'origin';

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
  const isRecovered = live?.spec.bootstrap?.recovery !== undefined;
  const all = {
    ...notes,
    [annotations.objectStore]: target.archive?.note,
    [annotations.originStore]:
      target.origin === undefined && isRecovered ? notes[annotations.originStore] : target.origin?.note,
    [annotations.redaction]: target.redaction,
  };
  const isNoted = Object.keys(notes).length > 0 || target.archive !== undefined || target.origin !== undefined;
  const highlyAvailable = profile.instances > 1;
  return {
    apiVersion: cnpgApiVersion,
    kind: 'Cluster',
    metadata: {
      ...childMetadata(addon, target.names.cluster),
      ...(isNoted ? { annotations: all } : {}),
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
        ...hbaOf(addon, target, live),
      },
      ...beginningOf(target, live),
      plugins: pluginsOf(target, live),
      serviceAccountTemplate: serviceAccountOf(target, live),
    },
  };
}

/** How the data are made. A Cluster that exists goes on saying how they were. */
function beginningOf(
  { database, owner, origin, names }: Target,
  live: Cluster | undefined,
): Pick<ClusterSpec, 'bootstrap' | 'externalClusters'> {
  const { recovery } = live?.spec.bootstrap ?? {};
  if (recovery !== undefined)
    return {
      bootstrap: { recovery: { ...recovery, database, owner } },
      externalClusters: live?.spec.externalClusters,
    } as Pick<ClusterSpec, 'bootstrap' | 'externalClusters'>;
  if (origin === undefined || live !== undefined) return { bootstrap: { initdb: { database, owner } } };
  const { serverName, targetTime } = origin;
  const parameters = pluginParameters(names.originStore, serverName);
  const recoveryTarget = targetTime === undefined ? {} : { recoveryTarget: { targetTime } };
  return {
    bootstrap: { recovery: { source: originName, database, owner, ...recoveryTarget } },
    externalClusters: [{ name: originName, plugin: { name: barmanPlugin, enabled: true, parameters } }],
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
            parameters: pluginParameters(names.objectStore, archive.serverName),
          },
        ];
  const plugins = [...others, ...ours];
  return plugins.length === 0 ? undefined : plugins;
}

/** Workload identity and IAM roles are given to the ServiceAccount that CNPG makes for the Cluster. */
function serviceAccountOf(
  { archive, origin }: Target,
  live: Cluster | undefined,
): ClusterSpec['serviceAccountTemplate'] {
  const stores = [origin?.chosen?.store, archive?.chosen?.store];
  const serviceAccountAnnotations = Object.assign({}, ...stores.map((store) => store?.serviceAccountAnnotations));
  // Without a store for now, the archive goes on as it is, and needs its role.
  const isKept = archive !== undefined && archive.chosen === undefined;
  const present = live?.spec.serviceAccountTemplate?.metadata?.annotations ?? {};
  const all = Object.entries(isKept ? present : serviceAccountAnnotations).filter(([, value]) => value !== undefined);
  const annotations = Object.fromEntries(all) as Readonly<Record<string, string>>;
  return all.length === 0 ? undefined : { metadata: { annotations } };
}
