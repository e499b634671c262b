import { describe, expect, it } from '@jest/globals';
import { rowOf } from '../../api/conditions.ts';
import type { LoginFailure, LoginResult } from '../../api/login.ts';
import { judgeLogin } from './login.ts';

const place = { sourceSecret: 'db-team-shop-app', host: 'db-team-shop-rw.team', database: 'shop', role: 'seller' };

describe('judgeLogin', () => {
  const failed = (why: LoginFailure, detail: string): LoginResult => ({ kind: 'failed', why, detail });
  /** The reason and its state, and what the message must contain. */
  it.each<readonly [LoginFailure, string, string, string, readonly string[]]>([
    ['credentials', 'SQLSTATE 28P01', 'CredentialsRejected', 'stalled', ['"seller"', 'Delete Secret db-team-shop-app']],
    ['role', 'SQLSTATE 28000', 'LoginForbidden', 'stalled', ['"seller"', 'SQLSTATE 28000', 'CONNECT', '"shop"']],
    ['database', 'SQLSTATE 3D000', 'DatabaseMissing', 'stalled', ['"shop"', 'owner "seller"']],
    ['tls', 'the server offers no TLS', 'TlsFailed', 'stalled', ['the server offers no TLS', 'sslMode']],
    ['host', 'ENOTFOUND', 'DNSLookupFailed', 'progressing', ['db-team-shop-rw.team', 'ENOTFOUND', 'DNS']],
    ['refused', 'ECONNREFUSED', 'ConnectionRefused', 'progressing', ['db-team-shop-rw.team', 'no ready instance']],
    ['unreachable', 'ETIMEDOUT', 'DatabaseUnreachable', 'progressing', ['5432', 'NetworkPolicy', 'ETIMEDOUT']],
    ['silent', 'no answer within 5 s', 'LoginTimeout', 'progressing', ['db-team-shop-rw.team', 'log of the primary']],
    ['broken', 'ECONNRESET', 'ConnectionReset', 'progressing', ['db-team-shop-rw.team', 'log of the primary']],
    ['starting', 'SQLSTATE 57P03', 'DatabaseStarting', 'progressing', ['starting up']],
    ['full', 'SQLSTATE 53300', 'TooManyConnections', 'progressing', ['no free connections', 'plan']],
    ['roleFull', 'SQLSTATE 53300', 'RoleConnectionLimit', 'progressing', ['ALTER ROLE "seller" CONNECTION LIMIT']],
    ['databaseFull', 'SQLSTATE 53300', 'DatabaseConnectionLimit', 'progressing', ['ALTER DATABASE "shop"']],
    ['other', 'SQLSTATE XX000', 'LoginFailed', 'progressing', ['"seller"', 'SQLSTATE XX000']],
  ])('reports "%s" (%s) as %s, which is %s', (why, detail, reason, state, words) => {
    const verdict = judgeLogin(failed(why, detail), place);
    expect(verdict?.reason).toBe(reason);
    for (const word of words) expect(verdict?.message).toContain(word);
    const row = rowOf(verdict?.reason ?? 'LoggedIn');
    expect(row.state).toBe(state);
    // Nothing that is watched changes when the database can be reached again.
    expect(row.recheckSeconds).toBeGreaterThanOrEqual(15);
    expect(row.recheckSeconds).toBeLessThanOrEqual(30);
  });

  it('reports which role logged in where', () => {
    expect(judgeLogin({ kind: 'ok' }, place)).toEqual({
      reason: 'LoggedIn',
      message: 'role "seller" logged in to db-team-shop-rw.team with DATABASE_URL',
    });
  });

  it('reports nothing for a login that was not attempted', () => {
    expect(judgeLogin({ kind: 'unchecked' }, place)).toBeUndefined();
  });
});
