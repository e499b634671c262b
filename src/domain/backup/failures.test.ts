// What is said of backups that fail or cannot be seen, and what clears it.
import { describe, expect, it } from '@jest/globals';
import { annotations } from '../../api/addon.ts';
import { alterationOf } from '../alteration.ts';
import { summary, testTime, think } from '../testing.ts';
import { serverNameOf } from './archive.ts';
import {
  backupOf,
  completes,
  created,
  ends,
  inForce,
  look,
  noBackup,
  reasonOf,
  round,
  untilLook,
  type World,
} from './testing.ts';

describe('a first backup that fails', () => {
  const first = created();
  const name = `${serverNameOf(first.cluster)}-first`;
  const failed = round(
    ends(round(first), name, { phase: 'failed', error: 'exit status 4', stoppedAt: '2026-01-02T03:04:00Z' }),
  );

  it('is named, and made again under another name after a growing wait', () => {
    expect(reasonOf(failed)).toBe('StoreRefused');
    expect(backupOf(failed)?.lastFailure).toEqual({
      time: '2026-01-02T03:04:00Z',
      message: 'exit status 4',
      backup: name,
    });
    const waiting = { ...failed, backup: noBackup };
    expect(round(waiting, Date.parse('2026-01-02T03:04:59Z')).made).toEqual([]);
    expect(untilLook(waiting, Date.parse('2026-01-02T03:04:59.999Z'))).toBe(1);
    expect(round(waiting, Date.parse('2026-01-02T03:05:00Z')).made).toEqual([`${name}-2`]);
    const again = round(
      ends(waiting, `${name}-2`, { phase: 'failed', error: 'exit status 4', stoppedAt: '2026-01-02T03:06:00Z' }),
      Date.parse('2026-01-02T03:06:00Z'),
    );
    expect(round({ ...again, backup: noBackup }, Date.parse('2026-01-02T03:07:59Z')).made).toEqual([]);
    expect(round({ ...again, backup: noBackup }, Date.parse('2026-01-02T03:08:00Z')).made).toEqual([`${name}-3`]);
  });

  it('has the time when it was seen first, if it tells neither time nor reason', () => {
    const seen = round(ends(round(first), name, { phase: 'failed' }));
    const lastFailure = { time: '2026-01-02T03:04:05Z', message: 'no reason given', backup: name };
    expect(backupOf(seen)?.lastFailure).toEqual(lastFailure);
    expect(backupOf(round(seen, testTime + 60_000))?.lastFailure).toEqual(lastFailure);
  });

  it('keeps its number when the plugin reports the failure as well', () => {
    const { objectStore } = failed;
    if (objectStore === undefined) throw new Error('no ObjectStore');
    const windows = { [serverNameOf(failed.cluster) ?? '']: { lastFailedBackupTime: '2026-01-02T03:04:30Z' } };
    const waiting = {
      ...failed,
      backup: noBackup,
      objectStore: { ...objectStore, status: { serverRecoveryWindow: windows } },
    };
    const next = round(waiting, Date.parse('2026-01-02T03:04:59Z'));
    expect([next.made, backupOf(next)?.lastFailure?.backup]).toEqual([[], name]);
  });

  it('is made again at once when archiving works again, and its failure is forgotten after a success', () => {
    const archiving = { status: 'True', reason: '', message: '', lastTransitionTime: '2026-01-02T03:04:02Z' };
    const { cluster } = failed;
    if (cluster === undefined) throw new Error('no Cluster');
    const mended = { ...failed, backup: noBackup, cluster: { ...cluster, status: { ...cluster.status, archiving } } };
    expect(round(mended, Date.parse('2026-01-02T03:04:03Z')).made).toEqual([`${name}-2`]);
    const done = round(completes(mended, '2026-01-02T03:05:00Z'));
    expect([reasonOf(done), backupOf(done)?.lastFailure]).toEqual(['InForce', undefined]);
  });
});

describe('the clock of an instance that is ahead', () => {
  it('delays no attempt of the first base backup', () => {
    const first = created();
    const name = `${serverNameOf(first.cluster)}-first`;
    const failed = ends(round(first), name, { phase: 'failed', error: 'x', stoppedAt: '2026-03-02T03:04:00Z' });
    const waiting = { ...round(failed), backup: noBackup };
    expect(backupOf(waiting)?.lastFailure?.time).toBe('2026-01-02T03:04:05Z');
    expect(round(waiting, testTime + 61_000).made).toEqual([`${name}-2`]);
  });

  it('leaves no failure that no success can clear', () => {
    const world = inForce();
    const { addon } = world;
    const backup = { ...backupOf(world), lastFailure: { time: '2027-01-02T03:04:00Z', message: 'x' } };
    const next = round({ ...world, addon: { ...addon, status: { ...addon.status, backup } } });
    expect([reasonOf(next), backupOf(next)?.lastFailure]).toEqual(['InForce', undefined]);
  });
});

describe('a failure that only CNPG reports', () => {
  const failing = (reason: string, status = 'False'): World => {
    const { cluster, ...world } = inForce();
    const lastBackup = { status, reason, message: 'read: EOF', lastTransitionTime: '2026-01-02T02:03:00Z' };
    const lastFailedBackup = '2026-01-02T03:03:00Z';
    return {
      ...world,
      cluster: cluster && { ...cluster, status: { ...cluster.status, lastBackup, lastFailedBackup } },
    };
  };

  it('is named, until a base backup is completed after it', () => {
    const failed = round(failing('LastBackupFailed'));
    expect([reasonOf(failed), backupOf(failed)?.lastFailure]).toEqual([
      'BackupFailed',
      { time: '2026-01-02T03:03:00Z', message: 'read: EOF' },
    ]);
    expect(round(failed).addon.status).toEqual(failed.addon.status);
    expect(reasonOf(round(completes(failed, '2026-01-02T03:04:00Z')))).toBe('InForce');
  });

  it('is news again when another one fails, although the condition has been False since', () => {
    const failed = round(failing('LastBackupFailed'));
    const { cluster } = failed;
    const status = cluster && { ...cluster.status, lastFailedBackup: '2026-01-02T03:04:00Z' };
    const again = round({ ...failed, cluster: cluster && status && { ...cluster, status } });
    expect(backupOf(again)?.lastFailure?.time).toBe('2026-01-02T03:04:00Z');
  });

  it.each(['BackupStarted', 'LastBackupSucceeded'])('is none with the reason %s', (reason) =>
    expect(reasonOf(round(failing(reason)))).toBe('InForce'),
  );

  it('is none of the lineage before it was completed', () => {
    expect(reasonOf(round(completes(failing('LastBackupFailed'), '2026-01-02T03:03:30Z')))).toBe('InForce');
  });
});

describe('a Backup that cannot be read now', () => {
  it('is read again soon, also one that somebody has just asked for', () => {
    const unavailable = { kind: 'unavailable', retryAfterSeconds: 60 } as const;
    const { addon, ...world } = inForce();
    const metadata = { ...addon.metadata, annotations: { [annotations.backupNow]: 'one' } };
    const o = look({ ...world, addon: { ...addon, metadata }, backup: unavailable });
    expect(think(o).pace).toMatchObject({ kind: 'retry', atLeastMilliseconds: 60_000 });
    const soon = { kind: 'unavailable', retryAfterSeconds: 0 } as const;
    expect(think({ ...o, backup: soon }).pace).toMatchObject({ kind: 'retry', atLeastMilliseconds: 15_000 });
  });
});

describe('a Backup that may not be read', () => {
  it('is named as a permission that is missing, as long as it is awaited', () => {
    const denied = { kind: 'denied', message: 'grant it' } as const;
    const waiting = round({ ...round(created()), backup: denied });
    expect([reasonOf(waiting), waiting.made, backupOf(waiting)?.effective]).toEqual(['Forbidden', [], 'none']);
    expect(reasonOf(round({ ...inForce(), backup: denied }))).toBe('InForce');
  });
});

describe('an ObjectStore that the API server stores otherwise', () => {
  const world = inForce();
  const { objectStore, addon } = world;
  if (objectStore === undefined) throw new Error('no ObjectStore');
  const capped = { ...objectStore, spec: { ...(objectStore.spec as object), retentionPolicy: '3d' } };

  it('is written once, named as long as it is so, and status has the retention that applies', () => {
    const o = look({ ...world, objectStore: capped });
    const [write] = think(o).actions;
    expect(summary(think(o).actions)).toEqual(['apply ObjectStore']);
    if (write?.verb !== 'apply') throw new Error('no write');
    const altered = alterationOf(write.manifest, capped);
    const { status } = think(o, { altered: { objectStore: altered } } as Parameters<typeof think>[1]);
    const next = round({ ...world, objectStore: capped, addon: { ...addon, status } });
    expect([next.wrote, reasonOf(next), backupOf(next)?.retention]).toEqual([[], 'ChangedOnAdmission', '3d']);
    expect(round(next).addon.status).toEqual(next.addon.status);
  });
});

describe('what belongs to somebody else', () => {
  it('an ObjectStore: nothing of it is claimed', () => {
    const world = inForce();
    const { objectStore } = world;
    if (objectStore === undefined) throw new Error('no ObjectStore');
    const { labels: _, ownerReferences: __, ...metadata } = objectStore.metadata;
    const next = round({ ...world, objectStore: { ...objectStore, metadata } });
    expect([reasonOf(next), backupOf(next)?.effective]).toEqual(['NameConflict', 'none']);
  });

  it('a Cluster: no backups are in force', () => {
    const world = inForce();
    const { cluster } = world;
    if (cluster === undefined) throw new Error('no Cluster');
    const { labels: _, ownerReferences: __, annotations: ___, ...metadata } = cluster.metadata;
    const next = round({ ...world, cluster: { ...cluster, metadata: { ...metadata, uid: 'other' } } });
    expect([reasonOf(next), backupOf(next)?.effective]).toEqual(['NameConflict', 'none']);
    expect(backupOf(next)?.lineages).toEqual(backupOf(world)?.lineages);
    expect(round(next).addon.status).toEqual(next.addon.status);
  });
});

describe('a failure that the plugin reports', () => {
  /** @param reason of CNPG; absent: it has said nothing */
  const failedAt = (world: World, time: string, reason?: string): World => {
    const { cluster, objectStore } = world;
    if (cluster === undefined || objectStore === undefined) throw new Error('no Cluster or ObjectStore');
    const serverName = serverNameOf(cluster) ?? '';
    const { serverRecoveryWindow: windows } = objectStore.status;
    const lastBackup = reason && { status: 'False', reason, message: `${reason} of CNPG`, lastTransitionTime: time };
    const failed = { ...windows[serverName], lastFailedBackupTime: time };
    return {
      ...world,
      objectStore: { ...objectStore, status: { serverRecoveryWindow: { ...windows, [serverName]: failed } } },
      cluster: { ...cluster, status: { ...cluster.status, ...(lastBackup && { lastBackup }) } },
    };
  };

  it('does not count the attempts of the first base backup, whatever its clock says', () => {
    const first = round(created());
    const [name = ''] = first.made;
    // The plugin reports it before CNPG does, by a clock that is ahead.
    const early = round(failedAt(ends(first, name, { phase: 'started' }), '2026-01-02T03:09:00Z', 'BackupStarted'));
    expect([reasonOf(early), backupOf(early)?.lastFailure]).toEqual(['FirstBackupPending', undefined]);
    const failed = round(ends(early, name, { phase: 'failed', error: 'exit status 4' }));
    expect(backupOf(failed)?.lastFailure).toMatchObject({ message: 'exit status 4', backup: name });
    const later = round({ ...failed, backup: noBackup });
    expect(backupOf(later)).toEqual(backupOf(failed));
  });

  const at = Date.parse('2026-01-02T03:10:00Z');

  it('is not known yet by a clock that is ahead, and then stays', () => {
    const early = round(failedAt(inForce(), '2026-01-02T03:09:00Z', 'LastBackupFailed'));
    expect([reasonOf(early), backupOf(early)?.lastFailure]).toEqual(['InForce', undefined]);
    const told = round(early, at);
    expect([reasonOf(told), reasonOf(round(told, at))]).toEqual(['BackupFailed', 'BackupFailed']);
  });

  it('is named with the words of CNPG once it has some', () => {
    const started = round(failedAt(inForce(), '2026-01-02T03:09:00Z', 'BackupStarted'), at);
    expect([reasonOf(started), backupOf(started)?.lastFailure]).toEqual(['InForce', undefined]);
    const told = round(failedAt(started, '2026-01-02T03:09:00Z', 'LastBackupFailed'), at);
    expect(reasonOf(told)).toBe('BackupFailed');
    const lastFailure = { time: '2026-01-02T03:09:00Z', message: 'LastBackupFailed of CNPG' };
    expect(backupOf(told)?.lastFailure).toEqual(lastFailure);
    expect(backupOf(round(failedAt(told, '2026-01-02T03:09:00Z', 'Again'), at))?.lastFailure).toEqual(lastFailure);
    const silent = round(failedAt(inForce(), '2026-01-02T03:09:00Z'), at);
    expect(backupOf(silent)?.lastFailure?.message).toBe('no reason given');
  });

  it.each([
    ['2026-01-02T03:08:59Z', 'BackupFailed'],
    ['2026-01-02T03:09:00Z', 'BackupFailed'],
    ['2026-01-02T03:09:01Z', 'InForce'],
  ])('counts until a later base backup was completed: of one at %s, the reason is %s', (time, reason) => {
    const told = round(failedAt(inForce(), '2026-01-02T03:09:00Z', 'LastBackupFailed'), at);
    // The Backup may tell before the plugin does.
    expect(reasonOf(round(ends(told, 'scheduled', { phase: 'completed', stoppedAt: time }), at))).toBe(reason);
    expect(reasonOf(round(ends(told, 'scheduled', { phase: 'started', stoppedAt: time }), at))).toBe('BackupFailed');
    const reported = round(failedAt(completes(told, time), '2026-01-02T03:09:00Z', 'LastBackupFailed'), at);
    expect(reasonOf(reported)).toBe(reason);
    expect(backupOf(reported)?.lastFailure).toEqual(reason === 'InForce' ? undefined : backupOf(told)?.lastFailure);
  });
});
