// Looks at what is around a Cluster that does not come up. Only on demand: nothing of it is watched or kept.
import { clusterLabel } from '../api/cnpg.ts';
import type { KubeObject } from '../api/kubernetes.ts';
import { changedAt, type Facts, projectClaim, projectPod, projectWarning, type Unseen } from '../api/workload.ts';
import type { Read } from '../domain/observed.ts';
import { ApiError } from '../kube/errors.ts';
import type { Dependencies } from './dependencies.ts';

/** Most Warning events of a namespace that are read, about half a megabyte: they are those of its other workloads too. */
const mostWarnings = 500;

/**
 * A Cluster with its pods and volume claims, and the Warning events of its namespace, by four requests at the same time.
 * @returns always found; what the operator may not list is named in `unseen`
 * @throws ApiError when a list fails for another reason than a missing right
 */
export async function lookForCause(
  api: Pick<Dependencies['api'], 'clusters' | 'pods' | 'volumeClaims' | 'events'>,
  namespace: string,
  cluster: string,
): Promise<Read<Facts>> {
  const ofCluster = `${clusterLabel}=${cluster}`;
  const [pods, claims, warnings, live] = await Promise.all([
    // A pooler of PgBouncer has the label too, and says nothing about the database.
    permitted(api.pods.list(namespace, { labelSelector: `${ofCluster},cnpg.io/podRole!=pooler` })),
    permitted(api.volumeClaims.list(namespace, { labelSelector: ofCluster })),
    permitted(api.events.listFirst(namespace, mostWarnings, { fieldSelector: 'type=Warning' })),
    // The cached one does not tell when it was written.
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

/** undefined when the right is missing. */
async function permitted(list: Promise<readonly KubeObject[]>): Promise<readonly KubeObject[] | undefined> {
  try {
    return await list;
  } catch (error) {
    if (error instanceof ApiError && error.code === 403) return undefined;
    throw error;
  }
}
