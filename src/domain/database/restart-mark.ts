// Marks a change that restarts instances, so that readiness reported before the restart is ignored: CNPG has no observedGeneration. The
// mark is an annotation in the same write, with the readiness period and the configuration at that time
// (docs/decisions/0004-ready-after-a-change.md).
import { createHash } from 'node:crypto';
import { annotations } from '../../api/addon.ts';
import { barmanPlugin } from '../../api/barman.ts';
import type { Cluster } from '../../api/cnpg.ts';

/**
 * Whether CNPG has not started the last change that restarts instances, so that what it reports is about the previous configuration. Not if
 * the Cluster has the configuration again that ran then: the change was reverted, or an admission policy undid it, and nothing will restart.
 */
export function awaitsRestart(cluster: Cluster): boolean {
  const mark = markOn(cluster);
  return mark?.since === readySince(cluster) && mark.ran !== fingerprint(cluster.spec);
}

/** Whether changing one spec to the other makes CNPG restart instances. */
export function isRestart(from: Cluster['spec'], to: Cluster['spec']): boolean {
  return fingerprint(from) !== fingerprint(to);
}

/**
 * The mark to write with a change to `spec` that restarts instances. Undefined if the change reverts one that CNPG has not started: the
 * running configuration is the desired one, and nothing will restart.
 * @param asked the complete desired spec, of which `spec` may be the first of two writes
 */
export function restartMark(cluster: Cluster, spec: Cluster['spec'], asked: Cluster['spec']): string | undefined {
  const since = readySince(cluster);
  const before = markOn(cluster);
  const settled = cluster.status.readyCondition?.status === 'True' ? fingerprint(cluster.spec) : 'unknown';
  const ran = before?.since === since ? before.ran : settled;
  return ran === fingerprint(spec) ? undefined : `${since} ${ran} ${fingerprint(asked)}`;
}

/**
 * Whether the last mark was written for a different request, whose status was never written. Not if the Cluster has what is asked for: then
 * nothing replaces the mark.
 */
export function wasMarkedForOther(cluster: Cluster, asked: Cluster['spec']): boolean {
  const [, , request] = cluster.metadata.annotations?.[annotations.readyBefore]?.split(' ') ?? [];
  return request !== undefined && request !== fingerprint(asked) && isRestart(cluster.spec, asked);
}

/** Identifies the current period of being ready or not ready; a later period has another value. */
export function readySince(cluster: Cluster): string {
  return cluster.status.readyCondition?.lastTransitionTime ?? 'never';
}

function markOn(cluster: Cluster): { readonly since: string; readonly ran: string } | undefined {
  const [since, ran] = cluster.metadata.annotations?.[annotations.readyBefore]?.split(' ') ?? [];
  return since === undefined || ran === undefined ? undefined : { since, ran };
}

/** A hash of the fields whose change restarts, adds or removes instances (measured on CNPG 1.30). */
function fingerprint(spec: Cluster['spec']): string {
  const { instances, imageName, resources, postgresql } = spec;
  const { shared_buffers: buffers, max_connections: connections } = postgresql?.parameters ?? {};
  const archives = spec.plugins?.some((plugin) => plugin?.name === barmanPlugin) === true;
  const fields = [
    instances,
    imageName,
    resources?.requests?.memory,
    resources?.limits?.memory,
    buffers,
    connections,
    // The container that archives. Without it, the hash is that of earlier releases.
    ...(archives ? ['archives'] : []),
  ];
  return createHash('sha256').update(JSON.stringify(fields)).digest('hex').slice(0, 8);
}
