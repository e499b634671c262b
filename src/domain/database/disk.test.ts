// A larger disk is reported once the volume claims have it, and never before.
import { describe, expect, it } from '@jest/globals';
import { annotations } from '../../api/addon.ts';
import { needs } from '../needs.ts';
import type { Observed, Volume } from '../observed.ts';
import {
  aCluster,
  anAddon,
  aRunningAddon,
  aVolume,
  but,
  changed,
  childIn,
  observing,
  observingAll,
  testTime,
  think,
} from '../testing.ts';

const before = aRunningAddon({ plan: 'free' });
const asked = changed(before, { plan: 'standard' });

/** The Cluster has what plan standard asks for, and the instances run it; status is that before the change. */
function grown(volumes: Observed['volumes']): Observed {
  const larger = aCluster(anAddon({ plan: 'standard' }), {
    readyCondition: { status: 'True', lastTransitionTime: '2026-02-01T00:00:00Z' },
  });
  return { ...but(observingAll(asked, 'u'), { cluster: larger }), volumes };
}
const found = (...volumes: readonly Partial<Volume>[]): Observed['volumes'] => ({
  kind: 'found',
  object: volumes.map(aVolume),
});

describe('a database that was adopted', () => {
  const addon = anAddon({ plan: 'standard' });
  const cluster = aCluster(addon);
  const adopted = {
    ...cluster,
    metadata: { ...cluster.metadata, annotations: { [annotations.formerUid]: 'former' } },
  };
  const seen = (volumes: Observed['volumes']): Observed => ({ ...observing(addon, { cluster: adopted }), volumes });

  it('has its claims read, and no size is reported before', () => {
    expect(needs(seen({ kind: 'unread' }), testTime).volumes).toBe(true);
    const { status } = think(seen({ kind: 'unread' }));
    expect(status.resources).not.toHaveProperty('storage');
    const ready = { ...addon, status: { ...addon.status, ready_at: '2026-01-01T00:00:00Z' } };
    const { conditions } = think(but(seen({ kind: 'unread' }), { addon: ready })).status;
    expect(conditions?.find(({ type }) => type === 'PlanApplied')?.message).toContain('the disks were of unknown size');
  });

  it.each([
    ['has not grown', '1Gi', undefined, 'VolumeGrowing'],
    ['has grown', '10Gi', '10Gi', 'Applied'],
  ] as const)('whose disk %s is reported so', (_, capacity, storage, reason) => {
    const ready = { ...addon, status: { ...addon.status, ready_at: '2026-01-01T00:00:00Z' } };
    const { status } = think({ ...observing(ready, { cluster: adopted }), volumes: found({ capacity }) });
    expect(status.resources?.storage).toBe(storage);
    expect(status.conditions?.find(({ type }) => type === 'PlanApplied')?.reason).toBe(reason);
  });
});

describe('after the Cluster has a larger disk', () => {
  it.each([
    ['no claim was read', { kind: 'unread' } as const, '1Gi', 'VolumeGrowing'],
    ['there is no claim', found(), '1Gi', 'VolumeGrowing'],
    ['a claim has not grown', found({ capacity: '10Gi' }, { capacity: '1Gi' }), '1Gi', 'VolumeGrowing'],
    ['a claim is not bound', found({ capacity: '' }), '1Gi', 'VolumeGrowing'],
    ['only the claim for WAL is read', found({ isData: false, capacity: '10Gi' }), '1Gi', 'VolumeGrowing'],
    ['claims cannot be read', { kind: 'denied', message: 'no' } as const, '1Gi', 'StorageUnverified'],
    ['every claim has grown', found({ capacity: '10Gi' }, { isData: false, capacity: '1Gi' }), '10Gi', 'Applied'],
    ['every claim has grown, in other units', found({ capacity: '10240Mi' }), '10Gi', 'Applied'],
  ])('and %s', (_, volumes, storage, reason) => {
    const { status, decision } = think(grown(volumes));
    expect(status.resources?.storage).toBe(storage);
    expect(decision.conditions.PlanApplied?.reason).toBe(reason);
    expect(decision.ready.reason).toBe('Running');
  });

  it('the message does not depend on what was read', () => {
    const messages = [{ kind: 'unread' } as const, found({ capacity: '1Gi' }), found()].map(
      (volumes) => think(grown(volumes)).decision.conditions.PlanApplied?.message,
    );
    expect(new Set(messages).size).toBe(1);
    expect(messages[0]).toMatch(/were 1Gi and have not all grown to 10Gi yet.*kubectl describe pvc -n team-a -l /);
  });

  it('the claims are read until status has the size, and not any more then', () => {
    const growing = grown({ kind: 'unread' });
    expect(needs(growing, testTime).volumes).toBe(true);
    const { status } = think(grown(found({ capacity: '10Gi' })));
    const settled = { ...growing, addon: { ...asked, status } };
    expect(needs(settled, testTime).volumes).toBe(false);
  });
});

it('the round that requests a larger disk does not report it', () => {
  const o = observingAll(asked, 'u');
  const still = but(o, { cluster: childIn(observingAll(before, 'u'), 'cluster') });
  const { actions, status } = think({ ...still, volumes: found({ capacity: '1Gi' }) });
  expect(actions.map(({ child }) => child)).toContain('cluster');
  expect(status.resources?.storage).toBe('1Gi');
});
