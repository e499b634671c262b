// The demo ends with the level of backups and what could be restored, as status says it.
import { expect, it } from '@jest/globals';
import type { AddonStatus } from '../../src/api/addon.ts';
import { backupInWords } from './words.ts';

const [from, to] = ['2026-11-28T22:46:01Z', '2026-11-28T22:51:25Z'];

it.each<readonly [AddonStatus, string]>([
  [{ backup: { effective: 'daily', recoveryWindow: { from, to } } }, `BACKUP daily: ${from} to ${to}`],
  [{ backup: { effective: 'pitr', recoveryWindow: { from } } }, `BACKUP pitr: ${from} to the last WAL file`],
  [{ backup: { effective: 'none' } }, 'BACKUP none'],
  [{}, 'BACKUP none'],
])('%j: %s', (status, words) => expect(backupInWords(status)).toBe(words));
