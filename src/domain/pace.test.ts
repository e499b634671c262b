// When an addon is reconciled again: by example, and by the laws of the pace over arbitrary decisions.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { AddonStatus, PostgresAddon } from '../api/addon.ts';
import { type Reason, reasons } from '../api/conditions.ts';
import { timestampOf } from '../api/time.ts';
import { resultsOf } from '../model/comparison.ts';
import { type Action, type ActionResult, create, type Decision, remove } from './decision.ts';
import { noSooner, type Pace, paceOf } from './pace.ts';
import { anAddon, aRunningAddon, aScheduledBackup, testPlatform, testTime } from './testing.ts';
import { brokenLaws } from './testing-pace.ts';
import { recheckAfter, stateOf, type Verdict } from './verdict.ts';

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
  login: optional(fc.constant({ url: 'postgresql://', place, proves: {}, question: {} })),
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
          expect(brokenLaws(outcome, paceOf(outcome))).toEqual([]);
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('for a request that failed: Retry-After is the least, and the back-off goes on', () => {
    expect(paceOf({ kind: 'interrupted' })).toEqual({ kind: 'retry' });
    expect(paceOf({ kind: 'interrupted', retryAfterSeconds: 7 })).toEqual({
      kind: 'retry',
      atLeastMilliseconds: 7000,
    });
  });
});

it('nothing is sooner than an answer asks, and nothing else changes', () => {
  const again = (afterMilliseconds: number): Pace => ({ kind: 'again', afterMilliseconds });
  expect([again(0), again(30_000), again(90_000)].map((pace) => noSooner(pace, 60_000))).toEqual([
    again(60_000),
    again(60_000),
    again(90_000),
  ]);
  const retry: Pace = { kind: 'retry', atLeastMilliseconds: 1000, atMostMilliseconds: 5000 };
  expect(noSooner(retry, 60_000)).toEqual({ ...retry, atLeastMilliseconds: 60_000 });
  expect(noSooner(retry, 500)).toEqual(retry);
  expect(noSooner({ kind: 'retry' }, 60_000)).toEqual({ kind: 'retry', atLeastMilliseconds: 60_000 });
  expect([noSooner({ kind: 'retry' }, 0), noSooner({ kind: 'done' }, 60_000)]).toEqual([
    { kind: 'retry' },
    { kind: 'done' },
  ]);
});

it('each reason of a failed login says how soon it is tried again', () => {
  const { login } = { login: { url: '', place, proves: {}, question: {} } };
  const decision: Decision = { actions: [], login, ready: { reason: 'Running', message: '' }, conditions: {} };
  const reasonsOfLogins = resultsOf(decision).flatMap(([, result]) => result.login ?? []);
  expect(reasonsOfLogins.length).toBeGreaterThan(10);
  for (const failed of reasonsOfLogins.filter((one) => stateOf(one) !== 'good'))
    expect([failed.reason, recheckAfter(failed)]).toEqual([failed.reason, expect.any(Number)]);
});

describe('an addon is reconciled again', () => {
  const running = aRunningAddon();
  const untilCheckUp = 400_000;
  const [aWrite, ofSecret] = actions as readonly [Action, Action];

  const login = { url: 'postgresql://', place, proves: {}, question: {} };
  const refused = (reason: Reason): ActionResult => {
    return { refusals: [{ reason, message: '', verb: 'create', child: 'cluster', concern: 'database' }] };
  };
  const quiet: Decision = { actions: [], ready: { reason: 'Running', message: '' }, conditions: {} };
  const paceAfter = (decision: Partial<Decision>, result: ActionResult = {}, addon = running, now = testTime): Pace =>
    paceOf({
      kind: 'reported',
      addon,
      decision: { ...quiet, ...decision },
      result,
      untilCheckUp: () => untilCheckUp,
      now,
    });
  const again = (afterMilliseconds: number): Pace => ({ kind: 'again', afterMilliseconds });
  const retry = (atLeastMilliseconds: number, atMostMilliseconds?: number): Pace => {
    return { kind: 'retry', atLeastMilliseconds, ...(atMostMilliseconds && { atMostMilliseconds }) };
  };

  it.each<readonly [string, Partial<Decision>, ActionResult, Pace]>([
    ['for its check-up', {}, {}, again(untilCheckUp)],
    ['when there is something to look at before', { wakeAfter: 30_000 }, {}, again(30_000)],
    ['not at once for a time that has come', { wakeAfter: 0 }, {}, again(1000)],
    ['at once when a write succeeded and more is to be done', { actions: [aWrite], continues: true }, {}, again(0)],
    [
      'at once when status names this installation at last',
      { onlyHolds: true, continues: true, operator: testPlatform.operator },
      {},
      again(0),
    ],
    [
      'ever more rarely while status drops its name',
      { onlyHolds: true, continues: true, operator: 'b' },
      {},
      retry(10_000),
    ],
    ['as a read that failed asks', { waitAtLeast: 77_000, recheckAfter: 10 }, {}, retry(77_000)],
    ['for its check-up, if it goes on without a write', { continues: true }, {}, again(untilCheckUp)],
    ['soon after a write, which no watch reports', { actions: [aWrite] }, {}, again(5000)],
    ['for its check-up after a write of what is not watched', { actions: [ofSecret] }, {}, again(untilCheckUp)],
    [
      'for its check-up after a write that the API server could undo each time unnoticed',
      { actions: [{ ...aWrite, child: 'originStore' } as Action] },
      {},
      again(untilCheckUp),
    ],
    ['ever more rarely for what no watch reports', { recheckAfter: 30_000 }, {}, retry(30_000, untilCheckUp)],
    ['anew for what no watch reports after a write', { recheckAfter: 30_000, actions: [ofSecret] }, {}, again(30_000)],
    ['not at once after a write either', { recheckAfter: 10, actions: [aWrite] }, {}, again(1000)],
    [
      'before that, if there is something to look at',
      { recheckAfter: 30_000, wakeAfter: 5000 },
      {},
      retry(30_000, 5000),
    ],
    [
      'for what comes first after a write',
      { recheckAfter: 30_000, wakeAfter: 4000, actions: [aWrite] },
      {},
      again(4000),
    ],
    ['as its refusal asks', { actions: [aWrite] }, refused('Refused'), retry(60_000)],
    ['soon after a refusal that asks for nothing', { actions: [aWrite] }, refused('Creating'), retry(10_000)],
    [
      'as the slowest of its refusals asks',
      { actions: [aWrite] },
      { refusals: [...(refused('Creating').refusals ?? []), ...(refused('Refused').refusals ?? [])] },
      retry(60_000),
    ],
    ['soon after a login that found no place', { login }, {}, retry(10_000)],
    [
      'for its check-up after a login that succeeded',
      { login },
      { login: { reason: 'LoggedIn', message: '' } },
      again(untilCheckUp),
    ],
    [
      'without regard to a login that was not wanted',
      {},
      { login: { reason: 'LoginFailed', message: '' } },
      again(untilCheckUp),
    ],
    [
      'ever more rarely after a write that admission changed, even if more is to be done',
      { actions: [aWrite], continues: true },
      { altered: { cluster: { reason: 'ChangedOnAdmission', message: '' } } },
      retry(1000),
    ],
  ])('%s', (_, decision, result, expected) => {
    expect(paceAfter(decision, result)).toEqual(expected);
  });

  describe('soon when a restore drill has come to its next step', () => {
    const backup = (step: 'Restoring' | 'Removing') => ({
      drill: { step, startTime: '2026-01-02T03:00:00Z', serverName: 's' },
    });
    const decided: Partial<Decision> = { actions: [aWrite], status: { backup: backup('Restoring') } };
    const moved = { ...running, status: { ...running.status, backup: backup('Removing') } };
    const still = { ...running, status: { ...running.status, backup: backup('Restoring') } };
    const ofDrill: ActionResult = {
      refusals: [{ reason: 'QuotaExceeded', message: '', verb: 'create', child: 'drillCluster', concern: 'drill' }],
    };
    it.each<readonly [string, PostgresAddon, ActionResult, Pace]>([
      ['by what it was refused, which is not tried again', moved, ofDrill, again(1000)],
      ['not for another refusal', moved, refused('Refused'), retry(60_000)],
      ['not while the step is the same', still, ofDrill, retry(30_000)],
    ])('%s', (_what, addon, result, expected) => {
      expect(paceAfter(decided, result, addon)).toEqual(expected);
    });
  });

  it('after a login that failed, as its reason asks', () => {
    const failed: Verdict = { reason: 'LoginTimeout', message: '' };
    expect(paceAfter({ login }, { login: failed })).toEqual(retry(recheckAfter(failed) ?? 0));
  });

  const { credentials: _, ...unpublished } = running.status ?? {};
  const deletionTimestamp = '2026-01-02T03:04:05Z';
  const deleted = (addon: PostgresAddon): PostgresAddon => ({
    ...addon,
    metadata: { ...addon.metadata, deletionTimestamp },
  });
  it.each<readonly [string, PostgresAddon]>([
    ['that has published nothing', { ...running, status: unpublished }],
    ['that is suspended', { ...running, spec: { ...running.spec, suspend: true } }],
    ['that is being deleted', deleted(running)],
  ])('only for a change, if it is one %s', (_what, addon) => {
    expect(paceAfter({}, {}, addon)).toEqual({ kind: 'done' });
  });

  const waiting = (seconds: number): PostgresAddon => {
    const lastTransitionTime = timestampOf(testTime - seconds * 1000);
    const reconciling = { type: 'Reconciling', status: 'True' as const, reason: 'Creating', message: '' };
    const conditions = [{ ...reconciling, observedGeneration: 1, lastTransitionTime }];
    return anAddon({}, { conditions });
  };
  it('when its wait takes too long, up to the last millisecond', () => {
    expect(paceAfter({}, {}, waiting(300), testTime - 1)).toEqual(again(1000));
  });

  describe('when its wait takes too long', () => {
    it.each<readonly [string, PostgresAddon, Partial<Decision>, ActionResult, Pace]>([
      ['which is in a minute', waiting(240), {}, {}, again(60_000)],
      ['which it has reported', waiting(300), {}, {}, { kind: 'done' }],
      ['which it does not while it is deleted', deleted(waiting(240)), {}, {}, { kind: 'done' }],
      ['or sooner after a refusal', waiting(240), { actions: [aWrite] }, refused('Creating'), retry(10_000, 60_000)],
      ['or later after a refusal that asks for it', waiting(299), {}, refused('Refused'), retry(60_000, 1000)],
    ])('%s', (_what, addon, decision, result, expected) => {
      expect(paceAfter(decision, result, addon)).toEqual(expected);
    });
  });
});
