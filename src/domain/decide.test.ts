import { describe, expect, it } from '@jest/globals';
import type { AddonStatus } from '../api/addon.ts';
import { reasons } from '../api/conditions.ts';
import { needs } from './needs.ts';
import {
  aCluster,
  anAddon,
  annotations,
  aRunningAddon,
  aScheduledBackup,
  aSource,
  aUrlSecret,
  aVolume,
  but,
  changed,
  manifestOf,
  observing,
  refusing,
  reported,
  summary,
  testTime,
  think,
} from './testing.ts';
import { transitions } from './transitions.ts';

const condition = (status: AddonStatus, type: string): string | undefined => {
  const found = status.conditions?.find((c) => c.type === type);
  return found && `${found.status} ${found.reason}`;
};

describe('a new addon', () => {
  it('gets a Cluster and a suspended ScheduledBackup, and waits', () => {
    const { actions, status, pace } = think(observing(anAddon()));
    expect(summary(actions)).toEqual(['create Cluster', 'create ScheduledBackup']);
    expect(status.phase).toBe('creating');
    expect(condition(status, 'Ready')).toBe('False Creating');
    expect(condition(status, 'Reconciling')).toBe('True Creating');
    expect(condition(status, 'Stalled')).toBeUndefined();
    expect(condition(status, 'BackupReady')).toBe('False NoObjectStore');
    expect(status.backup).toMatchObject({ requested: 'daily', effective: 'none' });
    expect(pace).toEqual({ kind: 'again', afterMilliseconds: 5_000 });
    expect(manifestOf(actions, 'scheduledBackup')).toMatchObject({
      spec: { suspend: true, cluster: { name: 'db-team-a-shop' } },
    });
  });

  it('gets no ScheduledBackup on the free plan', () => {
    expect(summary(think(observing(anAddon({ plan: 'free' }))).actions)).toEqual(['create Cluster']);
  });

  it('has a constant status while CNPG changes its phase, so that progress costs no write', () => {
    const addon = anAddon();
    const first = think(observing(addon)).status;
    const waiting = { ...addon, status: first };
    for (const phase of ['Setting up primary', 'Waiting for the instances to become active', 'a phase of the future']) {
      const cluster = aCluster(addon, { phase, readyInstances: 0 });
      const { actions, status } = think(observing(waiting, { cluster, scheduledBackup: aScheduledBackup(addon) }));
      expect(actions).toEqual([]);
      expect(status).toEqual(first);
    }
  });

  it('is running once the Cluster is ready and its credentials are published, and ready_at is that time', () => {
    const addon = anAddon();
    const cluster = aCluster(addon);
    const o = observing(addon, { cluster, scheduledBackup: aScheduledBackup(addon) });
    expect(needs(o, testTime)).toMatchObject({ source: true, unwatched: false, volumes: false });
    const { actions, status } = think(but(o, { source: { kind: 'found', object: aSource(cluster) } }), {
      created: { urlSecret: 'url-uid' },
    });
    expect(summary(actions)).toEqual(['create Secret']);
    expect(status).toMatchObject({
      phase: 'running',
      ready_at: '2026-01-02T03:04:05Z',
      credentials: { sourceVersion: '30', secretUID: 'url-uid' },
    });
    expect(condition(status, 'Ready')).toBe('True Running');
    expect(condition(status, 'Reconciling')).toBeUndefined();
  });

  it.each([
    ['an instance is missing', { readyInstances: 2 }],
    ['no instance is counted', { readyInstances: undefined }],
    ['a failover is under way', { targetPrimary: 'pending' }],
    ['there is no primary', { currentPrimary: '', targetPrimary: '' }],
    ['CNPG says something unknown', { phase: 'Cluster in splendid state' }],
  ])('is not running while %s, even if CNPG reports it as healthy', (_, status) => {
    const addon = anAddon({ plan: 'pro' });
    const cluster = aCluster(addon, status as object);
    expect(think(observing(addon, { cluster })).status.phase).toBe('creating');
    expect(needs(observing(addon, { cluster }), testTime).source).toBe(false);
  });

  it('reports after five minutes that creation takes too long, with the status that CNPG reports', () => {
    const addon = anAddon();
    const cluster = aCluster(addon, { phase: 'Setting up primary', phaseReason: 'Creating primary instance' });
    const begun = reported(observing(addon, { cluster }));
    const messageAfter = (minutes: number) => {
      const { status } = think(begun, {}, testTime + minutes * 60_000);
      expect(condition(status, 'Stalled')).toBe('True TakingTooLong');
      expect(status.phase).toBe('creating');
      return status.conditions?.find((c) => c.type === 'Ready')?.message;
    };
    expect(messageAfter(5)).toBe(
      'the database is still being created after 5 min; CloudNativePG reports "Setting up primary" (Creating primary instance)',
    );
    // Each new text would be a status write.
    expect(messageAfter(60)).toBe(messageAfter(5));
  });
});

describe('a running addon', () => {
  const addon = aRunningAddon();
  const cluster = aCluster(addon);
  const quiet = observing(addon, { cluster, scheduledBackup: aScheduledBackup(addon) });

  it('causes no read and no write, and keeps its status', () => {
    expect(needs(quiet, testTime)).toEqual({
      secretsMayFail: false,
      source: false,
      authority: false,
      unwatched: false,
      volumes: false,
      live: false,
      watched: false,
      facts: false,
      backups: false,
      drillSource: false,
      drillFacts: false,
      drillRoom: false,
      redaction: false,
    });
    const { actions, status } = think(quiet, {}, testTime + 3_600_000);
    expect(actions).toEqual([]);
    expect(status).toEqual(addon.status);
  });

  it('is provisioning during a failover, and ready_at does not change', () => {
    const failing = aCluster(addon, {
      phase: 'Failing over',
      readyInstances: 0,
      readyCondition: { status: 'False', lastTransitionTime: 'T' },
    });
    const { status } = think(but(quiet, { cluster: failing }), {}, testTime + 60_000);
    expect(status).toMatchObject({ phase: 'provisioning', ready_at: '2026-01-02T03:04:05Z' });
    expect(condition(status, 'Ready')).toBe('False Provisioning');
    expect(condition(status, 'PlanApplied')).toBe('True Applied');
    const back = think(but(quiet, { addon: { ...addon, status } }), {}, testTime + 120_000).status;
    expect(back).toMatchObject({ phase: 'running', ready_at: '2026-01-02T03:04:05Z' });
  });

  it('keeps ready_at when the clock goes back', () => {
    const { status } = think(quiet, {}, testTime - 3_600_000);
    expect(status.ready_at).toBe('2026-01-02T03:04:05Z');
  });

  it('gets a new Cluster after it was deleted, and keeps ready_at', () => {
    const { actions, status } = think(but(quiet, { cluster: undefined }));
    expect(summary(actions)).toEqual(['create Cluster']);
    expect(status).toMatchObject({ phase: 'provisioning', ready_at: addon.status?.ready_at });
    expect(transitions(addon.status, status)).toMatchObject([{ type: 'Warning', reason: 'ClusterRecreated' }]);
  });

  it('has a manually edited child repaired, with the uid that was observed', () => {
    const edited = { ...cluster, spec: { ...cluster.spec, instances: 2 } };
    const { actions } = think(but(quiet, { cluster: edited }));
    expect(summary(actions)).toEqual(['apply Cluster']);
    expect(manifestOf(actions, 'cluster')).toMatchObject({ metadata: { uid: 'cluster-uid' }, spec: { instances: 1 } });
    expect(manifestOf(actions, 'cluster').metadata.annotations).toEqual({});
  });

  it('is stalled while its Cluster is hibernated', () => {
    const asleep = { ...cluster, metadata: { ...cluster.metadata, annotations: { 'cnpg.io/hibernation': 'on' } } };
    expect(condition(think(but(quiet, { cluster: asleep })).status, 'Stalled')).toBe('True Hibernated');
  });

  it('follows a changed password and never replaces valid credentials with invalid ones', () => {
    const url = 'postgresql://app:secret@db-team-a-shop-rw.team-a:5432/app';
    const turned = but(quiet, { cluster: aCluster(addon, { applicationSecretVersion: '40' }) });
    expect(needs(turned, testTime)).toMatchObject({ source: true, unwatched: true });
    const reads = { urlSecret: { kind: 'found', object: aUrlSecret(addon, url) } } as const;
    const changedSource = { kind: 'found', object: aSource(cluster, { password: 'p@ss/w:rd #1%' }) } as const;
    const { actions } = think(but(turned, { ...reads, source: changedSource }));
    expect(summary(actions)).toEqual(['apply Secret']);
    const data = manifestOf(actions, 'urlSecret').data as Record<string, string>;
    expect(Object.keys(data)).toEqual(['DATABASE_URL']);
    expect(Buffer.from(data.DATABASE_URL ?? '', 'base64').toString()).toBe(
      'postgresql://app:p%40ss%2Fw%3Ard%20%231%25@db-team-a-shop-rw.team-a:5432/app',
    );

    const same = think(but(turned, { ...reads, source: { kind: 'found', object: aSource(cluster) } }));
    expect(same.actions).toEqual([]);

    for (const data of [{ password: '' }, { username: 'postgres' }, { dbname: 'other' }, { password: 'a\nb' }]) {
      const bad = think(but(turned, { ...reads, source: { kind: 'found', object: aSource(cluster, data) } }));
      expect(bad.actions).toEqual([]);
      expect(condition(bad.status, 'CredentialsPublished')).toBe('False CredentialsInvalid');
      expect(JSON.stringify(bad.status)).not.toContain('a\\nb');
    }
    const stolen = { ...aSource(cluster), metadata: { ...aSource(cluster).metadata, ownerReferences: [] } };
    expect(think(but(turned, { ...reads, source: { kind: 'found', object: stolen } })).actions).toEqual([]);
  });
});

describe('a change of plan', () => {
  const mark = '2026-01-02T03:04:04Z 01234567';

  it('goes through provisioning: what CNPG reported before the write is ignored', () => {
    const addon = changed(aRunningAddon({ plan: 'free' }), { plan: 'standard' });
    const before = aCluster(anAddon({ plan: 'free' }));
    const volumes = {
      kind: 'found',
      object: [aVolume({ claim: 'db-team-a-shop-1', storageClass: 'fast', expandable: true })],
    } as const;
    expect(needs(observing(addon, { cluster: before }), testTime).volumes).toBe(true);
    const written = think(observing(addon, { cluster: before, volumes }));
    expect(summary(written.actions)).toEqual(['apply Cluster', 'create ScheduledBackup']);
    expect(written.status.phase).toBe('provisioning');
    expect(condition(written.status, 'PlanApplied')).toBe('False Applying');
    expect(manifestOf(written.actions, 'cluster')).toMatchObject({
      metadata: {
        annotations: {
          [annotations.readyBefore]: expect.stringMatching(/^2026-01-02T03:04:04Z [0-9a-f]{8} [0-9a-f]{8}$/),
        },
      },
      spec: { storage: { size: '10Gi' }, resources: { limits: { memory: '1Gi' } } },
    });

    const next = { ...addon, status: written.status };
    const scheduledBackup = aScheduledBackup(addon);
    const stale = aCluster(addon, {}, mark);
    const stillPending = think(observing(next, { cluster: stale, scheduledBackup }));
    expect(stillPending.status).toEqual(written.status);

    const restarting = aCluster(
      addon,
      { readyInstances: 0, phase: 'Upgrading cluster', readyCondition: { status: 'False', lastTransitionTime: 'X' } },
      mark,
    );
    expect(think(observing(next, { cluster: restarting, scheduledBackup })).status).toEqual(written.status);

    const back = aCluster(addon, { readyCondition: { status: 'True', lastTransitionTime: 'Y' } }, mark);
    const done = think(observing(next, { cluster: back, scheduledBackup })).status;
    expect(done.phase).toBe('running');
    expect(condition(done, 'PlanApplied')).toBe('True Applied');
    expect(done.ready_at).toBe(addon.status?.ready_at);
  });

  it('is noticed as unfinished after a crash between the Cluster write and the status write', () => {
    const addon = changed(aRunningAddon({ plan: 'free' }), { plan: 'standard' });
    const stale = aCluster(addon, {}, mark);
    expect(think(observing(addon, { cluster: stale, scheduledBackup: aScheduledBackup(addon) })).status.phase).toBe(
      'provisioning',
    );
  });

  it('never shrinks the disk, drops synchronous replication and deletes only the ScheduledBackup that was observed', () => {
    const addon = changed(aRunningAddon({ plan: 'pro' }), { plan: 'free' });
    const { actions, status } = think(
      observing(addon, { cluster: aCluster(anAddon({ plan: 'pro' })), scheduledBackup: aScheduledBackup(anAddon()) }),
    );
    // No backup may begin that the restart cuts off.
    expect(summary(actions)).toEqual(['delete ScheduledBackup', 'apply Cluster']);
    const spec = manifestOf(actions, 'cluster').spec as { storage: object; postgresql: object };
    expect(spec.storage).toEqual({ size: '50Gi' });
    expect(JSON.stringify(spec.postgresql)).not.toContain('synchronous');
    expect(actions[0]).toMatchObject({ uid: 'backup-uid', resourceVersion: '21' });
    expect(status.resources?.storage).toBe('50Gi');
    const after = { ...addon, status };
    const shrunk = aCluster(addon, { readyCondition: { status: 'True', lastTransitionTime: 'Z' } }, mark);
    const done = think(
      observing(after, { cluster: { ...shrunk, spec: { ...shrunk.spec, storage: { size: '50Gi' } } } }),
    );
    expect(done.actions).toEqual([]);
    expect(condition(done.status, 'PlanApplied')).toBe('True DiskNotShrunk');
  });

  it.each([
    ['unread', { kind: 'unread' }, 'False StorageUnverified'],
    ['without claims', { kind: 'found', object: [] }, 'False StorageUnverified'],
    ['forbidden', { kind: 'denied', message: 'no' }, 'False StorageUnverified'],
    ['not answered', { kind: 'failed', message: 'not answered' }, 'False StorageUnverified'],
    [
      'fixed',
      { kind: 'found', object: [aVolume({ claim: 'c', storageClass: 'fixed', expandable: false })] },
      'False StorageNotExpandable',
    ],
  ] as const)(
    'does not write a growth when the volumes are %s, but applies everything else',
    (_, volumes, expected) => {
      const addon = changed(aRunningAddon({ plan: 'free' }), { plan: 'standard' });
      const cluster = aCluster(anAddon({ plan: 'free' }));
      const { actions, status } = think(observing(addon, { cluster, volumes }));
      const spec = manifestOf(actions, 'cluster').spec;
      expect(spec).toMatchObject({ storage: { size: '1Gi' }, resources: { limits: { memory: '1Gi' } } });
      const applied = aCluster(
        addon,
        { readyCondition: { status: 'True', lastTransitionTime: 'Z' } },
        '2026-01-02T03:04:04Z',
      );
      const settled = { ...applied, spec: { ...applied.spec, storage: { size: '1Gi' } } };
      const done = think(
        observing({ ...addon, status }, { cluster: settled, volumes, scheduledBackup: aScheduledBackup(addon) }),
      );
      expect(done.actions).toEqual([]);
      expect(condition(done.status, 'PlanApplied')).toBe(expected);
      expect(done.status.phase).toBe('running');
      const atLeastMilliseconds = expected.includes('Unverified') ? 10_000 : 60_000;
      expect(done.pace).toMatchObject({ kind: 'retry', atLeastMilliseconds });
    },
  );

  it('writes the new image after the new parameters, since CNPG rejects both at once', () => {
    const addon = changed(aRunningAddon({ plan: 'free', version: '16' }), { plan: 'pro', version: '17' });
    const first = think(observing(addon, { cluster: aCluster(anAddon({ plan: 'free', version: '16' })) }));
    const image16 = 'ghcr.io/cloudnative-pg/postgresql:16-standard-trixie';
    expect(manifestOf(first.actions, 'cluster').spec).toMatchObject({ instances: 3, imageName: image16 });

    const next = { ...addon, status: first.status };
    const written = aCluster(addon, {}, mark);
    const halfway = { ...written, spec: { ...written.spec, imageName: image16, storage: { size: '1Gi' } } };
    const second = think(observing(next, { cluster: halfway, scheduledBackup: aScheduledBackup(addon) }));
    expect(manifestOf(second.actions, 'cluster')).toMatchObject({
      metadata: {
        annotations: {
          [annotations.readyBefore]: expect.stringMatching(/^2026-01-02T03:04:04Z [0-9a-f]{8} [0-9a-f]{8}$/),
        },
      },
      spec: { imageName: 'ghcr.io/cloudnative-pg/postgresql:17-standard-trixie' },
    });
    expect(second.status.phase).toBe('provisioning');
  });

  it('that is reverted before CNPG has started it has nothing to wait for', () => {
    const free = aRunningAddon({ plan: 'free' });
    const there = think(observing(changed(free, { plan: 'standard' }), { cluster: aCluster(free) }));
    const written = manifestOf(there.actions, 'cluster') as { metadata: { annotations: Record<string, string> } };
    const addon = changed({ ...changed(free, { plan: 'standard' }), status: there.status }, { plan: 'free' });
    const mark = written.metadata.annotations[annotations.readyBefore] ?? '';
    const stale = aCluster(anAddon({ plan: 'standard' }), {}, mark);
    const cluster = { ...stale, spec: { ...stale.spec, storage: { size: '1Gi' } } };
    const back = think(observing(addon, { cluster }));
    expect(manifestOf(back.actions, 'cluster').metadata.annotations).toEqual({});
    expect(back.status.phase).toBe('running');

    const begun = {
      ...cluster,
      status: { ...cluster.status, readyCondition: { status: 'False', lastTransitionTime: 'X' } },
    };
    const late = think(observing(addon, { cluster: begun }));
    expect(manifestOf(late.actions, 'cluster')).toHaveProperty(
      ['metadata', 'annotations', annotations.readyBefore],
      expect.stringMatching(/^X unknown [0-9a-f]{8}$/),
    );
    expect(late.status.phase).toBe('provisioning');
  });

  it('that is reverted, with a new version, is not complete before the version is written too', () => {
    const pro = aRunningAddon({ plan: 'pro' });
    const there = think(observing(changed(pro, { plan: 'standard' }), { cluster: aCluster(pro) }));
    const written = manifestOf(there.actions, 'cluster') as { metadata: { annotations: Record<string, string> } };
    const addon = changed(pro, { plan: 'pro', version: '18' });
    const standard = aCluster(anAddon({ plan: 'standard' }), {}, written.metadata.annotations[annotations.readyBefore]);
    const { spec } = aCluster(pro);
    const cluster = {
      ...standard,
      spec: { ...standard.spec, storage: spec.storage, primaryUpdateMethod: 'switchover' },
    };
    const first = think(observing(addon, { cluster }));
    expect(manifestOf(first.actions, 'cluster')).toMatchObject({ spec: { imageName: spec.imageName } });
    expect(condition(first.status, 'PlanApplied')).toBe('False Applying');
    expect(first.login).toBeUndefined();
    const second = think(observing({ ...addon, status: first.status }, { cluster: aCluster(pro) }));
    expect(manifestOf(second.actions, 'cluster')).toHaveProperty(['metadata', 'annotations', annotations.readyBefore]);
    expect(condition(second.status, 'PlanApplied')).toBe('False Applying');
  });

  it('by the administrator, in the plan table, is waited for like one by the user', () => {
    const addon = aRunningAddon();
    const o = observing(addon, { cluster: aCluster(addon), scheduledBackup: aScheduledBackup(addon) });
    const plans = { ...o.platform.plans, standard: { ...o.platform.plans.standard, memory: '2Gi' } };
    const { actions, status } = think(but(o, { platform: { ...o.platform, plans } }));
    expect(manifestOf(actions, 'cluster')).toHaveProperty(['metadata', 'annotations', annotations.readyBefore]);
    expect(condition(status, 'Ready')).toBe('False Applying');
  });
});

describe('the version', () => {
  it('stays the running one when the operator gets a newer default', () => {
    const addon = aRunningAddon();
    const o = observing(addon, { cluster: aCluster(addon), scheduledBackup: aScheduledBackup(addon) });
    expect(think(but(o, { platform: { ...o.platform, defaultVersion: '18' } })).actions).toEqual([]);
  });

  it('is never lower than the running one', () => {
    const addon = changed(aRunningAddon(), { version: '16' });
    const { actions, status } = think(
      observing(addon, { cluster: aCluster(anAddon()), scheduledBackup: aScheduledBackup(addon) }),
    );
    expect(actions).toEqual([]);
    expect(status.version).toBe('17');
    expect(condition(status, 'PlanApplied')).toBe('False DowngradeRefused');
  });
});

describe('a foreign object', () => {
  const foreigner = { apiVersion: 'x/v1', kind: 'Other', name: 'o', uid: 'other-uid', controller: true };
  const addon = anAddon();
  const own = aCluster(addon);

  it('is left unchanged: a foreign Cluster stops everything', () => {
    for (const metadata of [
      { ...own.metadata, ownerReferences: [foreigner] },
      { ...own.metadata, ownerReferences: [], labels: {} },
    ]) {
      const { actions, status } = think(observing(addon, { cluster: { ...own, metadata } }));
      expect(actions).toEqual([]);
      expect(condition(status, 'Stalled')).toBe('True NameConflict');
    }
  });

  it('has no influence: neither its version nor its disk affect the addon', () => {
    const spec = {
      ...own.spec,
      imageName: 'ghcr.io/cloudnative-pg/postgresql:16-standard-trixie',
      storage: { size: '99Gi' },
    };
    const cluster = { ...own, spec, metadata: { ...own.metadata, ownerReferences: [foreigner] } };
    const { status } = think(observing(addon, { cluster }));
    expect(status).not.toHaveProperty('version');
    expect(status).not.toHaveProperty('resources');
  });

  it('is waited for if it belongs to the previous addon', () => {
    const previous = {
      apiVersion: 'addons.paas.dev/v1alpha1',
      kind: 'PostgresAddon',
      name: 'shop',
      uid: 'old-uid',
      controller: true,
    };
    const cluster = { ...own, metadata: { ...own.metadata, ownerReferences: [previous] } };
    const { actions, status } = think(observing(addon, { cluster }));
    expect(actions).toEqual([]);
    expect(condition(status, 'Reconciling')).toBe('True OldObjectTerminating');
  });

  it('still counts as own if only the owner reference was removed', () => {
    const cluster = { ...own, metadata: { ...own.metadata, ownerReferences: [] } };
    const live = { kind: 'found', object: addon } as const;
    const { actions } = think(observing(addon, { cluster, scheduledBackup: aScheduledBackup(addon), live }));
    expect(summary(actions)).toEqual(['apply Cluster']);
  });

  it('is not overwritten: a foreign Secret', () => {
    const url = aUrlSecret(addon, 'x');
    const secret = { ...url, metadata: { ...url.metadata, ownerReferences: [foreigner] } };
    const o = observing(addon, {
      cluster: own,
      scheduledBackup: aScheduledBackup(addon),
      source: { kind: 'found', object: aSource(own) },
    });
    const { actions, status, pace } = think(but(o, { urlSecret: { kind: 'found', object: secret } }));
    expect(actions).toEqual([]);
    expect(condition(status, 'Ready')).toBe('False NameConflict');
    expect(pace).toMatchObject({ kind: 'retry', atLeastMilliseconds: 60_000 });
    expect(needs(observing({ ...addon, status }, { cluster: own }), testTime).unwatched).toBe(true);
  });

  it('is not deleted: a foreign ScheduledBackup that the plan does not need', () => {
    const free = anAddon({ plan: 'free' });
    const backup = aScheduledBackup(addon);
    const scheduledBackup = { ...backup, metadata: { ...backup.metadata, ownerReferences: [foreigner] } };
    expect(think(observing(free, { cluster: aCluster(free), scheduledBackup })).actions).toEqual([]);
  });
});

describe('obstacles', () => {
  it.each([
    [{ kind: 'notServed', reason: 'CNPGNotInstalled', message: 'words' }, 'CNPGNotInstalled'],
    [{ kind: 'denied', message: 'words' }, 'Forbidden'],
  ] as const)('a Cluster that cannot be seen (%s) is reported, and nothing is written', (cluster, reason) => {
    const { actions, status } = think(observing(anAddon(), { cluster }));
    expect(actions).toEqual([]);
    expect(condition(status, 'Stalled')).toBe(`True ${reason}`);
  });

  it('an unknown plan, without a schema, is reported with the known plans', () => {
    const { actions, status } = think(observing(anAddon({ plan: 'enterprise' as 'pro' })));
    expect(actions).toEqual([]);
    expect(status.conditions?.[0]?.message).toContain('free, standard, pro');
  });

  it('deletion writes nothing but the status', () => {
    const addon = aRunningAddon();
    const going = { ...addon, metadata: { ...addon.metadata, deletionTimestamp: '2026-01-02T04:00:00Z' } };
    const { actions, status } = think(observing(going, { cluster: undefined }));
    expect(actions).toEqual([]);
    expect(status).toMatchObject({ phase: 'deleted', ready_at: addon.status?.ready_at, clusterName: 'db-team-a-shop' });
  });

  it('a refused write is reported with the message of the server, and the plan is not reported as applied', () => {
    const addon = changed(aRunningAddon(), { plan: 'pro' });
    const result = refusing('cluster', 'QuotaExceeded', 'apply');
    const { status } = think(observing(addon, { cluster: aCluster(anAddon()) }), result);
    expect(status.plan).toBe('standard');
    expect(condition(status, 'Stalled')).toBe('True QuotaExceeded');
    expect(condition(status, 'PlanApplied')).toBe('False QuotaExceeded');
  });
});

describe('a refusal', () => {
  const addon = anAddon();
  const cluster = aCluster(addon);
  const o = observing(addon, { cluster, source: { kind: 'found', object: aSource(cluster) } });

  it('of the ScheduledBackup stays with the backups: the Secret is written and the database runs', () => {
    const result = { ...refusing('scheduledBackup', 'QuotaExceeded'), created: { urlSecret: 'url-uid' } };
    const { actions, status } = think(o, result);
    expect(summary(actions)).toEqual(['create ScheduledBackup', 'create Secret']);
    expect(status).toMatchObject({ phase: 'running', credentials: { secretUID: 'url-uid' } });
    expect(condition(status, 'Ready')).toBe('True Running');
    expect(condition(status, 'Stalled')).toBeUndefined();
    expect(condition(status, 'CredentialsPublished')).toBe('True Published');
    expect(condition(status, 'BackupReady')).toBe('False QuotaExceeded');
    const events = transitions(undefined, status);
    expect(events).toContainEqual(expect.objectContaining({ type: 'Warning', reason: 'QuotaExceeded' }));
    expect(transitions(status, status)).toEqual([]);
  });

  it('of the Cluster leaves what was not tried unsaid', () => {
    const edited = { ...cluster, spec: { ...cluster.spec, enablePDB: true } };
    const result = { ...refusing('cluster', 'Refused', 'apply'), untried: ['backup', 'credentials'] as const };
    const { actions, status } = think(but(o, { cluster: edited }), result);
    expect(summary(actions)).toEqual(['apply Cluster', 'create ScheduledBackup', 'create Secret']);
    expect(condition(status, 'Ready')).toBe('False Refused');
    expect(condition(status, 'CredentialsPublished')).toBeUndefined();
    expect(condition(status, 'BackupReady')).toBeUndefined();
    expect(status).not.toHaveProperty('credentials');
  });

  it('of the finalizer ends what was reported of a Cluster that has to be created', () => {
    const going = changed(aRunningAddon(), { mode: 'protected' });
    const refusals = [
      { reason: 'Refused', message: 'no', verb: 'apply', child: 'addon', concern: 'ownership' },
    ] as const;
    const { actions, status } = think(observing(going), { refusals, untried: ['database', 'backup'] });
    expect(summary(actions)).toContain('create Cluster');
    expect(condition(status, 'Provisioned')).toBe('False Refused');
    expect(condition(status, 'PlanApplied')).toBe('False Refused');
  });

  it.each([
    [{ kind: 'denied', message: 'no permission' }, 'Forbidden'],
    [{ kind: 'notServed', reason: 'CNPGNotInstalled', message: 'not served' }, 'CNPGNotInstalled'],
  ] as const)('to show ScheduledBackups (%j) stays with the backups too', (scheduledBackup, reason) => {
    const { actions, status } = think(but(o, { scheduledBackup }), { created: { urlSecret: 'url-uid' } });
    expect(summary(actions)).toEqual(['create Secret']);
    expect(condition(status, 'Ready')).toBe('True Running');
    expect(condition(status, 'BackupReady')).toBe(`False ${reason}`);
  });
});

it('every reason has a row for the docs', () => {
  for (const row of Object.values(reasons)) expect(row.meaning.length * row.remedy.length).toBeGreaterThan(0);
});
