import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compareQuantities, nanos } from './quantity.ts';

it.each([
  ['1Gi', 2n ** 30n],
  ['1.5Gi', 3n * 2n ** 29n],
  ['1e3', 1000n],
  ['1E', 10n ** 18n],
  ['.5k', 500n],
  ['-2', -2n],
  ['+2', 2n],
])('%s is %s', (text, units) => {
  expect(nanos(text)).toBe(units * 1_000_000_000n);
});

it.each(['100m', '0.1', '100000u'])('%s is a tenth', (text) => {
  expect(nanos(text)).toBe(100_000_000n);
});

it.each(['', '1GB', 'Gi', '1 Gi', '1e', '0x1', '1Gi1', '1.2.3', '1eKi'])('"%s" is not a quantity', (text) => {
  expect(nanos(text)).toBeUndefined();
  expect(compareQuantities(text, '1')).toBeUndefined();
});

it('comparison is by value and total', () => {
  expect(compareQuantities('1024Mi', '1Gi')).toBe(0);
  expect(compareQuantities('1Gi', '1G')).toBe(1);
  expect(compareQuantities('9Gi', '10Gi')).toBe(-1);
  fc.assert(
    fc.property(fc.bigInt(0n, 10n ** 12n), fc.bigInt(0n, 10n ** 12n), (a, b) => {
      const expected = a < b ? -1 : a > b ? 1 : 0;
      return (
        compareQuantities(`${a}Ki`, `${b}Ki`) === expected && compareQuantities(`${a * 1024n}`, `${b}Ki`) === expected
      );
    }),
  );
});
