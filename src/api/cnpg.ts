// The CloudNativePG fields that the operator reads or writes, projected so that the cache holds no more than a decision needs.
import { annotations, labels } from './addon.ts';
import type { Gvr, KubeObject } from './kubernetes.ts';
import {
  fits,
  type KeptMetadata,
  list,
  longestText,
  pick,
  projectMetadata,
  type Raw,
  record,
  renamed,
  text,
  unreadable,
  whole,
} from './raw.ts';

export const clusterGvr: Gvr = { group: 'postgresql.cnpg.io', version: 'v1', plural: 'clusters', kind: 'Cluster' };
export const scheduledBackupGvr: Gvr = {
  group: 'postgresql.cnpg.io',
  version: 'v1',
  plural: 'scheduledbackups',
  kind: 'ScheduledBackup',
};
export const databaseRoleGvr: Gvr = {
  group: 'postgresql.cnpg.io',
  version: 'v1',
  plural: 'databaseroles',
  kind: 'DatabaseRole',
};
export const backupGvr: Gvr = { group: 'postgresql.cnpg.io', version: 'v1', plural: 'backups', kind: 'Backup' };
export const cnpgApiVersion = 'postgresql.cnpg.io/v1';
/** Set on a Cluster to stop its pods on purpose. CNPG still reports such a Cluster as healthy. */
export const hibernationAnnotation = 'cnpg.io/hibernation';
/** Set on a Cluster to make CNPG ignore it: "disabled". */
export const reconciliationAnnotation = 'cnpg.io/reconciliationLoop';
/** Set on a Cluster to make CNPG leave its pods as they are: "disabled". A new configuration of them waits. */
export const podSpecAnnotation = 'cnpg.io/reconcilePodSpec';
/** Set on a Cluster to stop PostgreSQL in some instances: a JSON list of their names, or ["*"] for all. */
export const fencingAnnotation = 'cnpg.io/fencedInstances';
/** On a Secret: "true" makes CNPG follow its changes. */
export const reloadLabel = 'cnpg.io/reload';
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
    /** All of them: an apply replaces the list. Only those of a restored database are kept. */
    readonly pg_hba?: readonly string[] | undefined;
  };
  readonly bootstrap: Bootstrap;
  /** All of them: an apply replaces the list. Only that of a restored database is kept. */
  readonly externalClusters?: readonly ExternalCluster[];
  /** All of them: an apply replaces the list. */
  readonly plugins: readonly Plugin[] | undefined;
  readonly serviceAccountTemplate:
    | { readonly metadata: { readonly annotations: Readonly<Record<string, string>> } }
    | undefined;
}

/** How CNPG makes the data of a new Cluster. */
export interface Bootstrap {
  /** Empty. */
  readonly initdb?: { readonly database: string; readonly owner: string };
  /** From the backups that an external cluster names. */
  readonly recovery?: {
    readonly source: string;
    readonly database: string;
    readonly owner: string;
    readonly recoveryTarget?: { readonly targetTime?: string; readonly targetLSN?: string };
  };
}

/** Where backups are read from. */
export interface ExternalCluster {
  readonly name: string;
  readonly plugin: Omit<Plugin, 'isWALArchiver'>;
}

/** A CNPG plugin that works on a Cluster. */
export interface Plugin {
  readonly name: string;
  readonly enabled?: boolean;
  readonly isWALArchiver?: boolean;
  readonly parameters?: Readonly<Record<string, string>>;
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
  /** resourceVersion of the Secret with the CA of the server that CNPG last observed, and its name. */
  readonly serverCaSecretVersion?: string;
  readonly serverCASecret?: string;
  readonly readyCondition?: { readonly status: string; readonly lastTransitionTime: string };
  /** Whether the last WAL file was archived. It is True as well where nothing archives. */
  readonly archiving?: ReportedCondition;
  /** False with the reason BackupStarted while one runs. */
  readonly lastBackup?: ReportedCondition;
  /** When the last Backup failed, in RFC 3339. */
  readonly lastFailedBackup?: string;
  /** PostgreSQL major of the files on disk. CNPG sets it when it begins to create the database, and changes it after a major upgrade. */
  readonly dataMajor?: number;
}

/** A condition of a Cluster. */
export interface ReportedCondition {
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionTime: string;
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
  readonly target: string;
}

export interface ScheduledBackup extends KubeObject {
  readonly spec: Partially<ScheduledBackupSpec>;
  readonly status: { readonly nextScheduleTime?: string };
}

/** The fields of DatabaseRole.spec that the operator owns. An undefined one must be absent from the live object. */
export interface DatabaseRoleSpec {
  readonly cluster: { readonly name: string };
  readonly name: string;
  readonly comment: string;
  readonly login: boolean;
  readonly inRoles: readonly string[] | undefined;
  readonly passwordSecret: { readonly name: string } | undefined;
  readonly disablePassword: boolean | undefined;
  readonly databaseRoleReclaimPolicy: string;
}

/** A login role of a database. */
export interface DatabaseRole extends KubeObject {
  readonly spec: Partially<DatabaseRoleSpec>;
  readonly status: {
    /** Whether the role is as the spec of `observedGeneration` says. */
    readonly applied?: boolean;
    readonly observedGeneration?: number;
    /** The resourceVersion of the Secret whose password was set. */
    readonly secretResourceVersion?: string;
    readonly message?: string;
  };
}

/** A base backup. */
export interface Backup extends KubeObject {
  readonly status: {
    readonly phase?: string;
    readonly error?: string;
    readonly stoppedAt?: string;
  };
}

/** The part of a Cluster that is cached. */
export function projectCluster(raw: KubeObject): Cluster {
  const all = record(record(raw).spec);
  const isWhole = fits(additionsIn(all), longestAdditions);
  const spec = isWhole ? all : withoutAdditions(all);
  const status = record(record(raw).status);
  const postgresql = record(spec.postgresql);
  const parameters = record(postgresql.parameters);
  const conditions = list(status.conditions);
  const ready = conditions.find(({ type }) => type === 'Ready');
  const plugins = list(spec.plugins).map(projectPlugin);
  const bootstrap = record(spec.bootstrap);
  return {
    apiVersion: raw.apiVersion,
    kind: raw.kind,
    metadata: { ...projectMetadata(raw, dated), ...(isWhole ? {} : { ownerReferences: [manyAdditions] }) },
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
        ...(bootstrap.recovery === undefined ? {} : renamed('pg_hba', postgresql.pg_hba && linesIn(postgresql.pg_hba))),
      },
      bootstrap: {
        ...renamed('initdb', bootstrap.initdb && pick(record(bootstrap.initdb), ['database', 'owner'])),
        ...renamed('recovery', bootstrap.recovery && projectRecovery(record(bootstrap.recovery))),
      },
      ...(bootstrap.recovery === undefined ? {} : { externalClusters: list(spec.externalClusters) }),
      ...(plugins.length === 0 ? {} : { plugins }),
      ...renamed('serviceAccountTemplate', spec.serviceAccountTemplate && projectTemplate(spec.serviceAccountTemplate)),
    },
    status: {
      ...pick(status, ['phase', 'phaseReason', 'readyInstances', 'currentPrimary', 'targetPrimary']),
      ...pick(record(status.secretsResourceVersion), ['applicationSecretVersion', 'serverCaSecretVersion']),
      ...pick(record(status.certificates), ['serverCASecret']),
      ...renamed(
        'readyCondition',
        ready && { status: text(ready.status), lastTransitionTime: text(ready.lastTransitionTime) },
      ),
      ...renamed('archiving', reported(conditions, 'ContinuousArchiving')),
      ...renamed('lastBackup', reported(conditions, 'LastBackupSucceeded')),
      ...pick(status, ['lastFailedBackup']),
      ...renamed('dataMajor', whole(record(status.pgDataImageInfo).majorVersion)),
    },
  };
}

function reported(conditions: readonly Raw[], type: string): Raw | undefined {
  const found = conditions.find((condition) => condition.type === type);
  return found && pick(found, ['status', 'reason', 'message', 'lastTransitionTime']);
}

/**
 * How many characters are kept of what others may add to a Cluster. CNPG's CRD has no keys for its lists, so that an apply replaces each as a
 * whole: what of others is in them has to be written again as it is, and so it is kept as it is.
 */
const longestAdditions = 32 * longestText;

/** In place of the owner references of a Cluster with more of them: nothing is written to it, so that nothing is lost or cut. */
const manyAdditions = unreadable('plugins, external clusters, lines of pg_hba or annotations of its ServiceAccount');

/** Those of external clusters and pg_hba are written only where a database was restored. */
function additionsIn({ plugins, externalClusters, postgresql, serviceAccountTemplate, bootstrap }: Raw): unknown {
  const { annotations: notes } = record(record(serviceAccountTemplate).metadata);
  const isRestored = record(bootstrap).recovery !== undefined;
  return [plugins, notes, ...(isRestored ? [externalClusters, record(postgresql).pg_hba] : [])];
}

function withoutAdditions({ plugins: _, externalClusters: __, serviceAccountTemplate: ___, ...spec }: Raw): Raw {
  const { pg_hba: ____, ...postgresql } = record(spec.postgresql);
  return { ...spec, postgresql };
}

function projectPlugin(raw: Raw): Plugin {
  const name = typeof raw.name === 'string' ? raw.name : '';
  return { ...raw, name, ...renamed('parameters', raw.parameters && textsIn(raw.parameters)) };
}

function linesIn(raw: unknown): readonly string[] {
  return (Array.isArray(raw) ? raw : []).filter((line) => typeof line === 'string');
}

function textsIn(raw: unknown): Readonly<Record<string, string>> {
  const texts = Object.entries(record(raw)).filter(([, value]) => typeof value === 'string');
  return Object.fromEntries(texts) as Readonly<Record<string, string>>;
}

function projectRecovery(raw: Raw): Raw {
  return {
    ...pick(raw, ['source', 'database', 'owner']),
    ...renamed('recoveryTarget', raw.recoveryTarget && pick(record(raw.recoveryTarget), ['targetTime', 'targetLSN'])),
  };
}

function projectTemplate(raw: unknown): Raw {
  return { metadata: { annotations: textsIn(record(record(raw).metadata).annotations) } };
}

/** The part of a ScheduledBackup that is cached. */
export function projectScheduledBackup(raw: KubeObject): ScheduledBackup {
  const spec = record(record(raw).spec);
  return {
    apiVersion: raw.apiVersion,
    kind: raw.kind,
    metadata: projectMetadata(raw, kept),
    spec: {
      ...pick(spec, ['schedule', 'suspend', 'method', 'backupOwnerReference', 'target']),
      cluster: pick(record(spec.cluster), ['name']),
      pluginConfiguration: pick(record(spec.pluginConfiguration), ['name']),
    },
    status: pick(record(record(raw).status), ['nextScheduleTime']),
  };
}

/** More roles than the operator makes one a member of: with another one, it is not as it should be. */
const mostMemberships = 2;

/** The part of a DatabaseRole that is cached. */
export function projectDatabaseRole(raw: KubeObject): DatabaseRole {
  const spec = record(record(raw).spec);
  const { inRoles } = spec;
  return {
    apiVersion: raw.apiVersion,
    kind: raw.kind,
    metadata: projectMetadata(raw, { ...kept, fields: [...kept.fields, 'generation'] }),
    spec: {
      ...pick(spec, ['name', 'comment', 'login', 'disablePassword', 'databaseRoleReclaimPolicy']),
      cluster: pick(record(spec.cluster), ['name']),
      ...renamed('inRoles', inRoles && linesIn(inRoles).slice(0, mostMemberships).map(text)),
      ...renamed('passwordSecret', spec.passwordSecret && pick(record(spec.passwordSecret), ['name'])),
    },
    status: pick(record(record(raw).status), ['applied', 'observedGeneration', 'secretResourceVersion', 'message']),
  };
}

/** What a reconcile makes of a Backup that it has read. */
export function projectBackup(raw: KubeObject): Backup {
  return {
    apiVersion: raw.apiVersion,
    kind: raw.kind,
    metadata: projectMetadata(raw, dated),
    status: pick(record(record(raw).status), ['phase', 'error', 'stoppedAt']),
  };
}

const kept: KeptMetadata = {
  fields: ['deletionTimestamp', 'ownerReferences'],
  labels: Object.values(labels),
  annotations: [
    annotations.readyBefore,
    annotations.formerUid,
    annotations.readyAt,
    annotations.objectStore,
    annotations.originStore,
    annotations.redaction,
    hibernationAnnotation,
    reconciliationAnnotation,
    fencingAnnotation,
    podSpecAnnotation,
  ],
};

const dated: KeptMetadata = { ...kept, fields: [...kept.fields, 'creationTimestamp'] };
