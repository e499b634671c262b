// The children as they should be: pure builders, one per kind. Nothing a user wrote passes through but what the schema bounds.
import type { PostgresAddon } from '../../api/addon.ts';
import { barmanPlugin, type ClusterSpec, cnpgApiVersion, type ScheduledBackupSpec } from '../../api/cnpg.ts';
import type { Manifest } from '../../api/kubernetes.ts';
import { childLabels, ownerReference, owns } from '../ownership/owner.ts';
import type { Target } from '../target.ts';

export interface ClusterManifest extends Manifest {
  readonly spec: ClusterSpec;
}
export interface ScheduledBackupManifest extends Manifest {
  readonly spec: ScheduledBackupSpec;
}

/** @param notes the operator's own annotations (`annotations` in api/addon.ts), which say what only the Cluster remembers */
export function buildCluster(
  addon: PostgresAddon,
  target: Target,
  notes: Readonly<Record<string, string>> = {},
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
        // CNPG refuses fewer than two instances while this stanza stands, so both go in the same write.
        synchronous: highlyAvailable
          ? { method: 'any', number: 1, dataDurability: 'preferred', failoverQuorum: true }
          : undefined,
      },
      bootstrap: { initdb: { database: target.database, owner: target.owner } },
    },
  };
}

/** Suspended while no object store is configured: nothing fails every night, and the object shows what is planned. */
export function buildScheduledBackup(addon: PostgresAddon, target: Target): ScheduledBackupManifest {
  return {
    apiVersion: cnpgApiVersion,
    kind: 'ScheduledBackup',
    metadata: childMetadata(addon, target.names.scheduledBackup),
    spec: {
      schedule: target.schedule,
      suspend: true,
      cluster: { name: target.names.cluster },
      method: 'plugin',
      pluginConfiguration: { name: barmanPlugin },
      backupOwnerReference: 'self',
    },
  };
}

/** The app's Secret: exactly one key. */
export function buildUrlSecret(addon: PostgresAddon, target: Target, url: string): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: childMetadata(addon, target.names.urlSecret),
    type: 'Opaque',
    data: { DATABASE_URL: Buffer.from(url).toString('base64') },
  };
}

/** A protected addon owns nothing: what it owned would go with it. */
export function childMetadata(addon: PostgresAddon, name: string): Manifest['metadata'] {
  return {
    name,
    namespace: addon.metadata.namespace,
    labels: childLabels(addon),
    ...(owns(addon) ? { ownerReferences: [ownerReference(addon)] } : {}),
  };
}
