import { expect, it } from '@jest/globals';
import { sizeIn } from './size.ts';

it.each<readonly [string, unknown, number | undefined]>([
  ['a size', { bytes: '7864320' }, 7_864_320],
  ['more than there is', { bytes: '9'.repeat(16) }, undefined],
  ['less than nothing', { bytes: '-1' }, undefined],
  ['a number', { bytes: 5 }, undefined],
  ['no row', undefined, undefined],
])('of %s', (_, row, expected) => {
  expect(sizeIn(row)).toBe(expected);
});
