// What is recorded of the time before: in the addon's status, and on a Cluster that outlived its addon. There is no other memory.
import { annotations, type PostgresAddon } from '../api/addon.ts';
import type { Cluster } from '../api/cnpg.ts';
import type { ConditionType } from '../api/conditions.ts';
import type { Condition } from '../api/kubernetes.ts';
import { millisecondsOf, timestampOf } from '../api/time.ts';
import { classifyOwner, uidOn } from './ownership/owner.ts';

/** Whether the database was ever ready. */
export function wasReady(addon: PostgresAddon): boolean {
  return addon.status?.ready_at !== undefined;
}

/** A condition as status has it now. */
export function recordedCondition(addon: PostgresAddon, type: ConditionType): Condition | undefined {
  return addon.status?.conditions?.find((condition) => condition.type === type);
}

/** The reason that status gives for a condition now. */
export function reasonOf(addon: PostgresAddon, type: ConditionType): string | undefined {
  return recordedCondition(addon, type)?.reason;
}

export function withReadyAt(addon: PostgresAddon, readyAt: string): PostgresAddon {
  return { ...addon, status: { ...addon.status, ready_at: readyAt } };
}

/** When the database was ready first, as its Cluster has kept it from an earlier addon. */
export function inheritedReadyAt(cluster: Cluster | undefined): string | undefined {
  const kept = millisecondsOf(cluster?.metadata.annotations?.[annotations.readyAt]);
  return kept === undefined ? undefined : timestampOf(kept);
}

/** uid of the addon that a Cluster was made for, or was adopted from; undefined when it never changed hands. */
export function formerUidOf(addon: PostgresAddon, cluster: Cluster | undefined): string | undefined {
  if (cluster === undefined) return undefined;
  const recorded = cluster.metadata.annotations?.[annotations.formerUid];
  const uid = classifyOwner(addon, cluster) === 'orphan' ? uidOn(cluster) : recorded;
  return uid === addon.metadata.uid ? undefined : uid;
}
