// Builds the desired ObjectStore: where the plugin writes the backups and the WAL of one addon. It names keys of Secrets, never a value.
import { annotations } from '../../api/addon.ts';
import { barmanApiVersion, type ObjectStoreSpec } from '../../api/barman.ts';
import type { Manifest } from '../../api/kubernetes.ts';
import { childMetadata } from '../ownership/child-metadata.ts';
import type { Situation } from '../situation.ts';
import type { Target } from '../target.ts';
import { destinationPathOf, incarnationOf } from './archive.ts';
import type { ChosenStore } from './stores.ts';

export interface ObjectStoreManifest extends Manifest {
  readonly spec: ObjectStoreSpec;
}

export function buildObjectStore(s: Situation, target: Target, chosen: ChosenStore): ObjectStoreManifest {
  const { addon } = s;
  const { endpointURL, endpointCA, s3Credentials, azureCredentials, googleCredentials, wal, data } = chosen.store;
  const { request, limit } = target.profile.sidecarMemory;
  return {
    apiVersion: barmanApiVersion,
    kind: 'ObjectStore',
    metadata: {
      ...childMetadata(addon, target.names.objectStore),
      annotations: { [annotations.objectStore]: String(incarnationOf(s)) },
    },
    spec: {
      configuration: {
        destinationPath: destinationPathOf(chosen, addon.metadata.namespace),
        endpointURL,
        endpointCA,
        s3Credentials,
        azureCredentials,
        googleCredentials,
        wal,
        data,
      },
      retentionPolicy: chosen.retention,
      instanceSidecarConfiguration: {
        env: checksumSettings(chosen),
        // Without them a LimitRange would decide, and its usual 128Mi is the end of every backup (measured on plugin 0.14).
        resources: { requests: { memory: request }, limits: { memory: limit } },
      },
    },
  };
}

/** The variables by which boto3 is told; only the S3 client has them. */
function checksumSettings({
  store: { s3Credentials, checksums },
}: ChosenStore): ObjectStoreSpec['instanceSidecarConfiguration']['env'] {
  if (s3Credentials === undefined) return [];
  const value = checksums === 'WhenRequired' ? 'when_required' : 'when_supported';
  return ['AWS_REQUEST_CHECKSUM_CALCULATION', 'AWS_RESPONSE_CHECKSUM_VALIDATION'].map((name) => ({ name, value }));
}
