// Which roles of a server could log in, as anybody may ask.
import type { Server } from './server.ts';

/** Many more than anybody gives to a database. */
const most = 100;

export const rolesQuery = `SELECT rolname FROM pg_catalog.pg_roles WHERE rolcanlogin LIMIT ${10 * most}`;

/**
 * @param rows of rolesQuery; anybody may have answered it
 * @returns the names, sorted, without those of PostgreSQL, CNPG and the user of the login; at most 100
 */
export function otherRolesIn(
  rows: readonly unknown[],
  { user, password }: Pick<Server, 'user' | 'password'>,
): readonly string[] {
  const names = rows.map((row) => (row as { readonly rolname?: unknown } | null)?.rolname);
  const readable = names.filter((name) => typeof name === 'string').filter((name) => /^\P{C}{1,63}$/u.test(name));
  // A server that got the password could say it here.
  const others = readable.filter((name) => name !== user && !isBuiltIn(name) && !name.includes(password));
  return [...new Set(others)].sort().slice(0, most);
}

/** https://www.postgresql.org/docs/current/predefined-roles.html, and CNPG's `postgres.go`. */
function isBuiltIn(name: string): boolean {
  return name === 'postgres' || name === 'streaming_replica' || name.startsWith('pg_') || name.startsWith('cnpg_');
}
