import { describe, expect, it } from '@jest/globals';
import type { Decision } from '../domain/decision.ts';
import type { Observed } from '../domain/observed.ts';
import { inWords } from './explore.ts';
import { type InstallationRule, type InstallationSearch, searchInstallations } from './installations.ts';
import type { Subject } from './subject.ts';
import { productSubject } from './testing.ts';

const searches = {
  'a new addon': { prologue: [], steps: ['create standard'], removals: 0, most: 1_500 },
  'an addon that one of them holds, or none yet': {
    prologue: ['create standard'],
    steps: ['plan pro', 'mode protected', 'version 18'],
    removals: 0,
    most: 1_500,
  },
  'one that is uninstalled': { prologue: ['create standard'], steps: [], removals: 2, most: 1_500 },
} as const satisfies Readonly<Record<string, InstallationSearch>>;

/** How the product can be wrong. */
const mutants: readonly (readonly [
  name: string,
  rule: InstallationRule,
  search: InstallationSearch,
  decide: (o: Observed, decide: (o: Observed) => Decision) => Decision,
])[] = [
  [
    'believes, as one of the two, that the other one is gone',
    'a holder that runs stays',
    searches['an addon that one of them holds, or none yet'],
    (o, decide) => decide({ ...o, holderGone: o.platform.operator === 'two/operator' }),
  ],
  [
    'writes before it holds',
    'what exists is written by who held it then',
    searches['a new addon'],
    (o, decide) => (o.addon.status?.operator === undefined ? decide(heldBy(o, o.platform.operator)) : decide(o)),
  ],
  [
    'never takes over',
    'it comes to rest with one holder and its plan',
    searches['one that is uninstalled'],
    (o, decide) => decide({ ...o, holderGone: false }),
  ],
];

function heldBy(o: Observed, operator: string): Observed {
  return { ...o, addon: { ...o.addon, status: { ...o.addon.status, operator } } };
}

describe('the operator installed twice', () => {
  it.each(Object.entries(searches))('%s: no step breaks a rule, and one of them operates it', (_, search) => {
    const found = searchInstallations(search, productSubject());
    expect(inWords(found)).toMatch(/^no violation in /);
    expect(found.states).toBeGreaterThan(500);
  });

  it.each(mutants)('is detected if it %s', (_, rule, search, decide) => {
    const product = productSubject();
    const mutant: Subject = {
      ...product,
      decide: (o, now, sight) => decide(o, (changed) => product.decide(changed, now, sight)),
    };
    expect(searchInstallations(search, mutant).violation?.rule).toBe(rule);
  });
});
