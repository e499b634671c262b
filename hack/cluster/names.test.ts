import { describe, expect, it } from '@jest/globals';
import { identify } from './names.ts';

describe('identify', () => {
  it('gives the same name in two checkouts two places', () => {
    const one = identify('demo', '/home/ann/operator');
    const other = identify('demo', '/home/bob/operator');
    expect(one.realName).toMatch(/^demo-[0-9a-f]{8}$/);
    expect(other.realName).not.toBe(one.realName);
    expect(other.stateDirectory).not.toBe(one.stateDirectory);
    expect(identify('demo', '/home/ann/operator')).toEqual(one);
  });

  it.each(['a', 'demo', 'e2e-1', 'a'.repeat(30)])('accepts %s', (name) => {
    expect(identify(name).name).toBe(name);
  });

  it.each(['', 'Demo', 'a b', '-a', 'a-', '../a', 'a/b', 'a.b', 'a'.repeat(31)])(
    'refuses "%s" in a sentence',
    (name) => {
      expect(() => identify(name)).toThrow(/cannot name a cluster: use lower-case letters/);
    },
  );
});
