// What the operator knows of the Barman Cloud plugin: its names, and the fields of its ObjectStore that are read or written. No other file
// has them, because CNPG intends another plugin to succeed it.
import { annotations, labels } from './addon.ts';
import type { Gvr, KubeObject } from './kubernetes.ts';
import { pick, projectMetadata, record, type Shape, shaped, text } from './raw.ts';
import { millisecondsOf } from './time.ts';

export const objectStoreGvr: Gvr = {
  group: 'barmancloud.cnpg.io',
  version: 'v1',
  plural: 'objectstores',
  kind: 'ObjectStore',
};
export const barmanApiVersion = `${objectStoreGvr.group}/${objectStoreGvr.version}`;
/** The name by which a Cluster and a Backup refer to the plugin. */
export const barmanPlugin = 'barman-cloud.cloudnative-pg.io';
/** The plugin's container in each pod of a Cluster. */
export const sidecarName = 'plugin-barman-cloud';

/** What a Cluster tells the plugin. @param serverName the lineage of backups: the folder in the ObjectStore */
export function pluginParameters(objectStore: string, serverName: string): Readonly<Record<string, string>> {
  return { barmanObjectName: objectStore, serverName };
}

/** A key of a Secret in the namespace of the ObjectStore. */
export interface KeyOfSecret {
  readonly name: string;
  readonly key: string;
}

/** Where and how backups and WAL are written: the part of the plugin's configuration that the platform team can set. */
export interface StoreConfiguration {
  readonly endpointURL?: string;
  readonly endpointCA?: KeyOfSecret;
  readonly s3Credentials?: {
    readonly inheritFromIAMRole?: boolean;
    readonly accessKeyId?: KeyOfSecret;
    readonly secretAccessKey?: KeyOfSecret;
    readonly region?: KeyOfSecret;
    readonly sessionToken?: KeyOfSecret;
  };
  readonly azureCredentials?: {
    readonly inheritFromAzureAD?: boolean;
    readonly useDefaultAzureCredentials?: boolean;
    readonly connectionString?: KeyOfSecret;
    readonly storageAccount?: KeyOfSecret;
    readonly storageKey?: KeyOfSecret;
    readonly storageSasToken?: KeyOfSecret;
  };
  readonly googleCredentials?: { readonly gkeEnvironment?: boolean; readonly applicationCredentials?: KeyOfSecret };
  readonly wal?: { readonly compression?: string; readonly encryption?: string; readonly maxParallel?: number };
  readonly data?: {
    readonly compression?: string;
    readonly encryption?: string;
    readonly jobs?: number;
    readonly immediateCheckpoint?: boolean;
  };
}

/** The fields of ObjectStore.spec that the operator owns. An undefined one must be absent from the live object. */
export interface ObjectStoreSpec {
  readonly configuration: { readonly destinationPath: string } & {
    readonly [K in keyof StoreConfiguration]-?: StoreConfiguration[K] | undefined;
  };
  readonly retentionPolicy: string | undefined;
  readonly instanceSidecarConfiguration: {
    readonly env: readonly { readonly name: string; readonly value: string }[];
    readonly resources: {
      readonly requests: { readonly memory: string };
      readonly limits: { readonly memory: string };
    };
  };
}

/** What the plugin reports of one server, that is of one lineage of backups. Times in RFC 3339. */
export interface RecoveryWindow {
  /** The end of the oldest backup. */
  readonly firstRecoverabilityPoint?: string;
  readonly lastSuccessfulBackupTime?: string;
  readonly lastFailedBackupTime?: string;
}

export interface ObjectStore extends KubeObject {
  readonly spec: unknown;
  readonly status: { readonly serverRecoveryWindow: Readonly<Record<string, RecoveryWindow>> };
}

/** Where an ObjectStore leads to; undefined if it does not say. */
export function destinationIn({ spec }: ObjectStore): string | undefined {
  return text(record(record(spec).configuration).destinationPath) || undefined;
}

/** How long the backups below an ObjectStore are kept; undefined if for ever. */
export function retentionIn({ spec }: ObjectStore): string | undefined {
  return text(record(spec).retentionPolicy) || undefined;
}

/** The resources of the container that archives, as an ObjectStore has them. */
export function sidecarResourcesIn({ spec }: ObjectStore): unknown {
  return record(record(spec).instanceSidecarConfiguration).resources;
}

const keyOfSecret: Shape = { name: true, key: true };
const configurationShape = {
  destinationPath: true,
  endpointURL: true,
  endpointCA: keyOfSecret,
  s3Credentials: {
    inheritFromIAMRole: true,
    accessKeyId: keyOfSecret,
    secretAccessKey: keyOfSecret,
    region: keyOfSecret,
    sessionToken: keyOfSecret,
  },
  azureCredentials: {
    inheritFromAzureAD: true,
    useDefaultAzureCredentials: true,
    connectionString: keyOfSecret,
    storageAccount: keyOfSecret,
    storageKey: keyOfSecret,
    storageSasToken: keyOfSecret,
  },
  googleCredentials: { gkeEnvironment: true, applicationCredentials: keyOfSecret },
  wal: { compression: true, encryption: true, maxParallel: true },
  data: { compression: true, encryption: true, jobs: true, immediateCheckpoint: true },
} as const satisfies Shape;
const specShape: Shape = {
  configuration: configurationShape,
  retentionPolicy: true,
  instanceSidecarConfiguration: {
    env: [{ name: true, value: true }],
    resources: { requests: { memory: true }, limits: { memory: true } },
  },
};

/** A part of what the platform says of a store. */
export type ConfigurationPart = Exclude<keyof StoreConfiguration, 'endpointURL' | 'endpointCA'>;

/** The fields of a part of the configuration of an ObjectStore. */
export function configurationFields(part: ConfigurationPart): readonly string[] {
  return Object.keys(configurationShape[part]);
}

/** How many lineages are kept: an addon has one, and a new one with each major upgrade and each return to backups. */
const mostLineages = 16;

/** The part of an ObjectStore that is cached. */
export function projectObjectStore(raw: KubeObject): ObjectStore {
  const { spec, status } = record(raw) as { readonly spec?: unknown; readonly status?: unknown };
  const windows = Object.entries(record(record(status).serverRecoveryWindow)).map(
    ([server, window]) =>
      [
        text(server),
        pick(record(window), ['firstRecoverabilityPoint', 'lastSuccessfulBackupTime', 'lastFailedBackupTime']),
      ] as const,
  );
  const newest = windows.sort(([, a], [, b]) => latest(b) - latest(a)).slice(0, mostLineages);
  return {
    apiVersion: raw.apiVersion,
    kind: raw.kind,
    metadata: projectMetadata(raw, {
      fields: ['deletionTimestamp', 'ownerReferences'],
      labels: Object.values(labels),
      annotations: [annotations.objectStore],
    }),
    spec: shaped(spec, specShape),
    status: { serverRecoveryWindow: Object.fromEntries(newest) },
  };
}

/** The time of the last backup, in milliseconds since the epoch; 0 if there is none, or what is there is no time. */
function latest({ lastSuccessfulBackupTime, lastFailedBackupTime }: RecoveryWindow): number {
  return Math.max(millisecondsOf(lastSuccessfulBackupTime) ?? 0, millisecondsOf(lastFailedBackupTime) ?? 0);
}
