// The chart for app teams: a list of databases becomes as many PostgresAddons, and a mistake is found before the API server sees it.
import { describe, expect, it } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { addonSchema } from '../src/api/generated/postgresaddon-schema.ts';
import { addonsChart, template, type Values } from './helm.ts';

const shop = { name: 'shop', plan: 'standard' };

async function made(values: Values): Promise<readonly Record<string, unknown>[]> {
  const { exitCode, stdout, stderr } = await template(addonsChart, values);
  if (exitCode !== 0) throw new Error(stderr);
  return parseAllDocuments(stdout)
    .map((document) => document.toJS())
    .filter((manifest) => manifest !== null);
}

it('makes nothing of no databases', async () => expect(await made({})).toEqual([]));

it('makes a PostgresAddon of each, in the namespace of the release, before the app in Argo CD', async () => {
  const reports = { name: 'reports', plan: 'free', mode: 'protected', backup: { storeRef: { name: 'main' } } };
  const [first, second, ...others] = await made({ postgresDatabases: [shop, reports] });
  expect(others).toEqual([]);
  expect(first).toMatchObject({
    apiVersion: 'addons.paas.dev/v1alpha1',
    kind: 'PostgresAddon',
    metadata: { name: 'shop', namespace: 'paas', annotations: { 'argocd.argoproj.io/sync-wave': '-1' } },
  });
  expect([first?.spec, second?.spec]).toEqual([
    { plan: 'standard' },
    { plan: 'free', mode: 'protected', backup: { storeRef: { name: 'main' } } },
  ]);
});

it('takes annotations and labels of each, and no sync wave if there is to be none', async () => {
  const annotated = { ...shop, annotations: { a: 'b' }, labels: { team: 'x' } };
  const [addon] = await made({ postgresDatabases: [annotated], syncWave: '' });
  expect(addon?.metadata).toMatchObject({ labels: { team: 'x' }, annotations: { a: 'b' } });
  expect(JSON.stringify(addon)).not.toContain('sync-wave');
  const own = { ...shop, annotations: { 'argocd.argoproj.io/sync-wave': '3' } };
  const [later] = await made({ postgresDatabases: [own] });
  expect(later?.metadata).toMatchObject({ annotations: { 'argocd.argoproj.io/sync-wave': '3' } });
});

it('renders names and labels that YAML would read as something else, and each key once', async () => {
  const labels = { 'app.kubernetes.io/instance': 'own', team: 'on' };
  const [addon] = await made({ enabled: true, postgresDatabases: [{ ...shop, name: 'on', labels }] });
  expect(addon?.metadata).toMatchObject({ name: 'on', labels });
});

describe('values that cannot be', () => {
  it.each<[string, object, string]>([
    ['a database without a name', { plan: 'free' }, "missing property 'name'"],
    ['a database without a plan', { name: 'shop' }, "missing property 'plan'"],
    ['a name that is none', { ...shop, name: 'Shop' }, '/postgresDatabases/0/name'],
    ['an unknown plan', { ...shop, plan: 'huge' }, "value must be one of 'free', 'standard', 'pro'"],
    ['an unknown field', { ...shop, storage: '1Gi' }, "additional properties 'storage' not allowed"],
    ['an unknown field inside', { ...shop, backup: { every: 'day' } }, "additional properties 'every' not allowed"],
    ['a value against a rule of the CRD', { ...shop, version: '9.6' }, '/postgresDatabases/0/version'],
  ])('%s is refused in words', async (_, database, words) => {
    const { exitCode, stderr } = await template(addonsChart, { postgresDatabases: [database] });
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain(words);
  });
});

it('knows every field of the spec', async () => {
  const fields = Object.keys(addonSchema.properties?.spec?.properties ?? {});
  const unknown = Object.fromEntries(fields.map((field) => [field, {}]));
  const { stderr } = await template(addonsChart, { postgresDatabases: [{ name: 'shop', ...unknown }] });
  expect(fields.length).toBeGreaterThan(8);
  expect(stderr).not.toContain('additional properties');
});
