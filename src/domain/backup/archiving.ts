// Judges whether the WAL of a database reaches its archive: from CNPG's condition, and from what PostgreSQL says at a login.
import type { AddonStatus } from '../../api/addon.ts';
import type { Cluster } from '../../api/cnpg.ts';
import type { Archiver, ArchiverQuestion } from '../../api/login.ts';
import { recordedTime, timestampOf } from '../../api/time.ts';
import { recordedCondition } from '../recorded.ts';
import type { Situation } from '../situation.ts';
import type { Target } from '../target.ts';
import { lineageOf, serverNameOf } from './archive.ts';
import { isArchiving, oldestBackup } from './window.ts';

type BackupStatus = NonNullable<AddonStatus['backup']>;
export type Archiving = NonNullable<BackupStatus['archiving']>;
type Archived = NonNullable<Cluster['status']['archiving']>;

/**
 * For how long a WAL file that was archived shows that archiving works: three times archive_timeout, which CNPG sets to five minutes.
 * Milliseconds.
 */
const proofLasts = 15 * 60_000;
/** Each check-up tells again, at the latest ten minutes after the last; with twice that, one may fail. Milliseconds. */
const wordLasts = proofLasts + 20 * 60_000;

/** What a login asks: with point-in-time recovery an idle database has to archive as well, or nobody could tell that it still can. */
export function archiverQuestion(s: Situation, target: Target): ArchiverQuestion | undefined {
  if (!isArchiving(s, target.archive)) return undefined;
  return target.backup === 'pitr' ? 'heartbeat' : 'read';
}

/**
 * Whether a login is due because none has told yet up to when the database can be restored.
 * @param now wall-clock time in milliseconds
 */
export function isArchiverDue(s: Situation, target: Target, now: number): boolean {
  const isAsked = archiverQuestion(s, target) !== undefined && oldestBackup(s, target) !== undefined;
  return isAsked && archivingOf(s, target, now) === 'unknown';
}

/**
 * Whether WAL is archived, as far as the last observation tells. CNPG's condition is True as well where nothing has been archived, until the
 * first base backup has.
 * @param now wall-clock time in milliseconds
 */
export function archivingOf(s: Situation, target: Target, now: number): Archiving {
  if (failedArchiving(s, target) !== undefined) return 'failing';
  if (oldestBackup(s, target) === undefined) return 'unknown';
  if (s.observed.platform.connectionCheck === 'Off') return 'idle';
  const { archiving = 'unknown', recoveryWindow } = recordedBackup(s, target) ?? {};
  const last = recordedCondition(s.addon, 'Connectable');
  const until = recordedTime(recoveryWindow?.to, now);
  // While an instance restarts, what was said last holds for a while. As long as logins succeed, each check-up says it again.
  const isAsked = last?.status === 'True' && s.addon.spec.suspend !== true;
  const isOld = archiving === 'ok' && !isAsked && (until === undefined || now - until > wordLasts);
  const hasFailed = last?.status === 'False' && last.reason !== 'LoginPending';
  const isTold = archiverQuestion(s, target) !== undefined && !hasFailed && !isOld;
  return isTold && archiving !== 'failing' ? archiving : 'unknown';
}

/** CNPG's condition that archiving fails; not if this round begins another lineage. */
export function failedArchiving({ own: { cluster } }: Situation, { archive }: Target): Archived | undefined {
  const { archiving } = cluster?.status ?? {};
  const isBegun = archive === undefined || archive.serverName === serverNameOf(cluster);
  return isBegun && archiving?.status === 'False' ? archiving : undefined;
}

/** What status says of the present lineage. */
export function recordedBackup(s: Situation, { archive }: Target): BackupStatus | undefined {
  const backup = s.addon.status?.backup;
  return backup?.serverName !== undefined && backup.serverName === lineageOf(s, archive) ? backup : undefined;
}

/**
 * `status.backup` after a login that was asked about the archiver.
 * @param archiver undefined if it told nothing
 * @param now wall-clock time in milliseconds
 */
export function withArchiver(
  backup: BackupStatus | undefined,
  archiver: Archiver | undefined,
  now: number,
): BackupStatus | undefined {
  if (backup?.recoveryWindow === undefined) return backup;
  if (archiver === undefined) return backup.archiving === 'unknown' ? { ...backup, archiving: 'idle' } : backup;
  const { waiting } = archiver;
  // The clock of the instance may be ahead.
  const archivedAt = Math.min(archiver.archivedAt, now);
  const { from, to } = backup.recoveryWindow;
  const lasting = now - archivedAt <= proofLasts ? 'ok' : waiting > 0 ? 'late' : 'idle';
  const archiving = backup.archiving === 'failing' ? 'failing' : lasting;
  // A new primary has archived nothing before its promotion.
  // With a backlog, what was archived last may have been committed long ago.
  const isLater = archivedAt > (recordedTime(to, now) ?? 0) && waiting <= 1;
  return {
    ...backup,
    archiving,
    effective: isInForce(archiving) ? backup.effective : 'none',
    recoveryWindow: { ...(from !== undefined && { from }), to: isLater ? timestampOf(archivedAt) : to },
  } as BackupStatus;
}

/** Whether nothing says that what is written to the database cannot be restored. */
export function isInForce(archiving: Archiving): boolean {
  return archiving !== 'failing' && archiving !== 'late';
}
