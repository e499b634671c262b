// How long repairs of the same child wait for each other.
import { describe, expect, it } from '@jest/globals';
import type { AddonStatus } from '../api/addon.ts';
import { ManualClock } from '../testing/clock.ts';
import { Repairs } from './repairs.ts';
import { hour, isWriteOf, minute, World } from './testing.ts';

const key = 'team-a/shop';

describe('the repairs of a child', () => {
  it('wait from the fourth on, twice as long each time, up to ten minutes, and each child by itself', async () => {
    const clock = new ManualClock();
    const repairs = new Repairs(clock);
    const waits: unknown[] = [];
    for (let count = 0; count < 11; count += 1) {
      repairs.wrote(key, 'cluster', 1);
      waits.push(repairs.waits(key, 1).cluster);
    }
    const [free, growing] = [waits.slice(0, 3), waits.slice(3)];
    expect(free).toEqual([undefined, undefined, undefined]);
    expect(growing).toEqual([20_000, 40_000, 80_000, 160_000, 320_000, 600_000, 600_000, 600_000]);
    expect(repairs.waits(key, 1)).toEqual({ cluster: 600_000 });
    expect(repairs.waits('team-a/other', 1)).toEqual({});
    await clock.advance(599_000);
    expect(repairs.waits(key, 1)).toEqual({ cluster: 1000 });
    await clock.advance(999);
    expect(repairs.waits(key, 1)).toEqual({ cluster: 1 });
    await clock.advance(1);
    expect(repairs.waits(key, 1)).toEqual({});
  });

  it.each([
    ['twenty minutes', 20 * minute, { cluster: 600_000 }, { cluster: 600_000 }],
    ['more than twenty minutes', 20 * minute + 1, {}, { cluster: 20_000 }],
  ])('are counted from the first again after %s without one', async (_, pause, first, fourth) => {
    const clock = new ManualClock();
    const repairs = new Repairs(clock);
    for (let count = 0; count < 9; count += 1) repairs.wrote(key, 'cluster', 1);
    await clock.advance(pause);
    repairs.wrote(key, 'cluster', 1);
    expect(repairs.waits(key, 1)).toEqual(first);
    repairs.wrote(key, 'cluster', 1);
    repairs.wrote(key, 'cluster', 1);
    expect(repairs.waits(key, 1)).toEqual(first);
    repairs.wrote(key, 'cluster', 1);
    expect(repairs.waits(key, 1)).toEqual(fourth);
  });

  it('are counted anew for another generation of the addon, which is what its user asks for', () => {
    const repairs = new Repairs(new ManualClock());
    for (let count = 0; count < 9; count += 1) repairs.wrote(key, 'cluster', 1);
    expect(repairs.waits(key, 2)).toEqual({});
    for (let count = 0; count < 3; count += 1) repairs.wrote(key, 'cluster', 2);
    expect(repairs.waits(key, 2)).toEqual({});
    repairs.wrote(key, 'cluster', 2);
    expect(repairs.waits(key, 2)).toEqual({ cluster: 20_000 });
  });

  it('are forgotten with the addon', () => {
    const repairs = new Repairs(new ManualClock());
    for (let count = 0; count < 9; count += 1) repairs.wrote(key, 'cluster', 1);
    repairs.forget(key);
    expect(repairs.waits(key, 1)).toEqual({});
  });
});

it('somebody who sets a field back during a change of the plan is answered ever more rarely too', async () => {
  const world = new World();
  world.user('create standard');
  await world.advance(10 * minute);
  // CNPG never comes to what is asked for.
  world.faults = { noCnpg: true };
  world.user('plan pro');
  await world.advance(minute);
  for (let seconds = 0; seconds < 3600; seconds += 5) {
    world.user('scale the Cluster by hand');
    await world.advance(5000);
  }
  const writes = world.lately(hour).requests.filter((request) => isWriteOf(request, 'cluster')).length;
  expect(writes).toBeLessThanOrEqual(16);
  expect(writes).toBeGreaterThan(6);
  const { conditions = [] } = (world.seen('addon')?.status ?? {}) as AddonStatus;
  expect(conditions.find(({ type }) => type === 'PlanApplied')?.reason).toBe('FieldContested');
  await world.queue.stop(0);
});

it.each([
  ['scale the Cluster by hand', 'cluster', 'PlanApplied', 'Applied'],
  ['change the schedule by hand', 'scheduledBackup', 'BackupReady', 'InForce'],
] as const)(
  'a user who does "%s" every two seconds is answered ever more rarely, and by a condition; once that ends, by a repair',
  async (step, slot, type, reason) => {
    const world = new World();
    world.user('create standard');
    await world.advance(10 * minute);
    const reasonIn = (): unknown => {
      const { conditions = [] } = (world.seen('addon')?.status ?? {}) as AddonStatus;
      return conditions.find((condition) => condition.type === type)?.reason;
    };
    expect(reasonIn()).toBe(reason);
    for (let seconds = 0; seconds < 3600; seconds += 2) {
      world.user(step);
      await world.advance(2000);
    }
    const writes = world.lately(hour).requests.filter((request) => isWriteOf(request, slot)).length;
    expect(writes).toBeLessThanOrEqual(16);
    expect(writes).toBeGreaterThan(6);
    expect(reasonIn()).toBe('FieldContested');
    expect(world.spins).toBe(0);
    await world.advance(15 * minute);
    expect(reasonIn()).toBe(reason);
    await world.queue.stop(0);
  },
);
