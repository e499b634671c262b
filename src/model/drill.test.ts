// A small model of restore drills: one addon whose backups are in force, the two objects of a drill, CNPG, the garbage collector, people
// who interfere, and a crash between any two writes.
import { describe, expect, it } from '@jest/globals';
import { annotations, labels, type PostgresAddon } from '../api/addon.ts';
import { type ObjectStore, projectObjectStore } from '../api/barman.ts';
import { type Cluster, projectCluster } from '../api/cnpg.ts';
import type { LoginResult } from '../api/login.ts';
import { timestampOf } from '../api/time.ts';
import type { Claim, Facts } from '../api/workload.ts';
import { serverNameOf } from '../domain/backup/archive.ts';
import { inForce, platform } from '../domain/backup/testing.ts';
import type { Action, ActionResult, Decision } from '../domain/decision.ts';
import { type DrillChapter, drillChapter } from '../domain/drill/drill.ts';
import { drillQuestion } from '../domain/drill/due.ts';
import { type Drill, drillsOf, withDrillResult } from '../domain/drill/record.ts';
import { situationOf } from '../domain/situation.ts';
import { aCluster, aSource, aTarget, but, changed, defined, noDrill, observing, testTime } from '../domain/testing.ts';
import { explore, inWords } from './explore.ts';

type Health = 'restoring' | 'up' | 'failing';

interface Worker {
  readonly chapter: DrillChapter;
  readonly addon: PostgresAddon;
  readonly next: number;
  readonly result: ActionResult;
  readonly asks: ReturnType<typeof drillQuestion>;
}

interface State {
  readonly addon: PostgresAddon;
  readonly store: ObjectStore | undefined;
  readonly cluster: Cluster | undefined;
  readonly health: Health;
  /** Volumes of a Cluster that was deleted without them, and whether the present Cluster has taken them over. */
  readonly volumes: 'none' | 'left' | 'taken over';
  /** Whether the WAL of the mark is in the archive. */
  readonly archived: boolean;
  /** Milliseconds since the start. */
  readonly time: number;
  readonly worker: Worker | undefined;
  readonly serial: number;
  readonly left: { readonly crashes: number; readonly changes: number; readonly failures: number };
}

type Rule =
  | 'a drill is announced before it makes anything'
  | 'what it restores is in the archive'
  | 'it deletes only what is its own, as it was seen'
  | 'it passes only what was restored'
  | 'it comes to rest with a result, and leaves nothing behind';

interface Step {
  readonly label: string;
  readonly state: State;
  readonly broken?: { readonly rule: Rule; readonly detail: string } | undefined;
}

type Chapter = typeof drillChapter;

const mark = { lsn: '0/5000028', wal: '000000010000000000000005', time: testTime };
const healthy = { provisioned: { reason: 'ClusterHealthy', message: '' } } as const;
const world = inForce();
const on = { ...platform, connectionCheck: 'Required' } as const;
const hour = 3_600_000;

/** Somebody asks for a drill of a database that logs in. */
function asking(request: string): PostgresAddon {
  const { addon } = world;
  const connectable = { type: 'Connectable', status: 'True', reason: 'LoggedIn', message: '', lastTransitionTime: '' };
  const backup = { ...addon.status?.backup, archiving: 'ok', recoveryWindow: { from: '2026-01-02T03:00:00Z' } };
  return {
    ...addon,
    metadata: { ...addon.metadata, annotations: { [annotations.drillNow]: request } },
    spec: { ...addon.spec, backup: { drill: { schedule: '@monthly', assertions: [{ sql: 'SELECT true' }] } } },
    status: { ...addon.status, backup, conditions: [connectable] } as PostgresAddon['status'],
  } as PostgresAddon;
}

const claim: Claim = {
  ...{ name: 'drill-db-team-a-shop-1', uid: 'claim', createdAt: '', phase: 'Bound', storageClass: '' },
  ...{ volume: 'volume', requested: '10Gi', capacity: '10Gi' },
};

function observe({ addon, store, cluster, volumes }: State) {
  const { cluster: own, objectStore, scheduledBackup } = world;
  const source = cluster === undefined ? undefined : ({ kind: 'found', object: aSource(cluster) } as const);
  const claims = volumes === 'left' ? [claim] : [];
  const seen: Facts = { pods: [], claims, warnings: [], changedAt: undefined, unseen: [], failed: [] };
  const facts = cluster === undefined ? ({ kind: 'found', object: seen } as const) : noDrill.facts;
  const drill = { ...noDrill, store, cluster, facts, hasRoom: true, ...(source && { source }) };
  return but(observing(addon, { cluster: own, objectStore, scheduledBackup, platform: on }), { drill });
}

function looks(state: State, chapterOf: Chapter): Step | undefined {
  const o = observe(state);
  const { addon } = state;
  const now = testTime + state.time;
  const suspended = isSuspended(state) ? { suspended: { holdsBack: false } } : {};
  const chapter = chapterOf({ s: situationOf(o), target: aTarget(o), now, ...suspended }, healthy);
  const { actions = [], check, record } = chapter;
  const asks = isSuspended(state) ? undefined : drillQuestion(addon);
  const isSame = JSON.stringify(plain(record)) === JSON.stringify(plain(drillsOf(addon)));
  if (actions.length === 0 && check === undefined && asks === undefined && isSame) return undefined;
  return { label: 'it looks', state: { ...state, worker: { chapter, addon, next: 0, result: {}, asks } } };
}

function isSuspended({ addon }: State): boolean {
  return addon.spec.suspend === true;
}

function plain({ drill, lastDrill, nextDrillTime }: DrillChapter['record']) {
  return { drill, lastDrill, nextDrillTime };
}

function acts(state: State, worker: Worker): Step {
  const action = worker.chapter.actions?.[worker.next];
  return action === undefined ? reports(state, worker) : writes(state, worker, action);
}

function writes(state: State, worker: Worker, action: Action): Step {
  const uid = `uid-${state.serial}`;
  const after: State = { ...state, serial: state.serial + 1, worker: { ...worker, next: worker.next + 1 } };
  if (action.verb === 'delete') {
    const { store } = state;
    const label = `delete ${action.child}`;
    if (store?.metadata.uid !== action.uid) return { label, state: { ...state, worker: undefined } };
    const isOurs = store.metadata.labels?.[labels.drill] !== undefined;
    const broken = isOurs
      ? undefined
      : { rule: 'it deletes only what is its own, as it was seen' as const, detail: label };
    return { label, state: { ...after, store: undefined }, broken };
  }
  const { child, manifest } = action;
  const label = `create ${child}`;
  const { drill } = worker.addon.status?.backup ?? {};
  const stored = JSON.parse(
    JSON.stringify({
      ...manifest,
      metadata: { ...manifest.metadata, uid, resourceVersion: '1', labels: defined(manifest.metadata.labels) },
    }),
  );
  if (drill?.step !== 'Restoring')
    return { label, state: after, broken: { rule: 'a drill is announced before it makes anything', detail: label } };
  if (!state.archived)
    return { label, state: after, broken: { rule: 'what it restores is in the archive', detail: label } };
  if (child === 'drillStore') return { label, state: { ...after, store: state.store ?? projectObjectStore(stored) } };
  const status = { phase: 'Setting up primary', readyInstances: 0 };
  const volumes = state.volumes === 'left' && state.cluster === undefined ? 'taken over' : state.volumes;
  return {
    label,
    state: { ...after, volumes, cluster: state.cluster ?? projectCluster({ ...stored, status }), health: 'restoring' },
  };
}

function reports(state: State, { chapter, addon, asks, result }: Worker): Step {
  const idle = { ...state, worker: undefined };
  if (state.addon !== addon) return { label: 'its status is out of date', state: idle };
  const answer = asks === 'mark' ? { mark } : asks === 'archived' ? { archivedWal: walNow(state) } : {};
  const isThere = state.cluster !== undefined && state.health === 'up';
  const told: LoginResult = isThere
    ? { kind: 'ok', assertions: [undefined] }
    : { kind: 'failed', why: 'refused', detail: 'ECONNREFUSED' };
  const checked = chapter.check && told;
  const all = { ...result, answer, ...(checked && { check: checked }) };
  const before = addon.status?.backup;
  const { drill: _, lastDrill: __, nextDrillTime: ___, ...others } = before ?? {};
  const backup = withDrillResult(
    { ...others, ...chapter.record },
    { check: chapter.check } as Decision,
    all,
    testTime + state.time,
  );
  const next: State = { ...idle, addon: { ...addon, status: { ...addon.status, ...(backup && { backup }) } } };
  const isPassed = backup?.lastDrill?.result === 'Passed' && before?.lastDrill?.time !== backup.lastDrill.time;
  const isRestored =
    state.cluster !== undefined && state.health === 'up' && state.archived && state.volumes !== 'taken over';
  const label = `status: ${backup?.drill?.step ?? 'no drill'}, ${backup?.lastDrill?.result}`;
  return isPassed && !isRestored
    ? { label, state: next, broken: { rule: 'it passes only what was restored', detail: state.health } }
    : { label, state: next };
}

function walNow({ archived }: State): string {
  return archived ? mark.wal : '000000010000000000000004';
}

function isOrphaned({ store, cluster }: State): boolean {
  const owner = cluster?.metadata.ownerReferences?.[0]?.uid;
  return owner !== undefined && store?.metadata.uid !== owner;
}

function surroundings(state: State): readonly Step[] {
  const { addon, store, cluster, left, health } = state;
  const steps: Step[] = [];
  if (isOrphaned(state)) steps.push({ label: 'the Cluster is collected', state: { ...state, cluster: undefined } });
  const { drill } = addon.status?.backup ?? {};
  if (!state.archived && drill?.mark !== undefined)
    steps.push({ label: 'the WAL is archived', state: { ...state, archived: true } });
  if (cluster !== undefined && health === 'restoring')
    steps.push({ label: 'the Cluster is up', state: { ...state, cluster: withHealth(cluster, 'up'), health: 'up' } });
  if (left.failures > 0) {
    const spent = { ...state, left: { ...left, failures: left.failures - 1 } };
    if (cluster !== undefined && health === 'restoring')
      steps.push({
        label: 'the restore fails',
        state: { ...spent, cluster: withHealth(cluster, 'failing'), health: 'failing' },
      });
    steps.push({ label: 'an hour passes', state: { ...spent, time: state.time + hour } });
  }
  if (left.crashes > 0 && state.worker !== undefined)
    steps.push({
      label: 'a crash',
      state: { ...state, worker: undefined, left: { ...left, crashes: left.crashes - 1 } },
    });
  if (left.changes === 0) return steps;
  const spent = { ...state, left: { ...left, changes: left.changes - 1 } };
  if (store !== undefined)
    steps.push({ label: 'somebody deletes the ObjectStore', state: { ...spent, store: undefined } });
  if (cluster !== undefined)
    steps.push({ label: 'somebody deletes the Cluster', state: { ...spent, cluster: undefined } });
  if (cluster !== undefined)
    steps.push({
      label: 'somebody deletes the Cluster without its volumes',
      state: { ...spent, cluster: undefined, volumes: 'left' },
    });
  if (!isSuspended(state))
    steps.push({ label: 'the addon is suspended', state: { ...spent, addon: changed(addon, { suspend: true }) } });
  if (addon.spec.plan !== 'free')
    steps.push({ label: 'the plan becomes free', state: { ...spent, addon: changed(addon, { plan: 'free' }) } });
  const { drill: _, lastDrill: __, ...backup } = addon.status?.backup ?? {};
  steps.push({
    label: 'somebody removes the drill from status',
    state: { ...spent, addon: { ...addon, status: { ...addon.status, backup } } },
  });
  const again = { ...addon.metadata, annotations: { [annotations.drillNow]: 'another' } };
  steps.push({ label: 'somebody asks again', state: { ...spent, addon: { ...addon, metadata: again } } });
  return steps;
}

function withHealth(cluster: Cluster, health: Health): Cluster {
  if (health !== 'up')
    return { ...cluster, status: { phase: 'Cluster is unrecoverable and needs manual intervention' } };
  return { ...cluster, status: { ...aCluster(world.addon).status, readyInstances: 1 } };
}

function stepsFrom(state: State, chapterOf: Chapter): readonly Step[] {
  const { worker } = state;
  const operator = worker === undefined ? looks(state, chapterOf) : acts(state, worker);
  return [...(operator === undefined ? [] : [operator]), ...surroundings(state)];
}

/** What is wrong once nothing interferes any more, and time passes. */
function wrongAtRest(start: State, chapterOf: Chapter) {
  const rule = 'it comes to rest with a result, and leaves nothing behind' as const;
  let state: State = { ...start, left: { crashes: 0, changes: 0, failures: 0 } };
  const steps: string[] = [];
  for (let hours = 0; hours < 15; ) {
    const { worker } = state;
    const [outside] = surroundings(state);
    const own = worker === undefined ? looks(state, chapterOf) : acts(state, worker);
    const isWaiting = state.worker === undefined && own?.state.worker !== undefined && isIdle(own.state.worker, state);
    const next = outside ?? (isWaiting ? undefined : own);
    if (next === undefined) {
      hours += 1;
      state = { ...state, time: state.time + hour };
      steps.push('an hour passes');
      continue;
    }
    state = next.state;
    steps.push(next.label);
    if (next.broken !== undefined) return { ...next.broken, steps };
    if (steps.length > 120) return { rule, detail: 'no rest in 120 steps', steps };
  }
  const { drill, lastDrill } = state.addon.status?.backup ?? {};
  const left = [drill && `drill ${drill.step}`, state.store && 'an ObjectStore', state.cluster && 'a Cluster'];
  const isTold = lastDrill !== undefined || isSuspended(state);
  const detail = left.filter(Boolean).join(', ') || (isTold ? undefined : 'no result');
  return detail === undefined ? undefined : { rule, detail, steps };
}

/** A login that tells nothing new, again and again. */
function isIdle({ asks, chapter }: Worker, { archived }: State): boolean {
  return (
    asks === 'archived' &&
    !archived &&
    (chapter.actions ?? []).length === 0 &&
    chapter.record.drill?.step === 'Archiving'
  );
}

function keyOf({ worker, ...state }: State): string {
  const text = JSON.stringify([
    state,
    worker && [worker.next, worker.asks, worker.chapter, worker.addon === state.addon],
  ]);
  const names = new Map<string, number>();
  const plain = text.replace(/"serial":\d+/, '');
  return plain.replace(/"uid-\d+"/g, (token) => {
    const number = names.get(token) ?? names.size;
    names.set(token, number);
    return `#${number}`;
  });
}

const begin: State = {
  addon: asking('one'),
  store: undefined,
  cluster: undefined,
  health: 'restoring',
  volumes: 'none',
  archived: false,
  time: 0,
  worker: undefined,
  serial: 0,
  left: { crashes: 1, changes: 1, failures: 1 },
};

function searched(start: State, chapterOf: Chapter = drillChapter) {
  return explore<State, Rule>({
    start,
    stepsFrom: (state) => stepsFrom(state, chapterOf),
    keyOf,
    wrongWith: (state) => wrongAtRest(state, chapterOf),
    most: 100_000,
  });
}

/** What a drill of another time left behind. */
function leftBehind(): Pick<State, 'store' | 'cluster'> {
  const drill: Drill = {
    step: 'Restoring',
    startTime: '2025-01-01T00:00:00Z',
    serverName: serverNameOf(world.cluster) ?? '',
    mark: { ...mark, time: '2025-01-01T00:00:00Z' },
  };
  const { addon } = begin;
  const at = (step: Drill): State => ({
    ...begin,
    archived: true,
    addon: { ...addon, status: { ...addon.status, backup: { ...addon.status?.backup, drill: step } } },
  });
  let state = at({ ...drill, restoreTime: '2025-01-01T00:00:00Z' });
  for (let count = 0; count < 12 && state.cluster === undefined; count += 1) {
    const next: Step | undefined =
      state.worker === undefined ? looks({ ...state, time: 0 }, drillChapter) : acts(state, state.worker);
    if (next === undefined) break;
    state = next.state;
  }
  const { store, cluster } = state;
  if (store === undefined || cluster === undefined) throw new Error('nothing was made');
  return { store, cluster };
}

describe('restore drills', () => {
  it.each<readonly [string, State]>([
    ['with a crash, a failure and somebody who interferes', begin],
    ['with two crashes', { ...begin, left: { crashes: 2, changes: 0, failures: 0 } }],
    [
      'after one that left everything behind',
      { ...begin, ...leftBehind(), left: { crashes: 1, changes: 1, failures: 0 } },
    ],
  ])('keep every rule %s', (_, start) => {
    const found = searched(start);
    expect(inWords(found)).toMatch(/^no violation in \d+ states, which is all there are$/);
    expect(found.states).toBeGreaterThan(50);
  });

  it.each<readonly [string, Rule, Chapter]>([
    [
      'begins to restore at once',
      'what it restores is in the archive',
      (round, database) => {
        const chapter = drillChapter(round, database);
        const { drill } = chapter.record;
        if (drill?.step !== 'Archiving') return chapter;
        const time = timestampOf(round.now);
        const restoring = { ...drill, step: 'Restoring' as const, mark: { ...mark, time }, restoreTime: time };
        return { ...chapter, record: { ...chapter.record, drill: restoring } };
      },
    ],
    [
      'creates before it says so',
      'a drill is announced before it makes anything',
      (round, database) => {
        const chapter = drillChapter(round, database);
        const { drill } = chapter.record;
        if (drill?.step !== 'Archiving' || drill.mark === undefined) return chapter;
        const { addon } = round.s;
        const restoreTime = timestampOf(round.now);
        const backup = { ...addon.status?.backup, drill: { ...drill, step: 'Restoring' as const, restoreTime } };
        const early = { ...round.s, addon: { ...addon, status: { ...addon.status, backup } } };
        return { ...drillChapter({ ...round, s: early }, database), record: chapter.record };
      },
    ],
    [
      'deletes what is there',
      'it deletes only what is its own, as it was seen',
      (round, database) => {
        const { store } = round.s.observed.drill;
        const chapter = drillChapter(round, database);
        if (store === undefined || chapter.actions !== undefined) return chapter;
        const { name, uid, resourceVersion } = store.metadata;
        return {
          ...chapter,
          actions: [{ verb: 'delete', child: 'drillStore', concern: 'drill', name, uid, resourceVersion }],
        };
      },
    ],
    [
      'leaves what it made',
      'it comes to rest with a result, and leaves nothing behind',
      (round, database) => {
        const { actions = [], ...chapter } = drillChapter(round, database);
        return { ...chapter, actions: actions.filter(({ verb }) => verb !== 'delete') };
      },
    ],
    [
      'passes without a check',
      'it passes only what was restored',
      (round, database) => {
        const chapter = drillChapter(round, database);
        const { drill } = chapter.record;
        if (drill?.step !== 'Restoring' || round.s.observed.drill.cluster === undefined) return chapter;
        const request = drill.request === undefined ? {} : { request: drill.request };
        const lastDrill = { time: timestampOf(round.now), result: 'Passed' as const, ...request };
        return { ...chapter, record: { ...chapter.record, drill: { ...drill, step: 'Removing' }, lastDrill } };
      },
    ],
    [
      'takes over volumes that are left',
      'it passes only what was restored',
      (round, database) => {
        const { observed } = round.s;
        const blind = { ...observed, drill: { ...observed.drill, facts: noDrill.facts } };
        return drillChapter({ ...round, s: { ...round.s, observed: blind } }, database);
      },
    ],
    [
      'goes on while the addon is suspended',
      'it comes to rest with a result, and leaves nothing behind',
      (round, database) =>
        round.suspended === undefined ? drillChapter(round, database) : { record: drillsOf(round.s.addon) },
    ],
  ])('a mutant that %s breaks a rule', (_, rule, mutant) => {
    const foreign = { ...leftBehind().store, metadata: { ...leftBehind().store?.metadata, labels: {} } } as ObjectStore;
    const start = rule.startsWith('it deletes') ? { ...begin, store: foreign } : begin;
    expect(searched(start, mutant).violation?.rule).toBe(rule);
  });
});
