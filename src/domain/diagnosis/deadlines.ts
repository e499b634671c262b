// How long a database may be not ready before that counts as stuck, and when to search for the cause. It only computes durations.
import type { PostgresAddon } from '../../api/addon.ts';
import { millisecondsOf } from '../../api/time.ts';
import { wasReady } from '../recorded.ts';

/** The deadlines of the first start and of a later recovery, in milliseconds. */
const creatingDeadline = 5 * 60_000;
const provisioningDeadline = 10 * 60_000;
/** The first search for a cause comes after this. Three instances are usually ready within a minute. */
const firstLook = 90_000;
const shortestBetweenLooks = 30_000;
const longestBetweenLooks = 600_000;

/** Milliseconds since the addon was created, or since the database was last ready. */
export function waitingFor(addon: PostgresAddon, now: number): number {
  const ready = addon.status?.conditions?.find((condition) => condition.type === 'Ready');
  const since = wasReady(addon)
    ? ready?.status === 'False'
      ? millisecondsOf(ready.lastTransitionTime)
      : undefined
    : millisecondsOf(addon.metadata.creationTimestamp);
  return Math.max(0, now - (since ?? now));
}

/** How long the database may be not ready before that counts as stuck, in milliseconds. */
export function deadlineOf(addon: PostgresAddon): number {
  return wasReady(addon) ? provisioningDeadline : creatingDeadline;
}

/** Milliseconds until a wait counts as stuck; 0 or less when it does. */
export function untilStuck(addon: PostgresAddon, now: number): number {
  return deadlineOf(addon) - waitingFor(addon, now);
}

/** Whether it is time to search for the cause. */
export function isTimeToLook(addon: PostgresAddon, now: number): boolean {
  return waitingFor(addon, now) >= firstLook;
}

/** Milliseconds until the next search for the cause. The longer the wait, the rarer the searches. */
export function untilNextLook(addon: PostgresAddon, now: number): number {
  const length = waitingFor(addon, now);
  if (length < firstLook) return firstLook - length;
  return Math.min(Math.max(length / 10, shortestBetweenLooks), longestBetweenLooks);
}
