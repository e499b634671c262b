// Restores of an addon of another namespace: only if that one permits it, and from its folder of the object store.
import { describe, expect, it } from '@jest/globals';
import { type AddonSpec, annotations, labels, type PostgresAddon } from '../../api/addon.ts';
import type { KubeObject } from '../../api/kubernetes.ts';
import { look, platform, round, settles, type World } from '../backup/testing.ts';
import { aStore, manifestOf, summary, think } from '../testing.ts';
import { ran, readyOf, restored, source } from './testing.ts';

/** The source, in team-b. */
const elsewhere = (allowed?: string): PostgresAddon => {
  const { metadata, ...rest } = JSON.parse(JSON.stringify(source).replaceAll('team-a', 'team-b')) as PostgresAddon;
  const grant = allowed === undefined ? {} : { annotations: { [annotations.restoreAllowedFrom]: allowed } };
  return { ...rest, metadata: { ...metadata, ...grant } };
};
const from = { addon: 'shop', namespace: 'team-b' };
const begin = (allowed?: string, spec: Partial<AddonSpec> = {}, name = 'copy'): World => ({
  addon: restored(from, spec, name),
  source: elsewhere(allowed),
});
const pathIn = (world: World) => manifestOf(think(look(world)).actions, 'originStore').spec as never;
const inFolder = (path: string) => ({ configuration: { destinationPath: path } });

describe('an addon of another namespace', () => {
  it.each<readonly [string, World]>([
    ['that permits nobody', begin()],
    ['that permits others', begin('team-c,team-aa, a, *')],
    ['that does not exist', { ...begin(), source: undefined }],
  ])('%s is not restored, and the message is the same', (_, world) => {
    const { actions, status } = think(look(world));
    expect(actions).toEqual([]);
    expect(status.conditions?.find(({ type }) => type === 'Ready')).toMatchObject({
      reason: 'RestoreSourceMissing',
      message:
        'there is no PostgresAddon "shop" in namespace "team-b" that may be restored here (spec.restore.from). Its owner permits that by adding "team-a" to its annotation addons.paas.dev/restore-allowed-from; if it has none, kubectl annotate pga shop -n team-b addons.paas.dev/restore-allowed-from=team-a',
    });
  });

  it.each(['team-a', 'team-c,team-a', ' team-c , team-a '])(
    'that permits it by "%s" is restored from its folder',
    (allowed) => {
      const world = begin(allowed);
      expect(summary(think(look(world)).actions)).toEqual([
        'create ObjectStore',
        'create ObjectStore',
        'create Cluster',
      ]);
      expect(pathIn(world)).toMatchObject(inFolder('s3://backups/team-b'));
      // What the new database archives is its own.
      expect(manifestOf(think(look(world)).actions, 'objectStore').spec).toMatchObject(inFolder('s3://backups/team-a'));
      expect(round(world).addon.status?.restore).toMatchObject({ namespace: 'team-b', store: 'main', database: 'app' });
    },
  );

  it('can have the same name', () => {
    expect(summary(think(look(begin('team-a', {}, 'shop'))).actions)).toContain('create Cluster');
  });

  it('is restored from a store that this namespace may use as well', () => {
    const stores = { stores: { main: aStore({ namespaces: ['team-b'] }) } };
    const { actions, status } = think(look({ ...begin('team-a', { plan: 'free' }), on: { ...platform, stores } }));
    expect(actions).toEqual([]);
    expect(status.conditions?.find(({ type }) => type === 'Ready')?.reason).toBe('RestoreSourceMissing');
  });
});

describe('a database that was restored from another namespace', () => {
  const running = ran(settles(round(begin('team-a'))));

  it.each<readonly [string, PostgresAddon | undefined]>([
    ['gone', undefined],
    ['closed again', elsewhere()],
  ])('gets its ObjectStore again, although the source is %s', (_, now) => {
    const world = { ...running, source: now, originStore: undefined };
    expect(pathIn(world)).toMatchObject(inFolder('s3://backups/team-b'));
    expect(think(look({ ...running, source: now })).status.restore?.namespace).toBe('team-b');
  });

  it('is restored again if its Cluster vanishes, as long as that is permitted', () => {
    const vanished = { ...running, cluster: undefined, originStore: undefined };
    expect(summary(think(look(vanished)).actions)).toContain('create Cluster');
    const closed = round({ ...vanished, source: elsewhere() });
    expect(closed.wrote).not.toContain('create Cluster');
    expect(readyOf(closed)).toMatchObject({
      reason: 'RestoreSourceMissing',
      message: expect.stringMatching(
        /^the Cluster was deleted, and there is no PostgresAddon "shop" in namespace "team-b"/,
      ),
    });
  });

  it('is not restored from another lineage, whatever its status says', () => {
    const { status } = running.addon;
    const restore = { ...status?.restore, serverName: 'db-team-b-payments-1a2b3c4d' };
    const forged = { ...running.addon, status: { ...status, restore } } as PostgresAddon;
    const world = { ...running, addon: forged, cluster: undefined, originStore: undefined };
    expect(summary(think(look(world)).actions)).not.toContain('create Cluster');
  });
});

describe('a database that was left behind is adopted by an addon', () => {
  /** What a protected addon leaves, and another one that finds it. */
  const leftBy = (world: World, next: PostgresAddon): World => {
    const uid = { [labels.uid]: 'gone', [labels.orphaned]: 'true' };
    const orphaned = <T extends KubeObject>(child: T | undefined) =>
      child && {
        ...child,
        metadata: { ...child.metadata, ownerReferences: [], labels: { ...child.metadata.labels, ...uid } },
      };
    return { ...world, addon: next, cluster: orphaned(world.cluster), originStore: orphaned(world.originStore) };
  };
  const foreign = ran(settles(round(begin('team-a'))));
  const own = ran(settles(round({ addon: restored({ addon: 'shop' }), source })));
  const refusal = (world: World) => {
    const { ready, actions } = think(look(world)).decision;
    return ready.reason === 'AdoptionRefused' ? [ready.message, actions.length] : ready.reason;
  };

  it.each<readonly [string, World, PostgresAddon, string | undefined]>([
    ['with the same spec.restore', foreign, restored(from), undefined],
    ['of the same namespace', own, restored({ addon: 'shop' }), undefined],
    ['without one', own, restored({ addon: 'shop' }, { restore: undefined as never }), undefined],
    [
      'of another namespace without one',
      foreign,
      restored(from, { restore: undefined as never }),
      'of namespace "team-b"',
    ],
    ['with one of another namespace', own, restored(from), 'of namespace "team-a"'],
    [
      'with one of another namespace, and nothing tells',
      { ...own, originStore: undefined },
      restored(from),
      'nothing tells',
    ],
  ])('%s: %#', (_, world, next, words) => {
    const found = leftBy({ ...world, source: undefined }, next);
    if (words === undefined) expect(refusal(found)).toBe('Adopting');
    else expect(refusal(found)).toEqual([expect.stringContaining(words), 0]);
  });
});
