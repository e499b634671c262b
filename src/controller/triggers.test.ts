import { expect, it } from '@jest/globals';
import { aCluster, anAddon } from '../domain/testing.ts';
import { Triggers } from './triggers.ts';

function listening(): { readonly triggers: Triggers; readonly take: () => readonly string[] } {
  let keys: string[] = [];
  const triggers = new Triggers(
    (key) => keys.push(key),
    () => {},
  );
  return {
    triggers,
    take: () => {
      const taken = keys;
      keys = [];
      return taken;
    },
  };
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

it('a Cluster that the operator wrote concerns the other addons that need its name, and not the addon it was written for', () => {
  const { triggers, take } = listening();
  const other = anAddon({ appId: 'shop' });
  const second = { ...other, metadata: { ...other.metadata, name: 'second' } };
  for (const object of [anAddon(), second]) triggers.addonChanged({ type: 'added', object });
  take();
  triggers.clusterWritten(aCluster(anAddon()));
  expect(take()).toEqual(['team-a/second']);
});

it('a ScheduledBackup concerns the addons that need the Cluster that it is named after', () => {
  const { triggers, take } = listening();
  triggers.on.addons.changed({ type: 'added', object: anAddon() });
  take();
  const { apiVersion, kind, metadata } = aCluster(anAddon());
  const foreign = { ...metadata, name: 'db-team-a-shop-daily', ownerReferences: [], labels: {} };
  triggers.on.scheduledBackups.changed({ type: 'added', object: { apiVersion, kind, metadata: foreign, spec: {} } });
  expect(take()).toEqual(['team-a/shop']);
});
