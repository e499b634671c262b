// Logins to Debian's PostgreSQL, if the machine has it. The end-to-end tests log in to that of CNPG on every machine.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { systemClock } from '../runtime/clock.ts';
import { Logins } from './login.ts';
import { hasPostgres, type Postgres, startPostgres } from './testing-postgres.ts';

const password = "p@ss/w:rd #1%'";

(hasPostgres ? describe : describe.skip)('a login at PostgreSQL', () => {
  const logins = new Logins(systemClock);
  let postgres: Postgres;
  const sql = (...statements: readonly string[]): Promise<string> => postgres.sql(...statements);

  beforeAll(async () => {
    postgres = await startPostgres();
    // While starting up it refuses connections for a moment; tryLogin retries that.
    expect(await logins.tryLogin(url({ user: 'super', secret: 'super', database: 'postgres' }))).toEqual({
      kind: 'ok',
      version: expect.stringMatching(/^\d+\.\d+$/),
    });
    await sql(
      `CREATE ROLE app LOGIN PASSWORD '${password.replace("'", "''")}'`,
      'CREATE DATABASE app OWNER app',
      'CREATE DATABASE closed',
      'REVOKE CONNECT ON DATABASE closed FROM PUBLIC',
    );
  });

  afterAll(async () => {
    logins.stop();
    await postgres.close();
  });

  interface Login {
    readonly user?: string;
    readonly secret?: string;
    readonly host?: string;
    readonly database?: string;
    readonly query?: string;
  }
  function url({ user = 'app', secret = password, host = '127.0.0.1', database = 'app', query = '' }: Login): string {
    return `postgresql://${user}:${encodeURIComponent(secret)}@${host}:${postgres.port}/${database}${query}`;
  }

  it.each(['', '?sslmode=require', '?sslmode=verify-full'])('succeeds%s', async (query) => {
    expect(await logins.tryLogin(url({ query }))).toMatchObject({ kind: 'ok' });
  });

  it.each<readonly [string, Login, string, string]>([
    ['another password', { secret: 'other' }, 'credentials', 'SQLSTATE 28P01'],
    ['a database that is not there', { database: 'gone' }, 'database', 'SQLSTATE 3D000'],
    ['a database that is closed to the role', { database: 'closed' }, 'role', 'SQLSTATE 42501'],
    [
      'the name of another host',
      { host: 'localhost', query: '?sslmode=verify-full' },
      'tls',
      'the certificate is not valid for the host name',
    ],
  ])('with %s says so', async (_, login, why, detail) => {
    expect(await logins.tryLogin(url(login))).toEqual({ kind: 'failed', why, detail });
  });

  it('with a role that may not log in, and with a password that is changed meanwhile', async () => {
    await sql('ALTER ROLE app NOLOGIN');
    expect(await logins.tryLogin(url({}))).toEqual({ kind: 'failed', why: 'role', detail: 'SQLSTATE 28000' });
    await sql('ALTER ROLE app LOGIN');
    const login = logins.tryLogin(url({ secret: 'new' }));
    await sql("ALTER ROLE app PASSWORD 'new'");
    expect(await login).toMatchObject({ kind: 'ok' });
    await sql(`ALTER ROLE app PASSWORD '${password.replace("'", "''")}'`);
  });

  it('for a restore drill tells where the WAL is, and checks assertions without a change', async () => {
    expect(await logins.tryLogin(url({}), { drill: 'mark' })).toMatchObject({
      kind: 'ok',
      mark: { lsn: expect.stringContaining('/'), wal: expect.stringMatching(/^[0-9A-F]{24}$/) },
    });
    await sql('CREATE TABLE public.kept ()');
    const assertions = [
      ['SELECT true', 'true'],
      ['SELECT 1 > 2', 'true'],
      ['SELECT 40 + 2', '42'],
      ['SELECT $$some text$$', 'other'],
      ['SELECT 1 WHERE false', 'true'],
      ['SELECT * FROM gone', 'true'],
      ['SELECT 1; COMMIT; CREATE TABLE made ()', 'true'],
      ['CREATE TABLE made ()', 'true'],
    ].map(([text = '', expected = '']) => ({ sql: text, expect: expected }));
    expect(await logins.tryLogin(url({}), { assertions })).toMatchObject({
      kind: 'ok',
      assertions: [
        undefined,
        'returns false, not "true"',
        undefined,
        'returns another value than "other"',
        'returns no row',
        'fails with SQLSTATE 42P01',
        'fails with SQLSTATE 42601',
        'fails with SQLSTATE 42601',
      ],
    });
  });

  it('without a free connection, and then many at once', async () => {
    await sql('ALTER ROLE app CONNECTION LIMIT 0');
    expect(await logins.tryLogin(url({}))).toEqual({ kind: 'failed', why: 'roleFull', detail: 'SQLSTATE 53300' });
    await sql('ALTER ROLE app CONNECTION LIMIT -1', 'ALTER DATABASE app CONNECTION LIMIT 0');
    expect(await logins.tryLogin(url({}))).toEqual({ kind: 'failed', why: 'databaseFull', detail: 'SQLSTATE 53300' });
    await sql('ALTER DATABASE app CONNECTION LIMIT -1');
    expect(await Promise.all(Array.from({ length: 40 }, () => logins.tryLogin(url({}))))).toEqual(
      Array(40).fill(expect.objectContaining({ kind: 'ok' })),
    );
  });
});
