// What is kept of CloudNativePG's objects: every field that a decision needs, and no other.
import { describe, expect, it } from '@jest/globals';
import { annotations, labels } from './addon.ts';
import { projectBackup, projectCluster, projectDatabaseRole, projectScheduledBackup } from './cnpg.ts';
import type { KubeObject } from './kubernetes.ts';
import { longestText, unreadable } from './raw.ts';

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
      spec: { ...spec, plugins: [{ ...spec.plugins[0], other: 1 }, { name: 'more' }] },
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
    const bootstrap = { recovery: { ...recovery, secret: { name: 'x' } } };
    const postgresql = { pg_hba: ['host all all all reject', 7] };
    const raw = objectOf('Cluster', { spec: { bootstrap, postgresql, externalClusters } });
    expect(projectCluster(raw).spec.postgresql?.pg_hba).toStrictEqual(['host all all all reject']);
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

  const long = 'x'.repeat(32 * longestText);
  const recovery = { bootstrap: { recovery: {} } };

  it.each<readonly [string, object]>([
    ['plugins', { plugins: [{ name: 'a', parameters: { a: long } }] }],
    ['names of parameters of a plugin', { plugins: [{ name: 'a', parameters: { [long]: 'a' } }] }],
    ['external clusters', { ...recovery, externalClusters: [{ name: 'a', connectionParameters: { host: long } }] }],
    ['lines of pg_hba', { ...recovery, postgresql: { pg_hba: [long] } }],
    ['annotations', { serviceAccountTemplate: { metadata: { annotations: { a: long } } } }],
  ])('with %s that are too long is as one of somebody else: none of them is kept, cut or whole', (_, added) => {
    const { metadata: kept, spec: of } = projectCluster(
      objectOf('Cluster', { metadata: more, spec: { ...spec, ...added } }),
    );
    expect(kept.ownerReferences).toEqual([
      unreadable('plugins, external clusters, lines of pg_hba or annotations of its ServiceAccount'),
    ]);
    expect(of).toMatchObject({ instances: spec.instances, imageName: spec.imageName });
    expect([of.plugins, of.serviceAccountTemplate, of.postgresql?.pg_hba]).toEqual([undefined, undefined, undefined]);
    expect(JSON.stringify(of).length).toBeLessThan(1000);
  });

  it('keeps whole what others have added to it', () => {
    const text = 'x'.repeat(3 * longestText);
    const parameters = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`p${index}`, 'x']));
    const plugins = [...Array.from({ length: 20 }, (_, index) => ({ name: `p${index}` })), { name: text, parameters }];
    const added = { plugins, serviceAccountTemplate: { metadata: { annotations: { a: text, ...parameters } } } };
    const raw = objectOf('Cluster', { metadata: more, spec: added });
    expect(projectCluster(raw).spec).toMatchObject(added);
    expect(projectCluster(raw).metadata.ownerReferences).toEqual(metadata.ownerReferences);
  });

  it('has no external clusters and lines of pg_hba that the operator does not write, however long', () => {
    const raw = objectOf('Cluster', {
      metadata: more,
      spec: { ...spec, externalClusters: [long], postgresql: { pg_hba: [long] } },
    });
    expect(projectCluster(raw)).toMatchObject({ metadata, spec: { plugins: spec.plugins } });
    expect(JSON.stringify(projectCluster(raw)).length).toBeLessThan(3000);
  });

  it.each([null, 7, 'text', [], {}])('has no name and no parameters of a plugin that are %j', (odd) => {
    const raw = objectOf('Cluster', { spec: { plugins: [{ name: odd, parameters: { a: odd } }, odd] } });
    const isText = typeof odd === 'string';
    expect(projectCluster(raw).spec.plugins).toEqual([
      { name: isText ? odd : '', parameters: isText ? { a: odd } : {} },
      { name: '' },
    ]);
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

it('a DatabaseRole keeps what is decided about, and enough of its memberships to tell that there are others', () => {
  const spec = {
    name: 'app_admin',
    comment: 'made for a test',
    login: true,
    disablePassword: false,
    databaseRoleReclaimPolicy: 'retain',
    cluster: { name: 'db' },
    inRoles: ['app'],
    passwordSecret: { name: 'login' },
  };
  const status = { applied: true, observedGeneration: 2, secretResourceVersion: '40', message: 'none' };
  const raw = objectOf('DatabaseRole', {
    metadata: more,
    spec: { ...spec, superuser: false },
    status: { ...status, conditions: [] },
  });
  const { generation } = more as { readonly generation?: number };
  const kept = { ...metadata, ...(generation === undefined ? {} : { generation }) };
  expect(projectDatabaseRole(raw)).toStrictEqual(objectOf('DatabaseRole', { metadata: kept, spec, status }));
  const others = objectOf('DatabaseRole', { spec: { inRoles: ['app', 'other', 'third', 7] } });
  expect(projectDatabaseRole(others).spec).toStrictEqual({ cluster: {}, inRoles: ['app', 'other'] });
});

it('a Backup keeps how it ended, and when it was made', () => {
  const status = { phase: 'failed', error: 'no room', stoppedAt: '2026-01-02T03:00:00Z' };
  const raw = objectOf('Backup', { metadata: more, spec: { method: 'plugin' }, status: { ...status, backupId: 'x' } });
  const { creationTimestamp } = more;
  expect(projectBackup(raw)).toStrictEqual(
    objectOf('Backup', { metadata: { ...metadata, creationTimestamp }, status }),
  );
});
