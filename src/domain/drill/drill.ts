// The chapter of restore drills: restores the newest state of the database into a second one, checks it there, and removes it again. Each
// step is recorded in status before it is taken, and can be repeated. The archive is only read.
import { labels } from '../../api/addon.ts';
import type { Cluster } from '../../api/cnpg.ts';
import type { Reason } from '../../api/conditions.ts';
import { recordedTime, timestampOf } from '../../api/time.ts';
import { type Chapter, type Round, suspension } from '../chapter.ts';
import { databaseUrl, readCredentials } from '../credentials/database-url.ts';
import type { DatabaseChapter } from '../database/database.ts';
import { isHealthy, judgeCluster } from '../database/readiness.ts';
import { isUp } from '../database/up.ts';
import { type Check, createOther } from '../decision.ts';
import { findCause } from '../diagnosis/diagnosis.ts';
import { sourceSecretName } from '../names.ts';
import type { Situation } from '../situation.ts';
import type { Target } from '../target.ts';
import { stateOf, type Verdict } from '../verdict.ts';
import { canBegin, impossible, isDue, newRequest } from './due.ts';
import { buildDrillCluster, buildDrillStore, idOf, volumesInTheWay, whatIsLeft } from './objects.ts';
import { begun, type Drill, type DrillRecord, drillsOf, type End, ended, waitingSince } from './record.ts';
import { nextDrill } from './schedule.ts';

export interface DrillChapter extends Chapter {
  /** For `status.backup`. */
  readonly record: DrillRecord;
}

/** How long a drill waits for a login that tells of the archive. Milliseconds, as all that follow. */
const loginLimit = 30 * 60_000;
const restoringLimit = 12 * 3_600_000;
/** How long a drill waits for what may be there soon, such as a node. */
const roomLimit = 10 * 60_000;
/** How long the second database stays after a restore that failed: the cause is in its log, which the operator may not read. */
const keptFor = 3_600_000;
const betweenLooks = 15_000;
const shortestBetweenSearches = 30_000;
const longestBetweenSearches = 600_000;

/** What says that the backups cannot be restored as they are. */
const aboutTheBackups: readonly Reason[] = ['RestoreFailed', 'ClusterUnrecoverable'];

/** What keeps a restore from beginning. Every other cause may be over soon. */
const aboutTheRoom: readonly Reason[] = [
  'QuotaExceeded',
  'PodsRefused',
  'Unschedulable',
  'StorageClassMissing',
  'VolumePending',
  'MountFailed',
  'ImagePullFailed',
  'ContainerNotStarted',
  'OutOfMemory',
  'DiskFull',
];

/** @returns the writes and the check of the step that is due, and the record of it */
export function drillChapter(round: Round, { provisioned }: Pick<DatabaseChapter, 'provisioned'>): DrillChapter {
  const { s, target, now } = round;
  const record = withNextTime(round);
  if (round.suspended !== undefined) return whileSuspended(round, drillsOf(s.addon));
  const { drill } = record;
  if (drill === undefined) return begin(round, record, isHealthy(provisioned));
  if (drill.step === 'Removing') return removing(round, record, drill);
  const changed = changedSince(s, target, drill);
  if (changed !== undefined) return end(record, drill, { result: 'Skipped', message: changed }, now);
  return drill.step === 'Archiving' ? archiving(round, record, drill) : restoring(round, record, drill);
}

/** The record, with the time of the next scheduled drill. */
function withNextTime({ s: { addon }, target, now }: Round): DrillRecord {
  const { nextDrillTime: _, ...record } = drillsOf(addon);
  const next = target.backup === 'none' ? undefined : nextDrill(addon, now);
  return next === undefined ? record : { ...record, nextDrillTime: timestampOf(next) };
}

function begin({ s, target, now }: Round, record: DrillRecord, healthy: boolean): DrillChapter {
  const { addon, observed } = s;
  const left = whatIsLeft(s);
  // Of a drill that status does not tell of any more.
  if (left.isThere && left.stuck === undefined) return { actions: left.actions, record };
  const next = record.nextDrillTime === undefined ? undefined : nextDrill(addon, now);
  if (!isDue(s, target, now)) return { record, wakeAfter: next && next - now };
  const request = newRequest(addon);
  const why = impossible(s, target);
  if (why !== undefined) {
    const { drill, ...after } = begun(addon, undefined, request, now);
    const { drill: _, ...skipped } = ended(after, drill, { result: 'Skipped', message: why }, now);
    return { record: skipped };
  }
  const serverName = target.archive?.serverName;
  const mayBegin = canBegin(s, target, healthy, now) && observed.drill.hasRoom;
  return mayBegin && serverName !== undefined
    ? { record: begun(addon, serverName, request, now), wakeAfter: 0 }
    : { record };
}

/** None begins. One that is in progress ends, since nobody looks at the archive meanwhile and the second database takes up room. */
function whileSuspended(round: Round, record: DrillRecord): DrillChapter {
  const { drill } = record;
  if (drill === undefined) return { actions: whatIsLeft(round.s).actions, record };
  if (drill.step === 'Removing') return removing(round, record, drill);
  const { message } = suspension(round.s, 'the drill has ended before its time');
  return end(record, drill, { result: 'Skipped', message }, round.now);
}

/** Why a drill cannot go on: what it was about is no longer the present state. */
function changedSince(s: Situation, target: Target, { serverName }: Drill): string | undefined {
  if (target.archive === undefined || s.own.cluster === undefined) return 'the database has no backups any more';
  return target.archive.serverName === serverName ? undefined : 'the database has begun another lineage of backups';
}

function end(record: DrillRecord, drill: Drill, what: End, now: number): DrillChapter {
  return { record: ended(record, drill, what, now), wakeAfter: 0 };
}

/** What a login finds out is in record.ts: that the archive has it, or should have it long since. */
function archiving({ now }: Round, record: DrillRecord, drill: Drill): DrillChapter {
  if (now - waitingSince(drill, now) < loginLimit) return { record, wakeAfter: betweenLooks };
  const message = `no login to the database has told of the archive for ${loginLimit / 60_000} min`;
  return end(record, drill, { result: 'Skipped', message }, now);
}

function restoring(round: Round, record: DrillRecord, drill: Drill): DrillChapter {
  const { s, target, now } = round;
  const { addon, own, observed } = s;
  const why = impossible(s, target);
  if (why !== undefined) return end(record, drill, { result: 'Skipped', message: why }, now);
  const { store, cluster } = observed.drill;
  const isOther = [store, cluster].some((object) => object && object.metadata.labels?.[labels.drill] !== idOf(drill));
  if (isOther) return { actions: whatIsLeft(s).actions, record };
  const { mark, serverName } = drill;
  const since = recordedTime(drill.restoreTime, now);
  if (own.cluster === undefined || mark === undefined || serverName === undefined || since === undefined)
    return end(record, drill, { result: 'Skipped', message: 'status no longer tells what is restored' }, now);
  const search = Math.min(longestBetweenSearches, Math.max(shortestBetweenSearches, (now - since) / 10));
  const waiting: DrillChapter = { record, wakeAfter: search };
  const chosen = target.archive?.chosen;
  if (store === undefined) {
    // It goes with its ObjectStore; and without a store for now, none is made.
    if (cluster !== undefined || chosen === undefined) return waiting;
    const action = createOther('drillStore', buildDrillStore(addon, target, drill, chosen));
    return { actions: [action], record, continues: true };
  }
  if (cluster === undefined) {
    const volumes = volumesInTheWay(s, target);
    if (volumes !== undefined)
      return now - since < roomLimit ? waiting : end(record, drill, { result: 'Skipped', message: volumes }, now);
    const manifest = buildDrillCluster(addon, target, { ...drill, mark, serverName }, own.cluster, store);
    return { ...waiting, actions: [createOther('drillCluster', manifest)] };
  }
  const check = isUp(cluster, 1) ? checkOf(s, target, cluster) : undefined;
  if (check !== undefined) return { ...waiting, check };
  const cause = causeOf(round, cluster, since);
  if (cause !== undefined) return end(record, drill, cause, now);
  const message = `the restored database could not be checked within ${restoringLimit / 3_600_000} h`;
  return now - since < restoringLimit ? waiting : end(record, drill, { result: 'Skipped', message }, now);
}

/** The login that checks the restored database; undefined while its credentials are not known. */
function checkOf({ addon, observed }: Situation, target: Target, cluster: Cluster): Check | undefined {
  const { source } = observed.drill;
  if (source.kind !== 'found') return undefined;
  const credentials = readCredentials(source.object, cluster, target);
  if (typeof credentials === 'string') return undefined;
  const { name, namespace } = cluster.metadata;
  const { database, owner: role } = target;
  const place = { sourceSecret: sourceSecretName(name), host: `${name}-rw.${namespace}`, database, role };
  const { assertions = [] } = addon.spec.backup?.drill ?? {};
  return {
    url: databaseUrl(credentials, name, namespace, 'prefer'),
    assertions: assertions.map(({ sql, expect = 'true' }) => ({ sql, expect })),
    place,
  };
}

/** Why the second database does not come up, if that is final. @param since when the restore began, in milliseconds */
function causeOf({ s, target, now }: Round, cluster: Cluster, since: number): End | undefined {
  const { provisioned } = judgeCluster(s.addon, target, cluster, 1, false);
  const { facts } = s.observed.drill;
  const found = facts.kind === 'found' ? findCause(facts.object, cluster, now) : undefined;
  const verdict: Verdict | undefined = stateOf(provisioned) === 'stalled' ? provisioned : found;
  if (verdict === undefined) return undefined;
  if (aboutTheBackups.includes(verdict.reason)) {
    const unreached = `"recovery ended before configured recovery target was reached" there means that WAL is missing from the archive that was archived by ${timestampOf(since)}`;
    return {
      result: 'Failed',
      message: `${verdict.message}. ${unreached}; the Cluster stays for an hour, so that its log can be read`,
      keep: keptFor,
    };
  }
  const isFinal = aboutTheRoom.includes(verdict.reason) && now - since >= roomLimit;
  return isFinal ? { result: 'Skipped', message: verdict.message } : undefined;
}

function removing({ s, target, now }: Round, record: DrillRecord, drill: Drill): DrillChapter {
  const kept = recordedTime(drill.keptUntil, now + keptFor);
  if (kept !== undefined && kept > now && !isDue(s, target, now)) return { record, wakeAfter: kept - now };
  const { isThere, actions, stuck } = whatIsLeft(s);
  // The end of the Cluster is an event; without one, nothing would come after the deletion of the ObjectStore.
  if (isThere && stuck === undefined) return { actions, record, continues: true };
  const { drill: _, ...rest } = record;
  return { record: rest, wakeAfter: 0 };
}
