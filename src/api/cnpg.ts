// The CloudNativePG fields that the operator reads or writes, projected so that the cache holds no more than a decision needs.
import { annotations, labels } from './addon.ts';
import type { Gvr, KubeObject } from './kubernetes.ts';
import { type KeptMetadata, list, pick, projectMetadata, record, renamed, text, whole } from './raw.ts';

export const clusterGvr: Gvr = { group: 'postgresql.cnpg.io', version: 'v1', plural: 'clusters', kind: 'Cluster' };
export const scheduledBackupGvr: Gvr = {
  group: 'postgresql.cnpg.io',
  version: 'v1',
  plural: 'scheduledbackups',
  kind: 'ScheduledBackup',
};
export const cnpgApiVersion = 'postgresql.cnpg.io/v1';
export const barmanPlugin = 'barman-cloud.cloudnative-pg.io';
/** Set on a Cluster to stop its pods on purpose. CNPG still reports such a Cluster as healthy. */
export const hibernationAnnotation = 'cnpg.io/hibernation';
/** Set on a Cluster to make CNPG ignore it: "disabled". */
export const reconciliationAnnotation = 'cnpg.io/reconciliationLoop';
/** Set on a Cluster to make CNPG leave its pods as they are: "disabled". A new configuration of them waits. */
export const podSpecAnnotation = 'cnpg.io/reconcilePodSpec';
/** Set on a Cluster to stop PostgreSQL in some instances: a JSON list of their names, or ["*"] for all. */
export const fencingAnnotation = 'cnpg.io/fencedInstances';
/** Label of every object that belongs to a Cluster. */
export const clusterLabel = 'cnpg.io/cluster';

/** The fields of Cluster.spec that the operator owns. An undefined one must be absent from the live object. */
export interface ClusterSpec {
  readonly instances: number;
  readonly imageName: string;
  readonly enablePDB: boolean;
  readonly primaryUpdateMethod: string;
  readonly storage: { readonly size: string };
  readonly resources: { readonly requests: { readonly memory: string }; readonly limits: { readonly memory: string } };
  readonly affinity: {
    readonly enablePodAntiAffinity: boolean;
    readonly podAntiAffinityType: string;
    readonly topologyKey: string;
  };
  readonly postgresql: {
    readonly parameters: { readonly shared_buffers: string; readonly max_connections: string };
    readonly synchronous:
      | {
          readonly method: string;
          readonly number: number;
          readonly dataDurability: string;
          readonly failoverQuorum: boolean;
        }
      | undefined;
  };
  readonly bootstrap: { readonly initdb: { readonly database: string; readonly owner: string } };
}

/** Any field of a foreign object can be missing or have another type. */
export type Partially<T> = T extends object ? { readonly [K in keyof T]?: Partially<T[K]> | undefined } : T;

export interface ClusterStatus {
  readonly phase?: string;
  readonly phaseReason?: string;
  readonly readyInstances?: number;
  readonly currentPrimary?: string;
  readonly targetPrimary?: string;
  /** resourceVersion of the Secret <cluster>-app that CNPG last observed. */
  readonly applicationSecretVersion?: string;
  readonly readyCondition?: { readonly status: string; readonly lastTransitionTime: string };
  /** PostgreSQL major of the files on disk. CNPG sets it when it begins to create the database, and changes it after a major upgrade. */
  readonly dataMajor?: number;
}

export interface Cluster extends KubeObject {
  readonly spec: Partially<ClusterSpec>;
  readonly status: ClusterStatus;
}

/** The fields of ScheduledBackup.spec that the operator owns. */
export interface ScheduledBackupSpec {
  readonly schedule: string;
  readonly suspend: boolean;
  readonly cluster: { readonly name: string };
  readonly method: string;
  readonly pluginConfiguration: { readonly name: string };
  readonly backupOwnerReference: string;
}

export interface ScheduledBackup extends KubeObject {
  readonly spec: Partially<ScheduledBackupSpec>;
}

/** The part of a Cluster that is cached. */
export function projectCluster(raw: KubeObject): Cluster {
  const spec = record(record(raw).spec);
  const status = record(record(raw).status);
  const postgresql = record(spec.postgresql);
  const parameters = record(postgresql.parameters);
  const ready = list(status.conditions).find(({ type }) => type === 'Ready');
  return {
    apiVersion: raw.apiVersion,
    kind: raw.kind,
    metadata: projectMetadata(raw, kept),
    spec: {
      ...pick(spec, ['instances', 'imageName', 'enablePDB', 'primaryUpdateMethod']),
      resources: {
        requests: pick(record(record(spec.resources).requests), ['memory']),
        limits: pick(record(record(spec.resources).limits), ['memory']),
      },
      affinity: pick(record(spec.affinity), ['enablePodAntiAffinity', 'podAntiAffinityType', 'topologyKey']),
      storage: pick(record(spec.storage), ['size']),
      postgresql: {
        parameters: pick(parameters, ['shared_buffers', 'max_connections']),
        ...(postgresql.synchronous === undefined
          ? {}
          : {
              synchronous: pick(record(postgresql.synchronous), [
                'method',
                'number',
                'dataDurability',
                'failoverQuorum',
              ]),
            }),
      },
      bootstrap: { initdb: pick(record(record(spec.bootstrap).initdb), ['database', 'owner']) },
    },
    status: {
      ...pick(status, ['phase', 'phaseReason', 'readyInstances', 'currentPrimary', 'targetPrimary']),
      ...pick(record(status.secretsResourceVersion), ['applicationSecretVersion']),
      ...renamed(
        'readyCondition',
        ready && { status: text(ready.status), lastTransitionTime: text(ready.lastTransitionTime) },
      ),
      ...renamed('dataMajor', whole(record(status.pgDataImageInfo).majorVersion)),
    },
  };
}

/** The part of a ScheduledBackup that is cached. */
export function projectScheduledBackup(raw: KubeObject): ScheduledBackup {
  const spec = record(record(raw).spec);
  return {
    apiVersion: raw.apiVersion,
    kind: raw.kind,
    metadata: projectMetadata(raw, kept),
    spec: {
      ...pick(spec, ['schedule', 'suspend', 'method', 'backupOwnerReference']),
      cluster: pick(record(spec.cluster), ['name']),
      pluginConfiguration: pick(record(spec.pluginConfiguration), ['name']),
    },
  };
}

const kept: KeptMetadata = {
  fields: ['deletionTimestamp', 'ownerReferences'],
  labels: Object.values(labels),
  annotations: [
    annotations.readyBefore,
    annotations.formerUid,
    annotations.readyAt,
    hibernationAnnotation,
    reconciliationAnnotation,
    fencingAnnotation,
    podSpecAnnotation,
  ],
};
