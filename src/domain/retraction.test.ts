// What an addon goes on claiming of a Cluster that is seen to be gone or to belong to another: nothing.
import { expect, it } from '@jest/globals';
import { labels, protectionFinalizer } from '../api/addon.ts';
import type { Condition } from '../api/kubernetes.ts';
import { decide } from './decide.ts';
import type { Observed } from './observed.ts';
import { retracted } from './retraction.ts';
import { situationOf } from './situation.ts';
import { statusOf } from './status.ts';
import { aCluster, anAddon, changed, observing } from './testing.ts';

const now = Date.UTC(2026, 0, 1);
const types = ['Ready', 'Provisioned', 'CredentialsPublished', 'PlanApplied', 'Connectable', 'Protected', 'Adopted'];
const conditions = types.map((type): Condition => {
  const reason = type === 'Protected' || type === 'Adopted' ? type : 'Running';
  return { type, status: 'True', reason, message: '', lastTransitionTime: '2025-12-01T00:00:00Z' };
});

it.each([
  ['suspended', true, 'handed over'],
  ['suspended', true, 'gone'],
  ['active', false, 'handed over'],
] as const)('an addon that is %s (suspend: %s) claims nothing of a Cluster that is %s', (_, suspend, where) => {
  const addon = { ...anAddon({ mode: 'protected', suspend }), status: { conditions } };
  const own = aCluster(addon);
  const other = { ...own.metadata.labels, [labels.name]: 'next', [labels.uid]: 'next-uid' };
  const cluster = { ...own, metadata: { ...own.metadata, labels: other, ownerReferences: [] } };
  const observed = observing(addon, { cluster: where === 'gone' ? undefined : cluster, livingOwners: ['next-uid'] });
  const status = statusOf(addon, decide(observed, now), {}, now);
  const claimed = status.conditions?.filter((condition) => condition.status === 'True').map(({ type }) => type);
  expect(claimed).toEqual(suspend ? ['Stalled', 'Suspended'] : ['Stalled']);
});

it.each([
  ['handed over', 'protected', 'False'],
  ['handed over', 'standard', undefined],
  ['gone', 'protected', 'False'],
  ['gone', 'standard', undefined],
] as const)('of a Cluster that is %s, in mode %s, Protected is %s', (where, mode, expected) => {
  const sheltered = anAddon({ mode });
  const addon = {
    ...sheltered,
    metadata: { ...sheltered.metadata, finalizers: [protectionFinalizer] },
    status: { conditions },
  };
  const own = aCluster(addon);
  const other = { ...own.metadata.labels, [labels.name]: 'next', [labels.uid]: 'next-uid' };
  const cluster = { ...own, metadata: { ...own.metadata, labels: other, ownerReferences: [] } };
  const observed = observing(addon, { cluster: where === 'gone' ? undefined : cluster, livingOwners: ['next-uid'] });
  const suspended = changed(addon, { suspend: true });
  const status = statusOf(suspended, decide({ ...observed, addon: suspended }, now), {}, now);
  expect(status.conditions?.find(({ type }) => type === 'Protected')?.status).toBe(expected);
});

it.each<readonly [string, Observed['children']['cluster']]>([
  ['is its own', { kind: 'found', object: aCluster(anAddon()) }],
  ['cannot be seen', { kind: 'denied', message: 'no' }],
  ['is not served', { kind: 'notServed', reason: 'CNPGNotInstalled', message: 'no' }],
])('nothing is retracted while the Cluster %s', (_, cluster) => {
  const addon = { ...anAddon(), status: { conditions } };
  expect(retracted(situationOf(observing(addon, { cluster })), { reason: 'Suspended', message: '' })).toEqual({});
});

it('what was never claimed is not retracted', () => {
  const before = { ...anAddon(), status: { conditions: conditions.slice(0, 2) } };
  const why = { reason: 'Suspended', message: '' } as const;
  expect(retracted(situationOf(observing(before)), why)).toEqual({ Provisioned: why });
});
