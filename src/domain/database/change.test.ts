// What status reports about a change: its steps before, during and after it, and that it is pending while the addon is suspended.
import { describe, expect, it } from '@jest/globals';
import { type AddonStatus, annotations, type PostgresAddon } from '../../api/addon.ts';
import type { Container, Pod } from '../../api/workload.ts';
import { needs } from '../needs.ts';
import type { Observed } from '../observed.ts';
import {
  aCluster,
  anAddon,
  aRunningAddon,
  aScheduledBackup,
  aSource,
  aVolume,
  but,
  changed,
  childIn,
  observing,
  observingAll,
  reported,
  testPlatform,
  testTime,
  think,
} from '../testing.ts';

const url = 'postgresql://app:secret@db-team-a-shop-rw.team-a:5432/app';

const everythingOf = (addon: PostgresAddon): Observed => observingAll(addon, url);

function withPreview(addon: PostgresAddon, plan: string): PostgresAddon {
  return { ...addon, metadata: { ...addon.metadata, annotations: { [annotations.preview]: plan } } };
}

const toPro = [
  { what: 'instances', from: '1', to: '3' },
  { what: 'memory', from: '1Gi', to: '4Gi' },
  { what: 'storage', from: '10Gi', to: '50Gi' },
  { what: 'shared_buffers', from: '256MB', to: '1GB' },
  { what: 'max_connections', from: '100', to: '200' },
  { what: 'synchronous', from: 'off', to: 'on' },
  { what: 'backup', from: 'daily', to: 'pitr' },
];

describe('status.planChange', () => {
  it('lists the steps while they are applied, and keeps them afterwards', () => {
    const before = aRunningAddon();
    const asked = changed(before, { plan: 'pro' });
    const o = { ...everythingOf(before), addon: asked };
    const { status } = think(o);
    const expected = { from: 'standard', to: 'pro', steps: toPro, restart: true, diskKept: false };
    expect(status.planChange).toEqual({ ...expected, state: 'Applying' });

    const done = everythingOf({ ...asked, status });
    expect(think(done).status.planChange).toEqual({ ...expected, state: 'Applied' });
  });

  it('of a database that was never ready is in progress, and becomes part of its creation', () => {
    const fresh = anAddon({ version: '17.99' });
    const cluster = aCluster(fresh, { phase: 'Setting up primary', readyInstances: 0 });
    const { status } = think(observing(fresh, { cluster }));
    const corrected = { ...changed(fresh, { version: '17' }), status };
    expect(think(observing(corrected, { cluster })).status.planChange).toMatchObject({ state: 'Applying' });
  });

  it('reports that the disk is kept, and that a part cannot be applied', () => {
    const before = aRunningAddon({ plan: 'pro' });
    const o = { ...everythingOf(before), addon: changed(before, { plan: 'free' }) };
    expect(think(o).status.planChange).toMatchObject({ from: 'pro', to: 'free', diskKept: true, restart: true });

    const small = aRunningAddon({ plan: 'free' });
    const fixed = aVolume({ claim: 'c', storageClass: 'fixed', expandable: false });
    const grown = changed(small, { plan: 'standard' });
    const first = think({ ...everythingOf(small), addon: grown, volumes: { kind: 'found', object: [fixed] } }).status;
    expect(first.planChange?.steps).not.toContainEqual(expect.objectContaining({ what: 'storage' }));
    const cluster = aCluster({ ...grown, status: first });
    const kept = { ...cluster, spec: { ...cluster.spec, storage: { size: '1Gi' } } };
    const later = think(
      but(everythingOf({ ...grown, status: first }), { cluster: kept, volumes: { kind: 'found', object: [fixed] } }),
    );
    expect(later.status.planChange).toMatchObject({ state: 'Partial' });
    expect(later.status.phase).toBe('running');
    expect(later.status.conditions?.find(({ type }) => type === 'PlanApplied')?.reason).toBe('StorageNotExpandable');
  });

  it('is absent before the first change, and not created by the repair of a manual edit', () => {
    const addon = aRunningAddon();
    const o = everythingOf(addon);
    expect(think(o).status).not.toHaveProperty('planChange');
    const cluster = childIn(o, 'cluster');
    const edited = { ...cluster, spec: { ...cluster.spec, instances: 2 } };
    expect(think(but(o, { cluster: edited })).status).not.toHaveProperty('planChange');
  });
});

describe('a preview', () => {
  it('lists the same steps and applies nothing; it is removed with the annotation', () => {
    const addon = aRunningAddon();
    const o = { ...everythingOf(addon), addon: withPreview(addon, 'pro') };
    expect(needs(but(o, { volumes: { kind: 'unread' } }), testTime).volumes).toBe(true);
    const { actions, status } = think(o);
    expect(actions).toEqual([]);
    expect(status.preview).toEqual({ plan: 'pro', steps: toPro, restart: true, diskKept: false });
    expect(status.plan).toBe('standard');
    expect(think(but(o, { addon: { ...addon, status } })).status).not.toHaveProperty('preview');
  });

  it.each([
    ['standard', 'nothing would change'],
    ['gold', 'use one of free, standard, pro'],
    ['', 'use one of free, standard, pro'],
    ['toString', 'use one of free, standard, pro'],
    ['free', 'a disk cannot be shrunk'],
  ])('of "%s" explains itself', (plan, words) => {
    const addon = aRunningAddon();
    const { status } = think({ ...everythingOf(addon), addon: withPreview(addon, plan) });
    expect(status.preview?.message).toContain(words);
  });

  it('of an invalid value quotes little of it, and says so if there is no database yet', () => {
    const addon = aRunningAddon();
    const { status } = think({ ...everythingOf(addon), addon: withPreview(addon, 'x'.repeat(100_000)) });
    expect(JSON.stringify(status.preview).length).toBeLessThan(300);
    const fresh = withPreview(anAddon(), 'pro');
    expect(think(observing(fresh)).status.preview?.message).toContain('no database yet');
  });
});

describe('suspend', () => {
  it('creates nothing, and reports why', () => {
    const { actions, status } = think(observing(anAddon({ suspend: true })));
    expect(actions).toEqual([]);
    expect(status).toMatchObject({ phase: 'creating' });
    expect(status.conditions?.find(({ type }) => type === 'Suspended')).toMatchObject({ status: 'True' });
    expect(status.conditions?.find(({ type }) => type === 'Stalled')).toMatchObject({ reason: 'Suspended' });
  });

  it('reports nothing of a Cluster that was deleted meanwhile', () => {
    const addon = changed(aRunningAddon(), { suspend: true });
    const { actions, status } = think(observing(addon));
    expect(actions).toEqual([]);
    expect(status).toMatchObject({ phase: 'provisioning', observedGeneration: 1 });
    for (const condition of ['Provisioned', 'PlanApplied'])
      expect(status.conditions).toContainEqual(expect.objectContaining({ type: condition, status: 'False' }));
  });

  it('keeps a manual edit, and still reports that the database is running', () => {
    const addon = aRunningAddon();
    const o = everythingOf(addon);
    const cluster = childIn(o, 'cluster');
    const edited = { ...cluster, spec: { ...cluster.spec, enablePDB: true } };
    const { actions, status } = think(but(o, { cluster: edited, addon: changed(addon, { suspend: true }) }));
    expect(actions).toEqual([]);
    expect(status).toMatchObject({ phase: 'running', observedGeneration: 1 });
    expect(status.conditions).toContainEqual(expect.objectContaining({ type: 'Suspended', status: 'True' }));
  });

  it('delays a change, shows its steps, and applies it afterwards', () => {
    const addon = aRunningAddon();
    const o = everythingOf(addon);
    const held = think(but(o, { addon: changed(addon, { suspend: true, plan: 'pro' }) }));
    expect(held.actions).toEqual([]);
    // The generation was not carried out, so status does not claim it.
    expect(held.status).toMatchObject({ phase: 'running', plan: 'standard', observedGeneration: 1 });
    expect(held.status.planChange).toMatchObject({ from: 'standard', to: 'pro', steps: toPro, state: 'Suspended' });
    expect(held.status.conditions?.find(({ type }) => type === 'PlanApplied')?.reason).toBe('Suspended');
    const resumed = changed({ ...addon, status: held.status }, { suspend: false, plan: 'pro' });
    const { actions, status } = think(but(o, { addon: resumed }));
    expect(actions.map(({ child }) => child)).toContain('cluster');
    expect(status.planChange).toMatchObject({ state: 'Applying', from: 'standard', to: 'pro' });
    expect(status.conditions?.some(({ type }) => type === 'Suspended')).toBe(false);
  });

  it('without a change updates observedGeneration', () => {
    const addon = aRunningAddon();
    const { status } = think({ ...everythingOf(addon), addon: changed(addon, { suspend: true }) });
    expect(status).toMatchObject({ phase: 'running', observedGeneration: 2 });
  });
});

describe('running', () => {
  const required = { ...testPlatform, connectionCheck: 'Required' } as const;
  const advisory = { ...testPlatform, connectionCheck: 'Advisory' } as const;
  const good = { reason: 'LoggedIn', message: 'in' } as const;
  const bad = { reason: 'CredentialsRejected', message: 'out' } as const;

  it('requires one login at first, and one after the primary or the credentials changed', () => {
    const fresh = anAddon();
    const cluster = aCluster(fresh);
    const o = {
      ...observing(fresh, {
        cluster,
        scheduledBackup: aScheduledBackup(fresh),
        source: { kind: 'found', object: aSource(cluster) } as const,
      }),
      platform: required,
    };
    const first = think(o, { created: { urlSecret: 'url-uid' }, login: good });
    expect(first.login?.url).toBe(url);
    expect(first.status).toMatchObject({ phase: 'running', primary: 'db-team-a-shop-1' });
    const addon = { ...fresh, status: first.status };
    const quiet = { ...everythingOf(addon), platform: required };
    expect(think(quiet).login).toBeUndefined();
    expect(needs(but(quiet, { source: { kind: 'unread' }, urlSecret: { kind: 'unread' } }), testTime).source).toBe(
      false,
    );

    const moved = aCluster(addon, { currentPrimary: 'db-team-a-shop-2', targetPrimary: 'db-team-a-shop-2' });
    const failedOver = but(quiet, { cluster: moved });
    expect(needs({ ...failedOver, source: { kind: 'unread' } }, testTime)).toMatchObject({
      source: true,
      unwatched: true,
    });
    expect(think(failedOver).login?.url).toBe(url);
    expect(think(failedOver, { login: good }).status.primary).toBe('db-team-a-shop-2');
    expect(think(but(quiet, { resync: true })).login?.url).toBe(url);
  });

  it('is not reported without a login, and neither is ready_at', () => {
    const fresh = anAddon();
    const cluster = aCluster(fresh);
    const o = {
      ...observing(fresh, { cluster, source: { kind: 'found', object: aSource(cluster) } as const }),
      platform: required,
    };
    for (const outcome of [{ created: { urlSecret: 'u' } }, { created: { urlSecret: 'u' }, login: bad }]) {
      const { status } = think(o, outcome);
      expect(status).toMatchObject({ phase: 'creating' });
      expect(status).not.toHaveProperty('ready_at');
    }
    expect(think(o, { login: bad }).status.conditions?.find(({ type }) => type === 'Stalled')?.reason).toBe(
      'CredentialsRejected',
    );
    const advised = think(but(o, { platform: advisory }), { created: { urlSecret: 'u' }, login: bad }).status;
    expect(advised.phase).toBe('running');
    expect(advised.conditions?.find(({ type }) => type === 'Connectable')).toMatchObject({ status: 'False' });
    const off = think(but(o, { platform: testPlatform }), { created: { urlSecret: 'u' } }).status;
    expect(off.phase).toBe('running');
    expect(off.conditions?.some(({ type }) => type === 'Connectable')).toBe(false);
  });

  it('relies on the last login if the pool was too busy for a resync, but not after the primary changed', () => {
    const fresh = anAddon();
    const cluster = aCluster(fresh);
    const source = { kind: 'found', object: aSource(cluster) } as const;
    const first = think(
      { ...observing(fresh, { cluster, source }), platform: required },
      { created: { urlSecret: 'url-uid' }, login: good },
    );
    const quiet = { ...everythingOf({ ...fresh, status: first.status }), platform: required };
    expect(think(but(quiet, { resync: true })).status.phase).toBe('running');
    const moved = aCluster(fresh, { currentPrimary: 'db-team-a-shop-2', targetPrimary: 'db-team-a-shop-2' });
    expect(think(but(quiet, { cluster: moved })).status.phase).toBe('provisioning');
  });
});

describe('waiting', () => {
  const minute = 60_000;
  const readyOf = ({ conditions }: AddonStatus) => conditions?.find(({ type }) => type === 'Ready');
  it('is Reconciling for five minutes, then Stalled, and clears by itself', () => {
    const addon = anAddon();
    const working = aCluster(addon, { phase: 'Setting up primary', readyInstances: 0 });
    const o = reported(observing(addon, { cluster: working }));
    expect(needs(o, testTime).facts).toBe(false);
    expect(needs(o, testTime + 2 * minute).facts).toBe(true);
    const early = think(o, {}, testTime + 2 * minute);
    expect(early.status.conditions?.some(({ type }) => type === 'Reconciling')).toBe(true);
    expect(early.pace).toEqual({ kind: 'again', afterMilliseconds: 5_000 });
    const late = think(o, {}, testTime + 6 * minute).status;
    expect(late.conditions?.find(({ type }) => type === 'Stalled')?.reason).toBe('TakingTooLong');
    expect(late.conditions?.some(({ type }) => type === 'Reconciling')).toBe(false);
    const cluster = aCluster(addon);
    const source = { kind: 'found', object: aSource(cluster) } as const;
    const done = think(observing({ ...addon, status: late }, { cluster, source }), {}, testTime + 7 * minute).status;
    expect(done.phase).toBe('running');
    expect(done.conditions?.some(({ type }) => type === 'Stalled')).toBe(false);
  });

  it('names a missing permission as soon as the search for a cause needed it, and is otherwise reported as usual', () => {
    const addon = anAddon();
    const cluster = aCluster(addon, { phase: 'Setting up primary', readyInstances: 0 });
    const object = {
      pods: [],
      claims: [],
      warnings: [],
      changedAt: undefined,
      unseen: ['pods', 'events'],
      failed: [],
    } as const;
    const o = reported(observing(addon, { cluster, facts: { kind: 'found', object } }));
    const early = readyOf(think(o, {}, testTime + 2 * minute).status);
    expect(early?.reason).toBe('Creating');
    expect(early?.message).toContain('is not permitted to list pods and events');
    const late = readyOf(think(o, {}, testTime + 6 * minute).status);
    expect(late?.reason).toBe('TakingTooLong');
    expect(late?.message).toContain('is not permitted to list pods and events');
  });

  it('for an instance that CloudNativePG cannot reach is explained by its pod, if that shows a cause', () => {
    const addon = aRunningAddon();
    const phase = 'Instance Status Extraction Error: HTTP communication issue';
    const o = observing(addon, { cluster: aCluster(addon, { phase, readyInstances: 0 }) });
    const soon = think(o, {}, testTime);
    expect(soon.status.conditions?.find(({ type }) => type === 'Ready')?.reason).toBe('InstanceUnreachable');
    const waiting = but(o, { addon: { ...addon, status: soon.status } });
    expect(needs(waiting, testTime + 2 * minute).facts).toBe(true);
    const container: Container = {
      name: 'postgres',
      image: 'postgresql:17',
      ready: false,
      restarts: 4,
      waiting: { reason: 'CrashLoopBackOff', message: '' },
      ended: { reason: 'Error', exitCode: 1, startedAt: '', finishedAt: '' },
      began: true,
    };
    const pod = aPod('db-team-a-shop-1', childIn(o, 'cluster').metadata.uid, [container]);
    const facts = {
      kind: 'found',
      object: { pods: [pod], claims: [], warnings: [], changedAt: undefined, unseen: [], failed: [] },
    } as const;
    const seen = think({ ...waiting, facts }, {}, testTime + 2 * minute).status;
    expect(seen.conditions?.find(({ type }) => type === 'Ready')?.reason).toBe('CrashLooping');
    // Nothing seen: the name of the problem stays, and it is Stalled by that name.
    const late = think(waiting, {}, testTime + 11 * minute).status;
    expect(late.conditions?.find(({ type }) => type === 'Stalled')?.reason).toBe('InstanceUnreachable');
  });
});

function aPod(name: string, clusterUid: string, containers: readonly Container[]): Pod {
  return {
    name,
    uid: 'pod-uid',
    createdAt: '',
    isBeingDeleted: false,
    owner: { kind: 'Cluster', name: 'db-team-a-shop', uid: clusterUid },
    node: 'node-1',
    phase: 'Running',
    reason: '',
    message: '',
    conditions: [],
    containers,
  };
}
