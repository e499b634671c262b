// What is known of the time before: the addon's status, and what a Cluster carries that outlived its addon. There is no other memory.
import { annotations, type PostgresAddon } from '../api/addon.ts';
import type { Cluster } from '../api/cnpg.ts';
import type { ConditionType } from '../api/conditions.ts';
import { millisecondsOf, timestampOf } from '../api/time.ts';
import type { Observed } from './observed.ts';
import { uidOn, whose } from './ownership/owner.ts';

/** Whether the database was ever ready. */
export function wasReady(addon: PostgresAddon): boolean {
  return addon.status?.ready_at !== undefined;
}

/** The reason that status gives for a condition now. */
export function reasonOf(addon: PostgresAddon, type: ConditionType): string | undefined {
  return addon.status?.conditions?.find((condition) => condition.type === type)?.reason;
}

/** The same, with ready_at from the Cluster when a database was taken back and status does not say it yet. */
export function remember(o: Observed): Observed {
  const isOurs = o.cluster !== undefined && whose(o.addon, o.cluster) === 'ours';
  const readyAt = isOurs && !wasReady(o.addon) ? inheritedReadyAt(o.cluster) : undefined;
  return readyAt === undefined ? o : { ...o, addon: withReadyAt(o.addon, readyAt) };
}

export function withReadyAt(addon: PostgresAddon, readyAt: string): PostgresAddon {
  return { ...addon, status: { ...addon.status, ready_at: readyAt } };
}

/** When the database was ready first, as its Cluster has kept it from an earlier addon. */
export function inheritedReadyAt(cluster: Cluster | undefined): string | undefined {
  const kept = millisecondsOf(cluster?.metadata.annotations?.[annotations.readyAt]);
  return kept === undefined ? undefined : timestampOf(kept);
}

/** uid of the addon that a Cluster was made for, or was taken back from; undefined when it never changed hands. */
export function formerUidOf(addon: PostgresAddon, cluster: Cluster | undefined): string | undefined {
  if (cluster === undefined) return undefined;
  const recorded = cluster.metadata.annotations?.[annotations.formerUid];
  const uid = whose(addon, cluster) === 'orphan' ? uidOn(cluster) : recorded;
  return uid === addon.metadata.uid ? undefined : uid;
}
