// The order of resourceVersions, and that none is guessed.
import { expect, it } from '@jest/globals';
import { compareResourceVersions } from './resource-version.ts';

it.each<readonly [string, string, number]>([
  ['7', '7', 0],
  ['0', '7', -1],
  ['7', '10', -1],
  ['99', '100', -1],
  // Equal as numbers of 64 bits.
  ['9007199254740992', '9007199254740993', -1],
])('%s and %s are ordered as integers', (a, b, order) => {
  expect(Math.sign(compareResourceVersions(a, b) ?? Number.NaN)).toBe(order);
  expect(Math.sign(compareResourceVersions(b, a) ?? Number.NaN)).toBe(order === 0 ? 0 : -order);
});

it.each([
  ['7', '07'],
  ['7', '-8'],
  ['7', ''],
  ['7', 'a7'],
  ['7', '7a'],
])('%s and "%s" have no order', (a, b) => {
  expect(compareResourceVersions(a, b)).toBeUndefined();
  expect(compareResourceVersions(b, a)).toBeUndefined();
});

it('what is equal is equal, whatever it is', () => {
  expect(compareResourceVersions('any', 'any')).toBe(0);
});
