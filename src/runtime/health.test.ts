import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { HealthServer, type HealthServerOptions } from './health.ts';

const open: HealthServer[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

async function serve(options: Partial<HealthServerOptions> = {}): Promise<string> {
  const server = new HealthServer({
    port: 0,
    host: '127.0.0.1',
    live: [],
    ready: [],
    metrics: async () => 'a_total 1\n',
    metricsContentType: 'text/plain; version=0.0.4',
    ...options,
  });
  open.push(server);
  return `http://127.0.0.1:${(await server.listen()).port}`;
}

const fine = (name: string) => ({ name, check: () => undefined });
const broken = (name: string, why: string) => ({ name, check: () => why });

describe('HealthServer', () => {
  it('says ok when every check passes, and lists them when asked', async () => {
    const base = await serve({ live: [fine('loop')], ready: [fine('caches'), fine('leader')] });
    const plain = await fetch(`${base}/livez`);
    expect([plain.status, await plain.text()]).toEqual([200, 'ok\n']);
    expect(plain.headers.get('cache-control')).toBe('no-store');
    const verbose = await fetch(`${base}/readyz?verbose`);
    expect(await verbose.text()).toBe('[+]caches ok\n[+]leader ok\nreadyz check passed\n');
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
    await open.pop()?.close();
    await gone;
    await expect(fetch(`${base}/livez`)).rejects.toThrow();
  });
});
