// Logins to Debian's PostgreSQL, if the machine has it. The end-to-end tests log in to that of CNPG on every machine.
import { chown, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execa } from 'execa';
import { testCertificate } from '../kube/testing-certificate.ts';
import { systemClock } from '../runtime/clock.ts';
import { Logins } from './login.ts';

const packages = '/usr/lib/postgresql';
const versions = (await readdir(packages).catch(() => [])).filter((version) => /^\d+$/.test(version));
const programs = join(packages, versions.at(-1) ?? '', 'bin');

/** PostgreSQL refuses to run as root. */
const nobody = userInfo().uid === 0 ? { uid: 65_534, gid: 65_534 } : {};
const password = "p@ss/w:rd #1%'";

(versions.length === 0 ? describe.skip : describe)('a login at PostgreSQL', () => {
  const logins = new Logins(systemClock);
  let folder = '';
  let port = 0;
  let postgres: ({ kill(signal: 'SIGINT'): boolean } & PromiseLike<unknown>) | undefined;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'postgres-'));
    port = await freePort();
    const data = join(folder, 'data');
    const { certificate, key } = testCertificate();
    const files = { pass: 'super', 'server.crt': certificate, 'server.key': key };
    for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content, { mode: 0o600 });
    for (const name of ['', ...Object.keys(files)]) await chown(join(folder, name), nobody.uid ?? -1, nobody.gid ?? -1);
    const pass = join(folder, 'pass');
    await execa(
      join(programs, 'initdb'),
      ['-D', data, '-U', 'super', '-A', 'scram-sha-256', '--pwfile', pass, '--no-sync', '--locale=C'],
      nobody,
    );
    const settings = {
      ...{ port, listen_addresses: '127.0.0.1', unix_socket_directories: folder, fsync: 'off' },
      ...{ ssl: 'on', ssl_cert_file: join(folder, 'server.crt'), ssl_key_file: join(folder, 'server.key') },
    };
    postgres = execa(
      join(programs, 'postgres'),
      ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
      { ...nobody, reject: false, all: true },
    );
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
    postgres?.kill('SIGINT');
    await postgres;
    await rm(folder, { recursive: true, force: true });
  });

  interface Login {
    readonly user?: string;
    readonly secret?: string;
    readonly host?: string;
    readonly database?: string;
    readonly query?: string;
  }
  function url({ user = 'app', secret = password, host = '127.0.0.1', database = 'app', query = '' }: Login): string {
    return `postgresql://${user}:${encodeURIComponent(secret)}@${host}:${port}/${database}${query}`;
  }

  async function sql(...statements: readonly string[]): Promise<void> {
    await execa(
      join(programs, 'psql'),
      ['-h', '127.0.0.1', '-p', String(port), '-U', 'super', '-d', 'postgres', ...statements.flatMap((s) => ['-c', s])],
      { env: { PGPASSWORD: 'super' } },
    );
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

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
