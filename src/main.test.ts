// The shell and the process, which no other test starts: what the operator and the test of an installation do with an API server that only
// stores what they write. With a whole cluster: e2e/integration.

import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { execa } from 'execa';
import { ApiServer } from './testing/api-server.ts';

const main = join(import.meta.dirname, 'main.ts');
const shell = join(import.meta.dirname, 'shell.ts');

describe('the shell', () => {
  let inherited: readonly string[] = [];
  beforeAll(async () => {
    // In a process of its own: Jest cannot load this CommonJS package and the ES module it requires in one graph.
    const { stdout } = await execa(process.execPath, [
      '--disable-warning=ExperimentalWarning',
      '--input-type=module',
      '--eval',
      `const { AddonOperator } = await import(${JSON.stringify(shell)});
       const base = Object.getPrototypeOf(AddonOperator.prototype);
       const names = Object.getOwnPropertyNames(base).filter((name) => typeof base[name] === 'function');
       console.log(JSON.stringify(names.filter((name) => !Object.hasOwn(AddonOperator.prototype, name)).concat('total', names.length)));`,
    ]);
    inherited = JSON.parse(stdout);
  });

  it('inherits no member that calls the API server or exits the process', () => {
    // start() calls init(), which is ours; the last two are private helpers of members that are overridden.
    expect(inherited.slice(0, -2).toSorted()).toEqual(['errorToJson', 'resourceStatusRequest', 'start']);
    expect(inherited.at(-1)).toBeGreaterThan(10);
  });
});

describe('the shell, when it is started and stopped', () => {
  /** What a script says, each line as JSON. It has AddonOperator, a log that says nothing, and `say`. */
  const told = async (script: string): Promise<readonly unknown[]> => {
    const { stdout } = await execa(process.execPath, [
      '--disable-warning=ExperimentalWarning',
      '--input-type=module',
      '--eval',
      `const { AddonOperator } = await import(${JSON.stringify(shell)});
       const log = { debug() {}, info() {}, warn() {}, error() {} };
       const say = (what) => console.log(JSON.stringify(what));
       ${script}`,
    ]);
    return stdout.split('\n').map((line) => JSON.parse(line) as unknown);
  };

  it('launches its parts once, and has stopped when they have', async () => {
    const script = `
      const stop = async () => { await new Promise(setImmediate); say('the parts have stopped'); };
      const operator = new AddonOperator(log, async () => { await new Promise(setImmediate); say('launched'); return stop; });
      await operator.stop();
      say('nothing to stop');
      await operator.start();
      say('started');
      await operator.stop();
      say('stopped');
      await operator.stop();
      say('nothing more to stop');`;
    expect(await told(script)).toEqual([
      'nothing to stop',
      'launched',
      'started',
      'the parts have stopped',
      'stopped',
      'nothing more to stop',
    ]);
  });

  it('throws what they fail with', async () => {
    const script = `
      const operator = new AddonOperator(log, () => Promise.reject(new Error('no port')));
      await operator.start().catch((error) => say(error.message));`;
    expect(await told(script)).toEqual(['no port']);
  });

  it('refuses whatever would call the API server, and says what does that instead', async () => {
    const script = `
      const operator = new AddonOperator(log, async () => async () => {});
      const members = Object.getOwnPropertyNames(AddonOperator.prototype);
      for (const name of members.filter((one) => !['constructor', 'init', 'stop'].includes(one)))
        try {
          await operator[name]();
          say([name, 'did not refuse']);
        } catch (error) {
          say([name, error.message]);
        }`;
    const answers = (await told(script)) as readonly (readonly [string, string])[];
    expect(answers.length).toBeGreaterThan(5);
    for (const [member, message] of answers)
      expect(message.startsWith(`${member} of the base class is not used: `)).toBe(true);
  });
});

const kubeconfigFor = (server: string): string => `
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "${server}", insecure-skip-tls-verify: true}}]
contexts: [{name: c, context: {cluster: c, user: u}}]
users: [{name: u, user: {}}]
current-context: c
`;

describe('the process', () => {
  const start = (env: Record<string, string>) =>
    execa(process.execPath, ['--disable-warning=ExperimentalWarning', main], {
      env: { PATH: process.env.PATH, ...env },
      extendEnv: false,
      reject: false,
    });

  it('exits with 2 and every problem if the configuration is invalid', async () => {
    const { exitCode, stderr } = await start({ PORT: 'eighty', LOG_LEVEL: 'loud', IMAGE_PATTERN: 'postgres' });
    expect(exitCode).toBe(2);
    for (const name of ['PORT', 'LOG_LEVEL', 'IMAGE_PATTERN']) expect(stderr).toContain(name);
    expect(stderr).not.toContain('    at ');
  });

  it('exits with 2 and what to do instead if the image pattern makes tags that get no fixes', async () => {
    const { exitCode, stderr } = await start({ IMAGE_PATTERN: 'ghcr.io/cloudnative-pg/postgresql:{version}' });
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/IMAGE_PATTERN: .*use ghcr\.io\/cloudnative-pg\/postgresql:\{version\}-standard-trixie/);
  });

  it('exits with 1 and a message without a usable kubeconfig', async () => {
    const { exitCode, stdout, stderr } = await start({ PORT: '0', KUBECONFIG: '/nonexistent' });
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/could not start: .*nonexistent/);
    expect(stderr).toBe('');
  });

  it('exits with 1 and a message if its port is in use', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const folder = await mkdtemp(join(tmpdir(), 'main-'));
    const kubeconfig = join(folder, 'kubeconfig');
    await writeFile(kubeconfig, kubeconfigFor('http://127.0.0.1:1'));
    const { exitCode, stdout } = await start({ PORT: String(port), KUBECONFIG: kubeconfig });
    await rm(folder, { recursive: true });
    server.close();
    expect(exitCode).toBe(1);
    expect(stdout).toContain('EADDRINUSE');
  });
});

const lease = '/apis/coordination.k8s.io/v1/namespaces/ops/leases/the-lease';
const addons = '/apis/addons.paas.dev/v1alpha1/namespaces/team-a/postgresaddons';
const clusters = '/apis/postgresql.cnpg.io/v1/namespaces/team-a/clusters';

let server: ApiServer;
let folder: string;
let kubeconfig: string;
const children: ChildProcess[] = [];
beforeEach(async () => {
  server = new ApiServer();
  folder = await mkdtemp(join(tmpdir(), 'main-'));
  kubeconfig = join(folder, 'kubeconfig');
  await writeFile(kubeconfig, kubeconfigFor(await server.start()));
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await server.stop();
  await rm(folder, { recursive: true });
});

interface Line {
  readonly level?: string;
  readonly msg: string;
  readonly port?: number;
}

/** A process of main.ts with its output, line by line: of the operator JSON, of the test of an installation text. */
function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, ...args], {
    env: { PATH: process.env.PATH, KUBECONFIG: kubeconfig, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  const lines: Line[] = [];
  const told = new EventEmitter();
  for (const stream of [child.stdout, child.stderr] as readonly Readable[])
    createInterface(stream).on('line', (text) => {
      lines.push(text.startsWith('{') ? (JSON.parse(text) as Line) : { msg: text });
      told.emit('line');
    });
  const ended = once(child, 'close').then(([code]) => code as number | null);
  /** Resolves with the first line whose message begins so. @throws Error if the process ends without it */
  const said = async (msg: string): Promise<Line> => {
    for (;;) {
      const line = lines.find((one) => one.msg.startsWith(msg));
      if (line !== undefined) return line;
      const end = ended.then(() => {
        throw new Error(`it ended, and said:\n${lines.map((one) => one.msg).join('\n')}`);
      });
      await Promise.race([once(told, 'line'), end]);
    }
  };
  return { child, lines, said, ended };
}

const createsCluster = `PATCH ${clusters}/db-team-a-shop`;
const writesStatus = `PATCH ${addons}/shop/status`;
const readsSchema = 'GET /openapi/v3/apis/addons.paas.dev/v1alpha1';

describe('the operator', () => {
  const operate = (env: Readonly<Record<string, string>> = {}) => {
    const names = { POD_NAME: 'pod-1', POD_NAMESPACE: 'ops', LEASE_NAME: 'the-lease', WATCH_NAMESPACES: 'team-a' };
    const operator = run([], { PORT: '0', READINESS_CONNECTION_CHECK: 'Off', ...names, ...env });
    const page = async (path: string) => {
      const { port } = await operator.said('started');
      const response = await fetch(`http://127.0.0.1:${port}${path}`);
      return { status: response.status, body: await response.text() };
    };
    return { ...operator, page };
  };
  const shop = {
    apiVersion: 'addons.paas.dev/v1alpha1',
    kind: 'PostgresAddon',
    metadata: { name: 'shop', namespace: 'team-a', generation: 1 },
    spec: { plan: 'free' },
  };
  beforeEach(() => {
    server.set(readsSchema.replace('GET ', ''), {});
  });

  it('leads, creates a database, says so, and ends with 0 and without the Lease', async () => {
    const { child, lines, said, ended, page } = operate({ WORKERS: '3' });
    expect(await said('started')).toMatchObject({ node: process.version, namespaces: ['team-a'] });
    expect(await said('this replica is the leader')).toMatchObject({
      identity: expect.stringMatching(/^pod-1_[\da-f]{8}$/),
    });
    expect(await said('became the leader')).toMatchObject({ level: 'info' });
    expect(await said('reconciling')).toMatchObject({ workers: 3 });
    expect(await said('the caches are filled')).toMatchObject({ namespace: 'team-a', addons: 0, unseenNamespaces: 0 });
    expect(await page('/readyz?verbose')).toEqual({ status: 200, body: '[+]caches ok\nreadyz check passed\n' });
    expect(await page('/livez?verbose')).toEqual({ status: 200, body: '[+]workers ok\nlivez check passed\n' });

    server.set(`${addons}/shop`, shop);
    expect(await said('CloudNativePG is creating the database')).toMatchObject({ addon: 'team-a/shop' });
    expect(server.get(`${clusters}/db-team-a-shop`)).toMatchObject({ spec: { instances: 1 } });
    expect(server.get(`${addons}/shop`)).toMatchObject({ status: { operator: 'ops/the-lease', phase: 'creating' } });
    await server.was('POST /apis/events.k8s.io/v1/namespaces/team-a/events');
    const { body } = await page('/metrics');
    expect(body).toContain('\npostgres_addon_leader 1\n');
    expect(body).toMatch(/\npostgres_addon_api_requests_total\{[^}]*leases[^}]*\} [1-9]/);
    expect(body).toMatch(/\npostgres_addon_watch_starts_total\{[^}]*\} 1\n/);

    child.kill('SIGTERM');
    expect(await ended).toBe(0);
    expect(server.get(lease)).toMatchObject({ spec: { holderIdentity: '' } });
    expect(lines.filter(({ level }) => level !== 'info')).toEqual([]);
  });

  it('takes up what was there before it led, once it knows the schema, and completes it before it ends', async () => {
    server.set(`${addons}/shop`, shop);
    const [tellSchema, answerCluster] = [server.hold(readsSchema), server.hold(createsCluster)];
    const { child, lines, said, ended } = operate();
    await said('this replica is the leader');
    await said('the caches are filled');
    // Until the first renewal.
    await server.was(`PUT ${lease}`);
    expect(server.seen).not.toContain(createsCluster);
    tellSchema();
    await server.was(createsCluster);
    child.kill('SIGTERM');
    await said('stopping');
    await server.was(`PUT ${lease}`, 2);
    expect(server.get(lease)).not.toMatchObject({ spec: { holderIdentity: '' } });
    answerCluster();
    expect(await ended).toBe(0);
    expect(server.seen).toContain(writesStatus);
    expect(server.get(lease)).toMatchObject({ spec: { holderIdentity: '' } });
    expect(lines.filter(({ level }) => level !== 'info')).toEqual([]);
  });

  it('writes nothing while another replica leads, and ends with 1 when another one takes its Lease', async () => {
    server.set(`${addons}/shop`, shop);
    const held = { holderIdentity: 'another', leaseDurationSeconds: 15, renewTime: '2026-01-02T03:04:05.000000Z' };
    const object = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'the-lease' } };
    server.set(lease, { ...object, spec: held });
    const { said, ended, page } = operate();
    await said('the caches are filled');
    await server.was(readsSchema);
    await server.was(`GET ${lease}`, 2);
    expect(server.seen.filter((request) => !request.startsWith('GET '))).toEqual([]);
    expect((await page('/metrics')).body).toContain('\npostgres_addon_leader 0\n');
    server.set(lease, { ...object, spec: { ...held, holderIdentity: '' } });
    await said('this replica is the leader');
    await server.was(writesStatus);
    server.set(lease, { ...object, spec: held });
    expect(await ended).toBe(1);
    expect(await said('lost the lease')).toMatchObject({ level: 'error' });
  });

  it('says what it may not list, and is not ready', async () => {
    server.refusals.set(`GET ${clusters}`, { code: 403, reason: 'Forbidden' });
    const { said, page } = operate();
    const failure = { code: 403, reason: 'Forbidden', message: 'answer 403' };
    const told = await said('watch failed; retrying');
    expect(told).toMatchObject({ level: 'warn', kind: 'Cluster', namespace: 'team-a', ...failure });
    const { status, body } = await page('/readyz');
    expect([status, body]).toEqual([
      503,
      expect.stringContaining('[-]caches failed: clusters in namespace team-a: answer 403'),
    ]);
    expect((await page('/livez')).status).toBe(200);
  });

  it('leaves an addon to another operator whose Lease it may not read, and says so', async () => {
    const otherLease = '/apis/coordination.k8s.io/v1/namespaces/elsewhere/leases/its-lease';
    server.refusals.set(`GET ${otherLease}`, { code: 403, reason: 'Forbidden' });
    server.set(`${addons}/shop`, { ...shop, status: { operator: 'elsewhere/its-lease' } });
    const { said } = operate();
    expect(await said('the Lease of another operator cannot be read')).toMatchObject({
      operator: 'elsewhere/its-lease',
      error: { code: 403 },
    });
    expect(server.seen).not.toContain(createsCluster);
  });

  it('says when an Event is refused', async () => {
    const request = 'POST /apis/events.k8s.io/v1/namespaces/team-a/events';
    server.refusals.set(request, { code: 403, reason: 'Forbidden' });
    server.set(`${addons}/shop`, shop);
    const { said } = operate();
    expect(await said('an event could not be recorded')).toMatchObject({ error: { code: 403 } });
  });
});

describe('the test of an installation', () => {
  const addon = '/apis/addons.paas.dev/v1alpha1/namespaces/ops/postgresaddons/db';
  const creation = `PATCH ${addon}`;
  /** The addon runs, as the operator would say. */
  const runs = (): void => {
    const condition = { type: 'Ready', status: 'True', reason: 'Running', message: 'so it is' };
    server.set(addon, { ...server.get(addon), status: { phase: 'running', conditions: [condition] } });
  };

  it('passes with 0, and leaves nothing behind', async () => {
    const { said, lines, ended } = run(['smoke-test', 'ops', 'db', 'Off']);
    await said('PostgresAddon ops/db created');
    runs();
    expect(await ended).toBe(0);
    expect(lines.at(-1)?.msg).toBe('the installation works');
    expect(server.get(addon)).toBeUndefined();
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('ends by %s with 1, says why, and leaves nothing behind', async (signal) => {
    const { child, said, lines, ended } = run(['smoke-test', 'ops', 'db', 'Required']);
    await said('the operator has not seen the addon yet');
    child.kill(signal);
    expect(await ended).toBe(1);
    expect(lines.at(-1)?.msg).toBe('failed: stopped while waiting for the addon to run');
    expect(server.get(addon)).toBeUndefined();
  });

  it('logs in', async () => {
    const secret = '/api/v1/namespaces/ops/secrets/app-db-database-url';
    const data = { DATABASE_URL: Buffer.from('postgresql://nowhere').toString('base64') };
    server.set(secret, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'app-db-database-url' }, data });
    const { child, said, lines, ended } = run(['smoke-test', 'ops', 'db', 'Required']);
    await said('PostgresAddon ops/db created');
    runs();
    await server.was(`GET ${secret}`);
    child.kill('SIGTERM');
    expect(await ended).toBe(1);
    const why = 'the login with DATABASE_URL from this pod failed: other: DATABASE_URL has an unexpected format';
    expect(lines.at(-1)?.msg).toBe(`failed: ${why}`);
  });

  it.each([
    ['Required', { code: 403, reason: 'Forbidden' }, 'failed: answer 403'],
    ['Advisory', { code: 403, reason: 'Forbidden' }, 'failed: answer 403'],
    ['Off', { code: 409, reason: 'Conflict' }, 'failed: PostgresAddon ops/db exists already.'],
  ])('with %s fails with 1 if the creation is answered with %j', async (check, refusal, why) => {
    server.refusals.set(creation, refusal);
    const { said, ended } = run(['smoke-test', 'ops', 'db', check]);
    await said(why);
    expect(await ended).toBe(1);
  });

  it('fails with 1 and the whole error if it is none that is expected', async () => {
    const { lines, ended } = run(['smoke-test', 'ops', 'db', 'Off'], { KUBECONFIG: '/nonexistent' });
    expect(await ended).toBe(1);
    const output = lines.map(({ msg }) => msg);
    expect(output.filter((line) => line.startsWith('failed:'))).toEqual([]);
    expect(output.some((line) => line.includes('nonexistent'))).toBe(true);
    expect(output.some((line) => line.startsWith('    at '))).toBe(true);
  });

  it.each([
    [['smoke-test', '', 'db', 'Off']],
    [['smoke-test', 'ops', 'db', 'Sometimes']],
    [['smoke-test', 'ops', 'db', 'Off', 'now']],
    [['test', 'ops', 'db', 'Off']],
  ])('says with 2 how it is used instead of: %j', async (args) => {
    const { lines, ended } = run(args);
    expect(await ended).toBe(2);
    expect(lines.map(({ msg }) => msg)).toEqual(['usage: main.mjs [smoke-test NAMESPACE NAME Required|Advisory|Off]']);
    expect(server.seen).toEqual([]);
  });
});
