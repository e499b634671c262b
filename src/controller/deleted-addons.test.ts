import { describe, expect, it } from '@jest/globals';
import { labels, type PostgresAddon } from '../api/addon.ts';
import type { Cluster } from '../api/cnpg.ts';
import { aCluster, anAddon } from '../domain/testing.ts';
import { DeletedAddons } from './deleted-addons.ts';

const key = 'team-a/shop';
const addon = anAddon();
const owned = aCluster(addon);
const change = (metadata: Partial<Cluster['metadata']>): Cluster => ({
  ...owned,
  metadata: { ...owned.metadata, ownerReferences: [], ...metadata },
});
const loose = change({});

/** `there` is the cached Cluster. */
function aDeparted(cluster: Cluster | undefined) {
  const there = { cluster };
  return { there, deletedAddons: new DeletedAddons({ get: () => there.cluster }) };
}

describe('a deleted addon', () => {
  it('is returned while its Cluster has neither an owner nor a mark, until it was processed', () => {
    const { deletedAddons } = aDeparted(loose);
    expect(deletedAddons.next(key)).toBeUndefined();
    deletedAddons.add(addon);
    expect(deletedAddons.next(key)).toBe(addon);
    expect(deletedAddons.next('team-a/other')).toBeUndefined();
    deletedAddons.forget(addon);
    expect(deletedAddons.next(key)).toBeUndefined();
  });

  it('waits for the garbage collector while the Cluster has an owner reference', () => {
    const { deletedAddons, there } = aDeparted(owned);
    deletedAddons.add(addon);
    expect(deletedAddons.next(key)).toBeUndefined();
    there.cluster = loose;
    expect(deletedAddons.next(key)).toBe(addon);
  });

  it.each([
    ['is gone', undefined],
    ['is being deleted', change({ deletionTimestamp: '2026-01-02T03:04:05Z' })],
    ['is marked', change({ labels: { ...owned.metadata.labels, [labels.orphaned]: 'true' } })],
    ['belongs to the next addon', change({ labels: { ...owned.metadata.labels, [labels.uid]: 'next' } })],
    ['is foreign', change({ labels: {} })],
  ])('is forgotten when its Cluster %s', (_, cluster) => {
    const { deletedAddons, there } = aDeparted(cluster);
    deletedAddons.add(addon);
    expect(deletedAddons.next(key)).toBeUndefined();
    there.cluster = loose;
    expect(deletedAddons.next(key)).toBeUndefined();
  });

  it('is not forgotten because of the next one with its name', () => {
    const { deletedAddons } = aDeparted(loose);
    const next: PostgresAddon = { ...addon, metadata: { ...addon.metadata, uid: 'next' } };
    deletedAddons.add(addon);
    deletedAddons.add(next);
    expect(deletedAddons.next(key)).toBe(addon);
    deletedAddons.forget(next);
    expect(deletedAddons.next(key)).toBe(addon);
  });

  it('is forgotten alone, and without having been remembered', () => {
    const { deletedAddons, there } = aDeparted(loose);
    const next: PostgresAddon = { ...addon, metadata: { ...addon.metadata, uid: 'next' } };
    const ofNext = change({ labels: { ...owned.metadata.labels, [labels.uid]: 'next' } });
    deletedAddons.forget(addon);
    deletedAddons.add(addon);
    deletedAddons.add(next);
    there.cluster = ofNext;
    expect(deletedAddons.next(key)).toBe(next);
    // Its own Cluster was not there any more when it was asked for.
    there.cluster = loose;
    expect(deletedAddons.next(key)).toBeUndefined();
    deletedAddons.add(addon);
    deletedAddons.add(next);
    deletedAddons.forget(addon);
    expect(deletedAddons.next(key)).toBeUndefined();
  });

  it('makes room for others once it was processed', () => {
    const { deletedAddons } = aDeparted(loose);
    const named = (name: string): PostgresAddon => ({ ...addon, metadata: { ...addon.metadata, name } });
    deletedAddons.add(addon);
    for (let number = 0; number < 2048; number += 1) {
      deletedAddons.add(named(`shop-${number}`));
      deletedAddons.forget(named(`shop-${number}`));
    }
    expect(deletedAddons.next(key)).toBe(addon);
  });

  it('is forgotten in favour of newer ones if there are too many', () => {
    const { deletedAddons } = aDeparted(loose);
    const named = (name: string): PostgresAddon => ({ ...addon, metadata: { ...addon.metadata, name } });
    deletedAddons.add(addon);
    for (let number = 1; number < 1024; number += 1) deletedAddons.add(named(`shop-${number}`));
    expect(deletedAddons.next(key)).toBe(addon);
    deletedAddons.add(named('one-more'));
    expect(deletedAddons.next(key)).toBeUndefined();
  });
});
