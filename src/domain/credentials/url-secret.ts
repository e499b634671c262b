// Builds the desired Secret with DATABASE_URL.
import type { PostgresAddon } from '../../api/addon.ts';
import type { Manifest } from '../../api/kubernetes.ts';
import { childMetadata } from '../ownership/child-metadata.ts';
import type { Target } from '../target.ts';

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
