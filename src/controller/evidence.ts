// Reads the objects around a Cluster that does not become ready. Only on demand: nothing is watched or cached.
import { clusterLabel } from '../api/cnpg.ts';
import { changedAt, type Facts, projectClaim, projectPod, projectWarning } from '../api/workload.ts';
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
    seen(api.clusters.getBriefly(namespace, cluster).then(changedAt)),
  ]);
  const lists = [
    ['pods', pods],
    ['persistentvolumeclaims', claims],
    ['events', warnings],
  ] as const;
  const wait = Math.max(0, ...[pods, claims, warnings, live].map(secondsAsked));
  const object: Facts = {
    pods: itemsOf(pods),
    claims: itemsOf(claims),
    warnings: itemsOf(warnings),
    changedAt: live.kind === 'seen' ? live.what : undefined,
    unseen: lists.filter(([, { kind }]) => kind === 'forbidden').map(([what]) => what),
    // Whether an object that is not in a part of a list exists is not known. Nothing is concluded from a missing event.
    failed: lists
      .filter(([what, list]) => list.kind === 'failed' || (what !== 'events' && isPart(list)))
      .map(([what]) => what),
    ...(wait > 0 && { retryAfterSeconds: wait }),
  };
  return { kind: 'found', object };
}

/** The result of a read. */
type Seen<T> =
  | { readonly kind: 'seen'; readonly what: T }
  | { readonly kind: 'forbidden' | 'failed'; readonly retryAfterSeconds: number };

async function seen<T>(read: Promise<T>): Promise<Seen<T>> {
  try {
    return { kind: 'seen', what: await read };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return { kind: error.code === 403 ? 'forbidden' : 'failed', retryAfterSeconds: error.retryAfterSeconds ?? 0 };
  }
}

function secondsAsked(read: Seen<unknown>): number {
  return read.kind === 'seen' ? 0 : read.retryAfterSeconds;
}

function itemsOf<T>(list: Seen<Part<T>>): readonly T[] {
  return list.kind === 'seen' ? list.what.items : [];
}

function isPart(list: Seen<Part<unknown>>): boolean {
  return list.kind === 'seen' && !list.what.complete;
}
