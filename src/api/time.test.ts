// Times that others have written: only what the API server would accept in status is read, and nothing from the future.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { dateOf, millisecondsOf, recordedTime, timestampOf } from './time.ts';

/** The date-time of a CRD as the API server checks it (k8s.io/kube-openapi/pkg/validation/strfmt/time.go). */
const dateTime = /^(\d{4})-(0[1-9]|1[012])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\dZ$/;

const almost = fc
  .tuple(
    fc.constantFrom('2026', '0000', '9999', '10000', '+099999', '-000001', '1969', '1970'),
    fc.constantFrom('01', '02', '12', '13', '1'),
    fc.constantFrom('01', '29', '30', '31', '00'),
    fc.constantFrom('T', ' ', 't', ''),
    fc.constantFrom('00:00:00', '23:59:59', '24:00:00', '23:59:60', '12:00', '1:2:3'),
    fc.constantFrom('Z', '', '+00:00', '-23:59', '+23:59', '.5Z', '.123456789Z', '.Z', 'z', '+24:00', ' GMT'),
  )
  .map(([year, month, day, t, time, zone]) => `${year}-${month}-${day}${t}${time}${zone}`);
const texts = fc.oneof(almost, fc.string(), fc.integer().map(String), fc.date({ noInvalidDate: true }).map(String));

describe('a time that somebody wrote', () => {
  it('is read as one that the API server stores, or not at all, whatever the text', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const milliseconds = millisecondsOf(text);
        if (milliseconds !== undefined) expect(timestampOf(milliseconds)).toMatch(dateTime);
      }),
      { numRuns: 5_000, examples: [['99999'], ['0'], ['+099999-01-01T00:00:00Z'], ['9999-12-31T23:59:59-01:00']] },
    );
  });

  it.each([
    ['2026-01-02T03:04:05Z', Date.UTC(2026, 0, 2, 3, 4, 5)],
    ['2026-01-02T03:04:05.250Z', Date.UTC(2026, 0, 2, 3, 4, 5, 250)],
    ['2026-01-02T03:04:05.123456Z', Date.UTC(2026, 0, 2, 3, 4, 5, 123)],
    ['2026-01-02T03:04:05+01:00', Date.UTC(2026, 0, 2, 2, 4, 5)],
    ['2028-02-29T00:00:00Z', Date.UTC(2028, 1, 29)],
    ['2026-02-29T00:00:00Z', undefined],
    ['9999-12-31T22:59:59-01:00', Date.UTC(9999, 11, 31, 23, 59, 59)],
    ['9999-12-31T23:00:00-01:00', undefined],
    ['2026-01-02', undefined],
    ['99999', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('%s is %s', (text, milliseconds) => {
    expect(millisecondsOf(text)).toBe(milliseconds);
  });

  it('is what was written, if we wrote it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: Date.UTC(9999, 11, 31) }), (now) => {
        expect(millisecondsOf(timestampOf(now))).toBe(now - (now % 1000));
        expect(recordedTime(timestampOf(now), now)).toBe(now - (now % 1000));
      }),
    );
  });

  it('is not believed when it is more than a minute ahead', () => {
    const now = Date.UTC(2026, 0, 2);
    expect(recordedTime(timestampOf(now + 60_000), now)).toBe(now + 60_000);
    expect(recordedTime(new Date(now + 60_001).toISOString(), now)).toBeUndefined();
  });
});

it('a date has its month and its day of the month from 1, and its day of the week from Sunday', () => {
  expect(dateOf(Date.UTC(2026, 0, 31, 23, 59))).toEqual({ month: 1, day: 31, weekday: 6 });
  expect(dateOf(Date.UTC(2026, 1, 1))).toEqual({ month: 2, day: 1, weekday: 0 });
});
