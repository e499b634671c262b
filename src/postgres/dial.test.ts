// What is said to a server before any credentials are.
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { expect, it } from '@jest/globals';
import { testCertificate } from '../kube/testing-certificate.ts';
import { dial } from './dial.ts';
import type { Server } from './server.ts';
import { startServer, until } from './testing.ts';

const serverAt = (port: number, host: string): Server => ({
  ...{ host, port, user: 'app', password: 'x', database: 'app' },
  sslMode: 'prefer',
});

it('a host that does not answer at all is unreachable, and not silent', async () => {
  const { port, close } = await startServer({ tls: 'N', start: () => {} });
  for (const encrypted of [true, false])
    await expect(dial(serverAt(port, 'db'), '127.0.0.1', encrypted, AbortSignal.abort())).rejects.toMatchObject({
      why: 'unreachable',
      detail: 'no response within 5 s',
    });
  await close();
});

it('a server that closes the connection is not waited for', async () => {
  const server = createServer((socket) => socket.once('data', () => socket.end()).on('error', () => {}));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await expect(dial(serverAt(port, 'db'), '127.0.0.1', true, new AbortController().signal)).rejects.toMatchObject({
    why: 'broken',
    detail: 'the connection was closed',
  });
  server.close();
  await once(server, 'close');
});

it('a handshake that ends without a word has failed', async () => {
  const { port, close } = await startServer({ tls: Buffer.from('S'), start: (client) => client.end() });
  await expect(dial(serverAt(port, 'db'), '127.0.0.1', true, new AbortController().signal)).rejects.toMatchObject({
    why: 'tls',
    detail: expect.stringMatching(/^the TLS handshake failed \(/),
  });
  await close();
});

it('TLS is asked for by the name of the host, if it has one', async () => {
  const names: unknown[] = [];
  const start = (client: unknown): void => void names.push((client as TLSSocket).servername);
  const { port, close } = await startServer({ tls: 'S', certificate: testCertificate(), start });
  for (const host of ['db.example', '127.0.0.1']) {
    const seen = names.length;
    const socket = await dial(serverAt(port, host), '127.0.0.1', true, new AbortController().signal);
    socket.write('anything');
    await until(() => names.length > seen);
    socket.destroy();
  }
  expect(names).toEqual(['db.example', false]);
  await close();
});
