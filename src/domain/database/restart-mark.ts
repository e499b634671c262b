// Marks a change that restarts instances, so that readiness reported before the restart is ignored: CNPG has no observedGeneration. The
// mark is an annotation in the same write, with the readiness period and the configuration at that time
// (docs/decisions/0004-ready-after-a-change.md).
import { createHash } from 'node:crypto';
import { annotations } from '../../api/addon.ts';
import { barmanPlugin } from '../../api/barman.ts';
import type { Cluster } from '../../api/cnpg.ts';
import { sidecarIn } from '../backup/note.ts';

/** A Cluster that exists or is wanted: what decides whether its instances restart. */
export interface Configured {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string | undefined>> };
  readonly spec: Cluster['spec'];
}

/**
 * Whether CNPG has not started the last change that restarts instances, so that what it reports is about the previous configuration. Not if
 * the Cluster has the configuration again that ran then: the change was reverted, or an admission policy undid it, and nothing will restart.
 */
export function awaitsRestart(cluster: Cluster): boolean {
  const mark = markOn(cluster);
  return mark?.since === readySince(cluster) && mark.ran !== fingerprint(cluster);
}

/**
 * Whether changing one into the other makes CNPG restart instances.
 * @param isResized whether the memory of the container that archives counts: CNPG may have read it before the Cluster was changed
 */
export function isRestart(from: Configured, to: Configured, isResized = true): boolean {
  const isTold = isResized && sidecarOf(from) !== undefined;
  return fingerprint(from, isTold) !== fingerprint(to, isTold);
}

/**
 * The mark to write with a change to `wanted` that restarts instances. Undefined if the change reverts one that CNPG has not started: the
 * running configuration is the desired one, and nothing will restart.
 * @param asked everything that is desired, of which `wanted` may be the first of two writes
 */
export function restartMark(cluster: Cluster, wanted: Configured, asked: Configured): string | undefined {
  const since = readySince(cluster);
  const before = markOn(cluster);
  const settled = cluster.status.readyCondition?.status === 'True' ? fingerprint(cluster) : 'unknown';
  const ran = before?.since === since ? before.ran : settled;
  return ran === fingerprint(wanted) ? undefined : `${since} ${ran} ${fingerprint(asked)}`;
}

/**
 * Whether the last mark was written for a different request, whose status was never written. Not if the Cluster has what is asked for: then
 * nothing replaces the mark.
 */
export function wasMarkedForOther(cluster: Cluster, asked: Configured): boolean {
  const [, , request] = cluster.metadata.annotations?.[annotations.readyBefore]?.split(' ') ?? [];
  return request !== undefined && request !== fingerprint(asked) && isRestart(cluster, asked);
}

/** Identifies the current period of being ready or not ready; a later period has another value. */
export function readySince(cluster: Cluster): string {
  return cluster.status.readyCondition?.lastTransitionTime ?? 'never';
}

function markOn(cluster: Cluster): { readonly since: string; readonly ran: string } | undefined {
  const [since, ran] = cluster.metadata.annotations?.[annotations.readyBefore]?.split(' ') ?? [];
  return since === undefined || ran === undefined ? undefined : { since, ran };
}

function archives({ spec }: Configured): boolean {
  return spec.plugins?.some((plugin) => plugin?.name === barmanPlugin) === true;
}

/** The memory of the container that archives; undefined without one, and if an earlier release wrote the Cluster. */
function sidecarOf(configured: Configured): string | undefined {
  return archives(configured) ? sidecarIn(configured.metadata.annotations?.[annotations.objectStore]) : undefined;
}

/** A hash of what restarts, adds or removes instances when it changes (measured on CNPG 1.30). @param isTold whether that includes the memory of the container that archives */
function fingerprint(configured: Configured, isTold = true): string {
  const { instances, imageName, resources, postgresql } = configured.spec;
  const { shared_buffers: buffers, max_connections: connections } = postgresql?.parameters ?? {};
  const sidecar = isTold ? sidecarOf(configured) : undefined;
  const fields = [
    instances,
    imageName,
    resources?.requests?.memory,
    resources?.limits?.memory,
    buffers,
    connections,
    // The container that archives. Without it, the hash is that of earlier releases.
    ...(archives(configured) ? ['archives'] : []),
    ...(sidecar === undefined ? [] : [sidecar]),
  ];
  return createHash('sha256').update(JSON.stringify(fields)).digest('hex').slice(0, 8);
}
