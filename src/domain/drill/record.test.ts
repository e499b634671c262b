// What status.backup remembers of a drill: drill.test.ts tells how one leads to the next.
import { describe, expect, it } from '@jest/globals';
import type { AddonStatus } from '../../api/addon.ts';
import { type LoginFailure, type LoginResult, loginFailures } from '../../api/login.ts';
import type { ActionResult, Decision } from '../decision.ts';
import { anAddon, observing, testTime, think } from '../testing.ts';
import {
  begun,
  type Drill,
  drillingSince,
  drillsOf,
  durationOf,
  ended,
  type LastDrill,
  waitingSince,
  withDrillResult,
} from './record.ts';

const at = '2026-01-02T03:04:05Z';
const mark = { lsn: '0/5000028', wal: '000000100000000000000005', time: '2026-01-02T03:00:00Z' };
const restoring: Drill = {
  step: 'Restoring',
  startTime: '2026-01-02T02:59:00Z',
  mark,
  restoreTime: '2026-01-02T03:02:00Z',
};

describe('the record of drills', () => {
  const lastDrill: LastDrill = { time: at, result: 'Failed', message: 'no' };
  const everything = {
    drill: restoring,
    lastDrill,
    lastDrillPassTime: at,
    drillFailure: { time: at, message: 'no' },
    nextDrillTime: at,
  };

  it('is all that status has of them, and has nothing that status has not', () => {
    expect(drillsOf(anAddon({}, { backup: { ...everything, effective: 'daily' } }))).toStrictEqual(everything);
    for (const addon of [anAddon(), anAddon({}, { backup: {} })]) expect(drillsOf(addon)).toStrictEqual({});
  });

  it('tells since when one takes place', () => {
    expect(drillingSince(anAddon({}, { backup: everything }))).toBe(restoring.startTime);
    expect(drillingSince(anAddon())).toBeUndefined();
  });

  it('begins with what is known', () => {
    const drill = { step: 'Archiving', startTime: at };
    expect(begun(anAddon(), undefined, undefined, testTime)).toStrictEqual({ drill });
    const weekly = anAddon({ backup: { drill: { schedule: '0 0 4 * * 0' } } });
    expect(begun(weekly, 's', 'one', testTime)).toStrictEqual({
      drill: { ...drill, serverName: 's', request: 'one' },
      nextDrillTime: expect.stringMatching(/^2026-01-04T04:/),
    });
  });

  it.each<readonly [LastDrill['result'], boolean, object]>([
    ['Passed', true, { recoveryPoint: mark.time, age: '2m0s', duration: '2m5s' }],
    ['Failed', true, { recoveryPoint: mark.time, age: '2m0s', duration: '2m5s' }],
    ['Failed', false, {}],
    ['Skipped', false, {}],
  ])(
    'keeps the rest when one has %s (restored: %s), which says how old and fast only what was restored',
    (result, isRestored, told) => {
      const end = { result, message: 'so', isRestored };
      const record = ended({ drill: restoring, nextDrillTime: at }, restoring, end, testTime);
      expect(record).toStrictEqual({
        nextDrillTime: at,
        drill: { ...restoring, step: 'Removing' },
        lastDrill: { time: at, result, ...told, message: 'so' },
        ...(result === 'Passed' ? { lastDrillPassTime: at } : {}),
        ...(result === 'Failed' ? { drillFailure: { time: at, message: 'so' } } : {}),
      });
    },
  );

  it('waits since the mark, or the beginning, or now if neither is a time that has come', () => {
    const ahead = '2026-01-02T09:00:00Z';
    expect(waitingSince(restoring, testTime)).toBe(Date.parse(mark.time));
    expect(waitingSince({ ...restoring, mark: { ...mark, time: ahead } }, testTime)).toBe(
      Date.parse(restoring.startTime),
    );
    expect(waitingSince({ step: 'Archiving', startTime: ahead }, testTime)).toBe(testTime);
  });
});

it.each([
  [-5000, '0s'],
  [499, '0s'],
  [59_000, '59s'],
  [60_000, '1m0s'],
  [600_000, '10m0s'],
  [3_599_000, '59m59s'],
  [3_600_000, '1h0m0s'],
  [90_061_000, '25h1m1s'],
])('%i ms are %s', (milliseconds, expected) => {
  expect(durationOf(milliseconds)).toBe(expected);
});

describe('what a round finds out', () => {
  /** @param sql of the assertions */
  const found = (drill: Drill, result: ActionResult, ...sql: readonly string[]): AddonStatus['backup'] => {
    const place = { sourceSecret: 's', host: 'h', database: 'app', role: 'app' };
    const check = { url: '', place, assertions: sql.map((one) => ({ sql: one, expect: 'true' })) };
    const { decision } = think(observing(anAddon()));
    return withDrillResult({ effective: 'daily', drill }, { ...decision, check } as Decision, result, testTime);
  };
  const checked = (check: LoginResult, ...sql: readonly string[]) => found(restoring, { check }, ...sql);

  it.each<readonly [string, string, LoginResult, readonly string[]]>([
    ['Passed', 'the newest state was restored, and a login succeeds', { kind: 'ok' }, []],
    [
      'Passed',
      'the newest state was restored, and 1 assertion(s) hold',
      { kind: 'ok', assertions: [undefined] },
      ['a'],
    ],
    ['Skipped', 'assertion 1 of 1 was not answered, since the connection broke: a', { kind: 'ok' }, ['a']],
    ['Failed', 'assertion 1 of 1 returns no row: a', { kind: 'ok', assertions: ['returns no row'] }, ['a']],
    [
      'Failed',
      `assertion 1 of 1 returns no row: ${'a'.repeat(100)}`,
      { kind: 'ok', assertions: ['returns no row'] },
      ['a'.repeat(100)],
    ],
    [
      'Failed',
      `assertion 1 of 1 returns no row: ${'a'.repeat(99)}…`,
      { kind: 'ok', assertions: ['returns no row'] },
      ['a'.repeat(101)],
    ],
  ])('%s: %s', (result, message, check, sql) => {
    const backup = checked(check, ...sql);
    expect(backup?.lastDrill).toMatchObject({ result, message });
    // Nothing else is lost.
    expect(backup).toMatchObject({ effective: 'daily', drill: { step: 'Removing' } });
    expect(backup?.lastDrill?.duration).toBe(result === 'Skipped' ? undefined : '2m5s');
  });

  it.each<LoginFailure>(loginFailures)('about the data only if the login fails by "%s"', (why) => {
    const isFailed = ['credentials', 'role', 'database'].includes(why);
    expect(checked({ kind: 'failed', why, detail: '' })?.lastDrill?.result).toBe(isFailed ? 'Failed' : 'Skipped');
  });

  it.each([
    ['an earlier file', '000000100000000000000004', 'Archiving', true],
    ['the file', mark.wal, 'Restoring', true],
    ['a base backup that ends in it', `${mark.wal}.00000028.backup`, 'Restoring', true],
    ['a later file', '000000100000000000000006', 'Restoring', true],
    ['a file of an earlier timeline', '0000000F0000000000000009', 'Archiving', true],
    ['a file of a later timeline', '000000110000000000000001', 'Archiving', false],
  ])('of the archive: %s', (_, archivedWal, step, isMarked) => {
    const { restoreTime: __, ...waiting } = restoring;
    const backup = found({ ...waiting, step: 'Archiving' }, { answer: { archivedWal } });
    expect([backup?.drill?.step, backup?.drill?.mark !== undefined]).toEqual([step, isMarked]);
  });
});
