// The checker detects each mutant, by the rule that it violates.
import { describe, expect, it } from '@jest/globals';
import { inWords } from './explore.ts';
import { actionMutants } from './mutants-actions.ts';
import { statusMutants } from './mutants-status.ts';
import { ruleNames } from './rules/rules.ts';
import { search } from './search.ts';
import { productSubject } from './testing.ts';

const mutants = { ...actionMutants, ...statusMutants };

it('every rule has a wrong subject that breaks it', () =>
  expect(new Set(Object.values(mutants).map(({ rule }) => rule))).toEqual(new Set(ruleNames)));

describe('the checker catches a subject that', () => {
  it.each(Object.entries(mutants).map(([name, mutant]) => [name, mutant.rule, mutant] as const))(
    '%s, by the rule "%s"',
    (_, rule, mutant) => {
      const right = search({ ...mutant.search, most: 500 }, productSubject());
      expect(inWords(right)).toMatch(/^no violation in /);
      const { violation } = search(mutant.search, mutant.subject(productSubject()));
      expect(violation?.rule).toBe(rule);
      expect(violation?.trace.length).toBeGreaterThan(0);
    },
  );
});
