// The life of a database that begins with the backups of another one, round by round.
import { describe, expect, it } from '@jest/globals';
import { annotations, labels, type PostgresAddon } from '../../api/addon.ts';
import { timestampOf } from '../../api/time.ts';
import { backupOf, completes, look, platform, round, settles, type World } from '../backup/testing.ts';
import { situationOf } from '../situation.ts';
import { anAddon, aStore, changed, manifestOf, summary, testTime, think } from '../testing.ts';
import { untilTargetTime } from './restore.ts';
import {
  begin,
  busy,
  byArchive,
  byName,
  from,
  lineage,
  type Restore,
  ran,
  readyOf,
  restored,
  source,
  specOf,
} from './testing.ts';

describe('a database that is restored', () => {
  it('begins with the backups of the other one, and archives below a name of its own', () => {
    const { bootstrap, externalClusters = [], plugins = [] } = specOf(byName);
    expect(bootstrap).toEqual({ recovery: { source: 'origin', database: 'app', owner: 'app' } });
    expect(externalClusters).toHaveLength(1);
    expect(externalClusters[0]).toMatchObject({
      name: 'origin',
      plugin: { parameters: { barmanObjectName: 'db-team-a-copy.origin', serverName: lineage } },
    });
    expect(plugins?.[0]?.parameters).toMatchObject({ barmanObjectName: 'db-team-a-copy' });
    expect(plugins?.[0]?.parameters?.serverName).toMatch(/^db-team-a-copy-[0-9a-f]{8}$/);
  });

  it('reads them from an ObjectStore of its own, which removes nothing and has memory for a restore', () => {
    const { metadata, spec } = manifestOf(think(look(byName)).actions, 'originStore');
    expect(metadata).toMatchObject({ name: 'db-team-a-copy.origin', namespace: 'team-a' });
    expect(metadata.ownerReferences?.[0]?.uid).toBe('copy-uid');
    expect(spec).toMatchObject({
      configuration: { destinationPath: 's3://backups/team-a' },
      instanceSidecarConfiguration: { resources: { requests: { memory: '128Mi' }, limits: { memory: '1Gi' } } },
    });
    expect(spec).toHaveProperty('retentionPolicy', undefined);
  });

  it('has its stores before the Cluster, and rests afterwards', () => {
    const first = round(byName);
    expect(first.wrote).toEqual(['create ObjectStore', 'create ObjectStore', 'create Cluster']);
    expect(first.addon.status?.restore).toMatchObject({
      serverName: lineage,
      store: 'main',
      database: 'app',
      owner: 'app',
      major: 17,
    });
    expect(round(busy(first)).wrote).toEqual([]);
  });

  it('tells in status what it begins with, and nothing that does not matter', () => {
    const of = (world: World) => think(look(world)).status.restore;
    for (const nothing of ['namespace', 'targetTime', 'redaction']) expect(of(byName)).not.toHaveProperty(nothing);
    expect(of(begin({ addon: 'shop', targetTime: from }))).toMatchObject({ serverName: lineage, targetTime: from });
  });

  it('waits for its time if that is a minute ahead at most, and only before there is a database', () => {
    const world = begin({ addon: 'shop', targetTime: from });
    const reasonAt = (now: number, more: Partial<World> = {}) =>
      untilTargetTime(situationOf(look({ ...world, ...more })), now)?.reason;
    const time = Date.parse(from);
    expect([time - 60_001, time - 60_000, time - 1, time].map((now) => reasonAt(now))).toEqual([
      'InvalidSpec',
      'RestorePending',
      'RestorePending',
      undefined,
    ]);
    const { cluster } = round(world);
    if (cluster === undefined) throw new Error('no Cluster');
    const marks = { ...cluster.metadata.labels, [labels.uid]: 'former-uid', [labels.orphaned]: 'true' };
    const orphan = { ...cluster, metadata: { ...cluster.metadata, labels: marks, ownerReferences: [] } };
    for (const made of [cluster, orphan]) expect(reasonAt(0, { cluster: made })).toBeUndefined();
  });

  it('says what it waits for, and for how long that is no fault', () => {
    const waiting = round(busy(round(begin({ addon: 'shop', targetTime: from }))));
    expect(readyOf(waiting)).toMatchObject({ reason: 'Restoring', message: expect.stringContaining(`as of ${from}`) });
    const later = (minutes: number) => readyOf(round(waiting, testTime + minutes * 60_000))?.reason;
    expect([later(59), later(61)]).toEqual(['Restoring', 'TakingTooLong']);
  });

  it.each<readonly [string, World]>([
    ['the other addon', byName],
    ['its archive', byArchive],
  ])('is the same by the name of %s', (_, world) => {
    const { bootstrap, externalClusters } = specOf(world);
    expect({ bootstrap, externalClusters }).toEqual({
      bootstrap: specOf(byName).bootstrap,
      externalClusters: specOf(byName).externalClusters,
    });
  });

  it('can have another plan, also one without backups, and the larger disk of the two', () => {
    const free = specOf(begin({ addon: 'shop' }, { plan: 'free' }));
    expect([free.storage.size, free.plugins]).toEqual(['10Gi', undefined]);
    expect(summary(think(look(begin({ addon: 'shop' }, { plan: 'free' }))).actions)).toEqual([
      'create ObjectStore',
      'create Cluster',
    ]);
    expect(specOf(begin({ addon: 'shop' }, { plan: 'pro' })).storage.size).toBe('50Gi');
    expect(specOf(byArchive).storage.size).toBe('10Gi');
  });

  it('is never given a smaller disk than the other one has, whatever its plan', () => {
    const large = { ...source, status: { ...source.status, resources: { storage: '50Gi' } } } as PostgresAddon;
    for (const plan of ['free', 'standard'] as const) {
      const world = { ...begin({ addon: 'shop' }, { plan }), source: large };
      expect(specOf(world).storage.size).toBe('50Gi');
      const running = ran(settles(round(world)));
      expect(running.addon.status?.resources?.storage).toBe('50Gi');
      expect(round(running).addon.status?.conditions?.find(({ type }) => type === 'PlanApplied')?.reason).toBe(
        'DiskNotShrunk',
      );
      // The other one is not looked at again.
      expect(
        specOf({ ...running, source: undefined, addon: changed(running.addon, { version: '17.9' }) }).storage.size,
      ).toBe('50Gi');
    }
    // An archive does not tell how large the disk was.
    expect(specOf({ ...byArchive, source: large }).storage.size).toBe('10Gi');
  });

  it('has the database, the owner and the major version of the other one', () => {
    const other = { ...source, spec: { ...source.spec, database: { name: 'sales', owner: 'clerk' } } };
    const lineages = [{ serverName: lineage, store: 'main', from, version: '16.4' }];
    const old = { ...other, status: { ...other.status, backup: { lineages } } };
    const { bootstrap, imageName } = specOf({ ...byName, source: old });
    expect(bootstrap.recovery).toMatchObject({ database: 'sales', owner: 'clerk' });
    expect(imageName).toContain(':16-');
  });

  it('keeps what its Cluster says, whatever becomes of the other one', () => {
    const running = ran(settles(round(byName)));
    const { source: _, ...alone } = running;
    const after = round({ ...alone, source: undefined });
    expect(after.wrote).not.toContain('apply Cluster');
    expect(after.addon.status?.restore).toMatchObject({
      serverName: lineage,
      store: 'main',
      database: 'app',
      owner: 'app',
      major: 17,
    });
    // A write for another reason repeats it.
    const larger = { ...after, addon: { ...after.addon, spec: { ...after.addon.spec, plan: 'pro' as const } } };
    const { bootstrap, externalClusters } = specOf(larger);
    expect({ bootstrap, externalClusters }).toEqual({
      bootstrap: specOf(byName).bootstrap,
      externalClusters: specOf(byName).externalClusters,
    });
  });

  it('gets a missing ObjectStore again, and then a Cluster that CNPG looks at anew', () => {
    const running = ran(settles(round(byName)));
    const noteOn = ({ cluster }: World) => cluster?.metadata.annotations?.[annotations.originStore];
    expect(noteOn(running)).toBe('main.1');
    const made = round({ ...running, originStore: undefined });
    expect(made.wrote[0]).toBe('create ObjectStore');
    expect([made.originStore?.metadata.annotations?.[annotations.objectStore], noteOn(made)]).toEqual(['2', 'main.1']);
    const again = round(made);
    expect([again.wrote[0], noteOn(again)]).toEqual(['apply Cluster', 'main.2']);
    expect(round(settles(again)).wrote.filter((one) => one.endsWith('Cluster'))).toEqual([]);
    // What cannot be made is not announced: each write would be followed by another one.
    const on = { ...platform, stores: { stores: { other: aStore() }, defaultStore: 'other' } };
    const without = round(settles(round({ ...running, originStore: undefined, on })));
    expect(noteOn(without)).toBe('main.1');
    expect(without.originStore).toBeUndefined();
    expect(round(settles(without)).wrote).toEqual(['create Backup']);
  });

  it('is not created without its ObjectStore, but runs on without it', () => {
    const [first] = think(look(byName)).actions;
    expect(first).toMatchObject({ child: 'originStore', concern: 'database' });
    const running = ran(settles(round(byName)));
    const [late] = think(look({ ...running, originStore: undefined })).actions;
    expect(late).toMatchObject({ child: 'originStore', concern: 'backup' });
  });

  it('begins a lineage of its own, which is what can be restored afterwards', () => {
    const running = round(completes(ran(round(settles(round(byName))))));
    const [own] = backupOf(running)?.lineages ?? [];
    expect(own?.serverName).not.toBe(lineage);
    expect(own?.from).toBeDefined();
    expect(readyOf(round({ ...running, cluster: undefined }))?.reason).toBe('ClusterMissing');
  });

  it('begins empty in the place of one that vanished if the annotation says so', () => {
    const running = round(completes(ran(round(settles(round(byName))))));
    const own = backupOf(running)?.lineages?.[0]?.serverName ?? '';
    const { metadata } = running.addon;
    const asking = { ...running.addon, metadata: { ...metadata, annotations: { [annotations.startEmpty]: own } } };
    const { bootstrap } = specOf({ ...running, addon: asking, cluster: undefined });
    expect(bootstrap).toEqual({ initdb: { database: 'app', owner: 'app' } });
  });

  it('is restored again if it vanished before it had a backup, which is said', () => {
    const vanished = { ...ran(settles(round(byName))), cluster: undefined };
    expect(specOf(vanished).bootstrap).toEqual(specOf(byName).bootstrap);
    expect(readyOf(round(vanished))).toMatchObject({
      reason: 'ClusterRecreated',
      message: expect.stringContaining(`restored again from the backups of ${lineage}`),
    });
  });

  const seconds = (n: number): string => timestampOf(testTime + n * 1000);
  const stored = (changes: Partial<NonNullable<typeof source.status>>): PostgresAddon => ({
    ...source,
    status: { ...source.status, ...changes },
  });
  it.each<readonly [string, World, string, string]>([
    [
      'of an addon that does not exist',
      { ...byName, source: undefined },
      'RestoreSourceMissing',
      'no PostgresAddon "shop"',
    ],
    [
      'of a day that does not exist',
      begin({ addon: 'shop', targetTime: '2026-02-30T00:00:00Z' }),
      'InvalidSpec',
      'is not a time',
    ],
    ...['25:00', '2026-01-02T25:00:00Z'].map((targetTime): readonly [string, World, string, string] => [
      `of ${targetTime}`,
      begin({ addon: 'shop', targetTime }),
      'InvalidSpec',
      `spec.restore.from.targetTime "${targetTime}" is not a time`,
    ]),
    ['of itself', begin({ addon: 'copy' }), 'InvalidSpec', 'is this addon'],
    [
      'of an addon without backups',
      { ...byName, source: anAddon({ plan: 'free' }, { phase: 'running' }) },
      'RestoreSourceMissing',
      'no backups',
    ],
    [
      'of an addon whose first backup is not made',
      { ...byName, source: round({ addon: anAddon() }).addon },
      'RestorePending',
      'first base backup',
    ],
    ['of a time in the future', begin({ addon: 'shop', targetTime: seconds(61) }), 'InvalidSpec', 'is in the future'],
    [
      'of a time that is about to come',
      begin({ addon: 'shop', targetTime: seconds(59) }),
      'RestorePending',
      'is in the future',
    ],
    [
      'of a time before the first backup',
      begin({ addon: 'shop', targetTime: '2025-12-31T00:00:00Z' }),
      'InvalidSpec',
      'before the oldest base backup',
    ],
    [
      'of another database',
      begin({ addon: 'shop' }, { database: { name: 'other' } }),
      'InvalidSpec',
      'spec.database.name "other"',
    ],
    [
      'of another owner',
      begin({ addon: 'shop' }, { database: { owner: 'other' } }),
      'InvalidSpec',
      'spec.database.owner "other"',
    ],
    [
      'by a version that is older than the backups',
      begin({ addon: 'shop' }, { version: '16' }),
      'InvalidSpec',
      'spec.version "16" cannot restore the backups of PostgresAddon "shop", which are of PostgreSQL 17',
    ],
    [
      'by a version that is newer than the backups',
      begin({ addon: 'shop' }, { version: '18' }),
      'InvalidSpec',
      'spec.version "18" cannot restore the backups of PostgresAddon "shop", which are of PostgreSQL 17',
    ],
    [
      'from a store that is not declared',
      begin({ archive: { store: 'no', serverName: 'x' } }),
      'InvalidSpec',
      'spec.restore.from.archive.store "no"',
    ],
    [
      'from a store of another namespace',
      { ...byArchive, on: { ...platform, stores: { stores: { main: aStore({ namespaces: ['team-b'] }) } } } },
      'InvalidSpec',
      'spec.restore.from.archive.store "main"',
    ],
    [
      'from a store that leads elsewhere now',
      { ...byName, on: { ...platform, stores: { stores: { main: aStore({ destination: 's3://moved' }) } } } },
      'RestoreSourceMissing',
      's3://backups/team-a',
    ],
    [
      'from a store that is withdrawn',
      { ...byName, source: stored({ backup: { lineages: [{ serverName: lineage, from, store: 'gone' }] } }) },
      'RestoreSourceMissing',
      'object store "gone"',
    ],
  ])('is not created %s, and says why', (_, world, reason, words) => {
    const { actions, status } = think(look(world));
    expect(actions).toEqual([]);
    expect(status.conditions?.find(({ type }) => type === 'Ready')).toMatchObject({
      reason,
      message: expect.stringContaining(words),
    });
    expect(status.restore).toBeUndefined();
  });

  it('finds the store of a lineage by its place if none is recorded', () => {
    const lineages = [{ serverName: lineage, from, destinationPath: 's3://backups/team-a' }];
    const stores = { first: aStore({ destination: 's3://other' }), main: aStore() };
    const world = { ...byName, source: stored({ backup: { lineages } }), on: { ...platform, stores: { stores } } };
    expect(round(world).addon.status?.restore).toMatchObject({ store: 'main' });
  });

  it('is adopted as it is, by an addon that requests the same or nothing', () => {
    const protectedOne = { ...byName.addon, spec: { ...byName.addon.spec, mode: 'protected' as const } };
    const running = ran(settles(round(round({ ...byName, addon: protectedOne }))));
    const next = (restore?: Restore): World => {
      const { restore: _, ...spec } = protectedOne.spec;
      const addon = anAddon({ ...spec, ...(restore && { restore }) });
      return {
        ...running,
        addon: { ...addon, metadata: { ...protectedOne.metadata, uid: 'next-uid' } },
        source: undefined,
      };
    };
    const reasonOf = (world: World) => readyOf(round(world))?.reason;
    expect(reasonOf(next({ from: { addon: 'shop' } }))).toBe('Adopting');
    expect(reasonOf(next({ from: { archive: { store: 'main', serverName: lineage } } }))).toBe('Adopting');
    expect(reasonOf(next())).toBe('Adopting');
    expect(reasonOf(next({ from: { addon: 'shop', targetTime: from } }))).toBe('AdoptionRefused');
    expect(reasonOf(next({ from: { archive: { store: 'main', serverName: 'another' } } }))).toBe('AdoptionRefused');
    // All of its objects are taken.
    expect(round(next()).wrote.slice(1)).toEqual(['apply Cluster', 'apply ObjectStore', 'apply ObjectStore']);
  });

  it('does not pass for the database that another addon left behind', () => {
    const left = ran(settles(round(round({ addon: anAddon({ mode: 'protected' }) }))));
    const addon = restored({ archive: { store: 'main', serverName: lineage } }, {}, 'shop');
    const { metadata } = left.addon;
    const world = { ...left, addon: { ...addon, metadata: { ...metadata, uid: 'next-uid' } } };
    expect(readyOf(round(world))).toMatchObject({
      reason: 'AdoptionRefused',
      message: expect.stringContaining('began empty'),
    });
  });
});
