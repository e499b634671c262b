import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ConfigError, loadConfig } from './config.ts';
import { defaultPlans } from './domain/database/plans.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'config-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function withPlans(text: string): Promise<ReturnType<typeof loadConfig>> {
  const path = join(folder, 'plans.yaml');
  await writeFile(path, text);
  return loadConfig({ PLANS_FILE: path });
}

it('requires no variable', () => {
  expect(loadConfig({})).toEqual({
    LOG_LEVEL: 'info',
    WATCH_NAMESPACES: [],
    LEASE_NAME: 'postgres-addon-operator',
    POD_NAME: 'postgres-addon-operator',
    POD_NAMESPACE: 'default',
    PORT: 8080,
    WORKERS: 16,
    DRILLS_AT_ONCE: 2,
    DEFAULT_POSTGRES_VERSION: '17',
    IMAGE_PATTERN: 'ghcr.io/cloudnative-pg/postgresql:{version}-standard-trixie',
    IMAGE_ROLLOUT: 'Never',
    READINESS_CONNECTION_CHECK: 'Required',
    plans: defaultPlans,
    stores: { stores: {} },
  });
});

it.each([
  ['LOG_LEVEL', ['debug', 'info', 'warn', 'error'], ['trace']],
  ['PORT', [0, 65_535], [-1, 65_536, 1.5]],
  ['WORKERS', [1, 256], [0, 257, 1.5]],
  ['DRILLS_AT_ONCE', [1, 64], [0, 65, 1.5]],
  ['IMAGE_ROLLOUT', ['Never', 'Now'], ['now']],
  ['READINESS_CONNECTION_CHECK', ['Required', 'Advisory', 'Off'], ['On']],
])('takes of %s exactly the values %j', (name, values, others) => {
  for (const value of values) expect(loadConfig({ [name]: String(value) })).toMatchObject({ [name]: value });
  for (const value of others) expect(() => loadConfig({ [name]: String(value) })).toThrow(`\n  ${name}: `);
});

it('treats an empty variable as absent', () => {
  expect(loadConfig({ LOG_LEVEL: '', PLANS_FILE: '' }).LOG_LEVEL).toBe('info');
});

it('reads namespaces, and rejects invalid names', () => {
  expect(loadConfig({ WATCH_NAMESPACES: 'team-a, team-b,' }).WATCH_NAMESPACES).toEqual(['team-a', 'team-b']);
  expect(() => loadConfig({ WATCH_NAMESPACES: 'Team_A' })).toThrow(/WATCH_NAMESPACES.*namespace names/);
});

it('reports every invalid variable at once', () => {
  expect(() =>
    loadConfig({ PORT: '-1', WORKERS: 'many', DEFAULT_POSTGRES_VERSION: '9', READINESS_CONNECTION_CHECK: 'no' }),
  ).toThrow(/PORT.*WORKERS.*DEFAULT_POSTGRES_VERSION.*READINESS_CONNECTION_CHECK/s);
});

it("refuses CloudNativePG's tags that are no longer built, and says what to do", () => {
  const refused = 'ghcr.io/cloudnative-pg/postgresql:{version}';
  expect(() => loadConfig({ IMAGE_PATTERN: refused })).toThrow(ConfigError);
  expect(() => loadConfig({ IMAGE_PATTERN: refused })).toThrow(
    /IMAGE_PATTERN: .*not been built since 2026-09-10.*; use .*:\{version\}-standard-trixie.*IMAGE_ROLLOUT/,
  );
  for (const pattern of [`${refused}-minimal-trixie`, 'mirror.example/cloudnative-pg/postgresql:{version}'])
    expect(loadConfig({ IMAGE_PATTERN: pattern })).toMatchObject({ IMAGE_PATTERN: pattern, IMAGE_ROLLOUT: 'Never' });
  for (const suffix of ['-bullseye', '-standard-bullseye', '-13'])
    expect(() => loadConfig({ IMAGE_PATTERN: `${refused}${suffix}` })).toThrow(/Debian 11/);
});

describe('an image pattern', () => {
  it.each([
    'pg:{version}',
    'registry.example:5000/a/pg:{version}.0-debian-12-r0',
    'r.example/pg:{version}_r1',
    'r.example/pg{version}:{version}-x',
    'r.example/pg:{version}.20261101',
  ])('%s is one whose version CloudNativePG reads', (pattern) => {
    expect(loadConfig({ IMAGE_PATTERN: pattern }).IMAGE_PATTERN).toBe(pattern);
  });

  it.each([
    'r.example/pg:v{version}',
    'r.example/pg-{version}',
    'r.example/pg-{version}:latest',
    'r.example/pg-{version}@sha256:0123',
    'r.example/pg:{version}@sha256:0123',
    'r.example/pg:{version} ',
    ' r.example/pg:{version}',
    'r.example/pg:{version}0',
    'r.example/pg:{version}.-x',
    'r.example/pg:{version}.',
    'r.example/{version}:5000/pg',
    '{version}',
    ':{version}',
    'r.example/pg:17',
  ])('%j is refused, and the message says why', (pattern) => {
    expect(() => loadConfig({ IMAGE_PATTERN: pattern })).toThrow(
      /IMAGE_PATTERN: must be an image without a digest whose tag begins with \{version\}, .* CloudNativePG reads the version/,
    );
  });
});

describe('the stores file', () => {
  const withStores = async (text: string) => {
    const path = join(folder, 'stores.yaml');
    await writeFile(path, text);
    return loadConfig({ STORES_FILE: path });
  };

  it('declares the stores', async () => {
    const text =
      'defaultStore: main\nstores: {main: {destination: s3://b/p, s3Credentials: {inheritFromIAMRole: true}}}\n';
    const { stores } = await withStores(text);
    expect(stores).toMatchObject({ defaultStore: 'main', stores: { main: { destination: 's3://b/p' } } });
  });

  it('with a mistake is rejected with the name of the field', async () => {
    await expect(withStores('stores: {main: {destination: b}}')).rejects.toThrow(
      /STORES_FILE .*stores\.yaml: stores\.main\.destination: must begin with s3/,
    );
  });
});

describe('the plan file', () => {
  it('overrides parts of a plan', async () => {
    const { plans } = await withPlans('standard: {memory: 2Gi}\n');
    expect(plans).toEqual({ ...defaultPlans, standard: { ...defaultPlans.standard, memory: '2Gi' } });
  });

  it('that says nothing changes nothing', async () => {
    expect((await withPlans('')).plans).toEqual(defaultPlans);
  });

  it.each(['free', 'standard', 'pro'] as const)('sets every field of the plan %s', async (name) => {
    const plan = {
      instances: 2,
      storage: '7Gi',
      memory: '3Gi',
      backup: 'daily',
      sharedBuffers: '128MB',
      maxConnections: 77,
      sidecarMemory: { request: '200Mi', limit: '300Mi' },
    };
    const { plans } = await withPlans(JSON.stringify({ [name]: plan }));
    expect(plans).toEqual({ ...defaultPlans, [name]: plan });
  });

  it('refuses a sidecar that requests more than its limit', async () => {
    const set = (request: string) => withPlans(`pro: {sidecarMemory: {request: ${request}, limit: 256Mi}}`);
    expect((await set('256Mi')).plans.pro.sidecarMemory.request).toBe('256Mi');
    await expect(set('257Mi')).rejects.toThrow(/PLANS_FILE .*: pro\.sidecarMemory\.request exceeds its limit/);
  });

  it.each([
    ['instances', [1, 9], [0, 10, 1.5]],
    ['maxConnections', [10, 10_000], [9, 10_001]],
    ['backup', ['none', 'daily', 'pitr'], ['hourly']],
    ['storage', ['1'], ['0', '0Gi', '-1Gi', 'x']],
    // Of the 256Mi of memory.
    ['sharedBuffers', ['1kB', '256MB', '262144kB'], ['257MB', '262145kB', '1GB', '0MB', '64Mi']],
  ])('takes of %s exactly what lies within its limits', async (field, values, others) => {
    const set = (value: string | number) => withPlans(JSON.stringify({ free: { [field]: value } }));
    for (const value of values) expect((await set(value)).plans.free).toMatchObject({ [field]: value });
    for (const value of others) await expect(set(value)).rejects.toThrow(`free.${field}`);
  });

  it.each([
    ['an unknown plan', 'huge: {memory: 2Gi}', 'huge'],
    ['an unknown field', 'free: {cpu: 2}', 'cpu'],
    ['a bad quantity', 'free: {storage: lots}', 'free.storage'],
    ['no instance', 'free: {instances: 0}', 'free.instances'],
    ['more shared buffers than memory', 'free: {sharedBuffers: 1GB}', 'free.sharedBuffers'],
    ['text that is not YAML', 'free: [', 'plans.yaml'],
    ['a list', '[]', 'the file'],
  ])('with %s is rejected with the name of the field', async (_, text, name) => {
    await expect(withPlans(text)).rejects.toThrow(ConfigError);
    await expect(withPlans(text)).rejects.toThrow(name);
  });

  it('that does not exist is rejected', () => {
    expect(() => loadConfig({ PLANS_FILE: '/nonexistent' })).toThrow(
      expect.objectContaining({
        name: 'ConfigError',
        message: expect.stringMatching(/^ {2}PLANS_FILE \/nonexistent: ENOENT/m),
      }),
    );
  });
});
