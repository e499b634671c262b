// What the owner is asked to grant, and what leaves of the answers. real-grants.test.ts asks a real PostgreSQL.
import { describe, expect, it } from '@jest/globals';
import type { Client } from 'pg';
import { type RolesQuestion, roleLevels } from '../api/login.ts';
import { grantRights } from './grants.ts';

const question: RolesQuestion = {
  owner: 'app',
  schemas: ['public'],
  roles: roleLevels.map((level) => ({ level, name: `app_${level}`, url: 'postgresql://x:hunter2@host/app' })),
};

interface Answers {
  /** Rows about the roles. */
  readonly roles?: readonly unknown[];
  readonly rest?: unknown;
  /** The start of a statement that fails so. */
  readonly failing?: readonly [statement: string, error: object];
}

/** A database, and what it was told: each statement with its values. */
function answering({ roles, rest, failing }: Answers = {}) {
  const heard: (readonly [string, readonly unknown[]])[] = [];
  const client = {
    query: async (text: string, values: readonly unknown[] = []) => {
      heard.push([text, values]);
      if (failing && text.startsWith(failing[0])) throw failing[1];
      if (text.startsWith('SELECT rolname')) return { rows: roles ?? question.roles.map(({ name }) => ({ name })) };
      return { rows: text.includes('.rest') ? [{ rest }] : [] };
    },
  } as unknown as Client;
  return { client, heard };
}

const refused = { code: '42501', severity: 'ERROR', message: 'permission denied for "hunter2"' };

describe('the rights of roles', () => {
  it('are granted as the owner, in one transaction', async () => {
    const { client, heard } = answering();
    expect(await grantRights(client, question)).toEqual([{ level: 'read' }, { level: 'write' }, { level: 'admin' }]);
    expect(heard.map(([text]) => text.split(/[\s,]/).slice(0, 2).join(' '))).toEqual([
      'BEGIN ISOLATION',
      'SELECT rolname::text',
      "SELECT set_config('role'",
      'DO $grants$',
      "SELECT current_setting('postgres_addon.rest'",
      'COMMIT',
    ]);
    expect(heard[2]?.[1][0]).toBe('app');
    expect(JSON.parse(String(heard[2]?.[1][1]))).toMatchObject({
      schemas: ['public'],
      roles: [
        { name: 'app_read', rights: { table: ['SELECT'], sequence: ['SELECT'], routine: ['EXECUTE'] } },
        { name: 'app_write', rights: { materializedView: ['SELECT'], sequence: ['SELECT', 'USAGE', 'UPDATE'] } },
        { name: 'app_admin', rights: { database: ['CONNECT', 'TEMPORARY'] } },
      ],
    });
    expect(JSON.stringify(heard)).not.toContain('hunter2');
  });

  it('of a role that does not exist yet are left out, and the others go on', async () => {
    const { client, heard } = answering({ roles: [null, 'text', { name: 7 }, {}, { name: 'app_write' }] });
    expect(await grantRights(client, question)).toEqual([
      { level: 'read', failure: 'the role does not exist yet' },
      { level: 'write' },
      { level: 'admin', failure: 'the role does not exist yet' },
    ]);
    expect(JSON.parse(String(heard[2]?.[1][1])).roles).toEqual([expect.objectContaining({ name: 'app_write' })]);
  });

  it('on very many objects are not complete, but the admin needs none of its own', async () => {
    const failure = expect.stringContaining('the next login goes on');
    expect(await grantRights(answering({ rest: 'true' }).client, question)).toEqual([
      { level: 'read', failure },
      { level: 'write', failure },
      { level: 'admin' },
    ]);
  });

  it.each(['BEGIN', 'SELECT rolname', 'SELECT set_config', 'DO', 'SELECT current_setting', 'COMMIT'])(
    'that the server refuses at "%s" are rolled back, and nothing of its words is told',
    async (statement) => {
      const { client, heard } = answering({ failing: [statement, refused] });
      const failure = 'its rights could not be granted (SQLSTATE 42501)';
      expect(await grantRights(client, question)).toEqual(roleLevels.map((level) => ({ level, failure })));
      expect(heard.at(-1)?.[0]).toBe('ROLLBACK');
    },
  );

  it.each([{ code: '57P01', severity: 'FATAL' }, { code: 'ECONNRESET' }, new Error('hunter2')])(
    'are not judged if the connection breaks: %j',
    async (error) => {
      const { client } = answering({ failing: ['DO', error] });
      await expect(grantRights(client, question)).rejects.toBe(error);
    },
  );
});
