// What the test of an installation leaves behind when requests fail: nothing, as far as the API server lets it. With a whole cluster:
// e2e/integration/smoke-test.test.ts.
import { describe, expect, it } from '@jest/globals';
import type { Condition, KubeObject, Manifest } from './api/kubernetes.ts';
import type { LoginResult } from './api/login.ts';
import { ApiError } from './kube/errors.ts';
import type { ResourceClient } from './kube/resources.ts';
import { HandTransport, type PendingStream } from './kube/testing.ts';
import { type SmokeTest, smokeTest } from './smoke-test.ts';
import { ManualClock, settle } from './testing/clock.ts';

const namespace = 'ops';
const name = 'smoke-test-db';
const failure = (code: number, reason = ''): ApiError => new ApiError({ code, reason, message: `answer ${code}` });

/** An API server with at most one addon, whose answers to each kind of request can be made to fail. */
class Server {
  addon: KubeObject | undefined;
  /** What the next requests fail with; each is carried out all the same if `carriedOut`. */
  readonly failures: Record<'create' | 'get' | 'delete', ApiError[]> = { create: [], get: [], delete: [] };
  carriedOut = false;
  deletions = 0;

  readonly addons = {
    create: async (manifest: Manifest) => {
      const error = this.failures.create.shift();
      if (error !== undefined && !this.carriedOut) throw error;
      const metadata = { ...manifest.metadata, uid: 'new', resourceVersion: '1' };
      this.addon = { ...manifest, metadata } as KubeObject;
      if (error !== undefined) throw error;
      return this.addon;
    },
    get: async () => {
      const error = this.failures.get.shift();
      if (error !== undefined) throw error;
      return this.addon;
    },
    delete: async () => {
      const error = this.failures.delete.shift();
      if (error !== undefined) throw error;
      this.deletions += 1;
      this.addon = undefined;
    },
  };
}

/** Runs the test to its end. @param stopped whether it is stopped before it begins */
async function run(server: Server, more: Partial<SmokeTest> = {}, stopped = true) {
  const clock = new ManualClock();
  const stopping = new AbortController();
  if (stopped) stopping.abort();
  const lines: string[] = [];
  const login = async (): Promise<LoginResult> => ({ kind: 'ok' });
  const running = smokeTest({
    transport: new HandTransport(),
    api: { addons: server.addons as unknown as ResourceClient, secrets: {} as ResourceClient },
    clock,
    random: () => 0.5,
    login,
    namespace,
    name,
    id: 'this one',
    connectionCheck: 'Required',
    say: (line) => lines.push(line),
    signal: stopping.signal,
    ...more,
  });
  let ended = false;
  const outcome = running.then(
    () => undefined,
    (error: unknown) => error as Error,
  );
  void outcome.then(() => {
    ended = true;
  });
  for (let seconds = 0; seconds < 300 && !ended; seconds += 1) {
    await clock.advance(1000);
    await settle();
  }
  return { error: await outcome, lines };
}

describe('the addon of a test', () => {
  it('is deleted after a creation that was not answered but took place', async () => {
    const server = new Server();
    server.failures.create.push(failure(0, 'Timeout'));
    server.carriedOut = true;
    const { error } = await run(server);
    expect(error?.message).toBe('answer 0');
    expect([server.addon, server.deletions]).toEqual([undefined, 1]);
  });

  it.each([0, 404, 409, 429, 500, 502, 503, 504])(
    'is deleted when an answer of the API server was %d at first',
    async (code) => {
      for (const verb of ['get', 'delete'] as const) {
        const server = new Server();
        server.failures[verb].push(failure(code), failure(code));
        const { error } = await run(server);
        expect(error?.message).toBe('stopped while waiting for the addon to run');
        expect(server.deletions).toBe(1);
      }
    },
  );

  it('that cannot be deleted is named, and why the test failed before', async () => {
    const server = new Server();
    server.failures.delete.push(failure(403, 'Forbidden'));
    const { error, lines } = await run(server);
    expect(error?.message).toBe('stopped while waiting for the addon to run');
    expect(lines.at(-1)).toBe('the addon could not be deleted: ApiError: answer 403');
  });

  it('that was not created is not looked for in vain', async () => {
    const server = new Server();
    server.failures.create.push(failure(403, 'Forbidden'));
    const { error, lines } = await run(server);
    expect([error?.message, lines]).toEqual(['answer 403', []]);
  });

  it('that somebody else created is not touched', async () => {
    const server = new Server();
    server.addon = { apiVersion: '', kind: '', metadata: { name, namespace, uid: 'old', resourceVersion: '1' } };
    server.failures.create.push(failure(409, 'Conflict'));
    const { error } = await run(server);
    expect(error?.message).toContain('exists already');
    expect([server.addon?.metadata.uid, server.deletions]).toEqual(['old', 0]);
  });

  it('is deleted when the time is over', async () => {
    const server = new Server();
    const { error } = await run(server, {}, false);
    expect(error?.message).toContain('timed out after 180 s waiting for the addon to run');
    expect(server.deletions).toBe(1);
  });

  it('is deleted when nothing can be watched, which is said', async () => {
    class Broken extends HandTransport {
      override request(): Promise<unknown> {
        return Promise.reject(new Error('no way'));
      }
    }
    const server = new Server();
    const { error, lines } = await run(server, { transport: new Broken() }, false);
    expect(error?.message).toBe('timed out after 180 s waiting for the addon to run: no way');
    expect(lines).toContain('Error: no way');
    expect(server.deletions).toBe(1);
  });
});

describe('the test of an installation', () => {
  const url = 'postgresql://app:hunter2@db/app';
  const published = { data: { DATABASE_URL: Buffer.from(url).toString('base64') } };
  const condition = (type: string, status: Condition['status'], reason: string): Condition => ({
    ...{ type, status, reason, message: `so says ${reason}` },
    lastTransitionTime: '2026-01-02T03:04:05Z',
  });
  const waiting = condition('Ready', 'False', 'Creating');
  const runs = condition('Ready', 'True', 'Running');
  const stalled = condition('Stalled', 'True', 'Unschedulable');
  const cluster = (uid: string): KubeObject => ({
    apiVersion: 'postgresql.cnpg.io/v1',
    kind: 'Cluster',
    metadata: {
      ...{ name: `of-${uid}`, namespace, uid: `cluster-of-${uid}`, resourceVersion: '2' },
      ownerReferences: [uid, 'somebody'].map((owner) => ({ apiVersion: '', kind: 'PostgresAddon', name, uid: owner })),
    },
  });

  /** A test that has begun, beside the Clusters of two addons. */
  async function begin(
    more: Partial<SmokeTest> = {},
    { secret }: { readonly secret?: object } = { secret: published },
  ) {
    const server = new Server();
    const transport = new HandTransport();
    const clock = new ManualClock();
    const lines: string[] = [];
    const urls: string[] = [];
    const asked: string[] = [];
    const end: { value?: string } = {};
    const get = async (of: string, called: string) => {
      asked.push(`${of}/${called}`);
      return secret;
    };
    void smokeTest({
      transport,
      api: { addons: server.addons, secrets: { get } } as unknown as SmokeTest['api'],
      clock,
      random: () => 0.5,
      login: async (given) => {
        urls.push(given);
        return { kind: 'ok', version: '17.4' };
      },
      namespace,
      name,
      id: 'this one',
      connectionCheck: 'Required',
      say: (line) => lines.push(line),
      signal: new AbortController().signal,
      ...more,
    }).then(
      () => {
        end.value = 'passed';
      },
      (error: unknown) => {
        end.value = String(error);
      },
    );
    for (let count = 0; count < 2; count += 1) {
      const { request, answer } = await transport.call();
      const items = request.path.includes('clusters') ? [cluster('new'), cluster('another')] : [];
      answer({ metadata: { resourceVersion: '1' }, items });
    }
    const streams = [await transport.stream(), await transport.stream()];
    for (const stream of streams) stream.open();
    const streamOf = (plural: string): PendingStream => {
      const found = streams.find(({ request }) => request.path.includes(plural));
      if (found === undefined) throw new Error(`no watch of ${plural}`);
      return found;
    };
    let version = 2;
    const send = async (plural: string, type: string, object: KubeObject): Promise<void> => {
      version += 1;
      const metadata = { ...object.metadata, resourceVersion: String(version) };
      streamOf(plural).send(type, { ...object, metadata });
      await settle();
    };
    /** The addon is seen so. */
    const says = async (phase: string, ...conditions: readonly Condition[]): Promise<void> => {
      if (server.addon === undefined) throw new Error('no addon');
      const status = conditions.length === 0 ? {} : { status: { phase, conditions } };
      await send('postgresaddons', 'MODIFIED', Object.assign({}, server.addon, status));
    };
    /** Which of the two watches have ended. */
    const stopped = (): readonly boolean[] => streams.map(({ signal }) => signal.aborted);
    return { server, clock, lines, urls, asked, end, send, says, stopped };
  }

  it('creates a free addon, logs in once it runs, deletes it, and waits until its Cluster is gone', async () => {
    const { server, clock, lines, urls, asked, end, send, says, stopped } = await begin();
    expect(server.addon).toMatchObject({ metadata: { name, namespace }, spec: { plan: 'free' } });
    // The watch has not reported it.
    await clock.advance(5000);
    expect(end.value).toBeUndefined();
    await says('');
    await says('creating', waiting);
    await says('creating', waiting);
    // Neither is enough alone.
    await says('running', waiting);
    await says('creating', runs);
    expect([urls, server.deletions]).toEqual([[], 0]);
    await says('running', runs);
    expect([urls, asked, server.deletions]).toEqual([[url], [`${namespace}/app-${name}-database-url`], 1]);
    await send('clusters', 'DELETED', cluster('another'));
    expect([end.value, stopped()]).toEqual([undefined, [false, false]]);
    await send('clusters', 'DELETED', cluster('new'));
    expect([end.value, stopped()]).toEqual(['passed', [true, true]]);
    expect(lines).toEqual([
      `PostgresAddon ${namespace}/${name} created`,
      'the operator has not seen the addon yet',
      'Creating: so says Creating',
      'Running: so says Running',
      'logged in with DATABASE_URL: PostgreSQL 17.4',
      'the addon is deleted',
      'its database is gone',
    ]);
  });

  it('fails if the addon is stalled for half a minute, and not if that passes', async () => {
    const { server, clock, end, says } = await begin();
    await says('creating', waiting, stalled);
    await clock.advance(29_999);
    await says('creating', waiting);
    await clock.advance(10_000);
    await says('creating', waiting, stalled);
    await clock.advance(29_999);
    expect([end.value, server.deletions]).toEqual([undefined, 0]);
    await clock.advance(5000);
    expect(end.value).toBe('SmokeTestError: the addon cannot run: Creating: so says Creating');
    expect(server.deletions).toBe(1);
  });

  it('fails if somebody else deletes the addon', async () => {
    const { server, end, says, send, stopped } = await begin();
    const { addon } = server;
    await says('creating', waiting);
    if (addon !== undefined) await send('postgresaddons', 'DELETED', addon);
    expect(end.value).toBe('SmokeTestError: somebody else deleted the PostgresAddon');
    expect(stopped()).toEqual([true, true]);
  });

  it('fails if the addon cannot be deleted at first', async () => {
    const { server, lines, end, says } = await begin();
    server.failures.delete.push(failure(403, 'Forbidden'));
    await says('running', runs);
    expect(end.value).toBe('ApiError: answer 403');
    expect([server.deletions, lines.at(-1)]).toEqual([1, 'the addon is deleted']);
  });

  it('ends at once when it is stopped', async () => {
    const stopping = new AbortController();
    const { server, end, says } = await begin({ signal: stopping.signal });
    await says('creating', waiting);
    stopping.abort();
    await settle();
    expect(end.value).toBe('SmokeTestError: stopped while waiting for the addon to run');
    expect(server.deletions).toBe(1);
  });

  it.each(['get', 'delete'] as const)('repeats each second, for 20 s, a "%s" that fails', async (verb) => {
    const passing = await begin();
    passing.server.failures[verb].push(failure(500), failure(500));
    await passing.says('running', runs);
    await passing.clock.advance(1999);
    expect(passing.server.deletions).toBe(0);
    await passing.clock.advance(1);
    expect(passing.server.deletions).toBe(1);

    const { server, clock, end, says } = await begin();
    server.failures[verb].push(...Array.from({ length: 100 }, () => failure(500)));
    await says('running', runs);
    // It fails, and is tried once more since the test has failed.
    await clock.advance(41_999);
    expect([end.value, server.failures[verb].length]).toEqual([undefined, 100 - 43]);
    await clock.advance(1);
    expect(end.value).toBe('ApiError: answer 500');
  });

  it('fails if the Cluster stays', async () => {
    const { clock, end, says } = await begin();
    await says('running', runs);
    await clock.advance(39_999);
    expect(end.value).toBeUndefined();
    await clock.advance(1);
    expect(end.value).toBe('SmokeTestError: timed out after 40 s waiting for the Cluster to be gone');
  });

  it.each([{}, { secret: {} }, { secret: { data: {} } }])(
    'fails without DATABASE_URL in the Secret: %j',
    async (without) => {
      const { end, says, server } = await begin({}, without);
      await says('running', runs);
      expect(end.value).toBe(`SmokeTestError: Secret app-${name}-database-url has no DATABASE_URL`);
      expect(server.deletions).toBe(1);
    },
  );

  it.each<readonly [SmokeTest['connectionCheck'], LoginResult, string | undefined, string]>([
    [
      'Required',
      { kind: 'failed', why: 'refused', detail: 'ECONNREFUSED' },
      'SmokeTestError: the login with DATABASE_URL from this pod failed: refused: ECONNREFUSED',
      'the addon is deleted',
    ],
    [
      'Required',
      { kind: 'unchecked' },
      'SmokeTestError: the login with DATABASE_URL from this pod failed: it was not attempted',
      'the addon is deleted',
    ],
    [
      'Advisory',
      { kind: 'unchecked' },
      undefined,
      'the login with DATABASE_URL from this pod failed: it was not attempted',
    ],
  ])(
    'with readiness.connectionCheck %s tries for 20 s a login that is %j',
    async (connectionCheck, result, error, line) => {
      let tries = 0;
      const login = async (): Promise<LoginResult> => {
        tries += 1;
        return result;
      };
      const { clock, lines, says, end, server } = await begin({ connectionCheck, login });
      await says('running', runs);
      await clock.advance(20_000);
      expect([tries, server.deletions]).toEqual([21, 0]);
      await clock.advance(1000);
      expect([tries, server.deletions]).toEqual([22, 1]);
      expect(end.value).toBe(error);
      expect(lines).toContain(line);
    },
  );

  it('logs in as soon as that works, whatever the version', async () => {
    const results: LoginResult[] = [{ kind: 'unchecked' }, { kind: 'ok' }];
    const { clock, lines, says } = await begin({ login: async () => results.shift() ?? { kind: 'unchecked' } });
    await says('running', runs);
    await clock.advance(1000);
    expect(lines.slice(-2)).toEqual(['logged in with DATABASE_URL', 'the addon is deleted']);
  });

  it('does not log in if readiness.connectionCheck is Off', async () => {
    const { lines, says, urls } = await begin({ connectionCheck: 'Off' });
    await says('running', runs);
    expect(urls).toEqual([]);
    expect(lines).toContain('no login, since readiness.connectionCheck is Off');
  });
});
