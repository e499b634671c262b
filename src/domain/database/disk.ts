// Determines which size of its disks a database has: a larger one counts only once the volume claims have it. CNPG accepts a size in the
// Cluster at once, and says nothing about the claims.
import type { PostgresAddon } from '../../api/addon.ts';
import type { Cluster } from '../../api/cnpg.ts';
import { compareQuantities } from '../quantity.ts';
import { formerUidOf } from '../recorded.ts';
import type { Situation } from '../situation.ts';
import type { Target } from '../target.ts';
import type { Verdict } from '../verdict.ts';

export interface Disk {
  /** For status; undefined if it is not known. */
  readonly size: string | undefined;
  /** Set while a larger size was requested and has not been seen. */
  readonly growing?: Verdict;
}

/** @param target with the size that the Cluster has, or gets now */
export function judgeDisk({ addon, own: { cluster }, observed: { volumes } }: Situation, target: Target): Disk {
  const last = addon.status?.resources?.storage;
  if (cluster === undefined || !isUnseen(addon, cluster, target.storage)) return { size: target.storage };
  if (volumes.kind === 'denied')
    return { size: last, growing: { reason: 'StorageUnverified', message: volumes.message } };
  const data = volumes.kind === 'found' ? volumes.object.filter(({ isData }) => isData) : [];
  if (data.length > 0 && data.every(({ capacity }) => !isLarger(target.storage, capacity)))
    return { size: target.storage };
  const { name, namespace } = cluster.metadata;
  // The same text in every reconcile, whether or not it read the claims.
  const was = last === undefined ? 'of unknown size' : last;
  const message = `the disks were ${was} and have not all grown to ${target.storage} yet; if this persists, see kubectl describe pvc -n ${namespace} -l cnpg.io/cluster=${name}`;
  return { size: last, growing: { reason: 'VolumeGrowing', message } };
}

/** Whether the Cluster has a larger disk than was ever seen, as one that was adopted, so that the volume claims have to be read. */
export function isGrowing({ addon, own: { cluster } }: Situation): boolean {
  const size = cluster?.spec.storage?.size;
  return cluster !== undefined && size !== undefined && isUnseen(addon, cluster, size);
}

/** Whether no disk of that size was seen. A Cluster that this addon created has its first size; one that was adopted may have been growing. */
function isUnseen(addon: PostgresAddon, cluster: Cluster, size: string): boolean {
  const last = addon.status?.resources?.storage;
  return last === undefined ? formerUidOf(addon, cluster) !== undefined : isLarger(size, last);
}

/** A size that cannot be read is not known to be large enough. */
function isLarger(size: string, than: string): boolean {
  return (compareQuantities(size, than) ?? 1) > 0;
}
