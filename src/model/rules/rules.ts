// All rules by name, and the judgement of a step.
import type { State } from '../state.ts';
import type { Step } from '../step.ts';
import { objectRules, type Rule } from './objects.ts';
import { statusRules } from './status.ts';

const rules = { ...objectRules, ...statusRules };
const named = Object.entries(rules) as readonly (readonly [keyof typeof rules, Rule])[];

const ofFairRuns = [
  'it comes to rest as a fresh create would',
  'no step of its own waits for an event, which no own write is',
] as const;

export type RuleName = keyof typeof rules | (typeof ofFairRuns)[number];

/** Every rule by its name; the last ones are those of the fair runs. */
export const ruleNames: readonly RuleName[] = [...named.map(([name]) => name), ...ofFairRuns];

/** The first rule that a step breaks. */
export function judge(before: State, step: Step): { readonly rule: RuleName; readonly detail: string } | undefined {
  for (const [rule, judgeStep] of named) {
    const detail = judgeStep(before, step);
    if (detail !== undefined) return { rule, detail };
  }
  return undefined;
}
