import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { PostgresAddon } from '../../api/addon.ts';
import { projectCluster } from '../../api/cnpg.ts';
import type { KubeObject } from '../../api/kubernetes.ts';
import { dailySchedule } from '../backup/schedule.ts';
import { buildScheduledBackup } from '../backup/scheduled-backup.ts';
import { buildUrlSecret } from '../credentials/url-secret.ts';
import { includes } from '../includes.ts';
import { aCluster, anAddon, aRunningAddon, aTarget, changed, manifestOf, observing, think } from '../testing.ts';
import { buildCluster, type ClusterManifest } from './cluster.ts';
import { defaultPlans } from './plans.ts';

it('the plans have the documented sizes', () => {
  const sidecarMemory = { request: '128Mi', limit: '512Mi' };
  expect(defaultPlans).toEqual({
    free: {
      instances: 1,
      storage: '1Gi',
      memory: '256Mi',
      backup: 'none',
      sharedBuffers: '64MB',
      maxConnections: 25,
      sidecarMemory,
    },
    standard: {
      instances: 1,
      storage: '10Gi',
      memory: '1Gi',
      backup: 'daily',
      sharedBuffers: '256MB',
      maxConnections: 100,
      sidecarMemory,
    },
    pro: {
      instances: 3,
      storage: '50Gi',
      memory: '4Gi',
      backup: 'pitr',
      sharedBuffers: '1GB',
      maxConnections: 200,
      sidecarMemory,
    },
  });
});

it('the Cluster of plan pro', () => {
  const addon = anAddon({ plan: 'pro', version: '16.4', database: { name: 'orders', owner: 'shopkeeper' } });
  expect(JSON.parse(JSON.stringify(buildCluster(addon, aTarget(observing(addon)), undefined)))).toEqual({
    apiVersion: 'postgresql.cnpg.io/v1',
    kind: 'Cluster',
    metadata: {
      name: 'db-team-a-shop',
      namespace: 'team-a',
      labels: {
        'addons.paas.dev/name': 'shop',
        'addons.paas.dev/uid': 'addon-uid',
        'addons.paas.dev/app-id': 'shop',
        'app.kubernetes.io/managed-by': 'postgres-addon-operator',
      },
      ownerReferences: [
        {
          apiVersion: 'addons.paas.dev/v1alpha1',
          kind: 'PostgresAddon',
          name: 'shop',
          uid: 'addon-uid',
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    spec: {
      instances: 3,
      imageName: 'ghcr.io/cloudnative-pg/postgresql:16.4-standard-trixie',
      enablePDB: true,
      primaryUpdateMethod: 'switchover',
      storage: { size: '50Gi' },
      resources: { requests: { memory: '4Gi' }, limits: { memory: '4Gi' } },
      affinity: {
        enablePodAntiAffinity: true,
        podAntiAffinityType: 'preferred',
        topologyKey: 'kubernetes.io/hostname',
      },
      postgresql: {
        parameters: { shared_buffers: '1GB', max_connections: '200' },
        synchronous: { method: 'any', number: 1, dataDurability: 'preferred', failoverQuorum: true },
      },
      bootstrap: { initdb: { database: 'orders', owner: 'shopkeeper' } },
    },
  });
});

it.each(['free', 'standard'] as const)(
  'a single instance (%s) has no disruption budget and no synchronous replica',
  (plan) => {
    const { spec } = buildCluster(anAddon({ plan }), aTarget(observing(anAddon({ plan }))), undefined);
    expect(spec).toMatchObject({ instances: 1, enablePDB: false, primaryUpdateMethod: 'restart' });
    expect(spec.postgresql.synchronous).toBeUndefined();
  },
);

describe('nothing of the addon leaks into its children', () => {
  const text = fc.string({ maxLength: 40 });
  it('whatever labels, annotations and finalizers it has', () => {
    const plain = anAddon();
    const target = aTarget(observing(plain));
    const build = (addon: PostgresAddon): unknown => [
      buildCluster(addon, target, undefined),
      buildScheduledBackup(addon, target, true),
      buildUrlSecret(addon, target.names.urlSecret, 'u'),
    ];
    fc.assert(
      fc.property(
        fc.dictionary(text, text),
        fc.dictionary(text, text),
        fc.array(text),
        (labels, annotations, finalizers) => {
          const addon = { ...plain, metadata: { ...plain.metadata, labels, annotations, finalizers } };
          expect(build(addon)).toEqual(build(plain));
        },
      ),
    );
  });
});

it('every schedule has six fields and is between 02:00 and 04:00', () => {
  fc.assert(
    fc.property(fc.string(), (identity) => {
      const [second, minute, hour, ...rest] = dailySchedule(identity).split(' ');
      return second === '0' && Number(minute) < 60 && (hour === '2' || hour === '3') && rest.join(' ') === '* * *';
    }),
  );
});

describe('what others have added to a Cluster', () => {
  const before = aRunningAddon({ plan: 'standard' });
  const addon = changed(before, { plan: 'pro' });
  const plugin = (value: string) => ({ name: 'example.org', parameters: { a: value } });
  const changing = (...plugins: readonly object[]) => {
    const cluster = aCluster(before);
    const { metadata, spec } = projectCluster({ ...cluster, spec: { ...cluster.spec, plugins } } as KubeObject);
    return think(observing(addon, { cluster: { ...cluster, metadata, spec } }));
  };

  it('is written again as it is with each change, however many and long', () => {
    const plugins = [...Array.from({ length: 20 }, () => plugin('x')), plugin('y'.repeat(20_000))];
    const { actions } = changing(...plugins);
    expect((manifestOf(actions, 'cluster') as ClusterManifest).spec).toMatchObject({ instances: 3, plugins });
  });

  it('stops every write of it once it is more than is kept', () => {
    const { actions, status } = changing(plugin('x'.repeat(100_000)));
    expect(actions).toEqual([]);
    expect(status.conditions?.find(({ type }) => type === 'Ready')).toMatchObject({
      reason: 'NameConflict',
      message:
        'Cluster db-team-a-shop has more plugins, external clusters, lines of pg_hba or annotations of its ServiceAccount than are read, so that nothing was changed; remove those that nobody needs',
    });
  });
});

describe('includes', () => {
  it.each<readonly [string, unknown, unknown, boolean]>([
    ['the same', { a: 1 }, { a: 1 }, true],
    ['a field of somebody else', { a: 1, b: 2 }, { a: 1 }, true],
    ['another value', { a: 1 }, { a: 2 }, false],
    ['quantities by meaning', { a: '1024Mi' }, { a: '1Gi' }, true],
    ['a field that must be absent and is not', { a: 1 }, { a: undefined }, false],
    ['a field that must be absent and is', {}, { a: undefined }, true],
    ['a field that must be absent and is null', { a: null }, { a: undefined }, true],
    ['fields that must be absent, of nothing', undefined, { a: undefined, b: undefined }, true],
    ['one field of nothing', undefined, { a: undefined, b: 1 }, false],
    ['one element of two', { a: [1] }, { a: [1, 2] }, false],
    ['an element among others', { a: [{ x: 1 }, { x: 2, y: 3 }] }, { a: [{ x: 2 }] }, true],
    ['a missing element', { a: [{ x: 1 }] }, { a: [{ x: 2 }] }, false],
    ['nothing where an object should be', {}, { a: { b: 1 } }, false],
  ])('%s', (_, live, desired, expected) => {
    expect(includes(live, desired)).toBe(expected);
  });
});

it.each([
  [1, 'restart', undefined],
  [2, 'switchover', 1],
])('a Cluster with %i instances is as available as that allows', (instances, primaryUpdateMethod, number) => {
  const addon = anAddon({ plan: 'pro' });
  const target = aTarget(observing(addon));
  const { spec } = buildCluster(addon, { ...target, profile: { ...target.profile, instances } });
  expect(spec).toMatchObject({ instances, enablePDB: instances > 1, primaryUpdateMethod });
  expect(spec.postgresql.synchronous?.number).toBe(number);
});
