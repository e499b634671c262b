// Where a Cluster archives: under which name, and when CNPG has to look at its ObjectStore again.
import { describe, expect, it } from '@jest/globals';
import { annotations, type PostgresAddon } from '../../api/addon.ts';
import type { ObjectStore } from '../../api/barman.ts';
import type { Cluster } from '../../api/cnpg.ts';
import type { Profile } from '../database/plans.ts';
import { situationOf } from '../situation.ts';
import { aCluster, anAddon, anObjectStore, archivingBelow, aStore, aTarget, observing } from '../testing.ts';
import { incarnationOf, lineageOf, wantedArchive } from './archive.ts';
import type { Lineage } from './lineage.ts';
import { sidecarIn } from './note.ts';

const chosen = { name: 'main', store: aStore(), retention: '7d' };

/** A lineage that has a base backup in the store. */
const lineage = (serverName: string, more: Partial<Lineage> = {}): Lineage => ({
  serverName,
  version: '17',
  store: 'main',
  destinationPath: 's3://backups/team-a',
  from: '2026-01-01T00:00:00Z',
  ...more,
});

interface World {
  /** As in status, the newest first. */
  readonly lineages?: readonly Lineage[];
  /** Absent: there is no Cluster. */
  readonly cluster?: Cluster;
  readonly objectStore?: ObjectStore;
}
const given = ({ lineages = [], cluster, objectStore }: World) => {
  const addon: PostgresAddon = anAddon({}, { backup: { lineages: [...lineages] } });
  const o = observing(addon, { cluster, objectStore });
  return { s: situationOf(o), target: aTarget(o) };
};
function archiveIn(world: World, store = chosen) {
  const { s, target } = given(world);
  return wantedArchive(s, target.profile, store, 'db');
}
const nameIn = (world: World, store = chosen) => archiveIn(world, store)?.serverName ?? '';

const cluster = aCluster(anAddon());

describe('the name of a new lineage', () => {
  const first = nameIn({});
  const second = nameIn({ lineages: [lineage(first)] });
  const third = nameIn({ lineages: [lineage(second), lineage(first)] });

  it('is another one each time', () => {
    expect(first).toMatch(/^db-[0-9a-f]{8}$/);
    expect(new Set([first, second, third]).size).toBe(3);
  });

  it('follows the newest one, also if those before are forgotten', () => {
    expect(nameIn({ lineages: [lineage(second)] })).toBe(third);
  });

  it('is none that the plugin reports, if status was lost', () => {
    expect(nameIn({ cluster, objectStore: anObjectStore(anAddon(), { [first]: {}, [second]: {} }) })).toBe(third);
  });

  it('is none that status has recorded, if somebody made the Cluster return to an earlier one', () => {
    const lineages = [lineage(second), lineage(first, { store: 'other' })];
    expect(nameIn({ lineages, cluster: archivingBelow(cluster, first) })).toBe(third);
    const ended = lineage(second, { until: '2026-01-02T00:00:00Z' });
    expect(
      nameIn({ lineages: [ended, lineage(first, { store: 'other' })], cluster: archivingBelow(cluster, first) }),
    ).toBe(third);
  });

  it.each([
    ['there', archivingBelow(cluster, first)],
    ['there, but archives nothing', cluster],
  ])('stays the same until the Cluster has it, if that is %s', (_, cluster) => {
    const { from: __, ...pending } = lineage(second);
    const lineages = [pending, lineage(first, { store: 'other' })];
    expect(nameIn({ lineages, cluster })).toBe(second);
  });

  it('is another one after a Cluster that is gone, although that had no base backup: its archive is not empty', () => {
    const { from: __, ...begun } = lineage(first);
    expect(nameIn({ lineages: [begun] })).toBe(second);
  });
});

describe('a lineage', () => {
  const world = { lineages: [lineage('db-1')], cluster: archivingBelow(cluster, 'db-1') };

  it('goes on in the same place', () => {
    expect(nameIn(world)).toBe('db-1');
  });

  it.each([
    ['store', { ...chosen, name: 'other' }],
    ['path', { ...chosen, store: aStore({ destination: 's3://other' }) }],
  ])('ends with another %s', (_, store) => {
    expect(nameIn(world, store)).not.toBe('db-1');
  });

  it('is that of the Cluster until that has stopped to archive', () => {
    expect(lineageOf(given(world).s, undefined)).toBe('db-1');
  });
});

describe('CNPG looks at the ObjectStore', () => {
  const noteIn = (world: World, store = chosen) => archiveIn(world, store)?.note;

  it('once it has other settings', () => {
    expect(noteIn({})).toMatch(/^[0-9a-f]{8}[.][0-9a-f]{8}[.]1$/);
    expect(noteIn({}, { ...chosen, retention: '8d' })).not.toBe(noteIn({}));
  });

  it('and is told whether these are the memory of the container, which restarts the instances', () => {
    const memoryIn = (store: typeof chosen, profile: Partial<Profile> = {}): unknown => {
      const { s, target } = given({});
      return sidecarIn(wantedArchive(s, { ...target.profile, ...profile }, store, 'db')?.note);
    };
    const before = memoryIn(chosen);
    expect(before).toMatch(/^[0-9a-f]{8}$/);
    expect(memoryIn({ ...chosen, store: aStore({ wal: { compression: 'zstd' } }) })).toBe(before);
    for (const sidecarMemory of [
      { request: '128Mi', limit: '1Gi' },
      { request: '256Mi', limit: '512Mi' },
    ])
      expect(memoryIn(chosen, { sidecarMemory })).not.toBe(before);
  });

  it('that has lost its number as at the first one', () => {
    const objectStore = anObjectStore(anAddon());
    const numbered = (notes: Readonly<Record<string, string>>): number =>
      incarnationOf(
        given({ objectStore: { ...objectStore, metadata: { ...objectStore.metadata, annotations: notes } } }).s,
      );
    expect(numbered({ [annotations.objectStore]: '3' })).toBe(3);
    expect(numbered({})).toBe(1);
  });
});
