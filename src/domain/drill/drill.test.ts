// The life of a restore drill, round by round. src/model/drill.test.ts explores every order of events.
import { describe, expect, it } from '@jest/globals';
import { type AddonSpec, annotations, labels, type PostgresAddon } from '../../api/addon.ts';
import { projectObjectStore } from '../../api/barman.ts';
import { type Cluster, projectCluster } from '../../api/cnpg.ts';
import { timestampOf } from '../../api/time.ts';
import type { Facts } from '../../api/workload.ts';
import { serverNameOf } from '../backup/archive.ts';
import { inForce, platform, stored } from '../backup/testing.ts';
import type { ActionResult } from '../decision.ts';
import { needs } from '../needs.ts';
import type { Observed, SeenDrill } from '../observed.ts';
import {
  aCluster,
  aSource,
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
        bootstrap: { recovery: { recoveryTarget: { targetLSN: mark.lsn } } },
        externalClusters: [{ plugin: { parameters: { barmanObjectName: 'drill-db-team-a-shop', serverName } } }],
      },
    });
    expect(second.manifest().spec).not.toHaveProperty('plugins');
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
    const made = restoring(scene('one'));
    expect(what(made)).toEqual(nothing);
    expect(what(later(made, 2 * minute))).toEqual({ ...nothing, drillFacts: true });
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
      expect(lastOf(round(later(waiting, 30 * minute)))).toMatchObject({ result: 'Skipped' });
    }
  });

  it('takes another mark after a failover', () => {
    const marked = round(round(scene('one')), { answer: { mark } });
    const moved = round(later(marked, 15_000), { answer: { archivedWal: '000000020000000000000005' } });
    expect([stepOf(moved), backupOf(moved)?.drill?.mark]).toEqual(['Archiving', undefined]);
    const history = round(later(marked, 15_000), { answer: { archivedWal: '000000000000000000000009' } });
    expect(backupOf(history)?.drill?.mark).toBeDefined();
  });

  it('has failed if CNPG gives the restore up; the second database stays for an hour, for its log', () => {
    const given = {
      phase: 'Cluster is unrecoverable and needs manual intervention',
      phaseReason: 'job drill-db-team-a-shop-1-full-recovery failed',
    };
    const failed = round(withCluster(restoring(scene('one')), given));
    expect(lastOf(failed)).toMatchObject({
      result: 'Failed',
      message: expect.stringContaining(
        'kubectl logs -n team-a job/drill-db-team-a-shop-1-full-recovery -c full-recovery. The backups are only read',
      ),
    });
    expect(round(later(failed, 59 * minute)).wrote).toEqual([]);
    expect(round(later(failed, hour)).wrote).toEqual(['delete ObjectStore']);
    const { addon } = failed;
    const asked = { ...addon, metadata: { ...addon.metadata, annotations: { [annotations.drillNow]: 'two' } } };
    const again = round({ ...failed, addon: asked });
    expect(again.wrote).toEqual(['delete ObjectStore']);
    expect(stepOf(round(round({ ...again, drill: { ...noDrill, hasRoom: true } })))).toBe('Archiving');
  });

  it('is skipped if what it needs is refused, or if there is no room for ten minutes', () => {
    const refusals = [
      { reason: 'QuotaExceeded', message: 'no', verb: 'create', child: 'drillCluster', concern: 'drill' },
    ] as const;
    const refused = round(round(archived(scene('one'))), { refusals });
    expect(lastOf(refused)).toMatchObject({ result: 'Skipped', message: 'no' });
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
    expect(stepOf(round(later(seen, 2 * minute)))).toBe('Restoring');
    expect(lastOf(round(later(seen, 11 * minute)))).toMatchObject({
      result: 'Skipped',
      message: expect.stringContaining('exceeded quota'),
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
  });

  it('is in status, and one that was missed begins once the operator runs again', () => {
    const known = round(scene(undefined));
    const next = backupOf(known)?.nextDrillTime ?? '';
    expect(at(next)).toBe(drillAfter(addon, testTime));
    expect(round(later(known, hour)).addon.status?.backup?.nextDrillTime).toBe(next);
    const due = later(known, 30 * 24 * hour);
    expect(nextDrill(due.addon, due.now)).toBe(at(next));
    const begun = round(due);
    expect([stepOf(begun), at(backupOf(begun)?.nextDrillTime ?? '')]).toEqual([
      'Archiving',
      drillAfter(addon, due.now),
    ]);
  });

  it('is followed when it changes or goes', () => {
    const known = round(scene(undefined));
    const daily = changed(known.addon, { backup: { drill: { schedule: '@daily' } } });
    expect(nextDrill(daily, testTime)).toBe(drillAfter(daily, testTime));
    expect(backupOf(round({ ...known, addon: daily }))?.nextDrillTime).not.toBe(backupOf(known)?.nextDrillTime);
    const without = round({ ...known, addon: changed(known.addon, { backup: {} }) });
    expect(backupOf(without)).not.toHaveProperty('nextDrillTime');
    expect(nextDrill(changed(known.addon, { backup: { drill: { schedule: 'never' } } }), testTime)).toBeUndefined();
  });
});
