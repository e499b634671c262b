// What could be restored, from the recovery window of the plugin and from what a login said of the archiver.
import { describe, expect, it } from '@jest/globals';
import type { PostgresAddon } from '../../api/addon.ts';
import { needs } from '../needs.ts';
import { situationOf } from '../situation.ts';
import { targetOf } from '../target.ts';
import { changed, testPlatform, testTime } from '../testing.ts';
import { isVerdict } from '../verdict.ts';
import { serverNameOf } from './archive.ts';
import { isArchiverDue } from './archiving.ts';
import {
  backupOf,
  backupReady,
  completes,
  created,
  ends,
  inForce,
  look,
  noBackup,
  platform,
  reasonOf,
  round,
  untilLook,
  type World,
} from './testing.ts';

describe('what is left of the recovery window', () => {
  const now = Date.parse('2026-03-01T00:00:00Z');
  /** The lineage's first base backup was completed that long ago, and the oldest one that is left. */
  const left = (first: string, oldest: string, retentionSince = '2026-01-01T00:00:00Z'): World => {
    const world = inForce();
    const [lineage] = backupOf(world)?.lineages ?? [];
    if (lineage === undefined) throw new Error('no lineage');
    const lineages = [{ ...lineage, since: first }];
    const backup = { ...backupOf(world), lineages, retention: '7d', retentionSince };
    const { addon, objectStore } = completes(world);
    if (objectStore === undefined) throw new Error('no ObjectStore');
    const window = { firstRecoverabilityPoint: oldest, lastSuccessfulBackupTime: '2026-02-28T23:00:00Z' };
    const status = { serverRecoveryWindow: { [lineage.serverName]: window } };
    return {
      ...world,
      backup: noBackup,
      addon: { ...addon, status: { ...addon.status, backup } },
      objectStore: { ...objectStore, status },
    };
  };

  it.each([
    ['2026-02-21T23:00:00Z', '2026-02-21T23:00:00Z', 'InForce'],
    ['2026-01-01T00:00:00Z', '2026-02-22T00:00:00Z', 'InForce'],
    ['2026-01-01T00:00:00Z', '2026-02-22T01:00:00Z', 'InForce'],
    ['2026-01-01T00:00:00Z', '2026-02-22T01:00:00.001Z', 'WindowShorterThanRetention'],
    ['2026-02-22T00:00:00Z', '2026-02-28T00:00:00Z', 'WindowShorterThanRetention'],
    ['2026-02-22T00:00:01Z', '2026-02-28T00:00:00Z', 'InForce'],
    ['nonsense', '2026-02-28T00:00:00Z', 'InForce'],
  ])('backups since %s, the oldest one left of %s: %s', (first, oldest, reason) => {
    const seen = round(left(first, oldest), now);
    expect([reasonOf(seen), backupOf(seen)?.effective]).toEqual([reason, 'daily']);
    expect(backupOf(seen)?.lineages?.[0]).toMatchObject({ since: first, from: oldest });
  });

  it('is not missed as long as the retention has not been that long', () => {
    const given = ['2026-01-01T00:00:00Z', '2026-02-28T00:00:00Z'] as const;
    expect(reasonOf(round(left(...given, '2026-02-22T00:00:00Z'), now))).toBe('WindowShorterThanRetention');
    expect(reasonOf(round(left(...given, '2026-02-22T00:00:01Z'), now))).toBe('InForce');
    const longer = left(...given);
    const raised = round({ ...longer, addon: changed(longer.addon, { backup: { retention: '8d' } }) }, now);
    expect([reasonOf(raised), backupOf(raised)?.retention, backupOf(raised)?.retentionSince]).toEqual([
      'InForce',
      '8d',
      '2026-03-01T00:00:00Z',
    ]);
  });

  it('is nothing if the plugin finds no base backup any more, and another one is made', () => {
    const { objectStore, ...world } = inForce();
    if (objectStore === undefined) throw new Error('no ObjectStore');
    const windows = { [serverNameOf(world.cluster) ?? '']: {} };
    const seen = round({ ...world, objectStore: { ...objectStore, status: { serverRecoveryWindow: windows } } });
    expect([reasonOf(seen), backupOf(seen)?.effective]).toEqual(['FirstBackupPending', 'none']);
    expect(backupOf(seen)).not.toHaveProperty('recoveryWindow');
    expect(seen.made).toEqual([`${serverNameOf(world.cluster)}-first`]);
  });

  it('is what the Backup says if the plugin missed it, until the plugin reports it', () => {
    const world = round(created());
    const [name = ''] = world.made;
    const { objectStore } = world;
    if (objectStore === undefined) throw new Error('no ObjectStore');
    const windows = { [serverNameOf(world.cluster) ?? '']: { lastFailedBackupTime: '2026-01-02T03:02:00Z' } };
    const missed = { ...world, objectStore: { ...objectStore, status: { serverRecoveryWindow: windows } } };
    const completed = ends(missed, name, { phase: 'completed', stoppedAt: '2026-01-02T03:03:00Z' });
    const told = round(completed);
    expect(told.wrote).toEqual(['create ScheduledBackup']);
    expect([reasonOf(told), backupOf(told)?.effective]).toEqual(['InForce', 'daily']);
    expect(backupOf(told)?.recoveryWindow?.from).toBe('2026-01-02T03:03:00Z');
    // It is read each time, but while the database is not ready, when what was told holds.
    expect(needs(look(told), testTime).backup).toBe(name);
    expect(backupOf(round({ ...told, backup: { kind: 'unread' } }))).toEqual(backupOf(told));
    expect(backupOf(round({ ...told, backup: noBackup }))?.effective).toBe('none');
    expect(round(told).wrote).toEqual([]);
    const reported = completes(told, '2026-01-02T03:03:00Z');
    expect(backupOf(round(reported))?.effective).toBe('daily');
    expect(needs(look(reported), testTime).backup).toBeUndefined();
  });
});

it('a login is asked for soon if only the Backup tells that one is due, and the credentials were not read', () => {
  const base = inForce();
  const since = { status: 'True' as const, message: '', lastTransitionTime: '2026-01-02T03:00:00Z' };
  const others = base.addon.status?.conditions?.filter(({ type }) => !/^(Connectable|Credentials)/.test(type)) ?? [];
  const conditions = [
    ...others,
    { type: 'CredentialsPublished', reason: 'Published', ...since },
    { type: 'Connectable', reason: 'LoggedIn', ...since },
  ];
  const { recoveryWindow: _, ...backup } = backupOf(base) ?? {};
  const lineages = backup.lineages?.map(({ serverName }) => ({ serverName }));
  const { currentPrimary: primary, readyCondition } = base.cluster?.status ?? {};
  const proven = {
    credentials: { sourceVersion: '30', secretUID: 'url-uid' },
    primary,
    readySince: readyCondition?.lastTransitionTime,
  };
  const status = { ...base.addon.status, ...proven, conditions, backup: { ...backup, archiving: 'unknown', lineages } };
  const addon = { ...base.addon, status } as PostgresAddon;
  const objectStore = base.objectStore && { ...base.objectStore, status: { serverRecoveryWindow: {} } };
  const on = { ...platform, connectionCheck: 'Required' } as const;
  const completed = { phase: 'completed', stoppedAt: '2026-01-02T03:00:00Z' };
  const world = ends({ ...base, addon, objectStore, on }, `${backup.serverName}-first`, completed);
  expect(needs({ ...look(world), backup: { kind: 'unread' } }, testTime)).toMatchObject({ source: false });
  expect(untilLook(world)).toBe(1000);
  const after = round(world);
  expect(needs(look({ ...after, backup: { kind: 'unread' } }), testTime)).toMatchObject({ source: true });
});

describe('what a login said of the archiver', () => {
  const told = (archiving: 'ok' | 'late', world: World = inForce()): World => {
    const { addon } = world;
    const backup = {
      ...backupOf(world),
      archiving,
      recoveryWindow: { from: '2026-01-02T03:00:00Z', to: '2026-01-02T03:01:00Z' },
    };
    const conditions = [
      ...(addon.status?.conditions ?? []).filter(({ type }) => type !== 'Connectable'),
      {
        type: 'Connectable',
        status: 'True' as const,
        reason: 'LoggedIn',
        message: '',
        lastTransitionTime: '2026-01-02T03:00:00Z',
      },
    ];
    return { ...world, addon: { ...addon, status: { ...addon.status, backup, conditions } } };
  };

  const on = { ...platform, connectionCheck: 'Required' } as const;

  it('holds while logins succeed', () => {
    expect(backupOf(round({ ...told('ok'), on }))).toMatchObject({
      archiving: 'ok',
      recoveryWindow: { to: '2026-01-02T03:01:00Z' },
    });
    const late = round({ ...told('late'), on });
    expect([reasonOf(late), backupOf(late)?.effective]).toEqual(['ArchivingFailing', 'none']);
    expect(backupReady(late)?.message).toContain('store "main"; the last one was archived at 2026-01-02T03:01:00Z');
    const { addon } = told('late');
    const backup = { ...addon.status?.backup, recoveryWindow: { from: '2026-01-02T03:00:00Z' } };
    const never = round({ ...told('late'), on, addon: { ...addon, status: { ...addon.status, backup } } });
    expect(backupReady(never)?.message).toMatch(/to object store "main"$/);
  });

  it('is no longer claimed when there are no more logins', () => {
    const off = { ...platform, connectionCheck: 'Off' } as const;
    for (const archiving of ['ok', 'late'] as const) {
      const seen = round({ ...told(archiving), on: off });
      expect([reasonOf(seen), backupOf(seen)?.archiving, backupOf(seen)?.effective]).toEqual([
        'InForce',
        'idle',
        'daily',
      ]);
      expect(backupOf(seen)?.recoveryWindow).toEqual({ from: '2026-01-02T03:00:00Z' });
    }
  });

  it('is not known any more some time after the last WAL file, unless logins go on', () => {
    const { addon, ...rest } = told('ok');
    const conditions = addon.status?.conditions?.map((one) =>
      one.type === 'Connectable' ? { ...one, status: 'False' as const, reason: 'LoginPending' } : one,
    );
    const pending = { ...addon, status: { ...addon.status, conditions } } as PostgresAddon;
    const world = { ...rest, addon: pending, on };
    const suspended = { ...rest, addon: changed(addon, { suspend: true }), on };
    expect(backupOf(round({ ...told('ok'), on }, Date.parse('2026-01-02T09:00:00Z')))?.archiving).toBe('ok');
    expect(backupOf(round(suspended, Date.parse('2026-01-02T09:00:00Z')))?.archiving).toBe('unknown');
    const minutes = (count: number): number => Date.parse('2026-01-02T03:01:00Z') + count * 60_000;
    expect(backupOf(round(world, minutes(35)))?.archiving).toBe('ok');
    expect(backupOf(round(world, minutes(35) + 1))).toMatchObject({ archiving: 'unknown', effective: 'daily' });
    const s = situationOf(look(world));
    const target = targetOf(s);
    if (isVerdict(target)) throw new Error(target.message);
    expect([0, 1].map((more) => isArchiverDue(s, target, minutes(35) + more))).toEqual([false, true]);
  });

  it('is not known any more once they fail, or nothing is asked', () => {
    const { addon, ...world } = told('ok');
    const conditions = addon.status?.conditions?.map((one) =>
      one.type === 'Connectable' ? { ...one, status: 'False' as const, reason: 'LoginFailed' } : one,
    );
    const failed = { ...world, addon: { ...addon, status: { ...addon.status, conditions } } } as World;
    expect(backupOf(round({ ...failed, on }))?.archiving).toBe('unknown');
    expect(backupOf(round({ ...told('ok'), on: { ...testPlatform, connectionCheck: 'Required' } }))?.archiving).toBe(
      'unknown',
    );
  });
});
