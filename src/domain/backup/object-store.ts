// Builds the desired ObjectStore: where the plugin writes the backups and the WAL of one addon. It names keys of Secrets, never a value.
import { annotations, type PostgresAddon } from '../../api/addon.ts';
import {
  barmanApiVersion,
  type ConfigurationPart,
  configurationFields,
  type ObjectStoreSpec,
  objectStoreGvr,
  type StoreConfiguration,
} from '../../api/barman.ts';
import type { Manifest } from '../../api/kubernetes.ts';
import { childMetadata } from '../ownership/child-metadata.ts';
import type { Situation } from '../situation.ts';
import type { Target } from '../target.ts';
import { destinationPathOf, incarnationOf } from './archive.ts';
import type { ChosenStore, Store } from './stores.ts';

export interface ObjectStoreManifest extends Manifest {
  readonly spec: ObjectStoreSpec;
}

export function buildObjectStore(s: Situation, target: Target, chosen: ChosenStore): ObjectStoreManifest {
  const { request, limit } = target.profile.sidecarMemory;
  return objectStoreManifest(s.addon, target.names.objectStore, chosen, {
    annotations: { [annotations.objectStore]: String(incarnationOf(s)) },
    retention: chosen.retention,
    // Without them a LimitRange would decide, and its usual 128Mi is the end of every backup (measured on plugin 0.14).
    resources: { requests: { memory: request }, limits: { memory: limit } },
  });
}

interface Settings {
  /** Whose folder it leads to; default: the addon's. */
  readonly namespace?: string;
  readonly annotations: Readonly<Record<string, string>>;
  /** How long the plugin keeps backups; undefined if it removes none. */
  readonly retention?: string;
  /** Of the container that reads and writes them. */
  readonly resources: ObjectStoreSpec['instanceSidecarConfiguration']['resources'];
}

/** An ObjectStore that leads to the folder of a namespace in a store. */
export function objectStoreManifest(
  addon: PostgresAddon,
  name: string,
  { store }: Pick<ChosenStore, 'store'>,
  { namespace = addon.metadata.namespace, annotations: notes, retention, resources }: Settings,
): ObjectStoreManifest {
  const { endpointURL, endpointCA, s3Credentials, azureCredentials, googleCredentials, wal, data } = store;
  return {
    apiVersion: barmanApiVersion,
    kind: objectStoreGvr.kind,
    metadata: { ...childMetadata(addon, name), annotations: notes },
    spec: {
      configuration: {
        destinationPath: destinationPathOf({ store }, namespace),
        endpointURL,
        endpointCA,
        s3Credentials: whole('s3Credentials', s3Credentials),
        azureCredentials: whole('azureCredentials', azureCredentials),
        googleCredentials: whole('googleCredentials', googleCredentials),
        wal: whole('wal', wal),
        data: whole('data', data),
      },
      retentionPolicy: retention,
      instanceSidecarConfiguration: { env: checksumSettings(store), resources },
    },
  };
}

/** With each of its fields: one that the platform has removed has to be absent from the live object too. */
function whole<P extends ConfigurationPart>(part: P, value: StoreConfiguration[P]): StoreConfiguration[P] {
  if (value === undefined) return value;
  const fields = configurationFields(part).map((name) => [name, undefined]);
  return { ...Object.fromEntries(fields), ...value };
}

/** The variables by which boto3 is told; only the S3 client has them. */
function checksumSettings({ s3Credentials, checksums }: Store): ObjectStoreSpec['instanceSidecarConfiguration']['env'] {
  if (s3Credentials === undefined) return [];
  const value = checksums === 'WhenRequired' ? 'when_required' : 'when_supported';
  return ['AWS_REQUEST_CHECKSUM_CALCULATION', 'AWS_RESPONSE_CHECKSUM_VALIDATION'].map((name) => ({ name, value }));
}
