// Which archive a Cluster writes to, round by round: no archive is mixed with another.
import { describe, expect, it } from '@jest/globals';
import { annotations, labels } from '../../api/addon.ts';
import type { Cluster } from '../../api/cnpg.ts';
import type { KubeObject } from '../../api/kubernetes.ts';
import { cut } from '../../api/text.ts';
import type { Platform } from '../observed.ts';
import { anAddon, aStore, changed, testPlatform, think } from '../testing.ts';
import { serverNameOf } from './archive.ts';
import type { Store } from './stores.ts';
import {
  backupOf,
  backupReady,
  completes,
  inForce,
  look,
  platform,
  reasonOf,
  round,
  settles,
  type World,
} from './testing.ts';

describe('an archive', () => {
  it('that fails is named, and nothing is claimed to be in force', () => {
    const { cluster, ...world } = inForce();
    if (cluster === undefined) throw new Error('no Cluster');
    const archiving = {
      status: 'False',
      reason: '',
      message: 'exit status 2',
      lastTransitionTime: '2026-01-02T03:04:02Z',
    };
    const failing = round({ ...world, cluster: { ...cluster, status: { ...cluster.status, archiving } } });
    expect([reasonOf(failing), backupOf(failing)?.effective, backupOf(failing)?.archiving]).toEqual([
      'StoreUnreachable',
      'none',
      'failing',
    ]);
    expect(failing.addon.status?.phase).toBe(world.addon.status?.phase);
  });

  it('is another one after the plan had no backups in between, and the last ones are remembered', () => {
    const before = inForce();
    const [first] = backupOf(before)?.lineages ?? [];
    const free = round({ ...before, addon: changed(before.addon, { plan: 'free' }) });
    expect(free.wrote).toEqual(['delete ScheduledBackup', 'apply Cluster']);
    expect(serverNameOf(free.cluster)).toBeUndefined();
    expect(free.objectStore).toBeDefined();
    const rest = round(settles(free));
    expect(backupOf(rest)).toEqual({
      requested: 'none',
      effective: 'none',
      lineages: [{ ...first, until: '2026-01-02T03:04:05Z' }],
    });
    expect(reasonOf(rest)).toBeUndefined();
    const back = round({ ...rest, addon: changed(rest.addon, { plan: 'standard' }) });
    expect(serverNameOf(back.cluster)).toMatch(/^db-team-a-shop-[0-9a-f]{8}$/);
    expect(serverNameOf(back.cluster)).not.toBe(first?.serverName);
    const restarting = round(back);
    expect([restarting.made, backupOf(restarting)?.effective]).toEqual([[], 'none']);
    const ready = round(settles(restarting));
    expect(ready.made).toEqual([`${serverNameOf(back.cluster)}-first`]);
    expect(backupOf(ready)?.lineages?.map(({ serverName }) => serverName)).toEqual([
      serverNameOf(back.cluster),
      first?.serverName,
    ]);
  });

  it('goes on as it is when the platform team withdraws the store, and a new store takes its place', () => {
    const before = inForce();
    const withdrawn = round({ ...before, on: testPlatform });
    expect(withdrawn.wrote).toEqual([]);
    expect([reasonOf(withdrawn), backupOf(withdrawn)?.serverName]).toEqual([
      'NoObjectStore',
      serverNameOf(before.cluster),
    ]);
    expect(backupReady(withdrawn)?.message).toMatch(/so the Cluster goes on writing where it does$/);
    expect(backupReady(round({ addon: anAddon(), on: testPlatform }))?.message).toMatch(/so none are taken$/);
    const moved: Platform = {
      ...testPlatform,
      stores: { defaultStore: 'b', stores: { b: aStore({ destination: 's3://b' }) } },
    };
    // CNPG reads the settings only when the Cluster changes.
    const after = round({ ...before, on: moved });
    expect(after.wrote).toEqual(['apply ObjectStore', 'apply Cluster', 'apply ScheduledBackup']);
    // What is in one place cannot be restored with what is in another one.
    expect(serverNameOf(after.cluster)).not.toBe(serverNameOf(before.cluster));
    const begun = round({ ...after, on: moved });
    expect([reasonOf(begun), backupOf(begun)?.effective]).toEqual(['FirstBackupPending', 'none']);
    expect(backupOf(begun)?.lineages?.map(({ destinationPath }) => destinationPath)).toEqual([
      's3://b/team-a',
      's3://backups/team-a',
    ]);
    expect(begun.made).toEqual([`${serverNameOf(after.cluster)}-first`]);
  });

  it('stays the same one with another address of its store, or another size of the second container', () => {
    const before = inForce();
    const elsewhere = aStore({ endpointURL: 'https://s3.example.com' });
    const on: Platform = { ...testPlatform, stores: { defaultStore: 'main', stores: { main: elsewhere } } };
    const after = round({ ...before, on });
    expect(after.wrote).toEqual(['apply ObjectStore', 'apply Cluster']);
    expect(serverNameOf(after.cluster)).toBe(serverNameOf(before.cluster));
  });

  const withStore = (more: Partial<Store>): Platform => {
    return { ...testPlatform, stores: { defaultStore: 'main', stores: { main: aStore(more) } } };
  };

  it.each<readonly [string, Partial<Store>, Partial<Store>]>([
    ['wal.compression', { wal: { compression: 'gzip', maxParallel: 4 } }, { wal: { maxParallel: 4 } }],
    ['data.jobs', { data: { jobs: 2 } }, { data: {} }],
    ['the whole of wal', { wal: { compression: 'gzip' } }, {}],
    [
      's3Credentials.sessionToken',
      { s3Credentials: { inheritFromIAMRole: true, sessionToken: { name: 's3', key: 'token' } } },
      { s3Credentials: { inheritFromIAMRole: true } },
    ],
  ])('loses %s when the platform removes it from the store', (_, before, after) => {
    const first = round({ ...inForce(), on: withStore(before) });
    expect(first.wrote).toEqual(['apply ObjectStore', 'apply Cluster']);
    const next = round({ ...first, on: withStore(after) });
    expect(next.wrote).toEqual(['apply ObjectStore', 'apply Cluster']);
    const stored = next.objectStore?.spec as { readonly configuration: Readonly<Record<string, unknown>> } | undefined;
    for (const part of Object.keys(before) as (keyof Store)[]) expect(stored?.configuration[part]).toEqual(after[part]);
    expect(stored?.configuration).toHaveProperty('destinationPath');
    expect(round(next).wrote).toEqual([]);
  });

  it('is not touched when the platform changes who may use the store, or how long', () => {
    const next = round({
      ...inForce(),
      on: withStore({ namespaces: ['team-a'], retention: { min: '2d', max: '60d' } }),
    });
    expect(next.wrote).toEqual([]);
  });

  it('has a name that no earlier one had, however many there were', () => {
    let world: World = inForce();
    const names: (string | undefined)[] = [serverNameOf(world.cluster)];
    for (let turn = 0; turn < 15; turn += 1) {
      const free = round(settles(round({ ...world, addon: changed(world.addon, { plan: 'free' }) })));
      // The plugin forgets the earlier ones.
      const objectStore = free.objectStore && { ...free.objectStore, status: { serverRecoveryWindow: {} } };
      const back = round({ ...free, objectStore, addon: changed(free.addon, { plan: 'standard' }) });
      names.push(serverNameOf(back.cluster));
      world = round(completes(round(settles(round(back)))));
    }
    expect(new Set(names).size).toBe(16);
    expect(names).not.toContain(undefined);
  });

  it('has the same name each time until the Cluster has it, for example while somebody else changes the Cluster all the time', () => {
    const before = inForce();
    const moved: Platform = {
      ...testPlatform,
      stores: { defaultStore: 'b', stores: { b: aStore({ destination: 's3://b' }) } },
    };
    const free = round(settles(round({ ...before, addon: changed(before.addon, { plan: 'free' }) })));
    for (const world of [
      { ...before, on: moved },
      { ...free, addon: changed(free.addon, { plan: 'standard' }) },
    ]) {
      // The Cluster is not written.
      const { objectStore } = round(world);
      let waiting: World = { ...world, objectStore };
      const names: unknown[] = [];
      for (let turn = 0; turn < 3; turn += 1) {
        const { status } = think({ ...look(waiting), repairWaits: { cluster: 60_000 } });
        waiting = { ...waiting, addon: { ...waiting.addon, status: JSON.parse(JSON.stringify(status)) } };
        names.push(status.backup?.lineages?.map(({ serverName }) => serverName));
      }
      expect(names).toEqual([names[0], names[0], names[0]]);
    }
  });

  it('keeps the role of its Clusters while there is no store for it', () => {
    const role = { 'eks.amazonaws.com/role-arn': 'arn' };
    const store = aStore({ serviceAccountAnnotations: role });
    const on: Platform = { ...testPlatform, stores: { defaultStore: 'main', stores: { main: store } } };
    const before = round(completes(round(round({ addon: anAddon(), on }))));
    expect(before.cluster?.spec.serviceAccountTemplate).toEqual({ metadata: { annotations: role } });
    expect(round({ ...before, on: testPlatform }).wrote).toEqual([]);
  });

  it('gets another owner after its Cluster, since with --cascade=orphan the garbage collector may be at work', () => {
    const before = inForce();
    const kept = round({ ...before, addon: changed(before.addon, { mode: 'protected' }) });
    expect(kept.wrote).toEqual(['apply PostgresAddon', 'apply Cluster', 'apply ObjectStore', 'apply ScheduledBackup']);
    expect(kept.objectStore?.metadata.ownerReferences ?? []).toEqual([]);
  });

  it('whose store was deleted gets it again, and then the Cluster is made to look, also after a crash in between', () => {
    const before = inForce();
    const gone = { ...before, objectStore: undefined };
    const mended = round(gone);
    expect(mended.wrote).toEqual(['create ObjectStore', 'apply Cluster']);
    expect(mended.scheduledBackup?.spec.suspend).toBe(false);
    const crashed = { ...mended, cluster: before.cluster };
    expect(round(crashed).wrote).toEqual(['apply Cluster']);
    expect(round(mended).wrote).toEqual([]);
    expect(mended.cluster?.metadata.annotations?.[annotations.objectStore]).toMatch(/\.2$/);
  });
});

describe('an adoption that a crash has cut short after the Cluster', () => {
  /** What the deleted addon has left behind, as if this one had adopted the Cluster alone. */
  function interrupted(spec: Parameters<typeof anAddon>[0] = {}): World {
    const { addon, cluster, objectStore, scheduledBackup } = inForce();
    if (cluster === undefined || objectStore === undefined || scheduledBackup === undefined) throw new Error('not all');
    const left = ({ ownerReferences: _, ...metadata }: KubeObject['metadata']): KubeObject['metadata'] => ({
      ...metadata,
      labels: { ...metadata.labels, [labels.uid]: 'former-uid', [labels.orphaned]: 'true' },
    });
    const { metadata } = cluster;
    const notes = { ...metadata.annotations, [annotations.formerUid]: 'former-uid' };
    const { backup: _, ...status } = addon.status ?? {};
    return {
      addon: { ...anAddon(spec), status },
      cluster: { ...cluster, metadata: { ...metadata, annotations: notes } },
      objectStore: { ...objectStore, metadata: left(objectStore.metadata) },
      scheduledBackup: { ...scheduledBackup, metadata: left(scheduledBackup.metadata) },
    };
  }

  it('is completed in one round: the archive goes on, and CNPG has nothing to look at', () => {
    const world = interrupted();
    const next = round(world);
    expect(next.wrote).toEqual(['apply ObjectStore', 'apply ScheduledBackup']);
    expect([reasonOf(next), next.made]).toEqual(['InForce', []]);
    expect(next.objectStore?.metadata.annotations).toEqual(world.objectStore?.metadata.annotations);
    for (const { metadata } of [next.objectStore, next.scheduledBackup].filter((child) => child !== undefined))
      expect(metadata.labels).toMatchObject({ [labels.uid]: 'addon-uid' });
  });

  it('begins another lineage if the store is another one by now, which holds no backup of it', () => {
    const other = aStore({ destination: 's3://elsewhere' });
    const world = { ...interrupted(), on: { ...platform, stores: { defaultStore: 'b', stores: { b: other } } } };
    const next = round(world);
    const [before, after] = [world, next].map(({ cluster }) => serverNameOf(cluster));
    expect(after).not.toBe(before);
    expect([reasonOf(next), backupOf(next)?.effective]).toEqual(['FirstBackupPending', 'none']);
  });

  it('records where the database archives with the adoption itself', () => {
    const { cluster, objectStore, addon } = interrupted();
    const { uid: _, ...rest } = cluster?.metadata ?? ({} as KubeObject['metadata']);
    const metadata = {
      ...rest,
      uid: 'cluster-uid',
      labels: { ...rest.labels, [labels.uid]: 'former-uid', [labels.orphaned]: 'true' },
    };
    const left = { ...cluster, metadata: { ...metadata, ownerReferences: [] } } as Cluster;
    const { status } = think(look({ addon, cluster: left, objectStore }));
    const serverName = serverNameOf(cluster);
    expect(status.conditions?.find(({ type }) => type === 'Ready')?.reason).toBe('Adopting');
    expect(status.backup?.lineages).toEqual([{ serverName, destinationPath: 's3://backups/team-a' }]);
  });

  it('is completed by a plan without backups too: nothing is left behind without an owner', () => {
    const next = round(interrupted({ plan: 'free' }));
    expect(next.wrote).toEqual(['delete ScheduledBackup', 'apply Cluster', 'apply ObjectStore']);
    expect(next.objectStore?.metadata.labels).toMatchObject({ [labels.uid]: 'addon-uid' });
  });
});

describe('a store that was withdrawn', () => {
  it('hides no archive that fails, and says whether the Cluster can go on', () => {
    const world = { ...inForce(), on: testPlatform };
    const { cluster } = world;
    if (cluster === undefined) throw new Error('no Cluster');
    const messageOf = ({ addon }: World) =>
      addon.status?.conditions?.find(({ type }) => type === 'BackupReady')?.message ?? '';
    expect(messageOf(round(world))).toContain('so the Cluster goes on writing where it does');
    expect(messageOf(round({ ...world, objectStore: undefined }))).toContain('and its ObjectStore is gone');
    const archiving = {
      status: 'False',
      reason: '',
      message: 'exit status 2',
      lastTransitionTime: '2026-01-02T03:04:02Z',
    };
    const failing = round({ ...world, cluster: { ...cluster, status: { ...cluster.status, archiving } } });
    expect([reasonOf(failing), backupOf(failing)?.effective]).toEqual(['ArchivingFailing', 'none']);
    const long = { ...archiving, message: 'x'.repeat(600) };
    const talkative = round({ ...world, cluster: { ...cluster, status: { ...cluster.status, archiving: long } } });
    expect(messageOf(talkative)).toContain(`: ${cut(long.message, 500)};`);
  });
});
