// The product's own decisions, in every situation that the model can reach (ARCHITECTURE.md, "The model checker").
import { describe, expect, it } from '@jest/globals';
import { inWords } from './explore.ts';
import { type ChildScenario, scenarios } from './scenarios.ts';
import { search } from './search.ts';
import { productSubject } from './testing.ts';

/** The minimum number of states per search; fewer mean that it is no longer effective. The sum is more than 80 000. */
const atLeast: Readonly<Record<Exclude<keyof typeof scenarios, ChildScenario>, number>> = {
  'a first start, seen late': 2000,
  'a plan that changes before the database is ready': 3000,
  'plans of a running database': 3500,
  'a disk that cannot grow': 3000,
  'versions and plans at once': 2500,
  'versions up and down': 3000,
  'versions of a database that is created': 1000,
  'failures and passwords': 2000,
  'extra Secrets that come and go': 1000,
  'extra Secrets of a database that is adopted, refused': 300,
  'extra Secrets of a database that is adopted': 1000,
  'login roles that come and go': 1000,
  'login roles of a Cluster that vanished': 1000,
  'login roles of a database that is adopted': 1000,
  'a deleted addon, and a new one': 3500,
  'an addon deleted while it is created': 3500,
  'a protected addon deleted while it is created': 2500,
  'a protected addon deleted and its database adopted': 1500,
  'adopted, and deleted again': 3500,
  'orphans of a standard addon': 3500,
  'deleted with --cascade=orphan, and a new one': 3500,
  'deleted with --cascade=orphan, and a restart on an old list': 3500,
  'left behind, and not what is requested': 3500,
  'from standard to protected': 3500,
  'from protected to standard': 3500,
  'a smaller plan, with another manager': 1000,
  'adopted from another manager': 1000,
  'restored with the status of an earlier addon': 1000,
  'a status of a later generation': 1000,
  'a suspended addon': 1500,
  'children edited by hand': 3500,
  'children deleted by hand': 3500,
  'a Cluster that vanished': 3000,
  'a Cluster that vanished, and a new one': 3000,
  'foreign children': 300,
  'a foreign ScheduledBackup in the way of a plan': 3500,
  'a database that another addon takes over': 3000,
  'a rival with the same appId': 3500,
  'hours that pass': 3500,
  'attempts that begin late': 3000,
  'a finalizer removed by hand': 100,
  'suspended in the middle of a switch': 3500,
  'a switch without a database': 3500,
  'a switch, and a restart on an old list': 3500,
  'the end of the namespace': 3500,
  'the end of the namespace at the beginning': 3500,
  'a restart on an old list': 3500,
};

/** The searches of a single child can have few states. */
const statesOf = (name: string): number => (name in atLeast ? atLeast[name as keyof typeof atLeast] : 100);

/** MODEL_STATES=100000 searches further than the default. */
const most = Number(process.env.MODEL_STATES ?? 0);

describe('no step breaks a rule, and every state converges to that of a fresh create', () => {
  it.each(Object.entries(scenarios).map(([name, scenario]) => [name, statesOf(name), scenario] as const))(
    '%s (at least %i states)',
    (_, states, scenario) => {
      const found = search({ ...scenario, most: Math.max(most, scenario.most) }, productSubject());
      expect(inWords(found)).toMatch(/^no violation in /);
      expect(found.states).toBeGreaterThanOrEqual(states);
    },
    600_000,
  );
});
