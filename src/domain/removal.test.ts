import { describe, expect, it } from '@jest/globals';
import { addonGvr, labels } from '../api/addon.ts';
import type { KubeObject, Manifest, OwnerReference } from '../api/kubernetes.ts';
import { removalFrom, unwanted } from './removal.ts';

const ownerReference = (uid: string, kind = addonGvr.kind): OwnerReference => ({
  apiVersion: 'addons.paas.dev/v1alpha1',
  kind,
  name: 'shop',
  uid,
});
const mine = ownerReference('addon-uid');
const other = ownerReference('other-uid', 'Application');

const manifest: Manifest = {
  apiVersion: 'postgresql.cnpg.io/v1',
  kind: 'Cluster',
  metadata: { name: 'db', namespace: 'a', labels: { [labels.uid]: 'addon-uid', [labels.orphaned]: undefined } },
  spec: { instances: 1, postgresql: { synchronous: undefined, parameters: { max_connections: '50' } } },
};
const owned: Manifest = { ...manifest, metadata: { ...manifest.metadata, ownerReferences: [mine] } };

function object(metadata: Partial<KubeObject['metadata']>, spec: unknown): KubeObject {
  const named = { name: 'db', namespace: 'a', uid: 'u', resourceVersion: '7' };
  return { apiVersion: 'v1', kind: 'Cluster', metadata: { ...named, ...metadata }, spec } as KubeObject;
}
const full = object(
  { ownerReferences: [other, mine], labels: { [labels.orphaned]: 'true', theirs: 'x' } },
  { instances: 3, postgresql: { synchronous: { number: 1 }, pg_hba: [] } },
);
const bare = object({}, { instances: 1, postgresql: {} });

describe('what a manifest requires to be absent', () => {
  it('are its undefined members and an owner reference to the addon that it lacks', () =>
    expect(unwanted(manifest, full)).toEqual([
      ['metadata', 'ownerReferences', 'addon-uid'],
      ['metadata', 'labels', labels.orphaned],
      ['spec', 'postgresql', 'synchronous'],
    ]));
  it('is nothing where the object has none of them', () => expect(unwanted(manifest, bare)).toEqual([]));
  it('is not the owner reference that it has', () =>
    expect(unwanted(owned, full)).not.toContainEqual(['metadata', 'ownerReferences', 'addon-uid']));
  it('is nothing below a part that the object does not have', () =>
    expect(unwanted(manifest, object({}, undefined))).toEqual([]));
  it('is not the owner reference to another addon', () =>
    expect(unwanted(manifest, object({ ownerReferences: [ownerReference('next-uid')] }, {}))).toEqual([]));
  it('is nothing within a list, which is written as a whole', () => {
    const spec = { hosts: [{ name: 'a', port: undefined }] };
    expect(unwanted({ ...manifest, spec }, object({}, { hosts: [{ name: 'b', port: 1 }] }))).toHaveLength(0);
  });
});

describe('the merge patch', () => {
  it('sets what the manifest contains', () => {
    const { metadata, ...rest } = removalFrom(manifest, full);
    expect({ ...rest, metadata: manifest.metadata }).toEqual(manifest);
    expect(metadata).toMatchObject(manifest.metadata);
  });
  it('is pinned to the object and keeps the references of others', () =>
    expect(removalFrom(manifest, full).metadata).toMatchObject({
      uid: 'u',
      resourceVersion: '7',
      ownerReferences: [other],
    }));
  it('keeps the own reference where the manifest has it, once', () =>
    expect(removalFrom(owned, full).metadata.ownerReferences).toEqual([other, mine]));
  it('removes the whole list if nothing is left', () => {
    const { metadata } = removalFrom(manifest, object({ ownerReferences: [mine] }, {}));
    expect(Object.hasOwn(metadata, 'ownerReferences')).toBe(true);
    expect(metadata.ownerReferences).toBeUndefined();
  });
});
