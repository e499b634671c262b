// What is wrong with an object store is named, takes no database down, and is cleared by itself once it is mended. The faults are there a few
// at a time, beside the tests that wait for them: the memory of the node is not enough for all.
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { LiveObject } from '../../../hack/cluster/client.ts';
import { eventually } from '../../../hack/cluster/wait.ts';
import {
  absentStore,
  silentStore,
  storeName,
  storeSecret,
  storeSecretName,
  tenantStore,
} from '../../../hack/install/operator.ts';
import { type AddonSpec, type AddonStatus, addonGvr } from '../../../src/api/addon.ts';
import { backupGvr, clusterGvr, scheduledBackupGvr } from '../../../src/api/cnpg.ts';
import type { Reason } from '../../../src/api/conditions.ts';
import { fewAtATime } from '../../harness/meanwhile.ts';
import { conditionOf } from '../../harness/views.ts';
import { clusterName } from '../belongings.ts';
import { createBucket, deleteBelow, deleteBucket, objectsBelow, openBucket, writeObject } from '../bucket.ts';
import { lift, limitSidecar } from '../policies.ts';
import { minutes, useReal } from '../real.ts';

const real = useReal();
/** In which whoever has the keys of every bucket works. */
let desk = '';

const backupOf = ({ status }: LiveObject): NonNullable<AddonStatus['backup']> =>
  (status as AddonStatus | undefined)?.backup ?? {};

/** An addon, in a namespace of its own. */
class Addon {
  readonly name: string;
  readonly namespace: string;

  private constructor(name: string, namespace: string) {
    this.name = name;
    this.namespace = namespace;
  }

  /** @param keys what is different in the Secret of the store; `namespace`: one that exists */
  static async start(
    name: string,
    store: string | undefined,
    {
      keys = {},
      before,
      namespace,
    }: {
      readonly keys?: Readonly<Record<string, string>>;
      readonly before?: (namespace: string) => Promise<unknown>;
      readonly namespace?: string;
    } = {},
  ): Promise<Addon> {
    const addon = new Addon(name, namespace ?? (await real().namespace(name)));
    await before?.(addon.namespace);
    const secret = storeSecret(real().cluster, addon.namespace);
    await real().client.apply({ ...secret, stringData: { ...(secret.stringData as object), ...keys } });
    await addon.apply(store === undefined ? {} : { storeRef: { name: store } });
    return addon;
  }

  async apply(backup: NonNullable<AddonSpec['backup']>): Promise<void> {
    const has = Object.keys(backup).length > 0;
    await real().apply(this.namespace, this.name, { plan: 'standard', ...(has ? { backup } : {}) });
  }

  latest(): LiveObject {
    return real().addons.latest(this.namespace, this.name);
  }

  primary(): string {
    return (this.latest().status as AddonStatus).primary ?? '';
  }

  reported(reason: Reason): Promise<LiveObject> {
    return real().reason(this.namespace, this.name, 'BackupReady', reason);
  }

  until(what: string, holds: (state: LiveObject) => boolean): Promise<LiveObject> {
    return real().addons.until(this.namespace, this.name, what, holds, minutes(10));
  }

  /** It is reported with these words, nothing is claimed, the database runs; and after the remedy everything is in force by itself. */
  async named(reason: Reason, words: readonly string[], remedy: () => Promise<unknown>): Promise<void> {
    const state = await this.reported(reason);
    for (const word of words) expect(conditionOf(state, 'BackupReady')?.message).toContain(word);
    expect(backupOf(state).effective).toBe('none');
    // A database that never had a store is not news.
    if (reason !== 'NoObjectStore') await real().event(this.namespace, this.name, reason);
    await real().running(this.namespace, this.name);
    await remedy();
    await this.reported('InForce');
  }

  async mendKeys(): Promise<void> {
    await real().client.apply(storeSecret(real().cluster, this.namespace));
  }

  /** Asks for a base backup. @param value another one each time */
  async ask(value: string): Promise<void> {
    const annotation = `addons.paas.dev/backup-now=${value}`;
    await real().kubectl(['annotate', 'pga', this.name, '--namespace', this.namespace, annotation, '--overwrite']);
  }

  async backUp(value: string): Promise<void> {
    await this.ask(value);
    await this.until(`the base backup ${value}`, (state) => {
      const { now } = backupOf(state);
      return now?.request === value && now.result === 'Completed';
    });
  }

  /** Makes room for the next one. */
  async retire(): Promise<void> {
    await real().kubectl(['delete', 'pga', this.name, '--namespace', this.namespace]);
  }
}

/** The keys of a user that may use only what it is permitted to. */
function guestKeys(): { readonly user: string; readonly keys: Readonly<Record<string, string>> } {
  const { guest } = real().cluster.objectStore ?? {};
  if (guest === undefined) throw new Error('the cluster has no object store');
  const { accessKeyId, secretAccessKey } = guest;
  return { user: accessKeyId, keys: { ACCESS_KEY_ID: accessKeyId, SECRET_ACCESS_KEY: secretAccessKey } };
}

/** Where the present lineage is in the bucket. */
function folderOf(state: LiveObject): string {
  const { destinationPath, serverName } = backupOf(state);
  return `${destinationPath}/${serverName}/`;
}

/** Each fault from its beginning until it is cleared, by the name of its addon. */
const faults = {
  none: async () => {
    const addon = await Addon.start('none', undefined);
    const schedule = `${clusterName(addon.namespace, addon.name)}-daily`;
    await addon.named('NoObjectStore', ['no object store'], async () => {
      expect((await real().client.get(scheduledBackupGvr, addon.namespace, schedule))?.spec?.suspend).toBe(true);
      await addon.apply({ storeRef: { name: storeName } });
    });
    await addon.retire();
  },

  keys: async () => {
    const addon = await Addon.start('keys', storeName, { keys: { SECRET_ACCESS_KEY: 'wrong' } });
    await addon.named('StoreRefused', ['kubectl logs', 'plugin-barman-cloud'], async () => {
      const container = ['--container', 'plugin-barman-cloud'];
      const log = await real().kubectl(['logs', '--namespace', addon.namespace, addon.primary(), ...container]);
      expect(log).toMatch(/HeadBucket operation: Forbidden|SignatureDoesNotMatch|AccessDenied/);
      await addon.mendKeys();
    });
    await addon.retire();
  },

  absent: async () => {
    const { user, keys } = guestKeys();
    const addon = await Addon.start('absent', absentStore, { keys });
    await addon.named('StoreRefused', ['bucket', 'kubectl logs'], async () => {
      await createBucket(real(), desk, absentStore, user);
      real().atEnd(() => deleteBucket(real(), desk, absentStore));
    });
    await addon.retire();
  },

  small: async () => {
    const before = (namespace: string) => limitSidecar(real(), namespace, '80Mi');
    const addon = await Addon.start('small', storeName, { before });
    await addon.named('BackupOutOfMemory', ['memory limit'], async () => {
      await lift(real(), addon.namespace);
      await real().kubectl(['delete', 'pod', addon.primary(), '--namespace', addon.namespace, '--wait=false']);
    });
    await addon.retire();
  },

  silent: async () => {
    const addon = await Addon.start('silent', silentStore);
    await addon.named('StoreUnreachable', ['cannot be reached'], answerAsSilentStore);
    await addon.retire();
  },

  gone: async () => {
    const addon = await Addon.start('gone', storeName);
    await addon.reported('InForce');
    await real().kubectl(['delete', 'secret', storeSecretName, '--namespace', addon.namespace]);
    const exec = ['exec', '--namespace', addon.namespace, addon.primary(), '--container', 'postgres', '--', 'psql'];
    // The plugin keeps keys for ten seconds.
    await eventually('a WAL file that is not archived', async () => {
      await real().kubectl([...exec, '--command', 'SELECT pg_current_xact_id(); SELECT pg_switch_wal()']);
      expect(conditionOf(addon.latest(), 'BackupReady')?.status).toBe('False');
    });
    await addon.named('ArchivingFailing', [storeSecretName], () => addon.mendKeys());
    await addon.retire();
  },

  taken: async () => {
    const addon = await Addon.start('taken', storeName);
    const state = await addon.until('a lineage', (one) => backupOf(one).serverName !== undefined);
    // Before PostgreSQL has started for the first time.
    const wal = `${folderOf(state)}wals/0000000100000000/000000010000000000000001`;
    await writeObject(real(), desk, wal);
    const { destinationPath, serverName } = backupOf(state);
    await addon.named('ArchiveNotEmpty', [`${destinationPath}/${serverName}`], () => deleteBelow(real(), desk, wal));
    await addon.retire();
  },

  failing: async () => {
    const addon = await Addon.start('failing', storeName);
    await addon.reported('InForce');
    await addon.ask('one');
    const begun = await addon.until('a backup', (state) => backupOf(state).now?.backup !== undefined);
    await eventually('the backup to run', async () => {
      const made = await real().client.get(backupGvr, addon.namespace, backupOf(begun).now?.backup ?? '');
      expect(made?.status?.phase).toBe('started');
    });
    await real().kubectl(['delete', 'pod', addon.primary(), '--namespace', addon.namespace, '--wait=false']);
    const failed = await addon.reported('BackupFailed');
    expect(backupOf(failed).now?.result).toBe('Failed');
    await real().running(addon.namespace, addon.name);
    await addon.ask('two');
    await addon.reported('InForce');
    const done = await addon.until('the end', (state) => backupOf(state).now?.result === 'Completed');
    expect(backupOf(done).now?.request).toBe('two');
    await addon.retire();
  },

  eaten: async () => {
    const addon = await Addon.start('eaten', storeName);
    const before = backupOf(await addon.reported('InForce'));
    await addon.backUp('kept');
    const folder = folderOf(addon.latest());
    const names = (await objectsBelow(real(), desk, folder)).flatMap(
      (name) => /^base\/([^/]+)\//.exec(name)?.[1] ?? [],
    );
    // The times when they began.
    const bases = [...new Set(names)].sort();
    expect(bases.length).toBeGreaterThan(1);
    // As a rule does that expires objects of some age.
    for (const base of bases.slice(0, -1)) await deleteBelow(real(), desk, `${folder}base/${base}/`);
    // The plugin looks into the bucket after each base backup, and every half hour.
    await addon.backUp('looked');
    const from = before.recoveryWindow?.from ?? '';
    const isEaten = (state: LiveObject): boolean => (backupOf(state).recoveryWindow?.from ?? from) > from;
    const seen = await addon.until('what the bucket still has', isEaten);
    const [present, ...past] = backupOf(seen).lineages ?? [];
    expect(present?.since).toBe(before.lineages?.[0]?.since);
    expect(present?.from).toBe(backupOf(seen).recoveryWindow?.from);
    // Nothing that the retention covers is missed yet.
    expect(conditionOf(seen, 'BackupReady')?.reason).toBe('InForce');

    // As if the lineage had begun a month ago.
    const since = new Date(Date.now() - 30 * 24 * 60 * minutes(1)).toISOString().replace(/[.]\d+Z$/, 'Z');
    const backup = { lineages: [{ ...present, since }, ...past], retentionSince: since };
    await real().client.patch(addonGvr, addon.namespace, addon.name, { status: { backup } }, 'status');
    const state = await addon.reported('WindowShorterThanRetention');
    for (const word of [since, folder.slice(0, -1), String(present?.from), 'the retention is 7d'])
      expect(conditionOf(state, 'BackupReady')?.message).toContain(word);
    expect(backupOf(state).effective).toBe('daily');
    await real().event(addon.namespace, addon.name, 'WindowShorterThanRetention');
    // The other remedy takes days: the oldest one has to become as old as the retention.
    await addon.apply({ storeRef: { name: storeName }, retention: '6d' });
    await addon.reported('InForce');
    await addon.retire();
  },

  tenant: async () => {
    const { user, keys } = guestKeys();
    await real().kubectl(['create', 'namespace', tenantStore]);
    real().atEnd(() => real().kubectl(['delete', 'namespace', tenantStore, '--wait=false']));
    await createBucket(real(), desk, tenantStore, user);
    real().atEnd(() => deleteBucket(real(), desk, tenantStore));
    const addon = await Addon.start('tenant', tenantStore, { keys, namespace: tenantStore });
    const state = await addon.reported('InForce');
    expect(backupOf(state)).toMatchObject({
      effective: 'daily',
      store: tenantStore,
      destinationPath: `s3://${tenantStore}/${tenantStore}`,
    });
    const held = await objectsBelow(real(), desk, folderOf(state));
    for (const part of ['base/', 'wals/']) expect(held.some((name) => name.startsWith(part))).toBe(true);
    // Nothing of it is in the bucket of the others.
    const { bucket } = real().cluster.objectStore ?? {};
    expect(await objectsBelow(real(), desk, `s3://${bucket}/${tenantStore}/`)).toEqual([]);
    await addon.retire();
  },
} as const satisfies Readonly<Record<string, () => Promise<void>>>;

/** Those that take longest first. */
const order = ['small', 'eaten', 'failing', 'gone', 'none', 'silent', 'absent', 'keys', 'taken', 'tenant'] as const;
const going = new Map<keyof typeof faults, Promise<void>>();
/** The end of one that goes on since the beginning. */
const cleared = async (name: keyof typeof faults): Promise<void> => {
  expect(going.has(name)).toBe(true);
  await going.get(name);
};

beforeAll(async () => {
  desk = await real().namespace('desk');
  await real().client.apply(storeSecret(real().cluster, desk));
  await openBucket(real(), desk);
  const begin = fewAtATime(4);
  for (const name of order) going.set(name, begin(faults[name]));
});

/** A Service where there was none, in front of the store of the cluster. */
async function answerAsSilentStore(): Promise<void> {
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
}

describe('an object store', () => {
  it('without a store it says so, and begins once one is named', () => cleared('none'));

  it('keys that are refused are named, and cleared by themselves', () => cleared('keys'));

  it('a bucket that does not exist is named, and cleared once it is there', () => cleared('absent'));

  it('a memory limit that is too low is named, and cleared once it is high enough', () => cleared('small'));

  it('a store that cannot be reached is named, and cleared by itself', () => cleared('silent'));

  it('a Secret that is gone is named, and cleared by itself', () => cleared('gone'));

  it('a folder that another server wrote to is named, and taken once it is empty', () => cleared('taken'));

  it('a base backup that fails is named, and the next one clears it', () => cleared('failing'));

  it('a bucket rule that expires base backups is seen, and named as long as the retention misses them', () =>
    cleared('eaten'));

  it('of a tenant has all that its namespace archives, and its keys open no other one', () => cleared('tenant'));
});

describe('what cannot be', () => {
  it.each([
    [
      'unknown',
      { storeRef: { name: 'elsewhere' } },
      'spec.backup.storeRef.name "elsewhere" is not an object store for this namespace; use one of',
    ],
    [
      'theirs',
      { storeRef: { name: tenantStore } },
      `spec.backup.storeRef.name "${tenantStore}" is not an object store for this namespace; use one of ${[storeName, absentStore, silentStore].sort().join(', ')}`,
    ],
    [
      'long',
      { storeRef: { name: storeName }, retention: '9999d' },
      'spec.backup.retention "9999d" is not possible with object store',
    ],
    ['often', { storeRef: { name: storeName }, schedule: '0 * * * * *' }, 'spec.backup.schedule "0 * * * * *"'],
  ])('%s is refused in words, and nothing is created', async (name, backup, words) => {
    await real().apply(desk, name, { plan: 'standard', backup });
    const state = await real().reason(desk, name, 'Ready', 'InvalidSpec');
    expect(conditionOf(state, 'Ready')?.message).toContain(words);
    expect(await real().client.get(clusterGvr, desk, clusterName(desk, name))).toBeUndefined();
  });

  it('a schedule of five fields is refused by the API server', async () => {
    const applied = real().apply(desk, 'five', { plan: 'standard', backup: { schedule: '0 2 * * *' } });
    await expect(applied).rejects.toThrow('schedule must have six fields, seconds first');
  });
});
