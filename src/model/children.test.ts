// Every row of the table of children comes true: some addon makes it, and nothing that holds data may be removed.
import { describe, expect, it } from '@jest/globals';
import { children, roles } from '../domain/children.ts';
import { Canonical } from './canonical.ts';
import { FairRuns } from './fair.ts';
import { creationOf } from './scenarios.ts';
import { emptyState, live } from './state.ts';
import { productSubject } from './testing.ts';
import { afterStep } from './user.ts';

describe.each(roles)('%s', (role) => {
  it('is made', () => {
    const fair = new FairRuns(productSubject(), new Canonical());
    const nobody = emptyState({ steps: [], late: [], lag: 0, expandable: true }, { steps: 0, resyncs: 0, travels: 0 });
    expect(live(fair.settle(nobody), role)).toBeUndefined();
    const made = fair.settle(afterStep(nobody, creationOf[role].standard));
    expect(live(made, role)).toBeDefined();
  });
});

it.each(['cluster', 'urlSecret'] as const)(
  '%s, which holds data or lets an application in, is never removed',
  (role) => {
    expect(children[role].removable).toBe(false);
  },
);
