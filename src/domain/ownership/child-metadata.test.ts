// Whether a child has the metadata that the addon's mode requires, and which of its annotations are the operator's.
import { describe, expect, it } from '@jest/globals';
import { annotations, labels } from '../../api/addon.ts';
import type { Manifest, ObjectMeta, OwnerReference } from '../../api/kubernetes.ts';
import { aCluster, anAddon } from '../testing.ts';
import { childMetadata, isHeld, ownAnnotations } from './child-metadata.ts';

const owned = anAddon();
const sheltered = anAddon({ mode: 'protected' });
const others: OwnerReference = { apiVersion: 'others.dev/v1', kind: 'Application', name: 'a', uid: 'other-uid' };
const own = aCluster(owned).metadata.ownerReferences ?? [];

describe('a child has the metadata that it needs', () => {
  it.each<readonly [string, typeof owned, Partial<ObjectMeta>, boolean]>([
    ['of an addon that owns it', owned, {}, true],
    ['also owned by others', owned, { ownerReferences: [others, ...own] }, true],
    ['owned by others alone', owned, { ownerReferences: [others] }, false],
    ['owned by nobody', owned, { ownerReferences: [] }, false],
    ['owned by nobody, of a protected addon', sheltered, { ownerReferences: [] }, true],
    ['owned by others alone, of a protected addon', sheltered, { ownerReferences: [others] }, true],
    ['owned by the protected addon', sheltered, { ownerReferences: own }, false],
    ['without a label', owned, { labels: {} }, false],
    [
      'that is marked as left behind',
      owned,
      { labels: { ...aCluster(owned).metadata.labels, [labels.orphaned]: 'true' } },
      false,
    ],
    ['without an annotation', owned, { annotations: {} }, false],
  ])('%s', (_, addon, metadata, expected) => {
    const notes = { [annotations.readyAt]: '2026-01-02T03:04:05Z' };
    const manifest: Manifest = {
      apiVersion: 'v1',
      kind: 'Cluster',
      metadata: { ...childMetadata(addon, 'db'), annotations: notes },
    };
    const live = aCluster(addon);
    const noted = { ...live, metadata: { ...live.metadata, annotations: notes, ...metadata } };
    expect(isHeld(addon, noted, manifest)).toBe(expected);
  });
});

it('an apply repeats the annotations of the operator, and no other', () => {
  const kept = { [annotations.readyBefore]: 'a', [annotations.formerUid]: 'b', [annotations.readyAt]: 'c' };
  const live = aCluster(owned);
  expect(ownAnnotations({ ...live, metadata: { ...live.metadata, annotations: { ...kept, theirs: 'd' } } })).toEqual(
    kept,
  );
  expect(ownAnnotations(live)).toEqual({});
});
