import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { request as httpRequest } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { HealthServer, type HealthServerOptions } from './health.ts';

const open: HealthServer[] = [];
const sockets: Socket[] = [];
/** The server's ends of all connections of a test. */
const accepted: Socket[] = [];
const accept = (message: unknown): void => void accepted.push((message as { readonly socket: Socket }).socket);

beforeEach(() => subscribe('net.server.socket', accept));
afterEach(async () => {
  unsubscribe('net.server.socket', accept);
  accepted.length = 0;
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of open.splice(0)) await server.close();
});

async function serve(options: Partial<HealthServerOptions> = {}): Promise<string> {
  const server = new HealthServer({
    port: 0,
    live: [],
    ready: [],
    metrics: async () => 'a_total 1\n',
    metricsContentType: 'text/plain; version=0.0.4',
    ...options,
  });
  open.push(server);
  return `http://127.0.0.1:${(await server.listen()).port}`;
}

/** A connection that sends `text` and then nothing, and reads nothing. */
async function hold(base: string, text = ''): Promise<Socket> {
  const socket = connect(Number(new URL(base).port), '127.0.0.1');
  sockets.push(socket);
  // The server may reset it.
  socket.on('error', () => {});
  await new Promise((resolve) => socket.once('connect', resolve));
  if (text !== '') socket.write(text);
  return socket;
}

/** Resolves when the connection is closed. */
function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) resolve();
    socket.once('close', resolve);
  });
}

const fine = (name: string) => ({ name, check: () => undefined });
const broken = (name: string, why: string) => ({ name, check: () => why });

describe('HealthServer', () => {
  it('says ok when every check passes, and lists them when asked', async () => {
    const base = await serve({ live: [fine('loop')], ready: [fine('caches'), fine('leader')] });
    const plain = await fetch(`${base}/livez`);
    expect([plain.status, await plain.text()]).toEqual([200, 'ok\n']);
    expect([plain.headers.get('cache-control'), plain.headers.get('allow')]).toEqual(['no-store', null]);
    const verbose = await fetch(`${base}/readyz?verbose`);
    expect([verbose.status, await verbose.text()]).toEqual([200, '[+]caches ok\n[+]leader ok\nreadyz check passed\n']);
  });

  it('answers 503 with the reason when a check fails or throws; the other endpoint is not touched', async () => {
    const thrower = {
      name: 'thrower',
      check: (): undefined => {
        throw new Error('secret');
      },
    };
    const base = await serve({
      live: [fine('loop')],
      ready: [broken('caches', 'Cluster: not listed yet'), thrower, fine('c')],
    });
    const ready = await fetch(`${base}/readyz`);
    expect(ready.status).toBe(503);
    expect(await ready.text()).toBe(
      '[-]caches failed: Cluster: not listed yet\n[-]thrower failed: the check itself failed\n[+]c ok\nreadyz check failed\n',
    );
    expect((await fetch(`${base}/livez`)).status).toBe(200);
  });

  it('serves metrics with their content type and survives a failing collection', async () => {
    const base = await serve();
    const answer = await fetch(`${base}/metrics`);
    expect([answer.status, answer.headers.get('content-type'), await answer.text()]).toEqual([
      200,
      'text/plain; version=0.0.4',
      'a_total 1\n',
    ]);
    const failing = await serve({ metrics: () => Promise.reject(new Error('secret')) });
    const failed = await fetch(`${failing}/metrics`);
    expect([failed.status, await failed.text()]).toEqual([500, 'the metrics could not be collected\n']);
  });

  it('answers HEAD as GET without a body', async () => {
    const base = await serve({ ready: [broken('a', 'b')] });
    const head = await fetch(`${base}/readyz`, { method: 'HEAD' });
    const get = await fetch(`${base}/readyz`);
    expect([head.status, head.headers.get('content-length')]).toEqual([503, get.headers.get('content-length')]);
    expect(await head.text()).toBe('');
  });

  it('refuses other methods, paths and oversized headers', async () => {
    const base = await serve();
    const post = await fetch(`${base}/livez`, { method: 'POST', body: 'x' });
    expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    for (const path of ['/', '/livez/', '/metricsx', '//livez', '/%00', '/debug/pprof']) {
      expect((await fetch(`${base}${path}`)).status).toBe(404);
    }
    expect((await fetch(`${base}/livez`, { headers: { padding: 'x'.repeat(9000) } })).status).toBe(431);
    expect((await fetch(`${base}/livez`)).status).toBe(200);
  });

  it('says why when it cannot listen', async () => {
    const port = Number(new URL(await serve()).port);
    await expect(serve({ port })).rejects.toThrow('EADDRINUSE');
  });

  it('closes although clients keep their connections', async () => {
    const base = await serve();
    const { port } = new URL(base);
    const silent = connect(Number(port), '127.0.0.1');
    await new Promise((resolve) => silent.once('connect', resolve));
    await new Promise<void>((resolve) => {
      const keep = httpRequest(`${base}/livez`, { headers: { connection: 'keep-alive' } }, (response) => {
        response.resume().once('end', resolve);
      });
      keep.end();
    });
    const gone = new Promise((resolve) => silent.once('close', resolve));
    const closing = open.pop()?.close();
    expect(accepted.map(({ destroyed }) => destroyed)).toEqual([true, true]);
    await closing;
    await gone;
    await expect(fetch(`${base}/livez`)).rejects.toThrow();
  });

  it.each([
    ['say nothing', ''],
    ['never complete their headers', 'GET /livez HTTP/1.1\r\nHost: x\r\nPadding: '],
    ['never send the body that they announce', 'POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n'],
    ['never read the answer', 'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['were answered and stay', 'GET /livez HTTP/1.1\r\nHost: x\r\n\r\n'],
  ])('answers a probe while hundreds of connections %s', async (_, text) => {
    const base = await serve({ metrics: async () => 'x'.repeat(250_000) });
    for (let round = 0; round < 4; round += 1) {
      await Promise.all(Array.from({ length: 150 }, () => hold(base, text)));
      expect((await fetch(`${base}/livez`)).status).toBe(200);
    }
    expect(accepted).toHaveLength(604);
    expect(accepted.filter((socket) => !socket.destroyed).length).toBeLessThanOrEqual(128);
  });

  it('closes each connection that does not get on within a few seconds, also when no other one needs its place', async () => {
    const base = await serve({ metrics: async () => 'x'.repeat(8_000_000) });
    await hold(base);
    await hold(base, 'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n');
    const slow = await hold(base, 'GET /livez HTTP/1.1\r\n');
    const trickle = setInterval(() => slow.write('a'), 200);
    expect((await fetch(`${base}/livez`)).status).toBe(200);
    expect(accepted).toHaveLength(4);
    await Promise.all(accepted.map(closed));
    clearInterval(trickle);
  });

  it('answers one request for each connection, however many are sent at once', async () => {
    let collected = 0;
    const base = await serve({
      metrics: async () => {
        collected += 1;
        return 'a_total 1\n';
      },
    });
    const socket = await hold(base, 'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(1000));
    socket.resume();
    await closed(socket);
    expect(collected).toBe(1);
  });
});
