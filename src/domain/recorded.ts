// Reads what earlier rounds recorded in the addon's status, and on a Cluster that outlived its addon. There is no other memory.
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

/** A condition as recorded in status. */
export function recordedCondition(addon: PostgresAddon, type: ConditionType): Condition | undefined {
  return addon.status?.conditions?.find((condition) => condition.type === type);
}

/** The reason of a condition as recorded in status. */
export function reasonOf(addon: PostgresAddon, type: ConditionType): string | undefined {
  return recordedCondition(addon, type)?.reason;
}

/** @param readyAt RFC 3339; the addon as if status already recorded it */
export function withReadyAt(addon: PostgresAddon, readyAt: string): PostgresAddon {
  return { ...addon, status: { ...addon.status, ready_at: readyAt } };
}

/** When the database first became ready, as recorded on its Cluster for an earlier addon. */
export function inheritedReadyAt(cluster: Cluster | undefined): string | undefined {
  const kept = millisecondsOf(cluster?.metadata.annotations?.[annotations.readyAt]);
  return kept === undefined ? undefined : timestampOf(kept);
}

/** The uid of the addon that a Cluster was created for or adopted from; undefined if its owner never changed. */
export function formerUidOf(addon: PostgresAddon, cluster: Cluster | undefined): string | undefined {
  if (cluster === undefined) return undefined;
  const recorded = cluster.metadata.annotations?.[annotations.formerUid];
  const uid = classifyOwner(addon, cluster) === 'orphan' ? uidOn(cluster) : recorded;
  return uid === addon.metadata.uid ? undefined : uid;
}
