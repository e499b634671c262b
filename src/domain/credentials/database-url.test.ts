// Which credentials are accepted, and the URL that is made of them: every client has to read back what was put in.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { aCluster, anAddon, aSource } from '../testing.ts';
import { databaseUrl, readCredentials } from './database-url.ts';

const addon = anAddon();
const cluster = aCluster(addon);
/** What is read of CNPG's Secret with this in it, for an addon that asks for this database. */
const read = (data: Readonly<Record<string, string>>, database = 'app') =>
  readCredentials(aSource(cluster, data), cluster, { owner: 'app', database });

describe("the credentials in CNPG's Secret", () => {
  it.each<readonly [string, string]>([
    ['of 1024 characters', 'x'.repeat(1024)],
    ['of 1024 characters of three bytes', '€'.repeat(1024)],
    ['with blanks and signs', ' a:/?#[]@!$&\'()*+,;="%ä'],
  ])('are read with a password %s', (_, password) =>
    expect(read({ password })).toEqual({ username: 'app', password, database: 'app' }),
  );

  it.each<readonly [string, Readonly<Record<string, string>>, string]>([
    ['an empty password', { password: '' }, '"password" is missing, empty, too long or not text'],
    ['a password of 1025 characters', { password: 'x'.repeat(1025) }, '"password" is missing'],
    ['a password with a line break', { password: 'a\nb' }, '"password" is missing'],
    ['no user name', { username: '' }, '"username" is missing'],
    ['no database', { dbname: '' }, '"dbname" is missing'],
    ['another user', { username: 'postgres' }, '"username" is not the owner "app"'],
    ['another database', { dbname: 'other' }, '"dbname" is not the database "app"'],
  ])('are refused with %s', (_, data, words) => expect(read(data)).toContain(words));

  it('are refused without a password, and if it is no text', () => {
    const { data: { password: _, ...others } = {}, ...source } = aSource(cluster);
    const withData = (data: Readonly<Record<string, string>>) =>
      readCredentials({ ...source, data }, cluster, { owner: 'app', database: 'app' });
    expect(withData(others)).toContain('"password" is missing');
    expect(withData({ ...others, password: Buffer.from([0xff, 0xfe]).toString('base64') })).toContain('not text');
  });

  it.each(['.', '..', 'a/b', 'a b', 'ä', 'a%2Fb', 'a?b'])(
    'are refused for the database "%s", which no URL can name',
    (name) => expect(read({ dbname: name }, name)).toContain('cannot be read back from a URL'),
  );

  it.each(['app', '...', 'a.b', '.a', 'A_b-c~1'])('are read for the database "%s"', (name) =>
    expect(read({ dbname: name }, name)).toMatchObject({ database: name }),
  );
});

describe('DATABASE_URL', () => {
  const credentials = { username: 'app', password: 'p', database: 'shop' };

  it.each([
    ['prefer', ''],
    ['require', '?sslmode=require'],
  ] as const)('with sslMode %s ends in "%s"', (sslMode, end) =>
    expect(databaseUrl(credentials, 'db', 'team', sslMode)).toBe(`postgresql://app:p@db-rw.team:5432/shop${end}`),
  );

  it('gives back what was put in, and has no character in it that a client may take for another', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.string({ minLength: 1, unit: 'grapheme' }), (username, password) => {
        const { host, pathname, ...url } = partsOf(
          databaseUrl({ username, password, database: 'shop' }, 'db', 'team', 'prefer'),
        );
        expect([host, pathname]).toEqual(['db-rw.team:5432', '/shop']);
        expect([url.username, url.password].map(decodeURIComponent)).toEqual([username, password]);
        expect(url.username + url.password).toMatch(/^(?:[\w.~-]|%[0-9A-F]{2})+$/);
      }),
      { examples: [["!'()*", "!'()*"]] },
    );
  });

  function partsOf(url: string) {
    const { username, password, host, pathname } = new URL(url);
    return { username, password, host, pathname };
  }
});
