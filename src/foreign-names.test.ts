// Texts of others select rows of tables. A name that every object inherits must be as unknown as any other.
import { describe, expect, it } from '@jest/globals';
import type { PostgresAddon } from './api/addon.ts';
import { managersOf } from './api/managed-fields.ts';
import { measure } from './controller/measure.ts';
import { phaseMeaning } from './domain/database/cnpg-phase.ts';
import { defaultPlans, planToResources } from './domain/database/plans.ts';
import { nanos } from './domain/quantity.ts';
import { aCluster, anAddon, annotations, aRunningAddon, observing, think } from './domain/testing.ts';
import { verdictOf } from './domain/verdict.ts';
import { errorFromResponse } from './kube/errors.ts';
import { Metrics } from './runtime/metrics.ts';

const names = Object.getOwnPropertyNames(Object.prototype);

describe.each(names)('the name %s', (name) => {
  const condition = {
    type: 'Ready',
    status: 'False',
    reason: name,
    message: name,
    lastTransitionTime: '2026-01-02T03:04:05Z',
  } as const;
  const types = ['Ready', 'Reconciling', 'Stalled', 'PlanApplied', 'EndOfLife', 'Connectable', 'Protected'] as const;
  const conditions = types.map((type) => ({ ...condition, type }));

  it('is in no table', () => {
    expect(phaseMeaning(name)).toBe('working');
    expect(planToResources(defaultPlans, name)).toBeUndefined();
    expect(verdictOf(condition)).toBeUndefined();
    expect(nanos(`1${name}`)).toBeUndefined();
    expect(errorFromResponse(500, JSON.stringify({ kind: 'Status', reason: name, message: name })).reason).toBe(name);
    const metadata = { ...anAddon().metadata, managedFields: [{ manager: 'm', fieldsV1: { 'f:spec': {} } }] };
    expect(managersOf({ ...anAddon(), metadata } as never, [name])).toEqual([]);
  });

  it('is decided about like any other: as phase of a Cluster, plan, preview, version, image, and in status', () => {
    const withName = (text: string) => {
      const running = aRunningAddon({ plan: 'free' });
      const metadata = { ...running.metadata, annotations: { [annotations.preview]: text } };
      const written = conditions.map((one) => ({ ...one, reason: text, message: text }));
      const addon = { ...running, metadata, status: { ...running.status, conditions: written } } as PostgresAddon;
      const cluster = aCluster(addon, { phase: text, phaseReason: text });
      const asked = { ...addon, spec: { ...addon.spec, plan: text as never, version: text } };
      const edited = { ...cluster, spec: { ...cluster.spec, imageName: text } };
      return [
        think(observing(addon, { cluster })),
        think(observing(asked, { cluster })),
        think(observing(addon, { cluster: edited })),
      ].map(({ status, actions }) => JSON.stringify({ status, actions }).replaceAll(text, 'x'));
    };
    expect(withName(name)).toEqual(withName('anotherName'));
  });

  it('is counted', async () => {
    const metrics = new Metrics({ version: '0' });
    const addon = anAddon(
      {},
      { phase: name as never, image: name, conditions: conditions.map((one) => ({ ...one, status: name as never })) },
    );
    measure(metrics, {
      caches: {
        everyAddon: () => [addon][Symbol.iterator](),
        sizes: () => ({}),
        unconfirmedSeconds: () => ({}),
        unseen: () => 0,
      },
      queue: { longestRunningSeconds: () => 0, spinning: 0 },
      elector: { isLeader: () => true },
      output: { droppedLines: 0 },
      imagePattern: 'r.example/pg:{version}',
      operator: 'a/b',
      schema: { missing: [] },
    } as never);
    const text = await metrics.text();
    expect(text).toContain(`postgres_addon_addons{phase="${name}"} 1`);
    expect(text).toContain(`postgres_addon_addons_ready{status="${name}"} 1`);
    expect(text).toContain(`postgres_addon_end_of_life{reason="${name}"} 1`);
  });
});
