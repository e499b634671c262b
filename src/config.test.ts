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
  expect(loadConfig({})).toMatchObject({
    WATCH_NAMESPACES: [],
    PORT: 8080,
    DEFAULT_POSTGRES_VERSION: '17',
    IMAGE_PATTERN: 'ghcr.io/cloudnative-pg/postgresql:{version}-standard-trixie',
    READINESS_CONNECTION_CHECK: 'Required',
    plans: defaultPlans,
  });
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

describe('the plan file', () => {
  it('overrides parts of a plan', async () => {
    const { plans } = await withPlans('standard: {memory: 2Gi}\n');
    expect(plans).toEqual({ ...defaultPlans, standard: { ...defaultPlans.standard, memory: '2Gi' } });
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
    expect(() => loadConfig({ PLANS_FILE: '/nonexistent' })).toThrow(/PLANS_FILE/);
  });
});
