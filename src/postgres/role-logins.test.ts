// Logins with the roles of a question, at a scripted server; real-grants.test.ts asks a real PostgreSQL.
import { afterEach, describe, expect, it } from '@jest/globals';
import type { LoginResult, RoleLevel } from '../api/login.ts';
import { testCertificate } from '../kube/testing-certificate.ts';
import { ManualClock } from '../testing/clock.ts';
import { Logins } from './login.ts';
import {
  errorResponse,
  letsIn,
  message,
  rowOf,
  type Script,
  selectsOne,
  startServer,
  type TestServer,
  until,
} from './testing.ts';

const certificate = testCertificate();
const opened: { readonly server: TestServer; readonly logins: Logins }[] = [];
afterEach(async () => {
  for (const { server, logins } of opened.splice(0)) {
    logins.stop();
    await until(() => server.seen.open === 0);
    await server.close();
  }
});

/** ParseComplete and BindComplete. */
const bound = Buffer.concat([message('1'), message('2')]);

/** A server where the role of each level exists, and a login as the owner that asks for one level. */
async function meet(script: Partial<Script> = {}) {
  const server = await startServer({
    ...{ tls: 'S', certificate, start: (client) => client.write(letsIn), answer },
    ...script,
  });
  const clock = new ManualClock();
  const logins = new Logins(clock);
  opened.push({ server, logins });
  const urlOf = (user: string, query = ''): string =>
    `postgresql://${user}:hunter2@127.0.0.1:${server.port}/app${query}`;
  const ask = async (level: RoleLevel, url = urlOf(`app_${level}`)): Promise<LoginResult> => {
    const roles = { owner: 'app', schemas: ['public'], roles: [{ level, name: 'asked_role', url }] };
    const result = await logins.tryLogin(urlOf('app'), { roles });
    expect(JSON.stringify(result)).not.toMatch(/hunter2|serverWords/);
    return result;
  };
  return { server, clock, urlOf, ask };
}

function answer(text: Buffer, client: { write(data: Buffer): unknown; end(): unknown }): void {
  if (text.includes('rolname::text AS name')) client.write(Buffer.concat([bound, rowOf({ name: 'asked_role' })]));
  else if (text[0] === 0x50) client.write(Buffer.concat([bound, selectsOne]));
  else if (text[0] === 0x51) client.write(selectsOne);
  else if (text[0] === 0x58) client.end();
}

const ok = { kind: 'ok', version: '17.0' };

describe('a role', () => {
  it('that has its rights is proved by a login of its own', async () => {
    const { ask, server } = await meet();
    expect(await ask('read')).toEqual({ ...ok, roles: [{ level: 'read' }] });
    expect(server.seen.connections).toBe(2);
    expect(server.heard()).toContain('user\0app_read\0database\0app\0');
    expect(server.heard().split('SELECT 1')).toHaveLength(3);
    expect(server.heard()).not.toContain('$settle$');
    expect(server.seen.most).toBe(1);
  });

  it('of the level admin acts as the owner from then on', async () => {
    const { ask, server } = await meet();
    expect(await ask('admin')).toEqual({ ...ok, roles: [{ level: 'admin' }] });
    const [, asAdmin = ''] = server.heard().split('user\0app_admin\0');
    expect(asAdmin).toContain('$settle$');
  });

  it('of the level admin that may not act as the owner is not ready', async () => {
    const { ask } = await meet({
      answer: (text, client) => {
        if (text.includes('$settle$')) client.write(Buffer.concat([errorResponse('42501'), message('Z', 'E')]));
        else answer(text, client);
      },
    });
    const failure = 'the login fails (it cannot act as the owner: SQLSTATE 42501)';
    expect(await ask('admin')).toEqual({ ...ok, roles: [{ level: 'admin', failure }] });
  });

  it('that cannot log in is not ready, and the login of the owner has succeeded', async () => {
    const { ask, server } = await meet({
      start: (client, connection) => (connection === 1 ? client.write(letsIn) : client.end(errorResponse('28P01'))),
    });
    const failure = 'the login fails (SQLSTATE 28P01)';
    expect(await ask('write')).toEqual({ ...ok, roles: [{ level: 'write', failure }] });
    expect(server.seen.connections).toBe(2);
  });

  it('is logged in with the sslmode of its own URL', async () => {
    const { ask, urlOf } = await meet({ tls: 'N' });
    const failure = 'the login fails (the server does not support TLS)';
    expect(await ask('read', urlOf('app_read', '?sslmode=require'))).toEqual({
      ...ok,
      roles: [{ level: 'read', failure }],
    });
  });

  it('with a URL of another form is not ready', async () => {
    const { ask } = await meet();
    const roles = [{ level: 'read', failure: 'its URL has an unexpected format' }];
    expect(await ask('read', 'mysql://x:hunter2@host/app')).toEqual({ ...ok, roles });
  });

  it('without its rights is not logged in', async () => {
    const { ask, server } = await meet({
      answer: (text, client) => {
        if (text.includes('$grants$')) client.write(Buffer.concat([errorResponse('55P03'), message('Z', 'E')]));
        else answer(text, client);
      },
    });
    const failure = 'its rights could not be granted (SQLSTATE 55P03)';
    expect(await ask('read')).toEqual({ ...ok, roles: [{ level: 'read', failure }] });
    expect(server.seen.connections).toBe(1);
  });
});

describe('the time of a login', () => {
  it.each<readonly [string, Partial<Script>, string]>([
    ['the grants', { answer: (text, client) => text.includes('$grants$') || answer(text, client) }, '$grants$'],
    [
      'the login of a role',
      { start: (client, connection) => connection === 1 && client.write(letsIn) },
      'user\0app_read',
    ],
    ['its setting', { answer: (text, client) => text.includes('$settle$') || answer(text, client) }, '$settle$'],
  ])('that is not enough for %s tells nothing of the roles', async (_, script, heard) => {
    const { ask, server, clock } = await meet(script);
    const login = ask(heard === '$settle$' ? 'admin' : 'read');
    await until(() => server.heard().includes(heard));
    await clock.advance(5000);
    expect(await login).toEqual(ok);
    expect(clock.timers).toBe(0);
  });
});
