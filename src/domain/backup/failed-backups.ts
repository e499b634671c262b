// Removes the Backups that the operator made and that failed, once they are older than the retention. Nobody else does: the plugin removes
// the completed ones with their data. They are listed only when one is due, so status records since when there is one.
import { fieldManager, labels } from '../../api/addon.ts';
import type { Backup } from '../../api/cnpg.ts';
import { millisecondsOf, recordedTime, timestampOf } from '../../api/time.ts';
import type { Situation } from '../situation.ts';
import type { Target } from '../target.ts';
import { hasFailed } from './first-backup.ts';
import { daysOf } from './retention.ts';
import { defaultRetention } from './stores.ts';

/** How long a failed Backup stays. Without a store, as long as any plan keeps backups by default. Milliseconds. */
function keptFor({ archive }: Pick<Target, 'archive'>): number {
  return daysOf(archive?.chosen?.retention ?? defaultRetention.pitr) * 24 * 3_600_000;
}

/** When a Backup ended, in RFC 3339; when it was made, if nobody said. */
function endOf({ status, metadata }: Backup): string | undefined {
  return status.stoppedAt ?? metadata.creationTimestamp;
}

/** Whether a failed Backup may be old enough to go. @param now wall-clock time in milliseconds */
export function isRemovalDue({ addon }: Situation, target: Target, now: number): boolean {
  const since = recordedTime(addon.status?.backup?.failedSince, now);
  return since !== undefined && now >= since + keptFor(target);
}

/** The failed Backups among those that were read, which the operator made for the present Cluster. Anybody can give others its labels. */
function failures({ observed: { backups }, own: { cluster } }: Situation): readonly Backup[] {
  if (backups.kind !== 'found' || cluster === undefined) return [];
  return backups.object.filter(
    (backup) =>
      hasFailed(backup) &&
      backup.metadata.labels?.[labels.managedBy] === fieldManager &&
      backup.metadata.ownerReferences?.some(({ uid }) => uid === cluster.metadata.uid) === true,
  );
}

/** The failed Backups to remove. @param now wall-clock time in milliseconds */
export function outdatedFailures(s: Situation, target: Target, now: number): readonly Backup[] {
  return failures(s).filter((backup) => {
    const end = recordedTime(endOf(backup), now);
    return end !== undefined && now >= end + keptFor(target);
  });
}

/**
 * The next `status.backup.failedSince`. One that is being removed counts until it is seen to be gone.
 * @param now wall-clock time in milliseconds
 */
export function failedSinceOf(s: Situation, now: number): string | undefined {
  const { backup, backups } = s.observed;
  if (backups.kind === 'found') {
    const times = failures(s).map((backup) => millisecondsOf(endOf(backup)) ?? now);
    return times.length === 0 ? undefined : timestampOf(Math.min(...times));
  }
  const isNew = backup.kind === 'found' && hasFailed(backup.object);
  return s.addon.status?.backup?.failedSince ?? (isNew ? timestampOf(now) : undefined);
}
