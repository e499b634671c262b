// Makes a login role that is a member of the owner act as the owner in all its sessions, so that what it creates belongs to the owner.
import type { Client } from 'pg';
import { LoginError, refusalOf } from './failure.ts';

const begin = `BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL search_path = pg_catalog, pg_temp;
SET LOCAL lock_timeout = '1s';
SET LOCAL statement_timeout = '4s'`;

/** The first `role` fails if it may not act as the owner. As the owner, it could not change itself. */
const enterQueries = [
  "SELECT set_config('role', $1, true), set_config('postgres_addon.owner', $1, true)",
  "SELECT set_config('role', 'none', true)",
] as const;

const settle = `DO $settle$
DECLARE
  owner CONSTANT text := current_setting('postgres_addon.owner');
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = session_user AND 'role=' || owner = ANY (rolconfig)) THEN
    EXECUTE format('ALTER ROLE SESSION_USER SET role = %L', owner);
  END IF;
END
$settle$`;

/**
 * Sets the role of later sessions, unless it is set already.
 * @param client logged in as the member
 * @throws LoginError, or the errors of pg if the connection breaks
 */
export async function actAsOwner(client: Client, owner: string): Promise<void> {
  try {
    await client.query(begin);
    await client.query(enterQueries[0], [owner]);
    await client.query(enterQueries[1]);
    await client.query(settle);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {});
    const refusal = refusalOf(error);
    throw refusal === undefined ? error : new LoginError('role', `it cannot act as the owner: ${refusal}`);
  }
}
