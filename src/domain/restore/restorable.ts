// Finds the lineage of an addon's backups that a state can be restored from, as far as its status tells.
import type { PostgresAddon } from '../../api/addon.ts';
import { millisecondsOf } from '../../api/time.ts';
import type { Lineage } from '../backup/lineage.ts';
import type { Verdict } from '../verdict.ts';

/**
 * @param source the addon whose backups they are
 * @param targetTime in RFC 3339; undefined for the newest state
 * @returns a verdict if there is none, or not yet
 */
export function restorableAt(source: PostgresAddon, targetTime: string | undefined): Lineage | Verdict {
  const recorded = source.status?.backup?.lineages ?? [];
  const lineages = recorded.filter(({ serverName }) => isServerName(serverName));
  const restorable = lineages.filter(({ from }) => millisecondsOf(from) !== undefined);
  const [present] = lineages;
  const isPresentPending = present !== undefined && present.until === undefined && present.from === undefined;
  const [newest] = restorable;
  if (newest === undefined) return isPresentPending || mayHave(source) ? firstPending(source) : noBackups(source);
  const target = millisecondsOf(targetTime);
  if (target === undefined) return isPresentPending ? firstPending(source, newest) : newest;
  const found = restorable.find(({ from }) => (millisecondsOf(from) ?? 0) <= target);
  if (found === undefined) return tooEarly(source, targetTime, restorable.at(-1)?.from);
  const until = millisecondsOf(found.until);
  if (until !== undefined && target > until) return between(source, targetTime, found, restorable);
  return found.until === undefined ? (notArchived(source, target, targetTime) ?? found) : found;
}

/** Whether a status names a lineage as the schema of spec.restore does: whoever can write one must not lead out of the namespace's folder. */
export function isServerName(text: string): boolean {
  return /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/.test(text);
}

/** Whether its plan has backups, or no operator has said anything of it yet. */
function mayHave({ status }: PostgresAddon): boolean {
  return status?.phase === undefined || (status.backup?.requested ?? 'none') !== 'none';
}

function nameOf({ metadata: { name } }: PostgresAddon): string {
  return `PostgresAddon "${name}"`;
}

/** @param older what could be restored instead */
function firstPending(source: PostgresAddon, older?: Lineage): Verdict {
  const instead =
    older === undefined
      ? ''
      : `. To restore an earlier state instead, up to ${older.until}, create this addon again with spec.restore.from.targetTime`;
  const message = `waiting for the first base backup of ${nameOf(source)}: its condition BackupReady reports the progress${instead}`;
  return { reason: 'RestorePending', message };
}

function noBackups(source: PostgresAddon): Verdict {
  const message = `${nameOf(source)} has no backups (plan ${source.spec.plan}), so nothing of it can be restored`;
  return { reason: 'RestoreSourceMissing', message };
}

function tooEarly(source: PostgresAddon, targetTime: string | undefined, oldest: string | undefined): Verdict {
  const message = `spec.restore.from.targetTime ${targetTime} is before the oldest base backup of ${nameOf(source)}, which was completed at ${oldest}; create this addon again with a time from then on`;
  return { reason: 'InvalidSpec', message };
}

/** Between the end of one lineage and the first base backup of the next, nothing can be restored. */
function between(
  source: PostgresAddon,
  targetTime: string | undefined,
  found: Lineage,
  restorable: readonly Lineage[],
): Verdict {
  const next = restorable[restorable.indexOf(found) - 1]?.from;
  const later = next === undefined ? '' : `, or from ${next} on`;
  const message = `spec.restore.from.targetTime ${targetTime} is at a time when no backups of ${nameOf(source)} were in force; create this addon again with a time up to ${found.until}${later}`;
  return { reason: 'InvalidSpec', message };
}

/**
 * Whether the archive does not reach the time yet, as far as the last login to the database told. With a base backup, everything that was
 * committed before it is archived.
 */
function notArchived(source: PostgresAddon, target: number, targetTime: string | undefined): Verdict | undefined {
  const { recoveryWindow, lastSuccessTime, now: requested } = source.status?.backup ?? {};
  const { to } = recoveryWindow ?? {};
  // The plugin may report it much later than CNPG.
  const begun = requested?.result === 'Completed' ? requested.startTime : undefined;
  const reached = [to, lastSuccessTime, begun].map((time) => millisecondsOf(time) ?? 0);
  if (to === undefined || Math.max(...reached) >= target) return undefined;
  const isSuspended = source.spec.suspend === true;
  const how = isSuspended
    ? 'but the addon is suspended, so that nobody looks again. Set its spec.suspend to false'
    : 'and is looked at every ten minutes. To archive everything at once, request a base backup of it (annotation addons.paas.dev/backup-now)';
  const message = `waiting until the archive of ${nameOf(source)} reaches ${targetTime}: it reaches ${to}, ${how}`;
  return { reason: 'RestorePending', message };
}
