import { expect, it } from '@jest/globals';
import { testTime } from '../testing.ts';
import { withArchiver } from './archiving.ts';

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
  ['none was, and none waits', { archivedAt: minutes(16), waiting: 0 }, 'idle', 'pitr'],
  ['none was, although one waits', { archivedAt: minutes(16), waiting: 1 }, 'late', 'none'],
] as const)('%s', (_, archiver, archiving, effective) => {
  expect(withArchiver(backup, archiver, testTime)).toMatchObject({ archiving, effective });
});

it('reports when the last file was archived, and never an earlier time than before: a new primary begins to count anew', () => {
  const later = withArchiver(backup, { archivedAt: minutes(2), waiting: 0 }, testTime);
  expect(later?.recoveryWindow).toEqual({ from: '2026-01-01T00:00:00Z', to: '2026-01-02T03:02:05Z' });
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
  expect(withArchiver({ ...backup, archiving: 'unknown' }, undefined, testTime)?.archiving).toBe('idle');
  expect(withArchiver(undefined, { archivedAt: minutes(1), waiting: 0 }, testTime)).toBeUndefined();
});
