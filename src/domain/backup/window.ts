// Reads what is known of the backups of the present lineage.
import type { RecoveryWindow } from '../../api/barman.ts';
import { recordedTime, timestampOf } from '../../api/time.ts';
import type { Situation } from '../situation.ts';
import type { Target } from '../target.ts';
import { type Archive, lineageOf, objectStoreOf, serverNameOf } from './archive.ts';
import { attemptName, firstOf } from './first-backup.ts';
import { oldestBackupOf, windowIn } from './lineage.ts';
import { daysOf } from './retention.ts';

/** What the plugin reports of the present lineage. */
export function windowOf(s: Situation, { archive }: Pick<Target, 'archive'>): RecoveryWindow | undefined {
  const lineage = lineageOf(s, archive);
  return lineage === undefined ? undefined : windowIn(objectStoreOf(s), lineage);
}

/**
 * Whether the plugin reports the lineage without a base backup: none was completed, or something else removed them all. Or it missed one,
 * since its report failed with a conflict, which it repeats after half an hour (seen on plugin 0.14 in lineages that a running database
 * begins): then the Backup tells.
 */
function isUnconfirmed(s: Situation, lineage: string): boolean {
  const reported = windowIn(objectStoreOf(s), lineage);
  return reported !== undefined && reported.firstRecoverabilityPoint === undefined;
}

/**
 * The end of the oldest base backup of the present lineage, in RFC 3339; undefined if none is known. The plugin reports it again within half
 * an hour after its ObjectStore was made again: until then, what was reported before holds, since the last backup is never deleted.
 */
export function oldestBackup(s: Situation, { archive }: Pick<Target, 'archive'>): string | undefined {
  const present = lineageOf(s, archive);
  if (present === undefined) return undefined;
  const read = s.observed.backup;
  const name = read.kind === 'found' ? read.object.metadata.name : '';
  const isCompleted =
    read.kind === 'found' && name.startsWith(`${present}-`) && read.object.status.phase === 'completed';
  const completed = isCompleted ? read.object.status.stoppedAt : undefined;
  const isKnown = read.kind === 'absent' || name.startsWith(firstOf(present));
  if (isKnown && isUnconfirmed(s, present)) return completed;
  return oldestBackupOf(s, present) ?? completed;
}

/** The clock of the plugin and the operator's may differ. Milliseconds. */
const tolerance = 3_600_000;

/**
 * The first base backup of the present lineage and the oldest one that is left, in RFC 3339, if something else than the plugin removes them:
 * of those that are older than the retention, the plugin always keeps the newest.
 * @param now wall-clock time in milliseconds
 */
export function eatenWindow(
  s: Situation,
  target: Pick<Target, 'archive'>,
  now: number,
): { readonly since: string; readonly from: string } | undefined {
  const { archive } = target;
  if (archive?.chosen === undefined) return undefined;
  const from = oldestBackup(s, target);
  const { lineages = [], retention, retentionSince } = s.addon.status?.backup ?? {};
  const applies = retention === archive.chosen.retention ? recordedTime(retentionSince, now) : undefined;
  const { since } = lineages.find(({ serverName }) => serverName === archive.serverName) ?? {};
  const [first, oldest] = [recordedTime(since, now), recordedTime(from, now)];
  if (first === undefined || oldest === undefined) return undefined;
  const begin = now - daysOf(archive.chosen.retention) * 24 * 3_600_000;
  const isWhole = applies === undefined || Math.max(first, applies) > begin || oldest <= begin + tolerance;
  return isWhole ? undefined : { since: timestampOf(first), from: timestampOf(oldest) };
}

/** The beginning of the names of the Backups that are to be made: the first one of the lineage, or the one before a major upgrade. */
export function awaitedSeries(s: Situation, target: Target): string | undefined {
  const { archive, awaits } = target;
  const isFirst =
    isArchiving(s, archive) && (oldestBackup(s, target) === undefined || isUnconfirmed(s, archive.serverName));
  return isFirst ? firstOf(archive.serverName) : awaits;
}

/** The name of the Backup that is to be made or awaited. */
export function awaitedBackup(s: Situation, target: Target): string | undefined {
  const series = awaitedSeries(s, target);
  return series === undefined ? undefined : attemptName(s.addon, series);
}

/** Whether the Cluster was told to archive where the addon wants it. */
export function isArchiving(s: Situation, archive: Archive | undefined): archive is Archive {
  return (
    archive?.chosen !== undefined &&
    objectStoreOf(s) !== undefined &&
    serverNameOf(s.own.cluster) === archive.serverName
  );
}
