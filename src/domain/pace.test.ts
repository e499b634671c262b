// The laws of the pace, over arbitrary decisions and over those of the model's searches, with every outcome.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { AddonStatus, PostgresAddon } from '../api/addon.ts';
import { type Reason, reasons } from '../api/conditions.ts';
import { timestampOf } from '../api/time.ts';
import { resultsOf } from '../model/comparison.ts';
import { scenarios } from '../model/scenarios.ts';
import { search } from '../model/search.ts';
import { productSubject } from '../model/testing.ts';
import { type Action, type ActionResult, create, type Decision, remove } from './decision.ts';
import { untilStuck } from './diagnosis/deadlines.ts';
import { type Outcome, type Pace, paceOf } from './pace.ts';
import { statusOf } from './status.ts';
import { anAddon, aScheduledBackup, testTime } from './testing.ts';
import { recheckAfter, stateOf, type Verdict } from './verdict.ts';

type Reported = Extract<Outcome, { readonly kind: 'reported' }>;

/** The laws that a pace breaks, by name. */
function broken(outcome: Reported, pace: Pace): readonly string[] {
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
  const laws: Readonly<Record<string, boolean>> = {
    'no time is negative or endless': wait === undefined || (wait >= 0 && wait < Number.POSITIVE_INFINITY),
    'at once only after a write that succeeded':
      wait === undefined || wait >= 1000 || (wrote && refusals.length === 0 && !hasFailed),
    'no refusal is repeated sooner than it asks': refusals.every(
      (refusal) => pace.kind === 'retry' && first >= (recheckAfter(refusal) ?? 10_000),
    ),
    'a login that failed or was not attempted backs off': !hasFailed || (pace.kind === 'retry' && first >= 2000),
    'a state that no watch ends backs off':
      decision.recheckAfter === undefined || decision.continues === true || wrote || pace.kind === 'retry',
    'what was published has a check-up in its future':
      !isPublished || pace.kind === 'retry' || (wait !== undefined && wait <= Math.max(1000, untilCheckUp())),
    'what waits has its deadline in its future':
      left <= 0 || wait === 0 || (atMost !== undefined && atMost <= Math.max(1000, first, left)),
  };
  return Object.entries(laws).flatMap(([law, holds]) => (holds ? [] : [law]));
}

const everyReason = Object.keys(reasons) as readonly Reason[];
const verdict = fc.constantFrom(...everyReason).map((reason): Verdict => ({ reason, message: 'words' }));
const place = { sourceSecret: 's', host: 'h', database: 'd', role: 'r' };
const actions: readonly Action[] = [
  create('cluster', { apiVersion: 'v1', kind: 'Cluster', metadata: { name: 'c', namespace: 'team-a' } }),
  create('urlSecret', { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's', namespace: 'team-a' } }),
  remove('scheduledBackup', aScheduledBackup(anAddon())),
];
const optional = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(of, { nil: undefined });

const anyDecision: fc.Arbitrary<Decision> = fc.record({
  actions: fc.subarray([...actions]),
  login: optional(fc.constant({ url: 'postgresql://', place, proves: {} })),
  ready: verdict,
  conditions: fc.constant({}),
  continues: fc.constantFrom(undefined, true) as fc.Arbitrary<true>,
  wakeAfter: optional(fc.nat(600_000)),
  recheckAfter: optional(fc.integer({ min: 1000, max: 60_000 })),
});

const anyAddon: fc.Arbitrary<PostgresAddon> = fc
  .record({
    published: fc.boolean(),
    suspend: fc.boolean(),
    deleted: fc.boolean(),
    reconcilingSince: optional(fc.integer({ min: -3_600_000, max: 3_600_000 })),
  })
  .map(({ published, suspend, deleted, reconcilingSince }) => {
    const lastTransitionTime = timestampOf(testTime + (reconcilingSince ?? 0));
    const reconciling = { type: 'Reconciling', status: 'True', reason: 'Creating', message: '', lastTransitionTime };
    const status = {
      ...(published && { credentials: { sourceVersion: '1', secretUID: 'u' } }),
      conditions: reconcilingSince === undefined ? [] : [reconciling],
    } as AddonStatus;
    const addon = anAddon({ suspend }, status);
    const deletionTimestamp = deleted ? { deletionTimestamp: timestampOf(testTime) } : {};
    return { ...addon, metadata: { ...addon.metadata, ...deletionTimestamp } };
  });

/** The refusal of the first write, with any reason. */
const refusedWith = ({ actions: [first] }: Decision, { reason, message }: Verdict): ActionResult =>
  first === undefined
    ? {}
    : { refusals: [{ reason, message, verb: first.verb, child: first.child, concern: first.concern }] };

describe('the laws of the pace hold', () => {
  it('for arbitrary decisions and outcomes', () => {
    fc.assert(
      fc.property(
        anyAddon,
        anyDecision,
        optional(verdict),
        optional(verdict),
        fc.nat(660_000),
        (addon, decision, refusal, login, checkUp) => {
          const refused = refusal === undefined ? {} : refusedWith(decision, refusal);
          const result = { ...refused, ...(login !== undefined && decision.login !== undefined && { login }) };
          const untilCheckUp = () => checkUp;
          const outcome = { kind: 'reported', addon, decision, result, untilCheckUp, now: testTime } as const;
          expect(broken(outcome, paceOf(outcome))).toEqual([]);
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('for every decision of the model, with each write refused and each result of the login', () => {
    const found = new Set<string>();
    const paces: Record<Pace['kind'], number> = { done: 0, again: 0, retry: 0 };
    const product = productSubject();
    const subject: typeof product = {
      ...product,
      decide: (observed, now, sight) => {
        const decision = product.decide(observed, now, sight);
        for (const [what, result] of resultsOf(decision)) {
          const addon = { ...observed.addon, status: statusOf(observed.addon, decision, result, now) };
          const outcome = { kind: 'reported', addon, decision, result, untilCheckUp: () => 0, now } as const;
          const pace = paceOf(outcome);
          paces[pace.kind] += 1;
          for (const law of broken(outcome, pace)) found.add(`${law}: ${what}`);
        }
        return decision;
      },
    };
    for (const scenario of Object.values(scenarios)) search({ ...scenario, most: 120 }, subject);
    expect([...found]).toEqual([]);
    for (const kind of ['done', 'again', 'retry'] as const) expect(paces[kind]).toBeGreaterThan(300);
  }, 60_000);

  it('for a request that failed: Retry-After is the least, and the back-off goes on', () => {
    expect(paceOf({ kind: 'interrupted' })).toEqual({ kind: 'retry' });
    expect(paceOf({ kind: 'interrupted', retryAfterSeconds: 7 })).toEqual({
      kind: 'retry',
      atLeastMilliseconds: 7000,
    });
  });
});

it('each reason of a failed login says how soon it is tried again', () => {
  const { login } = { login: { url: '', place, proves: {} } };
  const decision: Decision = { actions: [], login, ready: { reason: 'Running', message: '' }, conditions: {} };
  const reasonsOfLogins = resultsOf(decision).flatMap(([, result]) => result.login ?? []);
  expect(reasonsOfLogins.length).toBeGreaterThan(10);
  for (const failed of reasonsOfLogins.filter((one) => stateOf(one) !== 'good'))
    expect([failed.reason, recheckAfter(failed)]).toEqual([failed.reason, expect.any(Number)]);
});
