// Where the operator logs in, and what a suspended addon goes on saying about its last login.
import { expect, it } from '@jest/globals';
import { aCluster, anAddon, aRunningAddon, aSource, but, changed, observing, testPlatform, think } from '../testing.ts';

const platform = { ...testPlatform, connectionCheck: 'Required' } as const;

it('the login is made as the application does it, to the Service of the primary', () => {
  const addon = anAddon({ plan: 'free', database: { name: 'orders', owner: 'seller' } });
  const cluster = aCluster(addon);
  const object = aSource(cluster, { username: 'seller', dbname: 'orders' });
  const { login } = think(observing(addon, { cluster, source: { kind: 'found', object }, platform }));
  expect(login).toEqual({
    url: 'postgresql://seller:secret@db-team-a-shop-rw.team-a:5432/orders',
    place: {
      sourceSecret: 'db-team-a-shop-app',
      host: 'db-team-a-shop-rw.team-a',
      database: 'orders',
      role: 'seller',
    },
    proves: { primary: 'db-team-a-shop-1', readySince: '2026-01-02T03:04:04Z' },
    question: {},
  });
});

it.each(['Required', 'Advisory', 'Off'] as const)(
  'a suspended addon makes no login and keeps the result of the last one, also after a failover (%s)',
  (connectionCheck) => {
    const addon = changed(aRunningAddon({ plan: 'free' }), { suspend: true });
    const last = { type: 'Connectable', status: 'True', reason: 'LoggedIn', message: 'in' } as const;
    const { conditions = [] } = addon.status ?? {};
    const known = { ...last, lastTransitionTime: '2026-01-01T00:00:00Z' };
    const cluster = aCluster(addon, { currentPrimary: 'db-team-a-shop-2', targetPrimary: 'db-team-a-shop-2' });
    const source = { kind: 'found', object: aSource(cluster) } as const;
    const suspended = { ...addon, status: { ...addon.status, conditions: [...conditions, known] } };
    const o = observing(suspended, { cluster, source, platform: { ...platform, connectionCheck } });
    const { login, status } = think(but(o, { resync: true }));
    expect(login).toBeUndefined();
    expect(status.conditions?.find(({ type }) => type === 'Connectable')).toEqual(known);
  },
);
