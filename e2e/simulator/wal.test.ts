// The simulated WAL reads as PostgreSQL's does.
import { describe, expect, it } from '@jest/globals';
import { archiverIn } from '../../src/postgres/archiver.ts';
import { Wal } from './wal.ts';

const now = Date.parse('2026-01-02T03:04:05Z');

/** What a login makes of it. */
function told(wal: Wal): ReturnType<typeof archiverIn> {
  const { archivedAt, ...names } = wal.view;
  return archiverIn({ ...names, at: archivedAt === undefined ? null : String(archivedAt / 1000), size: '16777216' });
}

describe('the WAL of a Cluster', () => {
  it('is archived file by file', () => {
    const wal = new Wal();
    expect(told(wal)).toBeUndefined();
    expect(wal.complete(now)).toBe('000000010000000000000001');
    expect(wal.view).toEqual({
      archivedAt: now,
      archived: '000000010000000000000001',
      current: '000000010000000000000002',
    });
    for (let file = 2; file <= 300; file += 1) wal.complete(now);
    expect(wal.view.archived).toBe('00000001000000010000002C');
    expect(told(wal)).toEqual({ archivedAt: now, waiting: 0 });
  });

  it('waits while the archive refuses it, and is archived after that', () => {
    const wal = new Wal();
    wal.complete(now);
    wal.break();
    for (const _ of [1, 2]) wal.complete(now + 60_000);
    expect(told(wal)).toEqual({ archivedAt: now, waiting: 2 });
    wal.mend(now + 90_000);
    expect(told(wal)).toEqual({ archivedAt: now + 90_000, waiting: 0 });
  });

  it('is that of another instance after a promotion, which begins with the history of its timeline', () => {
    const wal = new Wal();
    wal.complete(now);
    wal.promote(now + 60_000);
    expect(wal.view).toMatchObject({ archived: '00000002.history', current: '000000020000000000000002' });
    expect(told(wal)).toEqual({ archivedAt: now + 60_000, waiting: 0 });
    wal.break();
    wal.promote(now + 90_000);
    expect(told(wal)).toBeUndefined();
  });
});
