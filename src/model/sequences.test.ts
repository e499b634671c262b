// Every sequence of plans ends as if the last plan had been requested at once, whatever came before and wherever the operator crashed.
import { describe, expect, it } from '@jest/globals';
import type { PlanName } from '../api/addon.ts';
import { walk } from './sequences.ts';
import { productSubject } from './testing.ts';

const plans: readonly PlanName[] = ['free', 'standard', 'pro'];
const pairs = plans.flatMap((from) => plans.map((to) => [from, to] as const));
const threes = pairs.flatMap(([from, over]) => plans.map((to) => [from, over, to] as const));

/** Requesting the same plan again changes nothing. */
const changesOf = (row: readonly PlanName[]): readonly PlanName[] => row.filter((plan, at) => plan !== row[at - 1]);

describe.each([
  ['pair', pairs, 9],
  ['row of three', threes, 27],
])('every %s of plans', (_, rows, count) => {
  it('is complete', () => expect(rows).toHaveLength(count));

  it.each(rows.map((row) => [row.join(' -> '), row] as const))('%s', (_name, row) => {
    const changes = changesOf(row);
    const { violation, ways } = walk(changes, productSubject());
    expect(violation).toBeUndefined();
    // At least the death before the answer to the Cluster's write, the Secret's and both of status, for each change.
    expect(ways).toBeGreaterThan(4 * changes.length);
  });
});
