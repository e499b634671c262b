// The client against a server on the loopback interface: its requests, and its errors.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ApiError } from '../../src/kube/errors.ts';
import { testCertificate } from '../../src/kube/testing-certificate.ts';
import { connect, isRefusal, type KubeClient, type Manifest } from './client.ts';
import { configMaps } from './kinds.ts';
import { renderKubeconfig } from './kubeconfig.ts';

let scratch: string;
let server: Server;
let client: KubeClient;
let answer: (request: IncomingMessage, response: ServerResponse) => void;
let received: { readonly request: string; readonly type: string | undefined; readonly body: string }[];

beforeEach(async () => {
  const pair = testCertificate();
  received = [];
  server = createServer({ cert: pair.certificate, key: pair.key }, async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    received.push({ request: `${request.method} ${request.url}`, type: request.headers['content-type'], body });
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  scratch = await mkdtemp(join(tmpdir(), 'client-'));
  const kubeconfig = join(scratch, 'kubeconfig');
  const credentials = { server: `https://127.0.0.1:${port}`, certificateAuthority: pair.certificate, ...pair };
  await writeFile(kubeconfig, renderKubeconfig('test', credentials));
  client = connect(kubeconfig, 'tester');
});

afterEach(async () => {
  await client.close();
  server.closeAllConnections();
  server.close();
  await rm(scratch, { recursive: true });
});

const say = (code: number, body: object | string) => {
  answer = (_, response) => {
    response.writeHead(code).end(typeof body === 'string' ? body : JSON.stringify(body));
  };
};
const status = (code: number, reason: string, message: string) => say(code, { kind: 'Status', code, reason, message });
const thrownBy = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

const manifest: Manifest = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: 'app' } };

describe('the client', () => {
  it('probes what answers in words', async () => {
    say(200, 'ok');
    await client.probe('/readyz?exclude=a&exclude=b');
    expect(received[0]?.request).toBe('GET /readyz?exclude=a&exclude=b');
  });

  it('reports a rejection with its code, its message and the request', async () => {
    say(500, '[-]etcd failed: reason withheld');
    const probed = await thrownBy(client.probe('/readyz'));
    expect(isRefusal(probed)).toBe(true);
    expect(probed).toMatchObject({
      code: 500,
      message: 'GET /readyz: HTTP status 500: [-]etcd failed: reason withheld',
    });

    status(409, 'Conflict', 'it has changed');
    const refusal = await thrownBy(client.create(configMaps, manifest));
    expect(refusal).toMatchObject({ code: 409, reason: 'Conflict' });
    expect((refusal as ApiError).message).toBe('POST /api/v1/namespaces/app/configmaps: it has changed');
  });

  it('distinguishes a server that is down from one that rejects the request', async () => {
    server.close();
    for (const work of [client.probe('/readyz'), client.get(configMaps, 'app', 'a'), client.apply(manifest)]) {
      const error = await thrownBy(work);
      expect(error).toBeInstanceOf(ApiError);
      expect(isRefusal(error)).toBe(false);
      expect((error as ApiError).message).toMatch(/^(GET|PATCH) \/\S+: .*ECONNREFUSED/);
    }
  });

  it('finds nothing where there is no object, and fails where there is no such kind', async () => {
    status(404, 'NotFound', 'configmaps "a" not found');
    expect(await client.get(configMaps, 'app', 'a')).toBeUndefined();
    await client.remove(configMaps, 'app', 'a');
    say(404, '404 page not found');
    expect(await thrownBy(client.get(configMaps, 'app', 'a'))).toMatchObject({ code: 404, reason: 'NotServed' });
  });

  it('applies with force, under its own name', async () => {
    say(200, manifest);
    expect(await client.apply(manifest)).toEqual(manifest);
    expect(received).toEqual([
      {
        request: 'PATCH /api/v1/namespaces/app/configmaps/a?fieldManager=tester&force=true',
        type: 'application/apply-patch+yaml',
        body: JSON.stringify(manifest),
      },
    ]);
    const unknown = { ...manifest, kind: 'Gadget' };
    await expect(client.apply(unknown)).rejects.toThrow('does not know Gadget of v1');
  });

  it('stores nothing in a dry run', async () => {
    say(201, manifest);
    await client.dryRun(configMaps, manifest);
    expect(received[0]?.request).toBe('POST /api/v1/namespaces/app/configmaps?dryRun=All');
  });
});
