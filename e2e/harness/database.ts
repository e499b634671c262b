// Reads the objects of one addon's database, for tests of ownership and of what survives. It reads from the API server, never from a cache.
import type { KubeClient, LiveObject, Manifest } from '../../hack/cluster/client.ts';
import { secrets } from '../../hack/cluster/kinds.ts';
import { type AddonSpec, addonApiVersion, addonGvr } from '../../src/api/addon.ts';
import { clusterGvr, scheduledBackupGvr } from '../../src/api/cnpg.ts';
import type { Gvr } from '../../src/api/kubernetes.ts';
import { type Differences, differences } from './snapshot.ts';

/** What an addon makes, and CNPG's Secret behind it; undefined: there is no such object. */
export interface Database {
  readonly cluster: LiveObject | undefined;
  readonly scheduledBackup: LiveObject | undefined;
  readonly secret: LiveObject | undefined;
  readonly source: LiveObject | undefined;
}

export type Part = keyof Database;

/** Name of the Cluster that an addon of this appId has. */
export const clusterOf = (namespace: string, appId = 'shop'): string => `db-${namespace}-${appId}`;

/** Where each part is. */
export function placesOf(namespace: string, appId = 'shop'): Readonly<Record<Part, readonly [gvr: Gvr, name: string]>> {
  const cluster = clusterOf(namespace, appId);
  return {
    cluster: [clusterGvr, cluster],
    scheduledBackup: [scheduledBackupGvr, `${cluster}-daily`],
    secret: [secrets, `app-${appId}-database-url`],
    source: [secrets, `${cluster}-app`],
  };
}

/** The parts as they are now. */
export async function databaseOf(client: KubeClient, namespace: string, appId = 'shop'): Promise<Database> {
  const places = placesOf(namespace, appId);
  const get = async (part: Part): Promise<LiveObject | undefined> =>
    await client.get(places[part][0], namespace, places[part][1]);
  const [cluster, scheduledBackup, secret, source] = await Promise.all([
    get('cluster'),
    get('scheduledBackup'),
    get('secret'),
    get('source'),
  ]);
  return { cluster, scheduledBackup, secret, source };
}

/** What differs between two looks, part by part. */
export function changesOf(before: Database, after: Database): Readonly<Record<Part, Differences>> {
  return {
    cluster: differences(before.cluster, after.cluster),
    scheduledBackup: differences(before.scheduledBackup, after.scheduledBackup),
    secret: differences(before.secret, after.secret),
    source: differences(before.source, after.source),
  };
}

/** The addon as a file that a user applies. */
export function addonManifest(namespace: string, name: string, spec: AddonSpec): Manifest {
  return { apiVersion: addonApiVersion, kind: addonGvr.kind, metadata: { name, namespace }, spec };
}
