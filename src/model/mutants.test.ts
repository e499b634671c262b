// The checker detects each mutant, by the rule that it violates.
import { describe, expect, it } from '@jest/globals';
import { actionMutants } from './mutants-actions.ts';
import { statusMutants } from './mutants-status.ts';
import { oracleNames } from './rules/rules.ts';
import { search, tellOf } from './search.ts';
import { productSubject } from './testing.ts';

const mutants = { ...actionMutants, ...statusMutants };

it('every rule has a mutant that violates it', () =>
  expect(new Set(Object.values(mutants).map(({ oracle }) => oracle))).toEqual(new Set(oracleNames)));

describe('the checker detects a subject that', () => {
  it.each(Object.entries(mutants).map(([name, mutant]) => [name, mutant.oracle, mutant] as const))(
    '%s, by the rule "%s"',
    (_, oracle, mutant) => {
      const product = search({ ...mutant.search, most: 500 }, productSubject());
      expect(tellOf(product)).toMatch(/^no violation in /);
      const { violation } = search(mutant.search, mutant.subject(productSubject()));
      expect(violation?.oracle).toBe(oracle);
      expect(violation?.trace.length).toBeGreaterThan(0);
    },
  );
});
