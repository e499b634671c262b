// What status says of a database: where it is reached, whether it is ready, and what became of a change.
import { describe, expect, it } from '@jest/globals';
import type { PostgresAddon } from '../../api/addon.ts';
import type { Cluster } from '../../api/cnpg.ts';
import {
  aCluster,
  altering,
  anAddon,
  aRunningAddon,
  aVolume,
  but,
  changed,
  observing,
  observingAll,
  testPlatform,
  think,
} from '../testing.ts';

const url = 'postgresql://app:secret@db-team-a-shop-rw.team-a:5432/app';
const { plans } = testPlatform;
const withInstances = (instances: number) => {
  const platform = { ...testPlatform, plans: { ...plans, pro: { ...plans.pro, instances } } };
  return think(observing(anAddon({ plan: 'pro' }), { platform })).status.endpoints;
};

it('a database has an endpoint for reading where it has replicas', () => {
  const primary = 'db-team-a-shop-rw.team-a:5432';
  expect(withInstances(1)).toEqual({ primary });
  expect(withInstances(2)).toEqual({ primary, readOnly: 'db-team-a-shop-ro.team-a:5432' });
});

const conditionOf = (o: Parameters<typeof think>[0], type: string) =>
  think(o).status.conditions?.find((condition) => condition.type === type);
const resized = (cluster: Cluster, instances: number | undefined): Cluster => {
  const { instances: _, ...spec } = cluster.spec;
  const status = { ...cluster.status, readyInstances: instances ?? 1 };
  return { ...cluster, spec: { ...spec, ...(instances === undefined ? {} : { instances }) }, status };
};

describe('a database is provisioned', () => {
  const addon = aRunningAddon({ plan: 'pro' });
  const single = resized(aCluster(addon), 1);
  const defaulted = resized(aCluster(addon), undefined);
  const suspended = (given: PostgresAddon): PostgresAddon => changed(given, { suspend: true });

  it.each<readonly [string, PostgresAddon, Cluster, string]>([
    ['not with fewer instances than the plan has', addon, single, 'Provisioning'],
    ['as it is while suspended', suspended(addon), single, 'ClusterHealthy'],
    ['as it is while suspended, with one instance by default', suspended(addon), defaulted, 'ClusterHealthy'],
    ['as admission allows', altering(addon, single), single, 'ClusterHealthy'],
    ['as admission allows, with one instance by default', altering(addon, defaulted), defaulted, 'ClusterHealthy'],
  ])('%s', (_, given, cluster, reason) =>
    expect(conditionOf(observing(given, { cluster }), 'Provisioned')?.reason).toBe(reason),
  );
});

describe('a change that admission cuts', () => {
  const before = aRunningAddon();
  const asked = changed(before, { plan: 'pro' });
  const wanted = aCluster(asked);
  const volumes = { kind: 'found', object: [aVolume()] } as const;
  const capped = { ...wanted, spec: { ...wanted.spec, resources: aCluster(before).spec.resources ?? {} } };
  const given = (addon: PostgresAddon) => but(observingAll(addon, url), { cluster: capped, volumes });

  it('is listed as a change', () =>
    expect(think(given(altering(asked, capped))).status.planChange).toMatchObject({ from: 'standard', to: 'pro' }));

  it('is not listed while suspended', () =>
    expect(think(given(altering(changed(before, { plan: 'pro', suspend: true }), capped))).status).not.toHaveProperty(
      'planChange',
    ));

  it('is none if the plan is the same', () => {
    const pro = aRunningAddon({ plan: 'pro' });
    expect(think(given(altering(pro, capped))).status).not.toHaveProperty('planChange');
  });
});

it('a plan with a smaller disk is not applied before the database was ever ready', () => {
  const addon = anAddon({ plan: 'free' });
  const cluster = aCluster(addon, { phase: 'Setting up primary', readyInstances: 0 });
  const larger = { ...cluster, spec: { ...cluster.spec, storage: { size: '50Gi' } } };
  expect(conditionOf(observing(addon, { cluster: larger }), 'PlanApplied')).toMatchObject({
    status: 'False',
    reason: 'Creating',
  });
});

describe('a version that cannot be applied is named', () => {
  it('beside the change that is applied', () => {
    const addon = changed(aRunningAddon(), { plan: 'pro', version: '16' });
    const applied = conditionOf(observing(addon, { cluster: aCluster(anAddon()) }), 'PlanApplied');
    expect(applied).toMatchObject({
      reason: 'Applying',
      message: expect.stringMatching(/^plan pro.*; spec.version "16" is lower than 17/),
    });
  });

  it('instead of the creation, which it holds up', () => {
    const addon = anAddon({ version: '16' });
    const cluster = aCluster(anAddon(), { phase: 'Setting up primary', readyInstances: 0, dataMajor: 17 });
    expect(conditionOf(observing(addon, { cluster }), 'PlanApplied')?.reason).toBe('DowngradeRefused');
  });
});
