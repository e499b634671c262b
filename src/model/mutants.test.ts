// The checker finds out each of these wrong subjects, by the rule that it breaks.
import { describe, expect, it } from '@jest/globals';
import { actionMutants } from './mutants-actions.ts';
import { statusMutants } from './mutants-status.ts';
import { oracleNames } from './rules/rules.ts';
import { search, tellOf } from './search.ts';
import { productSubject } from './testing.ts';

const mutants = { ...actionMutants, ...statusMutants };

it('every rule has a wrong subject that breaks it', () =>
  expect(new Set(Object.values(mutants).map(({ oracle }) => oracle))).toEqual(new Set(oracleNames)));

describe('the checker catches a subject that', () => {
  it.each(Object.entries(mutants).map(([name, mutant]) => [name, mutant.oracle, mutant] as const))(
    '%s, by the rule "%s"',
    (_, oracle, mutant) => {
      const right = search({ ...mutant.search, most: 500 }, productSubject());
      expect(tellOf(right)).toMatch(/^no violation in /);
      const { violation } = search(mutant.search, mutant.subject(productSubject()));
      expect(violation?.oracle).toBe(oracle);
      expect(violation?.trace.length).toBeGreaterThan(0);
    },
  );
});
