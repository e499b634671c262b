// Takes back what status says of a Cluster that is seen to be gone or to belong to another: nothing of it may go on being claimed.
import type { Conditions } from './decision.ts';
import { recordedCondition } from './recorded.ts';
import { type Situation, unseen } from './situation.ts';
import type { Verdict } from './verdict.ts';

const aboutTheCluster = [
  'Provisioned',
  'CredentialsPublished',
  'PlanApplied',
  'Connectable',
  'BackupReady',
  'Protected',
] as const;

/**
 * The recorded conditions that rest on the Cluster, each with the reason why there is none.
 * @returns nothing if the Cluster belongs to the addon, or cannot be seen
 */
export function retracted(s: Situation, why: Verdict): Conditions {
  if (s.own.cluster !== undefined || unseen(s, 'cluster') !== undefined) return {};
  const types = aboutTheCluster.filter((type) => recordedCondition(s.addon, type) !== undefined);
  return { ...Object.fromEntries(types.map((type) => [type, why])), Adopted: undefined };
}
