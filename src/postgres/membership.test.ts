// How a member is made to act as the owner. real-grants.test.ts asks a real PostgreSQL.
import { expect, it } from '@jest/globals';
import type { Client } from 'pg';
import { LoginError } from './failure.ts';
import { actAsOwner } from './membership.ts';

/** A database, and what it was told. @param failing the start of a statement, and how it fails */
function answering(failing?: readonly [statement: string, error: object]) {
  const heard: string[] = [];
  const client = {
    query: async (text: string, values: readonly unknown[] = []) => {
      heard.push([text.split(/[\s;]/)[0], ...values].join(' '));
      if (failing && text.startsWith(failing[0])) throw failing[1];
      return { rows: [] };
    },
  } as unknown as Client;
  return { client, heard };
}

it('is tried, and then set by the member itself', async () => {
  const { client, heard } = answering();
  await actAsOwner(client, 'my "app"');
  expect(heard).toEqual(['BEGIN', 'SELECT my "app"', 'SELECT', 'DO', 'COMMIT']);
});

it.each(['BEGIN', "SELECT set_config('role', $1", "SELECT set_config('role', 'none'", 'DO', 'COMMIT'])(
  'that the server refuses at "%s" is rolled back and said in words of ours',
  async (statement) => {
    const { client, heard } = answering([statement, { code: '42501', severity: 'ERROR', message: 'hunter2' }]);
    await expect(actAsOwner(client, 'app')).rejects.toEqual(
      new LoginError('role', 'it cannot act as the owner: SQLSTATE 42501'),
    );
    expect(heard.at(-1)).toBe('ROLLBACK');
  },
);

it('is not judged if the connection breaks', async () => {
  const error = { code: 'ECONNRESET' };
  await expect(actAsOwner(answering(['DO', error]).client, 'app')).rejects.toBe(error);
});
