// What a restore drill asks a database: where its WAL is, which file was archived last, and whether the assertions hold. Of what the
// server says, only what has the expected form leaves this file, and of a value only a number or a truth value.
import type { Client, QueryConfig } from 'pg';
import type { Assertion, Mark } from '../api/login.ts';
import { foreign, loginErrorOf, refusalOf } from './failure.ts';

/** Leaves a commit record, after which an idle database fills a WAL file that archive_timeout sends to the archive. */
export const markQuery = `SELECT lsn::text AS lsn,
  extract(epoch FROM pg_catalog.clock_timestamp())::text AS at, pg_catalog.pg_current_xact_id()::text AS xid
FROM pg_catalog.pg_current_wal_insert_lsn() AS lsn`;

/** After it: the file that the commit record ends in. The record that PostgreSQL stops at can reach into the next one. */
export const walQuery = 'SELECT pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_insert_lsn()) AS wal';

export const archivedQuery = 'SELECT last_archived_wal AS wal FROM pg_catalog.pg_stat_archiver';

/** @param row of markQuery @param after of walQuery @returns undefined if one has another form */
export function markIn(row: unknown, after: unknown): Mark | undefined {
  const [lsn, wal, at] = [textIn(row, 'lsn'), textIn(after, 'wal'), textIn(row, 'at')];
  const isPosition = /^[0-9A-F]{1,8}\/[0-9A-F]{1,8}$/.test(lsn) && /^[0-9A-F]{24}$/.test(wal);
  return isPosition && /^\d{9,11}(\.\d{1,6})?$/.test(at)
    ? { lsn, wal, time: Math.floor(Number(at)) * 1000 }
    : undefined;
}

/** @param row of archivedQuery @returns the name of a WAL file, or of the end of a base backup in one; undefined if it has another form */
export function archivedIn(row: unknown): string | undefined {
  const wal = textIn(row, 'wal');
  return /^[0-9A-F]{24}(\.[0-9A-F]{8}\.backup)?$/.test(wal) ? wal : undefined;
}

/** A text in the answer to a query, of which nothing is certain; empty if there is none. */
function textIn(row: unknown, column: string): string {
  const value = ((row ?? {}) as Readonly<Record<string, unknown>>)[column];
  return typeof value === 'string' ? value : '';
}

/**
 * Checks the assertions one after the other, each in a read-only transaction of its own that is rolled back.
 * @param told gets for each why it does not hold, undefined if it does, as soon as that is known
 * @throws the errors of pg if the connection breaks
 */
export async function checkAssertions(
  client: Client,
  assertions: readonly Assertion[],
  told: (string | undefined)[],
): Promise<void> {
  for (const assertion of assertions) told.push(await checkAssertion(client, assertion));
}

/** A statement that PostgreSQL parses and binds in steps of their own: there can be no other one in its text. */
interface Prepared extends QueryConfig {
  readonly queryMode: 'extended';
}

async function checkAssertion(client: Client, { sql, expect }: Assertion): Promise<string | undefined> {
  try {
    await client.query('BEGIN READ ONLY');
    // A cursor takes queries only, and a text with a second statement is refused, so that it cannot end the transaction.
    const text = `DECLARE addon_assertion NO SCROLL CURSOR FOR ${sql}`;
    await client.query({ text, queryMode: 'extended' } satisfies Prepared as QueryConfig);
    const { rows, fields } = await client.query({
      text: 'FETCH 1 FROM addon_assertion',
      rowMode: 'array',
      types: asText,
    });
    const [row] = rows as readonly unknown[];
    const first = Array.isArray(row) ? (row[0] as unknown) : undefined;
    return row === undefined ? 'returns no row' : compared(first, fields[0]?.dataTypeID, expect);
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal !== undefined) return `fails with ${refusal}`;
    const { why, detail } = loginErrorOf(error);
    if (why === 'other' && detail === foreign().detail) return 'returns more than 16 kB';
    throw error;
  } finally {
    await client.query('ROLLBACK').catch(() => {});
  }
}

/** Every value as PostgreSQL writes it. */
const asText = { getTypeParser: () => (value: unknown) => value };

/** The OID of the type boolean (pg_type.dat). */
const boolean = 16;

/** @returns why a value is not the expected one, in words of ours; undefined if it is */
function compared(value: unknown, type: number | undefined, expected: string): string | undefined {
  if (value === null || value === undefined) return `returns null, not "${expected}"`;
  const text = String(value);
  const shown = type === boolean && text === 't' ? 'true' : type === boolean && text === 'f' ? 'false' : text;
  if (shown === expected) return undefined;
  // What is in a database may be nobody's business.
  const isHarmless = /^(?:true|false|-?\d{1,30}(?:\.\d{1,30})?)$/.test(shown);
  return isHarmless ? `returns ${shown}, not "${expected}"` : `returns another value than "${expected}"`;
}
