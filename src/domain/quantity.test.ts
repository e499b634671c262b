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

it.each<readonly [string, bigint]>([
  ['1n', 1n],
  ['1u', 1_000n],
  ['1m', 1_000_000n],
  ['1', 1_000_000_000n],
  ['1k', 10n ** 12n],
  ['1M', 10n ** 15n],
  ['1G', 10n ** 18n],
  ['1T', 10n ** 21n],
  ['1P', 10n ** 24n],
  ['1E', 10n ** 27n],
  ['1Ki', 2n ** 10n * 10n ** 9n],
  ['1Mi', 2n ** 20n * 10n ** 9n],
  ['1Gi', 2n ** 30n * 10n ** 9n],
  ['1Ti', 2n ** 40n * 10n ** 9n],
  ['1Pi', 2n ** 50n * 10n ** 9n],
  ['1Ei', 2n ** 60n * 10n ** 9n],
  ['1e3', 10n ** 12n],
  ['1e0', 10n ** 9n],
  ['1e-3', 10n ** 6n],
  ['1.5m', 1_500_000n],
  ['12.5e-1', 1_250_000_000n],
])('%s is %i billionths', (quantity, expected) => expect(nanos(quantity)).toBe(expected));
