// How long a database may be not ready before that counts as stuck, and when to search for the cause. It only computes durations.
import type { PostgresAddon } from '../../api/addon.ts';
import type { Condition } from '../../api/kubernetes.ts';
import { recordedTime } from '../../api/time.ts';
import { recordedCondition, wasReady } from '../recorded.ts';
import { stateOf, verdictOf } from '../verdict.ts';

/** The deadlines of the first start and of a later recovery of its instances, in milliseconds. */
const creatingDeadline = 5 * 60_000;
const provisioningDeadline = 10 * 60_000;
/** Of a restore: how long it takes depends on the size of the backup. What fails is found by the search for a cause. */
const restoringDeadline = 60 * 60_000;
/** With SQL that redacts the data afterwards: how long that takes, only its author knows. */
const redactingDeadline = 24 * 60 * 60_000;
/** The first search for a cause comes after this. Three instances are usually ready within a minute. */
const firstLook = 90_000;
const shortestBetweenLooks = 30_000;
const longestBetweenLooks = 600_000;

/**
 * The recorded condition that tells since when the present attempt lasts: Reconciling, or Stalled if that took too long. undefined if an
 * attempt begins now: nothing was in progress before, something else stopped it, the spec has changed, or Reconciling began at a time
 * that is still to come. Neither the age of the addon
 * nor that of Ready=False tells: both include the time in which nothing was attempted, and the first is from another clock.
 */
export function recordedAttempt(addon: PostgresAddon, now: number): Condition | undefined {
  const stalled = recordedCondition(addon, 'Stalled');
  const reconciling = recordedCondition(addon, 'Reconciling');
  if (reconciling !== undefined && recordedTime(reconciling.lastTransitionTime, now) === undefined) return undefined;
  const last = reconciling ?? (stalled && tookTooLong(stalled) ? stalled : undefined);
  // Nothing is attempted for the spec of a suspended addon.
  const isOfSpec = addon.spec.suspend === true || last?.observedGeneration === addon.metadata.generation;
  return isOfSpec ? last : undefined;
}

/** Whether Stalled reports an attempt that took too long, and not a reason to attempt nothing. */
export function tookTooLong(stalled: Condition): boolean {
  const verdict = verdictOf(stalled);
  return verdict !== undefined && (verdict.reason === 'TakingTooLong' || stateOf(verdict) === 'progressing');
}

/** Milliseconds since the present attempt to get the database ready began. */
export function waitingFor(addon: PostgresAddon, now: number): number {
  const attempt = recordedAttempt(addon, now);
  const since = recordedTime(attempt?.lastTransitionTime, now) ?? now;
  return Math.max(0, now - since) + (attempt?.type === 'Stalled' ? deadlineOf(addon) : 0);
}

/** How long the database may be not ready before that counts as stuck, in milliseconds. */
export function deadlineOf(addon: PostgresAddon): number {
  const { restore } = addon.status ?? {};
  if (restore?.redaction === 'Pending' || (addon.spec.restore?.redaction !== undefined && !wasReady(addon)))
    return redactingDeadline;
  if (wasReady(addon)) return provisioningDeadline;
  return addon.spec.restore === undefined ? creatingDeadline : restoringDeadline;
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
