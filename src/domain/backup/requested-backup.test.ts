// A base backup that is asked for, round by round.
import { describe, expect, it } from '@jest/globals';
import { annotations } from '../../api/addon.ts';
import { needs } from '../needs.ts';
import { anAddon, testPlatform, testTime, think } from '../testing.ts';
import { created, ends, inForce, look, noBackup, reasonOf, round, untilLook, type World } from './testing.ts';

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
