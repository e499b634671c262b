// Whether the data of a restored database still have to be redacted. The Cluster says so from its creation on, so that nothing is lost with
// the addon or its status: a database that another addon adopts is redacted first, and never once it was in use.
import { annotations, fieldManager, labels, type PostgresAddon } from '../../api/addon.ts';
import type { Cluster } from '../../api/cnpg.ts';
import type { Job } from '../../api/job.ts';
import { wasReady } from '../recorded.ts';
import type { Situation } from '../situation.ts';

/**
 * Pending: the SQL has not been committed. Unknown: the database may be in use, or may have the data of the source; nothing tells. Neither of them is
 * published. undefined elsewhere: nothing is to be redacted.
 */
export type Redaction = NonNullable<NonNullable<NonNullable<PostgresAddon['status']>['restore']>['redaction']>;

/** @param cluster the addon's own, or one that was left behind */
export function redactionIn(addon: PostgresAddon, cluster: Cluster): Redaction | undefined {
  const note = noteOn(cluster);
  if (note === 'Pending') return note;
  if (note !== undefined) return note === completed(cluster) ? 'Completed' : 'Unknown';
  if (cluster.spec.bootstrap?.recovery === undefined) return undefined;
  // Somebody, or a policy, has removed it.
  const isAsked = addon.spec.restore?.redaction !== undefined && !wasReady(addon);
  return addon.status?.restore?.redaction ?? (isAsked ? 'Pending' : undefined);
}

/** Whether nothing of the database may be published. */
export function isRedacting({ addon, own: { cluster } }: Pick<Situation, 'addon' | 'own'>): boolean {
  const redaction = cluster && redactionIn(addon, cluster);
  return redaction === 'Pending' || redaction === 'Unknown';
}

/**
 * The annotation that the Cluster has to have: the one that it has, until the Job has completed.
 * @param isRestored whether the database begins with the data of another one; counts only before there is a Cluster
 * @returns undefined for a database without a redaction
 */
export function noteOf(s: Situation, isRestored: boolean): string | undefined {
  const { addon } = s;
  const { cluster } = s.own;
  if (cluster === undefined) {
    const asked = addon.spec.restore?.redaction ?? addon.status?.restore?.redaction;
    if (!isRestored || asked === undefined) return undefined;
    // CNPG may give it the volumes of the Cluster that vanished, which was in use.
    return wasReady(addon) ? 'Unknown' : 'Pending';
  }
  switch (redactionIn(addon, cluster)) {
    case 'Pending':
      return hasCompleted(s) ? completed(cluster) : 'Pending';
    case 'Completed':
      return completed(cluster);
    case 'Unknown':
      return noteOn(cluster) ?? 'Unknown';
    case undefined:
      return undefined;
  }
}

function noteOn({ metadata }: Cluster): string | undefined {
  return metadata.annotations?.[annotations.redaction];
}

/** With the uid: a Cluster that a backup tool made again has the annotation too, and the data of the source. */
export function completed({ metadata: { uid } }: Cluster): string {
  return `Completed.${uid}`;
}

/** Whether the Job of this Cluster has committed the SQL. */
function hasCompleted({ addon, own: { cluster }, observed: { redaction: read } }: Situation): boolean {
  return read.kind === 'found' && read.object.status.ended === 'Complete' && isOf(addon, cluster, read.object);
}

/** Whether a Job was made for this Cluster and this ConfigMap: not for an earlier one of the same name, for another addon, or by somebody else. */
export function isOf(addon: PostgresAddon, cluster: Cluster | undefined, { metadata }: Job): boolean {
  const isMade = metadata.labels?.[labels.managedBy] === fieldManager;
  const isOwned = metadata.ownerReferences?.some(({ uid }) => uid === cluster?.metadata.uid) === true;
  return isMade && isOwned && metadata.annotations?.[annotations.redaction] === whereIn(addon);
}

/** Where the SQL is, in the annotation of the Job; undefined if the addon asks for no redaction. */
export function whereIn({ spec }: PostgresAddon): string | undefined {
  const at = spec.restore?.redaction?.configMapKeyRef;
  return at && `${at.name}/${at.key}`;
}
