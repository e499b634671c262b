import { expect, it } from '@jest/globals';
import { judgeLogin } from '../domain/credentials/login.ts';
import { loginFailures } from './login.ts';

it('every way in which a login fails has a reason of its own in status', () => {
  const place = { sourceSecret: 'db-app', host: 'db-rw.team', database: 'app', role: 'app' };
  const reasons = loginFailures.map((why) => judgeLogin({ kind: 'failed', why, detail: 'x' }, place)?.reason);
  expect(reasons).toEqual([
    'CredentialsRejected',
    'LoginForbidden',
    'DatabaseMissing',
    'TlsFailed',
    'DNSLookupFailed',
    'ConnectionRefused',
    'DatabaseUnreachable',
    'LoginTimeout',
    'ConnectionReset',
    'DatabaseStarting',
    'TooManyConnections',
    'RoleConnectionLimit',
    'DatabaseConnectionLimit',
    'LoginFailed',
  ]);
});
