// Reads the objects around a Cluster that does not become ready. Only on demand: nothing is watched or cached.
import { clusterLabel } from '../api/cnpg.ts';
import { changedAt, type Facts, projectClaim, projectPod, projectWarning, type Unseen } from '../api/workload.ts';
import type { Read } from '../domain/observed.ts';
import { ApiError } from '../kube/errors.ts';
import type { Part } from '../kube/list.ts';
import type { Dependencies } from './dependencies.ts';

/** Other workloads of the namespace have events too; a Cluster has few pods and claims, but anybody can give theirs its label. */
const most = { warnings: 500, ofCluster: 100 };

/**
 * A Cluster with its pods and volume claims, and the Warning events of its namespace, by four concurrent requests of at most 10 s. They
 * only explain: what fails is not seen, and nothing else depends on it.
 * @returns always found; `unseen` and `failed` name what proves nothing
 */
export async function lookForCause(
  api: Pick<Dependencies['api'], 'clusters' | 'pods' | 'volumeClaims' | 'events'>,
  namespace: string,
  cluster: string,
): Promise<Read<Facts>> {
  const ofCluster = `${clusterLabel}=${cluster}`;
  // The pods of a PgBouncer pooler have the label too, but do not belong to the database.
  const ofPods = { labelSelector: `${ofCluster},cnpg.io/podRole!=pooler` };
  const [pods, claims, warnings, live] = await Promise.all([
    seen(api.pods.listFirst(namespace, most.ofCluster, projectPod, ofPods)),
    seen(api.volumeClaims.listFirst(namespace, most.ofCluster, projectClaim, { labelSelector: ofCluster })),
    seen(api.events.listFirst(namespace, most.warnings, projectWarning, { fieldSelector: 'type=Warning' })),
    // The cached Cluster does not contain the time of its last change.
    seen(api.clusters.getBriefly(namespace, cluster)),
  ]);
  const lists: readonly (readonly [Unseen, Seen<unknown>])[] = [
    ['pods', pods],
    ['persistentvolumeclaims', claims],
    ['events', warnings],
  ];
  const object: Facts = {
    pods: itemsOf(pods),
    claims: itemsOf(claims),
    warnings: itemsOf(warnings),
    changedAt: changedAt(live),
    unseen: lists.filter(([, part]) => part === 'forbidden').map(([what]) => what),
    failed: lists.filter(([what, part]) => part === 'failed' || isCut(what, part)).map(([what]) => what),
  };
  return { kind: 'found', object };
}

type Seen<T> = Part<T> | 'forbidden' | 'failed';

function itemsOf<T>(part: Seen<T>): readonly T[] {
  return typeof part === 'string' ? [] : part.items;
}

/** Whether an object that is not in the part may exist. Of events, nothing is concluded from one that is missing. */
function isCut(what: Unseen, part: Seen<unknown>): boolean {
  return what !== 'events' && typeof part !== 'string' && !part.complete;
}

async function seen<T>(read: Promise<T>): Promise<T | 'forbidden' | 'failed'> {
  try {
    return await read;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return error.code === 403 ? 'forbidden' : 'failed';
  }
}
