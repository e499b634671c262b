// What status remembers of the lineages of an addon.
import { describe, expect, it } from '@jest/globals';
import { situationOf } from '../situation.ts';
import {
  aCluster,
  anAddon,
  anObjectStore,
  archivingBelow,
  aStore,
  aTarget,
  observing,
  testPlatform,
  testTime,
} from '../testing.ts';
import { type Lineage, presentLineage } from './lineage.ts';
import { lineagesOf } from './lineages.ts';

const platform = { ...testPlatform, stores: { defaultStore: 'main', stores: { main: aStore() } } };

/** The next lineages of an addon whose Cluster archives below `db-1`. @param oldest of the base backups that the plugin reports */
function next(recorded: readonly Lineage[], oldest?: string, dataMajor?: number): readonly Lineage[] {
  const addon = anAddon({}, { backup: { lineages: [...recorded] } });
  const windows = oldest === undefined ? {} : { 'db-1': { firstRecoverabilityPoint: oldest } };
  const cluster = archivingBelow(aCluster(addon, dataMajor === undefined ? {} : { dataMajor }), 'db-1');
  const o = observing(addon, { cluster, objectStore: anObjectStore(addon, windows), platform });
  return lineagesOf(situationOf(o), aTarget(o), testTime);
}
const place = { store: 'main', destinationPath: 's3://backups/team-a' };
const begun = { serverName: 'db-1', version: '17', ...place };
const [first, second] = ['2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'];

describe('the present lineage', () => {
  it('has no times before its first base backup', () => {
    expect(next([])).toStrictEqual([begun]);
  });

  it('keeps the time of the first one when the plugin removes it', () => {
    const backedUp = next([begun], first);
    expect(backedUp).toStrictEqual([{ ...begun, since: first, from: first }]);
    expect(next(backedUp, second)).toStrictEqual([{ ...begun, since: first, from: second }]);
  });

  it.each([
    [undefined, '17'],
    [17, '17'],
    [16, '16'],
  ])('of data of version %s is recorded with version %s', (dataMajor, version) => {
    expect(next([], undefined, dataMajor)).toMatchObject([{ version }]);
  });

  it('is the first one, unless that has ended', () => {
    const of = (...lineages: readonly Lineage[]) =>
      presentLineage(anAddon({}, { backup: { lineages: [...lineages] } }));
    expect(of(begun, { serverName: 'db-0', version: '17' })).toEqual(begun);
    expect(of({ ...begun, until: second }, begun)).toBeUndefined();
    expect(of()).toBeUndefined();
  });
});

it('the last ten are remembered: those before the present one have ended, each at the time when that was seen', () => {
  const past = Array.from({ length: 12 }, (_, index) => ({ serverName: `db-0${index}`, version: '16' }));
  const ended = past.map((lineage, index) => (index === 0 ? lineage : { ...lineage, until: first }));
  expect(next(ended)).toStrictEqual([
    begun,
    ...past.slice(0, 9).map((lineage, index) => ({ ...lineage, until: index === 0 ? '2026-01-02T03:04:05Z' : first })),
  ]);
});
