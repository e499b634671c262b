// What is kept of an object is bounded and can be gone through, whatever somebody has written into it: each field that a projection reads is
// made as long, as many, as deep and as odd as the API server lets through, and more.
import { describe, expect, it } from '@jest/globals';
import { annotations, labels, projectAddon } from './addon.ts';
import { projectObjectStore } from './barman.ts';
import { projectBackup, projectCluster, projectDatabaseRole, projectScheduledBackup } from './cnpg.ts';
import { projectJob } from './job.ts';
import type { KubeObject } from './kubernetes.ts';
import { longestText } from './raw.ts';

const identity = { name: 'a', namespace: 'b', uid: 'c', resourceVersion: '1' };
const noted = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, 'x']));
/** What anybody may set of the metadata. The API server checks the rest. */
const metadata = {
  labels: noted(Object.values(labels)),
  annotations: noted([
    ...Object.values(annotations),
    'cnpg.io/hibernation',
    'cnpg.io/reconciliationLoop',
    'cnpg.io/fencedInstances',
    'cnpg.io/reconcilePodSpec',
  ]),
  ownerReferences: [{ apiVersion: 'v1', kind: 'Any', name: 'a', uid: 'b' }],
  finalizers: ['x'],
};
const key = { name: 'x', key: 'x' };
const condition = { status: 'x', reason: 'x', message: 'x', lastTransitionTime: 'x' };
const plugin = { name: 'x', enabled: true, isWALArchiver: true, parameters: { x: 'x' } };
const clusterSpec = {
  imageName: 'x',
  primaryUpdateMethod: 'x',
  resources: { requests: { memory: 'x' }, limits: { memory: 'x' } },
  affinity: { podAntiAffinityType: 'x', topologyKey: 'x' },
  storage: { size: 'x' },
  postgresql: {
    parameters: { shared_buffers: 'x', max_connections: 'x' },
    synchronous: { method: 'x', dataDurability: 'x' },
    pg_hba: ['x'],
  },
  bootstrap: {
    initdb: { database: 'x', owner: 'x' },
    recovery: { source: 'x', database: 'x', owner: 'x', recoveryTarget: { targetTime: 'x', targetLSN: 'x' } },
  },
  externalClusters: [{ name: 'x', plugin, connectionParameters: { host: 'x' } }],
  plugins: [plugin],
  serviceAccountTemplate: { metadata: { annotations: { x: 'x' } } },
};
const clusterStatus = {
  phase: 'x',
  phaseReason: 'x',
  currentPrimary: 'x',
  targetPrimary: 'x',
  lastFailedBackup: 'x',
  secretsResourceVersion: { applicationSecretVersion: 'x', serverCaSecretVersion: 'x' },
  certificates: { serverCASecret: 'x' },
  conditions: ['Ready', 'ContinuousArchiving', 'LastBackupSucceeded'].map((type) => ({ type, ...condition })),
};
const lineage = { serverName: 'x', store: 'x', destinationPath: 'x', version: 'x', since: 'x', from: 'x', until: 'x' };

/** By kind: every field that its projection reads, the projection, and the most characters of JSON that it keeps. */
const kinds: Readonly<Record<string, readonly [object, (raw: KubeObject) => object, number]>> = {
  Cluster: [{ metadata, spec: clusterSpec, status: clusterStatus }, projectCluster, 200_000],
  ScheduledBackup: [
    {
      metadata,
      spec: {
        schedule: 'x',
        method: 'x',
        backupOwnerReference: 'x',
        target: 'x',
        cluster: { name: 'x' },
        pluginConfiguration: { name: 'x' },
      },
      status: { nextScheduleTime: 'x' },
    },
    projectScheduledBackup,
    100_000,
  ],
  DatabaseRole: [
    {
      metadata,
      spec: {
        name: 'x',
        comment: 'x',
        databaseRoleReclaimPolicy: 'x',
        cluster: { name: 'x' },
        inRoles: ['x'],
        passwordSecret: { name: 'x' },
      },
      status: { secretResourceVersion: 'x', message: 'x' },
    },
    projectDatabaseRole,
    100_000,
  ],
  Backup: [{ metadata, status: { phase: 'x', error: 'x', stoppedAt: 'x' } }, projectBackup, 100_000],
  ObjectStore: [
    {
      metadata,
      spec: {
        configuration: {
          destinationPath: 'x',
          endpointURL: 'x',
          endpointCA: key,
          s3Credentials: { accessKeyId: key, secretAccessKey: key, region: key, sessionToken: key },
          azureCredentials: { connectionString: key, storageAccount: key, storageKey: key, storageSasToken: key },
          googleCredentials: { applicationCredentials: key },
          wal: { compression: 'x', encryption: 'x' },
          data: { compression: 'x', encryption: 'x' },
        },
        retentionPolicy: 'x',
        instanceSidecarConfiguration: {
          env: [{ name: 'x', value: 'x' }],
          resources: { requests: { memory: 'x' }, limits: { memory: 'x' } },
        },
      },
      status: {
        serverRecoveryWindow: {
          x: { firstRecoverabilityPoint: 'x', lastSuccessfulBackupTime: 'x', lastFailedBackupTime: 'x' },
        },
      },
    },
    projectObjectStore,
    250_000,
  ],
  Job: [{ metadata, status: { ready: 1, conditions: [{ type: 'Complete', status: 'True' }] } }, projectJob, 50_000],
  // The API server has checked the spec against the schema.
  PostgresAddon: [
    {
      metadata,
      status: { clusterName: 'x', ready_at: 'x', operator: 'x', host: 'x', backup: { lineages: [lineage] } },
    },
    projectAddon,
    300_000,
  ],
};

/** A value with each of its texts replaced, and more items and members. */
function grown(value: unknown, text: unknown, items: number, names: readonly string[]): unknown {
  if (Array.isArray(value)) {
    const one = value.map((item) => grown(item, text, items, names));
    return Array.from({ length: items }, () => one).flat();
  }
  if (typeof value !== 'object' || value === null) return typeof value === 'string' && value === 'x' ? text : value;
  const own = Object.entries(value).map(([name, member]) => [name, grown(member, text, items, names)]);
  const [[, like] = ['', 'x']] = own;
  return Object.fromEntries([...own, ...names.map((name) => [name, like])]);
}

const long = 'x'.repeat(1_000_000);
const longNames = Array.from({ length: 3 }, (_, index) => `${index}${long}`);
const manyNames = Array.from({ length: 1000 }, (_, index) => `name-${index}`);
let deep: unknown = 'x';
for (let depth = 0; depth < 20_000; depth += 1) deep = depth % 2 === 0 ? [deep] : { '': deep };

const attacks: Readonly<Record<string, readonly [text: unknown, items: number, names: readonly string[]]>> = {
  'long texts': [long, 1, []],
  'long names': ['x', 1, longNames],
  'many items': ['x'.repeat(longestText), 1000, []],
  'many members': ['x'.repeat(longestText), 1, manyNames],
  'many items with many members': ['x'.repeat(longestText), 16, manyNames.slice(0, 32)],
  'deep values': [deep, 1, []],
  'deep values in many places': [deep, 20, ['', 'y']],
  'items of no length': ['', 10_000, []],
};

describe.each(Object.entries(kinds))('of a %s', (kind, [example, project, most]) => {
  const kept = (parts: object): string => {
    const object = parts as { readonly metadata: object };
    const raw = { apiVersion: 'v1', kind, ...object, metadata: { ...identity, ...object.metadata } };
    return JSON.stringify(project(raw as unknown as KubeObject));
  };

  it.each(Object.entries(attacks))('with %s, little is kept', (_, [text, items, names]) => {
    expect(kept(grown(example, text, items, names) as object).length).toBeLessThan(most);
  });

  it.each([null, 7, true, [], {}, [[]], [null]])('whose texts are %j, it is read as any other', (odd) => {
    expect(() => kept({ ...(grown(example, odd, 1, []) as object), metadata })).not.toThrow();
  });
});

it('of a Cluster, what others have added is kept up to a length, and all of it together', () => {
  const [example] = kinds.Cluster ?? [{}];
  const whole = grown({ ...example, metadata: {} }, 'x'.repeat(longestText), 1, []) as { readonly spec: object };
  const projected = (spare: number) => {
    const pg_hba = ['x'.repeat(32 * longestText - spare)];
    const spec = { ...whole.spec, postgresql: { ...clusterSpec.postgresql, pg_hba }, bootstrap: clusterSpec.bootstrap };
    const others = { plugins: [], externalClusters: [], serviceAccountTemplate: {} };
    const raw = { ...whole, metadata: identity, spec: { ...spec, ...others } };
    return projectCluster(raw as unknown as KubeObject);
  };
  // Names of members, and what stands for a list that is not there, count too.
  expect(projected(100).spec.postgresql?.pg_hba?.[0]).toHaveLength(32 * longestText - 100);
  expect(projected(0).spec.postgresql?.pg_hba).toBeUndefined();
  expect(projected(0).metadata.ownerReferences).toHaveLength(1);
  expect(JSON.stringify(projected(100)).length).toBeLessThan(200_000);
});
