// What status says of the backups: the level of the plan, what is in force, and what stands in the way.
import { describe, expect, it } from '@jest/globals';
import type { PostgresAddon } from '../../api/addon.ts';
import type { Condition } from '../../api/kubernetes.ts';
import { alterationOf } from '../alteration.ts';
import { aCluster, anAddon, aRunningAddon, aScheduledBackup, aTarget, changed, observing, think } from '../testing.ts';
import { dailySchedule } from './schedule.ts';
import { buildScheduledBackup } from './scheduled-backup.ts';

const backupReady = (o: Parameters<typeof think>[0]): string | undefined =>
  think(o).status.conditions?.find(({ type }) => type === 'BackupReady')?.reason;

describe('the level of backups', () => {
  it('of a plan with backups is not in force, and the schedule is shown', () => {
    const o = observing(anAddon({ plan: 'pro' }));
    expect(think(o).status.backup).toStrictEqual({
      requested: 'pitr',
      effective: 'none',
      schedule: dailySchedule('team-a/shop'),
    });
    expect(backupReady(o)).toBe('NoObjectStore');
  });

  it('of a plan without them is that there are none', () => {
    const o = observing(anAddon({ plan: 'free' }));
    expect(think(o).status.backup).toStrictEqual({ requested: 'none', effective: 'none' });
    expect(backupReady(o)).toBeUndefined();
  });

  it.each(['standard', 'free'] as const)('stays that of the plan %s, which was applied, while suspended', (plan) => {
    const running = aRunningAddon({ plan });
    const o = observing(changed(running, { plan: 'pro', suspend: true }), { cluster: aCluster(running) });
    expect(think(o).status.backup).toStrictEqual(running.status?.backup);
  });

  it('is not told while suspended if it never was', () => {
    const { backup: _, ...status } = aRunningAddon().status ?? {};
    const addon = { ...anAddon({ suspend: true }), status };
    expect(think(observing(addon, { cluster: aCluster(addon) })).status.backup).toBeUndefined();
  });
});

it('a schedule that admission changes is named, and not written again', () => {
  const addon = anAddon();
  const wanted = buildScheduledBackup(addon, aTarget(observing(addon)), true);
  const made = aScheduledBackup(addon);
  const stored = { ...made, spec: { ...wanted.spec, schedule: '0 0 0 * * *' } };
  const verdict = alterationOf(wanted, stored);
  if (verdict === undefined) throw new Error('nothing was altered');
  const condition: Condition = {
    type: 'BackupReady',
    status: 'False',
    ...verdict,
    observedGeneration: 1,
    lastTransitionTime: '2026-01-02T03:04:05Z',
  };
  const known: PostgresAddon = { ...addon, status: { ...addon.status, conditions: [condition] } };
  const o = observing(known, { cluster: aCluster(addon), scheduledBackup: stored });
  expect(think(o).actions).toEqual([]);
  expect(backupReady(o)).toBe('ChangedOnAdmission');
});
