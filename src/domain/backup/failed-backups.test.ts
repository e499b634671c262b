// Failed Backups that the operator made go once they are older than the retention; nothing else ever does.
import { describe, expect, it } from '@jest/globals';
import { fieldManager, labels, type PostgresAddon } from '../../api/addon.ts';
import type { Backup } from '../../api/cnpg.ts';
import { needs } from '../needs.ts';
import type { Observed, Platform } from '../observed.ts';
import { situationOf } from '../situation.ts';
import { targetOf } from '../target.ts';
import { aCluster, anAddon, aStore, observing, testPlatform, testTime, think } from '../testing.ts';
import { isVerdict } from '../verdict.ts';
import { failedSinceOf, isRemovalDue, outdatedFailures } from './failed-backups.ts';

const day = 24 * 3_600_000;
const at = (daysAgo: number): string => new Date(testTime - daysAgo * day).toISOString();
const platform: Platform = { ...testPlatform, stores: { defaultStore: 'main', stores: { main: aStore() } } };
const status = (failedSince?: string): PostgresAddon['status'] => ({
  operator: testPlatform.operator,
  backup: { ...(failedSince !== undefined && { failedSince }) },
});

function aBackup(daysAgo: number, over: Partial<Backup> = {}, more: Partial<Backup['metadata']> = {}): Backup {
  return {
    apiVersion: 'postgresql.cnpg.io/v1',
    kind: 'Backup',
    metadata: {
      name: `failed-${daysAgo}`,
      namespace: 'team-a',
      uid: 'u',
      resourceVersion: '1',
      creationTimestamp: at(daysAgo),
      labels: { [labels.managedBy]: fieldManager },
      ownerReferences: [{ apiVersion: 'v1', kind: 'Cluster', name: 'c', uid: aCluster(anAddon()).metadata.uid }],
      ...more,
    },
    status: { phase: 'failed' },
    ...over,
  };
}

function given(more: Parameters<typeof observing>[1], failedSince?: string, spec: Partial<PostgresAddon['spec']> = {}) {
  const addon = anAddon(spec, status(failedSince));
  const o: Observed = observing(addon, { cluster: aCluster(addon), platform, ...more });
  const s = situationOf(o);
  const target = targetOf(s);
  if (isVerdict(target)) throw new Error(target.message);
  return { o, s, target };
}
const goes = (...object: readonly Backup[]): readonly string[] => {
  const { s, target } = given({ backups: { kind: 'found', object } });
  return outdatedFailures(s, target, testTime).map(({ metadata }) => metadata.name);
};

describe('a Backup goes', () => {
  it('if the operator made it for the present Cluster, and it failed longer ago than the retention', () => {
    expect(goes(aBackup(7), aBackup(6.9), aBackup(30))).toEqual(['failed-7', 'failed-30']);
    expect(goes(aBackup(8, { status: { phase: 'failed', stoppedAt: at(6.9) } }))).toEqual([]);
    expect(goes(aBackup(6, { status: { phase: 'failed', stoppedAt: at(7) } }))).toEqual(['failed-6']);
  });

  it('in the same round as it is listed', () => {
    const { o } = given({ backups: { kind: 'found', object: [aBackup(6), aBackup(7)] } });
    const removed = think(o).actions.filter(({ verb, child }) => verb === 'delete' && child === 'backup');
    expect(removed).toMatchObject([{ name: 'failed-7' }]);
  });

  it.each([
    ['was completed', aBackup(30, { status: { phase: 'completed' } })],
    ['runs', aBackup(30, { status: { phase: 'started' } })],
    ['has not begun', aBackup(30, { status: {} })],
    ['was made by somebody else', aBackup(30, {}, { labels: {} })],
    ['belongs to another Cluster', aBackup(30, {}, { ownerReferences: [] })],
    ['was made at a time that is not known', aBackup(30, {}, { creationTimestamp: 'yesterday' })],
    ['was made in the future, by a clock that was set back', aBackup(-1)],
  ])('not if it %s', (_, backup) => {
    expect(goes(backup)).toEqual([]);
  });

  it('not where they could not be listed, or were not', () => {
    for (const backups of [
      { kind: 'unread' },
      { kind: 'failed', message: '' },
      { kind: 'denied', message: '' },
    ] as const) {
      const { s, target } = given({ backups });
      expect(outdatedFailures(s, target, testTime)).toEqual([]);
    }
  });
});

describe('they are listed', () => {
  it.each([
    [undefined, {}, false],
    [at(6.9), {}, false],
    [at(7), {}, true],
    [at(13.9), { backup: { retention: '14d' } }, false],
    [at(14), { backup: { retention: '14d' } }, true],
    [at(7), { plan: 'free' }, false],
    [at(35), { plan: 'free' }, true],
    [at(-30), {}, false],
    ['nonsense', {}, false],
  ] as const)('if there has been one since %s, with %j: %s', (since, spec, expected) => {
    const { o, s, target } = given({}, since, spec);
    expect(isRemovalDue(s, target, testTime)).toBe(expected);
    expect(needs(o, testTime).backups).toBe(expected);
  });
});

describe('status says since when there has been one', () => {
  const since = (more: Parameters<typeof observing>[1], before?: string) =>
    failedSinceOf(given(more, before).s, testTime);
  const found = (object: Backup) => ({ backup: { kind: 'found', object } }) as const;
  const listed = (...object: readonly Backup[]) => ({ backups: { kind: 'found', object } }) as const;
  const now = '2026-01-02T03:04:05Z';

  it('from the first one on that is seen', () => {
    expect(since({})).toBeUndefined();
    expect(since(found(aBackup(0, { status: { phase: 'started' } })))).toBeUndefined();
    expect(since(found(aBackup(0)))).toBe(now);
    expect(think(given(found(aBackup(0))).o).status.backup?.failedSince).toBe(now);
    expect(since(found(aBackup(0)), '2026-01-01T00:00:00Z')).toBe('2026-01-01T00:00:00Z');
  });

  it('until none is left', () => {
    const before = '2026-01-01T00:00:00Z';
    expect(since(listed(), before)).toBeUndefined();
    expect(since(listed(aBackup(2), aBackup(9), aBackup(20, { status: {} })), before)).toBe('2025-12-24T03:04:05Z');
    expect(since(listed(aBackup(2, {}, { creationTimestamp: 'nonsense' })), before)).toBe(now);
  });
});
