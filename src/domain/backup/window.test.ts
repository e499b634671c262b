// What can be restored of the present lineage, as far as the plugin, the Backup that was read and status know.
import { describe, expect, it } from '@jest/globals';
import type { AddonStatus } from '../../api/addon.ts';
import type { RecoveryWindow } from '../../api/barman.ts';
import type { Backup } from '../../api/cnpg.ts';
import type { Observed } from '../observed.ts';
import { situationOf } from '../situation.ts';
import { aCluster, anAddon, anObjectStore, archivingBelow, observing, testTime } from '../testing.ts';
import { archiveOf } from './archive.ts';
import { eatenWindow, oldestBackup, windowOf } from './window.ts';

interface World {
  readonly serverName?: string;
  /** What the plugin reports. */
  readonly windows?: Readonly<Record<string, RecoveryWindow>>;
  readonly backup?: Observed['backup'];
  readonly recorded?: AddonStatus['backup'];
}
const given = ({ serverName = 'db-1', windows, backup = { kind: 'unread' }, recorded = {} }: World) => {
  const addon = anAddon({}, { backup: recorded });
  const cluster = archivingBelow(aCluster(addon), serverName);
  const s = situationOf(observing(addon, { cluster, objectStore: anObjectStore(addon, windows), backup }));
  return [s, { archive: archiveOf(cluster) }] as const;
};
const aBackup = (name: string, status: Backup['status']): Observed['backup'] => ({
  kind: 'found',
  object: {
    apiVersion: 'postgresql.cnpg.io/v1',
    kind: 'Backup',
    metadata: { name, namespace: 'team-a', uid: 'b', resourceVersion: '1' },
    status,
  },
});
const stoppedAt = '2026-01-02T03:03:00Z';

describe('the oldest base backup', () => {
  it('is that of the Backup that was completed before the plugin reports anything', () => {
    const backup = aBackup('db-1-first', { phase: 'completed', stoppedAt });
    expect(oldestBackup(...given({ backup }))).toBe(stoppedAt);
  });

  it('is not the recorded one while another first one is made, since the plugin finds none', () => {
    const windows = { 'db-1': {} };
    const recorded = { lineages: [{ serverName: 'db-1', version: '17', from: '2026-01-01T00:00:00Z' }] };
    const backup = aBackup('db-1-first-2', { phase: 'started' });
    expect(oldestBackup(...given({ windows, recorded, backup }))).toBeUndefined();
    expect(oldestBackup(...given({ windows, recorded }))).toBe('2026-01-01T00:00:00Z');
  });
});

it('the plugin reports nothing of a lineage with the name of a property of every object', () => {
  expect(windowOf(...given({ serverName: 'constructor' }))).toBeUndefined();
});

it('nothing is called missing without a store', () => {
  const recorded = { lineages: [{ serverName: 'db-1', version: '17', since: '2025-01-01T00:00:00Z' }] };
  const windows = { 'db-1': { firstRecoverabilityPoint: '2026-01-02T00:00:00Z' } };
  const [s, target] = given({ recorded, windows });
  expect(eatenWindow(s, target, testTime)).toBeUndefined();
  expect(eatenWindow(s, { archive: undefined }, testTime)).toBeUndefined();
});
