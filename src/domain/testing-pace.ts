// The laws of the pace, for tests: what holds of every decision and every result. Product code must not import it.

import { untilStuck } from './diagnosis/deadlines.ts';
import { isLookedAfter, type Outcome, type Pace } from './pace.ts';
import { recheckAfter, stateOf } from './verdict.ts';

type Reported = Extract<Outcome, { readonly kind: 'reported' }>;

/** The laws that a pace breaks, by name. */
export function brokenLaws(outcome: Reported, pace: Pace): readonly string[] {
  const { addon, decision, result, untilCheckUp } = outcome;
  const { refusals = [] } = result;
  const wait = pace.kind === 'again' ? pace.afterMilliseconds : undefined;
  const isLooked = addon.status?.credentials !== undefined && addon.spec.suspend !== true;
  const isPublished = isLooked && addon.metadata.deletionTimestamp === undefined;
  const login = decision.login === undefined ? undefined : (result.login ?? 'not attempted');
  const hasFailed = login === 'not attempted' || (login !== undefined && stateOf(login) !== 'good');
  const first = pace.kind === 'retry' ? (pace.atLeastMilliseconds ?? 0) : 0;
  const isWaiting = addon.status?.conditions?.some(({ type }) => type === 'Reconciling') === true;
  const left = isWaiting && addon.metadata.deletionTimestamp === undefined ? untilStuck(addon, outcome.now) : 0;
  const atMost = pace.kind === 'retry' ? Math.max(first, pace.atMostMilliseconds ?? Number.POSITIVE_INFINITY) : wait;
  // The status that names this installation is a write, and reported only once it has succeeded.
  const wrote = decision.actions.length > 0 || decision.onlyHolds === true;
  // What a drill was refused ends its step.
  const isMoved = decision.status?.backup?.drill?.step !== addon.status?.backup?.drill?.step;
  const laws: Readonly<Record<string, boolean>> = {
    'no time is negative or endless': wait === undefined || (wait >= 0 && wait < Number.POSITIVE_INFINITY),
    'at once only after a write that succeeded':
      wait === undefined || wait >= 1000 || (wrote && refusals.length === 0 && !hasFailed),
    'no refusal is repeated sooner than it asks': refusals.every(
      (refusal) =>
        (isMoved && refusal.concern === 'drill') ||
        (pace.kind === 'retry' && first >= (recheckAfter(refusal) ?? 10_000)),
    ),
    'a login that failed or was not attempted backs off': !hasFailed || (pace.kind === 'retry' && first >= 2000),
    'a state that no watch ends backs off':
      decision.recheckAfter === undefined || decision.continues === true || wrote || pace.kind === 'retry',
    'what was published has a check-up in its future':
      !isPublished || pace.kind === 'retry' || (wait !== undefined && wait <= Math.max(1000, untilCheckUp())),
    'a write that no watch reports has a look in its near future':
      addon.metadata.deletionTimestamp !== undefined ||
      !decision.actions.some(isLookedAfter) ||
      pace.kind === 'retry' ||
      (wait !== undefined && wait <= 5000),
    'what waits has its deadline in its future':
      left <= 0 || wait === 0 || (atMost !== undefined && atMost <= Math.max(1000, first, left)),
  };
  return Object.entries(laws).flatMap(([law, holds]) => (holds ? [] : [law]));
}
