// The closed loop never exceeds its number of clients, and percentiles use the nearest rank.
import { describe, expect, it } from '@jest/globals';
import { closedLoop, percentile, sum } from './load.ts';

describe('closedLoop', () => {
  it('does each piece once, never more at a time than there are clients', async () => {
    const done: number[] = [];
    let now = 0;
    let most = 0;
    await closedLoop(20, 3, async (index) => {
      now += 1;
      most = Math.max(most, now);
      await new Promise((resolve) => setImmediate(resolve));
      now -= 1;
      done.push(index);
    });
    expect(done.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, index) => index));
    expect(most).toBe(3);
  });

  it('ends with the first error, after what is under way', async () => {
    const begun: number[] = [];
    const work = closedLoop(100, 2, async (index) => {
      begun.push(index);
      if (index === 1) throw new Error('the second');
    });
    await expect(work).rejects.toThrow('the second');
    expect(begun).toContain(0);
  });
});

describe('percentile', () => {
  it.each([
    [[5, 1, 3], 0.5, 3],
    [[1, 2, 3, 4], 0.5, 2],
    [[1, 2, 3, 4], 0.99, 4],
    [[7], 0.01, 7],
    [[], 0.5, Number.NaN],
  ])('of %j at %d is %d', (values, share, expected) => {
    expect(percentile(values, share)).toBe(expected);
  });
});

describe('sum', () => {
  it('adds all values', () => {
    expect(sum({ a: 1, b: 2.5 })).toBe(3.5);
    expect(sum({})).toBe(0);
  });
});
