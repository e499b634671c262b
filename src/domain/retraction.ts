// Takes back what status says of a Cluster that is seen to be gone or to belong to another: nothing of it may go on being claimed.
import { backupWithoutCluster } from './backup/missing-cluster.ts';
import type { Conditions, Fields } from './decision.ts';
import { deletesChildren } from './ownership/owner.ts';
import { recordedCondition } from './recorded.ts';
import { type Situation, unseen } from './situation.ts';
import type { Verdict } from './verdict.ts';

const aboutTheCluster = [
  'Provisioned',
  'CredentialsPublished',
  'PlanApplied',
  'Connectable',
  'Promoted',
  'ExtrasPublished',
  'RolesReady',
  'BackupReady',
  'Protected',
] as const;

/**
 * The recorded conditions that rest on the Cluster, each with the reason why there is none.
 * @returns nothing if the Cluster belongs to the addon, or cannot be seen
 */
export function retracted(s: Situation, why: Verdict): Conditions {
  if (!isWithoutCluster(s)) return {};
  const types = aboutTheCluster.filter((type) => recordedCondition(s.addon, type) !== undefined);
  // Protection that is not asked for any more keeps nothing once there is no Cluster.
  const protection = deletesChildren(s.addon) ? { Protected: undefined } : {};
  return { ...Object.fromEntries(types.map((type) => [type, why])), Adopted: undefined, ...protection };
}

/** The same of the fields: without a Cluster, no backups are in force. @param now wall-clock time in milliseconds */
export function retractedFields(s: Situation, now: number): Fields {
  return isWithoutCluster(s) && s.addon.status?.backup !== undefined ? { backup: backupWithoutCluster(s, now) } : {};
}

function isWithoutCluster(s: Situation): boolean {
  return s.own.cluster === undefined && unseen(s, 'cluster') === undefined;
}
