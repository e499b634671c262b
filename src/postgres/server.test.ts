import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import pg from 'pg';
import { databaseUrl, readCredentials } from '../domain/credentials/database-url.ts';
import { aCluster, anAddon, aSource } from '../domain/testing.ts';
import { serverOf } from './server.ts';

interface Read {
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly host: string | undefined;
  readonly database: string | undefined;
}

/** What a client makes of the URL: one for each way of reading that is in use. */
const clients: Readonly<Record<string, (url: string) => Read | undefined>> = {
  'the operator, by the URL standard': (url) => {
    const { user, password, host, database }: Partial<Read> = serverOf(url) ?? {};
    return { user, password, host, database };
  },
  'node-postgres': (url) => {
    const { user, password, host, database } = new pg.Client(url);
    return { user, password, host, database };
  },
  // libpq and Go: the parts of RFC 3986, each percent-decoded.
  'one that decodes every part': (url) => partsOf(url, decodeURIComponent),
  // SQLAlchemy.
  'one that does not decode the path': (url) => partsOf(url, (path) => path),
};

function partsOf(url: string, decodePath: (path: string) => string): Read | undefined {
  const parts = /^postgresql:\/\/([^:@/]*):([^@/]*)@([^:/]*):5432\/([^?#]*)(\?[^#]*)?$/.exec(url);
  if (parts === null) return undefined;
  const [, user, password, host, database] = parts;
  return {
    user: decodeURIComponent(user ?? ''),
    password: decodeURIComponent(password ?? ''),
    host,
    database: decodePath(database ?? ''),
  };
}

const cluster = aCluster(anAddon());
const text = fc.string({ minLength: 1, maxLength: 40, unit: 'grapheme' });
/** The schema's rule for database.name and database.owner. */
const name = fc.stringMatching(/^[a-z_][a-z0-9_]{0,62}$/);
const label = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?$/);
const urlModes = fc.constantFrom('prefer' as const, 'verify-full' as const);

/** What CNPG's Secret says, read as the operator reads it. */
function credentialsOf(username: string, password: string, dbname: string) {
  return readCredentials(aSource(cluster, { username, password, dbname }), cluster, {
    owner: username,
    database: dbname,
  });
}

describe('what is published', () => {
  const hosts = ['team', '1', '0x7f', 'a--b'] as const;
  const anything: readonly [string, string, string, string][] = [
    ...[
      '.',
      '..',
      '...',
      '.a',
      '%2E',
      '%2e.',
      '/',
      'a/b',
      '%',
      '%41',
      '?',
      'a?b',
      '#',
      '@',
      ':',
      ' ',
      '+',
      'é',
      '\\',
    ].map((name): [string, string, string, string] => ['app', 'x', name, 'team']),
    ...['.', '..', '%2E', '/', '%', '?', '#', '@', ':', ' ', '+', 'é', '\\'].map(
      (value): [string, string, string, string] => [value, value, 'app', 'team'],
    ),
    ...hosts.map((host): [string, string, string, string] => ['app', 'x', 'app', host]),
  ];

  it('is read back by every client, whatever the Secret holds, or it is not published', () => {
    fc.assert(
      fc.property(
        text,
        text,
        fc.oneof(name, text),
        label,
        urlModes,
        (username, password, database, namespace, sslMode) => {
          const credentials = credentialsOf(username, password, database);
          if (typeof credentials === 'string') return;
          const url = databaseUrl(credentials, 'db-team-shop', namespace, sslMode);
          const read = { user: username, password, host: `db-team-shop-rw.${namespace}`, database };
          for (const [client, parse] of Object.entries(clients))
            expect({ client, ...parse(url) }).toEqual({ client, ...read });
        },
      ),
      {
        examples: anything.map(([username, password, database, namespace]) => [
          username,
          password,
          database,
          namespace,
          'prefer',
        ]),
      },
    );
  });

  it.each(['prefer', 'require', 'verify-full'] as const)('names the port and the SSL mode %s', (sslMode) => {
    const url = databaseUrl({ username: 'app', password: 'x', database: 'app' }, 'db-team-shop', 'team', sslMode);
    expect(serverOf(url)).toMatchObject({ port: 5432, sslMode });
  });

  it('includes every name that the schema of the addon allows, with any password that is text', () => {
    const password = text.filter((value) => !/[\p{Cc}\ufffd]/u.test(value));
    fc.assert(
      fc.property(name, password, name, (username, secret, database) => {
        expect(credentialsOf(username, secret, database)).toEqual({ username, password: secret, database });
      }),
    );
  });

  it.each(['.', '..', 'a/b', 'a?b', 'a#b', '%2E', 'é'])(
    'is never a database named %s, and the message says what to do',
    (database) => {
      const refused = credentialsOf('app', 'hunter2', database);
      expect(refused).toMatch(/cannot be read back from a URL: use an addon whose database\.name/);
      expect(refused).not.toContain('hunter2');
    },
  );
});

it.each([
  ['postgresql://app:x@host/app', 5432],
  ['postgresql://app:x@host:6432/app', 6432],
])('the port of %s is %d', (url, port) => expect(serverOf(url)?.port).toBe(port));

it.each([
  '',
  'no url',
  'mysql://app:x@host:5432/app',
  'postgresql://app:x@/app',
  'postgresql://app@host/app',
  'postgresql://:x@host/app',
  'postgresql://app:x@host/',
  'postgresql://app:%ff@host/app',
  'postgresql://app:x@host/app?sslmode=disable',
])('takes no other form: %s', (url) => expect(serverOf(url)).toBeUndefined());
