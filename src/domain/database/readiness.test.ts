// What somebody set on the Cluster that keeps CNPG from running it is named, instead of waiting for CNPG.
import { describe, expect, it } from '@jest/globals';
import {
  type Cluster,
  fencingAnnotation,
  hibernationAnnotation,
  podSpecAnnotation,
  reconciliationAnnotation,
} from '../../api/cnpg.ts';
import { decide } from '../decide.ts';
import {
  aCluster,
  anAddon,
  aRunningAddon,
  but,
  changed,
  manifestOf,
  observing,
  observingAll,
  think,
} from '../testing.ts';
import { cnpgReport, reconciliationDisabled } from './readiness.ts';

const addon = aRunningAddon({ plan: 'pro' });
const annotated = (cluster: Cluster, annotations: Readonly<Record<string, string>>): Cluster => ({
  ...cluster,
  metadata: { ...cluster.metadata, annotations: { ...cluster.metadata.annotations, ...annotations } },
});

describe('with an instance missing', () => {
  const down = aCluster(addon, { readyInstances: 2 });
  it.each([
    [hibernationAnnotation, 'on', 'Hibernated', /remove the annotation to start its instances/],
    [reconciliationAnnotation, 'disabled', 'ReconciliationDisabled', /remove the annotation/],
    [fencingAnnotation, '["*"]', 'InstancesFenced', /all instances .* remove the annotation/],
    [fencingAnnotation, '["db-team-a-shop-1"]', 'InstancesFenced', /1 instance\(s\)/],
    [fencingAnnotation, '[]', 'Provisioning', /waiting for CloudNativePG/],
    [fencingAnnotation, 'not JSON', 'Provisioning', /waiting for CloudNativePG/],
    [fencingAnnotation, '{"a":1}', 'Provisioning', /waiting for CloudNativePG/],
    [reconciliationAnnotation, 'enabled', 'Provisioning', /waiting for CloudNativePG/],
  ])('%s: %s is %s', (annotation, value, reason, words) => {
    const { ready } = decide(observing(addon, { cluster: annotated(down, { [annotation]: value }) }), 0);
    expect(ready).toMatchObject({ reason, message: expect.stringMatching(words) });
  });
});

it('a Cluster whose pods CNPG does not restart is named while a change waits for them, and its database is not called down', () => {
  const running = aRunningAddon({ plan: 'standard' });
  const asked = { ...changed(running, { plan: 'pro' }) };
  const kept = { [podSpecAnnotation]: 'disabled' };
  const before = annotated(aCluster(running), kept);
  const written = think(but(observingAll(asked, 'u'), { cluster: before }));
  const change = manifestOf(written.actions, 'cluster');
  const after = { ...before, spec: change.spec as typeof before.spec };
  const waiting = annotated(after, { ...kept, ...(change.metadata.annotations as Record<string, string>) });
  const { status } = think(
    but(observingAll({ ...asked, status: written.status }, 'u'), {
      cluster: { ...waiting, status: { ...before.status, readyInstances: 3 } },
    }),
  );
  expect(status.conditions?.find(({ type }) => type === 'PlanApplied')).toMatchObject({
    reason: 'ReconciliationDisabled',
    message: expect.stringContaining(`${podSpecAnnotation}: disabled`),
  });
  expect(status.conditions?.find(({ type }) => type === 'Provisioned')?.reason).toBe('ClusterHealthy');
});

it('what CNPG does not do is said with the annotation that stops it', () => {
  const cluster = aCluster(addon);
  expect(reconciliationDisabled(annotated(cluster, { [reconciliationAnnotation]: 'disabled' })).message).toBe(
    'CloudNativePG ignores Cluster db-team-a-shop (annotation cnpg.io/reconciliationLoop: disabled); remove the annotation',
  );
  expect(reconciliationDisabled(annotated(cluster, { [podSpecAnnotation]: 'disabled' })).message).toBe(
    'CloudNativePG does not restart the pods of Cluster db-team-a-shop (annotation cnpg.io/reconcilePodSpec: disabled); remove the annotation',
  );
});

it.each([
  ['nothing', {}, 'CloudNativePG has not reported anything yet'],
  ['a phase', { phase: 'Failing over' }, 'CloudNativePG reports "Failing over"'],
  ['a reason', { phase: 'Failing over', phaseReason: 'x' }, 'CloudNativePG reports "Failing over" (x)'],
])('what CNPG reports is quoted: %s', (_, status, words) => {
  expect(cnpgReport({ ...aCluster(addon), status })).toBe(words);
});

it('a long reason is cut to 500 characters', () => {
  const [, quoted = ''] = cnpgReport({
    ...aCluster(addon),
    status: { phase: 'p', phaseReason: 'x'.repeat(600) },
  }).split('(');
  expect(quoted).toHaveLength('x'.repeat(500).length + ')'.length);
});

describe('while CNPG ignores the Cluster', () => {
  const ignored = annotated(aCluster(addon), { [reconciliationAnnotation]: 'disabled' });
  const applied = (generation: number) => ({
    type: 'PlanApplied',
    status: 'True' as const,
    reason: 'Applied',
    message: 'plan pro',
    observedGeneration: generation,
    lastTransitionTime: '2026-01-02T03:04:05Z',
  });
  const withPlan = (generation: number) => ({
    ...addon,
    metadata: { ...addon.metadata, generation: 2 },
    status: { ...addon.status, conditions: [applied(generation)] },
  });

  it('a plan that was applied before stays so', () =>
    expect(decide(observing(withPlan(2), { cluster: ignored }), 0).conditions.PlanApplied?.reason).toBe('Applied'));
  it('a later request is not claimed to be applied', () =>
    expect(decide(observing(withPlan(1), { cluster: ignored }), 0).conditions.PlanApplied?.reason).toBe(
      'ReconciliationDisabled',
    ));
  it('nor is a plan that was never applied', () =>
    expect(decide(observing(anAddon({ plan: 'pro' }), { cluster: ignored }), 0).conditions.PlanApplied?.reason).toBe(
      'ReconciliationDisabled',
    ));
});
