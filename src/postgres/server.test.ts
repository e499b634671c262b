import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { databaseUrl } from '../domain/credentials/database-url.ts';
import { serverOf } from './server.ts';

const text = fc.string({ minLength: 1, maxLength: 40, unit: 'grapheme' });

it('reads back what is published', () => {
  const sslModes = fc.constantFrom('prefer' as const, 'require' as const, 'verify-full' as const);
  fc.assert(
    fc.property(text, text, text, sslModes, (username, password, database, sslMode) => {
      const url = databaseUrl({ username, password, database }, 'db-team-shop', 'team', sslMode);
      expect(serverOf(url)).toEqual({
        host: 'db-team-shop-rw.team',
        port: 5432,
        user: username,
        password,
        database,
        sslMode,
      });
    }),
  );
});

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
