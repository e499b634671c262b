// The product's own decisions, in every situation that the model can bring about (ARCHITECTURE.md, "The model checker").
import { describe, expect, it } from '@jest/globals';
import { scenarios } from './scenarios.ts';
import { search, tellOf } from './search.ts';
import { productMind } from './testing.ts';

/** Fewer states than these mean that a search does not search any more. Together they are more than 90 000. */
const atLeast: Readonly<Record<keyof typeof scenarios, number>> = {
  'a first start, seen late': 2000,
  'a plan that changes before the database stands': 3000,
  'plans of a running database': 4000,
  'a disk that cannot grow': 3000,
  'versions and plans at once': 2500,
  'failures and passwords': 2000,
  'a deleted addon, and a new one': 4000,
  'an addon deleted while it is made': 4000,
  'a protected addon deleted while it is made': 2500,
  'a protected addon deleted and taken back': 1500,
  'taken back, and deleted again': 4000,
  'orphans of a standard addon': 4000,
  'from standard to protected': 4000,
  'from protected to standard': 4000,
  'a suspended addon': 1500,
  'children torn and edited by hand': 4000,
  'children deleted by hand': 4000,
  'foreign children': 300,
  'a foreign ScheduledBackup in the way of a plan': 4000,
  'a rival with the same appId': 4000,
  'hours that pass': 4000,
  'a finalizer torn off': 100,
  'suspended in the middle of a switch': 4000,
  'a switch without a database': 4000,
  'a switch, and a restart on an old list': 4000,
  'the end of the namespace': 4000,
  'the end of the namespace at the beginning': 4000,
  'a restart on an old list': 4000,
};

/** MODEL_STATES=100000 looks further than there is time for every day. */
const most = Number(process.env.MODEL_STATES ?? 0);

describe('no step breaks a rule, and every state comes to rest as a fresh create would', () => {
  it.each(Object.entries(scenarios).map(([name, scenario]) => [name, atLeast[name as never], scenario] as const))(
    '%s (at least %i states)',
    (_, states, scenario) => {
      const found = search({ ...scenario, most: Math.max(most, scenario.most) }, productMind());
      expect(tellOf(found)).toMatch(/^no violation in /);
      expect(found.states).toBeGreaterThanOrEqual(states);
    },
    600_000,
  );
});
