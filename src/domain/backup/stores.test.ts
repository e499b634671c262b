// Which store an addon writes to, and how long its backups are kept.
import { describe, expect, it } from '@jest/globals';
import type { AddonSpec } from '../../api/addon.ts';
import { anAddon, aStore } from '../testing.ts';
import { daysOf } from './retention.ts';
import { type Stores, storeOf } from './stores.ts';

const stores: Stores = {
  defaultStore: 'main',
  stores: {
    main: aStore(),
    cold: aStore({ retention: { min: '14d', max: '20d' } }),
    theirs: aStore({ namespaces: ['team-b'] }),
    ours: aStore({ namespaces: ['team-a', 'team-c'] }),
  },
};
const chosen = (backup: AddonSpec['backup'], from: Stores = stores, level: 'daily' | 'pitr' = 'daily') =>
  storeOf(anAddon(backup === undefined ? {} : { backup }), level, from);

describe('an addon', () => {
  it.each([
    [undefined, 'main', '7d'],
    [{ storeRef: { name: 'ours' } }, 'ours', '7d'],
    [{ retention: '3w' }, 'main', '3w'],
    [{ storeRef: { name: 'cold' } }, 'cold', '14d'],
    [{ storeRef: { name: 'cold' }, retention: '2w' }, 'cold', '2w'],
    [{ storeRef: { name: 'cold' }, retention: '20d' }, 'cold', '20d'],
  ])('with %j writes to %s and keeps its backups for %s', (backup, name, retention) => {
    expect(chosen(backup)).toMatchObject({ name, retention });
  });

  it('keeps point-in-time recovery for 35 days, or as long as the store permits', () => {
    expect(chosen(undefined, stores, 'pitr')).toMatchObject({ retention: '35d' });
    expect(chosen({ storeRef: { name: 'cold' } }, stores, 'pitr')).toMatchObject({ retention: '20d' });
  });

  it.each([
    [
      { storeRef: { name: 'nowhere' } },
      '"nowhere" is not an object store for this namespace; use one of main, cold, ours',
    ],
    [
      { storeRef: { name: 'theirs' } },
      '"theirs" is not an object store for this namespace; use one of main, cold, ours',
    ],
    [{ storeRef: { name: 'constructor' } }, '"constructor" is not an object store for this namespace'],
    [{ retention: '4m' }, '"4m" is not possible with object store "main"; use 1d to 90d'],
    [{ storeRef: { name: 'cold' }, retention: '1w' }, '"1w" is not possible with object store "cold"; use 14d to 20d'],
  ])('with %j is told what is possible, without the stores of others', (backup, words) => {
    const verdict = chosen(backup);
    expect(verdict).toMatchObject({ reason: 'InvalidSpec', message: expect.stringContaining(words) });
    expect(JSON.stringify(verdict)).not.toContain('theirs,');
  });

  it('has no store where none is the default, or the default is for others', () => {
    expect(chosen(undefined, { stores: stores.stores })).toBeUndefined();
    expect(chosen(undefined, { ...stores, defaultStore: 'theirs' })).toBeUndefined();
    expect(chosen({ storeRef: { name: 'main' } }, { stores: {} })).toMatchObject({
      message: expect.stringContaining('none is available in this namespace; ask the platform team for one'),
    });
  });
});

it.each([
  ['1d', 1],
  ['2w', 14],
  ['3m', 93],
])('%s is %d days', (retention, days) => expect(daysOf(retention)).toBe(days));

it.each(['', '0d', '1y', '1.5d', '-1d', '7'])('%j is no retention', (text) =>
  expect(() => daysOf(text)).toThrow(RangeError),
);
