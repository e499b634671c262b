// What a write that only changes the owner of a child leaves on it: the marks from which the next addon learns what it adopts.
import { describe, expect, it } from '@jest/globals';
import { annotations, labels, type PostgresAddon } from '../../api/addon.ts';
import type { KubeObject, ObjectMeta } from '../../api/kubernetes.ts';
import { aCluster, anAddon, aScheduledBackup, aUrlSecret, manifestOf } from '../testing.ts';
import { handOver, isMarked } from './handover.ts';

const fresh = anAddon();
const ready: PostgresAddon = { ...fresh, status: { ready_at: '2026-01-02T03:04:05Z' } };
const { formerUid, readyAt, readyBefore } = annotations;

/** A child without an owner, with this on it. */
function loose<T extends KubeObject>(child: T, metadata: Partial<ObjectMeta> = {}): T {
  const { ownerReferences: _, ...rest } = child.metadata;
  return { ...child, metadata: { ...rest, ...metadata } };
}
const labelled = (uid?: string): Partial<ObjectMeta> => {
  const { [labels.uid]: _, ...others } = aCluster(fresh).metadata.labels ?? {};
  return { labels: uid === undefined ? others : { ...others, [labels.uid]: uid } };
};
const cluster = (metadata: Partial<ObjectMeta>) =>
  ({ role: 'cluster', object: loose(aCluster(fresh), metadata) }) as const;
const writtenTo = (addon: PostgresAddon, child: Parameters<typeof handOver>[1], to: 'held' | 'orphaned') =>
  manifestOf(handOver(addon, child, to), child.role);

describe('a Cluster that is taken over', () => {
  it.each<readonly [string, Partial<ObjectMeta>, object | undefined]>([
    ['records whose it was', labelled('former-uid'), { [formerUid]: 'former-uid' }],
    [
      'keeps what was recorded of it',
      { ...labelled('former-uid'), annotations: { [readyAt]: 'then', [readyBefore]: 'mark', theirs: 'x' } },
      { [readyAt]: 'then', [readyBefore]: 'mark', [formerUid]: 'former-uid' },
    ],
    [
      'keeps whose it was when its owner is only restored',
      { ...labelled('addon-uid'), annotations: { [formerUid]: 'former-uid' } },
      { [formerUid]: 'former-uid' },
    ],
    ['records nobody if it was of nobody else', labelled('addon-uid'), undefined],
    ['records nobody without the label', labelled(), undefined],
  ])('%s', (_, metadata, notes) =>
    expect(writtenTo(fresh, cluster(metadata), 'held').metadata.annotations).toEqual(notes),
  );
});

describe('a Cluster that is left behind', () => {
  it.each<readonly [string, PostgresAddon, object, object]>([
    ['records whose it was', fresh, {}, { [formerUid]: 'addon-uid' }],
    ['records since when it was ready', ready, {}, { [formerUid]: 'addon-uid', [readyAt]: '2026-01-02T03:04:05Z' }],
    [
      'keeps the mark of a change',
      fresh,
      { [readyBefore]: 'mark' },
      { [formerUid]: 'addon-uid', [readyBefore]: 'mark' },
    ],
    [
      'keeps since when it was ready before',
      fresh,
      { [readyAt]: 'then' },
      { [formerUid]: 'addon-uid', [readyAt]: 'then' },
    ],
  ])('%s', (_, addon, notes, expected) => {
    const { metadata } = writtenTo(addon, cluster({ annotations: { ...notes } }), 'orphaned');
    expect(metadata.annotations).toStrictEqual(expected);
  });
});

it.each(['held', 'orphaned'] as const)('another child that is %s gets labels and no annotations', (to) => {
  for (const child of [
    { role: 'scheduledBackup', object: loose(aScheduledBackup(fresh), labelled('former-uid')) },
    { role: 'urlSecret', object: loose(aUrlSecret(fresh, 'u'), labelled('former-uid')) },
  ] as const) {
    const { metadata } = writtenTo(ready, child, to);
    const { name, namespace, uid, resourceVersion } = child.object.metadata;
    expect(metadata).toMatchObject({ name, namespace, uid, resourceVersion });
    expect(metadata.labels).toMatchObject({ [labels.uid]: 'addon-uid' });
    expect(metadata.labels?.[labels.orphaned]).toBe(to === 'held' ? undefined : 'true');
    expect(metadata).not.toHaveProperty('annotations');
  }
});

it.each<readonly [string, Partial<ObjectMeta>, boolean]>([
  ['with both labels', { labels: { [labels.orphaned]: 'true', [labels.uid]: 'addon-uid' } }, true],
  ['of another addon', { labels: { [labels.orphaned]: 'true', [labels.uid]: 'b' } }, false],
  ['in service', { labels: { [labels.uid]: 'addon-uid' } }, false],
  ['without labels', {}, false],
])('whether a child %s is marked as left behind', (_, metadata, expected) => {
  const { labels: __, ...bare } = loose(aCluster(fresh)).metadata;
  expect(isMarked(fresh, { ...aCluster(fresh), metadata: { ...bare, ...metadata } })).toBe(expected);
});
