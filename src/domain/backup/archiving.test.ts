import { describe, expect, it } from '@jest/globals';
import type { AddonStatus } from '../../api/addon.ts';
import { timestampOf } from '../../api/time.ts';
import type { Platform } from '../observed.ts';
import { situationOf } from '../situation.ts';
import {
  aCluster,
  anAddon,
  anObjectStore,
  archivingBelow,
  aStore,
  aTarget,
  observing,
  testPlatform,
  testTime,
} from '../testing.ts';
import { archiverQuestion, archivingOf, isArchiverDue, withArchiver } from './archiving.ts';

interface World {
  readonly plan?: 'standard' | 'pro';
  readonly check?: Platform['connectionCheck'];
  /** As in status. */
  readonly recorded?: AddonStatus['backup'];
  readonly hasBackup?: boolean;
  readonly hasStore?: boolean;
}
const given = ({ plan = 'pro', check = 'Required', recorded = {}, hasBackup = true, hasStore = true }: World) => {
  const addon = anAddon({ plan }, { backup: recorded });
  const windows = hasBackup ? { 'db-1': { firstRecoverabilityPoint: '2026-01-01T00:00:00Z' } } : {};
  const o = observing(addon, {
    cluster: archivingBelow(aCluster(addon), 'db-1'),
    objectStore: hasStore ? anObjectStore(addon, windows) : undefined,
    platform: { ...testPlatform, connectionCheck: check, stores: { defaultStore: 'main', stores: { main: aStore() } } },
  });
  return [situationOf(o), aTarget(o)] as const;
};
/** Status knows the first base backup too. */
const lineages = [{ serverName: 'db-1', version: '17', from: '2026-01-01T00:00:00Z' }];
const recoveryWindow = { from: '2026-01-01T00:00:00Z', to: timestampOf(testTime) };
const told = { serverName: 'db-1', archiving: 'ok', recoveryWindow } as const;

describe('a login', () => {
  it.each([
    ['pro', 'heartbeat'],
    ['standard', 'read'],
  ] as const)('to a database of plan %s asks for %s', (plan, question) => {
    expect(archiverQuestion(...given({ plan }))).toBe(question);
  });

  it.each<readonly [string, World, boolean]>([
    ['if none has told yet', {}, true],
    ['not if one has', { recorded: told }, false],
    ['not before the first base backup', { hasBackup: false }, false],
    ['not where nothing is archived', { hasStore: false, recorded: { lineages } }, false],
    ['not where there are none', { check: 'Off', recorded: { ...told, archiving: 'unknown' } }, false],
  ])('is due because of the archiver %s', (_, world, expected) => {
    expect(isArchiverDue(...given(world), testTime)).toBe(expected);
  });
});

it.each<readonly [string, World, string]>([
  ['ok, as a login has told', { recorded: told }, 'ok'],
  ['unknown if that was said of an earlier lineage', { recorded: { ...told, serverName: 'db-0' } }, 'unknown'],
  ['unknown if nothing is recorded', {}, 'unknown'],
  ['unknown before the first base backup', { recorded: told, hasBackup: false }, 'unknown'],
  ['unknown before the first base backup without logins too', { check: 'Off', hasBackup: false }, 'unknown'],
])('archiving is %s', (_, world, expected) => {
  expect(archivingOf(...given(world), testTime)).toBe(expected);
});

const minutes = (count: number): number => testTime - count * 60_000;
const backup = {
  requested: 'pitr',
  effective: 'pitr',
  archiving: 'idle',
  recoveryWindow: { from: '2026-01-01T00:00:00Z', to: '2026-01-02T02:00:00Z' },
} as const;

it.each([
  ['a file was archived lately', { archivedAt: minutes(15), waiting: 0 }, 'ok', 'pitr'],
  ['a file was archived lately, although many wait', { archivedAt: minutes(1), waiting: 40 }, 'ok', 'pitr'],
  ['none was, and none waits', { archivedAt: minutes(15) - 1, waiting: 0 }, 'idle', 'pitr'],
  ['none was, although one waits', { archivedAt: minutes(15) - 1, waiting: 1 }, 'late', 'none'],
] as const)('%s', (_, archiver, archiving, effective) => {
  const recoveryWindow = expect.anything();
  expect(withArchiver(backup, archiver, testTime)).toEqual({ ...backup, archiving, effective, recoveryWindow });
});

it('reports when the last file was archived, and never an earlier time than before: a new primary begins to count anew', () => {
  const later = withArchiver(backup, { archivedAt: minutes(2), waiting: 0 }, testTime);
  expect(later?.recoveryWindow).toEqual({ from: '2026-01-01T00:00:00Z', to: '2026-01-02T03:02:05Z' });
  const { to: _, ...recoveryWindow } = backup.recoveryWindow;
  expect(withArchiver({ ...backup, recoveryWindow }, { archivedAt: minutes(2), waiting: 0 }, testTime)).toEqual(later);
  const earlier = withArchiver(backup, { archivedAt: minutes(600), waiting: 0 }, testTime);
  expect(earlier?.recoveryWindow).toEqual(backup.recoveryWindow);
});

it.each([
  [1, '2026-01-02T03:02:05Z'],
  [2, '2026-01-02T02:00:00Z'],
])('with %d complete files waiting, the last one shows that all before %s is archived', (waiting, to) => {
  expect(withArchiver(backup, { archivedAt: minutes(2), waiting }, testTime)?.recoveryWindow?.to).toBe(to);
});

it('does not contradict CNPG, which reports each attempt that fails', () => {
  const failing = { ...backup, archiving: 'failing', effective: 'none' } as const;
  expect(withArchiver(failing, { archivedAt: minutes(1), waiting: 0 }, testTime)).toMatchObject({
    archiving: 'failing',
    effective: 'none',
  });
});

it('claims nothing before a base backup, or if the server said nothing', () => {
  const { recoveryWindow: _, ...before } = backup;
  expect(withArchiver(before, { archivedAt: minutes(1), waiting: 0 }, testTime)).toBe(before);
  expect(withArchiver(backup, undefined, testTime)).toBe(backup);
  expect(withArchiver({ ...backup, archiving: 'unknown' }, undefined, testTime)).toEqual(backup);
  expect(withArchiver(undefined, { archivedAt: minutes(1), waiting: 0 }, testTime)).toBeUndefined();
});
