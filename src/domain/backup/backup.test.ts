// The life of the backups of one addon, round by round: what is written in which order, and what is claimed.
import { describe, expect, it } from '@jest/globals';
import { annotations } from '../../api/addon.ts';
import { barmanPlugin } from '../../api/barman.ts';
import type { Cluster } from '../../api/cnpg.ts';
import type { KubeObject } from '../../api/kubernetes.ts';
import type { Platform } from '../observed.ts';
import { withReadyAt } from '../recorded.ts';
import { anAddon, aStore, changed, refusing, summary, testPlatform, testTime, think } from '../testing.ts';
import { serverNameOf } from './archive.ts';
import {
  backupOf,
  completes,
  created,
  ends,
  inForce,
  look,
  platform,
  reasonOf,
  round,
  settles,
  untilLook,
  type World,
} from './testing.ts';

describe('a new database', () => {
  it('gets its store before the Cluster that names it, and no schedule yet', () => {
    const { wrote, cluster, objectStore } = created();
    expect(wrote).toEqual(['create ObjectStore', 'create Cluster']);
    expect(cluster?.spec.plugins).toEqual([
      {
        name: barmanPlugin,
        enabled: true,
        isWALArchiver: true,
        parameters: { barmanObjectName: objectStore?.metadata.name, serverName: serverNameOf(cluster) },
      },
    ]);
    expect(serverNameOf(cluster)).toMatch(/^db-team-a-shop-[0-9a-f]{8}$/);
  });

  it('claims nothing before the first base backup, which is made once, and then the schedule begins', () => {
    const first = created();
    expect([reasonOf(first), backupOf(first)?.effective]).toEqual(['FirstBackupPending', 'none']);
    const second = round(first);
    const name = `${serverNameOf(first.cluster)}-first`;
    expect(second.made).toEqual([name]);
    const running = round(ends(second, name, { phase: 'started' }));
    expect([running.wrote, reasonOf(running)]).toEqual([[], 'FirstBackupPending']);
    // The event of its end can be lost.
    expect([untilLook(first), untilLook(running)]).toEqual([15_000, 15_000]);
    const done = round(completes(running));
    expect(done.wrote).toEqual(['create ScheduledBackup']);
    expect(done.scheduledBackup?.spec).toMatchObject({ suspend: false, target: 'primary', method: 'plugin' });
    expect(reasonOf(done)).toBe('InForce');
    const place = { store: 'main', destinationPath: 's3://backups/team-a' };
    const from = '2026-01-02T03:00:00Z';
    const serverName = serverNameOf(first.cluster);
    expect(backupOf(done)).toEqual({
      requested: 'daily',
      effective: 'daily',
      schedule: '0 37 2 * * *',
      ...place,
      retention: '7d',
      retentionSince: '2026-01-02T03:04:05Z',
      serverName,
      archiving: 'idle',
      nextTime: '2026-01-03T02:37:00Z',
      lastSuccessTime: from,
      recoveryWindow: { from },
      lineages: [{ serverName, version: '17', ...place, since: from, from }],
    });
    expect(round(done).wrote).toEqual([]);
    expect(backupOf(round(done, testTime + 60_000))).toEqual(backupOf(done));
  });

  it('is created without an archive if its store is refused, and gets one once it is not', () => {
    const o = look({ addon: anAddon() });
    const { decision } = think(o);
    const { actions = [], conditions } = decision.withoutStore ?? {};
    expect(summary(actions)).toEqual(['create ObjectStore', 'create Cluster', 'create ScheduledBackup']);
    const cluster = actions.find(({ child }) => child === 'cluster');
    expect(cluster?.verb === 'create' && (cluster.manifest.spec as Cluster['spec']).plugins).toBeUndefined();
    expect(conditions?.Provisioned?.reason).toBe('Creating');
    const { status } = think({ ...o }, refusing('objectStore', 'QuotaExceeded'));
    expect(status.conditions?.find(({ type }) => type === 'BackupReady')?.reason).toBe('QuotaExceeded');
  });
});

it('what is observed of backups is reported although the Secret is refused, but not what only a refused Cluster would have', () => {
  const before = inForce();
  const { cluster } = before;
  if (cluster === undefined) throw new Error('no Cluster');
  const archiving = {
    status: 'False',
    reason: '',
    message: 'exit status 2',
    lastTransitionTime: '2026-01-02T03:04:02Z',
  };
  const failing = { ...before, cluster: { ...cluster, status: { ...cluster.status, archiving } } };
  const { status } = think(look(failing), refusing('urlSecret'));
  expect([status.backup?.effective, status.backup?.archiving]).toEqual(['none', 'failing']);
  const other = aStore({ destination: 's3://elsewhere' });
  const moving = { ...before, on: { ...platform, stores: { defaultStore: 'main', stores: { main: other } } } };
  const { status: refused } = think(look(moving), refusing('cluster', 'Refused', 'apply'));
  expect(refused.backup).toEqual(backupOf(before));
});

describe('the second container of an instance', () => {
  const previewing = (world: World, plan: string) => {
    const metadata = { ...world.addon.metadata, annotations: { [annotations.preview]: plan } };
    return round({ ...world, addon: { ...world.addon, metadata } }).addon.status?.preview;
  };

  it('counts as memory in status.resources, and as a restart in the preview of a change that adds or removes it', () => {
    const before = inForce();
    expect(before.addon.status?.resources?.sidecarMemory).toBe('512Mi');
    expect(previewing(before, 'free')).toMatchObject({
      restart: true,
      steps: expect.arrayContaining([{ what: 'sidecarMemory', from: '512Mi', to: 'none' }]),
    });
    expect(JSON.stringify(previewing(before, 'pro'))).not.toContain('sidecarMemory');
    const free = round(settles(round({ ...before, addon: changed(before.addon, { plan: 'free' }) })));
    expect(free.addon.status?.resources).not.toHaveProperty('sidecarMemory');
    expect(previewing(free, 'standard')).toMatchObject({
      restart: true,
      steps: expect.arrayContaining([{ what: 'sidecarMemory', from: 'none', to: '512Mi' }]),
    });
  });

  it('keeps its size in status while the store is withdrawn, whatever the plan says then', () => {
    const { plans } = platform;
    const standard = { ...plans.standard, sidecarMemory: { request: '256Mi', limit: '1Gi' } };
    const withdrawn = round({ ...inForce(), on: { ...testPlatform, plans: { ...plans, standard } } });
    expect(withdrawn.addon.status?.resources?.sidecarMemory).toBe('512Mi');
  });

  const resized = (sidecarMemory: { readonly request: string; readonly limit: string }): Platform => {
    const { plans } = platform;
    return { ...platform, plans: { ...plans, standard: { ...plans.standard, sidecarMemory } } };
  };
  const conditionOf = ({ addon }: World, wanted: string) =>
    addon.status?.conditions?.find(({ type }) => type === wanted);
  const running = (): World => {
    const begun = inForce();
    return round(settles({ ...begun, addon: withReadyAt(begun.addon, '2026-01-02T03:04:00Z') }));
  };

  it('gets another size in the same round as the Cluster is made to read it', () => {
    const larger = round({ ...inForce(), on: resized({ request: '256Mi', limit: '1Gi' }) });
    expect(larger.wrote).toEqual(['apply ObjectStore', 'apply Cluster']);
    expect(round(settles(larger)).wrote).toEqual([]);
  });

  it('gets another size by a restart that is reported until the instances are back', () => {
    const before = running();
    expect(conditionOf(before, 'PlanApplied')?.reason).toBe('Applied');
    const larger = round({ ...before, on: resized({ request: '256Mi', limit: '1Gi' }) });
    for (const world of [larger, round(larger)]) {
      expect(conditionOf(world, 'PlanApplied')).toMatchObject({
        reason: 'Applying',
        message: expect.stringContaining('restarting the instances'),
      });
      expect(conditionOf(world, 'Provisioned')?.status).toBe('False');
      expect(world.addon.status?.planChange).toMatchObject({
        from: 'standard',
        to: 'standard',
        steps: [{ what: 'sidecarMemory', from: '512Mi', to: '1Gi' }],
        restart: true,
        state: 'Applying',
      });
    }
    const back = round(settles(larger));
    expect([back.wrote, conditionOf(back, 'PlanApplied')?.reason]).toEqual([[], 'Applied']);
    expect(back.addon.status?.planChange?.state).toBe('Applied');
  });

  it('is not waited for if the Cluster is told later than its ObjectStore: CNPG may have restarted the instances before', () => {
    const before = running();
    const on = resized({ request: '256Mi', limit: '1Gi' });
    const { objectStore } = round({ ...before, on });
    const told = round({ ...before, objectStore, on });
    expect(told.wrote).toEqual(['apply Cluster']);
    expect(conditionOf(round(told), 'PlanApplied')?.reason).toBe('Applied');
  });

  it('is not waited for once the platform team has taken it back before anything restarted', () => {
    const before = running();
    const larger = round({ ...before, on: resized({ request: '256Mi', limit: '1Gi' }) });
    const back = round({ ...larger, on: platform });
    expect(back.wrote).toEqual(['apply ObjectStore', 'apply Cluster']);
    expect(conditionOf(round(back), 'PlanApplied')?.reason).toBe('Applied');
  });

  it('is not changed where status does not tell its size, as with an older CRD', () => {
    const { addon, ...others } = running();
    const { sidecarMemory: _, ...resources } = addon.status?.resources ?? {};
    const untold = { ...addon, status: { ...addon.status, resources } } as typeof addon;
    expect(round({ ...others, addon: untold }).addon.status).not.toHaveProperty('planChange');
  });

  it('restarts nothing with other settings of the store', () => {
    const before = running();
    const store = aStore({ wal: { compression: 'zstd' } });
    const on = { ...platform, stores: { defaultStore: 'main', stores: { main: store } } };
    const other = round({ ...before, on });
    expect(other.wrote).toEqual(['apply ObjectStore', 'apply Cluster']);
    expect([conditionOf(other, 'PlanApplied')?.reason, other.addon.status?.planChange]).toEqual(['Applied', undefined]);
  });
});

describe('bad input', () => {
  it.each([
    [{ schedule: '30 2 * * *' }, 'spec.backup.schedule "30 2 * * *" has 5 fields'],
    [{ storeRef: { name: 'x' } }, 'spec.backup.storeRef.name "x" is not an object store'],
    [{ retention: '1000d' }, 'spec.backup.retention "1000d" is not possible'],
  ])('%j creates nothing, and is told; a database that exists stays as it is', (backup, words) => {
    const { wrote, addon } = round({ addon: anAddon({ backup }) });
    expect(wrote).toEqual([]);
    expect(addon.status?.conditions?.find(({ type }) => type === 'Ready')).toMatchObject({
      reason: 'InvalidSpec',
      message: expect.stringContaining(words),
    });
    const before = inForce();
    const after = round({ ...before, addon: changed(before.addon, { backup }) });
    expect(after.wrote).toEqual([]);
    expect(reasonOf(after)).toBe('InvalidSpec');
    expect(after.addon.status?.conditions?.find(({ type }) => type === 'Provisioned')?.reason).toBe('ClusterHealthy');
  });
});

describe('what stands in the way', () => {
  const begun = inForce();
  const before = { ...begun, addon: withReadyAt(begun.addon, '2026-01-02T03:04:00Z') };
  const { cluster, objectStore, scheduledBackup } = before;
  if (cluster === undefined || objectStore === undefined || scheduledBackup === undefined) throw new Error('not all');
  const other = { apiVersion: 'example.com/v1', kind: 'Other', name: 'other', uid: 'other', controller: true };
  const foreign = <T extends KubeObject>(child: T): T => ({
    ...child,
    metadata: { ...child.metadata, ownerReferences: [other] },
  });
  const phase = 'Cluster cannot proceed to reconciliation due to an unknown plugin being required';

  it.each<readonly [string, string, World]>([
    ['an ObjectStore of somebody else', 'NameConflict', { ...before, objectStore: foreign(objectStore) }],
    ['a ScheduledBackup of somebody else', 'NameConflict', { ...before, scheduledBackup: foreign(scheduledBackup) }],
    [
      'a plugin that does not respond',
      'PluginUnavailable',
      { ...before, cluster: { ...cluster, status: { ...cluster.status, phase } } },
    ],
    [
      'a plugin that was never there',
      'PluginMissing',
      { ...begun, cluster: { ...cluster, status: { ...cluster.status, phase } } },
    ],
    [
      'an addon that is suspended before the schedule was made',
      'Suspended',
      { ...before, scheduledBackup: undefined, addon: changed(before.addon, { suspend: true }) },
    ],
  ])('is named, and left as it is: %s', (_, reason, world) => {
    const next = round(world);
    expect([next.wrote, reasonOf(next)]).toEqual([[], reason]);
  });

  it('is not deleted when backups stop, if it belongs to somebody else', () => {
    const free = { ...before, addon: changed(before.addon, { plan: 'free' }) };
    expect(round({ ...free, scheduledBackup: foreign(scheduledBackup) }).wrote).toEqual(['apply Cluster']);
  });
});

describe('the schedule', () => {
  const done = inForce();
  const next = '2026-01-03T02:37:00Z';

  it('tells its next time before CNPG does', () => {
    expect(backupOf(round(done))?.nextTime).toBe(next);
  });

  it('has no next time if somebody else has written one that is none', () => {
    const { scheduledBackup } = done;
    if (scheduledBackup === undefined) throw new Error('no ScheduledBackup');
    const addon = changed(done.addon, { backup: { schedule: 'never' } });
    const spec = { ...scheduledBackup.spec, schedule: 'whenever' };
    const broken = round({ ...done, addon, scheduledBackup: { ...scheduledBackup, spec } });
    expect(backupOf(broken)).not.toHaveProperty('nextTime');
  });

  it('is overdue after the oldest backup that is known if the plugin reports none', () => {
    const { objectStore } = done;
    if (objectStore === undefined) throw new Error('no ObjectStore');
    const silent = { ...done, objectStore: { ...objectStore, status: { serverRecoveryWindow: {} } } };
    expect(reasonOf(round(silent, Date.parse('2026-01-20T03:00:00Z')))).toBe('BackupOverdue');
  });

  it('is overdue two hours after a base backup that was not made, until one is', () => {
    const late = Date.parse('2026-01-03T04:37:00.001Z');
    expect(reasonOf(round(done, late - 1))).toBe('InForce');
    const overdue = round(done, late);
    const message = overdue.addon.status?.conditions?.find(({ type }) => type === 'BackupReady')?.message;
    expect([reasonOf(overdue), message]).toEqual(['BackupOverdue', `the base backup of ${next} has not been made`]);
    expect(backupOf(overdue)?.effective).toBe('daily');
    const made = completes(overdue, '2026-01-03T04:37:02Z');
    expect(reasonOf(round(made, late + 2000))).toBe('InForce');
  });
});
