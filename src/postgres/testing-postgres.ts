// Debian's PostgreSQL for tests, if the machine has it.
import { chown, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { testCertificate } from '../kube/testing-certificate.ts';

const packages = '/usr/lib/postgresql';
const versions = (await readdir(packages).catch(() => [])).filter((version) => /^\d+$/.test(version));
const programs = join(packages, versions.at(-1) ?? '', 'bin');

/** PostgreSQL refuses to run as root. */
const nobody = userInfo().uid === 0 ? { uid: 65_534, gid: 65_534 } : {};

export const hasPostgres = versions.length > 0;

/** Its superuser, who has the same password. */
const superuser = 'super';

export interface Postgres {
  readonly port: number;
  /** As the superuser, in the database "postgres". @returns what psql prints */
  sql(...statements: readonly string[]): Promise<string>;
  /** Runs psql with a script. @returns what it writes to its standard error */
  psql(login: PsqlLogin): Promise<string>;
  close(): Promise<void>;
}

interface PsqlLogin {
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly script: string;
  /** Otherwise it goes on after an error. */
  readonly stops?: true;
}

/** Starts a server with TLS that accepts no connection yet for a moment. */
export async function startPostgres(): Promise<Postgres> {
  const folder = await mkdtemp(join(tmpdir(), 'postgres-'));
  const port = await freePort();
  const data = join(folder, 'data');
  const { certificate, key } = testCertificate();
  const files = { pass: superuser, 'server.crt': certificate, 'server.key': key };
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content, { mode: 0o600 });
  for (const name of ['', ...Object.keys(files)]) await chown(join(folder, name), nobody.uid ?? -1, nobody.gid ?? -1);
  await execa(
    join(programs, 'initdb'),
    [
      ...['-D', data, '-U', superuser, '-A', 'scram-sha-256', '--pwfile', join(folder, 'pass'), '--no-sync'],
      ...['--locale=C', '--encoding=UTF8'],
    ],
    nobody,
  );
  const settings = {
    ...{ port, listen_addresses: '127.0.0.1', unix_socket_directories: folder, fsync: 'off' },
    ...{ ssl: 'on', ssl_cert_file: join(folder, 'server.crt'), ssl_key_file: join(folder, 'server.key') },
  };
  const postgres = execa(
    join(programs, 'postgres'),
    ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    { ...nobody, reject: false, all: true },
  );
  const psqlArguments = ['--no-psqlrc', '--quiet', '-At', '-h', '127.0.0.1', '-p', String(port)];
  return {
    port,
    async sql(...statements) {
      const { stdout } = await execa(
        join(programs, 'psql'),
        [...psqlArguments, '-U', superuser, '-d', 'postgres', ...statements.flatMap((s) => ['-c', s])],
        { env: { PGPASSWORD: superuser } },
      );
      return stdout;
    },
    async psql({ user, password, database, script, stops }) {
      const { stderr } = await execa(
        join(programs, 'psql'),
        [...psqlArguments, '-U', user, '-d', database, ...(stops ? ['--set', 'ON_ERROR_STOP=1'] : [])],
        { env: { PGPASSWORD: password }, input: script, stdout: 'ignore' },
      );
      return stderr;
    },
    async close() {
      postgres.kill('SIGINT');
      await postgres;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
