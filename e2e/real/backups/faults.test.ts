// What is wrong with an object store is named, takes no database down, and is cleared by itself once it is mended.
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { LiveObject } from '../../../hack/cluster/client.ts';
import { eventually } from '../../../hack/cluster/wait.ts';
import { absentStore, silentStore, storeName, storeSecret, storeSecretName } from '../../../hack/install/operator.ts';
import type { AddonStatus } from '../../../src/api/addon.ts';
import { backupGvr, clusterGvr, scheduledBackupGvr } from '../../../src/api/cnpg.ts';
import type { Reason } from '../../../src/api/conditions.ts';
import { conditionOf } from '../../harness/views.ts';
import { clusterName } from '../belongings.ts';
import { createBucket, deleteBelow, deleteBucket, openBucket, writeObject } from '../bucket.ts';
import { lift, limitSidecar } from '../policies.ts';
import { useReal } from '../real.ts';

const real = useReal();
const stores = {
  keys: storeName,
  silent: silentStore,
  absent: absentStore,
  gone: storeName,
  failing: storeName,
  small: storeName,
  none: undefined,
};
type Name = keyof typeof stores | 'taken';
const namespaces = new Map<Name, string>();
const namespaceOf = (name: Name): string => namespaces.get(name) ?? '';

/** They start at once; the others when their test begins, since the memory of the node is not enough for all. */
const early = ['keys', 'silent', 'gone', 'failing', 'none'] as const satisfies readonly Name[];

beforeAll(() => Promise.all(early.map(start)));

async function start(name: keyof typeof stores): Promise<void> {
  const namespace = await real().namespace(name);
  namespaces.set(name, namespace);
  if (name === 'small') await limitSidecar(real(), namespace, '80Mi');
  const secret = storeSecret(real().cluster, namespace);
  await real().client.apply({ ...secret, stringData: { ...(secret.stringData as object), ...keysFor(name) } });
  const store = stores[name];
  const backup = store === undefined ? {} : { backup: { storeRef: { name: store } } };
  await real().apply(namespace, name, { plan: 'standard', ...backup });
}

/** No other test needs it. */
async function retire(name: Name): Promise<void> {
  await real().kubectl(['delete', 'pga', name, '--namespace', namespaceOf(name)]);
}

/** What is different in the Secret of the store. */
function keysFor(name: Name): Readonly<Record<string, string>> {
  const { guest } = real().cluster.objectStore ?? {};
  if (name === 'keys') return { SECRET_ACCESS_KEY: 'wrong' };
  if (name === 'absent' && guest !== undefined)
    return { ACCESS_KEY_ID: guest.accessKeyId, SECRET_ACCESS_KEY: guest.secretAccessKey };
  return {};
}

const backupOf = ({ status }: LiveObject): NonNullable<AddonStatus['backup']> =>
  (status as AddonStatus | undefined)?.backup ?? {};
const reported = (name: Name, reason: Reason): Promise<LiveObject> =>
  real().reason(namespaceOf(name), name, 'BackupReady', reason);

/** It is reported with these words, nothing is claimed, the database runs; and after the remedy everything is in force by itself. */
async function named(
  name: Name,
  reason: Reason,
  words: readonly string[],
  remedy: () => Promise<unknown>,
): Promise<void> {
  const state = await reported(name, reason);
  for (const word of words) expect(conditionOf(state, 'BackupReady')?.message).toContain(word);
  expect(backupOf(state).effective).toBe('none');
  // A database that never had a store is not news.
  if (reason !== 'NoObjectStore') await real().event(namespaceOf(name), name, reason);
  await real().running(namespaceOf(name), name);
  await remedy();
  await reported(name, 'InForce');
}

describe('an object store', () => {
  it('without a store it says so, and begins once one is named', async () => {
    const schedule = `${clusterName(namespaceOf('none'), 'none')}-daily`;
    await named('none', 'NoObjectStore', ['no object store'], async () => {
      expect((await real().client.get(scheduledBackupGvr, namespaceOf('none'), schedule))?.spec?.suspend).toBe(true);
      const backup = { storeRef: { name: storeName } };
      await real().apply(namespaceOf('none'), 'none', { plan: 'standard', backup });
    });
    await retire('none');
  });

  it('keys that are refused are named, and cleared by themselves', async () => {
    await named('keys', 'StoreRefused', ['kubectl logs', 'plugin-barman-cloud'], async () => {
      const { primary } = real().addons.latest(namespaceOf('keys'), 'keys').status as AddonStatus;
      const log = await real().kubectl([
        ...['logs', '--namespace', namespaceOf('keys'), primary ?? '', '--container', 'plugin-barman-cloud'],
      ]);
      expect(log).toMatch(/HeadBucket operation: Forbidden|SignatureDoesNotMatch|AccessDenied/);
      await real().client.apply(storeSecret(real().cluster, namespaceOf('keys')));
    });
    await retire('keys');
  });

  it('a bucket that does not exist is named, and cleared once it is there', async () => {
    await start('absent');
    await named('absent', 'StoreRefused', ['bucket', 'kubectl logs'], async () => {
      const namespace = namespaceOf('failing');
      await openBucket(real(), namespace);
      const { guest } = real().cluster.objectStore ?? {};
      await createBucket(real(), namespace, absentStore, guest?.accessKeyId ?? '');
      real().atEnd(() => deleteBucket(real(), namespace, absentStore));
    });
    await retire('absent');
  });

  it('a memory limit that is too low is named, and cleared once it is high enough', async () => {
    await start('small');
    const namespace = namespaceOf('small');
    await named('small', 'BackupOutOfMemory', ['memory limit'], async () => {
      await lift(real(), namespace);
      const { primary } = real().addons.latest(namespace, 'small').status as AddonStatus;
      await real().kubectl(['delete', 'pod', primary ?? '', '--namespace', namespace, '--wait=false']);
    });
    await retire('small');
  });

  it('a store that cannot be reached is named, and cleared by itself', async () => {
    await named('silent', 'StoreUnreachable', ['cannot be reached'], async () => {
      const { hostname, port } = new URL(real().cluster.objectStore?.endpoint ?? '');
      await real().kubectl(['create', 'namespace', silentStore]);
      real().atEnd(() => real().kubectl(['delete', 'namespace', silentStore, '--wait=false']));
      const metadata = { name: silentStore, namespace: silentStore };
      await real().client.apply({
        apiVersion: 'v1',
        kind: 'Service',
        metadata,
        spec: { ports: [{ port: Number(port), protocol: 'TCP' }] },
      });
      const slice = {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: { ...metadata, labels: { 'kubernetes.io/service-name': silentStore } },
        addressType: 'IPv4',
        endpoints: [{ addresses: [hostname] }],
        ports: [{ port: Number(port), protocol: 'TCP' }],
      };
      await real().kubectl(['apply', '-f', '-'], JSON.stringify(slice));
    });
    await retire('silent');
  });

  it('a Secret that is gone is named, and cleared by itself', async () => {
    await reported('gone', 'InForce');
    const namespace = namespaceOf('gone');
    await real().kubectl(['delete', 'secret', storeSecretName, '--namespace', namespace]);
    const { primary } = real().addons.latest(namespace, 'gone').status as AddonStatus;
    const psql = [
      'exec',
      '--namespace',
      namespace,
      primary ?? '',
      '--container',
      'postgres',
      '--',
      'psql',
      '--command',
    ];
    // The plugin keeps keys for ten seconds.
    await eventually('a WAL file that is not archived', async () => {
      await real().kubectl([...psql, 'SELECT pg_current_xact_id(); SELECT pg_switch_wal()']);
      expect(conditionOf(real().addons.latest(namespace, 'gone'), 'BackupReady')?.status).toBe('False');
    });
    await named('gone', 'ArchivingFailing', [storeSecretName], () =>
      real().client.apply(storeSecret(real().cluster, namespace)),
    );
  });

  it('a folder that another server wrote to is named, and taken once it is empty', async () => {
    await reported('failing', 'InForce');
    const namespace = namespaceOf('failing');
    await openBucket(real(), namespace);
    await real().apply(namespace, 'taken', { plan: 'standard', backup: { storeRef: { name: storeName } } });
    const state = await real().addons.until(
      namespace,
      'taken',
      'a lineage',
      (addon) => backupOf(addon).serverName !== undefined,
    );
    // Before PostgreSQL has started for the first time.
    const { destinationPath, serverName } = backupOf(state);
    const wal = `${destinationPath}/${serverName}/wals/0000000100000000/000000010000000000000001`;
    await writeObject(real(), namespace, wal);
    namespaces.set('taken', namespace);
    await named('taken', 'ArchiveNotEmpty', [`${destinationPath}/${serverName}`], () =>
      deleteBelow(real(), namespace, wal),
    );
  });

  it('a base backup that fails is named, and the next one clears it', async () => {
    await reported('failing', 'InForce');
    const namespace = namespaceOf('failing');
    const ask = (value: string): Promise<string> =>
      real().kubectl([
        'annotate',
        'pga',
        'failing',
        '--namespace',
        namespace,
        `addons.paas.dev/backup-now=${value}`,
        '--overwrite',
      ]);
    await ask('one');
    const begun = await real().addons.until(
      namespace,
      'failing',
      'a backup',
      (state) => backupOf(state).now?.backup !== undefined,
    );
    await eventually('the backup to run', async () => {
      const made = await real().client.get(backupGvr, namespace, backupOf(begun).now?.backup ?? '');
      expect(made?.status?.phase).toBe('started');
    });
    const { primary } = begun.status as AddonStatus;
    await real().kubectl(['delete', 'pod', primary ?? '', '--namespace', namespace, '--wait=false']);
    const failed = await reported('failing', 'BackupFailed');
    expect(backupOf(failed).now?.result).toBe('Failed');
    await real().running(namespace, 'failing');
    await ask('two');
    await reported('failing', 'InForce');
    const isDone = (state: LiveObject): boolean => backupOf(state).now?.result === 'Completed';
    expect(
      backupOf(await real().addons.until(namespace, 'failing', 'the end of the request', isDone)).now?.request,
    ).toBe('two');
  });
});

describe('what cannot be', () => {
  it.each([
    [
      'unknown',
      { storeRef: { name: 'elsewhere' } },
      'spec.backup.storeRef.name "elsewhere" is not an object store for this namespace; use one of',
    ],
    [
      'long',
      { storeRef: { name: storeName }, retention: '9999d' },
      'spec.backup.retention "9999d" is not possible with object store',
    ],
    ['often', { storeRef: { name: storeName }, schedule: '0 * * * * *' }, 'spec.backup.schedule "0 * * * * *"'],
  ])('%s is refused in words, and nothing is created', async (name, backup, words) => {
    const namespace = namespaceOf('none');
    await real().apply(namespace, name, { plan: 'standard', backup });
    const state = await real().reason(namespace, name, 'Ready', 'InvalidSpec');
    expect(conditionOf(state, 'Ready')?.message).toContain(words);
    expect(await real().client.get(clusterGvr, namespace, clusterName(namespace, name))).toBeUndefined();
  });

  it('a schedule of five fields is refused by the API server', async () => {
    const applied = real().apply(namespaceOf('none'), 'five', { plan: 'standard', backup: { schedule: '0 2 * * *' } });
    await expect(applied).rejects.toThrow('schedule must have six fields, seconds first');
  });
});
