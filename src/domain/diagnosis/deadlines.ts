// How long things may take before they count as stuck, and when their cause is looked for meanwhile. Lengths of waits only: no decision.
import type { PostgresAddon } from '../../api/addon.ts';
import { millisecondsOf } from '../../api/time.ts';
import { wasReady } from '../recorded.ts';

/** How long a first start and a later recovery may take, in milliseconds. */
const creatingDeadline = 5 * 60_000;
const provisioningDeadline = 10 * 60_000;
/** The first look for a cause comes after this; three instances stand after a minute. */
const firstLook = 90_000;
const shortestBetweenLooks = 30_000;
const longestBetweenLooks = 600_000;

/** Milliseconds since the database should have been on its way: since creation, or since it was ready last. */
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

/** Whether the cause of a wait is to be looked for now. */
export function isTimeToLook(addon: PostgresAddon, now: number): boolean {
  return waitingFor(addon, now) >= firstLook;
}

/** Milliseconds until the cause is to be looked for; the longer it lasts, the rarer. */
export function untilNextLook(addon: PostgresAddon, now: number): number {
  const length = waitingFor(addon, now);
  if (length < firstLook) return firstLook - length;
  return Math.min(Math.max(length / 10, shortestBetweenLooks), longestBetweenLooks);
}
