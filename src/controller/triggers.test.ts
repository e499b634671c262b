import { expect, it } from '@jest/globals';
import { addonApiVersion, labels, type PostgresAddon } from '../api/addon.ts';
import { aCluster, anAddon, anObjectStore } from '../domain/testing.ts';
import { Triggers } from './triggers.ts';

/** Triggers, and what they called for since the last time: the key of an addon to reconcile, or that an addon was deleted. */
function listening() {
  let keys: string[] = [];
  const noted: string[] = [];
  const triggers = new Triggers(
    (key) => keys.push(key),
    ({ metadata }) => keys.push(`${metadata.name} was deleted`),
    { note: (is, { metadata }) => noted.push(`${metadata.name} is ${is}`) },
  );
  return {
    triggers,
    noted,
    take: (): readonly string[] => {
      const taken = keys;
      keys = [];
      return taken;
    },
  };
}

/** An addon with another name that needs the Cluster of `shop`. */
function anotherOfTheApp(name: string): PostgresAddon {
  const addon = anAddon({ appId: 'shop' });
  return { ...addon, metadata: { ...addon.metadata, name } };
}

it('an addon is enqueued once when it or one of its children changes', () => {
  const { triggers, take } = listening();
  triggers.addonChanged({ type: 'added', object: anAddon() });
  expect(take()).toEqual(['team-a/shop']);
  triggers.childChanged(aCluster(anAddon()), 'db-team-a-shop');
  expect(take()).toEqual(['team-a/shop']);
});

it('a foreign object concerns only the addon that needs its name', () => {
  const { triggers, take } = listening();
  const own = aCluster(anAddon());
  const foreign = { ...own, metadata: { ...own.metadata, ownerReferences: [], labels: {} } };
  triggers.childChanged(foreign, 'db-team-a-shop');
  expect(take()).toEqual([]);
  triggers.addonChanged({ type: 'added', object: anAddon() });
  take();
  triggers.childChanged(foreign, 'db-team-a-shop');
  expect(take()).toEqual(['team-a/shop']);
  triggers.addonChanged({ type: 'deleted', object: anAddon() });
  take();
  triggers.childChanged(foreign, 'db-team-a-shop');
  expect(take()).toEqual([]);
});

it('a child of one addon with a name that another addon needs concerns both', () => {
  const { triggers, take } = listening();
  triggers.addonChanged({ type: 'added', object: anAddon({ appId: 'shop' }) });
  take();
  const other = anAddon();
  triggers.childChanged(aCluster({ ...other, metadata: { ...other.metadata, name: 'second' } }), 'db-team-a-shop');
  expect(take()).toEqual(['team-a/second', 'team-a/shop']);
});

it('the end of an addon is reported before it is enqueued, and concerns the others that need its Cluster; a change does not', () => {
  const { triggers, take } = listening();
  const { changed } = triggers.on.addons;
  for (const name of ['shop', 'second', 'third']) changed({ type: 'added', object: anotherOfTheApp(name) });
  expect(take()).toEqual(['team-a/shop', 'team-a/second', 'team-a/third']);
  changed({ type: 'modified', object: anAddon() });
  expect(take()).toEqual(['team-a/shop']);
  changed({ type: 'deleted', object: anAddon() });
  expect(take()).toEqual(['shop was deleted', 'team-a/shop', 'team-a/second', 'team-a/third']);
  changed({ type: 'deleted', object: anotherOfTheApp('second') });
  expect(take()).toEqual(['second was deleted', 'team-a/second', 'team-a/third']);
});

it('a foreign Cluster concerns all addons that need its name, until they are deleted', () => {
  const { triggers, take } = listening();
  const own = aCluster(anAddon());
  const foreign = { ...own, metadata: { ...own.metadata, ownerReferences: [], labels: {} } };
  for (const name of ['shop', 'second']) triggers.addonChanged({ type: 'added', object: anotherOfTheApp(name) });
  triggers.addonChanged({ type: 'modified', object: anAddon() });
  take();
  triggers.on.clusters.changed({ type: 'modified', object: foreign });
  expect(take().toSorted()).toEqual(['team-a/second', 'team-a/shop']);
  triggers.addonChanged({ type: 'deleted', object: anAddon() });
  take();
  triggers.on.clusters.changed({ type: 'deleted', object: foreign });
  expect(take()).toEqual(['team-a/second']);
});

it.each<readonly [string, readonly (readonly [kind: string, name: string, controller: boolean])[], string]>([
  ['the addon that controls it, whatever its labels say', [['PostgresAddon', 'owner', true]], 'team-a/owner'],
  [
    'not another owner',
    [
      ['PostgresAddon', 'other', false],
      ['PostgresAddon', 'owner', true],
    ],
    'team-a/owner',
  ],
  ['the addon in its labels, if nothing controls it', [['PostgresAddon', 'other', false]], 'team-a/shop'],
  ['the addon in its labels, if something else controls it', [['ConfigMap', 'other', true]], 'team-a/shop'],
])('a child concerns %s', (_, owners, expected) => {
  const { triggers, take } = listening();
  const cluster = aCluster(anAddon());
  const ownerReferences = owners.map(([kind, name, controller]) => {
    return { apiVersion: addonApiVersion, kind, name, uid: `${name}-uid`, controller };
  });
  const object = { ...cluster, metadata: { ...cluster.metadata, ownerReferences } };
  triggers.on.clusters.changed({ type: 'modified', object });
  expect(take()).toEqual([expected]);
});

it('a Cluster that the operator wrote concerns the other addons that need its name, and not the addon it was written for', () => {
  const { triggers, take } = listening();
  const { written } = triggers.on.clusters;
  written?.(aCluster(anAddon()));
  expect(take()).toEqual([]);
  for (const name of ['shop', 'second']) triggers.addonChanged({ type: 'added', object: anotherOfTheApp(name) });
  take();
  written?.(aCluster(anAddon()));
  expect(take()).toEqual(['team-a/second']);
  const cluster = aCluster(anAddon());
  written?.({ ...cluster, metadata: { ...cluster.metadata, labels: { [labels.name]: 'second' } } });
  expect(take()).toEqual(['team-a/shop']);
});

it('a ScheduledBackup concerns the addons that need the Cluster that it is named after', () => {
  const { triggers, take } = listening();
  triggers.on.addons.changed({ type: 'added', object: anAddon() });
  take();
  const { apiVersion, kind, metadata } = aCluster(anAddon());
  const foreign = { ...metadata, name: 'db-team-a-shop-daily', ownerReferences: [], labels: {} };
  triggers.on.scheduledBackups.changed({
    type: 'added',
    object: { apiVersion, kind, metadata: foreign, spec: {}, status: {} },
  });
  expect(take()).toEqual(['team-a/shop']);
});

it('an ObjectStore concerns its addon, and the addons that need the Cluster with its name', () => {
  const { triggers, take } = listening();
  const { changed } = triggers.on.objectStores;
  const own = anObjectStore(anAddon());
  changed({ type: 'modified', object: own });
  expect(take()).toEqual(['team-a/shop']);
  const foreign = { ...own, metadata: { ...own.metadata, ownerReferences: [], labels: {} } };
  changed({ type: 'added', object: foreign });
  expect(take()).toEqual([]);
  triggers.on.addons.changed({ type: 'added', object: anAddon() });
  take();
  changed({ type: 'modified', object: foreign });
  expect(take()).toEqual(['team-a/shop']);
});

it('a change of an addon concerns those that wait to be restored from it, until they are', () => {
  const { triggers, take } = listening();
  const copy = anotherOfTheApp('copy');
  const waiting = { ...copy, spec: { ...copy.spec, appId: 'copy', restore: { from: { addon: 'shop' } } } };
  const shop = anAddon();
  triggers.addonChanged({ type: 'added', object: waiting });
  expect(take()).toEqual(['team-a/copy']);
  // It may come later.
  triggers.addonChanged({ type: 'added', object: shop });
  expect(take()).toEqual(['team-a/shop', 'team-a/copy']);
  triggers.addonChanged({ type: 'deleted', object: shop });
  expect(take()).toEqual(['team-a/shop', 'team-a/copy']);
  triggers.on.addons.written?.(shop);
  expect(take()).toEqual(['team-a/copy']);
  // The watch does not report what the operator itself wrote.
  const restored = { ...waiting, status: { restore: { serverName: 'x' } } };
  triggers.on.addons.written?.(restored);
  expect(take()).toEqual([]);
  triggers.addonChanged({ type: 'modified', object: shop });
  expect(take()).toEqual(['team-a/shop']);
  triggers.addonChanged({ type: 'added', object: waiting });
  triggers.addonChanged({ type: 'deleted', object: waiting });
  take();
  triggers.addonChanged({ type: 'modified', object: shop });
  expect(take()).toEqual(['team-a/shop']);
});

it('a change of an addon concerns those of another namespace as well', () => {
  const { triggers, take } = listening();
  const copy = anotherOfTheApp('copy');
  const restore = { from: { addon: 'shop', namespace: 'team-b' } };
  triggers.addonChanged({ type: 'added', object: { ...copy, spec: { ...copy.spec, restore } } });
  take();
  const shop = anAddon();
  triggers.addonChanged({ type: 'modified', object: shop });
  expect(take()).not.toContain('team-a/copy');
  triggers.addonChanged({ type: 'modified', object: { ...shop, metadata: { ...shop.metadata, namespace: 'team-b' } } });
  expect(take()).toEqual(['team-b/shop', 'team-a/copy']);
});

it('a change of an addon concerns one that was restored from it, and cannot be again', () => {
  const { triggers, take } = listening();
  const copy = anotherOfTheApp('copy');
  const ready = { type: 'Ready', status: 'False', message: '', lastTransitionTime: '' } as const;
  const vanished = (reason: string) => ({
    ...copy,
    spec: { ...copy.spec, restore: { from: { addon: 'shop' } } },
    status: { restore: { serverName: 'x' }, conditions: [{ ...ready, reason }] },
  });
  for (const [reason, expected] of [
    ['RestoreSourceMissing', true],
    ['Running', false],
  ] as const) {
    triggers.addonChanged({ type: 'modified', object: vanished(reason) });
    take();
    triggers.addonChanged({ type: 'modified', object: anAddon() });
    expect(take().includes('team-a/copy')).toBe(expected);
  }
});

it('the ObjectStore that a database was restored from concerns its addon', () => {
  const { triggers, take } = listening();
  triggers.addonChanged({ type: 'added', object: anAddon() });
  take();
  const { metadata, ...rest } = anObjectStore(anAddon());
  const foreign = {
    ...rest,
    metadata: { ...metadata, name: 'db-team-a-shop.origin', labels: {}, ownerReferences: [] },
  };
  triggers.on.objectStores.changed({ type: 'deleted', object: foreign });
  expect(take()).toEqual(['team-a/shop']);
});

it('a change of an addon that is promoted concerns the addon of that app, and the other way round', () => {
  const { triggers, take } = listening();
  const shop = anAddon();
  const promoted = (): PostgresAddon => ({
    ...anAddon({ promote: { appId: 'shop' } }),
    metadata: { ...shop.metadata, name: 'copy', uid: 'uid-copy' },
  });
  triggers.addonChanged({ type: 'added', object: shop });
  take();
  triggers.addonChanged({ type: 'added', object: promoted() });
  expect(take()).toEqual(['team-a/copy', 'team-a/shop']);
  triggers.on.addons.written?.(shop);
  expect(take()).toEqual(['team-a/copy']);
  triggers.on.addons.written?.(promoted());
  expect(take()).toEqual(['team-a/shop']);
  triggers.on.addons.changed({ type: 'deleted', object: promoted() });
  expect(take()).toEqual(['copy was deleted', 'team-a/copy', 'team-a/shop']);
  triggers.addonChanged({ type: 'modified', object: shop });
  expect(take()).toEqual(['team-a/shop']);
});

it('the drills are told of every addon as it is: by the watch, by own writes, and when it is gone', () => {
  const { triggers, noted } = listening();
  triggers.on.addons.changed({ type: 'added', object: anAddon() });
  triggers.on.addons.written?.(anAddon());
  triggers.on.addons.changed({ type: 'deleted', object: anAddon() });
  expect(noted).toEqual(['shop is there', 'shop is there', 'shop is deleted']);
});

it('what belongs to a restore drill concerns the addon that it names', () => {
  const { triggers, take } = listening();
  const cluster = aCluster(anAddon());
  const metadata = {
    ...cluster.metadata,
    name: 'drill-db-team-a-shop',
    ownerReferences: [],
    labels: { [labels.name]: 'shop' },
  };
  triggers.on.clusters.changed({ type: 'modified', object: { ...cluster, metadata } });
  expect(take()).toEqual(['team-a/shop']);
});
