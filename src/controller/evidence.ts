// Reads the objects around a Cluster that does not become ready. Only on demand: nothing is watched or cached.
import { clusterLabel } from '../api/cnpg.ts';
import type { KubeObject } from '../api/kubernetes.ts';
import { changedAt, type Facts, projectClaim, projectPod, projectWarning, type Unseen } from '../api/workload.ts';
import type { Read } from '../domain/observed.ts';
import { ApiError } from '../kube/errors.ts';
import type { Dependencies } from './dependencies.ts';

/** The maximum number of Warning events to read, about 0.5 MB: other workloads of the namespace have events too. */
const mostWarnings = 500;

/**
 * A Cluster with its pods and volume claims, and the Warning events of its namespace, by four concurrent requests.
 * @returns always found; `unseen` names what the operator is not permitted to list
 * @throws ApiError if a request fails for another reason than a missing permission
 */
export async function lookForCause(
  api: Pick<Dependencies['api'], 'clusters' | 'pods' | 'volumeClaims' | 'events'>,
  namespace: string,
  cluster: string,
): Promise<Read<Facts>> {
  const ofCluster = `${clusterLabel}=${cluster}`;
  const [pods, claims, warnings, live] = await Promise.all([
    // The pods of a PgBouncer pooler have the label too, but do not belong to the database.
    permitted(api.pods.list(namespace, { labelSelector: `${ofCluster},cnpg.io/podRole!=pooler` })),
    permitted(api.volumeClaims.list(namespace, { labelSelector: ofCluster })),
    permitted(api.events.listFirst(namespace, mostWarnings, { fieldSelector: 'type=Warning' })),
    // The cached Cluster does not contain the time of its last change.
    api.clusters.get(namespace, cluster),
  ]);
  const lists: readonly (readonly [Unseen, unknown])[] = [
    ['pods', pods],
    ['persistentvolumeclaims', claims],
    ['events', warnings],
  ];
  const object: Facts = {
    pods: (pods ?? []).map(projectPod),
    claims: (claims ?? []).map(projectClaim),
    warnings: (warnings ?? []).map(projectWarning),
    changedAt: changedAt(live),
    unseen: lists.filter(([, list]) => list === undefined).map(([what]) => what),
  };
  return { kind: 'found', object };
}

/** undefined if the permission is missing. */
async function permitted(list: Promise<readonly KubeObject[]>): Promise<readonly KubeObject[] | undefined> {
  try {
    return await list;
  } catch (error) {
    if (error instanceof ApiError && error.code === 403) return undefined;
    throw error;
  }
}
