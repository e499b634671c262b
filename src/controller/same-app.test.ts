// Which addons are told of each other, since one is promoted to the app of the other.
import { expect, it } from '@jest/globals';
import type { AddonSpec, PostgresAddon } from '../api/addon.ts';
import { anAddon } from '../domain/testing.ts';
import { SameApp } from './same-app.ts';

function named(name: string, spec: Partial<AddonSpec> = {}, namespace = 'team-a'): PostgresAddon {
  const addon = anAddon(spec);
  return { ...addon, metadata: { ...addon.metadata, name, namespace } };
}

it('an addon has to do with those that are promoted to its app, and the other way round', () => {
  const sameApp = new SameApp();
  const [shop, second, third] = [named('shop'), named('second', { appId: 'shop' }), named('third', { appId: 'web' })];
  const copy = named('copy', { promote: { appId: 'shop' } });
  const elsewhere = named('copy', { promote: { appId: 'shop' } }, 'team-b');
  for (const addon of [shop, second, third, copy, elsewhere]) sameApp.note('there', addon);
  expect(sameApp.others(shop)).toEqual(['team-a/copy', 'team-a/second']);
  expect(sameApp.others(second)).toEqual(['team-a/copy', 'team-a/shop']);
  expect(sameApp.others(third)).toEqual([]);
  expect(sameApp.others(copy)).toEqual(['team-a/shop', 'team-a/second']);
  expect(sameApp.others(named('another', { promote: { appId: 'shop' } }))).toEqual([
    'team-a/shop',
    'team-a/second',
    'team-a/copy',
  ]);
});

it('of two addons with the same app, one that is gone does not count', () => {
  const sameApp = new SameApp();
  const [shop, second] = [named('shop'), named('second', { appId: 'shop' })];
  const copy = named('copy', { promote: { appId: 'shop' } });
  for (const addon of [shop, second, copy]) sameApp.note('there', addon);
  sameApp.note('deleted', second);
  expect(sameApp.others(shop)).toEqual(['team-a/copy']);
  sameApp.note('there', named('second', { appId: 'web' }));
  expect(sameApp.others(copy)).toEqual(['team-a/shop']);
  sameApp.note('there', second);
  sameApp.note('there', named('third', { appId: 'shop' }));
  expect(sameApp.others(shop)).toEqual(['team-a/copy', 'team-a/second', 'team-a/third']);
  sameApp.note('there', named('third'));
  expect(sameApp.others(shop)).toEqual(['team-a/copy', 'team-a/second']);
});

it('until the Secret was given back, or the addon is gone', () => {
  const sameApp = new SameApp();
  const shop = named('shop');
  const copy = named('copy', { promote: { appId: 'shop' } });
  const ending = { ...named('copy'), status: { promotion: { appId: 'shop' } } };
  sameApp.note('there', copy);
  sameApp.note('there', ending);
  expect(sameApp.others(shop)).toEqual(['team-a/copy']);
  sameApp.note('there', named('copy'));
  expect(sameApp.others(shop)).toEqual([]);
  sameApp.note('there', copy);
  sameApp.note('deleted', copy);
  expect([sameApp.others(shop), sameApp.others(copy)]).toEqual([[], ['team-a/shop']]);
});
