// How long a restore took, and what the next one is told of it.
import { describe, expect, it } from '@jest/globals';
import type { AddonStatus, PostgresAddon } from '../../api/addon.ts';
import type { Cluster } from '../../api/cnpg.ts';
import { look, round, settles, type World } from '../backup/testing.ts';
import { situationOf } from '../situation.ts';
import { anAddon, but, think } from '../testing.ts';
import { measured } from './estimate.ts';
import { withAnswer } from './lock.ts';
import { begin, busy, byArchive, byName, ran, readyOf, source } from './testing.ts';

type Restore = NonNullable<AddonStatus['restore']>;

const drilled = (result: 'Passed' | 'Failed'): PostgresAddon => ({
  ...source,
  status: {
    ...source.status,
    backup: { ...source.status?.backup, lastDrill: { time: '2026-01-01T00:00:00Z', result, duration: '41s' } },
  },
});

function beside(name: string, readyAt: string, restore: Partial<Restore>, namespace = 'team-a'): PostgresAddon {
  const one = anAddon({}, { ready_at: readyAt, restore: { serverName: 's', store: 'main', ...restore } });
  return { ...one, metadata: { ...one.metadata, name, namespace, uid: name } };
}

const others = [
  beside('older', '2026-01-01T00:00:00Z', { duration: '10s' }),
  beside('newer', '2026-01-02T00:00:00Z', { duration: '58s', size: '12Mi' }),
  beside('elsewhere', '2026-01-03T00:00:00Z', { duration: '1s', store: 'other' }),
  beside('unfinished', '2026-01-03T00:00:00Z', {}),
  beside('forged', '2026-01-04T00:00:00Z', { duration: 'for ever' }),
  beside('foreign', '2026-01-03T00:00:00Z', { duration: '1s' }, 'team-b'),
];
const told = (world: World, restored = others) => think(but(look(world), { restored })).status.restore?.estimate;

describe('a restore is told', () => {
  it('how long the last drill of its source took, if that passed', () => {
    expect(told({ ...byName, source: drilled('Passed') })).toBe('the last drill of PostgresAddon "shop" took 41s');
    expect(told({ ...byName, source: drilled('Failed') })).toContain('took 58s');
  });

  it('or else how long the last one of the namespace from that store took', () => {
    const expected = 'the last restore from object store "main", of PostgresAddon "newer", took 58s for 12Mi';
    expect([told(byName), told(byArchive)]).toEqual([expected, expected]);
    expect(told(byName, [])).toBeUndefined();
  });

  it.each([
    ['unknown', {}, ''],
    ['known', { size: '12Mi' }, ' for 12Mi'],
    ['no size', { size: '12Mi of gold' }, ''],
  ])('for how much, if the size is %s', (_, restore, words) => {
    const older = beside('older', '2026-01-01T00:00:00Z', { duration: '10s', ...restore });
    expect(told(byName, [older])).toBe(
      `the last restore from object store "main", of PostgresAddon "older", took 10s${words}`,
    );
  });

  it('of one that was ready at some time before one that nobody knows of', () => {
    const { ready_at: _, ...status } = beside('never', '', { duration: '10s' }).status ?? { operator: '' };
    const never = { ...beside('never', '', {}), status };
    const ready = beside('ready', '2026-01-01T00:00:00Z', { duration: '20s' });
    for (const both of [
      [never, ready],
      [ready, never],
    ])
      expect(told(byName, both)).toContain('took 20s');
  });

  it('once, in the message too, and until the database is ready', () => {
    const first = round({ ...byName, source: drilled('Passed') });
    const text = 'the last drill of PostgresAddon "shop" took 41s';
    const waiting = round(busy({ ...first, source: undefined }));
    expect(waiting.addon.status?.restore?.estimate).toBe(text);
    expect(readyOf(waiting)?.message).toMatch(new RegExp(`; ${text}$`));
    expect(round(ran(settles(waiting))).addon.status?.restore).not.toHaveProperty('estimate');
  });
});

describe('a restore is measured', () => {
  const since = (
    world: World,
    creationTimestamp: string | undefined,
    ready: Cluster['status']['readyCondition'],
  ): World => {
    const { cluster } = world;
    if (cluster === undefined) throw new Error('no Cluster');
    const status = { ...cluster.status, ...(ready === undefined ? {} : { readyCondition: ready }) };
    return {
      ...world,
      cluster: {
        ...cluster,
        metadata: { ...cluster.metadata, ...(creationTimestamp && { creationTimestamp }) },
        status,
      },
    };
  };
  const isReady = { status: 'True', lastTransitionTime: '2026-01-02T03:05:10Z' };
  const made = round(byName);
  /** While CNPG restores it. */
  const begun = round(busy(made));
  const durationOf = (world: World) => round(world).addon.status?.restore?.duration;

  it('from the creation of its Cluster until CNPG reports it ready', () => {
    expect(durationOf(since(begun, '2026-01-02T03:04:05Z', isReady))).toBe('1m5s');
    expect(durationOf(since(begun, '2026-01-02T03:04:05Z', { ...isReady, status: 'False' }))).toBeUndefined();
    expect(durationOf(since(begun, undefined, isReady))).toBeUndefined();
  });

  it('once, when its end is seen: a later restart says nothing of it', () => {
    const restarted = { ...isReady, lastTransitionTime: '2026-01-03T00:00:00Z' };
    const after = round(since(begun, '2026-01-02T03:04:05Z', isReady));
    expect(durationOf(since(after, '2026-01-02T03:04:05Z', restarted))).toBe('1m5s');
    const forgotten = { ...after.addon, status: { operator: after.addon.status?.operator ?? '' } };
    expect(durationOf(since({ ...after, addon: forgotten }, '2026-01-02T03:04:05Z', restarted))).toBeUndefined();
  });

  it('again for a Cluster that takes the place of one that vanished', () => {
    const after = ran(round(since(begun, '2026-01-02T03:04:05Z', isReady)));
    const again = round({ ...after, cluster: undefined });
    expect(again.addon.status?.restore).not.toHaveProperty('duration');
    const waiting = round(busy(again));
    expect(
      durationOf(since(waiting, '2026-01-02T04:00:00Z', { ...isReady, lastTransitionTime: '2026-01-02T04:00:30Z' })),
    ).toBe('30s');
  });

  it('and that and its size are kept, if they are known', () => {
    const done = { ...begun, cluster: made.cluster };
    const kept = (restore: Partial<Restore>) => {
      const { status } = done.addon;
      const addon = { ...done.addon, status: { ...status, conditions: [], restore: { serverName: 's', ...restore } } };
      return measured(situationOf(look({ ...done, addon })));
    };
    for (const restore of [{}, { size: '8Mi' }, { duration: '5s' }, { duration: '5s', size: '8Mi' }])
      expect(kept(restore)).toStrictEqual(restore);
  });

  it('with the size that the first login tells', () => {
    const restore: Restore = { serverName: 's' };
    expect(withAnswer(restore, { otherRoles: ['report'], bytes: 7_864_320 })).toEqual({
      serverName: 's',
      lockedRoles: ['report'],
      size: '8Mi',
    });
    expect(withAnswer(restore, { bytes: 1 })).toMatchObject({ size: '1Mi' });
    expect(withAnswer(restore, {})).toEqual(restore);
    expect(withAnswer(undefined, { bytes: 1 })).toBeUndefined();
  });
});

it('an addon that is not restored is told nothing', () => {
  expect(told({ ...begin({ addon: 'shop' }), addon: anAddon() })).toBeUndefined();
});
