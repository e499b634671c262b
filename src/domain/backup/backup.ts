// The chapters of backups: where they go, the first one, the schedule, and what could be restored.
import { type RecoveryWindow, retentionIn } from '../../api/barman.ts';
import type { Manifest } from '../../api/kubernetes.ts';
import { cut } from '../../api/text.ts';
import { millisecondsOf, recordedTime, timestampOf } from '../../api/time.ts';
import { alterationsIn, standingAlteration } from '../alteration.ts';
import { type Chapter, type Round, suspension } from '../chapter.ts';
import type { DatabaseChapter } from '../database/database.ts';
import { isHealthy } from '../database/readiness.ts';
import { majorOf } from '../database/version.ts';
import { type Action, applyTo, createOther, type Fields, remove } from '../decision.ts';
import type { DrillChapter } from '../drill/drill.ts';
import type { DrillRecord } from '../drill/record.ts';
import { diffChild, diffKept, isWritten } from '../ownership/child-diff.ts';
import { handOver } from '../ownership/handover.ts';
import { obstacleTo } from '../ownership/obstacle.ts';
import type { RedactionChapter } from '../redaction/redaction.ts';
import { foundAs, type Situation } from '../situation.ts';
import type { Target } from '../target.ts';
import { recheckAfter, soonest, type Verdict } from '../verdict.ts';
import { archiveOf, destinationPathOf, lineageOf, objectStoreOf, serverNameOf } from './archive.ts';
import { archivingOf, failedArchiving, isInForce, recordedBackup } from './archiving.ts';
import { type BackupNow, backupNow, isRequestRunning, requestNotReady, requestSuspended } from './backup-now.ts';
import { nextStart, problemOf } from './cron.ts';
import { failedSinceOf, outdatedFailures } from './failed-backups.ts';
import { judgeFailure } from './failure.ts';
import { attemptName, buildBackup, hasFailed, untilAttempt } from './first-backup.ts';
import { lineagesOf } from './lineages.ts';
import { buildObjectStore } from './object-store.ts';
import { buildScheduledBackup } from './scheduled-backup.ts';
import { explained } from './sidecar.ts';
import type { ChosenStore } from './stores.ts';
import { awaitedSeries, eatenWindow, oldestBackup, windowOf } from './window.ts';

/** The first wait for the end of a Backup. Milliseconds. */
const runningRecheck = 15_000;

/** How long after its time a scheduled backup may still be missing. Milliseconds. */
const overdueAfter = 2 * 3_600_000;

/**
 * What has to be written before the Cluster: the ObjectStore that it names, or the end of the schedule of a database whose backups stop.
 * An ObjectStore that is not needed any more stays: the plugin would stop every Cluster that still names it.
 */
export function archiveChapter({ s, target }: Round): Chapter & { readonly actions: readonly Action[] } {
  const { archive } = target;
  if (target.backup === 'none')
    return {
      actions: obstacleTo(s, 'scheduledBackup') === undefined ? diffChild(s, 'scheduledBackup', undefined) : [],
    };
  if (archive?.chosen === undefined || obstacleTo(s, 'objectStore') !== undefined) return { actions: [] };
  const wanted = buildObjectStore(s, target, archive.chosen);
  const { objectStore: live } = s.own;
  if (live === undefined) return { actions: diffKept(s, 'objectStore', wanted) };
  // Its owner changes after that of the Cluster: with --cascade=orphan, the garbage collector may be at work.
  const { ownerReferences } = live.metadata;
  const settings = { ...wanted, metadata: { ...wanted.metadata, ownerReferences } };
  return { actions: isWritten(s, 'objectStore', wanted, live) ? [] : [applyTo('objectStore', settings, live)] };
}

/** @returns the first Backup, the schedule, BackupReady and `status.backup`; a plan without backups has no BackupReady */
export function backupChapter(
  round: Round,
  { provisioned }: DatabaseChapter,
  { record }: DrillChapter,
  { pending: unredacted }: Pick<RedactionChapter, 'pending'>,
): Chapter {
  const { s, target, suspended, now } = round;
  const isWanted = target.backup !== 'none';
  const window = windowOf(s, target);
  const isScheduled = target.archive !== undefined && oldestBackup(s, target) !== undefined;
  const wanted = isWanted ? buildScheduledBackup(s.addon, target, !isScheduled || unredacted !== undefined) : undefined;
  const obstacle = isWanted
    ? (obstacleTo(s, 'objectStore') ?? obstacleTo(s, 'scheduledBackup') ?? obstacleToOrigin(round) ?? missing(round))
    : undefined;
  const isReady = isHealthy(provisioned) && unredacted === undefined;
  const first = isReady && suspended === undefined ? makeBackup(round) : {};
  const backupReady = isWanted
    ? (target.backupProblem ??
      obstacle ??
      alterationIn(s, target, wanted) ??
      unavailable(provisioned) ??
      unreadable(round) ??
      (unredacted && afterRedaction) ??
      judgeBackup(s, target, window, record, now))
    : undefined;
  const notReady = isReady ? undefined : requestNotReady;
  const asked = backupNow(s, target, suspended === undefined ? notReady : requestSuspended, now);
  // It is created when it may begin, so that it is written once.
  const isEarly = target.archive !== undefined && !isScheduled && foundAs(s, 'scheduledBackup') === undefined;
  const schedule =
    wanted !== undefined && !isEarly && obstacleTo(s, 'scheduledBackup') === undefined
      ? diffChild(s, 'scheduledBackup', wanted)
      : [];
  return {
    actions: [
      ...ownerOfStore(round),
      ...(first.actions ?? []),
      ...schedule,
      ...asked.actions,
      ...outdatedFailures(s, target, now).map((backup) => remove('backup', backup)),
    ],
    conditions: { BackupReady: backupReady },
    status: {
      backup:
        suspended === undefined ? levelOf(round, window, asked.now, record) : observedLevel(round, asked.now, record),
    },
    recheckAfter: soonest(recheckAfter(backupReady), first.recheckAfter, untilLook(asked.now), untilRead(s)),
  };
}

/** From an earlier one, the data as they were could be restored. */
const afterRedaction: Verdict = {
  reason: 'FirstBackupPending',
  message: 'the first base backup is taken once the data are redacted (spec.restore.redaction)',
};

/** When to read a Backup again that could not be read. */
function untilRead({ observed: { backup } }: Situation): number | undefined {
  return backup.kind === 'unavailable' ? runningRecheck : undefined;
}

/** When to look at the Backup that was asked for, as long as it runs. */
function untilLook(now: BackupNow | undefined): number | undefined {
  return now?.result === 'Running' ? runningRecheck : undefined;
}

/** The write that gives the ObjectStore the owner that the mode of the addon requires, also where it is not needed any more. */
function ownerOfStore({ s, target }: Round): readonly Action[] {
  const objectStore = objectStoreOf(s);
  // One that was left behind gets its owner with its settings.
  const isTaken = s.own.objectStore === undefined && target.archive?.chosen !== undefined;
  if (objectStore === undefined || isTaken || obstacleTo(s, 'objectStore') !== undefined) return [];
  return handOver(s.addon, { role: 'objectStore', object: objectStore }, 'held');
}

/** Makes the Backup that is awaited, once every instance archives into the lineage. One that runs or has failed is left as it is. */
function makeBackup({ s, target, now }: Round): Pick<Chapter, 'actions' | 'recheckAfter'> {
  const { addon, observed, own } = s;
  const series = awaitedSeries(s, target);
  if (series === undefined || own.cluster === undefined) return {};
  // The end of a Backup is an event of its Cluster or ObjectStore; a lost one would be the end of the wait. As long as a request runs, its
  // Backup is the one that was read.
  if (observed.backup.kind !== 'absent' || isRequestRunning(addon)) return { recheckAfter: runningRecheck };
  const wait = untilAttempt(addon, series, own.cluster, now);
  if (wait > 0) return { recheckAfter: wait };
  const backup = buildBackup(addon, own.cluster, attemptName(addon, series));
  return { actions: [createOther('backup', backup)], recheckAfter: runningRecheck };
}

/** What is there instead of the ObjectStore that the database was restored from, which is not needed for its own backups. */
function obstacleToOrigin({ s, target }: Round): Verdict | undefined {
  const obstacle = target.origin === undefined ? undefined : obstacleTo(s, 'originStore');
  if (obstacle === undefined || s.own.cluster === undefined) return undefined;
  const message = `ObjectStore ${target.names.originStore}, which the Cluster names since it was restored, does not belong to this addon; delete it, and the operator makes it again. CloudNativePG stops looking after the Cluster while there is none`;
  return isForeign(obstacle) ? { reason: obstacle.reason, message } : obstacle;
}

function isForeign({ reason }: Verdict): boolean {
  return reason === 'NameConflict' || reason === 'AdoptionRefused';
}

/** Without a schedule nothing is in force, and a suspended addon makes none. What status does not record yet is not claimed either. */
function missing({ s, suspended }: Round): Verdict | undefined {
  const { requested = 'none' } = s.addon.status?.backup ?? {};
  const isRecorded = requested !== 'none';
  return suspended !== undefined && (s.own.scheduledBackup === undefined || !isRecorded) ? suspension(s) : undefined;
}

/** What the API server stored instead of a wanted child, if status has recorded it. */
function alterationIn(s: Situation, target: Target, wanted: Manifest | undefined): Verdict | undefined {
  const { scheduledBackup: live } = s.own;
  return alterationsIn([
    storeAlteration(s, target),
    wanted && live && standingAlteration(s.addon, 'scheduledBackup', wanted, live),
  ]);
}

function storeAlteration(s: Situation, target: Target): Verdict | undefined {
  const { objectStore } = s.own;
  const chosen = target.archive?.chosen;
  const wanted = chosen && buildObjectStore(s, target, chosen);
  return wanted && objectStore && standingAlteration(s.addon, 'objectStore', wanted, objectStore);
}

/** While a plugin is not there, or does not respond, no backup is taken. */
function unavailable(provisioned: Verdict): Verdict | undefined {
  return provisioned.reason === 'PluginUnavailable' || provisioned.reason === 'PluginMissing' ? provisioned : undefined;
}

/** Nothing can be said of a Backup that is awaited and may not be read. */
function unreadable({ s, target }: Round): Verdict | undefined {
  const { backup } = s.observed;
  const isAwaited = awaitedSeries(s, target) !== undefined;
  return isAwaited && backup.kind === 'denied' ? { reason: 'Forbidden', message: backup.message } : undefined;
}

type BackupStatus = NonNullable<Fields['backup']>;

function levelOf(
  { s, target, now }: Omit<Round, 'suspended'>,
  window: RecoveryWindow | undefined,
  asked: BackupNow | undefined,
  drills: DrillRecord,
): BackupStatus {
  const { backup: level, schedule, archive } = target;
  const lineages = lineagesOf(s, target, now);
  const failedSince = failedSinceOf(s, now);
  const past = {
    ...(failedSince === undefined ? {} : { failedSince }),
    ...(asked === undefined ? {} : { now: asked }),
    ...drills,
    ...(lineages.length === 0 ? {} : { lineages: [...lineages] }),
  };
  if (level === 'none') return { requested: level, effective: 'none', ...past };
  const nextTime = nextTimeOf(schedule, now);
  const { lastSuccessfulBackupTime: lastSuccessTime } = window ?? {};
  const from = oldestBackup(s, target);
  const archiving = archivingOf(s, target, now);
  // What is in an ObjectStore of somebody else is not this addon's.
  const isOurs = obstacleTo(s, 'objectStore')?.reason !== 'NameConflict';
  const isRead = s.observed.platform.connectionCheck !== 'Off';
  const { to = undefined } = (isRead && recordedBackup(s, target)?.recoveryWindow) || {};
  const serverName = lineageOf(s, archive);
  const lastFailure = lastFailureOf(s, target, window, now);
  return {
    requested: level,
    effective: from !== undefined && isOurs && isInForce(archiving) ? level : 'none',
    schedule,
    ...(archive?.chosen && {
      store: archive.chosen.name,
      destinationPath: destinationPathOf(archive.chosen, s.addon.metadata.namespace),
      ...retentionOf(s, target, archive.chosen, now),
    }),
    ...(serverName === undefined ? {} : { serverName, archiving }),
    ...(from === undefined || nextTime === undefined ? {} : { nextTime }),
    ...(lastSuccessTime === undefined ? {} : { lastSuccessTime }),
    ...(lastFailure === undefined ? {} : { lastFailure }),
    ...(from === undefined ? {} : { recoveryWindow: { from, ...(to !== undefined && { to }) } }),
    ...past,
  };
}

/** While an addon is suspended: the level of the plan that was applied, with what is observed of it now. */
function observedLevel(
  { s, target, now }: Round,
  asked: BackupNow | undefined,
  drills: DrillRecord,
): BackupStatus | undefined {
  const { cluster } = s.own;
  if (s.addon.status?.backup === undefined) return undefined;
  const { drill: _ended, ...recorded } = s.addon.status.backup;
  const told = { ...drills, ...(asked === undefined ? {} : { now: asked }) };
  if (recorded.requested === undefined) return { ...recorded, ...told };
  const isSame = target.archive?.serverName === serverNameOf(cluster);
  const applied = { ...target, backup: recorded.requested, archive: isSame ? target.archive : archiveOf(cluster) };
  const seen = levelOf({ s, target: applied, now }, windowOf(s, applied), asked, drills);
  const { effective, archiving, lastSuccessTime, lastFailure, recoveryWindow, serverName, lineages } = seen;
  const { archiving: _, lastSuccessTime: __, lastFailure: ___, recoveryWindow: ____, ...kept } = recorded;
  return {
    ...kept,
    ...(effective === undefined ? {} : { effective }),
    ...(archiving === undefined ? {} : { archiving }),
    ...(lastSuccessTime === undefined ? {} : { lastSuccessTime }),
    ...(lastFailure === undefined ? {} : { lastFailure }),
    ...(recoveryWindow === undefined ? {} : { recoveryWindow }),
    ...(serverName === undefined ? {} : { serverName }),
    ...(lineages === undefined ? {} : { lineages }),
    ...told,
  };
}

/** The retention, and since when it applies: backups that a shorter one removed are not missed. */
function retentionOf(
  s: Situation,
  target: Target,
  { retention: wanted }: ChosenStore,
  now: number,
): Pick<BackupStatus, 'retention' | 'retentionSince'> {
  const { objectStore } = s.own;
  const retention = (storeAlteration(s, target) && objectStore && retentionIn(objectStore)) ?? wanted;
  const { retention: before, retentionSince = timestampOf(now) } = s.addon.status?.backup ?? {};
  return { retention, retentionSince: before === retention ? retentionSince : timestampOf(now) };
}

/** The last failure, unless a base backup was completed since, and what is known of its reason. */
function lastFailureOf(
  s: Situation,
  target: Target,
  window: RecoveryWindow | undefined,
  now: number,
): BackupStatus['lastFailure'] {
  const failure = reportedFailure(s, target, window, now);
  const { message = noReason, time: at } = failure ?? {};
  return failure && { ...failure, message: explained(s, message, { at, lasts: false }, now) };
}

function reportedFailure(
  s: Situation,
  target: Target,
  window: RecoveryWindow | undefined,
  now: number,
): BackupStatus['lastFailure'] {
  const { observed, own } = s;
  const recorded = recordedBackup(s, target)?.lastFailure;
  const read = observed.backup.kind === 'found' ? observed.backup.object : undefined;
  if (read !== undefined && hasFailed(read)) {
    const { name } = read.metadata;
    if (recorded?.backup === name) return recorded;
    // The clock of its instance may be ahead: the wait for the next attempt begins now.
    const time = timestampOf(recordedTime(read.status.stoppedAt, now) ?? now);
    return { time, message: read.status.error ?? noReason, backup: name };
  }
  const { lastFailedBackupTime: failed, lastSuccessfulBackupTime: succeeded } = window ?? {};
  const isLater = (a: string | undefined, b: string | undefined): boolean =>
    (millisecondsOf(a) ?? 0) > (millisecondsOf(b) ?? 0);
  const { lastBackup } = own.cluster?.status ?? {};
  // Until there is a base backup, and before an upgrade, the operator makes each itself, and the number of the attempt must not be lost. Later, the plugin reports a
  // failure before CNPG says why.
  const isOwn = oldestBackup(s, target) === undefined || target.awaits !== undefined;
  // One that lies ahead, by a clock that is ahead, is not known yet.
  const isNews = (time: string | undefined): boolean =>
    recordedTime(time, now) !== undefined && isLater(time, succeeded) && isLater(time, recorded?.time);
  // The plugin does not report the end of its own container. The transition of the condition is the start of a Backup.
  const cnpgs = lastBackup?.reason === 'LastBackupFailed' ? own.cluster?.status.lastFailedBackup : undefined;
  const news = [failed, cnpgs].find(isNews);
  if (!isOwn && news !== undefined && lastBackup?.reason !== 'BackupStarted')
    return { time: news, message: lastBackup?.message ?? noReason };
  const isPast = recordedTime(recorded?.time, now) === undefined || isLater(succeeded, recorded?.time);
  return isPast ? undefined : recorded;
}

const noReason = 'no reason given';

/** Whether a Backup that was completed after the failure was read. The plugin may report it later. */
function isOver({ observed: { backup } }: Situation, { time }: NonNullable<BackupStatus['lastFailure']>): boolean {
  const { phase, stoppedAt } = backup.kind === 'found' ? backup.object.status : {};
  return phase === 'completed' && (millisecondsOf(stoppedAt) ?? 0) > (millisecondsOf(time) ?? 0);
}

/**
 * When a schedule starts next, in RFC 3339. What CNPG says in the status of the ScheduledBackup is of the schedule at the time of the last one.
 * @param after wall-clock time in milliseconds
 */
function nextTimeOf(schedule: string, after: number): string | undefined {
  const next = nextStart(schedule, after);
  return next === undefined ? undefined : timestampOf(next);
}

/** The version of the last lineage before the present one, if it has another major version. */
function olderVersion(s: Situation, target: Target): string | undefined {
  const { lineages = [] } = s.addon.status?.backup ?? {};
  const last = lineages.find(({ serverName }) => serverName !== lineageOf(s, target.archive))?.version;
  const isOther = last !== undefined && majorOf(last) !== majorOf(target.version);
  return isOther ? last : undefined;
}

function withoutStore(s: Situation, target: Target): Verdict {
  const { plan, backup: level, archive } = target;
  const why = `plan ${plan} includes "${level}" backups, but no object store is configured for this namespace`;
  const failed = failedArchiving(s, target);
  if (failed !== undefined)
    return { reason: 'ArchivingFailing', message: `WAL is not archived: ${cut(failed.message, 500)}; ${why}` };
  const goesOn =
    objectStoreOf(s) === undefined ? 'and its ObjectStore is gone' : 'so the Cluster goes on writing where it does';
  return { reason: 'NoObjectStore', message: `${why}, ${archive === undefined ? 'so none are taken' : goesOn}` };
}

function judgeBackup(
  s: Situation,
  target: Target,
  window: RecoveryWindow | undefined,
  { drillFailure }: DrillRecord,
  now: number,
): Verdict {
  const { archive, backup: level } = target;
  const { cluster } = s.own;
  if (archive?.chosen === undefined) return withoutStore(s, target);
  const { name } = archive.chosen;
  const folder = `${destinationPathOf(archive.chosen, s.addon.metadata.namespace)}/${archive.serverName}`;
  const failure = lastFailureOf(s, target, window, now);
  const archiving = failedArchiving(s, target);
  if (cluster !== undefined && archiving !== undefined)
    return judgeFailure(
      `WAL is not archived to object store "${name}"`,
      explained(s, archiving.message, { at: archiving.lastTransitionTime, lasts: true }, now),
      cluster,
      folder,
      'ArchivingFailing',
    );
  if (archivingOf(s, target, now) === 'late') {
    const { to } = recordedBackup(s, target)?.recoveryWindow ?? {};
    return {
      reason: 'ArchivingFailing',
      message: `complete WAL files wait to be archived to object store "${name}"${to === undefined ? '' : `; the last one was archived at ${to}`}`,
    };
  }
  if (cluster !== undefined && failure !== undefined && !isOver(s, failure))
    return judgeFailure(
      `the last base backup to object store "${name}" failed`,
      failure.message ?? '',
      cluster,
      folder,
      'BackupFailed',
    );
  const before = olderVersion(s, target);
  if (oldestBackup(s, target) === undefined && before !== undefined)
    return {
      reason: 'UpgradeBackupPending',
      message: `waiting for the first base backup to object store "${name}" after the upgrade from PostgreSQL ${before}; what was archived before can be restored with ${before} only`,
    };
  if (oldestBackup(s, target) === undefined)
    return {
      reason: 'FirstBackupPending',
      message: `waiting for the first base backup to object store "${name}"; nothing can be restored before`,
    };
  const last = window?.lastSuccessfulBackupTime ?? oldestBackup(s, target);
  const next = nextTimeOf(target.schedule, millisecondsOf(last) ?? now);
  const due = millisecondsOf(next);
  if (due !== undefined && now > due + overdueAfter)
    return { reason: 'BackupOverdue', message: `the base backup of ${next} has not been made` };
  const eaten = eatenWindow(s, target, now);
  if (eaten !== undefined)
    return {
      reason: 'WindowShorterThanRetention',
      message: `base backups are completed since ${eaten.since}, but the oldest one below ${folder} is of ${eaten.from}, although the retention is ${archive.chosen.retention}`,
    };
  const { schedule } = s.addon.spec.backup?.drill ?? {};
  const problem = schedule === undefined ? undefined : problemOf(schedule);
  if (problem !== undefined)
    return {
      reason: 'InvalidSpec',
      message: `spec.backup.drill.schedule "${schedule}" ${problem}; no drill begins by it`,
    };
  if (drillFailure !== undefined)
    return {
      reason: 'DrillFailed',
      message: `the restore drill that ended at ${drillFailure.time} failed: ${drillFailure.message ?? noReason}`,
    };
  return { reason: 'InForce', message: `"${level}" backups are taken to object store "${name}"` };
}
