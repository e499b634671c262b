// The laws of the pace, over the decisions of the model's searches, with every outcome.
import { expect, it } from '@jest/globals';
import { type Pace, paceOf } from '../domain/pace.ts';
import { statusOf } from '../domain/status.ts';
import { brokenLaws } from '../domain/testing-pace.ts';
import { resultsOf } from './comparison.ts';
import { scenarios } from './scenarios.ts';
import { search } from './search.ts';
import { productSubject } from './testing.ts';

it('the laws of the pace hold for every decision of the model, with each write refused and each result of the login', () => {
  const found = new Set<string>();
  const paces: Record<Pace['kind'], number> = { done: 0, again: 0, retry: 0 };
  const product = productSubject();
  const subject: typeof product = {
    ...product,
    decide: (observed, now, sight) => {
      const decision = product.decide(observed, now, sight);
      for (const [what, result] of resultsOf(decision)) {
        const addon = { ...observed.addon, status: statusOf(observed.addon, decision, result, now) };
        const outcome = { kind: 'reported', addon, decision, result, untilCheckUp: () => 0, now } as const;
        const pace = paceOf(outcome);
        paces[pace.kind] += 1;
        for (const law of brokenLaws(outcome, pace)) found.add(`${law}: ${what}`);
      }
      return decision;
    },
  };
  for (const scenario of Object.values(scenarios)) search({ ...scenario, most: 120 }, subject);
  expect([...found]).toEqual([]);
  for (const kind of ['done', 'again', 'retry'] as const) expect(paces[kind]).toBeGreaterThan(300);
});
