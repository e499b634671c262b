// A process whose logins all fail: it must survive, and must have no open handle that keeps it from exiting.
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { execa } from 'execa';
import { testCertificate } from '../kube/testing-certificate.ts';
import { asksForPassword, errorResponse, letsIn, message, type Script, startServer, until } from './testing.ts';

const certificate = testCertificate();

/** Behaviours of a server at a login; each is tested with and without TLS. */
const misdeeds: Readonly<Record<string, Script['start']>> = {
  'an error without its end, on which pg would stand still': (client) => client.write(message('E', 'SFATAL\0C57P03')),
  'a message that pg throws at': (client) => client.write(message('R', Buffer.from([0, 0, 0, 99]))),
  'an error, then another, then the end': (client) => {
    client.write(errorResponse('3D000'));
    client.write(errorResponse('57P01'));
    client.end();
  },
  'success, then an error nobody asked for, then a broken connection': (client) => {
    client.write(letsIn);
    client.write(errorResponse('57P01'));
    client.destroy();
  },
  'an end in the middle of a message': (client) => client.end(letsIn.subarray(0, 20)),
  'a question, and no reaction to the answer': (client) => client.write(asksForPassword),
};

const login = join(import.meta.dirname, 'login.ts');
const clock = join(import.meta.dirname, '..', 'runtime', 'clock.ts');
const program = `
  const { Logins } = await import(${JSON.stringify(login)});
  const { systemClock } = await import(${JSON.stringify(clock)});
  const logins = new Logins(systemClock);
  const results = await Promise.all(process.argv.slice(1).map((url) => logins.tryLogin(url)));
  console.log(JSON.stringify(results));`;

it('lives through all of it, and ends', async () => {
  const scripts = Object.values(misdeeds).flatMap((start) => [
    { tls: 'S' as const, certificate, start },
    { tls: 'N' as const, start },
  ]);
  const servers = await Promise.all(scripts.map(startServer));
  const urls = servers.map(({ port }) => `postgresql://app:hunter2@127.0.0.1:${port}/app`);
  // Longer than the logins can take: eight at once, 5 s each.
  const { stdout, stderr, exitCode, timedOut } = await execa(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', program, ...urls],
    { reject: false, timeout: 20_000, killSignal: 'SIGKILL', env: { NODE_OPTIONS: '' } },
  );
  expect({ stderr, exitCode, timedOut }).toEqual({ stderr: '', exitCode: 0, timedOut: false });
  const results = JSON.parse(stdout);
  expect(results).toHaveLength(urls.length);
  for (const { kind } of results) expect(['failed', 'unchecked']).toContain(kind);
  expect(stdout).not.toContain('hunter2');
  for (const { seen } of servers) await until(() => seen.open === 0);
  await Promise.all(servers.map((server) => server.close()));
});
