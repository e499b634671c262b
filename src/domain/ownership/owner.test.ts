// Who owns an object that has the name of a child: its controller decides, by uid, and without one its labels.
import { expect, it } from '@jest/globals';
import { labels } from '../../api/addon.ts';
import type { ObjectMeta, OwnerReference } from '../../api/kubernetes.ts';
import { manyOwners } from '../../api/raw.ts';
import { aCluster, anAddon } from '../testing.ts';
import { classifyOwner } from './owner.ts';

const addon = anAddon();
const { labels: own = {}, ...bare } = aCluster(addon).metadata;
const withLabels = (more: Readonly<Record<string, string>> = {}): Partial<ObjectMeta> => ({
  labels: { ...own, ...more },
});
const controlledBy = (more: Partial<OwnerReference>): Partial<ObjectMeta> => {
  const reference = { apiVersion: addon.apiVersion, kind: addon.kind, name: 'shop', uid: 'old-uid', controller: true };
  return { ownerReferences: [{ ...reference, ...more }] };
};

it.each<readonly [string, Partial<ObjectMeta>, string]>([
  ['controlled by the addon', controlledBy({ uid: 'addon-uid' }), 'ours'],
  ['controlled by the addon, whatever its labels', { ...controlledBy({ uid: 'addon-uid' }), labels: {} }, 'ours'],
  ['with the uid of the addon on it', withLabels(), 'ours'],
  ['with its uid, but controlled by another', { ...withLabels(), ...controlledBy({ kind: 'App' }) }, 'foreign'],
  ['owned by another that does not control it', { ...withLabels(), ...controlledBy({ controller: false }) }, 'ours'],
  ['of a deleted addon with its name', withLabels({ [labels.uid]: 'old-uid' }), 'orphan'],
  ['of an addon with another name', withLabels({ [labels.uid]: 'old-uid', [labels.name]: 'b' }), 'foreign'],
  ['of an addon with another app', withLabels({ [labels.uid]: 'old-uid', [labels.appId]: 'b' }), 'foreign'],
  ['of another manager', withLabels({ [labels.uid]: 'old-uid', [labels.managedBy]: 'b' }), 'foreign'],
  ['controlled by a deleted addon with its name', controlledBy({}), 'previous'],
  ['controlled by an addon with another name', controlledBy({ name: 'b' }), 'foreign'],
  ['controlled by another kind with its name', controlledBy({ kind: 'App' }), 'foreign'],
  ['controlled by a kind of another group', controlledBy({ apiVersion: 'other.dev/v1alpha1' }), 'foreign'],
  ['without any label', {}, 'foreign'],
  [
    'with more owners than are kept, whatever its labels',
    { ...withLabels(), ownerReferences: [manyOwners] },
    'foreign',
  ],
])('an object %s', (_, metadata, ownership) => {
  const { ownerReferences: __, ...free } = bare;
  expect(classifyOwner(addon, { ...addon, metadata: { ...free, ...metadata } })).toBe(ownership);
});
