// What an adopted Cluster tells of its earlier addon.
import { describe, expect, it } from '@jest/globals';
import { annotations, labels, type PostgresAddon } from '../api/addon.ts';
import type { Cluster } from '../api/cnpg.ts';
import { formerUidOf } from './recorded.ts';
import { situationOf } from './situation.ts';
import { aCluster, anAddon, observing } from './testing.ts';

const addon = anAddon();
const cluster = aCluster(addon);
const noted = (notes: Readonly<Record<string, string>>): Cluster => {
  return { ...cluster, metadata: { ...cluster.metadata, annotations: notes } };
};
const left = { ...cluster.metadata.labels, [labels.uid]: 'former-uid' };

describe('the earlier addon of a Cluster', () => {
  it.each<readonly [string, Cluster | undefined, string | undefined]>([
    ['is the one that is recorded', noted({ [annotations.formerUid]: 'former-uid' }), 'former-uid'],
    [
      'is the one that left it behind',
      { ...cluster, metadata: { ...cluster.metadata, labels: left, ownerReferences: [] } },
      'former-uid',
    ],
    [
      'is not the addon itself, whose release was interrupted',
      noted({ [annotations.formerUid]: 'addon-uid' }),
      undefined,
    ],
    ['is none without a record', cluster, undefined],
    ['is none without a Cluster', undefined, undefined],
  ])('%s', (_, live, uid) => expect(formerUidOf(addon, live)).toBe(uid));
});

describe('since when the database of an adopted Cluster is ready', () => {
  const adopted = noted({ [annotations.readyAt]: '2025-12-01T00:00:00Z' });
  const readyAt = (given: PostgresAddon, live: Cluster) =>
    situationOf(observing(given, { cluster: live })).addon.status?.ready_at;

  it('is what the Cluster says, until status does', () => {
    expect(readyAt(addon, adopted)).toBe('2025-12-01T00:00:00Z');
    expect(readyAt({ ...addon, status: { ready_at: '2026-01-01T00:00:00Z' } }, adopted)).toBe('2026-01-01T00:00:00Z');
    expect(readyAt(addon, cluster)).toBeUndefined();
    expect(readyAt(addon, noted({ [annotations.readyAt]: 'yesterday' }))).toBeUndefined();
  });
});
