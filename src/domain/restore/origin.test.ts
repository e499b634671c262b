// What a database is restored from, where others have had their hands on it: its Cluster, its ObjectStore, its source and its status.
import { describe, expect, it } from '@jest/globals';
import { annotations, type PostgresAddon } from '../../api/addon.ts';
import type { ObjectStore } from '../../api/barman.ts';
import type { Cluster } from '../../api/cnpg.ts';
import { completes, look, platform, reasonOf, round, settles, type World } from '../backup/testing.ts';
import { needs } from '../needs.ts';
import { situationOf } from '../situation.ts';
import { anAddon, aStore, manifestOf, observing, summary, testTime, think } from '../testing.ts';
import { inWords, isRestored, originOf, originStoreOf } from './origin.ts';
import { noSource } from './request.ts';
import { begin, busy, byArchive, byName, from, lineage, ran, readyOf, source, specOf } from './testing.ts';

const running = ran(settles(round(byName)));
const noteOn = ({ cluster }: World) => cluster?.metadata.annotations?.[annotations.originStore];
const gone = (world: World): World => ({ ...world, cluster: undefined });
const withSource = (world: World, status: Partial<NonNullable<PostgresAddon['status']>>): World => ({
  ...world,
  source: { ...source, status: { ...source.status, ...status } },
});
const edited = (world: World, edit: (cluster: Cluster) => Cluster): World => ({
  ...world,
  cluster: world.cluster && edit(world.cluster),
});
/** What status knows of the backups before one is completed. */
const backupIn = ({ addon }: World) => ({ backup: addon.status?.backup ?? {} });
const otherStores = { stores: { other: aStore() }, defaultStore: 'other' };

describe('the ObjectStore of the origin', () => {
  const stray = (world: World): World => {
    const { originStore } = round(world);
    if (originStore === undefined) throw new Error('none was made');
    const labels = {
      ...originStore.metadata.labels,
      'addons.paas.dev/uid': 'another',
      'addons.paas.dev/orphaned': 'true',
    };
    const { ownerReferences: _, ...metadata } = originStore.metadata;
    return { ...world, originStore: { ...originStore, metadata: { ...metadata, labels } } };
  };

  it('of another database is not read: nothing is created', () => {
    const { actions, status } = think(look(stray(byName)));
    expect(actions).toEqual([]);
    expect(status.conditions?.find(({ type }) => type === 'Ready')?.reason).toBe('AdoptionRefused');
  });

  it('follows what is to be restored until there is a Cluster, and is left alone afterwards', () => {
    const { cluster: _, ...early } = round(byName);
    const moved = {
      ...platform,
      stores: { stores: { main: aStore({ endpointURL: 'https://new' }) }, defaultStore: 'main' },
    };
    const { originStore: _other, ...first } = { ...early, addon: byName.addon, on: moved };
    const again = think(look({ ...first, originStore: early.originStore }));
    expect(summary(again.actions)).toEqual(['apply ObjectStore', 'apply ObjectStore', 'create Cluster']);
    expect(manifestOf(again.actions, 'originStore').spec).toMatchObject({
      configuration: { endpointURL: 'https://new' },
    });
    expect(
      summary(think(look({ ...running, on: moved })).actions).filter((one) => one === 'apply ObjectStore'),
    ).toHaveLength(1);
  });

  it('is owned as the mode of the addon says', () => {
    const spec = { ...running.addon.spec, mode: 'protected' as const };
    const loose = round(round({ ...running, addon: { ...running.addon, spec } }));
    expect(running.originStore?.metadata.ownerReferences).toHaveLength(1);
    expect(loose.originStore?.metadata.ownerReferences ?? []).toEqual([]);
  });

  it('is counted, whatever somebody wrote into its annotation', () => {
    for (const count of ['1.5', 'x', '', '1234567']) {
      const { originStore = {} as ObjectStore } = running;
      const { metadata } = originStore;
      const odd = { ...originStore, metadata: { ...metadata, annotations: { [annotations.objectStore]: count } } };
      expect([count, noteOn(round({ ...running, originStore: odd }))]).toEqual([count, 'main.1']);
    }
  });

  it('is made again also if nobody but status knows its store any more', () => {
    const bare = edited(running, (cluster) => ({ ...cluster, metadata: { ...cluster.metadata, annotations: {} } }));
    const made = round({ ...round(bare), originStore: undefined });
    // The Cluster is written in the next round, which nothing else would begin.
    expect(think(look({ ...round(bare), originStore: undefined })).decision.continues).toBe(true);
    expect(made.originStore?.spec).toMatchObject({ configuration: { destinationPath: 's3://backups/team-a' } });
    expect(made.addon.status?.restore?.store).toBe('main');
  });

  it('that is foreign is named, with what happens without it, and only once there is a Cluster that names it', () => {
    const { originStore = {} as ObjectStore } = running;
    const { metadata } = originStore;
    const foreign = { ...originStore, metadata: { ...metadata, labels: {}, ownerReferences: [] } };
    const world = round({ ...completes(round(running)), originStore: foreign });
    expect(reasonOf(world)).toBe('NameConflict');
    const { message = '' } = world.addon.status?.conditions?.find(({ type }) => type === 'BackupReady') ?? {};
    expect(message).toContain('delete it, and the operator makes it again');
    expect(message).not.toContain('another appId');
    expect(readyOf(world)?.status).toBe('False');
    expect([originStoreOf(situationOf(look(world))), originStoreOf(situationOf(look(running)))]).toEqual([
      undefined,
      originStore,
    ]);
    // Before, it stands in the way.
    expect(readyOf(round({ ...byName, originStore: foreign }))?.reason).toBe('NameConflict');
  });

  it('has the memory of the container that archives, if that is more', () => {
    const { pro, free, standard } = platform.plans;
    const plans = { free, pro, standard: { ...standard, sidecarMemory: { request: '1Gi', limit: '2Gi' } } };
    const world = { ...byName, on: { ...platform, plans } };
    expect(manifestOf(think(look(world)).actions, 'originStore').spec).toMatchObject({
      instanceSidecarConfiguration: { resources: { requests: { memory: '1Gi' }, limits: { memory: '2Gi' } } },
    });
  });

  it('can be in another store than the backups, whose identity the instances have too', () => {
    const main = aStore({ serviceAccountAnnotations: { role: 'archive' } });
    const other = aStore({ destination: 's3://other', serviceAccountAnnotations: { reader: 'origin' } });
    const on = { ...platform, stores: { stores: { main, other }, defaultStore: 'main' } };
    const spec = specOf({ ...begin({ archive: { store: 'other', serverName: 'x' } }), on });
    expect(spec.serviceAccountTemplate?.metadata.annotations).toEqual({ role: 'archive', reader: 'origin' });
    const free = specOf({ ...begin({ archive: { store: 'other', serverName: 'x' } }, { plan: 'free' }), on });
    expect(free.serviceAccountTemplate?.metadata.annotations).toEqual({ reader: 'origin' });
  });
});

describe('the Cluster', () => {
  it('keeps its database and owner when somebody edits where it came from', () => {
    const names = { database: { name: 'sales', owner: 'clerk' } };
    const sales = ran(settles(round({ ...byName, source: { ...source, spec: { ...source.spec, ...names } } })));
    const broken = edited(sales, (cluster) => ({
      ...cluster,
      spec: { ...cluster.spec, externalClusters: [{ name: 'origin', plugin: { name: 'other' } }] },
    }));
    const larger = { ...broken, addon: { ...broken.addon, spec: { ...broken.addon.spec, plan: 'pro' as const } } };
    expect(specOf(larger).bootstrap.recovery).toMatchObject({ database: 'sales', owner: 'clerk' });
    expect(round(broken).addon.status?.restore).toMatchObject({ serverName: lineage, database: 'sales' });
    // Nor does a status that was lost change it.
    const { restore: _, ...status } = larger.addon.status ?? {};
    const forgotten = { ...larger, addon: { ...larger.addon, status } };
    expect(specOf(forgotten).bootstrap.recovery).toMatchObject({ database: 'sales', owner: 'clerk' });
    expect(noteOn(round(forgotten))).toBe('main.1');
  });

  it('that is in the way, or cannot be seen, is reported before the source that is gone', () => {
    const forbidden = { kind: 'denied', message: 'no permission' } as const;
    const world = { ...running, source: undefined };
    expect(readyOf(round(world))?.reason).not.toBe('RestoreSourceMissing');
    const { restoreSource: _, ...o } = look(gone(world));
    const blind = think({ ...o, restoreSource: undefined, children: { ...o.children, cluster: forbidden } });
    expect(blind.status.conditions?.find(({ type }) => type === 'Ready')?.reason).toBe('Forbidden');
    const fresh = look({ ...byName, source: undefined });
    expect(think({ ...fresh, children: { ...fresh.children, cluster: forbidden } }).ready.reason).toBe('Forbidden');
  });

  it('says what it began with, also if status was lost, and nothing if it began empty', () => {
    const of = (world: World) => originOf(situationOf(look(world)));
    const { status: _, ...forgetful } = running.addon;
    expect(of({ ...running, addon: forgetful })).toMatchObject({ serverName: lineage, chosen: { name: 'main' } });
    for (const bootstrap of [undefined, {}, { initdb: { database: 'app', owner: 'app' } }]) {
      const empty = edited(running, (cluster) => ({ ...cluster, spec: { ...cluster.spec, bootstrap } }) as Cluster);
      expect(of(empty)).toBeUndefined();
    }
    const broken = edited(running, (cluster) => ({ ...cluster, spec: { ...cluster.spec, externalClusters: [] } }));
    expect(of(broken)).toMatchObject({ serverName: lineage });
    expect(of({ ...broken, addon: forgetful })).toBeUndefined();
  });

  it('has its backups in the store that the addon names, if nothing else tells', () => {
    const made = edited(ran(settles(round(byArchive))), (cluster) => ({
      ...cluster,
      metadata: { ...cluster.metadata, annotations: {} },
    }));
    const { status: _, ...forgetful } = made.addon;
    expect(originOf(situationOf(look({ ...made, addon: forgetful })))).toMatchObject({ chosen: { name: 'main' } });
  });
});

describe('a Cluster that vanished', () => {
  it('is restored from what it was restored from, although the source has other backups now, or is gone', () => {
    const at = '2026-01-02T03:00:30Z';
    const newer = [
      { serverName: 'newer', store: 'main', from: at },
      { serverName: lineage, from, until: at },
    ];
    for (const world of [withSource(running, { backup: { lineages: newer } }), { ...running, source: undefined }]) {
      const { externalClusters = [], bootstrap } = specOf(gone(world));
      expect(externalClusters[0]?.plugin.parameters?.serverName).toBe(lineage);
      expect(bootstrap.recovery).toMatchObject({ database: 'app', owner: 'app' });
    }
  });

  it('is restored by the version that wrote the backups, and upgraded afterwards', () => {
    const spec = { ...running.addon.spec, version: '18' };
    const status = {
      ...running.addon.status,
      version: '18',
      image: 'ghcr.io/cloudnative-pg/postgresql:18-standard-trixie',
    };
    expect(specOf(gone({ ...running, addon: { ...running.addon, spec, status } })).imageName).toContain(':17-');
  });

  it('is not restored once it had a base backup of its own, which is newer, also if backups have stopped', () => {
    const own = round(completes(round(running)));
    const free = round({ ...own, addon: { ...own.addon, spec: { ...own.addon.spec, plan: 'free' as const } } });
    expect(specOf(gone(round(settles(round(free))))).bootstrap).toEqual({ initdb: { database: 'app', owner: 'app' } });
  });

  it('is not restored from another one once a backup of its own is reported, also before that is recorded', () => {
    const { restore: _, ...status } = running.addon.status ?? {};
    const own = completes(round({ ...running, addon: { ...running.addon, status } }));
    const vanished = gone({
      ...own,
      source: undefined,
      addon: { ...own.addon, status: { ...status, ...backupIn(own) } },
    });
    expect(readyOf(round(vanished))?.reason).toBe('ClusterMissing');
  });

  it('is restored as the spec says if status was lost', () => {
    const { status: _, ...forgetful } = byName.addon;
    expect(originOf(situationOf(look({ ...byName, addon: forgetful })))).toMatchObject({ serverName: lineage });
  });

  it.each<readonly [string, object, string]>([
    ['a store that is gone', {}, 'is in object store "main", which this namespace cannot use'],
    ['no store', { store: undefined }, 'is in an object store that is not recorded, which'],
    ['a name as long as can be', { serverName: 'x'.repeat(100) }, `(server name ${'x'.repeat(100)})`],
    ['a name that is longer', { serverName: 'x'.repeat(101) }, `(server name ${'x'.repeat(99)}…)`],
  ])('says what cannot be restored if status has %s', (_, changes, words) => {
    const { restore, ...status } = running.addon.status ?? {};
    const addon = { ...running.addon, status: { ...status, restore: { ...restore, ...changes } } } as PostgresAddon;
    const world = { ...gone(running), addon, on: { ...platform, stores: otherStores } };
    expect(readyOf(round(world))?.message).toContain(words);
  });

  it('claims nothing of the database any more when its backups cannot be restored', () => {
    const lost = { ...gone(running), source: undefined, on: { ...platform, stores: otherStores } };
    const { restore: _, ...status } = running.addon.status ?? {};
    const { status: after } = think(look({ ...lost, addon: { ...running.addon, status } }));
    expect(after.conditions?.filter((one) => one.status === 'True').map(({ type }) => type)).toEqual(['Stalled']);
  });

  it('is not created without the store that it was restored from, nor from a name that leads elsewhere', () => {
    const withdrawn = { ...gone(running), on: { ...platform, stores: otherStores } };
    const { restore, ...status } = running.addon.status ?? {};
    const edited = { ...status, restore: { ...restore, serverName: '../team-b/db' } };
    for (const world of [withdrawn, { ...gone(running), addon: { ...running.addon, status: edited } }]) {
      expect(think(look(world)).actions).toEqual([]);
      expect(readyOf(round(world))?.reason).toBe('RestoreSourceMissing');
    }
  });

  it('says that it is restored again, and what that lacks', () => {
    const again = round(gone(running));
    expect(readyOf(again)?.message).toContain('without what was written since');
    const waiting = round(busy(again));
    expect(readyOf(waiting)?.reason).toBe('Restoring');
  });
});

describe('the source', () => {
  it('has its lineage in the store that leads to it, whatever its name is now', () => {
    const on = { ...platform, stores: { stores: { renamed: aStore() }, defaultStore: 'renamed' } };
    const lineages = [{ serverName: lineage, from, store: 'main', destinationPath: 's3://backups/team-a' }];
    const renamed = round({ ...withSource(byName, { backup: { lineages } }), on });
    expect(renamed.addon.status?.restore?.store).toBe('renamed');
  });

  it('has its lineage nowhere if that is not recorded', () => {
    const world = withSource(byName, { backup: { lineages: [{ serverName: lineage, from }] } });
    expect(readyOf(round(world))).toMatchObject({
      reason: 'RestoreSourceMissing',
      message: expect.stringContaining('an object store that is not recorded'),
    });
  });

  it('tells the version of its present lineage if that does not', () => {
    const lineages = [{ serverName: lineage, from, store: 'main' }];
    const world = withSource(byName, { version: '16.4', backup: { lineages } });
    expect(specOf(world).imageName).toContain(':16-');
  });

  it('tells the version of its present lineage only, and not of one before', () => {
    const lineages = [
      { serverName: 'newer', from: '2026-01-02T03:02:00Z', store: 'main' },
      { serverName: lineage, from, until: '2026-01-02T03:01:00Z', store: 'main' },
    ];
    const world = withSource(begin({ addon: 'shop', targetTime: from }), { version: '16.4', backup: { lineages } });
    expect(specOf(world).imageName).toContain(':17-');
  });

  it('has its lineage in the store of that name, also if another one leads there', () => {
    const on = { ...platform, stores: { stores: { first: aStore(), main: aStore() }, defaultStore: 'first' } };
    const lineages = [{ serverName: lineage, from, store: 'main', destinationPath: 's3://backups/team-a' }];
    expect(round({ ...withSource(byName, { backup: { lineages } }), on }).addon.status?.restore?.store).toBe('main');
  });

  it('that is missing is named as far as the spec does', () => {
    expect(noSource(byName.addon).message).toMatch(/^there is no PostgresAddon "shop" in this namespace \(/);
    expect(noSource(anAddon({ restore: { from: {} } })).message).toMatch(/^there is no PostgresAddon "" in this/);
  });

  it.each([
    [400, 's3://', ','],
    [401, 's3://', '…,'],
  ])('is told of by its path up to 400 characters: %i', (length, scheme, end) => {
    const destinationPath = scheme.padEnd(length, 'x');
    const world = withSource(byName, { backup: { lineages: [{ serverName: lineage, from, destinationPath }] } });
    expect(readyOf(round(world))?.message).toContain(`${destinationPath.slice(0, 400 - end.length + 1)}${end}`);
  });

  it('is requested in some form', () => {
    const empty = { ...byName, addon: { ...byName.addon, spec: { ...byName.addon.spec, restore: { from: {} } } } };
    expect(readyOf(round(empty))).toMatchObject({ reason: 'InvalidSpec', message: expect.stringContaining('neither') });
  });

  it('of messages that others can make long is quoted in part', () => {
    const destinationPath = `s3://${'x'.repeat(2000)}`;
    const lineages = [{ serverName: lineage, from, store: 'main', destinationPath }];
    const world = withSource(byName, { backup: { lineages } });
    expect(readyOf(round(world))?.message.length).toBeLessThan(1024);
  });
});

describe('an adoption', () => {
  const protectedOne = { ...byName.addon, spec: { ...byName.addon.spec, mode: 'protected' as const } };
  const left = ran(settles(round(round({ ...byName, addon: protectedOne }))));
  const next = (restore: NonNullable<PostgresAddon['spec']['restore']>['from'], more: Partial<World> = {}): World => {
    const { metadata, spec } = protectedOne;
    const addon = anAddon({ ...spec, restore: { from: restore } });
    return { ...left, addon: { ...addon, metadata: { ...metadata, uid: 'next-uid' } }, ...more };
  };

  it('is refused for the database of another source, if that is there to tell, and of another store', () => {
    expect(readyOf(round(next({ addon: 'shop' })))?.reason).toBe('Adopting');
    const unrelated = { ...source, status: { backup: { lineages: [{ serverName: 'unrelated' }] } } };
    expect(readyOf(round(next({ addon: 'shop' }, { source: unrelated })))?.reason).toBe('AdoptionRefused');
    const on = { ...platform, stores: { stores: { main: aStore(), other: aStore() }, defaultStore: 'main' } };
    const archive = { store: 'other', serverName: lineage };
    expect(readyOf(round(next({ archive }, { on })))?.reason).toBe('AdoptionRefused');
  });

  it('compares moments, and not how they are written', () => {
    const time = '2026-01-02T04:00:00+01:00';
    const at = ran(
      settles(
        round(
          round({
            ...begin({ addon: 'shop', targetTime: from }),
            addon: {
              ...protectedOne,
              spec: { ...protectedOne.spec, restore: { from: { addon: 'shop', targetTime: from } } },
            },
          }),
        ),
      ),
    );
    expect(Date.parse(time)).toBe(Date.parse(from));
    expect(readyOf(round({ ...next({ addon: 'shop', targetTime: time }), cluster: at.cluster }))?.reason).toBe(
      'Adopting',
    );
  });
});

it.each<readonly [string, boolean, PostgresAddon]>([
  ['asks for a restore', true, byName.addon],
  ['was restored', true, { ...anAddon(), status: running.addon.status ?? { operator: '' } }],
  ['began empty', false, anAddon()],
])('an addon that %s can have an ObjectStore of its origin: %s', (_, expected, addon) => {
  expect(isRestored(addon)).toBe(expected);
});

it('in words, the newest state is told apart from that of a time', () => {
  const origin = { serverName: 's', chosen: undefined };
  expect(inWords(origin)).toBe('from the backups of s, to their newest state');
  expect(inWords({ ...origin, targetTime: from })).toBe(`from the backups of s, as of ${from}`);
});

it('is read from no API: what it depends on is cached', () => {
  expect(needs(look(byName), testTime)).toEqual(needs(observing(anAddon()), testTime));
  expect(needs(look(byArchive), testTime)).toEqual(needs(observing(anAddon()), testTime));
});
