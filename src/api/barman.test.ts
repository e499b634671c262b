// What is kept of an ObjectStore: every setting that is compared, and the newest lineages.
import { describe, expect, it } from '@jest/globals';
import { annotations, labels } from './addon.ts';
import { barmanApiVersion, projectObjectStore } from './barman.ts';
import type { KubeObject } from './kubernetes.ts';

const identity = { name: 'shop', namespace: 'team-a', uid: 'u', resourceVersion: '1' };
const objectStore = (parts: object): KubeObject =>
  ({ apiVersion: barmanApiVersion, kind: 'ObjectStore', metadata: identity, ...parts }) as KubeObject;
const key = { name: 'keys', key: 'id' };

/** Every setting that the operator knows. */
const spec = {
  configuration: {
    destinationPath: 's3://backups/a',
    endpointURL: 'https://s3.example',
    endpointCA: key,
    s3Credentials: {
      inheritFromIAMRole: true,
      accessKeyId: key,
      secretAccessKey: key,
      region: key,
      sessionToken: key,
    },
    azureCredentials: {
      inheritFromAzureAD: true,
      useDefaultAzureCredentials: true,
      connectionString: key,
      storageAccount: key,
      storageKey: key,
      storageSasToken: key,
    },
    googleCredentials: { gkeEnvironment: true, applicationCredentials: key },
    wal: { compression: 'gzip', encryption: 'AES256', maxParallel: 2 },
    data: { compression: 'gzip', encryption: 'AES256', jobs: 2, immediateCheckpoint: true },
  },
  retentionPolicy: '14d',
  instanceSidecarConfiguration: {
    env: [{ name: 'AWS_REQUEST_CHECKSUM_CALCULATION', value: 'when_required' }],
    resources: { requests: { memory: '128Mi' }, limits: { memory: '128Mi' } },
  },
};

it('keeps every setting that the operator knows, and no other', () => {
  expect(projectObjectStore(objectStore({ spec: { ...spec, other: 1 } })).spec).toEqual(spec);
  expect(projectObjectStore(objectStore({})).spec).toEqual({});
});

it('keeps of the metadata what tells whose it is', () => {
  const owners = [{ apiVersion: 'v1', kind: 'Cluster', name: 'db', uid: 'c' }];
  const metadata = {
    ...identity,
    deletionTimestamp: '2026-01-02T03:04:05Z',
    ownerReferences: owners,
    labels: { [labels.uid]: 'u', app: 'shop' },
    annotations: { [annotations.objectStore]: '1', note: 'x' },
  };
  expect(projectObjectStore(objectStore({ metadata: { ...metadata, finalizers: [] } }))).toEqual({
    apiVersion: barmanApiVersion,
    kind: 'ObjectStore',
    metadata: { ...metadata, labels: { [labels.uid]: 'u' }, annotations: { [annotations.objectStore]: '1' } },
    spec: {},
    status: { serverRecoveryWindow: {} },
  });
});

describe('the lineages', () => {
  const windowsOf = (serverRecoveryWindow: unknown) =>
    projectObjectStore(objectStore({ status: { serverRecoveryWindow } })).status.serverRecoveryWindow;
  const day = (number: number): string => new Date(Date.UTC(2026, 0, number)).toISOString();

  it('have the times of their backups', () => {
    const window = { firstRecoverabilityPoint: day(1), lastSuccessfulBackupTime: day(2), lastFailedBackupTime: day(3) };
    expect(windowsOf({ a: { ...window, other: 1 }, b: null })).toEqual({ a: window, b: {} });
  });

  it('are sorted by their last backup, successful or not, the newest first', () => {
    const windows = {
      unknown: { lastSuccessfulBackupTime: '99999' },
      none: {},
      first: { lastSuccessfulBackupTime: day(1), lastFailedBackupTime: 'never' },
      third: { lastSuccessfulBackupTime: day(1), lastFailedBackupTime: day(3) },
      second: { lastFailedBackupTime: day(2) },
    };
    expect(Object.keys(windowsOf(windows))).toEqual(['third', 'second', 'first', 'unknown', 'none']);
  });

  it('are 16 at most', () => {
    const days = Array.from({ length: 20 }, (_, index) => index + 1);
    const windows = Object.fromEntries(days.map((number) => [`l${number}`, { lastSuccessfulBackupTime: day(number) }]));
    const newest = days.slice(4).toReversed();
    expect(Object.keys(windowsOf(windows))).toEqual(newest.map((number) => `l${number}`));
  });
});
