// Which spell of a Cluster's readiness does not count: CNPG has no observedGeneration, so a change is marked with the spell it was
// written in, and with what ran in that spell, in the same write (docs/decisions/0004-ready-after-a-change.md).
import { createHash } from 'node:crypto';
import { annotations } from '../../api/addon.ts';
import type { Cluster } from '../../api/cnpg.ts';

/** Whether CNPG has yet to begin with the last restarting change: what it reports is about what ran before. */
export function awaitsRestart(cluster: Cluster): boolean {
  return markOn(cluster)?.since === readySince(cluster);
}

/** Whether going from one spec to the other makes CNPG restart instances. */
export function isRestart(from: Cluster['spec'], to: Cluster['spec']): boolean {
  return fingerprint(from) !== fingerprint(to);
}

/**
 * The mark to write with a restarting change to `spec`. Undefined when the change takes back one that CNPG has not begun with: what
 * runs is what is wanted, and nothing will restart.
 * @param asked the whole of what is wanted, of which `spec` may be the first of two writes
 */
export function markFor(cluster: Cluster, spec: Cluster['spec'], asked: Cluster['spec']): string | undefined {
  const since = readySince(cluster);
  const before = markOn(cluster);
  const settled = cluster.status.readyCondition?.status === 'True' ? fingerprint(cluster.spec) : 'unknown';
  const ran = before?.since === since ? before.ran : settled;
  return ran === fingerprint(spec) ? undefined : `${since} ${ran} ${fingerprint(asked)}`;
}

/** Whether the last mark was written for another wish than this: the status that should have told of it was never written. */
export function wasMarkedForOther(cluster: Cluster, asked: Cluster['spec']): boolean {
  const [, , wish] = cluster.metadata.annotations?.[annotations.readyBefore]?.split(' ') ?? [];
  return wish !== undefined && wish !== fingerprint(asked);
}

/** What identifies the present spell of readiness (or of its absence); a later one has another value. */
function readySince(cluster: Cluster): string {
  return cluster.status.readyCondition?.lastTransitionTime ?? 'never';
}

function markOn(cluster: Cluster): { readonly since: string; readonly ran: string } | undefined {
  const [since, ran] = cluster.metadata.annotations?.[annotations.readyBefore]?.split(' ') ?? [];
  return since === undefined || ran === undefined ? undefined : { since, ran };
}

/** The fields whose change restarts instances (measured on CNPG 1.30: memory, image, parameters; instances come and go). */
function fingerprint(spec: Cluster['spec']): string {
  const { instances, imageName, resources, postgresql } = spec;
  const { shared_buffers: buffers, max_connections: connections } = postgresql?.parameters ?? {};
  const fields = [instances, imageName, resources?.requests?.memory, resources?.limits?.memory, buffers, connections];
  return createHash('sha256').update(JSON.stringify(fields)).digest('hex').slice(0, 8);
}
