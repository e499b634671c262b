// Determines which size of its disks a database has: a larger one counts only once the volume claims have it. CNPG accepts a size in the
// Cluster at once, and says nothing about the claims.
import { compareQuantities } from '../quantity.ts';
import type { Situation } from '../situation.ts';
import type { Target } from '../target.ts';
import type { Verdict } from '../verdict.ts';

export interface Disk {
  /** For status. */
  readonly size: string;
  /** Set while a larger size was requested and has not been seen. */
  readonly growing?: Verdict;
}

/** @param target with the size that the Cluster has, or gets now */
export function judgeDisk({ addon, own: { cluster }, observed: { volumes } }: Situation, target: Target): Disk {
  const last = addon.status?.resources?.storage;
  if (cluster === undefined || last === undefined || !isLarger(target.storage, last)) return { size: target.storage };
  if (volumes.kind === 'denied')
    return { size: last, growing: { reason: 'StorageUnverified', message: volumes.message } };
  const data = volumes.kind === 'found' ? volumes.object.filter(({ isData }) => isData) : [];
  if (data.length > 0 && data.every(({ capacity }) => !isLarger(target.storage, capacity)))
    return { size: target.storage };
  const { name, namespace } = cluster.metadata;
  // The same text in every reconcile, whether or not it read the claims.
  const message = `the disks were ${last} and have not all grown to ${target.storage} yet; if this persists, see kubectl describe pvc -n ${namespace} -l cnpg.io/cluster=${name}`;
  return { size: last, growing: { reason: 'VolumeGrowing', message } };
}

/** Whether the Cluster has a larger disk than was ever seen, so that the volume claims have to be read. */
export function isGrowing({ addon, own: { cluster } }: Situation): boolean {
  const last = addon.status?.resources?.storage;
  const size = cluster?.spec.storage?.size;
  return last !== undefined && size !== undefined && isLarger(size, last);
}

/** A size that cannot be read is not known to be large enough. */
function isLarger(size: string, than: string): boolean {
  return (compareQuantities(size, than) ?? 1) > 0;
}
