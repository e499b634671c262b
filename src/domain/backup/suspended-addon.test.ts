// The backups of a suspended addon: reported, and nothing is done for them.
import { describe, expect, it } from '@jest/globals';
import { type AddonStatus, annotations } from '../../api/addon.ts';
import type { Platform } from '../observed.ts';
import { anAddon, aStore, changed } from '../testing.ts';
import { serverNameOf } from './archive.ts';
import { backupOf, ends, inForce, platform, reasonOf, round, type World } from './testing.ts';

describe('a suspended addon', () => {
  const before = inForce();
  const failing = { status: 'False', reason: '', message: 'exit status 2', lastTransitionTime: '2026-01-02T03:04:02Z' };
  const suspended = (spec: object, archiving?: typeof failing): World => ({
    ...before,
    addon: changed(before.addon, { suspend: true, ...spec }),
    cluster: before.cluster && {
      ...before.cluster,
      status: { ...before.cluster.status, ...(archiving && { archiving }) },
    },
  });

  it('claims what is observed now, of the plan that was applied', () => {
    const broken = round(suspended({ plan: 'pro' }, failing));
    expect([broken.wrote, reasonOf(broken)]).toEqual([[], 'StoreUnreachable']);
    expect(backupOf(broken)).toEqual({ ...backupOf(before), effective: 'none', archiving: 'failing' });
    const mended = { ...broken, cluster: before.cluster };
    expect(backupOf(round(mended))).toEqual(backupOf(before));
  });

  it('tells a base backup that has failed', () => {
    const lastFailure = { time: '2026-01-02T03:05:00Z', message: 'exit status 2', backup: 'scheduled' };
    const end = { phase: 'failed', error: lastFailure.message, stoppedAt: lastFailure.time };
    const failed = round(ends(suspended({}), lastFailure.backup, end));
    expect(backupOf(failed)).toMatchObject({ ...backupOf(before), lastFailure });
  });

  it.each([{}, { plan: 'pro' }, { plan: 'free' }, { backup: { schedule: '@weekly' } }])(
    'claims the same with %j',
    (spec) => {
      expect(backupOf(round(suspended(spec)))).toEqual(backupOf(before));
    },
  );

  it.each([
    ['is still asked of this archive', platform.stores, 'ok'],
    ['is no longer asked, since it is to move', { defaultStore: 'b', stores: { b: aStore() } }, 'unknown'],
  ] as const)('claims what a login has said as long as that %s', (_, stores, archiving) => {
    const recoveryWindow = { from: '2026-01-02T03:00:00Z', to: '2026-01-02T03:01:00Z' };
    const backup = { ...backupOf(before), archiving: 'ok', recoveryWindow } as const;
    const { addon, ...world } = suspended({});
    const on: Platform = { ...platform, stores, connectionCheck: 'Required' };
    const seen = round({ ...world, on, addon: { ...addon, status: { ...addon.status, backup } } });
    expect(backupOf(seen)).toEqual({ ...backup, archiving });
  });
});

describe('an addon that was suspended before its status was written', () => {
  const resting = (world: World): World => ({ ...world, addon: changed(world.addon, { suspend: true }) });

  it.each<NonNullable<AddonStatus['backup']>>([
    { requested: 'none', effective: 'none' },
    { lineages: [{ serverName: 'db-team-a-shop-0' }] },
  ])('claims no backups that it has not recorded: %j', (backup) => {
    const { addon, ...world } = inForce();
    const seen = round(resting({ ...world, addon: { ...addon, status: { ...addon.status, backup } } }));
    expect(reasonOf(seen)).toBe('Suspended');
    expect(backupOf(seen)).toMatchObject(backup);
    expect(round(seen).addon.status).toEqual(seen.addon.status);
  });

  it('reports the lineage of the Cluster that there is, not an earlier one', () => {
    const { cluster, ...world } = inForce();
    const [plugin] = cluster?.spec.plugins ?? [];
    if (cluster === undefined || plugin === undefined) throw new Error('no archive');
    const plugins = [{ ...plugin, parameters: { ...plugin.parameters, serverName: 'db-team-a-shop-1' } }];
    const seen = round(resting({ ...world, cluster: { ...cluster, spec: { ...cluster.spec, plugins } } }));
    expect(backupOf(seen)).toMatchObject({ serverName: 'db-team-a-shop-1', effective: 'none' });
    expect(backupOf(seen)?.lineages?.map(({ serverName, until }) => [serverName, until === undefined])).toEqual([
      ['db-team-a-shop-1', true],
      [serverNameOf(cluster), false],
    ]);
  });
});

it('a suspended addon whose Cluster belongs to somebody else claims no backups', () => {
  const { cluster, ...world } = inForce();
  if (cluster === undefined) throw new Error('no Cluster');
  const { labels: _, ownerReferences: __, annotations: ___, ...metadata } = cluster.metadata;
  const foreign = { ...cluster, metadata: { ...metadata, uid: 'other' } };
  const next = round({ ...world, cluster: foreign, addon: changed(world.addon, { suspend: true }) });
  expect(backupOf(next)?.effective).toBe('none');
});

it('a suspended addon of which only lineages are known says no more', () => {
  const lineages = [{ serverName: 'db-team-a-shop-0', from: '2026-01-01T00:00:00Z' }];
  const { addon, ...world } = inForce();
  const restored = { ...changed(addon, { suspend: true }), status: { ...addon.status, backup: { lineages } } };
  expect(backupOf(round({ ...world, addon: restored }))).toEqual({ lineages });
  const metadata = { ...restored.metadata, annotations: { [annotations.backupNow]: 'one' } };
  const asked = round({ ...world, addon: { ...restored, metadata } });
  expect(backupOf(asked)).toEqual({ lineages, now: expect.objectContaining({ result: 'Refused' }) });
});

describe('a suspended addon that is asked for a base backup', () => {
  it('refuses it in words, whether or not its plan has backups', () => {
    for (const world of [inForce(), round({ addon: anAddon({ plan: 'free' }) })]) {
      const addon = changed(world.addon, { suspend: true });
      const asked = { ...addon, metadata: { ...addon.metadata, annotations: { [annotations.backupNow]: 'one' } } };
      const next = round({ ...world, addon: asked });
      expect(next.wrote).toEqual([]);
      expect(backupOf(next)?.now).toMatchObject({ request: 'one', result: 'Refused', message: expect.any(String) });
      expect(round(next).addon.status).toEqual(next.addon.status);
    }
  });
});
