// Decides when an addon is reconciled again if no watch reports a change before. It is the only place that does, and it must never ask
// for another reconcile at once unless a write has just succeeded.
import type { PostgresAddon } from '../api/addon.ts';
import { alteredIn, isWatched } from './children.ts';
import { type Action, type ActionResult, type Decision, isRole } from './decision.ts';
import { untilStuck } from './diagnosis/deadlines.ts';
import { namesOperator } from './ownership/holder.ts';
import { recordedCondition } from './recorded.ts';
import { roleFailure } from './roles/proof.ts';
import { recheckAfter, soonest, stateOf, type Verdict } from './verdict.ts';

/** What came of a reconcile. Durations and times in milliseconds. */
export type Outcome =
  | /** A request failed for a reason unrelated to the addon, or this process is not permitted to write: nothing was reported. */
  { readonly kind: 'interrupted'; readonly retryAfterSeconds?: number | undefined }
  | {
      readonly kind: 'reported';
      /** With the status as it was stored. */
      readonly addon: PostgresAddon;
      readonly decision: Decision;
      readonly result: ActionResult;
      /** Until the Secrets are to be read again. Only asked for an addon that has some. */
      readonly untilCheckUp: () => number;
      /** Wall-clock time. */
      readonly now: number;
    };

/**
 * done: wait for a watch. again: after this time. retry: something failed, so wait longer each time in a row, beginning with
 * `atLeastMilliseconds`; but not longer than `atMostMilliseconds`, unless that is shorter.
 */
export type Pace =
  | { readonly kind: 'done' }
  | { readonly kind: 'again'; readonly afterMilliseconds: number }
  | { readonly kind: 'retry'; readonly atLeastMilliseconds?: number; readonly atMostMilliseconds?: number | undefined };

/** The first wait after a login that was not attempted since too many others were running, and after a failure without one of its own. */
const firstWait = 10_000;
/** Time that has come already, as by a clock that was corrected, must not become a loop. */
const shortestWait = 1000;

/**
 * Until the look after own writes, unless an event comes before: the watches do not report them, and CNPG may have nothing to do. A deletion
 * is ended by the garbage collector. Milliseconds.
 */
const lookAfterWrite = 5000;

/** When to reconcile again. The order is that of importance: a failure sets the pace alone, since each reconcile repeats what failed. */
export function paceOf(outcome: Outcome): Pace {
  if (outcome.kind === 'interrupted') {
    const { retryAfterSeconds } = outcome;
    return retryAfterSeconds === undefined
      ? { kind: 'retry' }
      : { kind: 'retry', atLeastMilliseconds: retryAfterSeconds * 1000 };
  }
  const { addon, decision, result, untilCheckUp, now } = outcome;
  const deadline = untilDeadline(addon, now);
  const isMoved = hasMoved(decision, addon);
  const failed = firstWaitAfter(decision, result, isDrillMoved(decision, addon));
  if (failed !== undefined) return retry(failed, deadline);
  // No event follows a write if the API server stored what was there before; one that stores something else each time must not be a loop.
  if (result.altered !== undefined) return retry(shortestWait, deadline);
  // A status that was dropped would be written again at once, and again.
  if (decision.onlyHolds === true && !namesOperator(addon, decision.operator ?? '')) return retry(firstWait, deadline);
  if (decision.continues === true && (decision.actions.length > 0 || decision.onlyHolds === true))
    return { kind: 'again', afterMilliseconds: 0 };
  const checkUp = hasCheckUp(addon) ? untilCheckUp() : undefined;
  const isLooked = addon.metadata.deletionTimestamp === undefined && decision.actions.some(isLookedAfter);
  const ownLook = isLooked ? lookAfterWrite : undefined;
  const time = isMoved ? shortestWait : soonest(decision.wakeAfter, deadline, checkUp, ownLook);
  const { recheckAfter: recheck } = decision;
  // A write that succeeded begins something new: what it leads to has not lasted yet.
  if (recheck !== undefined && decision.actions.length > 0)
    return { kind: 'again', afterMilliseconds: Math.max(shortestWait, Math.min(recheck, time ?? recheck)) };
  if (recheck !== undefined) return retry(recheck, time);
  return time === undefined ? { kind: 'done' } : { kind: 'again', afterMilliseconds: Math.max(shortestWait, time) };
}

/** A pace that waits at least so many milliseconds, if it has a time at all. An event comes when it comes. */
export function noSooner(pace: Pace, milliseconds: number): Pace {
  if (pace.kind === 'done' || milliseconds === 0) return pace;
  if (pace.kind === 'again') return { ...pace, afterMilliseconds: Math.max(pace.afterMilliseconds, milliseconds) };
  return { ...pace, atLeastMilliseconds: Math.max(pace.atLeastMilliseconds ?? 0, milliseconds) };
}

/**
 * Whether it writes a child that is watched, and of which it would be noticed if the API server stored the same again and again: that
 * would be a loop.
 */
export function isLookedAfter({ child }: Pick<Action, 'child'>): boolean {
  return isRole(child) && isWatched(child) && alteredIn(child) !== undefined;
}

/** Whether a restore drill has come to its next step, or a login role is proved, by what a login or a check has told. */
function hasMoved(decision: Decision, addon: PostgresAddon): boolean {
  return isDrillMoved(decision, addon) || isRoleProved(decision, addon);
}

function isDrillMoved({ status: { backup } = {} }: Decision, { status }: PostgresAddon): boolean {
  const [decided, stored] = [backup?.drill?.step, status?.backup?.drill?.step];
  return decided !== undefined && stored !== undefined && decided !== stored;
}

function isRoleProved({ status: { roles } = {} }: Decision, { status }: PostgresAddon): boolean {
  const isProved = status?.roles?.some(({ role, passwordVersion }) => {
    const before = roles?.find((one) => one.role === role);
    return passwordVersion !== undefined && before !== undefined && before.passwordVersion !== passwordVersion;
  });
  return isProved === true;
}

function retry(atLeastMilliseconds: number, atMost: number | undefined): Pace {
  return { kind: 'retry', atLeastMilliseconds, atMostMilliseconds: atMost };
}

/**
 * The first wait after refusals, a read that failed and a failed login, also one with a role: none of them is repeated sooner than it asks. undefined if nothing failed.
 * @param isMoved whether a restore drill has come to its next step: what it was refused is not tried again
 */
function firstWaitAfter(
  { login: wanted, waitAtLeast, status }: Decision,
  { refusals = [], login, answer = {} }: ActionResult,
  isMoved: boolean,
): number | undefined {
  const failures: readonly (Verdict | undefined)[] = [
    ...refusals.filter(({ concern }) => !(isMoved && concern === 'drill')),
    ...(wanted !== undefined && (login === undefined || stateOf(login) !== 'good') ? [login] : []),
    ...[roleFailure(status?.roles, answer)].filter((failure) => failure !== undefined),
  ];
  const waits = [
    ...failures.map((failure) => recheckAfter(failure) ?? firstWait),
    ...(waitAtLeast === undefined ? [] : [waitAtLeast]),
  ];
  return waits.length === 0 ? undefined : Math.max(...waits);
}

/** Milliseconds until status has to report that the wait takes too long; undefined if it waits for nothing, or reports it already. */
function untilDeadline(addon: PostgresAddon, now: number): number | undefined {
  if (recordedCondition(addon, 'Reconciling') === undefined || addon.metadata.deletionTimestamp !== undefined)
    return undefined;
  const left = untilStuck(addon, now);
  return left > 0 ? left : undefined;
}

/**
 * Milliseconds between two check-ups, which log in: with point-in-time recovery in force each is a heartbeat, and one every five minutes
 * makes an archive that breaks visible within ten.
 */
export function checkUpInterval({ status }: PostgresAddon): number {
  return status?.backup?.effective === 'pitr' ? 270_000 : 600_000;
}

/** Whether the Secrets are read from time to time: no watch reports a change of what was published. */
function hasCheckUp({ metadata, spec, status }: PostgresAddon): boolean {
  return status?.credentials !== undefined && spec.suspend !== true && metadata.deletionTimestamp === undefined;
}
