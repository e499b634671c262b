// Which schedules CNPG runs as they read.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { nextStart, problemOf } from './cron.ts';
import { dailySchedule } from './schedule.ts';

describe('a schedule', () => {
  it.each([
    '0 30 2 * * *',
    '0 0 */6 * * *',
    '0 0 */1 * * *',
    '15 5 0-23/2 * * ?',
    '0 0 2 1 jan,JUL *',
    '0 0 2 ? * mon-fri',
    ' 0  0 2 * * 0,6 ',
    '0 0 3 31 12 *',
    '0 0 5-5 * * *',
    '@daily',
    '@hourly',
  ])('%j is taken', (schedule) => expect(problemOf(schedule)).toBeUndefined());

  it.each([
    ['30 2 * * *', /has 5 fields; it needs six, seconds first/],
    ['0 0 2 * * * *', /has 7 fields/],
    ['', /has 1 fields/],
    ['0 0 24 * * *', /no valid hours; use 0-23/],
    ['0 60 2 * * *', /no valid minutes/],
    ['60 0 2 * * *', /no valid seconds/],
    ['0 0 2 0 * *', /no valid day of month/],
    ['0 0 2 32 * *', /no valid day of month/],
    ['0 0 2 * 13 *', /no valid month/],
    ['0 0 2 * * 7', /no valid day of week/],
    ['0 0 5-2 * * *', /no valid hours/],
    ['0 0 2/0 * * *', /no valid hours/],
    ['0 0 2/3/4 * * *', /no valid hours/],
    ['0 0 1-2-3 * * *', /no valid hours/],
    ['0 0 a * * *', /no valid hours/],
    ['0 0 1, * * *', /no valid hours/],
    ['* 0 2 * * *', /more often than once an hour/],
    ['0 */5 2 * * *', /more often than once an hour/],
    ['0 0,30 2 * * *', /more often than once an hour/],
    ['0 0 0 31 2 *', /never starts/],
    ['0 0 0 31 4,6 ?', /never starts/],
    ['@every 1s', /not one of the descriptors/],
    ['@reboot', /not one of the descriptors/],
  ])('%j is refused, and what is wrong is said', (schedule, words) => expect(problemOf(schedule)).toMatch(words));

  it('that is the default of any addon is taken', () =>
    fc.assert(fc.property(fc.string(), (identity) => expect(problemOf(dailySchedule(identity))).toBeUndefined())));

  it('never makes the check fail, whatever the text', () =>
    fc.assert(fc.property(fc.string(), (text) => expect(['string', 'undefined']).toContain(typeof problemOf(text)))));
});

describe('the next start', () => {
  // A Friday.
  const now = '2026-01-02T03:04:05Z';
  it.each([
    ['0 30 2 * * *', '2026-01-03T02:30:00Z'],
    ['0 30 3 * * *', '2026-01-02T03:30:00Z'],
    ['5 4 3 * * *', '2026-01-03T03:04:05Z'],
    ['6 4 3 * * *', '2026-01-02T03:04:06Z'],
    ['0 0 */6 * * *', '2026-01-02T06:00:00Z'],
    ['0 0 5/8 * * *', '2026-01-02T05:00:00Z'],
    ['0 0 2/8 * * *', '2026-01-02T10:00:00Z'],
    ['0 0 4-8/4,23 * * ?', '2026-01-02T04:00:00Z'],
    ['0 0 23,4 * * *', '2026-01-02T04:00:00Z'],
    ['0 0 2 31 * *', '2026-01-31T02:00:00Z'],
    ['0 0 2 29 2 *', '2028-02-29T02:00:00Z'],
    ['0 0 2 ? * mon', '2026-01-05T02:00:00Z'],
    ['0 0 2 10 * mon', '2026-01-05T02:00:00Z'],
    ['0 0 2 1 jan,JUL *', '2026-07-01T02:00:00Z'],
    ['@hourly', '2026-01-02T04:00:00Z'],
    ['@daily', '2026-01-03T00:00:00Z'],
    ['@weekly', '2026-01-04T00:00:00Z'],
    ['@monthly', '2026-02-01T00:00:00Z'],
    ['@yearly', '2027-01-01T00:00:00Z'],
  ])('of %j is %s', (schedule, expected) => {
    expect(nextStart(schedule, Date.parse(now))).toBe(Date.parse(expected));
  });

  it.each([
    ['month', 1, ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'], '0 0 2 1 # *'],
    ['day of week', 0, ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'], '0 0 2 * * #'],
  ] as const)('is the same with the name of a %s as with its number', (_, first, names, schedule) => {
    const start = (value: string) => nextStart(schedule.replace('#', value), Date.parse(now)) ?? value;
    for (const [index, name] of names.entries()) expect(start(name)).toBe(start(String(index + first)));
  });

  it.each(['0 0 2 30 2 *', 'nonsense', '* * * * * *', '0 0 2 1-2-3 * *'])('of %j does not exist', (schedule) => {
    expect(nextStart(schedule, Date.parse(now))).toBeUndefined();
  });

  it('of the default is within a day, between two and four', () =>
    fc.assert(
      fc.property(fc.string(), fc.nat(4_000_000_000), (identity, seconds) => {
        const next = nextStart(dailySchedule(identity), seconds * 1000) ?? 0;
        expect(next - seconds * 1000).toBeGreaterThan(0);
        expect(next - seconds * 1000).toBeLessThanOrEqual(86_400_000);
        expect([2, 3]).toContain(new Date(next).getUTCHours());
      }),
    ));
});
