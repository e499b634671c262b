// Images for version changes of a database, for the tests that need them. Clusters do not need them to start.
import { type Cluster, loadImage } from '../cluster/cluster.ts';
import { ensureImages, imageReferences } from '../toolchain/images.ts';
import { namesIn } from '../toolchain/oci.ts';
import type { Report } from '../toolchain/report.ts';

/** Full names of images that the node has or can pull. */
export interface PostgresVersions {
  /** Where a database starts: a major version alone. */
  readonly first: string;
  /** The same major version with its minor. */
  readonly minor: string;
  /** A major version, and a later one to which it can be upgraded. */
  readonly upgrade: { readonly from: string; readonly to: string };
}

/** The version in the tag of an image, as spec.version says it. */
export function versionIn(image: string): string {
  return /:([\d.]+)-/.exec(image)?.[1] ?? '';
}

/** Of the releases of CloudNativePG: a node in Docker pulls them. */
const released: PostgresVersions = {
  first: imageReferences.postgres,
  minor: 'ghcr.io/cloudnative-pg/postgresql:17.6-standard-trixie',
  upgrade: { from: imageReferences.postgres, to: 'ghcr.io/cloudnative-pg/postgresql:18.4-standard-trixie' },
};

/**
 * Makes the images known to the node. The first call on a machine makes the image of an older major version, which takes a minute
 * or two; later ones take seconds.
 * @throws SetupError as ensureImages and loadImage
 */
export async function providePostgresVersions(cluster: Cluster, report: Report): Promise<PostgresVersions> {
  if (cluster.driver === 'kind') return released;
  const archives = await ensureImages(['postgres', 'postgres-15'], report);
  await loadImage(cluster, archives.get('postgres-15') ?? '', report);
  const [, minor = ''] = await namesIn(archives.get('postgres') ?? '');
  const { postgres: first, 'postgres-15': older } = imageReferences;
  return { first, minor, upgrade: { from: older, to: first } };
}
