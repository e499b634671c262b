// What a restore drill asks a database, and what leaves of the answers. real.test.ts asks a real PostgreSQL.
import { describe, expect, it } from '@jest/globals';
import type { Client } from 'pg';
import { archivedIn, checkAssertions, markIn } from './drill.ts';
import { foreign } from './failure.ts';

const lsn = '16/B374D848';
const wal = '0000000100000016000000B3';
const at = '1767323045.678901';

it('a mark is a position, the WAL file after it and the time of the server', () => {
  expect(markIn({ lsn, at, xid: '7' }, { wal })).toEqual({ lsn, wal, time: 1_767_323_045_000 });
});

it.each([
  [undefined, { wal }],
  [null, { wal }],
  ['text', { wal }],
  [{}, { wal }],
  [{ lsn: '16/B374D848; DROP', at }, { wal }],
  [{ lsn, at }, { wal: `${wal}.history` }],
  [{ lsn, at }, undefined],
  [{ lsn, at: 'now' }, { wal }],
  [{ lsn: 7, at }, { wal }],
  [{ lsn, at: 1_767_323_045 }, { wal }],
])('%j with %j is no mark', (row, after) => {
  expect(markIn(row, after)).toBeUndefined();
});

it.each([
  [{ wal }, wal],
  [{ wal: `${wal}.partial` }, undefined],
  [{ wal: `${wal}.00000028.backup` }, `${wal}.00000028.backup`],
  [{ wal: null }, undefined],
  [{ wal: '00000002.history' }, undefined],
  [{ wal: `${wal} hunter2` }, undefined],
  [undefined, undefined],
])('of %j the last archived file is %s', (row, expected) => {
  expect(archivedIn(row)).toBe(expected);
});

/** A database that answers the FETCH of each assertion, or fails it; and what it was told. @param failing a statement that it refuses */
function answering(
  fetched: (sql: string) => { readonly rows: readonly unknown[]; readonly type?: number },
  failing?: string,
) {
  const heard: string[] = [];
  let declared = '';
  const client = {
    query: async (asked: string | { readonly text: string; readonly queryMode?: string }) => {
      const { text, queryMode } = typeof asked === 'string' ? { text: asked, queryMode: undefined } : asked;
      heard.push(queryMode === 'extended' ? `prepared: ${text}` : text);
      if (failing !== undefined && text.startsWith(failing))
        throw Object.assign(new Error('refused'), { code: '42501', severity: 'ERROR' });
      if (text.startsWith('DECLARE')) declared = text;
      if (!text.startsWith('FETCH')) return { rows: [], fields: [] };
      const { rows, type = 25 } = fetched(declared);
      return { rows, fields: [{ dataTypeID: type }] };
    },
  } as unknown as Client;
  return { client, heard };
}

const check = async (client: Client, sql: string, expected = 'true') => {
  const told: (string | undefined)[] = [];
  await checkAssertions(client, [{ sql, expect: expected }], told);
  return told;
};

describe('an assertion', () => {
  it('is a single query in a read-only transaction that is rolled back', async () => {
    const { client, heard } = answering(() => ({ rows: [['t']], type: 16 }));
    expect(await check(client, 'SELECT true')).toEqual([undefined]);
    expect(heard).toEqual([
      'BEGIN READ ONLY',
      'prepared: DECLARE addon_assertion NO SCROLL CURSOR FOR SELECT true',
      'FETCH 1 FROM addon_assertion',
      'ROLLBACK',
    ]);
  });

  it.each<readonly [unknown, number, string, string | undefined]>([
    ['t', 16, 'true', undefined],
    ['f', 16, 'false', undefined],
    ['f', 16, 'true', 'returns false, not "true"'],
    ['t', 25, 'true', 'returns another value than "true"'],
    ['f', 25, 'false', 'returns another value than "false"'],
    ['42', 20, '42', undefined],
    ['41', 20, '42', 'returns 41, not "42"'],
    ['-1.50', 1700, '0', 'returns -1.50, not "0"'],
    ['open', 25, 'open', undefined],
    ['Jane Doe, 7 Elm Street', 25, 'open', 'returns another value than "open"'],
    ['', 25, 'open', 'returns another value than "open"'],
    [null, 25, 'open', 'returns null, not "open"'],
  ])('that returns %j of type %i, where "%s" is expected: %s', async (value, type, expected, why) => {
    expect(await check(answering(() => ({ rows: [[value]], type })).client, 'SELECT x', expected)).toEqual([why]);
  });

  it('without a row says so, and the next one is checked', async () => {
    const { client } = answering((sql) => ({ rows: sql.endsWith('first') ? [] : [['t']], type: 16 }));
    const told: (string | undefined)[] = [];
    const assertions = ['SELECT first', 'SELECT second'].map((sql) => ({ sql, expect: 'true' }));
    await checkAssertions(client, assertions, told);
    expect(told).toEqual(['returns no row', undefined]);
  });

  it('that fails says with which code, and nothing of what the server says', async () => {
    const { client, heard } = answering(() => {
      throw Object.assign(new Error('relation "hunter2" does not exist'), { code: '42P01', severity: 'ERROR' });
    });
    expect(await check(client, 'SELECT x')).toEqual(['fails with SQLSTATE 42P01']);
    expect(heard.at(-1)).toBe('ROLLBACK');
  });

  it.each([
    ['42501', 'fails with SQLSTATE 42501'],
    ['22P02', 'fails with SQLSTATE 22P02'],
    ['57014', 'fails with SQLSTATE 57014'],
  ])('that fails with %s is judged', async (code, why) => {
    const { client } = answering(() => {
      throw Object.assign(new Error('no'), { code, severity: 'ERROR' });
    });
    expect(await check(client, 'SELECT x')).toEqual([why]);
  });

  it('with a result that is too large says so', async () => {
    const { client } = answering(() => {
      throw foreign();
    });
    expect(await check(client, 'SELECT x')).toEqual(['returns more than 16 kB']);
  });

  it('is not judged if the server ends the session', async () => {
    const { client } = answering(() => {
      throw Object.assign(new Error('gone'), { code: '57P01', severity: 'FATAL' });
    });
    await expect(check(client, 'SELECT x')).rejects.toThrow('gone');
  });

  it.each(['ECONNRESET', 'EUNKNOWN'])('is not judged if the connection breaks by %s', async (code) => {
    const { client } = answering(() => {
      throw Object.assign(new Error('gone'), { code });
    });
    await expect(check(client, 'SELECT x')).rejects.toThrow('gone');
  });

  it.each(['BEGIN READ ONLY', 'DECLARE', 'FETCH'])(
    'that fails at "%s" says so, and is rolled back',
    async (statement) => {
      const { client, heard } = answering(() => ({ rows: [['t']], type: 16 }), statement);
      expect(await check(client, 'SELECT x')).toEqual(['fails with SQLSTATE 42501']);
      expect(heard.at(-1)).toBe('ROLLBACK');
    },
  );

  it('holds although its end is not answered', async () => {
    const { client } = answering(() => ({ rows: [['t']], type: 16 }), 'ROLLBACK');
    expect(await check(client, 'SELECT x')).toEqual([undefined]);
  });

  it('without a value is one that returns null', async () => {
    for (const row of [[], {}])
      expect(await check(answering(() => ({ rows: [row] })).client, 'SELECT x')).toEqual(['returns null, not "true"']);
  });
});
