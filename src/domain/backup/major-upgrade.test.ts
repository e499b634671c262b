// Backups around a major upgrade, round by round.
import { describe, expect, it } from '@jest/globals';
import { annotations } from '../../api/addon.ts';
import type { Cluster } from '../../api/cnpg.ts';
import { needs } from '../needs.ts';
import { anAddon, changed, testPlatform, testTime } from '../testing.ts';
import { serverNameOf } from './archive.ts';
import {
  backupOf,
  completes,
  ends,
  inForce,
  look,
  noBackup,
  platform,
  reasonOf,
  round,
  settles,
  type World,
} from './testing.ts';

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
