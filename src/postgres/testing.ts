// A server for tests that speaks the part of the PostgreSQL protocol that its script defines, correctly or not.
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import type { TestCertificate } from '../kube/testing-certificate.ts';

export interface Script {
  /** The response to the SSLRequest. After 'S' comes the handshake, which needs a certificate; 'mute' sends S and nothing else. */
  readonly tls: 'S' | 'N' | Buffer | 'reset' | 'mute';
  readonly certificate?: TestCertificate;
  /** Called after the startup message; each later message of the client goes to `answer`. */
  readonly start: (client: Duplex, connection: number) => void;
  readonly answer?: (message: Buffer, client: Duplex) => void;
}

export interface TestServer {
  readonly port: number;
  /** Connections in total, currently open, open at once at most, and those that have sent data. */
  readonly seen: { connections: number; open: number; most: number; begun: number };
  /** Everything the clients sent after TLS, as text. */
  readonly heard: () => string;
  close(): Promise<void>;
}

export async function startServer(script: Script): Promise<TestServer> {
  const seen = { connections: 0, open: 0, most: 0, begun: 0 };
  const sockets = new Set<Socket>();
  let heard = '';
  const server = createServer((socket) => {
    seen.connections += 1;
    seen.open += 1;
    seen.most = Math.max(seen.most, seen.open);
    sockets.add(socket);
    socket.once('data', () => {
      seen.begun += 1;
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      sockets.delete(socket);
      seen.open -= 1;
    });
    void meet(socket, script, seen.connections, (text) => {
      heard += text;
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    seen,
    heard: () => heard,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

async function meet(socket: Socket, script: Script, connection: number, hear: (text: string) => void): Promise<void> {
  let [first] = (await once(socket, 'data').catch(() => [])) as [Buffer?];
  let client: Duplex = socket;
  // Its length, and a code that no version has.
  if (first?.readUInt32BE(0) === 8 && first.readUInt32BE(4) === 80_877_103) {
    if (script.tls === 'reset') return void socket.resetAndDestroy();
    socket.write(script.tls === 'mute' ? 'S' : script.tls);
    // The data is not used, but reading is needed to detect the end.
    if (script.tls === 'mute') return void socket.resume();
    if (script.tls === 'S') {
      const { certificate, key } = script.certificate ?? {};
      client = new TLSSocket(socket, { isServer: true, cert: certificate, key }).on('error', () => {});
    }
    [first] = (await once(client, 'data').catch(() => [])) as [Buffer?];
  }
  if (first === undefined) return;
  hear(first.toString('latin1'));
  client.on('data', (chunk: Buffer) => {
    hear(chunk.toString('latin1'));
    script.answer?.(chunk, client);
  });
  script.start(client, connection);
}

/** A message of the server. */
export function message(type: string, body: Buffer | string = ''): Buffer {
  const content = Buffer.from(body);
  const head = Buffer.alloc(5);
  head.write(type, 'latin1');
  head.writeUInt32BE(content.length + 4, 1);
  return Buffer.concat([head, content]);
}

/** ErrorResponse, with text that no result is permitted to repeat. */
export function errorResponse(code: string): Buffer {
  return message('E', `SFATAL\0VFATAL\0C${code}\0MserverWords about hunter2\0\0`);
}

export const asksForPassword = message('R', Buffer.from([0, 0, 0, 3]));
export const letsIn = Buffer.concat([
  message('R', Buffer.alloc(4)),
  message('S', 'server_version\x0017.0\0'),
  message('K', Buffer.alloc(8, 1)),
  message('Z', 'I'),
]);
/** The answer to a query: one row of texts, by column. */
export function rowOf(row: Readonly<Record<string, string>>): Buffer {
  const columns = Object.entries(row);
  const count = Buffer.from([0, columns.length]);
  const described = columns.flatMap(([name]) => [Buffer.from(`${name}\0`), Buffer.alloc(18)]);
  const values = columns.flatMap(([, value]) => [Buffer.from([0, 0, 0, value.length]), Buffer.from(value)]);
  return Buffer.concat([
    message('T', Buffer.concat([count, ...described])),
    message('D', Buffer.concat([count, ...values])),
    message('C', 'SELECT 1\0'),
    message('Z', 'I'),
  ]);
}
export const selectsOne = rowOf({ '?column?': '1' });

/** Polls until the condition holds. @throws Error after a minute */
export async function until(condition: () => boolean): Promise<void> {
  // A test that has failed by then must not keep its process from ending.
  const end = performance.now() + 60_000;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`in vain for a minute: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
