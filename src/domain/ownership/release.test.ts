// What a deletion does to the children: which are marked, which are left alone, and what is said of them.
import { describe, expect, it } from '@jest/globals';
import { annotations, labels, type PostgresAddon, protectionFinalizer } from '../../api/addon.ts';
import type { KubeObject, ObjectMeta } from '../../api/kubernetes.ts';
import { manyFinalizers } from '../../api/raw.ts';
import type { Observed } from '../observed.ts';
import { aCluster, anAddon, aRunningAddon, but, childIn, observing, observingAll, summary, think } from '../testing.ts';
import { leftoverOf } from './release.ts';

const deletionTimestamp = '2026-01-03T00:00:00Z';
const sheltered = aRunningAddon({ mode: 'protected' });
const addon: PostgresAddon = {
  ...sheltered,
  metadata: { ...sheltered.metadata, deletionTimestamp, finalizers: [protectionFinalizer] },
};
const o = but(observingAll(sheltered, 'postgresql://a'), { addon });
const cluster = childIn(o, 'cluster');
const backup = childIn(o, 'scheduledBackup');
const withMetadata = <T extends KubeObject>(child: T, metadata: Partial<ObjectMeta>): T => ({
  ...child,
  metadata: { ...child.metadata, ...metadata },
});
const of = (uid: string, controller: boolean) => {
  return [{ apiVersion: addon.apiVersion, kind: addon.kind, name: 'shop', uid, controller }];
};
const readyOf = (observed: Observed) => think(observed).status.conditions?.find(({ type }) => type === 'Ready');

describe('what a deleted addon leaves of its Cluster', () => {
  const own = aCluster(anAddon());
  const bare = withMetadata(own, { ownerReferences: [] });
  const marked = { ...own.metadata.labels, [labels.orphaned]: 'true' };

  it.each<readonly [string, typeof own | undefined, string]>([
    ['is nothing if there is none', undefined, 'nothing'],
    ['is for the garbage collector if it is owned', own, 'owned'],
    ['is to be marked if it is not', bare, 'unmarked'],
    ['is marked already', withMetadata(bare, { labels: marked }), 'nothing'],
    ['is being deleted', withMetadata(bare, { deletionTimestamp }), 'nothing'],
    ['belongs to another', withMetadata(bare, { labels: { ...marked, [labels.uid]: 'next-uid' } }), 'nothing'],
    ['is a foreign one', withMetadata(own, { ownerReferences: of('next-uid', true) }), 'nothing'],
  ])('%s', (_, live, expected) => expect(leftoverOf(anAddon(), live)).toBe(expected));
});

describe('the release of a protected addon', () => {
  it('keeps its finalizer beside more of others than are known, and has nothing left to do then', () => {
    const finalizers = [protectionFinalizer, manyFinalizers];
    const crowded = but(o, { addon: { ...addon, metadata: { ...addon.metadata, finalizers } } });
    const { actions, decision } = think(crowded);
    expect(summary(actions)).toEqual(summary(think(o).actions).filter((one) => one !== 'apply PostgresAddon'));
    expect(decision.ends).toBeUndefined();
    expect(think(o).decision.ends).toBe(true);
  });

  it('does nothing while it is not permitted to see a child, which would stay behind unmarked', () => {
    const blind = but(o, { scheduledBackup: { kind: 'denied', message: 'no permission' } });
    expect(think(blind).actions).toEqual([]);
    expect(readyOf(blind)).toMatchObject({ reason: 'Forbidden', message: 'no permission' });
    expect(think(blind).decision.recheckAfter).toBe(60_000);
  });

  it('goes on without a kind that the API server does not have: there is no such child', () => {
    const scheduledBackup = { kind: 'notServed', reason: 'CNPGNotInstalled', message: 'not served' } as const;
    expect(summary(think(but(o, { scheduledBackup })).actions)).toEqual([
      ...['apply Secret', 'apply Cluster', 'apply PostgresAddon'],
    ]);
  });

  it.each<readonly [string, Partial<ObjectMeta>, boolean]>([
    ['that the addon was about to adopt', { labels: { ...backup.metadata.labels, [labels.uid]: 'former-uid' } }, true],
    ['of another database', { labels: { ...backup.metadata.labels, [labels.uid]: 'yet-another' } }, false],
    [
      'that was handed over to another addon',
      { labels: { ...backup.metadata.labels, [labels.uid]: 'former-uid', [labels.name]: 'next' } },
      false,
    ],
    ['that another controls', { ownerReferences: of('next-uid', true) }, false],
    ['that it owns beside another', { ownerReferences: [...of('next-uid', true), ...of('addon-uid', false)] }, true],
  ])('whether a ScheduledBackup %s is marked', (_, metadata, expected) => {
    const adopted = withMetadata(cluster, { annotations: { [annotations.formerUid]: 'former-uid' } });
    const { actions } = think(but(o, { cluster: adopted, scheduledBackup: withMetadata(backup, metadata) }));
    expect(summary(actions).includes('apply ScheduledBackup')).toBe(expected);
    expect(summary(actions)).toContain('apply Cluster');
  });

  it.each<readonly [string, Partial<ObjectMeta>]>([
    ['that another controls', { ownerReferences: [...of('next-uid', true), ...of('addon-uid', false)] }],
    ['that an earlier addon left behind', { labels: { ...cluster.metadata.labels, [labels.uid]: 'former-uid' } }],
  ])('a Cluster %s is not marked', (_, metadata) => {
    const { actions } = think(but(o, { cluster: withMetadata(cluster, metadata) }));
    expect(summary(actions)).not.toContain('apply Cluster');
  });

  it.each<readonly [string, Observed, string, RegExp]>([
    ['both stay', o, 'Released', /^Cluster db-team-a-shop and Secret app-shop-database-url stay in service/],
    ['there is no Cluster', but(o, { cluster: undefined }), 'Deleted', /has no Cluster db-team-a-shop/],
    [
      'there is nothing but the Cluster',
      observing(addon, { cluster }),
      'Released',
      /^Cluster db-team-a-shop stays in service/,
    ],
    [
      'others delete them',
      but(o, {
        cluster: withMetadata(cluster, { deletionTimestamp }),
        scheduledBackup: withMetadata(backup, { deletionTimestamp }),
      }),
      'Deleted',
      /by another client: ScheduledBackup db-team-a-shop-daily and Cluster db-team-a-shop; protection/,
    ],
  ])('says so if %s', (_, observed, reason, words) =>
    expect(readyOf(observed)).toMatchObject({ reason, message: expect.stringMatching(words) }),
  );
});

it('a standard addon writes to nothing, whatever the garbage collector has done to its children', () => {
  const { finalizers: _, ...metadata } = addon.metadata;
  const plain = { ...addon, metadata, spec: { ...addon.spec, mode: 'standard' } } as const;
  const { actions, decision } = think(but(o, { addon: plain, scheduledBackup: { kind: 'denied', message: 'no' } }));
  expect(actions).toEqual([]);
  expect(decision.ready.reason).toBe('Deleted');
});

it('the Cluster of an addon that no longer exists is marked, and that is the last that is done', () => {
  const plain = aRunningAddon();
  const loose = withMetadata(aCluster(plain), { ownerReferences: [] });
  const { decision } = think(but(observingAll(plain, 'postgresql://a'), { gone: true, cluster: loose }));
  expect(summary(decision.actions)).toContain('apply Cluster');
  expect(decision.ends).toBe(true);
});

it.each([
  [
    'says where its backups stay',
    { from: '2026-01-02T00:00:00Z' },
    'Its backups stay in object store "main", s3://b/team-a/db-1,',
  ],
  ['says nothing of backups that were never made', {}, 'and the Secret'],
  [
    'says where backups stay that have stopped',
    { from: '2026-01-02T00:00:00Z', until: '2026-01-02T00:00:00Z' },
    'Its backups stay in object store "main", s3://b/team-a/db-1,',
  ],
])('the end of a standard addon %s', (_, more, words) => {
  const standard = aRunningAddon();
  const lineages = [{ serverName: 'db-1', store: 'main', destinationPath: 's3://b/team-a', ...more }];
  const ending: PostgresAddon = {
    ...standard,
    metadata: { ...standard.metadata, deletionTimestamp },
    status: { ...standard.status, backup: { lineages } },
  };
  const message = readyOf(observing(ending, { cluster: aCluster(standard) }))?.message;
  expect(message).toContain(words);
  expect(message?.includes('backups')).toBe(words.includes('backups'));
});

it('the end of a standard addon names its database and owner, which a restore has to know', () => {
  const lineages = [{ serverName: 'db-1', store: 'main', from: '2026-01-02T00:00:00Z' }];
  const ended = (database: NonNullable<PostgresAddon['spec']['database']>): string | undefined => {
    const standard = aRunningAddon({ database });
    const metadata = { ...standard.metadata, deletionTimestamp };
    return readyOf(observing({ ...standard, metadata, status: { ...standard.status, backup: { lineages } } }))?.message;
  };
  expect(ended({ name: 'sales' })).toContain('Its backups (database "sales", owner "app") stay');
  expect(ended({ owner: 'clerk' })).toContain('Its backups (database "app", owner "clerk") stay');
  expect(ended({ name: 'app' })).toContain('Its backups stay');
});
