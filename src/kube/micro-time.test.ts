import { expect, it } from '@jest/globals';
import { microTime } from './micro-time.ts';

it('always has six decimals', () => {
  expect(microTime(Date.UTC(2026, 10, 21, 9, 23, 0, 7))).toBe('2026-11-21T09:23:00.007000Z');
  expect(microTime(0)).toBe('1970-01-01T00:00:00.000000Z');
});
