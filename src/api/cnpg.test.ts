// What is kept of CloudNativePG's objects: every field that a decision needs, and no other.
import { describe, expect, it } from '@jest/globals';
import { annotations, labels } from './addon.ts';
import { projectBackup, projectCluster, projectScheduledBackup } from './cnpg.ts';
import type { KubeObject } from './kubernetes.ts';
import { longestText } from './raw.ts';

const identity = { name: 'db', namespace: 'team-a', uid: 'u', resourceVersion: '1' };
const objectOf = (kind: string, parts: object): KubeObject =>
  ({ apiVersion: 'postgresql.cnpg.io/v1', kind, metadata: identity, ...parts }) as KubeObject;
const bare = { ...identity, labels: {}, annotations: {} };

const metadata = {
  ...identity,
  deletionTimestamp: '2026-01-02T03:04:05Z',
  ownerReferences: [{ apiVersion: 'v1', kind: 'Any', name: 'a', uid: 'b' }],
  labels: Object.fromEntries(Object.values(labels).map((name) => [name, 'x'])),
  annotations: Object.fromEntries(
    [
      annotations.readyBefore,
      annotations.formerUid,
      annotations.readyAt,
      annotations.objectStore,
      annotations.originStore,
      annotations.redaction,
      'cnpg.io/hibernation',
      'cnpg.io/reconciliationLoop',
      'cnpg.io/fencedInstances',
      'cnpg.io/reconcilePodSpec',
    ].map((name) => [name, 'x']),
  ),
};
/** With what nothing depends on. */
const more = {
  ...metadata,
  creationTimestamp: '2026-01-01T00:00:00Z',
  generation: 2,
  managedFields: [],
  labels: { ...metadata.labels, app: 'shop' },
  annotations: { ...metadata.annotations, note: 'x' },
};

describe('a Cluster', () => {
  const spec = {
    instances: 2,
    imageName: 'pg:17',
    enablePDB: true,
    primaryUpdateMethod: 'restart',
    resources: { requests: { memory: '1Gi' }, limits: { memory: '1Gi' } },
    affinity: { enablePodAntiAffinity: true, podAntiAffinityType: 'required', topologyKey: 'zone' },
    storage: { size: '1Gi' },
    postgresql: {
      parameters: { shared_buffers: '256MB', max_connections: '100' },
      synchronous: { method: 'any', number: 1, dataDurability: 'required', failoverQuorum: true },
    },
    bootstrap: { initdb: { database: 'app', owner: 'app' } },
    plugins: [{ name: 'barman', enabled: true, isWALArchiver: true, parameters: { serverName: 'db-17' } }],
    serviceAccountTemplate: { metadata: { annotations: { role: 'backup' } } },
  };
  const time = '2026-01-02T03:04:05Z';
  const status = {
    phase: 'Cluster in healthy state',
    phaseReason: 'none',
    readyInstances: 2,
    currentPrimary: 'db-1',
    targetPrimary: 'db-1',
  };
  const condition = { status: 'True', reason: 'Fine', message: 'm', lastTransitionTime: time };

  it('keeps what is decided about', () => {
    const raw = objectOf('Cluster', {
      metadata: more,
      spec: { ...spec, superuserSecret: { name: 'x' }, plugins: [{ ...spec.plugins[0], other: 1 }, { name: 'more' }] },
      status: {
        ...status,
        instancesStatus: {},
        secretsResourceVersion: { applicationSecretVersion: '30', other: '31' },
        pgDataImageInfo: { image: 'pg:17', majorVersion: 17 },
        conditions: [
          { type: 'Other', ...condition, status: 'Unknown' },
          { type: 'Ready', ...condition },
          { type: 'ContinuousArchiving', ...condition, observedGeneration: 1 },
          { type: 'LastBackupSucceeded', ...condition, status: 'False' },
        ],
      },
    });
    expect(projectCluster(raw)).toStrictEqual({
      apiVersion: 'postgresql.cnpg.io/v1',
      kind: 'Cluster',
      metadata: { ...metadata, creationTimestamp: more.creationTimestamp },
      spec: { ...spec, plugins: [...spec.plugins, { name: 'more' }] },
      status: {
        ...status,
        applicationSecretVersion: '30',
        readyCondition: { status: 'True', lastTransitionTime: time },
        archiving: condition,
        lastBackup: { ...condition, status: 'False' },
        dataMajor: 17,
      },
    });
  });

  it('keeps what a restored database began with, and what somebody added to it, as long as it is short', () => {
    const recovery = { source: 'origin', database: 'app', owner: 'app', recoveryTarget: { targetTime: time } };
    const plugin = { name: 'barman-cloud.cloudnative-pg.io', parameters: { serverName: 'db-1' } };
    const added = { name: 'other', connectionParameters: { host: 'h' }, password: { name: 's', key: 'k' } };
    const externalClusters = [{ name: 'origin', plugin }, added];
    const long = { name: 'x'.repeat(8 * longestText) };
    const bootstrap = { recovery: { ...recovery, secret: { name: 'x' } } };
    const postgresql = { pg_hba: ['host all all all reject', 7] };
    const raw = objectOf('Cluster', { spec: { bootstrap, postgresql, externalClusters: [...externalClusters, long] } });
    expect(projectCluster(raw).spec.postgresql?.pg_hba).toStrictEqual(['host all all all reject']);
    const many = { pg_hba: ['x'.repeat(32 * longestText)] };
    expect(
      projectCluster(objectOf('Cluster', { spec: { bootstrap, postgresql: many } })).spec.postgresql?.pg_hba,
    ).toEqual([]);
    expect(projectCluster(raw).spec).toMatchObject({ bootstrap: { recovery } });
    expect(projectCluster(raw).spec.bootstrap?.recovery).toStrictEqual(recovery);
    expect(projectCluster(raw).spec.externalClusters).toStrictEqual(externalClusters);
    const empty = objectOf('Cluster', { spec: { bootstrap: { initdb: {} }, postgresql, externalClusters } });
    expect(projectCluster(empty).spec.externalClusters).toBeUndefined();
    expect(projectCluster(empty).spec.postgresql).toStrictEqual({ parameters: {} });
  });

  it('has nothing that is not there', () => {
    expect(projectCluster(objectOf('Cluster', {}))).toStrictEqual({
      apiVersion: 'postgresql.cnpg.io/v1',
      kind: 'Cluster',
      metadata: bare,
      spec: {
        resources: { requests: {}, limits: {} },
        affinity: {},
        storage: {},
        postgresql: { parameters: {} },
        bootstrap: {},
      },
      status: {},
    });
  });

  it('has at most 32 parameters of a plugin', () => {
    const parameters = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`p${index}`, 'x']));
    const { plugins = [] } = projectCluster(
      objectOf('Cluster', { spec: { plugins: [{ name: 'a', parameters }] } }),
    ).spec;
    expect(Object.keys(plugins[0]?.parameters ?? {})).toEqual(Object.keys(parameters).slice(0, 32));
  });
});

it('a ScheduledBackup keeps what is decided about', () => {
  const spec = {
    schedule: '0 0 3 * * *',
    suspend: false,
    cluster: { name: 'db' },
    method: 'plugin',
    pluginConfiguration: { name: 'barman' },
    backupOwnerReference: 'cluster',
    target: 'primary',
  };
  const status = { nextScheduleTime: '2026-01-02T03:00:00Z' };
  const raw = objectOf('ScheduledBackup', {
    metadata: more,
    spec: { ...spec, immediate: true },
    status: { ...status, lastCheckTime: 'x' },
  });
  expect(projectScheduledBackup(raw)).toStrictEqual(objectOf('ScheduledBackup', { metadata, spec, status }));
  expect(projectScheduledBackup(objectOf('ScheduledBackup', {}))).toStrictEqual(
    objectOf('ScheduledBackup', { metadata: bare, spec: { cluster: {}, pluginConfiguration: {} }, status: {} }),
  );
});

it('a Backup keeps how it ended, and when it was made', () => {
  const status = { phase: 'failed', error: 'no room', stoppedAt: '2026-01-02T03:00:00Z' };
  const raw = objectOf('Backup', { metadata: more, spec: { method: 'plugin' }, status: { ...status, backupId: 'x' } });
  const { creationTimestamp } = more;
  expect(projectBackup(raw)).toStrictEqual(
    objectOf('Backup', { metadata: { ...metadata, creationTimestamp }, status }),
  );
});
