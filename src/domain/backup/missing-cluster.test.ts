// Why a Cluster that vanished is not replaced, beside what vanished-cluster.test.ts tells of the rounds.
import { describe, expect, it } from '@jest/globals';
import { type AddonStatus, annotations, type PostgresAddon } from '../../api/addon.ts';
import { cut } from '../../api/text.ts';
import { situationOf } from '../situation.ts';
import { anAddon, observing, testTime } from '../testing.ts';
import type { Lineage } from './lineage.ts';
import { backupWithoutCluster, missingCluster, replacesLineage } from './missing-cluster.ts';

const restorable: Lineage = { serverName: 'db-1', version: '17', from: '2026-01-01T00:00:00Z' };
const begun: Lineage = { serverName: 'db-2', version: '17' };

/** There was a Cluster with these lineages, the newest first, and the annotation start-empty has that value. */
function gone(lineages: readonly Lineage[], asked?: string) {
  const addon = anAddon({}, { backup: { lineages: [...lineages] } });
  const notes = asked === undefined ? {} : { [annotations.startEmpty]: asked };
  const annotated: PostgresAddon = { ...addon, metadata: { ...addon.metadata, annotations: notes } };
  return situationOf(observing(annotated));
}

describe('a Cluster that vanished', () => {
  it.each([
    ['the lineage that can be restored', 'db-1', true],
    ['its own, which began later', 'db-2', true],
    ['any other one', 'db-0', false],
  ])('is replaced if the annotation names %s', (_, asked, isReplaced) => {
    const s = gone([begun, restorable], asked);
    expect([missingCluster(s) === undefined, replacesLineage(s)]).toEqual([isReplaced, isReplaced]);
  });

  it('is replaced once the addon was read again, although nothing of it can be restored', () => {
    expect([missingCluster(gone([begun])), replacesLineage(gone([begun]))]).toEqual([undefined, true]);
    expect(replacesLineage(gone([]))).toBe(false);
  });
});

describe('the message', () => {
  const messageOf = (lineage: Lineage, asked?: string) => missingCluster(gone([lineage], asked))?.message;

  it('names what is known of the place of the backups', () => {
    expect(messageOf(restorable)).toContain(' (server name db-1), ');
    expect(messageOf({ ...restorable, store: 'main' })).toContain(' (object store "main", server name db-1), ');
  });

  it('quotes 400 characters of the path and 100 of the annotation', () => {
    const [path, asked] = [`s3://${'p'.repeat(500)}`, 'a'.repeat(500)];
    const message = messageOf({ ...restorable, destinationPath: path }, asked);
    expect(message).toContain(`(${cut(path, 400)}, server`);
    expect(message).toContain(` is "${cut(asked, 100)}", `);
  });
});

describe('status.backup', () => {
  const kept = (backup: NonNullable<AddonStatus['backup']>) =>
    backupWithoutCluster(situationOf(observing(anAddon({}, { backup }))), testTime);
  const { from } = restorable;

  it('claims what can be restored of the last lineage, and nothing that only a Cluster does', () => {
    const recoveryWindow = { from: '2025-12-31T00:00:00Z', to: '2026-01-02T00:00:00Z' };
    const before = { archiving: 'ok', nextTime: '2026-01-03T00:00:00Z', recoveryWindow } as const;
    const lineages = [restorable, begun];
    expect(kept({ ...before, lineages })).toStrictEqual({ effective: 'none', recoveryWindow: { from }, lineages });
  });

  it('claims nothing if only an earlier lineage can be restored, which it keeps', () => {
    const lineages = [begun, restorable];
    expect(kept({ lineages })).toStrictEqual({ effective: 'none', lineages });
  });

  it('ends a request that runs, and keeps one that has ended', () => {
    const now = { request: 'one', result: 'Running', backup: 'db-1-now-1', startTime: '2026-01-02T03:00:00Z' } as const;
    const message = 'the Cluster was deleted';
    const ended = { ...now, result: 'Failed', endTime: '2026-01-02T03:04:05Z', message } as const;
    expect(kept({ lineages: [restorable], now })?.now).toEqual(ended);
    expect(kept({ lineages: [restorable], now: ended })?.now).toEqual(ended);
  });
});
