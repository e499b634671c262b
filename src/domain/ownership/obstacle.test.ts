// What a foreign object in the way is called, and what its message tells the reader to do: nothing that cannot help.
import { expect, it } from '@jest/globals';
import { labels } from '../../api/addon.ts';
import type { KubeObject, OwnerReference } from '../../api/kubernetes.ts';
import { manyOwners } from '../../api/raw.ts';
import { clusterName } from '../names.ts';
import { situationOf } from '../situation.ts';
import { aCluster, anAddon, aUrlSecret, observing } from '../testing.ts';
import { findObstacle, obstacleTo } from './obstacle.ts';

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
  [
    'of more owners than are kept, whatever its labels',
    named('first', 'shop'),
    [manyOwners],
    ['other-uid'],
    'NameConflict',
    /has more owner references than are read, so that nothing was changed; remove those that nobody needs$/,
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
  [
    'left behind by an addon whose name is no longer on it',
    { [labels.uid]: 'other-uid', [labels.managedBy]: 'postgres-addon-operator' },
    [],
    [],
    'AdoptionRefused',
    /left behind by the deleted PostgresAddon "";/,
  ],
])('a Cluster %s', (_, own, ownerReferences, livingOwners, reason, words) => {
  const cluster = aCluster(addon);
  const metadata = { ...cluster.metadata, labels: own, ownerReferences };
  const observed = { ...observing(addon, { cluster: { ...cluster, metadata } }), livingOwners };
  expect(findObstacle(situationOf(observed))).toMatchObject({ reason, message: expect.stringMatching(words) });
});

it('an object to adopt that is being deleted is waited for', () => {
  const cluster = aCluster(addon);
  const own = { ...cluster.metadata.labels, [labels.uid]: 'former-uid' };
  const metadata = { ...cluster.metadata, labels: own, ownerReferences: [], deletionTimestamp: '2026-01-03T00:00:00Z' };
  const s = situationOf(observing(addon, { cluster: { ...cluster, metadata } }));
  expect(findObstacle(s)?.reason).toBe('OldObjectTerminating');
});

it('another tenantId helps where it is part of the name, which it is not for the Secret', () => {
  const foreign = <T extends KubeObject>(child: T): T => ({
    ...child,
    metadata: { ...child.metadata, labels: {}, ownerReferences: [] },
  });
  const urlSecret = foreign(aUrlSecret(addon, 'postgresql://a'));
  const s = situationOf(observing(addon, { cluster: foreign(aCluster(addon)), urlSecret }));
  expect(obstacleTo(s, 'cluster')?.message).toMatch(/with another appId or tenantId$/);
  expect(obstacleTo(s, 'urlSecret')?.message).toMatch(/with another appId$/);
});
