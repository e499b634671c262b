// Logins to a scripted server; real.test.ts tests a real PostgreSQL.
import { getEventListeners, once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import type { LoginResult, Question } from '../api/login.ts';
import { testCertificate } from '../kube/testing-certificate.ts';
import { ManualClock } from '../testing/clock.ts';
import { Logins } from './login.ts';
import {
  asksForPassword,
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

const password = 'hunter2@/:#% x';
const certificate = testCertificate();
/** Terminate. */
const goodbye = 'X\0\0\0\x04';

const opened: { readonly server: TestServer; readonly logins: Logins }[] = [];
afterEach(async () => {
  for (const { server, logins } of opened.splice(0)) {
    logins.stop();
    // No login leaves a connection behind, whatever its result: no server has to close it first.
    await until(() => server.seen.open === 0);
    await server.close();
  }
});

/** A server, and logins with a clock that only the test advances. */
async function meet(script: Partial<Script> = {}, host = '127.0.0.1') {
  const server = await startServer({
    tls: 'S',
    certificate,
    start: (client) => client.write(letsIn),
    answer,
    ...script,
  });
  const clock = new ManualClock();
  const logins = new Logins(clock);
  opened.push({ server, logins });
  const url = `postgresql://app:${encodeURIComponent(password)}@${host}:${server.port}/app`;
  const tryLogin = async (query = '', question?: Question): Promise<LoginResult> => {
    const result = await logins.tryLogin(`${url}${query}`, question);
    // Every server in this test sends the password wherever it can.
    expect(JSON.stringify(result)).not.toMatch(/hunter2|serverWords/);
    return result;
  };
  return { server, clock, logins, tryLogin };
}

function answer(text: Buffer, client: { write(data: Buffer): unknown; end(): unknown }): void {
  if (text[0] === 0x51) client.write(selectsOne);
  if (text[0] === 0x58) client.end();
}

const failed = (why: string, detail: string): unknown => ({ kind: 'failed', why, detail });
const foreign = failed('other', 'the server does not speak the PostgreSQL protocol');

describe('a login', () => {
  it.each([
    ['prefer', '', 'S'],
    ['require', '?sslmode=require', 'S'],
    ['verify-full', '?sslmode=verify-full', 'S'],
    ['prefer without TLS', '', 'N'],
  ] as const)('succeeds with %s, as the user of the URL, and says goodbye', async (_, query, tls) => {
    const { tryLogin, server, clock } = await meet({ tls });
    expect(await tryLogin(query)).toEqual({ kind: 'ok', version: '17.0' });
    expect(server.heard()).toContain('user\0app\0database\0app\0');
    expect(server.heard()).toContain('SELECT 1');
    expect(server.heard().endsWith(goodbye)).toBe(true);
    await until(() => server.seen.open === 0);
    expect(server.seen.connections).toBe(1);
    expect(clock.timers).toBe(0);
  });

  it('sends the password that the URL holds in percent-encoded form', async () => {
    const { tryLogin, server } = await meet({
      start: (client) => client.write(asksForPassword),
      answer: (text, client) => (text[0] === 0x70 ? client.write(letsIn) : answer(text, client)),
    });
    expect(await tryLogin()).toMatchObject({ kind: 'ok' });
    expect(server.heard()).toContain(`${password}\0`);
  });

  it.each([
    ['28000', 'role'],
    ['42501', 'role'],
    ['3D000', 'database'],
    ['53300', 'full'],
    ['XX000', 'other'],
  ])('that the server ends with %s is "%s", at once', async (code, why) => {
    const { tryLogin, server, clock } = await meet({ start: (client) => client.end(errorResponse(code)) });
    expect(await tryLogin()).toEqual(failed(why, `SQLSTATE ${code}`));
    expect(server.seen.connections).toBe(1);
    expect(clock.timers).toBe(0);
  });

  it('fails with an error of the query', async () => {
    const { tryLogin } = await meet({
      answer: (text, client) => text[0] === 0x51 && client.write(errorResponse('42501')),
    });
    expect(await tryLogin()).toEqual(failed('role', 'SQLSTATE 42501'));
  });

  it('fails with TLS that is asked for and not offered', async () => {
    const { tryLogin, server } = await meet({ tls: 'N' });
    expect(await tryLogin('?sslmode=require')).toEqual(failed('tls', 'the server does not support TLS'));
    expect(server.heard()).toBe('');
  });

  it('fails with a certificate of another host only where it is to be verified, and before anything is said', async () => {
    const { tryLogin, server } = await meet({}, 'localhost');
    expect(await tryLogin('?sslmode=require')).toMatchObject({ kind: 'ok' });
    const said = server.heard();
    const result = await tryLogin('?sslmode=verify-full');
    expect(result).toEqual(failed('tls', 'the certificate is not valid for the host name'));
    expect(server.heard()).toBe(said);
  });

  it('with a broken handshake fails where TLS is asked for, and goes on without it where not', async () => {
    const { tryLogin, server } = await meet({ certificate: { certificate: '', key: '' } });
    expect(await tryLogin('?sslmode=require')).toMatchObject({
      why: 'tls',
      detail: expect.stringMatching(/handshake/),
    });
    expect(server.heard()).toBe('');
    expect(await tryLogin()).toMatchObject({ kind: 'ok' });
    expect(server.seen.connections).toBe(3);
  });

  it('does not take the text of an unusable URL into its result', async () => {
    const { logins } = await meet();
    for (const url of [
      '',
      'hunter2',
      'postgresql://app:hunter2@/app',
      'mysql://app:hunter2@host/app',
      'postgresql://app@h/d',
    ])
      expect(await logins.tryLogin(url)).toEqual(failed('other', 'DATABASE_URL has an unexpected format'));
  });

  it('fails when DNS does not know the host', async () => {
    const { logins } = await meet();
    const result = await logins.tryLogin('postgresql://app:hunter2@db-rw.invalid:5432/app');
    expect(result).toMatchObject({ kind: 'failed', why: 'host', detail: expect.stringMatching(/^E/) });
  });
});

/** A server that answers a question with `told`, and everything else with a row. @param what is in the question */
function answeringTo(what: string, told: Buffer): NonNullable<Script['answer']> {
  return (text, client) => {
    if (text.includes(what)) client.write(told);
    else answer(text, client);
  };
}

describe('a question about the other roles', () => {
  const answering = (told: Buffer) => answeringTo('pg_roles', told);

  it('is answered with their names, and is asked also if the one before fails', async () => {
    const { tryLogin, server } = await meet({ answer: answering(rowOf({ rolname: 'report' })) });
    expect(await tryLogin('', { archiver: 'read', otherRoles: true })).toEqual({
      kind: 'ok',
      version: '17.0',
      otherRoles: ['report'],
    });
    expect(server.heard()).toContain('pg_database_size');
    expect(server.heard()).toContain('pg_stat_archiver');
  });

  it('that fails is no failure of the login', async () => {
    const failed = Buffer.concat([errorResponse('42501'), message('Z', 'I')]);
    const { tryLogin } = await meet({ answer: answering(failed) });
    expect(await tryLogin('', { otherRoles: true })).toEqual({ kind: 'ok', version: '17.0' });
  });
});

describe('a question about the size', () => {
  const answering = (bytes: string) => answeringTo('pg_database_size', rowOf({ bytes }));

  it('is answered, and asked only with that about the roles', async () => {
    const { tryLogin, server } = await meet({ answer: answering('7864320') });
    expect(await tryLogin()).not.toHaveProperty('bytes');
    expect(server.heard()).not.toContain('pg_database_size');
    expect(await tryLogin('', { otherRoles: true })).toMatchObject({ kind: 'ok', bytes: 7_864_320 });
  });

  it('has no answer that is no number', async () => {
    const { tryLogin } = await meet({ answer: answering('hunter2') });
    expect(await tryLogin('', { otherRoles: true })).not.toHaveProperty('bytes');
  });
});

describe('a question of a restore drill', () => {
  const wal = '000000010000000000000005';
  /** A server that answers each question of a drill so. */
  const answering = (lsn: string, last: string): NonNullable<Script['answer']> => {
    const mark = answeringTo('AS lsn', rowOf({ lsn, at: '1767323045.5', xid: '7' }));
    const position = answeringTo('pg_walfile_name', rowOf({ wal }));
    const archived = answeringTo('last_archived_wal', rowOf({ wal: last }));
    return (text, client) => {
      if (text.includes('AS lsn')) mark(text, client);
      else if (text.includes('last_archived_wal')) archived(text, client);
      else position(text, client);
    };
  };

  it('is answered with the mark, or with what is archived', async () => {
    const { tryLogin, server } = await meet({ answer: answering('0/5000028', wal) });
    const ok = { kind: 'ok', version: '17.0' };
    expect(await tryLogin()).toEqual(ok);
    expect(server.heard()).not.toMatch(/AS lsn|pg_walfile_name|last_archived_wal/);
    expect(await tryLogin('', { drill: 'mark' })).toEqual({
      ...ok,
      mark: { lsn: '0/5000028', wal, time: 1_767_323_045_000 },
    });
    expect(server.heard()).not.toContain('last_archived_wal');
    expect(await tryLogin('', { drill: 'archived' })).toEqual({ ...ok, archivedWal: wal });
  });

  it('has no answer of another form', async () => {
    const { tryLogin } = await meet({ answer: answering('hunter2', 'hunter2') });
    expect(await tryLogin('', { drill: 'mark' })).not.toHaveProperty('mark');
    expect(await tryLogin('', { drill: 'archived' })).not.toHaveProperty('archivedWal');
  });
});

describe('an assertion', () => {
  /** The answer to a statement that is parsed, bound and executed. */
  const declared = Buffer.concat([
    ...[message('1'), message('2'), message('n'), message('C', 'DECLARE CURSOR\0'), message('Z', 'T')],
  ]);
  const holds: NonNullable<Script['answer']> = (text, client) => {
    if (!text.includes('DECLARE')) answer(text, client);
    else if (!text.includes('pg_sleep')) client.write(declared);
  };

  it('that holds is told, also if the next one takes too long', async () => {
    const { tryLogin, server, clock } = await meet({ answer: holds });
    const first = { sql: 'SELECT 1', expect: '1' };
    const all = { kind: 'ok', version: '17.0', assertions: [undefined] };
    expect(await tryLogin('', { assertions: [first] })).toStrictEqual(all);
    const login = tryLogin('', { assertions: [first, { sql: 'SELECT pg_sleep(3600)', expect: '1' }] });
    await until(() => server.heard().includes('pg_sleep'));
    await clock.advance(60_000);
    expect(await login).toMatchObject({
      kind: 'ok',
      assertions: [undefined, 'takes longer than the 60 s that all of them together have'],
    });
  });

  it('that takes longer than a minute, with all the others, is ended and said so', async () => {
    const { tryLogin, server, clock } = await meet();
    const login = tryLogin('', { assertions: [{ sql: 'SELECT pg_sleep(3600)', expect: 'true' }] });
    await until(() => server.heard().includes('pg_sleep'));
    await clock.advance(59_999);
    expect(server.seen.open).toBe(1);
    await clock.advance(1);
    expect(await login).toMatchObject({
      kind: 'ok',
      assertions: ['takes longer than the 60 s that all of them together have'],
    });
  });
});

describe('a question about the archiver', () => {
  const row = {
    at: '1769998800.5',
    archived: '000000010000000000000001',
    current: '000000010000000000000004',
    size: '16777216',
  };
  const told = rowOf(row);
  const answering = (told: Buffer) => answeringTo('pg_stat_archiver', told);

  it('is answered, and a heartbeat leaves a commit record', async () => {
    const { tryLogin, server } = await meet({ answer: answering(told) });
    const expected = { kind: 'ok', version: '17.0', archiver: { archivedAt: 1_769_998_800_000, waiting: 2 } };
    expect(await tryLogin('', { archiver: 'read' })).toEqual(expected);
    expect(server.heard()).not.toContain('pg_current_xact_id');
    expect(await tryLogin('', { archiver: 'heartbeat' })).toEqual(expected);
    expect(server.heard()).toContain('pg_current_xact_id');
    expect(server.heard().endsWith(goodbye)).toBe(true);
  });

  it('that fails, or is not answered, is no failure of the login', async () => {
    const { tryLogin } = await meet({ answer: answering(Buffer.concat([errorResponse('42501'), message('Z', 'I')])) });
    expect(await tryLogin('', { archiver: 'read' })).toEqual({ kind: 'ok', version: '17.0' });
    const { tryLogin: tryMute, server, clock } = await meet({ answer: answering(Buffer.alloc(0)) });
    const login = tryMute('', { archiver: 'read' });
    await until(() => server.heard().includes('pg_stat_archiver'));
    await clock.advance(5000);
    expect(await login).toEqual({ kind: 'ok', version: '17.0' });
  });

  it('has no answer of another form', async () => {
    const { tryLogin } = await meet({ answer: answering(rowOf({ ...row, at: 'hunter2' })) });
    expect(await tryLogin('', { archiver: 'read' })).not.toHaveProperty('archiver');
  });

  it('is not asked of itself', async () => {
    const { tryLogin, server } = await meet({ answer: answering(told) });
    expect(await tryLogin()).toEqual({ kind: 'ok', version: '17.0' });
    expect(server.heard()).not.toContain('pg_stat_archiver');
  });
});

describe('what may pass by itself', () => {
  it('is tried again, and the last answer counts', async () => {
    const { tryLogin, server, clock } = await meet({
      start: (client, connection) => (connection < 3 ? client.end(errorResponse('57P03')) : client.write(letsIn)),
    });
    const login = tryLogin();
    for (const tried of [1, 2]) {
      await until(() => server.seen.connections === tried && clock.timers === 2);
      await clock.advance(300);
    }
    expect(await login).toMatchObject({ kind: 'ok' });
    expect(clock.timers).toBe(0);
  });

  it.each([
    ['28P01', 'credentials', 5],
    ['57P03', 'starting', 17],
    ['57P01', 'starting', 17],
  ])('is reported after 5 s: %s is "%s" after %d attempts', async (code, why, attempts) => {
    const { tryLogin, server, clock } = await meet({ start: (client) => client.end(errorResponse(code)) });
    let result: LoginResult | undefined;
    void tryLogin().then((value) => {
      result = value;
    });
    while (result === undefined) {
      const tried = server.seen.connections;
      await until(() => clock.timers === 2 || result !== undefined);
      await clock.advance(100);
      if (clock.timers === 1) await until(() => server.seen.connections > tried || result !== undefined);
    }
    expect(result).toEqual(failed(why, `SQLSTATE ${code}`));
    expect(server.seen.connections).toBe(attempts);
    expect(clock.monotonic()).toBe(5000);
  });

  it('is reported from the last answer, not from an attempt that was cut short by the deadline', async () => {
    const { tryLogin, server, clock } = await meet({
      start: (client, connection) => connection === 1 && client.end(errorResponse('57P03')),
    });
    const login = tryLogin();
    await until(() => server.seen.connections === 1 && clock.timers === 2);
    await clock.advance(300);
    await until(() => server.heard().split('database').length === 3);
    await clock.advance(4700);
    expect(await login).toEqual(failed('starting', 'SQLSTATE 57P03'));
  });

  it('is a refused connection too', async () => {
    const { tryLogin, server, clock } = await meet();
    await server.close();
    const login = tryLogin();
    for (let waited = 0; waited < 5000; waited += 100) {
      await until(() => clock.timers === 2);
      await clock.advance(100);
      if (clock.timers === 0) break;
    }
    expect(await login).toEqual(failed('refused', 'ECONNREFUSED'));
    opened.pop();
  });

  it.each<readonly [string, Partial<Script>, string]>([
    ['breaks before TLS', { tls: 'reset' }, 'ECONNRESET'],
    ['breaks', { tls: 'N', start: (client) => (client as Socket).resetAndDestroy() }, 'ECONNRESET'],
    ['is closed', { tls: 'N', start: (client) => client.end() }, 'the connection was closed'],
  ])('is a connection that %s', async (_, script, detail) => {
    const { tryLogin, server, clock } = await meet(script);
    const login = tryLogin();
    await until(() => server.seen.connections === 1 && clock.timers === 2);
    await clock.advance(300);
    await until(() => server.seen.connections === 2);
    await clock.advance(5000);
    expect(await login).toEqual(failed('broken', detail));
  });
});

describe('a server that falls silent', () => {
  const nothing = (): void => {};
  it.each<readonly [string, Partial<Script>, string, string]>([
    ['before it says whether it has TLS', { tls: Buffer.alloc(0) }, '?sslmode=require', ''],
    ['in the handshake', { tls: 'mute' }, '?sslmode=require', ''],
    ['after the startup message', { start: nothing }, '', 'database'],
    ['in the middle of a message', { start: (client) => client.write(letsIn.subarray(0, 12)) }, '', 'database'],
    ['after the password', { start: (client) => client.write(asksForPassword), answer: nothing }, '', password],
    ['after the query', { answer: nothing }, '', 'SELECT 1'],
  ])('%s is left after 5 s', async (_, script, query, heard) => {
    const { tryLogin, server, clock } = await meet(script);
    let result: LoginResult | undefined;
    const login = tryLogin(query).then((value) => {
      result = value;
    });
    await until(() => server.seen.begun === 1 && server.heard().includes(heard));
    await clock.advance(4999);
    expect(result).toBeUndefined();
    await clock.advance(1);
    await login;
    expect(result).toEqual(failed('silent', 'no response within 5 s'));
    expect(server.seen.connections).toBe(1);
    expect(clock.timers).toBe(0);
  });

  it('at the goodbye has let the login succeed', async () => {
    const { tryLogin, server, clock } = await meet({
      answer: (text, client) => text[0] === 0x51 && client.write(selectsOne),
    });
    const login = tryLogin();
    await until(() => server.heard().endsWith(goodbye));
    await clock.advance(5000);
    expect(await login).toMatchObject({ kind: 'ok' });
  });
});

describe('a server that is no PostgreSQL', () => {
  it.each<readonly [string, Buffer]>([
    ['speaks another protocol', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['sends a message that is not due', message('A', '\0\0\0\x01channel\0hunter2\0')],
    ['asks for an unknown authentication', message('R', Buffer.from([0, 0, 0, 99]))],
    ['asks for no authentication', message('R', '')],
    ['sends a row of minus one columns', Buffer.concat([letsIn, message('D', Buffer.from([0xff, 0xff]))])],
    ['sends a code that is none', message('E', 'SFATAL\0Chunter2\0Mhunter2\0\0')],
    ['knows no mechanism', message('R', Buffer.concat([Buffer.from([0, 0, 0, 10]), Buffer.from('hunter2\0\0')]))],
    ['sends more than a login takes', Buffer.concat(Array(20_000).fill(message('S', 'a\0b\0')))],
  ])('%s', async (_, bytes) => {
    const { tryLogin, clock } = await meet({ start: (client) => client.write(bytes), answer: () => {} });
    expect(await tryLogin()).toEqual(foreign);
    expect(clock.timers).toBe(0);
  });

  it.each([
    ['does not say S or N', Buffer.from('E')],
    ['says more than that', Buffer.from('S and more')],
  ])('%s', async (_, tls) => {
    const { tryLogin } = await meet({ tls });
    expect(await tryLogin()).toEqual(foreign);
  });
});

const { addEventListener } = EventTarget.prototype;

describe('many logins', () => {
  it('are eight at a time, and all of them come to an end', async () => {
    const { tryLogin, server, clock } = await meet({ tls: 'N' });
    const results = await Promise.all(Array.from({ length: 100 }, () => tryLogin()));
    expect(results).toEqual(Array(100).fill(expect.objectContaining({ kind: 'ok' })));
    expect(server.seen.most).toBe(8);
    expect(server.seen.connections).toBe(100);
    expect(clock.timers).toBe(0);
  });

  it('that find no place within 5 s are not tried', async () => {
    const { tryLogin, server, clock } = await meet({ tls: Buffer.alloc(0) });
    const logins = Array.from({ length: 100 }, () => tryLogin());
    await until(() => server.seen.begun === 8);
    await clock.advance(5000);
    const results = await Promise.all(logins);
    expect(results.slice(0, 8)).toEqual(Array(8).fill(failed('silent', 'no response within 5 s')));
    expect(results.slice(8)).toEqual(Array(92).fill({ kind: 'unchecked' }));
    expect(server.seen.most).toBe(8);
    expect(clock.timers).toBe(0);
    // Their slots are free again.
    const next = tryLogin();
    await until(() => server.seen.begun === 9);
    await clock.advance(5000);
    expect(await next).toMatchObject({ why: 'silent' });
  });

  it('to a server that took all the time before are two at a time, and keep nobody out', async () => {
    let isMute = true;
    const { logins, tryLogin, server, clock } = await meet({
      tls: 'N',
      start: (client) => isMute || client.write(letsIn),
    });
    const good = await startServer({ tls: 'N', start: (client) => client.write(letsIn), answer });
    const first = tryLogin();
    await until(() => server.seen.begun === 1);
    await clock.advance(5000);
    expect(await first).toMatchObject({ why: 'silent' });

    const slow = Array.from({ length: 20 }, () => tryLogin());
    await until(() => server.seen.begun === 3);
    const url = `postgresql://app:x@127.0.0.1:${good.port}/app`;
    const results = await Promise.all(Array.from({ length: 20 }, () => logins.tryLogin(url)));
    expect(results).toEqual(Array(20).fill(expect.objectContaining({ kind: 'ok' })));
    expect(good.seen.most).toBe(6);
    expect(server.seen.connections).toBe(3);
    await clock.advance(5000);
    expect((await Promise.all(slow)).filter(({ kind }) => kind === 'failed')).toHaveLength(2);

    // It has responded in time once, so it counts as responsive again.
    isMute = false;
    expect(await tryLogin()).toMatchObject({ kind: 'ok' });
    const others = Array.from({ length: 30 }, () => tryLogin());
    await Promise.all(others);
    expect(server.seen.most).toBeGreaterThan(2);
    await good.close();
  });
});

describe('a login to a server that took all the time before', () => {
  it('gives back its place among the slow ones when it gets no slot', async () => {
    let isMute = true;
    const { logins, tryLogin, server, clock } = await meet({
      tls: 'N',
      start: (client) => isMute || client.write(letsIn),
    });
    const first = tryLogin();
    await until(() => server.seen.begun === 1);
    await clock.advance(5000);
    expect(await first).toMatchObject({ why: 'silent' });

    const mute = await startServer({ tls: 'mute', start: () => {} });
    const url = `postgresql://app:x@127.0.0.1:${mute.port}/app`;
    const all = Array.from({ length: 8 }, () => logins.tryLogin(url));
    await until(() => mute.seen.begun === 8);
    const slow = [tryLogin(), tryLogin()];
    await clock.advance(5000);
    expect(await Promise.all(slow)).toEqual(Array(2).fill({ kind: 'unchecked' }));
    await Promise.all(all);
    await mute.close();

    isMute = false;
    expect(await tryLogin()).toMatchObject({ kind: 'ok' });
  });
});

describe('the servers that took all the time before', () => {
  it('are a thousand, and the one that did so first counts as responsive again', async () => {
    let isMute = true;
    const { logins, tryLogin, server, clock } = await meet({
      tls: 'N',
      start: (client) => isMute || client.write(letsIn),
    });
    const first = tryLogin();
    await until(() => server.seen.begun === 1);
    await clock.advance(5000);
    expect(await first).toMatchObject({ why: 'silent' });
    let met = 0;
    const mute = createServer((socket) => {
      met += 1;
      socket.on('error', () => {}).resume();
    }).listen(0, '0.0.0.0');
    await once(mute, 'listening');
    const { port } = mute.address() as AddressInfo;
    const hosts = Array.from({ length: 1000 }, (_, host) => `127.1.${Math.floor(host / 250)}.${1 + (host % 250)}`);
    for (let from = 0; from < 1000; from += 8) {
      const batch = hosts
        .slice(from, from + 8)
        .map((host) => logins.tryLogin(`postgresql://app:x@${host}:${port}/app`));
      await until(() => met === Math.min(from + 8, 1000));
      await clock.advance(5000);
      await Promise.all(batch);
    }
    mute.close();
    isMute = false;
    await Promise.all(Array.from({ length: 30 }, () => tryLogin()));
    expect(server.seen.most).toBe(8);
  });
});

describe('stop', () => {
  it('has no listener left of a login that has ended', async () => {
    const listened = new Set<AbortSignal>();
    const listen = jest.spyOn(EventTarget.prototype, 'addEventListener').mockImplementation(function (
      this: EventTarget,
      ...given
    ) {
      if (this instanceof AbortSignal) listened.add(this);
      return Reflect.apply(addEventListener, this, given);
    });
    const { tryLogin } = await meet();
    expect(await tryLogin()).toMatchObject({ kind: 'ok' });
    listen.mockRestore();
    expect(listened.size).toBeGreaterThan(0);
    for (const signal of listened) expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('ends what is under way and what waits, and lets nothing begin', async () => {
    const { tryLogin, logins, server, clock } = await meet({ start: () => {} });
    const running = Array.from({ length: 9 }, () => tryLogin());
    await until(() => server.heard().split('database').length === 9);
    logins.stop();
    expect(await Promise.all(running)).toEqual(Array(9).fill({ kind: 'unchecked' }));
    expect(await tryLogin()).toEqual({ kind: 'unchecked' });
    await until(() => server.seen.open === 0);
    expect(server.seen.connections).toBe(8);
    expect(clock.timers).toBe(0);
  });

  it('ends the pause before another attempt', async () => {
    const { tryLogin, logins, clock } = await meet({ start: (client) => client.end(errorResponse('57P03')) });
    const login = tryLogin();
    await until(() => clock.timers === 2);
    logins.stop();
    expect(await login).toEqual({ kind: 'unchecked' });
    expect(clock.timers).toBe(0);
  });
});
