// The checker finds out each of these wrong minds, by the rule that it breaks.
import { describe, expect, it } from '@jest/globals';
import { wrongWrites } from './mutants-actions.ts';
import { wrongWords } from './mutants-status.ts';
import { oracleNames } from './rules/rules.ts';
import { search, tellOf } from './search.ts';
import { productMind } from './testing.ts';

const mutants = { ...wrongWrites, ...wrongWords };

it('every rule has a wrong mind that breaks it', () =>
  expect(new Set(Object.values(mutants).map(({ oracle }) => oracle))).toEqual(new Set(oracleNames)));

describe('the checker catches a mind that', () => {
  it.each(Object.entries(mutants).map(([name, mutant]) => [name, mutant.oracle, mutant] as const))(
    '%s, by the rule "%s"',
    (_, oracle, mutant) => {
      const right = search({ ...mutant.search, most: 500 }, productMind());
      expect(tellOf(right)).toMatch(/^no violation in /);
      const { violation } = search(mutant.search, mutant.mind(productMind()));
      expect(violation?.oracle).toBe(oracle);
      expect(violation?.trace.length).toBeGreaterThan(0);
    },
  );
});
