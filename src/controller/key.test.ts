import { expect, it } from '@jest/globals';
import { keyOf, splitKey } from './key.ts';

it('a key is split into what it was made of', () => {
  expect(keyOf('team-a', 'shop')).toBe('team-a/shop');
  expect(splitKey('team-a/shop')).toEqual(['team-a', 'shop']);
});
