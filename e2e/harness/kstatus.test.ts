// The rule of kstatus, row by row.
import { expect, it } from '@jest/globals';
import type { LiveObject } from '../../hack/cluster/client.ts';
import { kstatusOf } from './kstatus.ts';

const conditions = (...states: readonly (readonly [string, string])[]): object => ({
  observedGeneration: 2,
  conditions: states.map(([type, status]) => ({ type, status })),
});

it.each<[string, object, object, string]>([
  ['is being deleted', { deletionTimestamp: '2026-01-02T03:04:05Z' }, conditions(['Ready', 'True']), 'Terminating'],
  ['nobody has looked at, and says so', {}, { observedGeneration: -1 }, 'InProgress'],
  ['nobody has looked at, and does not say so', {}, {}, 'Current'],
  ['was ready before the spec changed', {}, { ...conditions(['Ready', 'True']), observedGeneration: 1 }, 'InProgress'],
  ['is worked on', {}, conditions(['Ready', 'True'], ['Reconciling', 'True']), 'InProgress'],
  ['is stuck', {}, conditions(['Ready', 'False'], ['Stalled', 'True']), 'Failed'],
  ['was stuck', {}, conditions(['Ready', 'True'], ['Stalled', 'False']), 'Current'],
  [
    'is stuck and worked on: the first of the two counts',
    {},
    conditions(['Stalled', 'True'], ['Reconciling', 'True']),
    'Failed',
  ],
  ['is not ready', {}, conditions(['Ready', 'False']), 'InProgress'],
  ['may be ready or not', {}, conditions(['Ready', 'Unknown']), 'InProgress'],
  ['is ready', {}, conditions(['Ready', 'True']), 'Current'],
])('an object that %s', (_, metadata, status, expected) => {
  const object = {
    apiVersion: 'v1',
    kind: 'Any',
    metadata: { name: 'any', uid: 'x', generation: 2, ...metadata },
    status,
  };
  expect(kstatusOf(object as unknown as LiveObject)).toBe(expected);
});
