// The transport with a server on the loopback interface: the requests that arrive, and the error for each failure.
import { execFileSync } from 'node:child_process';
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createSecureServer as createHttp2Server } from 'node:http2';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { KubeConfig } from '@kubernetes/client-node';
import { ManualClock } from '../testing/clock.ts';
import { ApiError } from './errors.ts';
import { testCertificate } from './testing-certificate.ts';
import {
  createTransport,
  loadKubeConfig,
  type RequestObserver,
  type Transport,
  type TransportOptions,
} from './transport.ts';

interface Received {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

type Answer = (request: Received, response: ServerResponse) => void;

const path = '/api/v1/namespaces/default/secrets/a';
let directory: string;
let clock: ManualClock;
let received: Received[];
let sockets: Set<Socket>;
let mostSockets: number;
let answer: Answer;
let server: Server;
let transport: Transport | undefined;
let observed: Parameters<RequestObserver>[0][];
let arrival: { readonly promise: Promise<void>; readonly resolve: () => void };

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let body = '';
  for await (const chunk of request) body += chunk;
  const { method, url, headers } = request;
  const seen = { method, url, headers, body };
  received.push(seen);
  answer(seen, response);
  arrival.resolve();
}

async function listen(listener: Server): Promise<number> {
  listener.on('connection', (socket: Socket) => {
    sockets.add(socket);
    mostSockets = Math.max(mostSockets, sockets.size);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  return portOf(listener);
}

function portOf(listener: Server): number {
  const address: AddressInfo | string | null = listener.address();
  if (address === null || typeof address === 'string') throw new Error('not listening');
  return address.port;
}

function connect(user: object, cluster: object = {}, more: Partial<TransportOptions> = {}): Transport {
  const kubeConfig = configOf(user, { server: `http://127.0.0.1:${portOf(server)}`, skipTLSVerify: true, ...cluster });
  transport = createTransport({
    kubeConfig,
    userAgent: 'test/1',
    clock,
    observe: (event) => observed.push(event),
    ...more,
  });
  return transport;
}

function configOf(user: object, cluster: object): KubeConfig {
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromOptions({
    clusters: [{ name: 'c', ...cluster }],
    users: [{ name: 'u', ...user }],
    contexts: [{ name: 'x', cluster: 'c', user: 'u' }],
    currentContext: 'x',
  });
  return kubeConfig;
}

async function refusal(work: Promise<unknown>): Promise<ApiError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  throw new Error('it was granted');
}

function json(response: ServerResponse, code: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(code, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

async function collect(lines: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = [];
  for await (const line of lines) all.push(line);
  return all;
}

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'transport-'));
  clock = new ManualClock();
  received = [];
  sockets = new Set();
  mostSockets = 0;
  observed = [];
  arrival = Promise.withResolvers<void>();
  answer = (_, response) => json(response, 200, { ok: true });
  server = createServer((request, response) => void handle(request, response));
  await listen(server);
});

afterEach(async () => {
  await transport?.close();
  transport = undefined;
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
  await rm(directory, { recursive: true });
  expect(clock.timers).toBe(0);
});

describe('request', () => {
  it('sends what it is given, and who we are', async () => {
    const made = connect({ token: 'abc' }, { server: `http://127.0.0.1:${portOf(server)}/k8s/c-1/` });
    const request = { method: 'PATCH', path, query: { force: 'true', fieldManager: 'a b' }, body: { x: 'ü' } } as const;
    expect(await made.request({ ...request, contentType: 'application/apply-patch+yaml' })).toEqual({ ok: true });
    expect(received).toMatchObject([
      {
        method: 'PATCH',
        url: `/k8s/c-1${path}?force=true&fieldManager=a+b`,
        body: '{"x":"ü"}',
        headers: {
          authorization: 'Bearer abc',
          'user-agent': 'test/1',
          accept: 'application/json',
          'content-type': 'application/apply-patch+yaml',
        },
      },
    ]);
    expect(observed).toEqual([{ verb: 'patch', resource: 'secrets', code: 200, seconds: 0 }]);
  });

  it('sends a user and password, and an impersonation', async () => {
    await connect({ username: 'u', password: 'p', impersonateUser: 'other' }).request({ method: 'GET', path });
    const headers = { authorization: 'Basic dTpw', 'impersonate-user': 'other' };
    expect(received).toMatchObject([{ url: path, headers }]);
  });

  it('decodes a Status', async () => {
    answer = (_, response) =>
      json(
        response,
        422,
        {
          kind: 'Status',
          code: 422,
          reason: 'Invalid',
          message: 'bad',
          details: {
            retryAfterSeconds: 9,
            causes: [{ field: 'spec.plan', message: 'no', reason: 'FieldValueInvalid' }],
          },
        },
        { 'retry-after': '3' },
      );
    const error = await refusal(connect({}).request({ method: 'POST', path: '/api/v1/pods', body: {} }));
    expect(error).toMatchObject({ code: 422, reason: 'Invalid', message: 'bad', retryAfterSeconds: 3 });
    expect(error.causes).toEqual([{ field: 'spec.plan', message: 'no' }]);
    expect(observed).toMatchObject([{ verb: 'create', resource: 'pods', code: 422 }]);
  });

  it('waits until the date that a proxy names, by the clock of that proxy', async () => {
    const headers = { date: 'Wed, 21 Oct 2015 07:28:00 GMT', 'retry-after': 'Wed, 21 Oct 2015 07:28:30 GMT' };
    answer = (_, response) => response.writeHead(503, headers).end();
    const error = await refusal(connect({}).request({ method: 'GET', path }));
    expect(error).toMatchObject({ code: 503, retryAfterSeconds: 30 });
  });

  it('makes an error of an answer that a proxy wrote', async () => {
    answer = (_, response) => response.writeHead(502, { 'content-type': 'text/html' }).end('<html>sorry</html>');
    const error = await refusal(connect({}).request({ method: 'GET', path }));
    expect(error).toMatchObject({ code: 502, reason: 'Unknown', message: 'HTTP status 502', causes: [] });
  });

  it('distinguishes a missing resource from a missing object', async () => {
    answer = (_, response) => response.writeHead(404, { 'content-type': 'text/plain' }).end('404 page not found\n');
    const error = await refusal(connect({}).request({ method: 'GET', path }));
    expect(error).toMatchObject({ code: 404, reason: 'NotServed', message: 'HTTP status 404: 404 page not found' });
  });

  it('takes a 2xx that is not JSON for no answer, and does not repeat it', async () => {
    answer = (_, response) => response.end('{"data":{"password":"hunter2"');
    const error = await refusal(connect({}).request({ method: 'GET', path }));
    expect(error).toMatchObject({ code: 0, reason: 'Network' });
    expect(error.message).not.toContain('hunter2');
  });

  const mebibyte = Buffer.alloc(1024 * 1024, ' ');
  it.each([
    [undefined, 64],
    [2 * 1024 * 1024, 2],
  ])('refuses an answer beyond 64 MiB, or beyond what the caller reads (%s)', async (mostBytes, mebibytes) => {
    const closed = Promise.withResolvers<void>();
    answer = (_, response) => {
      response.on('close', () => closed.resolve());
      for (let sent = 0; sent < mebibytes; sent += 1) response.write(mebibyte);
      response.write(' ');
      // The end never comes: what is too much already is not waited for.
    };
    const request = { method: 'GET', path, ...(mostBytes === undefined ? {} : { mostBytes }) } as const;
    expect(await refusal(connect({}).request(request))).toMatchObject({ code: 0, reason: 'TooLarge' });
    await closed.promise;
  });

  it('takes an answer as long as the caller reads', async () => {
    answer = (_, response) => response.end('[1,2]');
    expect(await connect({}).request({ method: 'GET', path, mostBytes: 5 })).toEqual([1, 2]);
  });

  it('takes every 2xx for success, and no redirection', async () => {
    for (const code of [200, 201, 299, 300, 307]) {
      answer = (_, response) => json(response, code, {}, { location: '/elsewhere' });
      const result = connect({}).request({ method: 'GET', path });
      if (code < 300) expect(await result).toEqual({});
      else expect(await refusal(result)).toMatchObject({ code });
    }
    expect(received).toHaveLength(5);
  });

  it('does not wait as long as a server asks for in two ways', async () => {
    answer = (_, response) => response.setHeader('retry-after', ['1', '2']).writeHead(503).end();
    const error = await refusal(connect({}).request({ method: 'GET', path }));
    expect(error.retryAfterSeconds).toBeUndefined();
  });

  const cuts: readonly (readonly [string, Answer])[] = [
    ['before the answer', (_, response) => response.destroy()],
    [
      'in mid-answer',
      (_, response) => {
        response.writeHead(200, { 'content-length': '100' }).write('{"metadata":{}}');
        setImmediate(() => response.destroy());
      },
    ],
  ];
  for (const [when, cut] of cuts) {
    it(`says so when the connection breaks ${when}, without a second attempt`, async () => {
      answer = cut;
      const error = await refusal(connect({}).request({ method: 'POST', path: '/api/v1/pods', body: {} }));
      expect(error).toMatchObject({ code: 0, reason: 'Network' });
      expect(received.length).toBe(1);
      expect(observed).toMatchObject([{ code: 0 }]);
    });
  }

  it('says so when nobody listens', async () => {
    const made = connect({}, { server: 'http://127.0.0.1:1' });
    const error = await refusal(made.request({ method: 'GET', path }));
    expect(error).toMatchObject({ code: 0, reason: 'Network' });
    expect(error.message).toContain('ECONNREFUSED');
  });

  for (const [what, begin] of [
    ['never begins', () => {}],
    ['never ends', (response: ServerResponse) => response.writeHead(200).write('{')],
  ] as const) {
    it(`gives up after 30 s on an answer that ${what}`, async () => {
      answer = (_, response) => begin(response);
      await clock.advance(7000);
      const failed = refusal(connect({}).request({ method: 'GET', path }));
      await arrival.promise;
      await clock.advance(29_999);
      expect(observed).toEqual([]);
      await clock.advance(1);
      expect(await failed).toMatchObject({ code: 0, reason: 'Timeout', message: 'no response within 30000 ms' });
      expect(observed).toEqual([{ verb: 'get', resource: 'secrets', code: 0, seconds: 30 }]);
    });
  }

  it('gives up on credentials that never come', async () => {
    const made = connect({ exec: { command: 'sleep', args: ['0.1'] } });
    const failed = refusal(made.request({ method: 'GET', path, timeoutMilliseconds: 500 }));
    await clock.advance(500);
    expect(await failed).toMatchObject({ code: 0, reason: 'Timeout' });
  });

  it('ends when the caller wants, and sends nothing when that was before', async () => {
    answer = () => {};
    const made = connect({});
    const controller = new AbortController();
    const failed = refusal(made.request({ method: 'GET', path }, controller.signal));
    await arrival.promise;
    controller.abort();
    expect(await failed).toMatchObject({ code: 0, reason: 'Aborted' });
    expect(await refusal(made.request({ method: 'GET', path }, controller.signal))).toMatchObject({
      reason: 'Aborted',
    });
    expect(received.length).toBe(1);
  });

  it.each([
    [{ connections: 4 }, 4],
    [{}, 32],
  ])('shares few connections among many calls (%j)', async (options, connections) => {
    answer = (_, response) => void setTimeout(() => json(response, 200, {}), 5);
    const made = connect({}, {}, options);
    await Promise.all(Array.from({ length: 100 }, () => made.request({ method: 'GET', path })));
    expect(received.length).toBe(100);
    expect(mostSockets).toBe(connections);
  });

  it('breaks off everything when closed', async () => {
    answer = () => {};
    const made = connect({});
    const failed = refusal(made.request({ method: 'GET', path }));
    await arrival.promise;
    let isBroken = false;
    void failed.then(() => {
      isBroken = true;
    });
    await made.close();
    expect(isBroken).toBe(true);
    expect(await failed).toMatchObject({ code: 0, reason: 'Network' });
    const closed = { code: 0, reason: 'Network', message: 'the transport is closed' };
    expect(await refusal(made.request({ method: 'GET', path }))).toMatchObject(closed);
  });
});

describe('credentials', () => {
  const unauthorized: Answer = (request, response) =>
    request.headers.authorization === 'Bearer new'
      ? json(response, 200, { ok: true })
      : json(response, 401, { kind: 'Status', code: 401, reason: 'Unauthorized', message: 'Unauthorized' });

  /** What a plugin says, which holds for no other request, and a user with a plugin. */
  const apiVersion = 'client.authentication.k8s.io/v1';
  const granted = (token: string): string =>
    JSON.stringify({ apiVersion, status: { token, expirationTimestamp: '2020-01-01T00:00:00Z' } });
  const plugin = (script: string) => ({ exec: { apiVersion, command: 'sh', args: ['-c', script] } });

  function tokenFile(): { readonly file: string; readonly user: object } {
    const file = join(directory, 'token');
    return { file, user: { authProvider: { name: 'tokenFile', config: { tokenFile: file } } } };
  }

  it('reads the token again after a 401 and repeats the request, body included', async () => {
    const { file, user } = tokenFile();
    await writeFile(file, 'old');
    const made = connect(user);
    await made.request({ method: 'GET', path });
    await writeFile(file, 'new\n');
    answer = unauthorized;
    expect(await made.request({ method: 'POST', path, body: { a: 1 } })).toEqual({ ok: true });
    expect(received.map(({ headers, body }) => [headers.authorization, body])).toEqual([
      ['Bearer old', ''],
      ['Bearer old', '{"a":1}'],
      ['Bearer new', '{"a":1}'],
    ]);
    expect(observed.map(({ code }) => code)).toEqual([200, 200]);
  });

  it('asks a plugin once for requests that are sent together, and once for those that are refused together', async () => {
    const [calls, credential] = [join(directory, 'calls'), join(directory, 'credential')];
    const grant = (token: string): Promise<void> => writeFile(credential, granted(token));
    const together = (made: Transport) =>
      Promise.all(Array.from({ length: 5 }, () => made.request({ method: 'GET', path })));
    await grant('old');
    const made = connect(plugin(`echo call >> '${calls}'; cat '${credential}'`));
    await together(made);
    await grant('new');
    answer = unauthorized;
    expect(await together(made)).toEqual(Array(5).fill({ ok: true }));
    expect(await readFile(calls, 'utf8')).toBe('call\n'.repeat(2));
  });

  it('does not go back to what an earlier and slower read has found', async () => {
    const [first, second, third] = ['1', '2', '3'].map((name) => join(directory, name)) as [string, string, string];
    await writeFile(first, granted('old'));
    execFileSync('mkfifo', [second]);
    await writeFile(third, granted('new'));
    const made = connect(plugin(`cd '${directory}'; echo call >> calls; cat $(($(wc -l < calls)))`));
    await made.request({ method: 'GET', path });
    const late = Promise.withResolvers<() => void>();
    answer = (request, response) => late.resolve(() => unauthorized(request, response));
    const refused = made.request({ method: 'GET', path, timeoutMilliseconds: 60_000 });
    const refuse = await late.promise;
    await clock.advance(30_000);
    answer = unauthorized;
    const slow = made.request({ method: 'GET', path });
    // Opened once the plugin reads.
    const pipe = await open(second, 'w');
    refuse();
    expect(await refused).toEqual({ ok: true });
    await pipe.writeFile(granted('old'));
    await pipe.close();
    expect(await slow).toEqual({ ok: true });
  });

  it('repeats a request that is refused late with the credentials that another has had renewed', async () => {
    const { file, user } = tokenFile();
    await writeFile(file, 'old');
    const made = connect(user);
    await made.request({ method: 'GET', path });
    await writeFile(file, 'new');
    const late = Promise.withResolvers<() => void>();
    answer = (request, response) => {
      if (request.body === '') unauthorized(request, response);
      else late.resolve(() => unauthorized(request, response));
    };
    const slow = made.request({ method: 'POST', path, body: {} });
    const refuse = await late.promise;
    await made.request({ method: 'GET', path });
    answer = unauthorized;
    refuse();
    expect(await slow).toEqual({ ok: true });
  });

  it('does not double every request while a server refuses everyone', async () => {
    answer = unauthorized;
    const made = connect({ token: 'old' });
    for (let call = 0; call < 5; call += 1) {
      expect(await refusal(made.request({ method: 'GET', path }))).toMatchObject({ code: 401, reason: 'Unauthorized' });
    }
    expect(received.length).toBe(6);
    await clock.advance(5_000);
    await refusal(made.request({ method: 'GET', path }));
    expect(received.length).toBe(8);
  });

  it('reads them at most every 30 s', async () => {
    const cluster = { server: `http://127.0.0.1:${portOf(server)}`, skipTLSVerify: true };
    const kubeConfig = configOf({ token: 'old' }, cluster);
    const rotating = connect({}, {}, { kubeConfig });
    await clock.advance(60_000);
    await rotating.request({ method: 'GET', path });
    kubeConfig.loadFromOptions({ ...kubeConfig, users: [{ name: 'u', token: 'new' }] });
    await clock.advance(29_999);
    await rotating.request({ method: 'GET', path });
    await clock.advance(1);
    await rotating.request({ method: 'GET', path });
    expect(received.map(({ headers }) => headers.authorization)).toEqual(['Bearer old', 'Bearer old', 'Bearer new']);
  });

  it('says so when there are none, and keeps the last ones when they cannot be read any more', async () => {
    const { file, user } = tokenFile();
    const made = connect({ ...user, certFile: join(directory, 'certificate') });
    const error = await refusal(made.request({ method: 'GET', path }));
    expect(error).toMatchObject({ code: 0, reason: 'Credentials' });
    expect(error.message).toMatch(/^cannot read credentials: Error: ENOENT/);
    await writeFile(join(directory, 'certificate'), '');
    await writeFile(file, 'abc');
    await made.request({ method: 'GET', path });
    await rm(join(directory, 'certificate'));
    await clock.advance(30_000);
    await made.request({ method: 'GET', path });
    expect(received.map(({ headers }) => headers.authorization)).toEqual(['Bearer abc', 'Bearer abc']);
  });
});

describe('TLS', () => {
  it('trusts the cluster’s authority only, and follows its rotation without breaking what is under way', async () => {
    const first = testCertificate();
    const second = testCertificate();
    const secure = createTlsServer(
      { key: first.key, cert: first.certificate },
      (request, response) => void handle(request, response),
    );
    const port = await listen(secure);
    const caFile = join(directory, 'ca.crt');
    await writeFile(caFile, second.certificate);
    const made = connect({ token: 'abc' }, { server: `https://127.0.0.1:${port}`, skipTLSVerify: false, caFile });
    const distrust = await refusal(made.request({ method: 'GET', path }));
    expect(distrust).toMatchObject({ code: 0, reason: 'Network' });
    expect(received).toEqual([]);

    await writeFile(caFile, first.certificate);
    await clock.advance(30_000);
    expect(await made.request({ method: 'GET', path })).toEqual({ ok: true });
    const watch = Promise.withResolvers<ServerResponse>();
    answer = (_, response) => {
      response.write('one\n');
      watch.resolve(response);
    };
    const lines = made.lines({ method: 'GET', path }, new AbortController().signal)[Symbol.asyncIterator]();
    expect(await lines.next()).toEqual({ done: false, value: 'one' });

    secure.setSecureContext({ key: second.key, cert: second.certificate });
    await writeFile(caFile, second.certificate);
    answer = (_, response) => json(response, 200, { ok: 2 });
    await clock.advance(30_000);
    expect(await made.request({ method: 'GET', path })).toEqual({ ok: 2 });
    (await watch.promise).end('two\n');
    expect(await lines.next()).toEqual({ done: false, value: 'two' });
    expect((await lines.next()).done).toBe(true);
    await made.close();
    await new Promise((resolve) => secure.close(resolve));
  });

  it('shows its certificate, and asks for the server by the name that the kubeconfig gives', async () => {
    const [authority, client] = [testCertificate('api.example'), testCertificate()];
    const secure = createTlsServer(
      { key: authority.key, cert: authority.certificate, ca: client.certificate, requestCert: true },
      (request, response) => void handle(request, response),
    );
    const server = `https://127.0.0.1:${await listen(secure)}`;
    const base64 = (text: string): string => Buffer.from(text).toString('base64');
    const user = { certData: base64(client.certificate), keyData: base64(client.key) };
    const trusting = { server, skipTLSVerify: false, caData: base64(authority.certificate) };
    const attempts = [
      [user, { ...trusting, tlsServerName: 'api.example' }, { ok: true }],
      [user, { server, skipTLSVerify: true }, { ok: true }],
      [user, trusting, { reason: 'Network' }],
      [user, { ...trusting, tlsServerName: 'other.example' }, { reason: 'Network' }],
      [{ token: 'abc' }, { ...trusting, tlsServerName: 'api.example' }, { reason: 'Network' }],
    ] as const;
    for (const [who, cluster, result] of attempts) {
      const made = connect(who, cluster);
      expect(await made.request({ method: 'GET', path }).catch((error: unknown) => error)).toMatchObject(result);
      await made.close();
    }
    await new Promise((resolve) => secure.close(resolve));
  });

  it('speaks HTTP/1.1 to a server that offers HTTP/2: there, one connection would carry every request', async () => {
    const { key, certificate } = testCertificate();
    const secure = createHttp2Server({ key, cert: certificate, allowHTTP1: true }, (request, response) =>
      response.end(JSON.stringify(request.httpVersion)),
    );
    await new Promise<void>((resolve) => secure.listen(0, '127.0.0.1', resolve));
    const { port } = secure.address() as AddressInfo;
    const made = connect({}, { server: `https://127.0.0.1:${port}`, skipTLSVerify: true });
    expect(await made.request({ method: 'GET', path })).toBe('1.1');
    await made.close();
    await new Promise((resolve) => secure.close(resolve));
  });

  it('refuses a kubeconfig that it cannot serve', () => {
    const proxied = configOf({}, { server: 'https://127.0.0.1:1', proxyUrl: 'http://127.0.0.1:2' });
    const options = { userAgent: 'test/1', clock };
    expect(() => createTransport({ kubeConfig: proxied, ...options })).toThrow('proxy-url');
    expect(() => createTransport({ kubeConfig: new KubeConfig(), ...options })).toThrow('no current cluster');
  });
});

describe('lines', () => {
  const request = { method: 'GET', path: '/api/v1/secrets', query: { watch: 'true' } } as const;

  it('gives out the lines until the server ends, without an unfinished one', async () => {
    let opened = 0;
    answer = (_, response) => {
      response.write('{"a":1}\n{"b"');
      setImmediate(() => response.end(':2}\n\n{"c":3'));
    };
    const lines = connect({}).lines(request, new AbortController().signal, () => {
      opened += 1;
    });
    expect(await collect(lines)).toEqual(['{"a":1}', '{"b":2}']);
    expect(opened).toBe(1);
    expect(observed).toEqual([{ verb: 'watch', resource: 'secrets', code: 200, seconds: 0 }]);
  });

  it('waits for an accepted watch as long as it is silent, and ends when aborted', async () => {
    answer = (_, response) => response.flushHeaders();
    const opened = Promise.withResolvers<void>();
    const controller = new AbortController();
    const failed = refusal(collect(connect({}).lines(request, controller.signal, opened.resolve)));
    await opened.promise;
    await clock.advance(3_600_000);
    expect(observed).toMatchObject([{ code: 200 }]);
    controller.abort();
    expect(await failed).toMatchObject({ code: 0, reason: 'Aborted' });
    expect(observed.length).toBe(1);
  });

  it('gives up after 30 s on a watch that is not accepted', async () => {
    answer = () => {};
    const failed = refusal(collect(connect({}).lines(request, new AbortController().signal)));
    await arrival.promise;
    await clock.advance(30_000);
    expect(await failed).toMatchObject({ code: 0, reason: 'Timeout' });
    expect(observed).toMatchObject([{ verb: 'watch', code: 0 }]);
  });

  it('decodes a refusal', async () => {
    answer = (_, response) => json(response, 410, { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' });
    const failed = refusal(collect(connect({}).lines(request, new AbortController().signal)));
    expect(await failed).toMatchObject({ code: 410, reason: 'Expired' });
    expect(observed).toMatchObject([{ verb: 'watch', code: 410 }]);
  });

  it('says so when the connection breaks', async () => {
    answer = (_, response) => {
      response.write('{"a":1}\n{"b"');
      setImmediate(() => response.destroy());
    };
    const seen: string[] = [];
    const read = async (): Promise<void> => {
      for await (const line of connect({}).lines(request, new AbortController().signal)) seen.push(line);
    };
    expect(await refusal(read())).toMatchObject({ code: 0, reason: 'Network' });
    expect(seen).toEqual(['{"a":1}']);
  });

  it('gives out lines of up to 16 MiB', async () => {
    const longest = Buffer.alloc(16 * 1024 * 1024, 'x');
    answer = (_, response) => {
      response.write(Buffer.concat([longest, Buffer.from('\n')]));
      response.write(Buffer.concat([longest, Buffer.from('x\n')]));
    };
    const lengths: number[] = [];
    const read = async (): Promise<void> => {
      for await (const line of connect({}).lines(request, new AbortController().signal)) lengths.push(line.length);
    };
    expect(await refusal(read())).toMatchObject({ code: 0 });
    expect(lengths).toEqual([longest.length]);
  });

  it('takes no redirection for a watch', async () => {
    answer = (_, response) => response.writeHead(299).end('one\n');
    expect(await collect(connect({}).lines(request, new AbortController().signal))).toEqual(['one']);
    await transport?.close();
    answer = (_, response) => json(response, 300, {});
    const failed = refusal(collect(connect({}).lines(request, new AbortController().signal)));
    expect(await failed).toMatchObject({ code: 300 });
  });

  it('closes the connection when the reader leaves', async () => {
    const left = Promise.withResolvers<void>();
    answer = (_, response) => {
      response.on('close', left.resolve);
      response.write('one\n');
    };
    for await (const line of connect({}).lines(request, new AbortController().signal)) {
      expect(line).toBe('one');
      break;
    }
    await left.promise;
  });
});

describe('the kubeconfig', () => {
  const variables = ['KUBECONFIG', 'HOME', 'KUBERNETES_SERVICE_HOST'] as const;
  const before = variables.map((name) => process.env[name]);
  afterEach(() => {
    for (const [index, name] of variables.entries()) {
      if (before[index] === undefined) delete process.env[name];
      else process.env[name] = before[index];
    }
  });

  it('is read from the file that KUBECONFIG names', async () => {
    const file = join(directory, 'config');
    await writeFile(file, configOf({ token: 'abc' }, { server: 'https://cluster.example' }).exportConfig());
    process.env.KUBECONFIG = file;
    expect(loadKubeConfig().getCurrentCluster()?.server).toBe('https://cluster.example');
  });

  it('is never made up', () => {
    for (const name of variables) delete process.env[name];
    process.env.HOME = directory;
    expect(() => loadKubeConfig()).toThrow('no kubeconfig found');
  });
});
