import { expect, it } from '@jest/globals';
import { archiverIn } from './archiver.ts';

const row = (archived: unknown, current: unknown, more: object = {}) =>
  archiverIn({ at: '1769998800.123456', archived, current, size: '16777216', ...more });

it.each<readonly [string, unknown, unknown, number]>([
  ['the file before the current one', '000000010000000000000004', '000000010000000000000005', 0],
  ['the one before that', '000000010000000000000003', '000000010000000000000005', 1],
  ['the last of a log', '0000000100000000000000FF', '000000010000000100000000', 0],
  ['the last of the sixteenth log', '000000010000000F000000FF', '000000010000001000000000', 0],
  ['one of the log before', '0000000100000000000000FE', '000000010000000100000001', 2],
  ['the current one, at its very end', '000000010000000000000005', '000000010000000000000005', 0],
  ['a backup label', '000000010000000000000004.00000028.backup', '000000010000000000000006', 1],
  ['a file of an earlier timeline', '000000010000000000000001', '000000020000000000000009', 0],
  ['a history file', '00000002.history', '000000020000000000000009', 0],
  ['no file', null, '000000020000000000000009', 0],
])('archived last: %s', (_, archived, current, waiting) => {
  expect(row(archived, current)).toEqual({ archivedAt: 1_769_998_800_000, waiting });
});

it.each<readonly [string, string, string, number]>([
  ['1048576', '000000010000000000000FFD', '000000010000000100000000', 2],
  ['67108864', '00000001000000000000003D', '000000010000000100000000', 2],
  ['1073741824', '000000010000000000000001', '000000010000000100000000', 2],
  // PostgreSQL has no such sizes.
  ['1048575', '000000010000000000000001', '000000010000000000000004', 0],
  ['1073741825', '000000010000000000000001', '000000010000000000000004', 0],
])('counts with %s bytes in a file from %s to %s', (size, archived, current, waiting) => {
  expect(row(archived, current, { size })?.waiting).toBe(waiting);
});

it.each<readonly [string, unknown]>([
  ['nothing was archived', { at: null, archived: null, current: '000000010000000000000001', size: '16777216' }],
  ['no row', undefined],
  ['a time that is none', { at: 'infinity' }],
  ['a number', { at: 1_769_998_800 }],
  ['something long', { at: '1'.repeat(100_000) }],
])('tells nothing: %s', (_, answer) => {
  expect(archiverIn(answer)).toBeUndefined();
});
