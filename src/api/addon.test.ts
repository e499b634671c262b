// What is kept of a PostgresAddon, and how much of its status says something about this object.
import { describe, expect, it } from '@jest/globals';
import { annotations, projectAddon } from './addon.ts';
import type { KubeObject } from './kubernetes.ts';

const asked = { [annotations.preview]: 'pro', [annotations.backupNow]: '1', [annotations.startEmpty]: 'a' };
const metadata = {
  name: 'shop',
  namespace: 'team-a',
  uid: 'this',
  resourceVersion: '1',
  generation: 3,
  deletionTimestamp: '2026-01-02T03:04:05Z',
  finalizers: ['orphan'],
};
const object = { apiVersion: 'addons.paas.dev/v1alpha1', kind: 'PostgresAddon', metadata };

it('keeps what decisions need, also of an addon without a spec', () => {
  const raw = {
    ...object,
    metadata: { ...metadata, labels: { app: 'shop' }, annotations: { ...asked, note: 'x' }, managedFields: [] },
    spec: { plan: 'free' },
  };
  const kept = { ...object, metadata: { ...metadata, annotations: asked } };
  expect(projectAddon(raw as KubeObject)).toEqual({ ...kept, spec: { plan: 'free' } });
  for (const spec of [undefined, null])
    expect(projectAddon({ ...raw, spec } as unknown as KubeObject)).toEqual({ ...kept, spec: {} });
});

describe('a status', () => {
  const statusIn = (status: object, of: object = metadata) =>
    projectAddon({ ...object, metadata: of, status } as KubeObject).status;
  const once = {
    clusterName: 'db-shop',
    ready_at: '2026-01-02T03:04:05Z',
    operator: 'operators/one',
    backup: { lineages: [{ serverName: 'db-shop-17' }] },
  };
  const status = { ...once, phase: 'running', backup: { ...once.backup, effective: 'daily' } };

  it.each([
    ['this object and generation', { ...status, uid: 'this', observedGeneration: 3 }],
    ['an earlier generation', { ...status, uid: 'this', observedGeneration: 2 }],
    ['an object and a generation that it does not name', status],
  ])('of %s is kept', (_, written) => expect(statusIn(written)).toEqual(written));

  it('that the schema gives to an object, since nobody has written any, is none', () =>
    expect(statusIn({ observedGeneration: -1 })).toBeUndefined());

  it('of an object without a generation is kept, unless it names one', () => {
    const { generation: _, ...without } = metadata;
    expect(statusIn(status, without)).toEqual(status);
    expect(statusIn({ ...status, observedGeneration: 1 }, without)).toStrictEqual(once);
  });

  it('that is longer than any of the operator is as one that somebody edited, and what is kept of it is cut', () => {
    const withMessage = (characters: number) => ({ ...status, restore: { size: 'x'.repeat(characters) } });
    expect(statusIn(withMessage(100_000))).toEqual(withMessage(100_000));
    expect(statusIn(withMessage(150_000))).toStrictEqual(once);
    const lineages = Array.from({ length: 5000 }, () => ({ serverName: 's'.repeat(3000), store: 'main' }));
    const edited = statusIn({ ...once, clusterName: 'c'.repeat(3000), backup: { lineages } });
    expect(edited?.clusterName).toHaveLength(2048);
    expect(edited?.backup?.lineages?.map(({ store }) => store)).toEqual(Array.from({ length: 16 }, () => 'main'));
    expect(edited?.backup?.lineages?.[0]?.serverName).toHaveLength(2048);
  });

  it('of another object leads to its Cluster, and says nothing else', () => {
    expect(statusIn({ ...status, uid: 'another' })).toStrictEqual({ clusterName: 'db-shop' });
    expect(statusIn({ phase: 'running', uid: 'another' })).toStrictEqual({});
  });

  it('of a later generation says what happened once', () => {
    expect(statusIn({ ...status, uid: 'this', observedGeneration: 4 })).toStrictEqual(once);
    expect(statusIn({ phase: 'running', observedGeneration: 4 })).toStrictEqual({});
  });
});

describe('a spec that has something that this version does not know', () => {
  const of = (spec: object) => {
    const { spec: kept, unknown } = projectAddon({ ...object, spec } as unknown as KubeObject);
    return { spec: kept, unknown };
  };

  it.each([
    ['a field', { plan: 'free', future: {} }, ['spec.future']],
    ['a field further down', { plan: 'free', database: { name: 'app', size: 1 } }, ['spec.database.size']],
    ['a mode', { plan: 'free', mode: 'archived' }, ['spec.mode']],
  ])('%s: it is named, and the addon counts as suspended', (_, spec, unknown) => {
    expect(of(spec)).toStrictEqual({ spec: { ...spec, suspend: true }, unknown });
    expect(of({ ...spec, suspend: false })).toStrictEqual({ spec: { ...spec, suspend: true }, unknown });
  });

  it('names a part of a list once', () =>
    expect(of({ plan: 'free', future: [1, 2] }).unknown).toEqual(['spec.future']));

  it('a plan: the table of plans names those that there are', () =>
    expect(of({ plan: 'gold' })).toStrictEqual({ spec: { plan: 'gold' }, unknown: undefined }));
});
