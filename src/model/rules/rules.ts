// All rules by name, and the judgement of a step.
import type { State } from '../state.ts';
import type { Step } from '../step.ts';
import { objectRules, type Rule } from './objects.ts';
import { statusRules } from './status.ts';

const rules = { ...objectRules, ...statusRules };
const named = Object.entries(rules) as readonly (readonly [keyof typeof rules, Rule])[];

const atRest = 'it comes to rest as a fresh create would';

export type RuleName = keyof typeof rules | typeof atRest;

/** Every rule by its name; the last one is the fair runs'. */
export const ruleNames: readonly RuleName[] = [...named.map(([name]) => name), atRest];

/** The first rule that a step breaks. */
export function judge(before: State, step: Step): { readonly rule: RuleName; readonly detail: string } | undefined {
  for (const [rule, judgeStep] of named) {
    const detail = judgeStep(before, step);
    if (detail !== undefined) return { rule, detail };
  }
  return undefined;
}
