import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Backoff } from './backoff.ts';

const options = { baseMilliseconds: 1000, maximumMilliseconds: 300_000 };

describe('Backoff', () => {
  it('doubles from the base to the maximum', () => {
    const backoff = new Backoff({ ...options, random: () => 1 - Number.EPSILON });
    const waits = Array.from({ length: 11 }, () => Math.round(backoff.next('a')));
    expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 64_000, 128_000, 256_000, 300_000, 300_000]);
  });

  it('begins with what a failure requires, is never shorter, and grows from there to the maximum', () => {
    const backoff = new Backoff({ ...options, random: () => 0 });
    const waits = Array.from({ length: 6 }, () => backoff.next('a', 30_000));
    expect(waits).toEqual([30_000, 30_000, 60_000, 120_000, 150_000, 150_000]);
    expect(backoff.next('a', 3_600_000)).toBe(3_600_000);
  });

  it('goes on growing when one failure follows another, whatever each requires', () => {
    const backoff = new Backoff({ ...options, random: () => 1 - Number.EPSILON });
    const waits = [0, 10_000, 15_000, 10_000, 15_000].map((atLeast) => Math.round(backoff.next('a', atLeast)));
    expect(waits).toEqual([1000, 10_000, 20_000, 40_000, 80_000]);
  });

  it('counts each key alone and starts again after forget', () => {
    const backoff = new Backoff({ ...options, random: () => 0 });
    backoff.next('a');
    backoff.next('a');
    expect(backoff.next('b')).toBe(500);
    backoff.forget('a');
    expect(backoff.next('a')).toBe(500);
  });

  it('stays between half and all of the step, however often a key fails', () => {
    fc.assert(
      fc.property(fc.nat(2000), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (failures, chance) => {
        const backoff = new Backoff({ ...options, random: () => chance });
        let wait = 0;
        for (let failure = 0; failure <= failures; failure += 1) wait = backoff.next('a');
        const full = Math.min(300_000, 1000 * 2 ** failures);
        return wait >= full / 2 && wait <= full;
      }),
      { numRuns: 50 },
    );
  });
});
