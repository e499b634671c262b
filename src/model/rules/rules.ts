// All rules by name, and the judgement of a step.
import type { State } from '../state.ts';
import type { Step } from '../step.ts';
import { objectRules, type Rule } from './objects.ts';
import { statusRules } from './status.ts';

const rules = { ...objectRules, ...statusRules };
const named = Object.entries(rules) as readonly (readonly [keyof typeof rules, Rule])[];

const atRest = 'it comes to rest as a fresh create would';

export type OracleName = keyof typeof rules | typeof atRest;

/** The names of all rules. The last one is checked by the fair runs. */
export const oracleNames: readonly OracleName[] = [...named.map(([name]) => name), atRest];

/** The first rule that a step violates. */
export function judge(before: State, step: Step): { readonly oracle: OracleName; readonly detail: string } | undefined {
  for (const [oracle, rule] of named) {
    const detail = rule(before, step);
    if (detail !== undefined) return { oracle, detail };
  }
  return undefined;
}
