// A base backup that somebody asks for: each new value of the annotation backup-now is one request, whose progress status.backup.now tells.
import { createHash } from 'node:crypto';
import { type AddonStatus, annotations, type PostgresAddon } from '../../api/addon.ts';
import { cut } from '../../api/text.ts';
import { timestampOf } from '../../api/time.ts';
import { type Action, type ActionResult, createOther } from '../decision.ts';
import type { Situation } from '../situation.ts';
import type { Target } from '../target.ts';
import { buildBackup, hasFailed } from './first-backup.ts';
import { isArchiving, oldestBackup } from './window.ts';

export type BackupNow = NonNullable<NonNullable<AddonStatus['backup']>['now']>;

/** How much of the annotation's value is recorded. */
const longestRequest = 100;

/** The request that was not looked at before; undefined if there is none. */
function newRequest({ metadata, status }: PostgresAddon): string | undefined {
  const value = metadata.annotations?.[annotations.backupNow];
  if (value === undefined || value === '') return undefined;
  const request = cut(value, longestRequest);
  const { request: last, refused } = status?.backup?.now ?? {};
  return request === last || request === refused ? undefined : request;
}

/** The Backup of a request. A value that is used again is another request, unless it is that of the last one. */
function nameOf(serverName: string, request: string, before: BackupNow | undefined): string {
  const previous = `${before?.request ?? ''} ${before?.startTime ?? ''}`;
  return `${serverName}-now-${createHash('sha256').update(`${request} ${previous}`).digest('hex').slice(0, 8)}`;
}

/** Whether a request is being carried out, as far as status tells. */
export function isRequestRunning({ status }: PostgresAddon): boolean {
  return status?.backup?.now?.result === 'Running';
}

/** The name of the Backup to read: that of the request that runs, or that may have been begun before a crash. */
export function requestedBackup(s: Situation, { archive }: Target): string | undefined {
  const { now } = s.addon.status?.backup ?? {};
  if (now?.result === 'Running') return now.backup;
  const request = newRequest(s.addon);
  return request === undefined || archive === undefined ? undefined : nameOf(archive.serverName, request, now);
}

/**
 * @param cannot why none can be begun now; undefined if nothing is against it
 * @param now wall-clock time in milliseconds
 * @returns the write that begins the requested backup, and the next status.backup.now
 */
export function backupNow(
  s: Situation,
  target: Target,
  cannot: string | undefined,
  now: number,
): { readonly actions: readonly Action[]; readonly now: BackupNow | undefined } {
  const last = s.addon.status?.backup?.now;
  const request = newRequest(s.addon);
  if (last?.result === 'Running') {
    const next = followed(s, last, now);
    if (request === undefined) return { actions: [], now: next };
    const message = `the request "${request}" was refused, since Backup ${last.backup} was still running`;
    const told = next.result === 'Failed' ? next.message : undefined;
    return { actions: [], now: { ...next, refused: request, message: told ?? message } };
  }
  if (request === undefined) return { actions: [], now: last };
  const refusal = refusalOf(s, target) ?? cannot;
  const name = requestedBackup(s, target);
  const { cluster } = s.own;
  if (refusal !== undefined || name === undefined || cluster === undefined)
    return {
      actions: [],
      now: { request, result: 'Refused', message: refusal ?? requestNotReady, endTime: timestampOf(now) },
    };
  const running: BackupNow = { request, result: 'Running', backup: name, startTime: timestampOf(now) };
  const { backup } = s.observed;
  // It was begun before a crash.
  if (backup.kind === 'found' && backup.object.metadata.name === name)
    return { actions: [], now: followed(s, running, now) };
  if (backup.kind === 'denied')
    return { actions: [], now: { request, result: 'Refused', message: backup.message, endTime: timestampOf(now) } };
  // What was read may be another one, which is awaited as well.
  return backup.kind === 'absent' || backup.kind === 'found'
    ? { actions: [createOther('backup', buildBackup(s.addon, cluster, name))], now: running }
    : { actions: [], now: last };
}

/** Why no Backup is made for now. */
export const requestNotReady = 'the database is not ready; ask again once it is';

/** `status.backup` after the write of the requested Backup was refused. @param now wall-clock time in milliseconds */
export function withRefusedRequest(
  backup: AddonStatus['backup'],
  { refusals = [] }: ActionResult,
  now: number,
): AddonStatus['backup'] {
  const refusal = refusals.find(({ verb, child }) => verb === 'create' && child === 'backup');
  if (refusal === undefined || backup?.now?.result !== 'Running') return backup;
  const { request } = backup.now;
  return { ...backup, now: { request, result: 'Refused', message: refusal.message, endTime: timestampOf(now) } };
}

export const requestSuspended = 'the addon is suspended; ask again once it is not';

/** Why the database has no backups that a request could add to. */
function refusalOf(s: Situation, target: Target): string | undefined {
  if (target.backup === 'none') return `plan ${target.plan} has no backups`;
  if (!isArchiving(s, target.archive)) return 'nothing is archived: see the condition BackupReady';
  return oldestBackup(s, target) === undefined ? 'the first base backup has not been completed' : undefined;
}

/** The request that runs, as its Backup is now. What was said of another one that was refused stays. */
function followed({ observed: { backup } }: Situation, running: BackupNow, now: number): BackupNow {
  if (backup.kind === 'absent')
    return {
      ...running,
      result: 'Failed',
      endTime: timestampOf(now),
      message: `Backup ${running.backup} no longer exists`,
    };
  if (backup.kind !== 'found' || backup.object.metadata.name !== running.backup) return running;
  const { phase, stoppedAt, error } = backup.object.status;
  const endTime = stoppedAt ?? timestampOf(now);
  if (phase === 'completed') return { ...running, result: 'Completed', endTime };
  return hasFailed(backup.object)
    ? { ...running, result: 'Failed', endTime, message: error ?? 'no reason given' }
    : running;
}
