// What a foreign object in the way is called, and what its message tells the reader to do: nothing that cannot help.
import { expect, it } from '@jest/globals';
import { labels } from '../../api/addon.ts';
import type { OwnerReference } from '../../api/kubernetes.ts';
import { clusterName } from '../names.ts';
import { situationOf } from '../situation.ts';
import { aCluster, anAddon, observing } from '../testing.ts';
import { findObstacle } from './obstacle.ts';

const addon = anAddon({ plan: 'free', tenantId: 'acme', appId: 'web-shop' });
const named = (name: string, appId: string) => ({
  [labels.name]: name,
  [labels.uid]: 'other-uid',
  [labels.appId]: appId,
  [labels.managedBy]: 'postgres-addon-operator',
});
const owner: OwnerReference = {
  apiVersion: 'addons.paas.dev/v1alpha1',
  kind: 'PostgresAddon',
  name: 'first',
  uid: 'other-uid',
  controller: true,
};

it('the two addons need the same name', () =>
  expect(clusterName('acme-web', 'shop')).toBe(clusterName('acme', 'web-shop')));

it.each([
  [
    'of nobody',
    {},
    [],
    [],
    'NameConflict',
    /does not belong to this addon.* If nothing uses it, delete it; or create this addon again/,
  ],
  [
    'whose label somebody changed',
    { ...named('shop', 'shop'), [labels.managedBy]: 'platform' },
    [],
    [],
    'NameConflict',
    /label app.kubernetes.io\/managed-by is not "postgres-addon-operator".* set that label to adopt it; it may hold data$/,
  ],
  ['of another kind', {}, [{ ...owner, kind: 'Other' }], [], 'NameConflict', /delete it; or create this addon again/],
  [
    'of a living addon whose names are joined to the same',
    named('first', 'shop'),
    [owner],
    ['other-uid'],
    'NameConflict',
    /belongs to PostgresAddon "first", whose appId is "shop": its tenantId and appId are joined to the same name; create/,
  ],
  [
    'of a living protected addon with the same app',
    named('first', 'web-shop'),
    [],
    ['other-uid'],
    'NameConflict',
    /belongs to PostgresAddon "first"; create this addon again with another appId/,
  ],
  [
    'left behind by an addon with the same app',
    named('first', 'web-shop'),
    [],
    [],
    'AdoptionRefused',
    /left behind by the deleted PostgresAddon "first"; apply that addon again .* or set the label addons.paas.dev\/name=shop/,
  ],
  [
    'left behind by an addon whose names are joined to the same',
    named('first', 'shop'),
    [],
    [],
    'AdoptionRefused',
    /apply that addon again to adopt it, or create this addon again .*: its appId is "shop"/,
  ],
])('a Cluster %s', (_, own, ownerReferences, livingOwners, reason, words) => {
  const cluster = aCluster(addon);
  const metadata = { ...cluster.metadata, labels: own, ownerReferences };
  const observed = { ...observing(addon, { cluster: { ...cluster, metadata } }), livingOwners };
  expect(findObstacle(situationOf(observed))).toMatchObject({ reason, message: expect.stringMatching(words) });
});
