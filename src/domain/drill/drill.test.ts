// The life of a restore drill, round by round. src/model/drill.test.ts explores every order of events.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { type AddonSpec, annotations, labels, type PostgresAddon } from '../../api/addon.ts';
import { projectObjectStore } from '../../api/barman.ts';
import { type Cluster, projectCluster } from '../../api/cnpg.ts';
import { timestampOf } from '../../api/time.ts';
import { type Facts, projectClaim, projectPod, projectWarning } from '../../api/workload.ts';
import { serverNameOf } from '../backup/archive.ts';
import { inForce, platform, stored } from '../backup/testing.ts';
import type { ActionResult } from '../decision.ts';
import { needs } from '../needs.ts';
import type { Observed, SeenDrill } from '../observed.ts';
import { situationOf } from '../situation.ts';
import {
  aCluster,
  anAddon,
  aSource,
  aStore,
  aTarget,
  but,
  changed,
  manifestOf,
  noDrill,
  observing,
  summary,
  testTime,
  think,
} from '../testing.ts';
import { transitions } from '../transitions.ts';
import { canBegin, drillQuestion, newRequest } from './due.ts';
import { buildDrillCluster } from './objects.ts';
import { drillAfter, nextDrill } from './schedule.ts';

const on = { ...platform, connectionCheck: 'Required' } as const;
const world = inForce();
const serverName = serverNameOf(world.cluster) ?? '';
const minute = 60_000;
const hour = 60 * minute;
const mark = { lsn: '0/5000028', wal: '000000010000000000000005', time: testTime - 2000 };
const weekly = { schedule: '0 0 4 * * 0' };

interface Scene {
  readonly addon: PostgresAddon;
  readonly drill: SeenDrill;
  readonly now: number;
}

/** An addon whose backups are in force, at which somebody asked for a drill, or nobody. */
function scene(request: string | undefined, drill: NonNullable<AddonSpec['backup']>['drill'] = weekly): Scene {
  const { addon } = world;
  const backup = { ...addon.status?.backup, archiving: 'ok' };
  const connectable = { type: 'Connectable', status: 'True', reason: 'LoggedIn', message: '', lastTransitionTime: '' };
  return {
    addon: {
      ...addon,
      metadata: { ...addon.metadata, ...(request && { annotations: { [annotations.drillNow]: request } }) },
      spec: { ...addon.spec, backup: { ...(drill && { drill }) } },
      status: { ...addon.status, backup, conditions: [connectable] } as PostgresAddon['status'],
    } as PostgresAddon,
    drill: { ...noDrill, hasRoom: true },
    now: testTime,
  };
}

function look({ addon, drill }: Scene, spec: Partial<Observed['platform']> = {}): Observed {
  const { cluster, objectStore, scheduledBackup } = world;
  const o = observing(addon, { cluster, objectStore, scheduledBackup, platform: { ...on, ...spec } });
  return but(o, { drill });
}

/** One round: its writes succeed, the login and the check answer so, and the status is written. */
function round(before: Scene, result: ActionResult = {}, spec: Partial<Observed['platform']> = {}) {
  const o = look(before, spec);
  const { decision, actions, status, pace } = think(o, result, before.now);
  let { drill } = before;
  for (const action of actions) {
    if (action.verb === 'delete' && action.child === 'drillStore') drill = { ...drill, store: undefined };
    if (action.verb !== 'create') continue;
    const written = JSON.parse(JSON.stringify(stored(action.manifest, `${action.child}-uid`)));
    if (action.child === 'drillStore') drill = { ...drill, store: projectObjectStore(written) };
    if (action.child === 'drillCluster') drill = { ...drill, cluster: projectCluster(written) };
  }
  const addon = { ...before.addon, status: JSON.parse(JSON.stringify(status)) } as PostgresAddon;
  const wrote = summary(actions).filter((_, index) => actions[index]?.child.startsWith('drill'));
  const told = transitions(before.addon.status, addon.status ?? {}).filter(({ reason }) => reason.startsWith('Drill'));
  return {
    addon,
    drill,
    now: before.now,
    wrote,
    told,
    decision,
    pace,
    manifest: () => manifestOf(actions, 'drillCluster'),
  };
}

const later = <S extends Scene>(it: S, milliseconds: number): S => ({ ...it, now: it.now + milliseconds });
const backupOf = ({ addon }: Scene) => addon.status?.backup;
const stepOf = (it: Scene) => backupOf(it)?.drill?.step;
const lastOf = (it: Scene) => backupOf(it)?.lastDrill;
const archived = (it: Scene): ReturnType<typeof round> =>
  round(later(round(round(it), { answer: { mark } }), 30_000), { answer: { archivedWal: mark.wal } });
/** The second database was created. */
const restoring = (it: Scene): ReturnType<typeof round> => round(round(archived(it)));

function withCluster(it: Scene, status: Cluster['status']): Scene {
  const { cluster } = it.drill;
  if (cluster === undefined) throw new Error('no Cluster');
  const up = { ...cluster, status };
  return { ...it, drill: { ...it.drill, cluster: up, source: { kind: 'found', object: aSource(up) } } };
}

const up = (it: Scene): Scene => withCluster(it, { ...aCluster(world.addon).status, readyInstances: 1 });
const holds = (assertions: readonly (string | undefined)[] = []): ActionResult => ({
  check: { kind: 'ok', assertions },
});

/** A situation that diagnosis/recorded has, and the name and uid of its Cluster. @param waiting what the container waits for instead */
function situationOnRecord(
  name: string,
  waiting: string,
): { readonly metadata: Cluster['metadata']; readonly facts: Facts } {
  const path = join(import.meta.dirname, '..', 'diagnosis', 'recorded', `${name}.json`);
  const { cluster, pods, claims, warnings } = JSON.parse(readFileSync(path, 'utf8')) as {
    readonly cluster: Cluster;
    readonly pods: readonly object[];
    readonly claims: readonly object[];
    readonly warnings: readonly object[];
  };
  const seen = pods.map(projectPod).map((pod) => ({
    ...pod,
    containers: pod.containers.map((one) => ({
      ...one,
      waiting: waiting === '' ? one.waiting : { reason: waiting, message: '' },
    })),
  }));
  const facts = {
    pods: seen,
    claims: claims.map(projectClaim),
    warnings: warnings.map(projectWarning),
    changedAt: '2026-01-01T00:00:00Z',
    unseen: [],
    failed: [],
  };
  return { metadata: cluster.metadata, facts };
}

/** The record of a drill whose second database stays until an hour has passed. */
function withKept({ addon, now }: Scene): PostgresAddon {
  const { drill, ...backup } = addon.status?.backup ?? {};
  const kept = drill && { ...drill, step: 'Removing' as const, keptUntil: timestampOf(now + hour) };
  return { ...addon, status: { ...addon.status, backup: { ...backup, ...(kept && { drill: kept }) } } };
}

describe('a drill that was asked for', () => {
  it('is announced, waits for the archive, restores what was committed before it began, is checked, and removed', () => {
    const begun = round(
      scene('one', { ...weekly, assertions: [{ sql: 'SELECT 1 > 0' }, { sql: 'SELECT 2', expect: '2' }] }),
    );
    expect(begun.wrote).toEqual([]);
    expect(backupOf(begun)?.drill).toEqual({
      step: 'Archiving',
      request: 'one',
      startTime: '2026-01-02T03:04:05Z',
      serverName,
    });
    const marked = round(begun, { answer: { mark } });
    expect(backupOf(marked)?.drill?.mark).toEqual({ ...mark, time: '2026-01-02T03:04:03Z' });
    const waiting = round(later(marked, 15_000), { answer: { archivedWal: '000000010000000000000004' } });
    expect([stepOf(waiting), waiting.pace]).toEqual(['Archiving', { kind: 'again', afterMilliseconds: 15_000 }]);
    const safe = round(later(waiting, 15_000), { answer: { archivedWal: `${mark.wal}.00000028.backup` } });
    expect(backupOf(safe)?.drill).toMatchObject({ step: 'Restoring', restoreTime: '2026-01-02T03:04:35Z' });
    // What a login told is the beginning of the next step.
    expect(safe.pace).toEqual({ kind: 'again', afterMilliseconds: 1000 });
    expect(safe.wrote).toEqual([]);
    const first = round(safe);
    expect([first.wrote, first.pace]).toEqual([['create ObjectStore'], { kind: 'again', afterMilliseconds: 0 }]);
    const second = round(first);
    expect(second.wrote).toEqual(['create Cluster']);
    expect(second.manifest()).toMatchObject({
      metadata: {
        name: 'drill-db-team-a-shop',
        labels: { [labels.drill]: '20260102T030405Z', [labels.name]: 'shop' },
        ownerReferences: [
          { kind: 'ObjectStore', name: 'drill-db-team-a-shop', uid: 'drillStore-uid', controller: true },
        ],
      },
      spec: {
        instances: 1,
        enablePDB: false,
        bootstrap: { recovery: { recoveryTarget: { targetLSN: mark.lsn } } },
        externalClusters: [
          { plugin: { enabled: true, parameters: { barmanObjectName: 'drill-db-team-a-shop', serverName } } },
        ],
      },
    });
    expect(second.manifest().spec).not.toHaveProperty('plugins');
    expect(second.manifest().spec).not.toHaveProperty('serviceAccountTemplate');
    expect(second.manifest().metadata.labels).not.toHaveProperty([labels.uid]);
    const ready = later(up(second), minute);
    expect(round(ready).decision.check).toEqual({
      url: 'postgresql://app:secret@drill-db-team-a-shop-rw.team-a:5432/app',
      place: expect.objectContaining({ host: 'drill-db-team-a-shop-rw.team-a' }),
      assertions: [
        { sql: 'SELECT 1 > 0', expect: 'true' },
        { sql: 'SELECT 2', expect: '2' },
      ],
    });
    const passed = round(ready, holds([undefined, undefined]));
    expect(lastOf(passed)).toEqual({
      time: '2026-01-02T03:05:35Z',
      result: 'Passed',
      request: 'one',
      recoveryPoint: '2026-01-02T03:04:03Z',
      age: '32s',
      duration: '1m0s',
      message: 'the newest state was restored, and 2 assertion(s) hold',
    });
    expect(passed.told).toEqual([
      {
        type: 'Normal',
        reason: 'DrillPassed',
        note: 'the newest state was restored, and 2 assertion(s) hold (state of 2026-01-02T03:04:03Z, 32s old; restored in 1m0s)',
        key: '2026-01-02T03:05:35Z',
      },
    ]);
    const removing = round(passed);
    expect([stepOf(removing), removing.wrote]).toEqual(['Removing', ['delete ObjectStore']]);
    expect(stepOf(round(removing))).toBe('Removing');
    const collected = round({ ...removing, drill: { ...removing.drill, cluster: undefined } });
    expect(backupOf(collected)).not.toHaveProperty('drill');
    expect(round(collected).wrote).toEqual([]);
    expect(stepOf(round(collected))).toBeUndefined();
  });

  it('reads only what a step needs', () => {
    const what = (it: Scene) => {
      const { drillSource, drillFacts, drillRoom } = needs(look(it), it.now);
      return { drillSource, drillFacts, drillRoom };
    };
    const nothing = { drillSource: false, drillFacts: false, drillRoom: false };
    expect(what(scene(undefined))).toEqual(nothing);
    expect(what(scene('one'))).toEqual({ ...nothing, drillRoom: true });
    const begun = round(scene('one'));
    expect(what(begun)).toEqual(nothing);
    expect(needs(look(begun), testTime).source).toBe(true);
    expect(what(archived(scene('one')))).toEqual(nothing);
    expect(what(round(archived(scene('one'))))).toEqual({ ...nothing, drillFacts: true });
    const made = restoring(scene('one'));
    expect(what(made)).toEqual(nothing);
    expect(what(later(made, 89_999))).toEqual(nothing);
    expect(what(later(made, 90_000))).toEqual({ ...nothing, drillFacts: true });
    expect(what(later(up(made), 2 * minute))).toEqual({ ...nothing, drillSource: true });
  });

  it('waits for room, and for a database whose archive works', () => {
    const full = { ...scene('one'), drill: { ...noDrill, hasRoom: false } };
    expect(stepOf(round(full))).toBeUndefined();
    const { addon } = scene('one');
    const failing = { ...addon, status: { ...addon.status, backup: { ...addon.status?.backup, archiving: 'late' } } };
    expect(stepOf(round({ ...scene('one'), addon: failing as PostgresAddon }))).toBeUndefined();
    const suspended = round({ ...scene('one'), addon: changed(addon, { suspend: true }) });
    expect([stepOf(suspended), lastOf(suspended)]).toEqual([undefined, undefined]);
  });

  it('waits for a base backup, and for a Cluster that archives', () => {
    const { objectStore, cluster } = world;
    const begins = (more: Parameters<typeof but>[1]): boolean => {
      const o = but(look(scene('one')), more);
      return canBegin(situationOf(o), aTarget(o), true, testTime);
    };
    const empty = objectStore && { ...objectStore, status: { serverRecoveryWindow: { [serverName]: {} } } };
    const silent = cluster && { ...cluster, spec: { ...cluster.spec, plugins: [] } };
    const backup = { kind: 'absent' } as const;
    expect([begins({ backup }), begins({ backup, objectStore: empty }), begins({ backup, cluster: silent })]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it.each([
    ['nothing of one that nobody asked for', anAddon(), undefined],
    ['where its WAL is, at the beginning', round(scene('one')).addon, 'mark'],
    ['what is archived, from then on', round(round(scene('one')), { answer: { mark } }).addon, 'archived'],
    ['nothing more once it is restored', archived(scene('one')).addon, undefined],
  ])('asks the database %s', (_, addon, expected) => {
    expect(drillQuestion(addon)).toBe(expected);
  });

  it.each([
    ['', undefined],
    ['one', 'one'],
    ['x'.repeat(100), 'x'.repeat(100)],
    ['x'.repeat(101), `${'x'.repeat(99)}…`],
  ])('is recorded as the beginning of the annotation, also if status knows nothing: %j', (value, expected) => {
    const addon = anAddon();
    const metadata = { ...addon.metadata, annotations: { [annotations.drillNow]: value } };
    expect(newRequest({ ...addon, metadata })).toBe(expected);
  });

  it('needs no settings', () => {
    const { addon, ...rest } = scene('one');
    const { backup: _, ...spec } = addon.spec;
    const made = restoring({ ...rest, addon: { ...addon, spec } });
    expect(round(up(made)).decision.check?.assertions).toEqual([]);
    expect(lastOf(round(up(made), holds()))).toMatchObject({ result: 'Passed' });
  });

  it.each([
    [0, 30_000],
    [20 * minute, 2 * minute],
    [11 * hour, 10 * minute],
  ])('that is restored for %i ms is looked at again after %i ms', (since, expected) => {
    expect(round(later(restoring(scene('one')), since)).decision.wakeAfter).toBe(expected);
  });

  it('ends when the addon is suspended, and what it made is removed; another one waits until it is resumed', () => {
    const suspend = <S extends Scene>(it: S, is = true): S => ({ ...it, addon: changed(it.addon, { suspend: is }) });
    for (const before of [round(scene('one')), archived(scene('one')), up(restoring(scene('one')))]) {
      const suspended = round(suspend(before));
      expect([suspended.wrote, suspended.decision.check, stepOf(suspended)]).toEqual([[], undefined, 'Removing']);
      expect(lastOf(suspended)).toMatchObject({
        ...{ result: 'Skipped', request: 'one' },
        message: 'spec.suspend is true: the drill has ended before its time',
      });
      expect(suspended.pace).toEqual({ kind: 'again', afterMilliseconds: 1000 });
      const removed = round(suspended);
      expect(removed.wrote).toEqual(before.drill.store === undefined ? [] : ['delete ObjectStore']);
      const quiet = round({ ...removed, drill: { ...removed.drill, cluster: undefined } });
      expect([quiet.wrote, stepOf(quiet), lastOf(quiet)]).toEqual([[], undefined, lastOf(suspended)]);
      const asked = { ...quiet, addon: { ...quiet.addon, metadata: scene('two').addon.metadata } };
      expect(stepOf(round(suspend(asked)))).toBeUndefined();
      expect(backupOf(round(suspend(asked, false)))?.drill).toMatchObject({ step: 'Archiving', request: 'two' });
    }
  });

  it('that failed stays for its hour when the addon is suspended, and nothing else is written', () => {
    const waiting = withCluster(restoring(scene('one')), { ...aCluster(world.addon).status, readyInstances: 0 });
    const kept = round(later({ ...waiting, addon: withKept(waiting) }, minute));
    const suspended = { ...kept, addon: changed(kept.addon, { suspend: true, plan: 'pro' }) };
    const early = round(suspended);
    expect([early.wrote, early.decision.actions, stepOf(early)]).toEqual([[], [], 'Removing']);
    expect(early.decision.wakeAfter).toBe(59 * minute);
    const late = round(later(suspended, hour));
    expect([late.wrote, late.decision.actions.length]).toEqual([['delete ObjectStore'], 1]);
  });

  it('has the identity with which the archive is read, and what the database has, or should have', () => {
    const safe = archived(scene('one'));
    const reader = { role: 'archive' };
    const stores = { defaultStore: 'main', stores: { main: aStore({ serviceAccountAnnotations: reader }) } };
    const made = round(round(safe, {}, { stores }), {}, { stores });
    expect(made.manifest().spec).toMatchObject({ serviceAccountTemplate: { metadata: { annotations: reader } } });
    const { cluster } = world;
    const { store } = made.drill;
    const { drill } = safe.addon.status?.backup ?? {};
    const { mark: at } = drill ?? {};
    if (cluster === undefined || store === undefined || drill === undefined || at === undefined)
      throw new Error('no drill');
    const target = aTarget(look(safe));
    const { imageName: _, ...spec } = cluster.spec;
    const bare = { ...cluster, spec: { ...spec, storage: {} } };
    const of = (live: Cluster) =>
      buildDrillCluster(safe.addon, target, { ...drill, mark: at, serverName }, live, store).spec;
    expect(of(bare)).toMatchObject({ imageName: target.image, storage: { size: target.storage } });
    const larger = { ...cluster, spec: { ...cluster.spec, imageName: 'postgresql:16.4', storage: { size: '99Gi' } } };
    expect(of(larger)).toMatchObject({ imageName: 'postgresql:16.4', storage: { size: '99Gi' } });
  });

  it.each<readonly [string, Scene, Partial<Observed['platform']>, string]>([
    [
      'with a plan that has none',
      { ...scene('one'), addon: changed(scene('one').addon, { plan: 'free' }) },
      {},
      'plan free has no backups',
    ],
    ['without logins', scene('one'), { connectionCheck: 'Off' }, 'readiness.connectionCheck is Off'],
    [
      'beside a Cluster of that name',
      { ...scene('one'), drill: { ...noDrill, hasRoom: true, cluster: aCluster(world.addon) } },
      {},
      'does not belong to a drill of this addon; delete it',
    ],
    [
      'beside an ObjectStore of that name',
      { ...scene('one'), drill: { ...noDrill, hasRoom: true, store: world.objectStore } },
      {},
      'does not belong to a drill of this addon; delete it',
    ],
  ])('is skipped at once %s', (_, it, spec, words) => {
    const skipped = round(it, {}, spec);
    expect(lastOf(skipped)).toMatchObject({
      result: 'Skipped',
      request: 'one',
      message: expect.stringContaining(words),
    });
    expect([stepOf(skipped), skipped.wrote]).toEqual([undefined, []]);
    expect(skipped.told.map(({ type, reason }) => [type, reason])).toEqual([['Normal', 'DrillSkipped']]);
    expect(lastOf(round(later(skipped, minute), {}, spec))).toEqual(lastOf(skipped));
  });

  it('is asked for once by each value, whatever a scheduled one does in between', () => {
    const passed = round(up(restoring(scene('one'))), holds());
    const over = round({ ...round(passed), drill: { ...noDrill, hasRoom: true } });
    const due = later(over, Date.parse(backupOf(over)?.nextDrillTime ?? '') - over.now);
    const scheduled = round(due);
    expect(backupOf(scheduled)?.drill).not.toHaveProperty('request');
    const marked = round(scheduled, { answer: { mark: { ...mark, time: scheduled.now } } });
    const again = round(up(round(round(round(marked, { answer: { archivedWal: mark.wal } })))), holds());
    expect(lastOf(again)).toMatchObject({ request: 'one', time: timestampOf(scheduled.now) });
    expect(stepOf(round({ ...round(again), drill: { ...noDrill, hasRoom: true } }))).toBeUndefined();
  });
});

describe('a drill that does not pass', () => {
  it.each<readonly [string, ActionResult, string]>([
    [
      'an assertion that does not hold',
      holds([undefined, 'returns 0, not "2"']),
      'assertion 2 of 2 returns 0, not "2": SELECT 2',
    ],
    [
      'a login that fails',
      { check: { kind: 'failed', why: 'credentials', detail: 'SQLSTATE 28P01' } },
      'the restored database: ',
    ],
  ])('%s has failed, which BackupReady says', (_, result, words) => {
    const it = scene('one', { ...weekly, assertions: [{ sql: 'SELECT 1 > 0' }, { sql: 'SELECT 2', expect: '2' }] });
    const failed = round(up(restoring(it)), result);
    expect(lastOf(failed)).toMatchObject({ result: 'Failed', message: expect.stringContaining(words) });
    const after = round(failed);
    const ready = after.addon.status?.conditions?.find(({ type }) => type === 'BackupReady');
    expect(ready).toMatchObject({ status: 'False', reason: 'DrillFailed', message: expect.stringContaining(words) });
    expect(backupOf(after)?.effective).toBe('daily');
    expect(after.wrote).toEqual(['delete ObjectStore']);
    // Its Event was that of the drill.
    expect(failed.told.map(({ type, reason }) => [type, reason])).toEqual([['Warning', 'DrillFailed']]);
    expect(after.told).toEqual([]);
  });

  it('is skipped if the restored database cannot be reached, or not any more', () => {
    const it = scene('one', { ...weekly, assertions: [{ sql: 'SELECT 1 > 0' }, { sql: 'SELECT 2', expect: '2' }] });
    expect(lastOf(round(up(restoring(it)), holds([undefined])))).toMatchObject({
      result: 'Skipped',
      message: 'assertion 2 of 2 was not answered, since the connection broke: SELECT 2',
    });
    const check = { kind: 'failed', why: 'unreachable', detail: 'no response within 5 s' } as const;
    expect(lastOf(round(up(restoring(scene('one'))), { check }))).toMatchObject({ result: 'Skipped' });
  });

  it('is not judged by a check that was not attempted', () => {
    const open = round(up(restoring(scene('one'))), { check: { kind: 'unchecked' } });
    expect([stepOf(open), lastOf(open)]).toEqual(['Restoring', undefined]);
  });

  it('fails if a login tells that the archive has not got what was committed, and is skipped if none tells', () => {
    const begun = round(scene('one'));
    const marked = round(begun, { answer: { mark } });
    const older = { answer: { archivedWal: '000000010000000000000004' } };
    expect(stepOf(round(later(marked, 14 * minute), older))).toBe('Archiving');
    const late = round(later(marked, 15 * minute), older);
    expect(lastOf(late)).toEqual({
      time: '2026-01-02T03:19:05Z',
      result: 'Failed',
      request: 'one',
      message: 'what was committed by 2026-01-02T03:04:03Z is not archived after 15 min',
    });
    // As after an outage of the operator.
    expect(stepOf(round(later(marked, 15 * minute), { answer: { archivedWal: mark.wal } }))).toBe('Restoring');
    // The clock of the server is ahead.
    const ahead = round(begun, { answer: { mark: { ...mark, time: testTime + 5 * hour } } });
    expect(lastOf(round(later(ahead, 15 * minute), older))?.result).toBe('Failed');
    for (const waiting of [begun, marked, ahead]) {
      expect(stepOf(round(later(waiting, 29 * minute)))).toBe('Archiving');
      expect(lastOf(round(later(waiting, 30 * minute)))).toMatchObject({
        result: 'Skipped',
        message: 'no login to the database has told of the archive for 30 min',
      });
    }
  });

  it('takes another mark after a failover', () => {
    const marked = round(round(scene('one')), { answer: { mark } });
    const moved = round(later(marked, 15_000), { answer: { archivedWal: '000000020000000000000005' } });
    expect([stepOf(moved), backupOf(moved)?.drill?.mark]).toEqual(['Archiving', undefined]);
    const history = round(later(marked, 15_000), { answer: { archivedWal: '000000000000000000000009' } });
    expect(backupOf(history)?.drill?.mark).toBeDefined();
  });

  const unlogged =
    'kubectl logs -n team-a -l cnpg.io/cluster=drill-db-team-a-shop --all-containers --prefix --ignore-errors --tail=-1';

  it.each([
    [
      'job drill-db-team-a-shop-1-full-recovery failed',
      'kubectl logs -n team-a job/drill-db-team-a-shop-1-full-recovery -c full-recovery',
    ],
    // From CNPG 1.31 on there is no Job.
    ['instance drill-db-team-a-shop-1 cannot be bootstrapped', unlogged],
  ])('has failed if CNPG gives the restore up (%s); the second database stays for an hour, for its log', (why, log) => {
    const given = { phase: 'Cluster is unrecoverable and needs manual intervention', phaseReason: why };
    const failed = round(withCluster(restoring(scene('one')), given));
    expect(lastOf(failed)).toMatchObject({
      result: 'Failed',
      message: expect.stringContaining(`${log}. The backups are only read`),
    });
    const kept = round(later(failed, 59 * minute));
    expect([kept.wrote, kept.decision.wakeAfter]).toEqual([[], minute]);
    expect(round(later(failed, hour)).wrote).toEqual(['delete ObjectStore']);
    const { addon } = failed;
    const asked = { ...addon, metadata: { ...addon.metadata, annotations: { [annotations.drillNow]: 'two' } } };
    const again = round({ ...failed, addon: asked });
    expect(again.wrote).toEqual(['delete ObjectStore']);
    expect(stepOf(round(round({ ...again, drill: { ...noDrill, hasRoom: true } })))).toBe('Archiving');
  });

  it('has failed if CNPG gives up the database after the restore', () => {
    const phase = 'Cluster is unrecoverable and needs manual intervention';
    const given = { phase, phaseReason: 'no idea', currentPrimary: 'drill-db-team-a-shop-1' };
    expect(lastOf(round(withCluster(restoring(scene('one')), given)))).toMatchObject({
      result: 'Failed',
      message: expect.stringContaining('(no idea)'),
    });
  });

  describe('without Jobs, as CNPG 1.31 restores,', () => {
    const instance = 'drill-db-team-a-shop-1';
    const waiting = withCluster(restoring(scene('one')), { phase: 'Setting up primary' });
    const ended = { exitCode: 1, startedAt: '2026-01-02T03:04:05Z', finishedAt: '2026-01-02T03:04:06Z' };
    const crashing = { restartCount: 3, state: { waiting: { reason: 'CrashLoopBackOff' } } };
    const notStarted = { name: 'postgres', restartCount: 0, state: { waiting: { reason: 'PodInitializing' } } };

    /** What is around the second database. @param metadata of the pod, besides its name and its owner */
    const around = (it: Scene, metadata: object, status: object): Scene => {
      const ownerReferences = [{ kind: 'Cluster', name: 'x', uid: it.drill.cluster?.metadata.uid, controller: true }];
      const containers = [{ name: 'postgres', image: 'i' }];
      const initContainers = [{ name: 'bootstrap', image: 'i' }];
      const pod = { metadata: { name: instance, uid: 'p', ownerReferences, ...metadata }, status };
      const object: Facts = {
        pods: [projectPod({ ...pod, spec: { initContainers, containers } })],
        claims: [],
        warnings: [],
        changedAt: undefined,
        unseen: [],
        failed: [],
      };
      return { ...it, drill: { ...it.drill, facts: { kind: 'found', object } } };
    };

    it('has failed if the container that restores fails again and again', () => {
      const init = { name: 'bootstrap', ...crashing, lastState: { terminated: ended } };
      const seen = around(
        waiting,
        {},
        { phase: 'Pending', initContainerStatuses: [init], containerStatuses: [notStarted] },
      );
      expect(lastOf(round(seen))).toMatchObject({
        result: 'Failed',
        message: expect.stringContaining(`kubectl logs -n team-a ${instance} -c bootstrap --previous.`),
      });
    });

    // The plugin's container goes from the pod once the database is restored (plugin-barman-cloud#1025).
    it.each([
      ['Upgrading cluster', { deletionTimestamp: '2026-01-02T03:05:05Z' }, { phase: 'Running' }],
      ['Primary instance is being restarted without a switchover', {}, { containerStatuses: [notStarted] }],
      ['Primary instance is being restarted in-place', {}, { containerStatuses: [notStarted] }],
      ['Waiting for the instances to become active', {}, { phase: 'Pending', containerStatuses: [notStarted] }],
    ])('goes on while the restored instance is replaced once more: %s', (phase, metadata, status) => {
      const primary = { currentPrimary: instance, targetPrimary: instance };
      const rolling = around(withCluster(waiting, { phase, readyInstances: 0, ...primary }), metadata, status);
      const before = { ...rolling, addon: waiting.addon };
      const during = round(later(before, 3 * hour));
      expect([stepOf(during), during.wrote, lastOf(during)]).toEqual(['Restoring', [], undefined]);
      const back = withCluster(during, { ...aCluster(world.addon).status, readyInstances: 1 });
      expect(lastOf(round(back, holds()))).toMatchObject({ result: 'Passed' });
    });
  });

  it('is skipped if what it needs is refused, or if there is no room for ten minutes', () => {
    const refusals = [
      { reason: 'QuotaExceeded', message: 'no', verb: 'create', child: 'drillCluster', concern: 'drill' },
    ] as const;
    const refused = round(round(archived(scene('one'))), { refusals });
    expect(lastOf(refused)).toMatchObject({ result: 'Skipped', message: 'no' });
    // Without a Cluster, no event follows the deletion of the ObjectStore.
    const removed = round({ ...refused, drill: { ...refused.drill, cluster: undefined } });
    expect([removed.wrote, removed.pace]).toEqual([['delete ObjectStore'], { kind: 'again', afterMilliseconds: 0 }]);
    expect(stepOf(round(removed))).toBeUndefined();
    const facts: Facts = {
      pods: [],
      claims: [],
      warnings: [
        {
          kind: 'Job',
          name: 'drill-db-team-a-shop-1-full-recovery',
          uid: 'j',
          reason: 'FailedCreate',
          message: 'pods "x" is forbidden: exceeded quota: room, requested: pods=1',
          at: '2026-01-02T03:04:40Z',
        } as Facts['warnings'][number],
      ],
      changedAt: undefined,
      unseen: ['persistentvolumeclaims'],
      failed: [],
    };
    const waiting = withCluster(restoring(scene('one')), { phase: 'Setting up primary' });
    const seen = { ...waiting, drill: { ...waiting.drill, facts: { kind: 'found', object: facts } as const } };
    expect(stepOf(round(later(seen, 10 * minute - 1)))).toBe('Restoring');
    expect(lastOf(round(later(seen, 10 * minute)))).toMatchObject({
      result: 'Skipped',
      message: expect.stringContaining('exceeded quota'),
    });
  });

  it.each<readonly [string, string, string, string | undefined]>([
    ['pods that are refused', 'limit-range', '', 'maximum memory usage per Container'],
    ['a node that fits', 'memory-lacking', '', 'Insufficient memory'],
    ['a StorageClass', 'class-missing', '', 'StorageClass "nosuch"'],
    ['a volume', 'volumes-lacking', '', '"nobody-waits"'],
    ['a volume that can be mounted', 'mount-failing', '', '/no/such/directory is not a directory'],
    ['an image', 'image-waiting', '', 'cannot be pulled'],
    ['a container that starts', 'image-waiting', 'CreateContainerConfigError', 'cannot start container'],
    ['enough memory', 'out-of-memory', '', 'choose a plan with more memory'],
    ['enough disk', 'disk-full', '', 'has no space for the next WAL file'],
    ['nothing that could be missing, since its container exits', 'crash-looping', '', undefined],
  ])('is skipped if there is no room for ten minutes, for the want of %s', (_, name, waiting, words) => {
    const { metadata, facts } = situationOnRecord(name, waiting);
    const made = withCluster(restoring(scene('one')), { phase: 'Setting up primary' });
    const { cluster } = made.drill;
    const { uid, name: recorded } = metadata;
    const renamed = cluster && { ...cluster, metadata: { ...cluster.metadata, uid, name: recorded } };
    const seen = {
      ...made,
      drill: { ...made.drill, cluster: renamed, facts: { kind: 'found', object: facts } as const },
    };
    const after = round(later(seen, 10 * minute));
    if (words === undefined) expect(stepOf(after)).toBe('Restoring');
    else expect(lastOf(after)).toMatchObject({ result: 'Skipped', message: expect.stringContaining(words) });
  });

  it('begins with no volume that is left under its name: it waits until it is gone, and is skipped after ten minutes', () => {
    const stored = round(archived(scene('one')));
    const nothing: Facts = { pods: [], claims: [], warnings: [], changedAt: undefined, unseen: [], failed: [] };
    const sees = (facts: Partial<Facts>, after = 0) =>
      round(
        later(
          { ...stored, drill: { ...stored.drill, facts: { kind: 'found', object: { ...nothing, ...facts } } } },
          after,
        ),
      );
    const left = { claims: [{ name: 'drill-db-team-a-shop-1' } as Facts['claims'][number]] };
    const unknown: Partial<Facts> = { failed: ['persistentvolumeclaims'] };
    for (const facts of [left, unknown]) {
      const waiting = sees(facts, 10 * minute - 1);
      expect([waiting.wrote, stepOf(waiting), waiting.decision.wakeAfter]).toEqual([[], 'Restoring', minute - 0.1]);
      expect(lastOf(sees(facts, 10 * minute))).toMatchObject({ result: 'Skipped' });
    }
    expect(lastOf(sees(left, 10 * minute))?.message).toMatch(
      /^volumes of an earlier drill .*; kubectl delete pod,pvc -n team-a -l cnpg\.io\/cluster=drill-db-team-a-shop$/,
    );
    expect(lastOf(sees(unknown, 10 * minute))?.message).toContain('could not be listed');
    // What must not be listed proves nothing, and is nobody's fault.
    for (const facts of [{}, { unseen: ['persistentvolumeclaims'] }, { failed: ['pods'] }] as const)
      expect(sees(facts, 10 * minute).wrote).toEqual(['create Cluster']);
  });

  it.each(['mark', 'restoreTime'] as const)('is skipped if status has lost the %s of what is restored', (field) => {
    const safe = archived(scene('one'));
    const { [field]: _, ...drill } = backupOf(safe)?.drill ?? { step: 'Restoring', startTime: '' };
    const { addon } = safe;
    const lost = { ...addon, status: { ...addon.status, backup: { ...backupOf(safe), drill } } } as PostgresAddon;
    const skipped = round({ ...safe, addon: lost });
    expect(skipped.wrote).toEqual([]);
    expect(lastOf(skipped)).toMatchObject({
      result: 'Skipped',
      message: 'status no longer tells what is restored',
    });
  });

  it.each(['store', 'cluster'] as const)('begins with the removal of the %s of an earlier one', (what) => {
    const made = restoring(scene('one'));
    const { [what]: left } = made.drill;
    if (left === undefined) throw new Error(`no ${what}`);
    const marks = { ...left.metadata.labels, [labels.drill]: 'earlier' };
    const older = { ...left, metadata: { ...left.metadata, labels: marks } };
    const after = round({ ...made, drill: { ...made.drill, [what]: older } });
    expect([after.wrote, stepOf(after)]).toEqual([['delete ObjectStore'], 'Restoring']);
  });

  it('makes nothing while its ObjectStore is gone before its Cluster, or has no place', () => {
    const made = restoring(scene('one'));
    const alone = round({ ...made, drill: { ...made.drill, store: undefined } });
    expect([alone.wrote, stepOf(alone)]).toEqual([[], 'Restoring']);
    const withdrawn = { stores: { stores: {} } };
    const safe = archived(scene('one'));
    const waiting = round(safe, {}, withdrawn);
    expect([waiting.wrote, stepOf(waiting)]).toEqual([[], 'Restoring']);
    // What has its place goes on, although nobody offers that any more.
    expect(round(round(safe), {}, withdrawn).wrote).toEqual(['create Cluster']);
  });

  it('is not judged before its Secret has a password', () => {
    const ready = up(restoring(scene('one')));
    const { source } = ready.drill;
    if (source.kind !== 'found') throw new Error('no Secret');
    const { password: _, ...data } = source.object.data ?? {};
    const half = { kind: 'found', object: { ...source.object, data } } as const;
    const waiting = round({ ...ready, drill: { ...ready.drill, source: half } });
    expect([waiting.decision.check, stepOf(waiting)]).toEqual([undefined, 'Restoring']);
  });

  it('is skipped if the database has begun another lineage', () => {
    const marked = round(round(scene('one')), { answer: { mark } });
    const { addon } = marked;
    const drill = { ...backupOf(marked)?.drill, serverName: 'earlier' };
    const moved = { ...addon, status: { ...addon.status, backup: { ...backupOf(marked), drill } } } as PostgresAddon;
    expect(lastOf(round({ ...marked, addon: moved }))).toMatchObject({
      result: 'Skipped',
      message: 'the database has begun another lineage of backups',
    });
  });

  it('is skipped after twelve hours, but not if it can be checked then', () => {
    const waiting = withCluster(restoring(scene('one')), { phase: 'Setting up primary' });
    expect(stepOf(round(later(waiting, 11 * hour)))).toBe('Restoring');
    expect(lastOf(round(later(waiting, 12 * hour)))).toMatchObject({
      result: 'Skipped',
      message: 'the restored database could not be checked within 12 h',
    });
    expect(lastOf(round(later(up(waiting), 13 * hour), holds()))).toMatchObject({ result: 'Passed' });
    const unread = up(waiting);
    const denied = { ...unread, drill: { ...unread.drill, source: { kind: 'denied', message: 'no' } as const } };
    expect(lastOf(round(later(denied, 12 * hour)))).toMatchObject({ result: 'Skipped' });
  });

  it('stays in BackupReady when another one is skipped, until one passes', () => {
    const it = scene('one', { ...weekly, assertions: [{ sql: 'SELECT 1 > 0' }] });
    const reasonOf = (scene: Scene) =>
      round(scene).addon.status?.conditions?.find(({ type }) => type === 'BackupReady')?.reason;
    const failed = round(up(restoring(it)), holds(['returns 0, not "2"']));
    const over = { ...round(failed), drill: { ...noDrill, hasRoom: true } };
    const { addon } = round(over);
    const again = (request: string, from: PostgresAddon): Scene => ({
      ...over,
      addon: { ...from, metadata: { ...from.metadata, annotations: { [annotations.drillNow]: request } } },
    });
    const skipped = round(up(restoring(again('two', addon))), { check: { kind: 'failed', why: 'host', detail: '' } });
    expect([lastOf(skipped)?.result, reasonOf(skipped)]).toEqual(['Skipped', 'DrillFailed']);
    const after = round({ ...round(skipped), drill: { ...noDrill, hasRoom: true } });
    const passed = round(up(restoring(again('three', after.addon))), holds([undefined]));
    expect([lastOf(passed)?.result, reasonOf(passed), backupOf(passed)?.lastDrillPassTime]).toEqual([
      'Passed',
      'InForce',
      lastOf(passed)?.time,
    ]);
  });

  it('is skipped if nothing removes what an earlier one left behind', () => {
    const { drill } = restoring(scene('one'));
    const { cluster } = drill;
    const loose = cluster && { ...cluster, metadata: { ...cluster.metadata, ownerReferences: [] } };
    const skipped = round({ ...scene('two'), drill: { ...noDrill, hasRoom: true, cluster: loose } });
    expect(lastOf(skipped)).toMatchObject({
      result: 'Skipped',
      message: expect.stringMatching(/^Cluster drill-\S+ of an earlier drill .*; delete it$/),
    });
    const removing = { ...restoring(scene('one')), drill: { ...noDrill, cluster: loose } };
    expect(lastOf(round(removing))).toMatchObject({ result: 'Skipped' });
  });

  it('does not begin with a CRD that would not remember it', () => {
    const o = look(scene('one'));
    const { status } = think(but(o, { missingFromSchema: ['status.backup.drill'] }), {}, testTime);
    expect([status.backup?.drill, status.backup?.lastDrill]).toEqual([undefined, undefined]);
  });

  it('says that a schedule is invalid, and leaves the backups as they are', () => {
    const it = scene(undefined, { schedule: '30 2 * * *' });
    const { addon, decision } = round(it);
    expect(addon.status?.conditions?.find(({ type }) => type === 'BackupReady')).toMatchObject({
      reason: 'InvalidSpec',
      message: expect.stringContaining('spec.backup.drill.schedule "30 2 * * *" has 5 fields'),
    });
    expect([decision.ready.reason, addon.status?.backup?.effective]).not.toContain('InvalidSpec');
    expect(addon.status?.backup?.effective).toBe('daily');
  });

  it('is skipped if its backups are not the present ones any more', () => {
    const made = restoring(scene('one'));
    const free = round({ ...made, addon: changed(made.addon, { plan: 'free' }) });
    expect(lastOf(free)).toMatchObject({ result: 'Skipped', message: 'the database has no backups any more' });
    expect(round(free).wrote).toEqual(['delete ObjectStore']);
  });
});

it('what a drill of another time left behind is removed before another one begins, and nothing of anybody else', () => {
  const { drill } = restoring(scene('one'));
  const lost = round({ ...scene('two'), drill });
  expect([lost.wrote, stepOf(lost)]).toEqual([['delete ObjectStore'], undefined]);
  const { store } = drill;
  const foreign = store && { ...store, metadata: { ...store.metadata, labels: {} } };
  const left = round({ ...scene(undefined), drill: { ...noDrill, store: foreign } });
  expect([left.wrote, stepOf(left)]).toEqual([[], undefined]);
  const suspended = (of: SeenDrill) =>
    round({ ...scene('two'), addon: changed(scene('two').addon, { suspend: true }), drill: of });
  expect([suspended(drill).wrote, stepOf(suspended(drill))]).toEqual([['delete ObjectStore'], undefined]);
  expect(suspended({ ...noDrill, store: foreign }).wrote).toEqual([]);
});

it.each([
  ['orphan', ['delete ObjectStore']],
  ['foregroundDeletion', []],
])(
  'of an addon that is deleted with the finalizer %s, it removes %j: the garbage collector does the rest',
  (finalizer, expected) => {
    const it = restoring(scene('one'));
    const metadata = { ...it.addon.metadata, deletionTimestamp: '2026-01-02T03:04:05Z', finalizers: [finalizer] };
    expect(round({ ...it, addon: { ...it.addon, metadata } }).wrote).toEqual(expected);
  },
);

it('of an addon that is gone, it is removed only if the garbage collector has left it behind', () => {
  const it = restoring(scene('one'));
  const { store } = it.drill;
  const removed = (metadata: object | undefined): readonly string[] => {
    const left = store && metadata && { ...store, metadata: { ...store.metadata, ...metadata } };
    const { actions } = think(but(look({ ...it, drill: { ...it.drill, store: left } }), { gone: true }));
    return summary(actions.filter(({ child }) => child === 'drillStore'));
  };
  expect(removed({ ownerReferences: undefined })).toEqual(['delete ObjectStore']);
  expect(removed({})).toEqual([]);
  expect(removed({ ownerReferences: undefined, labels: {} })).toEqual([]);
});

describe('the schedule', () => {
  const { addon } = scene(undefined);
  const at = (text: string) => Date.parse(text);

  it('begins each drill up to 15 minutes after its time, at the same distance each week', () => {
    const first = drillAfter(addon, testTime) ?? 0;
    const delay = first - at('2026-01-04T04:00:00Z');
    expect(delay).toBeGreaterThanOrEqual(0);
    expect(delay).toBeLessThan(15 * minute);
    expect(drillAfter(addon, first)).toBe(first + 7 * 24 * hour);
    expect(drillAfter(addon, first - 1000)).toBe(first);
    const other = { ...addon, metadata: { ...addon.metadata, name: 'other' } };
    expect(drillAfter(other, testTime)).not.toBe(first);
    // Another version of the operator must not move it.
    expect(delay).toBe(431_000);
  });

  it('has no next drill if it is not there, or has no day', () => {
    expect(drillAfter(anAddon(), testTime)).toBeUndefined();
    const never = anAddon({ backup: { drill: { schedule: '0 0 4 30 2 *' } } });
    expect(drillAfter(never, testTime)).toBeUndefined();
  });

  it('is in status, and one that was missed begins once the operator runs again', () => {
    const known = round(scene(undefined));
    const next = backupOf(known)?.nextDrillTime ?? '';
    expect(at(next)).toBe(drillAfter(addon, testTime));
    expect(round(later(known, hour)).addon.status?.backup?.nextDrillTime).toBe(next);
    const due = later(known, 30 * 24 * hour);
    expect(nextDrill(due.addon, due.now)).toBe(at(next));
    expect(round({ ...known, now: at(next) - minute }).decision.wakeAfter).toBe(minute);
    const begun = round(due);
    expect([stepOf(begun), at(backupOf(begun)?.nextDrillTime ?? '')]).toEqual([
      'Archiving',
      drillAfter(addon, due.now),
    ]);
  });

  it('is none of a plan without backups', () => {
    const known = round(scene(undefined));
    const free = { ...known, addon: changed(known.addon, { plan: 'free' }) };
    const without = round(free);
    expect(backupOf(without)).not.toHaveProperty('nextDrillTime');
    const next = at(backupOf(known)?.nextDrillTime ?? '');
    expect(round({ ...without, now: next - minute }).decision.wakeAfter).not.toBe(minute);
    expect(lastOf(round(later(free, 30 * 24 * hour)))).toBeUndefined();
  });

  it('is followed when it changes or goes', () => {
    const known = round(scene(undefined));
    const daily = changed(known.addon, { backup: { drill: { schedule: '@daily' } } });
    expect(nextDrill(daily, testTime)).toBe(drillAfter(daily, testTime));
    const later = changed(known.addon, { backup: { drill: { schedule: '0 0 4 * * 3' } } });
    expect(nextDrill(later, testTime)).toBe(drillAfter(later, testTime));
    expect(backupOf(round({ ...known, addon: daily }))?.nextDrillTime).not.toBe(backupOf(known)?.nextDrillTime);
    const without = round({ ...known, addon: changed(known.addon, { backup: {} }) });
    expect(backupOf(without)).not.toHaveProperty('nextDrillTime');
    expect(nextDrill(changed(known.addon, { backup: { drill: { schedule: 'never' } } }), testTime)).toBeUndefined();
  });
});
