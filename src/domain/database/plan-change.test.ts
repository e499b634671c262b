// The steps of a change: what they are called, and whether they restart the instances.
import { describe, expect, it } from '@jest/globals';
import { type AddonSpec, type AddonStatus, annotations, type PlanChange, type PostgresAddon } from '../../api/addon.ts';
import type { Cluster } from '../../api/cnpg.ts';
import type { Platform } from '../observed.ts';
import {
  aCluster,
  aRunningAddon,
  aVolume,
  but,
  changed,
  observing,
  observingAll,
  testPlatform,
  think,
} from '../testing.ts';

const { plans } = testPlatform;
const url = 'postgresql://app:secret@db-team-a-shop-rw.team-a:5432/app';
const running = aRunningAddon();
const volumes = { kind: 'found', object: [aVolume()] } as const;
const o = but(observingAll(running, url), { volumes });
const previewing = (addon: PostgresAddon, plan: string): PostgresAddon => {
  return { ...addon, metadata: { ...addon.metadata, annotations: { [annotations.preview]: plan } } };
};
const previewOf = (addon: PostgresAddon, plan: string, platform: Platform = testPlatform) =>
  think(but(o, { addon: previewing(addon, plan), cluster: aCluster(running), platform })).status.preview;

describe('a change of', () => {
  it.each<readonly [string, Partial<(typeof plans)['pro']>, readonly string[], boolean]>([
    ['the number of instances', { instances: 2 }, ['instances 1 2', 'synchronous off on'], false],
    ['the memory', { memory: '4Gi' }, ['memory 1Gi 4Gi'], true],
    ['the disk', { storage: '20Gi' }, ['storage 10Gi 20Gi'], false],
    ['the buffers', { sharedBuffers: '1GB' }, ['shared_buffers 256MB 1GB'], true],
    ['the connections', { maxConnections: 200 }, ['max_connections 100 200'], true],
    ['the backups', { backup: 'pitr' }, ['backup daily pitr'], false],
  ])('%s', (_, profile, steps, restart) => {
    const preview = previewOf(running, 'pro', {
      ...testPlatform,
      plans: { ...plans, pro: { ...plans.standard, ...profile } },
    });
    expect(preview?.steps?.map(({ what, from, to }) => `${what} ${from} ${to}`)).toEqual(steps);
    expect(preview?.restart).toBe(restart);
    expect(preview).not.toHaveProperty('message');
  });

  it.each<readonly [string, Partial<AddonSpec>, Partial<Platform>, object]>([
    ['the version', { version: '18' }, {}, { what: 'version', from: '17', to: '18' }],
    [
      'the form of the image',
      {},
      { imagePattern: 'r.example/pg:{version}', imageRollout: 'Now' },
      { what: 'image', from: testPlatform.imagePattern, to: 'r.example/pg:{version}' },
    ],
  ])('%s', (_, spec, platform, step) => {
    const { planChange } = think(
      but(o, { addon: changed(running, spec), platform: { ...testPlatform, ...platform } }),
    ).status;
    expect(planChange).toMatchObject({ steps: [step], restart: true });
  });

  it('a plan with replicas to one without ends the synchronous replication', () => {
    const pro = aRunningAddon({ plan: 'pro' });
    const { preview } = think(but(observingAll(previewing(pro, 'standard'), url), { volumes })).status;
    expect(preview?.steps).toContainEqual({ what: 'synchronous', from: 'on', to: 'off' });
  });
});

describe('a preview', () => {
  it('includes what is asked for beside the plan', () =>
    expect(previewOf(changed(running, { version: '18' }), 'pro')?.steps).toContainEqual({
      what: 'version',
      from: '17',
      to: '18',
    }));

  it('quotes 40 characters of what is no plan', () =>
    expect(previewOf(running, 'x'.repeat(100))?.plan).toHaveLength(40));

  it('of a Cluster whose image somebody removed names the image', () => {
    const cluster = aCluster(running);
    const { imageName: _, ...spec } = cluster.spec;
    const { preview } = think(but(o, { addon: previewing(running, 'pro'), cluster: { ...cluster, spec } })).status;
    expect(preview?.steps).toContainEqual({ what: 'image', from: 'none', to: testPlatform.imagePattern });
  });
});

describe('a change in progress', () => {
  const before: PlanChange = {
    from: 'free',
    to: 'standard',
    steps: [],
    restart: true,
    diskKept: false,
    state: 'Applying',
  };
  const applying = { type: 'PlanApplied', status: 'False', reason: 'Applying', message: '' } as const;
  const conditions = [{ ...applying, lastTransitionTime: '2026-01-02T03:04:05Z' }];
  const inProgress = (more: Partial<AddonStatus>): PostgresAddon => ({
    ...running,
    status: { ...running.status, conditions, ...more },
  });
  const edited = { ...aCluster(running), spec: { ...aCluster(running).spec, instances: 2 } };
  const changeOf = (addon: PostgresAddon, cluster: Cluster = edited) =>
    think(observing(addon, { cluster, volumes })).status.planChange;

  it('continues with its second write', () =>
    expect(changeOf(inProgress({ planChange: before }))).toMatchObject({ from: 'free', to: 'standard', steps: [] }));

  it.each<readonly [string, PostgresAddon, string, string]>([
    [
      'ends with the request of another plan',
      changed(inProgress({ planChange: before }), { plan: 'pro' }),
      'standard',
      'pro',
    ],
    [
      'begins again if its first write was refused',
      inProgress({ plan: 'free', planChange: before }),
      'free',
      'standard',
    ],
  ])('%s', (_, addon, from, to) => {
    const change = changeOf(addon);
    expect(change).toMatchObject({ from, to });
    expect(change?.steps).toContainEqual(expect.objectContaining({ what: 'instances', from: '2' }));
  });

  it('that was applied stays so in a Cluster that takes the place of another one', () => {
    const planChange = { ...before, state: 'Applied' } as const;
    const addon = { ...running, status: { ...running.status, planChange } };
    expect(think(observing(addon)).status.planChange).toEqual(planChange);
  });

  it('is none where the Cluster has everything that is asked for', () =>
    expect(changeOf(inProgress({}), aCluster(running))).toBeUndefined());
});
