// The rights of roles at Debian's PostgreSQL, if the machine has it. The end-to-end tests try the same table on that of CNPG.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { before, byAdmin, later, openSchemas, triedRights } from '../../e2e/real/role-rights.ts';
import { type RoleLevel, type RolesQuestion, roleLevels } from '../api/login.ts';
import { systemClock } from '../runtime/clock.ts';
import { Logins } from './login.ts';
import { hasPostgres, type Postgres, startPostgres } from './testing-postgres.ts';

const password = 'p@ss';
/** It holds what has to be quoted. */
const names = { owner: 'The "Owner" \\ %I é', database: 'app' };
const nameOf = (level: 'owner' | RoleLevel): string => (level === 'owner' ? names.owner : `${names.owner}_${level}`);
const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

(hasPostgres ? describe : describe.skip)('the rights of roles at PostgreSQL', () => {
  const logins = new Logins(systemClock);
  let postgres: Postgres;

  beforeAll(async () => {
    postgres = await startPostgres();
    const isUp = await logins.tryLogin(`postgresql://super:super@127.0.0.1:${postgres.port}/postgres`);
    expect(isUp).toMatchObject({ kind: 'ok' });
    await postgres.sql(
      'CREATE ROLE postgres',
      ...(['owner', 'read', 'write'] as const).map((level) => create(level)),
      `CREATE DATABASE app OWNER ${quoted(names.owner)}`,
    );
    await run('owner', before);
    // What the owner may grant nothing on.
    await as('super', 'super', ['CREATE SCHEMA foreign_schema', 'CREATE TABLE public.foreign_table ()']);
  });
  afterAll(async () => {
    logins.stop();
    await postgres.close();
  });

  const create = (level: 'owner' | RoleLevel): string =>
    `CREATE ROLE ${quoted(nameOf(level))} LOGIN PASSWORD '${password}'`;
  const as = async (user: string, secret: string, statements: readonly string[]): Promise<void> => {
    const script = statements.map((statement) => `${statement};\n`).join('');
    await postgres.psql({ user, password: secret, database: names.database, script, stops: true });
  };
  const run = (level: 'owner' | RoleLevel, statements: readonly string[]) => as(nameOf(level), password, statements);
  const urlOf = (level: 'owner' | RoleLevel): string =>
    `postgresql://${encodeURIComponent(nameOf(level))}:${encodeURIComponent(password)}@127.0.0.1:${postgres.port}/app`;
  const ask = (): ReturnType<Logins['tryLogin']> => {
    const roles: RolesQuestion = {
      owner: names.owner,
      schemas: [...openSchemas, 'gone', 'foreign_schema', 'pg_catalog', 'information_schema'],
      roles: roleLevels.map((level) => ({ level, name: nameOf(level), url: urlOf(level) })),
    };
    return logins.tryLogin(urlOf('owner'), { roles });
  };
  /** The next transaction ID: it is the same as long as nothing is written. */
  const nextTransaction = (): Promise<string> => postgres.sql('SELECT pg_snapshot_xmax(pg_current_snapshot())');
  const ready = { kind: 'ok', roles: roleLevels.map((level) => ({ level })) };

  it('are granted to those that exist', async () => {
    expect(await ask()).toMatchObject({
      kind: 'ok',
      roles: [{ level: 'read' }, { level: 'write' }, { level: 'admin', failure: 'the role does not exist yet' }],
    });
  });

  it('of the admin need its membership', async () => {
    await postgres.sql(create('admin'));
    const failure = 'the login fails (it cannot act as the owner: SQLSTATE 42501)';
    expect(await ask()).toMatchObject({ roles: [{}, {}, { level: 'admin', failure }] });
    await postgres.sql(`GRANT ${quoted(names.owner)} TO ${quoted(nameOf('admin'))}`);
    expect(await ask()).toMatchObject(ready);
  });

  it('are written once', async () => {
    const before = await nextTransaction();
    expect(await ask()).toMatchObject(ready);
    expect(await nextTransaction()).toBe(before);
  });

  it('are as the table says, also on what is created later, and by the admin', async () => {
    await run('owner', later);
    await run('admin', byAdmin);
    const differences = await triedRights(names.owner, (level, script, database) =>
      postgres.psql({ user: nameOf(level), password, database: database ?? names.database, script }),
    );
    expect(differences).toEqual([]);
  });

  it('come back if they are taken away, whatever the settings of the owner are', async () => {
    const [read, owner] = [quoted(nameOf('read')), quoted(names.owner)];
    await run('owner', [
      `REVOKE SELECT ON public."My table" FROM ${read}`,
      'GRANT TEMPORARY ON DATABASE app TO PUBLIC',
      ...['search_path = private', 'default_transaction_read_only = on', 'quote_all_identifiers = on'].map(
        (setting) => `ALTER ROLE ${owner} SET ${setting}`,
      ),
    ]);
    expect(await ask()).toMatchObject(ready);
    await postgres.sql(`ALTER ROLE ${owner} RESET ALL`);
    await run('read', ['SELECT * FROM public."My table"']);
    await expect(run('read', ['CREATE TEMPORARY TABLE mine ()'])).rejects.toThrow('permission denied');
  });
});
