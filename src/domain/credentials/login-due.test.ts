// When the last login no longer proves that the database can be used.
import { expect, it } from '@jest/globals';
import type { AddonStatus } from '../../api/addon.ts';
import type { Observed } from '../observed.ts';
import { situationOf } from '../situation.ts';
import { aCluster, anAddon, aRunningAddon, aTarget, but, changed, observing, testPlatform } from '../testing.ts';
import { isLoginCurrent } from './login-due.ts';

const platform = { ...testPlatform, connectionCheck: 'Required' } as const;
const running = aRunningAddon({ plan: 'free' });
const cluster = aCluster(running);
const { free } = platform.plans;

/** The last login was to the primary, in the present period of readiness. */
function loggedIn(reason = 'LoggedIn'): AddonStatus {
  const lastTransitionTime = '2026-01-02T03:04:05Z';
  const condition = { type: 'Connectable', status: 'True', reason, message: 'in', lastTransitionTime } as const;
  const conditions = [...(running.status?.conditions ?? []), condition];
  return { ...running.status, conditions, primary: 'db-team-a-shop-1', readySince: '2026-01-02T03:04:04Z' };
}
const addon = { ...running, status: loggedIn() };
const o = observing(addon, { cluster, platform });
const nothingNew = { actions: [], sourceVersion: '30' };
type Published = Parameters<typeof isLoginCurrent>[2];

it.each<readonly [string, Observed, Published, boolean]>([
  ['nothing has changed', o, nothingNew, true],
  ['nothing has changed, before the reads', o, undefined, true],
  ['no login is made', observing(anAddon(), { platform: { ...platform, connectionCheck: 'Off' } }), undefined, true],
  ['there is no Cluster', but(o, { cluster: undefined }), nothingNew, false],
  ['the primary is another', but(o, { cluster: aCluster(running, { currentPrimary: 'b' }) }), nothingNew, false],
  [
    'the database was not ready in between',
    but(o, { cluster: aCluster(running, { readyCondition: { status: 'True', lastTransitionTime: 'later' } }) }),
    nothingNew,
    false,
  ],
  ['the credentials that were read are others', o, { actions: [], sourceVersion: '31' }, false],
  [
    'the credentials are others',
    but(o, { cluster: aCluster(running, { applicationSecretVersion: '31' }) }),
    undefined,
    false,
  ],
  ['the spec has changed', but(o, { addon: changed(addon, {}) }), nothingNew, false],
  [
    'the platform team changes the plan',
    but(o, { platform: { ...platform, plans: { ...platform.plans, free: { ...free, memory: '2Gi' } } } }),
    nothingNew,
    false,
  ],
  ['the last one failed', but(o, { addon: { ...running, status: loggedIn('LoginTimeout') } }), nothingNew, false],
])('whether the last login counts when %s', (_, observed, published, expected) =>
  expect(isLoginCurrent(situationOf(observed), aTarget(observed), published)).toBe(expected),
);
