// The backup chapter: the ScheduledBackup of plans with backups, and the backup level in force.
import type { Manifest } from '../../api/kubernetes.ts';
import { standingAlteration } from '../alteration.ts';
import type { Chapter, Round } from '../chapter.ts';
import type { Fields } from '../decision.ts';
import { diffChild } from '../ownership/child-diff.ts';
import { obstacleTo } from '../ownership/obstacle.ts';
import type { Situation } from '../situation.ts';
import type { Target } from '../target.ts';
import { recheckAfter, type Verdict } from '../verdict.ts';
import { buildScheduledBackup } from './scheduled-backup.ts';

/** @returns the write of the ScheduledBackup, BackupReady and `status.backup`; a plan without backups has no BackupReady */
export function backupChapter({ s, target, suspended }: Round): Chapter {
  const isWanted = target.backup !== 'none';
  const obstacle = obstacleTo(s, 'scheduledBackup');
  const wanted = isWanted ? buildScheduledBackup(s.addon, target) : undefined;
  // A foreign ScheduledBackup does not matter to a plan without backups.
  const backupReady = isWanted ? (obstacle ?? alterationIn(s, wanted) ?? judgeBackup(target)) : undefined;
  return {
    actions: obstacle === undefined ? diffChild(s, 'scheduledBackup', wanted) : [],
    conditions: { BackupReady: backupReady },
    status: suspended === undefined ? { backup: levelOf(target) } : {},
    recheckAfter: recheckAfter(backupReady),
  };
}

/** What the API server stored instead of the wanted ScheduledBackup, if status has recorded it. */
function alterationIn(s: Situation, wanted: Manifest | undefined): Verdict | undefined {
  const { scheduledBackup: live } = s.own;
  return wanted && live && standingAlteration(s.addon, 'scheduledBackup', wanted, live);
}

function levelOf({ backup, schedule }: Target): Fields['backup'] {
  return { requested: backup, effective: 'none', ...(backup === 'none' ? {} : { schedule }) };
}

/** No release takes backups yet, so a plan with backups reports that none are taken. */
function judgeBackup({ plan, backup }: Target): Verdict {
  const message = `plan ${plan} includes "${backup}" backups, but no object store is configured, so none are taken`;
  return { reason: 'NoObjectStore', message };
}
