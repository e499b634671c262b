// What the test of an installation leaves behind when requests fail: nothing, as far as the API server lets it. With a whole cluster:
// e2e/integration/smoke-test.test.ts.
import { describe, expect, it } from '@jest/globals';
import type { KubeObject, Manifest } from './api/kubernetes.ts';
import type { LoginResult } from './api/login.ts';
import { ApiError } from './kube/errors.ts';
import type { ResourceClient } from './kube/resources.ts';
import { HandTransport } from './kube/testing.ts';
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

  it.each([0, 404, 409, 429, 500, 503])('is deleted when an answer of the API server was %d at first', async (code) => {
    for (const verb of ['get', 'delete'] as const) {
      const server = new Server();
      server.failures[verb].push(failure(code), failure(code));
      const { error } = await run(server);
      expect(error?.message).toBe('stopped while waiting for the addon to run');
      expect(server.deletions).toBe(1);
    }
  });

  it('that cannot be deleted is named, and why the test failed before', async () => {
    const server = new Server();
    server.failures.delete.push(failure(403, 'Forbidden'));
    const { error, lines } = await run(server);
    expect(error?.message).toBe('stopped while waiting for the addon to run');
    expect(lines.at(-1)).toBe('the addon could not be deleted: ApiError: answer 403');
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
});
