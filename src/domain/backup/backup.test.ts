// The life of the backups of one addon, round by round: what is written in which order, and what is claimed.
import { describe, expect, it } from '@jest/globals';
import { type AddonStatus, annotations, labels, type PostgresAddon, projectAddon } from '../../api/addon.ts';
import { type ObjectStore, projectObjectStore } from '../../api/barman.ts';
import { type Backup, barmanPlugin, type Cluster, type ScheduledBackup } from '../../api/cnpg.ts';
import type { KubeObject, Manifest } from '../../api/kubernetes.ts';
import { cut } from '../../api/text.ts';
import { alterationOf } from '../alteration.ts';
import { needs } from '../needs.ts';
import type { Observed, Platform } from '../observed.ts';
import { withReadyAt } from '../recorded.ts';
import { situationOf } from '../situation.ts';
import { targetOf } from '../target.ts';
import {
  aCluster,
  anAddon,
  aStore,
  aVolume,
  changed,
  defined,
  observing,
  refusing,
  summary,
  testPlatform,
  testTime,
  think,
} from '../testing.ts';
import { transitions } from '../transitions.ts';
import { isVerdict } from '../verdict.ts';
import { serverNameOf } from './archive.ts';
import { isArchiverDue } from './archiving.ts';

const platform: Platform = { ...testPlatform, stores: { defaultStore: 'main', stores: { main: aStore() } } };
const volumes = { kind: 'found', object: [aVolume()] } as const;
const noBackup = { kind: 'absent' } as const;

interface World {
  readonly addon: PostgresAddon;
  readonly cluster?: Cluster | undefined;
  readonly objectStore?: ObjectStore | undefined;
  readonly scheduledBackup?: ScheduledBackup | undefined;
  readonly backup?: Observed['backup'];
  readonly on?: Platform;
}

const look = ({ addon, cluster, objectStore, scheduledBackup, backup = noBackup, on = platform }: World): Observed => {
  const o = { ...observing(addon, { cluster, objectStore, scheduledBackup, platform: on, volumes }), backup };
  return needs(o, testTime).live ? { ...o, live: { kind: 'found', object: addon } } : o;
};

const stored = (manifest: Manifest, uid: string) => ({
  ...manifest,
  metadata: {
    ...manifest.metadata,
    uid,
    resourceVersion: '1',
    labels: defined(manifest.metadata.labels),
    annotations: defined(manifest.metadata.annotations),
  },
});

/** One round: all writes succeed, and the status is written. */
function round(
  world: World,
  now = testTime,
): World & { readonly wrote: readonly string[]; readonly made: readonly string[] } {
  const o = look(world);
  const { actions, status } = think(o, {}, now);
  let next: World = { ...world, addon: { ...world.addon, status: JSON.parse(JSON.stringify(status)) } };
  const made: string[] = [];
  for (const action of actions) {
    if (action.verb === 'delete') next = { ...next, [action.child]: undefined };
    else if (action.child === 'backup') made.push(action.manifest.metadata.name);
    else if (action.child === 'objectStore') {
      const before = next.objectStore;
      const is = projectObjectStore(JSON.parse(JSON.stringify(stored(action.manifest, 'store-uid'))));
      next = { ...next, objectStore: before === undefined ? is : { ...is, status: before.status } };
    } else if (action.child === 'cluster') {
      const { status: before = aCluster(world.addon).status } = world.cluster ?? {};
      next = {
        ...next,
        cluster: { ...(JSON.parse(JSON.stringify(stored(action.manifest, 'cluster-uid'))) as Cluster), status: before },
      };
    } else if (action.child === 'scheduledBackup')
      next = {
        ...next,
        scheduledBackup: { ...(stored(action.manifest, 'backup-uid') as unknown as ScheduledBackup), status: {} },
      };
  }
  return { ...next, wrote: summary(actions), made };
}

/** How long until the next round at most, in milliseconds. */
const untilLook = (world: World, now = testTime) => think(look(world), {}, now).recheckAfter;
const backupOf = ({ addon }: World) => addon.status?.backup;
const backupReady = ({ addon }: World) => addon.status?.conditions?.find(({ type }) => type === 'BackupReady');
const reasonOf = (world: World) => backupReady(world)?.reason;
const ends = (world: World, name: string, status: Backup['status']): World => ({
  ...world,
  backup: {
    kind: 'found',
    object: {
      apiVersion: 'postgresql.cnpg.io/v1',
      kind: 'Backup',
      metadata: { name, namespace: 'team-a', uid: 'b', resourceVersion: '1' },
      status,
    },
  },
});
/** The plugin reports a base backup of the lineage. */
function completes(world: World, time = '2026-01-02T03:00:00Z'): World {
  const serverName = serverNameOf(world.cluster) ?? '';
  const window = { firstRecoverabilityPoint: time, lastSuccessfulBackupTime: time };
  const { objectStore } = world;
  if (objectStore === undefined) throw new Error('no ObjectStore');
  return {
    ...world,
    backup: noBackup,
    objectStore: {
      ...objectStore,
      status: { serverRecoveryWindow: { ...objectStore.status.serverRecoveryWindow, [serverName]: window } },
    },
  };
}
/** CNPG has carried out what was written: every instance is ready again. */
const settles = (world: World): World => {
  const { cluster } = world;
  if (cluster === undefined) return world;
  const at = Date.parse(cluster.status.readyCondition?.lastTransitionTime ?? '2026-01-02T03:00:00Z') + 60_000;
  const readyInstances = cluster.spec.instances ?? 1;
  return {
    ...world,
    cluster: {
      ...cluster,
      status: {
        ...cluster.status,
        readyInstances,
        readyCondition: { status: 'True', lastTransitionTime: new Date(at).toISOString() },
      },
    },
  };
};

const created = (): ReturnType<typeof round> => round({ addon: anAddon() });
const inForce = (): World => round(completes(round(created())));

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
    expect(think(o).decision.recheckAfter).toBe(60_000);
    const soon = { kind: 'unavailable', retryAfterSeconds: 0 } as const;
    expect(think({ ...o, backup: soon }).decision.recheckAfter).toBe(15_000);
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

  it('gets another size in the same round as the Cluster is made to read it', () => {
    const { plans } = platform;
    const standard = { ...plans.standard, sidecarMemory: { request: '256Mi', limit: '1Gi' } };
    const larger = round({ ...inForce(), on: { ...platform, plans: { ...plans, standard } } });
    expect(larger.wrote).toEqual(['apply ObjectStore', 'apply Cluster']);
    expect(round(settles(larger)).wrote).toEqual([]);
  });
});

describe('an archive', () => {
  it('that fails is named, and nothing is claimed to be in force', () => {
    const { cluster, ...world } = inForce();
    if (cluster === undefined) throw new Error('no Cluster');
    const archiving = {
      status: 'False',
      reason: '',
      message: 'exit status 2',
      lastTransitionTime: '2026-01-02T03:04:02Z',
    };
    const failing = round({ ...world, cluster: { ...cluster, status: { ...cluster.status, archiving } } });
    expect([reasonOf(failing), backupOf(failing)?.effective, backupOf(failing)?.archiving]).toEqual([
      'StoreUnreachable',
      'none',
      'failing',
    ]);
    expect(failing.addon.status?.phase).toBe(world.addon.status?.phase);
  });

  it('is another one after the plan had no backups in between, and the last ones are remembered', () => {
    const before = inForce();
    const [first] = backupOf(before)?.lineages ?? [];
    const free = round({ ...before, addon: changed(before.addon, { plan: 'free' }) });
    expect(free.wrote).toEqual(['delete ScheduledBackup', 'apply Cluster']);
    expect(serverNameOf(free.cluster)).toBeUndefined();
    expect(free.objectStore).toBeDefined();
    const rest = round(settles(free));
    expect(backupOf(rest)).toEqual({
      requested: 'none',
      effective: 'none',
      lineages: [{ ...first, until: '2026-01-02T03:04:05Z' }],
    });
    expect(reasonOf(rest)).toBeUndefined();
    const back = round({ ...rest, addon: changed(rest.addon, { plan: 'standard' }) });
    expect(serverNameOf(back.cluster)).toMatch(/^db-team-a-shop-[0-9a-f]{8}$/);
    expect(serverNameOf(back.cluster)).not.toBe(first?.serverName);
    const restarting = round(back);
    expect([restarting.made, backupOf(restarting)?.effective]).toEqual([[], 'none']);
    const ready = round(settles(restarting));
    expect(ready.made).toEqual([`${serverNameOf(back.cluster)}-first`]);
    expect(backupOf(ready)?.lineages?.map(({ serverName }) => serverName)).toEqual([
      serverNameOf(back.cluster),
      first?.serverName,
    ]);
  });

  it('goes on as it is when the platform team withdraws the store, and a new store takes its place', () => {
    const before = inForce();
    const withdrawn = round({ ...before, on: testPlatform });
    expect(withdrawn.wrote).toEqual([]);
    expect([reasonOf(withdrawn), backupOf(withdrawn)?.serverName]).toEqual([
      'NoObjectStore',
      serverNameOf(before.cluster),
    ]);
    expect(backupReady(withdrawn)?.message).toMatch(/so the Cluster goes on writing where it does$/);
    expect(backupReady(round({ addon: anAddon(), on: testPlatform }))?.message).toMatch(/so none are taken$/);
    const moved: Platform = {
      ...testPlatform,
      stores: { defaultStore: 'b', stores: { b: aStore({ destination: 's3://b' }) } },
    };
    // CNPG reads the settings only when the Cluster changes.
    const after = round({ ...before, on: moved });
    expect(after.wrote).toEqual(['apply ObjectStore', 'apply Cluster', 'apply ScheduledBackup']);
    // What is in one place cannot be restored with what is in another one.
    expect(serverNameOf(after.cluster)).not.toBe(serverNameOf(before.cluster));
    const begun = round({ ...after, on: moved });
    expect([reasonOf(begun), backupOf(begun)?.effective]).toEqual(['FirstBackupPending', 'none']);
    expect(backupOf(begun)?.lineages?.map(({ destinationPath }) => destinationPath)).toEqual([
      's3://b/team-a',
      's3://backups/team-a',
    ]);
    expect(begun.made).toEqual([`${serverNameOf(after.cluster)}-first`]);
  });

  it('stays the same one with another address of its store, or another size of the second container', () => {
    const before = inForce();
    const elsewhere = aStore({ endpointURL: 'https://s3.example.com' });
    const on: Platform = { ...testPlatform, stores: { defaultStore: 'main', stores: { main: elsewhere } } };
    const after = round({ ...before, on });
    expect(after.wrote).toEqual(['apply ObjectStore', 'apply Cluster']);
    expect(serverNameOf(after.cluster)).toBe(serverNameOf(before.cluster));
  });

  it('has a name that no earlier one had, however many there were', () => {
    let world: World = inForce();
    const names: (string | undefined)[] = [serverNameOf(world.cluster)];
    for (let turn = 0; turn < 15; turn += 1) {
      const free = round(settles(round({ ...world, addon: changed(world.addon, { plan: 'free' }) })));
      // The plugin forgets the earlier ones.
      const objectStore = free.objectStore && { ...free.objectStore, status: { serverRecoveryWindow: {} } };
      const back = round({ ...free, objectStore, addon: changed(free.addon, { plan: 'standard' }) });
      names.push(serverNameOf(back.cluster));
      world = round(completes(round(settles(round(back)))));
    }
    expect(new Set(names).size).toBe(16);
    expect(names).not.toContain(undefined);
  });

  it('has the same name each time until the Cluster has it, for example while somebody else changes the Cluster all the time', () => {
    const before = inForce();
    const moved: Platform = {
      ...testPlatform,
      stores: { defaultStore: 'b', stores: { b: aStore({ destination: 's3://b' }) } },
    };
    const free = round(settles(round({ ...before, addon: changed(before.addon, { plan: 'free' }) })));
    for (const world of [
      { ...before, on: moved },
      { ...free, addon: changed(free.addon, { plan: 'standard' }) },
    ]) {
      // The Cluster is not written.
      const { objectStore } = round(world);
      let waiting: World = { ...world, objectStore };
      const names: unknown[] = [];
      for (let turn = 0; turn < 3; turn += 1) {
        const { status } = think({ ...look(waiting), repairWaits: { cluster: 60_000 } });
        waiting = { ...waiting, addon: { ...waiting.addon, status: JSON.parse(JSON.stringify(status)) } };
        names.push(status.backup?.lineages?.map(({ serverName }) => serverName));
      }
      expect(names).toEqual([names[0], names[0], names[0]]);
    }
  });

  it('keeps the role of its Clusters while there is no store for it', () => {
    const role = { 'eks.amazonaws.com/role-arn': 'arn' };
    const store = aStore({ serviceAccountAnnotations: role });
    const on: Platform = { ...testPlatform, stores: { defaultStore: 'main', stores: { main: store } } };
    const before = round(completes(round(round({ addon: anAddon(), on }))));
    expect(before.cluster?.spec.serviceAccountTemplate).toEqual({ metadata: { annotations: role } });
    expect(round({ ...before, on: testPlatform }).wrote).toEqual([]);
  });

  it('gets another owner after its Cluster, since with --cascade=orphan the garbage collector may be at work', () => {
    const before = inForce();
    const kept = round({ ...before, addon: changed(before.addon, { mode: 'protected' }) });
    expect(kept.wrote).toEqual(['apply PostgresAddon', 'apply Cluster', 'apply ObjectStore', 'apply ScheduledBackup']);
    expect(kept.objectStore?.metadata.ownerReferences ?? []).toEqual([]);
  });

  it('whose store was deleted gets it again, and then the Cluster is made to look, also after a crash in between', () => {
    const before = inForce();
    const gone = { ...before, objectStore: undefined };
    const mended = round(gone);
    expect(mended.wrote).toEqual(['create ObjectStore', 'apply Cluster']);
    expect(mended.scheduledBackup?.spec.suspend).toBe(false);
    const crashed = { ...mended, cluster: before.cluster };
    expect(round(crashed).wrote).toEqual(['apply Cluster']);
    expect(round(mended).wrote).toEqual([]);
    expect(mended.cluster?.metadata.annotations?.[annotations.objectStore]).toMatch(/\.2$/);
  });
});

describe('an adoption that a crash has cut short after the Cluster', () => {
  /** What the deleted addon has left behind, as if this one had adopted the Cluster alone. */
  function interrupted(spec: Parameters<typeof anAddon>[0] = {}): World {
    const { addon, cluster, objectStore, scheduledBackup } = inForce();
    if (cluster === undefined || objectStore === undefined || scheduledBackup === undefined) throw new Error('not all');
    const left = ({ ownerReferences: _, ...metadata }: KubeObject['metadata']): KubeObject['metadata'] => ({
      ...metadata,
      labels: { ...metadata.labels, [labels.uid]: 'former-uid', [labels.orphaned]: 'true' },
    });
    const { metadata } = cluster;
    const notes = { ...metadata.annotations, [annotations.formerUid]: 'former-uid' };
    const { backup: _, ...status } = addon.status ?? {};
    return {
      addon: { ...anAddon(spec), status },
      cluster: { ...cluster, metadata: { ...metadata, annotations: notes } },
      objectStore: { ...objectStore, metadata: left(objectStore.metadata) },
      scheduledBackup: { ...scheduledBackup, metadata: left(scheduledBackup.metadata) },
    };
  }

  it('is completed in one round: the archive goes on, and CNPG has nothing to look at', () => {
    const world = interrupted();
    const next = round(world);
    expect(next.wrote).toEqual(['apply ObjectStore', 'apply ScheduledBackup']);
    expect([reasonOf(next), next.made]).toEqual(['InForce', []]);
    expect(next.objectStore?.metadata.annotations).toEqual(world.objectStore?.metadata.annotations);
    for (const { metadata } of [next.objectStore, next.scheduledBackup].filter((child) => child !== undefined))
      expect(metadata.labels).toMatchObject({ [labels.uid]: 'addon-uid' });
  });

  it('begins another lineage if the store is another one by now, which holds no backup of it', () => {
    const other = aStore({ destination: 's3://elsewhere' });
    const world = { ...interrupted(), on: { ...platform, stores: { defaultStore: 'b', stores: { b: other } } } };
    const next = round(world);
    const [before, after] = [world, next].map(({ cluster }) => serverNameOf(cluster));
    expect(after).not.toBe(before);
    expect([reasonOf(next), backupOf(next)?.effective]).toEqual(['FirstBackupPending', 'none']);
  });

  it('records where the database archives with the adoption itself', () => {
    const { cluster, objectStore, addon } = interrupted();
    const { uid: _, ...rest } = cluster?.metadata ?? ({} as KubeObject['metadata']);
    const metadata = {
      ...rest,
      uid: 'cluster-uid',
      labels: { ...rest.labels, [labels.uid]: 'former-uid', [labels.orphaned]: 'true' },
    };
    const left = { ...cluster, metadata: { ...metadata, ownerReferences: [] } } as Cluster;
    const { status } = think(look({ addon, cluster: left, objectStore }));
    const serverName = serverNameOf(cluster);
    expect(status.conditions?.find(({ type }) => type === 'Ready')?.reason).toBe('Adopting');
    expect(status.backup?.lineages).toEqual([{ serverName, destinationPath: 's3://backups/team-a' }]);
  });

  it('is completed by a plan without backups too: nothing is left behind without an owner', () => {
    const next = round(interrupted({ plan: 'free' }));
    expect(next.wrote).toEqual(['delete ScheduledBackup', 'apply Cluster', 'apply ObjectStore']);
    expect(next.objectStore?.metadata.labels).toMatchObject({ [labels.uid]: 'addon-uid' });
  });
});

describe('a Cluster that vanished although nobody deleted the addon', () => {
  const ran = (world: World): World => ({ ...world, addon: withReadyAt(world.addon, '2026-01-02T03:04:00Z') });
  const before = ran(inForce());
  const lineage = serverNameOf(before.cluster) ?? '';
  const vanish = (world: World): World => ({ ...world, cluster: undefined });
  const gone = vanish(before);
  const asking = (world: World, value: string): World => ({
    ...world,
    addon: {
      ...world.addon,
      metadata: { ...world.addon.metadata, annotations: { [annotations.startEmpty]: value } },
    },
  });
  const readyOf = ({ addon }: World) => addon.status?.conditions?.find(({ type }) => type === 'Ready');

  it('is not replaced by an empty one while its backups can be restored, and both remedies are named', () => {
    const missing = round(gone);
    // The schedule would make a Backup that waits for the next Cluster.
    expect(missing.wrote).toEqual(['apply ScheduledBackup']);
    expect(missing.scheduledBackup?.spec.suspend).toBe(true);
    expect(readyOf(missing)).toMatchObject({ status: 'False', reason: 'ClusterMissing' });
    for (const words of [
      `object store "main", s3://backups/team-a, server name ${lineage}`,
      'recover a Cluster of another name',
      `${annotations.startEmpty}=${lineage}`,
      '--cascade=orphan',
    ])
      expect(readyOf(missing)?.message).toContain(words);
    expect(readyOf(missing)?.message.length).toBeLessThan(1024);
    const { status } = missing.addon;
    expect(status?.conditions?.find(({ type }) => type === 'Stalled')?.reason).toBe('ClusterMissing');
    expect(status?.conditions?.filter((one) => one.status === 'True').map(({ type }) => type)).toEqual(['Stalled']);
    expect(transitions(before.addon.status, status ?? {})).toMatchObject([
      { type: 'Warning', reason: 'ClusterMissing' },
    ]);
    expect([status?.phase, status?.ready_at]).toEqual(['provisioning', before.addon.status?.ready_at]);
    expect(round(missing).wrote).toEqual([]);
    expect(round(missing).addon.status).toEqual(status);
  });

  it('keeps its lineage in status, which claims no more than what can be restored', () => {
    const { status } = round(gone).addon;
    const { archiving: _, nextTime: __, ...kept } = backupOf(before) ?? {};
    expect(status?.backup).toEqual({ ...kept, effective: 'none', recoveryWindow: { from: '2026-01-02T03:00:00Z' } });
    expect(status?.backup?.lineages?.[0]).not.toHaveProperty('until');
  });

  it('is not replaced either if only the ObjectStore knows yet that there is a backup', () => {
    // Nor does it matter whether the addon was ever ready: applications may have been able to log in.
    const unrecorded = vanish(completes(round(created())));
    expect(unrecorded.addon.status?.backup?.lineages?.[0]).not.toHaveProperty('from');
    const missing = round(unrecorded);
    expect([missing.wrote, readyOf(missing)?.reason]).toEqual([[], 'ClusterMissing']);
    expect(backupOf(missing)?.lineages?.[0]?.from).toBe('2026-01-02T03:00:00Z');
    // Also once the ObjectStore is gone, since status knows.
    expect(readyOf(round({ ...missing, objectStore: undefined }))?.reason).toBe('ClusterMissing');
  });

  it.each([
    ['without a backup', vanish(ran(round(created())))],
    ['of a plan without backups', vanish(ran(round({ addon: anAddon({ plan: 'free' }) })))],
    [
      'that stopped its backups',
      vanish(round(settles(round({ ...before, addon: changed(before.addon, { plan: 'free' }) })))),
    ],
  ])('%s is created again at once', (_, world) => {
    const again = round(world);
    expect(again.wrote).toContain('create Cluster');
    expect(readyOf(again)?.reason).toBe('ClusterRecreated');
  });

  it('is not replaced while only the lineage before its own can be restored', () => {
    const free = round(settles(round({ ...before, addon: changed(before.addon, { plan: 'free' }) })));
    const back = round({ ...free, addon: changed(free.addon, { plan: 'standard' }) });
    expect(serverNameOf(back.cluster)).not.toBe(lineage);
    const missing = round(vanish(back));
    expect([missing.wrote, readyOf(missing)?.reason]).toEqual([[], 'ClusterMissing']);
    expect(readyOf(missing)?.message).toContain(`${annotations.startEmpty}=${lineage}`);
    expect(round(asking(missing, lineage)).wrote).toContain('create Cluster');
  });

  it('ends a request that runs', () => {
    const running = round({
      ...before,
      backup: noBackup,
      addon: {
        ...before.addon,
        metadata: { ...before.addon.metadata, annotations: { [annotations.backupNow]: 'one' } },
      },
    });
    expect(backupOf(running)?.now?.result).toBe('Running');
    expect(backupOf(round(vanish(running)))?.now).toMatchObject({ result: 'Failed', endTime: '2026-01-02T03:04:05Z' });
  });

  it('is not replaced because the plan, the store or the mode changes', () => {
    for (const world of [
      { ...gone, addon: changed(gone.addon, { backup: { schedule: 'nonsense' } }) },
      { ...gone, addon: changed(gone.addon, { backup: { storeRef: { name: 'elsewhere' } } }) },
      { ...gone, addon: changed(gone.addon, { plan: 'free' }) },
      { ...gone, addon: changed(gone.addon, { mode: 'protected' }) },
      { ...gone, on: testPlatform },
    ] satisfies readonly World[]) {
      const missing = round(round(world));
      expect([missing.cluster, readyOf(missing)?.reason]).toEqual([undefined, 'ClusterMissing']);
      expect(missing.addon.status?.observedGeneration).toBe(world.addon.metadata.generation);
    }
  });

  it('is replaced if the annotation names its lineage, and the new Cluster begins another one', () => {
    const missing = round(gone);
    const recreated = round(asking(missing, lineage));
    expect(recreated.wrote).toEqual(['create Cluster']);
    expect(readyOf(recreated)?.reason).toBe('ClusterRecreated');
    const second = serverNameOf(recreated.cluster);
    expect(second).toMatch(/^db-team-a-shop-[0-9a-f]{8}$/);
    expect(second).not.toBe(lineage);
    expect(backupOf(recreated)?.lineages).toMatchObject([
      { serverName: second },
      { serverName: lineage, from: '2026-01-02T03:00:00Z', until: '2026-01-02T03:04:05Z' },
    ]);
    // The annotation is still there, and names a lineage of the past.
    const filled = round(completes(round(recreated)));
    expect(reasonOf(filled)).toBe('InForce');
    const again = round(vanish(filled));
    expect([again.cluster, readyOf(again)?.reason]).toEqual([undefined, 'ClusterMissing']);
    expect(readyOf(again)?.message).toContain(`${annotations.startEmpty} is "${lineage}", which is another one`);
  });

  it('keeps its lineage while the API server refuses the new Cluster', () => {
    const { status } = think(look(asking(round(gone), lineage)), refusing('cluster', 'QuotaExceeded'));
    expect(status.conditions?.find(({ type }) => type === 'Ready')?.reason).toBe('QuotaExceeded');
    expect(status.backup?.lineages).toEqual([{ ...backupOf(before)?.lineages?.[0] }]);
  });

  it('is waited for while it is being deleted', () => {
    const { cluster } = before;
    if (cluster === undefined) throw new Error('no Cluster');
    const metadata = { ...cluster.metadata, deletionTimestamp: '2026-01-02T03:04:00Z' };
    const dying = round({ ...before, cluster: { ...cluster, metadata } });
    expect([dying.wrote, readyOf(dying)?.reason]).toEqual([[], 'OldObjectTerminating']);
  });

  it('is not replaced if the annotation names anything else, which the message quotes', () => {
    const asked = round(asking(gone, `${'x'.repeat(5000)}`));
    expect([asked.cluster, readyOf(asked)?.reason]).toEqual([undefined, 'ClusterMissing']);
    expect(readyOf(asked)?.message).toContain(`${annotations.startEmpty} is "xxx`);
    expect(readyOf(asked)?.message.length).toBeLessThan(1024);
  });

  it('is replaced only by an addon that the API server confirms in this version', () => {
    const asked = look(asking(round(gone), lineage));
    expect(needs({ ...asked, live: { kind: 'unread' } }, testTime).live).toBe(true);
    const { addon } = asked;
    const older = { ...addon, metadata: { ...addon.metadata, resourceVersion: '11' } };
    expect(think({ ...asked, live: { kind: 'found', object: older } }).actions).toEqual([]);
    expect(summary(think(asked).actions)).toContain('create Cluster');
  });

  it('is looked for at the API server before it is called missing, once', () => {
    expect(needs(look(gone), testTime)).toMatchObject({ watched: true, live: false });
    expect(needs(look(round(gone)), testTime)).toMatchObject({ watched: false, live: false });
  });

  it('is reported while the addon is suspended too, which changes nothing', () => {
    const suspendedWorld = { ...gone, addon: changed(gone.addon, { suspend: true }) };
    expect(needs(look(suspendedWorld), testTime).watched).toBe(true);
    const missing = round(suspendedWorld);
    expect([missing.wrote, readyOf(missing)?.reason]).toEqual([[], 'ClusterMissing']);
    expect(missing.addon.status?.conditions?.find(({ type }) => type === 'Suspended')?.status).toBe('True');
    expect(backupOf(missing)).toMatchObject({ effective: 'none', lineages: [{ serverName: lineage }] });
    const asked = round(asking(missing, lineage));
    expect([asked.wrote, readyOf(asked)?.reason]).toEqual([[], 'Suspended']);
  });

  it('is created for an addon that a backup tool restored with the status of an earlier one', () => {
    const { addon } = round(gone);
    const raw = { ...addon, metadata: { ...addon.metadata, uid: 'another' } };
    const restored = round({
      addon: { ...projectAddon(raw), status: { ...projectAddon(raw).status, operator: testPlatform.operator } },
    });
    expect(restored.wrote).toContain('create Cluster');
    // Of a later generation of the same addon, what can be restored is still known.
    const later = projectAddon({ ...addon, status: { ...addon.status, observedGeneration: 9 } } as PostgresAddon);
    expect(readyOf(round({ addon: later }))?.reason).toBe('ClusterMissing');
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

describe('a base backup that is asked for', () => {
  const asking = (world: World, value: string): World => ({
    ...world,
    addon: { ...world.addon, metadata: { ...world.addon.metadata, annotations: { [annotations.backupNow]: value } } },
  });
  const nowOf = ({ addon }: World) => addon.status?.backup?.now;
  const begun = round(asking(inForce(), 'one'));
  const [name = ''] = begun.made;

  it('is made once, followed by its name, and its end is reported', () => {
    expect(begun.made).toEqual([expect.stringMatching(/^db-team-a-shop-[0-9a-f]{8}-now-[0-9a-f]{8}$/)]);
    expect(nowOf(begun)).toEqual({
      request: 'one',
      result: 'Running',
      backup: name,
      startTime: '2026-01-02T03:04:05Z',
    });
    expect(needs(look(begun), testTime).backup).toBe(name);
    const waiting = round(ends(begun, name, { phase: 'started' }));
    expect([waiting.made, nowOf(waiting)]).toEqual([[], nowOf(begun)]);
    // The event of its end can be lost.
    expect([untilLook(asking(inForce(), 'one')), untilLook(waiting)]).toEqual([15_000, 15_000]);
    const done = round(ends(waiting, name, { phase: 'completed', stoppedAt: '2026-01-02T03:05:00Z' }));
    expect(untilLook(done)).toBeUndefined();
    expect(nowOf(done)).toEqual({ ...nowOf(begun), result: 'Completed', endTime: '2026-01-02T03:05:00Z' });
    expect([round(done).made, needs(look(done), testTime).backup]).toEqual([[], undefined]);
  });

  it('that fails says why, and the next value makes another', () => {
    const failed = round(ends(begun, name, { phase: 'failed', error: 'no space', stoppedAt: '2026-01-02T03:05:00Z' }));
    expect(nowOf(failed)).toMatchObject({ request: 'one', result: 'Failed', message: 'no space' });
    expect(reasonOf(failed)).toBe('BackupFailed');
    const again = round(asking({ ...failed, backup: noBackup }, 'two'));
    expect(again.made).toHaveLength(1);
    expect(again.made).not.toContain(name);
  });

  it('that is gone has failed', () => {
    expect(nowOf(round(begun))).toMatchObject({ result: 'Failed', message: `Backup ${name} no longer exists` });
  });

  it('is not made twice after a crash before the status write', () => {
    const crashed = ends(asking(inForce(), 'one'), name, { phase: 'started' });
    const next = round(crashed);
    expect([next.made, nowOf(next)?.result, nowOf(next)?.backup]).toEqual([[], 'Running', name]);
  });

  it('while another one runs is refused, also afterwards', () => {
    const second = round(ends(asking(begun, 'two'), name, { phase: 'started' }));
    expect([second.made, nowOf(second)]).toEqual([
      [],
      {
        ...nowOf(begun),
        refused: 'two',
        message: `the request "two" was refused, since Backup ${name} was still running`,
      },
    ]);
    const done = round(ends(second, name, { phase: 'completed', stoppedAt: '2026-01-02T03:05:00Z' }));
    expect([done.made, nowOf(done)?.result, nowOf(done)?.refused]).toEqual([[], 'Completed', 'two']);
    expect(nowOf(done)?.message).toContain('the request "two" was refused');
    expect(round({ ...done, backup: noBackup }).made).toEqual([]);
    expect(round(asking({ ...done, backup: noBackup }, 'three')).made).toHaveLength(1);
  });

  it.each<readonly [string, World, string]>([
    ['before the first one', round(round(created())), 'the first base backup has not been completed'],
    ['of a plan without backups', round({ addon: anAddon({ plan: 'free' }) }), 'plan free has no backups'],
    ['without a store', { ...inForce(), on: testPlatform }, 'nothing is archived: see the condition BackupReady'],
  ])('%s is refused with the reason', (_, world, message) => {
    const next = round(asking({ ...world, backup: noBackup }, 'one'));
    expect(nowOf(next)).toEqual({ request: 'one', result: 'Refused', message, endTime: '2026-01-02T03:04:05Z' });
    expect(next.made.filter((made) => made.includes('-now-'))).toEqual([]);
    expect(nowOf(round(next))).toEqual(nowOf(next));
  });

  it('while an instance is not ready is refused', () => {
    const { cluster, ...world } = inForce();
    const down = cluster && { ...cluster, status: { ...cluster.status, readyInstances: 0 } };
    const next = round(asking({ ...world, cluster: down }, 'one'));
    expect([next.made, nowOf(next)?.message]).toEqual([[], 'the database is not ready; ask again once it is']);
  });

  it('that the API server refuses has not begun', () => {
    const refusal = {
      reason: 'QuotaExceeded',
      message: 'no',
      verb: 'create',
      child: 'backup',
      concern: 'backup',
    } as const;
    const { status } = think(look(asking(inForce(), 'one')), { refusals: [refusal] });
    expect(status.backup?.now).toMatchObject({ request: 'one', result: 'Refused' });
    expect(status.backup?.now?.backup).toBeUndefined();
  });
});

describe('a major upgrade', () => {
  const asked = (world: World): World => {
    const addon = changed(world.addon, { version: '18' });
    return { ...world, backup: noBackup, addon: { ...addon, metadata: { ...addon.metadata, generation: 2 } } };
  };
  const planApplied = ({ addon }: World) =>
    addon.status?.conditions?.find(({ type }) => type === 'PlanApplied')?.reason;
  const before = inForce();
  const old = serverNameOf(before.cluster);
  const begun = round(asked(before));
  const name = `${old}-before-18-2`;

  it('waits for a base backup that is made for it', () => {
    expect([begun.made, begun.cluster?.spec.imageName]).toEqual([[name], before.cluster?.spec.imageName]);
    expect([planApplied(begun), reasonOf(begun), backupOf(begun)?.effective]).toEqual([
      'UpgradeBackupPending',
      'InForce',
      'daily',
    ]);
    const waiting = round(ends(begun, name, { phase: 'started' }));
    expect([waiting.wrote, waiting.cluster?.spec.imageName]).toEqual([[], before.cluster?.spec.imageName]);
  });

  const ofData = (world: World, dataMajor: number): World => ({
    ...world,
    cluster: world.cluster && { ...world.cluster, status: { ...world.cluster.status, dataMajor } },
  });
  const written = round(ofData(ends(begun, name, { phase: 'completed', stoppedAt: '2026-01-02T03:10:00Z' }), 17));

  it('keeps its lineage until the data are upgraded, so that the old server archives its last WAL file into its own', () => {
    expect(written.wrote).toEqual(['apply Cluster']);
    expect(written.cluster?.spec.imageName).toContain(':18');
    expect(serverNameOf(written.cluster)).toBe(old);
    const waiting = round({ ...written, backup: noBackup });
    expect([waiting.wrote, backupOf(waiting)?.effective]).toEqual([[], 'daily']);
  });

  it('begins a new lineage then, rests the schedule, and claims nothing until its own base backup', () => {
    const upgraded = round(ofData({ ...written, backup: noBackup }, 18));
    expect(upgraded.wrote).toEqual(['apply Cluster', 'apply ScheduledBackup']);
    expect(serverNameOf(upgraded.cluster)).not.toBe(old);
    const running = round(settles(upgraded));
    expect(running.scheduledBackup?.spec.suspend).toBe(true);
    expect([reasonOf(running), backupOf(running)?.effective]).toEqual(['UpgradeBackupPending', 'none']);
    expect(running.made).toEqual([`${serverNameOf(running.cluster)}-first`]);
    const done = round(completes(running, '2026-01-02T03:20:00Z'));
    expect([reasonOf(done), backupOf(done)?.effective, done.scheduledBackup?.spec.suspend]).toEqual([
      'InForce',
      'daily',
      false,
    ]);
    expect(backupOf(done)?.lineages?.map(({ serverName, version }) => [serverName, version])).toEqual([
      [serverNameOf(running.cluster), '18'],
      [old, '17'],
    ]);
  });

  it('that fails and is reverted leaves the lineage as it is', () => {
    const back = round({ ...written, backup: noBackup, addon: changed(written.addon, { version: '17' }) });
    expect(back.cluster?.spec.imageName).toContain(':17');
    expect([serverNameOf(back.cluster), backupOf(back)?.lineages?.length]).toEqual([old, 1]);
  });

  it('does not change the version of the lineage, also if that was not recorded', () => {
    const { lineages: _, ...backup } = backupOf(written) ?? {};
    const lost = { ...written, addon: { ...written.addon, status: { ...written.addon.status, backup } } };
    expect(backupOf(round(lost))?.lineages?.map(({ version }) => version)).toEqual(['17']);
  });

  it.each([
    ['its schedule is invalid', { backup: { schedule: 'nonsense' } }, platform],
    ['its store is unknown', { backup: { storeRef: { name: 'elsewhere' } } }, platform],
    ['its store was withdrawn', {}, testPlatform],
  ])('waits as long as %s, since no base backup can be made', (_, spec, on) => {
    const addon = changed(before.addon, { version: '18', ...spec });
    const held = round({ ...before, on, backup: noBackup, addon });
    expect([held.wrote, held.cluster?.spec.imageName]).toEqual([[], before.cluster?.spec.imageName]);
    expect(planApplied(held)).toBe('UpgradeBackupPending');
  });

  it('that somebody else requests on the Cluster is reverted at once', () => {
    const spec = { ...before.cluster?.spec, imageName: 'ghcr.io/cloudnative-pg/postgresql:18-standard-trixie' };
    const edited = ofData({ ...before, cluster: { ...before.cluster, spec } as Cluster }, 17);
    const back = round(edited);
    expect([back.wrote, back.made, back.cluster?.spec.imageName]).toEqual([
      ['apply Cluster'],
      [],
      before.cluster?.spec.imageName,
    ]);
  });

  it('keeps the number of its attempt when the plugin reports the failure later', () => {
    const failed = round(
      ends(begun, name, { phase: 'failed', error: 'exit status 4', stoppedAt: '2026-01-02T03:04:00Z' }),
    );
    const { objectStore } = failed;
    if (objectStore === undefined) throw new Error('no ObjectStore');
    const windows = objectStore.status.serverRecoveryWindow;
    const window = { ...windows[old ?? ''], lastFailedBackupTime: '2026-01-02T03:04:30Z' };
    const status = { serverRecoveryWindow: { [old ?? '']: window } };
    const later = round({ ...failed, backup: noBackup, objectStore: { ...objectStore, status } });
    expect(backupOf(later)?.lastFailure?.backup).toBe(name);
  });

  it('lets a request run that has begun', () => {
    const annotated = { ...before.addon.metadata, annotations: { [annotations.backupNow]: 'one' } };
    const running = round({ ...before, backup: noBackup, addon: { ...before.addon, metadata: annotated } });
    const [now = ''] = running.made;
    const both = asked(running);
    expect(needs(look(both), testTime).backup).toBe(now);
    const next = round(ends(both, now, { phase: 'started' }));
    expect([next.made, backupOf(next)?.now?.result]).toEqual([[], 'Running']);
    const ended = round(ends(next, now, { phase: 'completed', stoppedAt: '2026-01-02T03:05:00Z' }));
    expect(backupOf(ended)?.now?.result).toBe('Completed');
    expect(round({ ...ended, backup: noBackup }).made).toEqual([`${old}-before-18-2`]);
  });

  it('of a minor version leaves the lineage as it is', () => {
    const minor = round({ ...before, addon: changed(before.addon, { version: '17.9' }) });
    expect(serverNameOf(minor.cluster)).toBe(old);
  });

  it('whose base backup fails is not begun, and the failure is named and tried again', () => {
    const failed = round(
      ends(begun, name, { phase: 'failed', error: 'exit status 2', stoppedAt: '2026-01-02T03:04:00Z' }),
    );
    expect([failed.wrote, planApplied(failed), reasonOf(failed)]).toEqual([
      [],
      'UpgradeBackupPending',
      'StoreUnreachable',
    ]);
    const again = round({ ...failed, backup: noBackup }, Date.parse('2026-01-02T03:05:00Z'));
    expect(again.made).toEqual([`${name}-2`]);
  });

  it('does not wait without backups', () => {
    const free = round({ addon: anAddon({ plan: 'free' }) });
    expect(round(asked(settles(free))).cluster?.spec.imageName).toContain(':18');
  });
});

describe('a store that was withdrawn', () => {
  it('hides no archive that fails, and says whether the Cluster can go on', () => {
    const world = { ...inForce(), on: testPlatform };
    const { cluster } = world;
    if (cluster === undefined) throw new Error('no Cluster');
    const messageOf = ({ addon }: World) =>
      addon.status?.conditions?.find(({ type }) => type === 'BackupReady')?.message ?? '';
    expect(messageOf(round(world))).toContain('so the Cluster goes on writing where it does');
    expect(messageOf(round({ ...world, objectStore: undefined }))).toContain('and its ObjectStore is gone');
    const archiving = {
      status: 'False',
      reason: '',
      message: 'exit status 2',
      lastTransitionTime: '2026-01-02T03:04:02Z',
    };
    const failing = round({ ...world, cluster: { ...cluster, status: { ...cluster.status, archiving } } });
    expect([reasonOf(failing), backupOf(failing)?.effective]).toEqual(['ArchivingFailing', 'none']);
    const long = { ...archiving, message: 'x'.repeat(600) };
    const talkative = round({ ...world, cluster: { ...cluster, status: { ...cluster.status, archiving: long } } });
    expect(messageOf(talkative)).toContain(`: ${cut(long.message, 500)};`);
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
