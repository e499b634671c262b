// The transport with a server on the loopback interface: the requests that arrive, and the error for each failure.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { KubeConfig } from '@kubernetes/client-node';
import { ManualClock } from '../testing/clock.ts';
import { ApiError } from './errors.ts';
import { testCertificate } from './testing-certificate.ts';
import { createTransport, type RequestObserver, type Transport, type TransportOptions } from './transport.ts';

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
    expect(received[0]?.headers).toMatchObject({ authorization: 'Basic dTpw', 'impersonate-user': 'other' });
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

  it.each([
    [undefined, 65],
    [2 * 1024 * 1024, 3],
  ])('refuses an answer beyond 64 MiB, or beyond what the caller reads (%s)', async (mostBytes, mebibytes) => {
    const closed = Promise.withResolvers<void>();
    answer = (_, response) => {
      response.on('close', () => closed.resolve());
      const mebibyte = Buffer.alloc(1024 * 1024, ' ');
      for (let sent = 0; sent < mebibytes; sent += 1) response.write(mebibyte);
      // The end never comes: what is too much already is not waited for.
    };
    const request = { method: 'GET', path, ...(mostBytes === undefined ? {} : { mostBytes }) } as const;
    expect(await refusal(connect({}).request(request))).toMatchObject({ code: 0, reason: 'TooLarge' });
    await closed.promise;
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

  it('shares few connections among many calls', async () => {
    answer = (_, response) => void setTimeout(() => json(response, 200, {}), 5);
    const made = connect({}, {}, { connections: 4 });
    await Promise.all(Array.from({ length: 100 }, () => made.request({ method: 'GET', path })));
    expect(received.length).toBe(100);
    expect(mostSockets).toBe(4);
  });

  it('breaks off everything when closed', async () => {
    answer = () => {};
    const made = connect({});
    const failed = refusal(made.request({ method: 'GET', path }));
    await arrival.promise;
    await made.close();
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
