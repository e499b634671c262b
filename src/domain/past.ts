// What an addon's status said last: the only memory there is.
import type { PostgresAddon } from '../api/addon.ts';
import type { ConditionType } from '../api/conditions.ts';

/** Whether the database was ever ready. */
export function wasReady(addon: PostgresAddon): boolean {
  return addon.status?.ready_at !== undefined;
}

/** The reason that status gives for a condition now. */
export function reasonOf(addon: PostgresAddon, type: ConditionType): string | undefined {
  return addon.status?.conditions?.find((condition) => condition.type === type)?.reason;
}
