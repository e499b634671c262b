// Ownership of the children: the mode, the release, and the adoption of what a deleted addon left in service.
import { describe, expect, it } from '@jest/globals';
import { annotations, labels, type PostgresAddon, protectionFinalizer } from '../../api/addon.ts';
import type { KubeObject } from '../../api/kubernetes.ts';
import { type Role, roles } from '../children.ts';
import type { Action } from '../decision.ts';
import { needs } from '../needs.ts';
import type { Observed } from '../observed.ts';
import {
  anAddon,
  aRunningAddon,
  but,
  changed,
  childIn,
  manifestOf,
  observing,
  observingAll,
  refusing,
  summary,
  testTime,
  think,
} from '../testing.ts';

const url = 'postgresql://app:secret@db-team-a-shop-rw.team-a:5432/app';

const metadataOf = (actions: readonly Action[], child: Action['child']) => manifestOf(actions, child).metadata;

/** The children that were found. */
function rolesIn({ children }: Observed): readonly Role[] {
  const found = roles.filter((role) => children[role].kind === 'found');
  expect(found).toContain('cluster');
  return found;
}

function guarded(addon: PostgresAddon, ...more: readonly string[]): PostgresAddon {
  return { ...addon, metadata: { ...addon.metadata, finalizers: [protectionFinalizer, ...more] } };
}

function deleted(addon: PostgresAddon): PostgresAddon {
  return { ...addon, metadata: { ...addon.metadata, deletionTimestamp: '2026-01-03T00:00:00Z' } };
}

const everythingOf = (addon: PostgresAddon): Observed => observingAll(addon, url);

it('an addon with a mode that only a later version knows releases its children: the mode may be one that keeps them', () => {
  const addon = aRunningAddon();
  const later = {
    ...addon,
    spec: { ...addon.spec, mode: 'archived' as 'protected', suspend: true },
    unknown: ['spec.mode'],
  };
  const { actions } = think(everythingOf(deleted(guarded(later))));
  // The finalizer goes once no child has an owner reference.
  expect(summary(actions)).not.toContain('apply addon');
  for (const role of ['cluster', 'urlSecret'] as const)
    expect(metadataOf(actions, role)).not.toHaveProperty('ownerReferences', [expect.anything()]);
  expect(actions.length).toBeGreaterThan(1);
});

/** The children after the release of their addon, as observed for the next addon with the same name. */
function orphaned(next: PostgresAddon, former = 'former-uid'): Observed {
  const before = guarded(aRunningAddon({ mode: 'protected' }));
  const o = everythingOf({ ...before, metadata: { ...before.metadata, uid: former } });
  const mark = <T extends KubeObject>(child: T): T => ({
    ...child,
    metadata: {
      ...child.metadata,
      labels: { ...child.metadata.labels, [labels.orphaned]: 'true' },
      ...(child.kind === 'Cluster'
        ? { annotations: { [annotations.formerUid]: former, [annotations.readyAt]: '2025-12-01T00:00:00Z' } }
        : {}),
    },
  });
  return but(o, {
    addon: next,
    cluster: mark(childIn(o, 'cluster')),
    scheduledBackup: mark(childIn(o, 'scheduledBackup')),
    urlSecret: mark(childIn(o, 'urlSecret')),
    live: { kind: 'found', object: next },
  });
}

describe('mode protected', () => {
  it('adds the finalizer before it creates the first child, and owns none', () => {
    const { actions, status } = think(observing(anAddon({ mode: 'protected' })));
    expect(summary(actions)).toEqual(['apply PostgresAddon', 'create Cluster', 'create ScheduledBackup']);
    expect(metadataOf(actions, 'addon')).toMatchObject({ uid: 'addon-uid', finalizers: [protectionFinalizer] });
    expect(metadataOf(actions, 'cluster')).not.toHaveProperty('ownerReferences');
    expect(metadataOf(actions, 'cluster').labels).toMatchObject({ [labels.uid]: 'addon-uid' });
    expect(status.conditions?.find(({ type }) => type === 'Protected')).toMatchObject({ status: 'True' });
  });

  it('creates nothing without an owner for an addon that only the cache contains', () => {
    const o = observing(guarded(anAddon({ mode: 'protected' })));
    expect(needs(o, testTime)).toMatchObject({ live: true });
    expect(think(but(o, { live: { kind: 'absent' } })).actions).toEqual([]);
    const successor = { ...o.addon, metadata: { ...o.addon.metadata, uid: 'another' } };
    expect(think(but(o, { live: { kind: 'found', object: successor } })).actions).toEqual([]);
    expect(summary(think(but(o, { live: { kind: 'found', object: o.addon } })).actions)).toContain('create Cluster');
  });

  it('switched on, removes the references of every child at once; switched off, removes the finalizer last', () => {
    const standard = aRunningAddon();
    const on = { ...everythingOf(standard), addon: changed(standard, { mode: 'protected' }) };
    expect(needs(but(on, { source: { kind: 'unread' }, urlSecret: { kind: 'unread' } }), testTime)).toMatchObject({
      source: true,
      unwatched: true,
    });
    const protect = think(on).actions;
    expect(summary(protect)).toEqual(['apply PostgresAddon', 'apply Cluster', 'apply ScheduledBackup', 'apply Secret']);
    for (const child of rolesIn(on)) expect(metadataOf(protect, child)).not.toHaveProperty('ownerReferences');

    const sheltered = guarded(aRunningAddon({ mode: 'protected' }));
    const addon = changed(sheltered, { mode: 'standard' });
    const off = { ...everythingOf(sheltered), addon, live: { kind: 'found', object: addon } as const };
    const expose = think(off).actions;
    expect(summary(expose)).toEqual(['apply Cluster', 'apply ScheduledBackup', 'apply Secret', 'apply PostgresAddon']);
    expect(metadataOf(expose, 'cluster').ownerReferences).toHaveLength(1);
    expect(metadataOf(expose, 'addon').finalizers).toEqual([]);
    expect(needs(but(off, { urlSecret: { kind: 'unread' } }), testTime)).toMatchObject({
      unwatched: true,
      watched: true,
    });
    // Its owner reference is written with its content, and that may have to wait for credentials.
    expect(summary(think({ ...off, source: { kind: 'absent' } }).actions)).toEqual([
      'apply Cluster',
      'apply ScheduledBackup',
    ]);
    // Without reading the Secret it is unknown whether the garbage collector would delete it.
    expect(summary(think(but(off, { source: { kind: 'unread' }, urlSecret: { kind: 'unread' } })).actions)).toEqual([
      'apply Cluster',
      'apply ScheduledBackup',
    ]);
  });
});

describe('protection is not claimed', () => {
  const standard = aRunningAddon();
  const on = { ...everythingOf(standard), addon: changed(standard, { mode: 'protected' }) };
  const said = ({ status }: ReturnType<typeof think>) =>
    status.conditions?.find(({ type }) => type === 'Protected')?.status;

  it('of a Secret that the API server fails to send, which can have an owner', () => {
    const unavailable = { kind: 'unavailable', retryAfterSeconds: 1 } as const;
    expect(said(think(on))).toBe('True');
    expect(said(think(but(on, { urlSecret: unavailable })))).toBeUndefined();
    // What was said once it was seen still holds.
    const held = guarded(aRunningAddon({ mode: 'protected' }));
    const quiet = { ...observing(held), children: everythingOf(held).children };
    const before = { ...held, status: think(quiet).status };
    expect(said(think(but(quiet, { addon: before, urlSecret: unavailable })))).toBe('True');
  });

  it.each<readonly [string, Parameters<typeof think>[1], Parameters<typeof but>[1]]>([
    ['its write was not tried', { untried: ['backup'] }, {}],
    ['its write has to wait for credentials', {}, { source: { kind: 'absent' } }],
  ])('while a child keeps its owner because %s', (_, result, more) => {
    expect(said(think(but(on, more), result))).toBeUndefined();
  });
});

it('a protected addon is not written again and again because others own its children too', () => {
  const addon = guarded(aRunningAddon({ mode: 'protected' }));
  const o = everythingOf(addon);
  expect(think(o).actions).toEqual([]);
  const others = { apiVersion: 'others.dev/v1', kind: 'Application', name: 'a', uid: 'other-uid' };
  const alsoTheirs = <T extends KubeObject>(child: T): T => ({
    ...child,
    metadata: { ...child.metadata, ownerReferences: [others] },
  });
  for (const child of rolesIn(o)) expect(think(but(o, { [child]: alsoTheirs(childIn(o, child)) })).actions).toEqual([]);
});

describe.each([
  ['denied', { kind: 'denied', message: 'no permission' }, 'Forbidden'],
  ['not served', { kind: 'notServed', reason: 'CNPGNotInstalled', message: 'not served' }, 'CNPGNotInstalled'],
] as const)('a ScheduledBackup that is %s', (_, scheduledBackup, reason) => {
  it('can have an owner: the addon is not reported as protected', () => {
    const o = everythingOf(guarded(aRunningAddon({ mode: 'protected' })));
    expect(think(o).status.conditions).toContainEqual(expect.objectContaining({ type: 'Protected', status: 'True' }));
    const { conditions } = think(but(o, { scheduledBackup })).status;
    expect(conditions).toContainEqual(expect.objectContaining({ type: 'Protected', status: 'False', reason }));
  });

  it('can be without one: protection does not end', () => {
    const before = guarded(aRunningAddon({ mode: 'protected' }));
    const addon = changed(before, { mode: 'standard' });
    const o = but(everythingOf(before), { addon, scheduledBackup, live: { kind: 'found', object: addon } });
    expect(summary(think(o).actions)).toEqual(['apply Cluster', 'apply Secret']);
  });
});

it('a switch to standard is retried while a child cannot be read, also for a plan without backups', () => {
  const before = guarded(aRunningAddon({ mode: 'protected', plan: 'free' }));
  const addon = changed(before, { mode: 'standard' });
  const scheduledBackup = { kind: 'denied', message: 'no permission' } as const;
  const o = but(everythingOf(before), { addon, scheduledBackup, live: { kind: 'found', object: addon } });
  // The owner references of the others are written now.
  expect(think(o).pace).toEqual({ kind: 'again', afterMilliseconds: 5_000 });
});

it('protection does not end while a ScheduledBackup that is being deleted has no owner', () => {
  const before = guarded(aRunningAddon({ mode: 'protected' }));
  const addon = changed(before, { mode: 'standard' });
  const o = everythingOf(before);
  const backup = childIn(o, 'scheduledBackup');
  const scheduledBackup = { ...backup, metadata: { ...backup.metadata, deletionTimestamp: '2026-01-03T00:00:00Z' } };
  const { actions } = think(but(o, { addon, scheduledBackup, live: { kind: 'found', object: addon } }));
  expect(summary(actions)).toEqual(['apply Cluster', 'apply Secret']);
});

it.each([
  ['suspended', true, 'Suspended'],
  ['not permitted to see a child', false, 'Protected'],
] as const)(
  'on its way to standard and %s, protection is reported until the finalizer is gone',
  (_, suspend, reason) => {
    const before = guarded(aRunningAddon({ mode: 'protected' }));
    const addon = changed(before, { mode: 'standard', suspend });
    const scheduledBackup = { kind: 'denied', message: 'no permission' } as const;
    const o = but(everythingOf(before), { addon, live: { kind: 'found', object: addon } });
    const { status, actions } = think(suspend ? o : but(o, { scheduledBackup }));
    expect(summary(actions)).not.toContain('apply PostgresAddon');
    expect(status.conditions?.find(({ type }) => type === 'Protected')?.reason).toBe(reason);
    const { status: after, actions: last } = think(but(o, { addon: changed(before, { mode: 'standard' }) }));
    expect(summary(last)).toContain('apply PostgresAddon');
    expect(after.conditions?.find(({ type }) => type === 'Protected')).toBeUndefined();
  },
);

describe('suspended in the middle of a switch, an addon', () => {
  const standard = aRunningAddon();
  const addon = guarded(changed(standard, { mode: 'protected', suspend: true }));
  const free = everythingOf(guarded(aRunningAddon({ mode: 'protected' })));
  const protectionOf = (o: Observed) => think(o).status.conditions?.find(({ type }) => type === 'Protected');

  it('is not reported as protected while the Secret may still have an owner', () =>
    expect(protectionOf({ ...free, addon })).toMatchObject({ status: 'False', reason: 'Suspended' }));

  it('nor while a child has one', () => {
    const reported = { ...addon, status: aRunningAddon({ mode: 'protected' }).status ?? {} };
    expect(protectionOf({ ...free, addon: reported })).toMatchObject({ status: 'True' });
    const owned = everythingOf(standard);
    const scheduledBackup = childIn(owned, 'scheduledBackup');
    expect(protectionOf(but(free, { addon: reported, scheduledBackup }))).toMatchObject({ status: 'False' });
    expect(protectionOf(but(free, { addon: reported, cluster: childIn(owned, 'cluster') }))).toMatchObject({
      status: 'False',
    });
  });
});

describe('a deletion', () => {
  it('of a protected addon marks every child, otherwise unchanged, then removes the finalizer', () => {
    const addon = deleted(changed(guarded(aRunningAddon({ mode: 'protected' })), { plan: 'pro' }));
    const o = everythingOf(guarded(aRunningAddon({ mode: 'protected' })));
    const { actions, ends, status } = think(but(o, { addon }));
    expect(summary(actions)).toEqual(['apply ScheduledBackup', 'apply Secret', 'apply Cluster', 'apply PostgresAddon']);
    expect(ends).toBe(true);
    expect(metadataOf(actions, 'cluster')).toMatchObject({
      uid: 'cluster-uid',
      resourceVersion: '20',
      labels: { [labels.orphaned]: 'true', [labels.uid]: 'addon-uid' },
      annotations: { [annotations.formerUid]: 'addon-uid', [annotations.readyAt]: addon.status?.ready_at },
    });
    const cluster = actions[2];
    // The plan that was asked for in the same breath is not applied.
    expect(cluster?.verb === 'apply' && cluster.manifest.spec).toEqual(childIn(o, 'cluster').spec);
    const secret = actions[1];
    expect(secret?.verb === 'apply' && secret.manifest.data).toEqual({
      DATABASE_URL: Buffer.from(url).toString('base64'),
    });
    expect(status).toMatchObject({ phase: 'deleted' });
    expect(status.conditions?.find(({ type }) => type === 'Ready')).toMatchObject({ reason: 'Released' });
  });

  it('that also waits for other finalizers reports what was released', () => {
    const addon = deleted(guarded(aRunningAddon({ mode: 'protected' }), 'example.org/anchor'));
    const { actions, ends, status } = think({ ...everythingOf(guarded(aRunningAddon({ mode: 'protected' }))), addon });
    expect(metadataOf(actions, 'addon').finalizers).toEqual(['example.org/anchor']);
    expect(ends).toBeUndefined();
    expect(status.conditions?.find(({ type }) => type === 'Ready')).toMatchObject({ reason: 'Released' });
  });

  it('after that of the Cluster does not report that one stays', () => {
    const addon = deleted(guarded(aRunningAddon({ mode: 'protected' })));
    const { status } = think(observing(addon, { urlSecret: { kind: 'absent' } }));
    expect(status.conditions?.find(({ type }) => type === 'Ready')).toMatchObject({ reason: 'Deleted' });
  });

  it('that was interrupted continues where it stopped', () => {
    const addon = deleted(guarded(aRunningAddon({ mode: 'protected' })));
    const half = orphaned(addon, 'addon-uid');
    expect(summary(think({ ...half, live: { kind: 'unread' } }).actions)).toEqual(['apply PostgresAddon']);
  });

  it('does not delay children that are deleted with their namespace, and reports that protection does not cover this', () => {
    const addon = deleted(guarded(aRunningAddon({ mode: 'protected' })));
    const o = everythingOf(guarded(aRunningAddon({ mode: 'protected' })));
    const cluster = childIn(o, 'cluster');
    const doomed = { ...cluster, metadata: { ...cluster.metadata, deletionTimestamp: '2026-01-03T00:00:00Z' } };
    const { actions, status } = think(but(o, { addon, cluster: doomed }));
    expect(summary(actions)).not.toContain('apply Cluster');
    expect(summary(actions).at(-1)).toBe('apply PostgresAddon');
    expect(status.conditions?.find(({ type }) => type === 'Ready')?.message).toContain(
      'protection does not cover this',
    );
  });

  it('before a switch to standard is carried out keeps the database; during the switch, deletes what is already owned', () => {
    const sheltered = guarded(aRunningAddon({ mode: 'protected' }));
    const o = { ...everythingOf(sheltered), addon: deleted(changed(sheltered, { mode: 'standard' })) };
    const { actions, status } = think(o);
    expect(summary(actions)).toEqual(['apply ScheduledBackup', 'apply Secret', 'apply Cluster', 'apply PostgresAddon']);
    for (const child of rolesIn(o)) expect(metadataOf(actions, child).labels).toHaveProperty([labels.orphaned], 'true');
    expect(status.conditions?.find(({ type }) => type === 'Ready')).toMatchObject({ reason: 'Released' });

    const cluster = childIn(everythingOf(guarded(aRunningAddon())), 'cluster');
    const half = think(but(o, { cluster })).actions;
    expect(summary(half)).toEqual(['apply ScheduledBackup', 'apply Secret', 'apply PostgresAddon']);
    expect(metadataOf(half, 'urlSecret').ownerReferences).toHaveLength(1);
    const ready = think(but(o, { cluster })).status.conditions?.find(({ type }) => type === 'Ready');
    expect(ready?.message).toBe('the addon is being deleted, and with it the Cluster, its data and the Secret');
  });

  it('that is not in the cache yet is checked before a missing owner reference is restored', () => {
    const addon = aRunningAddon();
    const cluster = childIn(everythingOf(guarded(aRunningAddon({ mode: 'protected' }))), 'cluster');
    const o = but(everythingOf(addon), { cluster });
    expect(needs(o, testTime).live).toBe(true);
    expect(think(but(o, { live: { kind: 'found', object: deleted(addon) } })).actions).toEqual([]);
    expect(summary(think(but(o, { live: { kind: 'found', object: addon } })).actions)).toEqual(['apply Cluster']);

    // The Secret is known only once it was read.
    const urlSecret = childIn(everythingOf(guarded(aRunningAddon({ mode: 'protected' }))), 'urlSecret');
    const loose = but(everythingOf(addon), { urlSecret });
    expect(needs(but(loose, { urlSecret: { kind: 'unread' } }), testTime).live).toBe(false);
    expect(needs(loose, testTime).live).toBe(true);
    expect(think({ ...loose, live: { kind: 'absent' } }).actions).toEqual([]);
    expect(summary(think({ ...loose, live: { kind: 'found', object: addon } }).actions)).toEqual(['apply Secret']);
  });

  it('of a standard addon with --cascade=orphan marks what stays; otherwise nothing is done', () => {
    const addon = deleted(aRunningAddon());
    const o = { ...everythingOf(aRunningAddon()), addon };
    expect(think(o).actions).toEqual([]);
    expect(needs(o, testTime).unwatched).toBe(false);
    const orphaning = { ...addon, metadata: { ...addon.metadata, finalizers: ['orphan'] } };
    expect(needs(but(o, { addon: orphaning }), testTime).unwatched).toBe(true);
    const { actions, ends } = think(but(o, { addon: orphaning }));
    expect(summary(actions)).toEqual(['apply ScheduledBackup', 'apply Secret', 'apply Cluster']);
    expect(ends).toBeUndefined();
  });
});

describe('an addon with the same name', () => {
  it('adopts everything unchanged, with ready_at, and is requeued at once', () => {
    const addon = anAddon({ plan: 'pro' });
    const o = orphaned(addon);
    expect(needs(but(o, { urlSecret: { kind: 'unread' }, live: { kind: 'unread' } }), testTime)).toMatchObject({
      live: true,
      unwatched: true,
    });
    const { actions, status, pace } = think(o);
    expect(summary(actions)).toEqual(['apply Cluster', 'apply ScheduledBackup', 'apply Secret']);
    expect(metadataOf(actions, 'cluster')).toMatchObject({
      resourceVersion: '20',
      labels: { [labels.uid]: 'addon-uid' },
      annotations: { [annotations.formerUid]: 'former-uid', [annotations.readyAt]: '2025-12-01T00:00:00Z' },
    });
    expect(metadataOf(actions, 'cluster').labels).not.toHaveProperty(labels.orphaned);
    const [cluster] = actions;
    expect(cluster?.verb === 'apply' && cluster.manifest.spec).toEqual(childIn(o, 'cluster').spec);
    expect(status).toMatchObject({ phase: 'provisioning', ready_at: '2025-12-01T00:00:00Z' });
    expect(status.conditions?.find(({ type }) => type === 'Adopted')).toMatchObject({
      status: 'True',
      reason: 'Adopted',
    });
    expect(pace).toEqual({ kind: 'again', afterMilliseconds: 0 });
    // A refused write is not repeated at once.
    expect(think(o, refusing('cluster', 'CNPGUnavailable', 'apply')).pace).toMatchObject({
      kind: 'retry',
      atLeastMilliseconds: 10_000,
    });
  });

  it('does nothing until the API server has confirmed it', () => {
    const { actions } = think({ ...orphaned(anAddon()), live: { kind: 'absent' } });
    expect(actions).toEqual([]);
  });

  it.each([
    ['another database', { database: { name: 'other' } }, 'spec.database.name'],
    ['another owner', { database: { owner: 'other' } }, 'spec.database.owner'],
    ['a lower version', { version: '16' }, 'lower version 16'],
  ])('with %s is refused, and nothing is changed', (_, spec, words) => {
    const { actions, status } = think(orphaned(anAddon(spec)));
    expect(actions).toEqual([]);
    expect(status.conditions?.find(({ type }) => type === 'Stalled')).toMatchObject({
      reason: 'AdoptionRefused',
      message: expect.stringContaining(words),
    });
    expect(status).toMatchObject({ phase: 'creating' });
    expect(status).not.toHaveProperty('ready_at');
  });

  it('inherits no ready_at if the API server refuses the adoption of the Cluster', () => {
    const { status } = think(orphaned(anAddon()), refusing('cluster', 'Refused', 'apply'));
    expect(status).toMatchObject({ phase: 'creating' });
    expect(status).not.toHaveProperty('ready_at');
  });

  it('leaves a ScheduledBackup of another database, and needs no confirmation for that', () => {
    const addon = aRunningAddon();
    const { scheduledBackup } = orphaned(addon).children;
    const o = but(everythingOf(addon), { scheduledBackup });
    expect(needs(o, testTime)).toMatchObject({ live: false });
    const { actions, status } = think(o);
    expect(actions).toEqual([]);
    expect(status).toMatchObject({ phase: 'running' });
    const refused = { type: 'BackupReady', status: 'False', reason: 'AdoptionRefused' };
    expect(status.conditions).toContainEqual(expect.objectContaining(refused));
  });

  it('adopts no Secret of another database', () => {
    const o = orphaned(anAddon());
    const secret = childIn(o, 'urlSecret');
    const { metadata } = secret;
    const stray = {
      ...secret,
      metadata: { ...metadata, labels: { ...metadata.labels, [labels.uid]: 'yet-another' } },
    };
    const { actions, status } = think(but(o, { urlSecret: stray }));
    expect(actions).toEqual([]);
    expect(status.conditions?.find(({ type }) => type === 'Ready')).toMatchObject({ reason: 'AdoptionRefused' });
  });
});

describe('an addon with another name and the same appId', () => {
  const rival = (): PostgresAddon => {
    const addon = anAddon({ appId: 'shop' });
    return { ...addon, metadata: { ...addon.metadata, name: 'boutique' } };
  };

  it('does not take the database of a living addon, although its labels were changed', () => {
    const o = orphaned(anAddon());
    expect(think(o).actions).not.toEqual([]);
    const alive = think(but(o, { livingOwners: ['former-uid'] }));
    expect(alive.actions).toEqual([]);
    expect(alive.status.conditions?.find(({ type }) => type === 'Ready')).toMatchObject({
      reason: 'NameConflict',
      message: expect.stringContaining('which exists; delete that addon first'),
    });
  });

  it('conflicts while the first one exists, and does not inherit after its deletion', () => {
    const o = orphaned(rival());
    const alive = think(but(o, { livingOwners: ['former-uid'] }));
    expect(alive.actions).toEqual([]);
    expect(alive.status.conditions?.find(({ type }) => type === 'Stalled')).toMatchObject({ reason: 'NameConflict' });
    const gone = think(o);
    expect(gone.actions).toEqual([]);
    expect(gone.status.conditions?.find(({ type }) => type === 'Stalled')).toMatchObject({
      reason: 'AdoptionRefused',
      message: expect.stringContaining('addons.paas.dev/name=boutique'),
    });
  });
});
