// What status.backup records of restore drills, and how each step changes it.
import type { AddonStatus, PostgresAddon } from '../../api/addon.ts';
import type { LoginFailure, LoginResult, Mark } from '../../api/login.ts';
import { cut } from '../../api/text.ts';
import { millisecondsOf, recordedTime, timestampOf } from '../../api/time.ts';
import { judgeLogin } from '../credentials/login.ts';
import type { ActionResult, Check, Decision } from '../decision.ts';
import { drillAfter } from './schedule.ts';

type BackupStatus = NonNullable<AddonStatus['backup']>;
/** A drill that is in progress. */
export type Drill = NonNullable<BackupStatus['drill']>;
/** The last one that ended. */
export type LastDrill = NonNullable<BackupStatus['lastDrill']>;
/** The part of `status.backup` that is about drills. */
export type DrillRecord = Pick<
  BackupStatus,
  'drill' | 'lastDrill' | 'lastDrillPassTime' | 'drillFailure' | 'nextDrillTime'
>;

/** How much of an assertion is quoted, in characters. */
const longestQuote = 100;

/** What is recorded, or nothing. */
export function drillsOf({ status }: PostgresAddon): DrillRecord {
  const { drill, lastDrill, lastDrillPassTime, drillFailure, nextDrillTime } = status?.backup ?? {};
  return {
    ...(drill === undefined ? {} : { drill }),
    ...(lastDrill === undefined ? {} : { lastDrill }),
    ...(lastDrillPassTime === undefined ? {} : { lastDrillPassTime }),
    ...(drillFailure === undefined ? {} : { drillFailure }),
    ...(nextDrillTime === undefined ? {} : { nextDrillTime }),
  };
}

/** When the drill began that occupies one of the places that the platform team grants, until nothing is left of it. In RFC 3339; undefined if none does. */
export function drillingSince({ status }: PostgresAddon): string | undefined {
  return status?.backup?.drill?.startTime;
}

/** The record once a drill has begun. @param now wall-clock time in milliseconds */
export function begun(
  addon: PostgresAddon,
  serverName: string | undefined,
  request: string | undefined,
  now: number,
): DrillRecord & { readonly drill: Drill } {
  const next = drillAfter(addon, now);
  const drill: Drill = {
    step: 'Archiving',
    startTime: timestampOf(now),
    ...(serverName === undefined ? {} : { serverName }),
    ...(request === undefined ? {} : { request }),
  };
  return { ...drillsOf(addon), drill, ...(next === undefined ? {} : { nextDrillTime: timestampOf(next) }) };
}

/** What came of a drill. */
export interface End {
  readonly result: LastDrill['result'];
  readonly message: string;
  /** Milliseconds for which the second database stays, so that its log can be read. */
  readonly keep?: number;
  /** Whether the state was restored, so that its age and the duration are known. */
  readonly isRestored?: boolean;
}

/** The record once a drill has ended, and what it made is to be removed. @param now wall-clock time in milliseconds */
export function ended(
  record: DrillRecord,
  drill: Drill,
  { result, message, keep, isRestored = false }: End,
  now: number,
): DrillRecord {
  const restoring = isRestored ? recordedTime(drill.restoreTime, now) : undefined;
  const time = timestampOf(now);
  const point = millisecondsOf(drill.mark?.time);
  const request = drill.request ?? record.lastDrill?.request;
  const lastDrill: LastDrill = {
    time,
    result,
    ...(request === undefined ? {} : { request }),
    ...(drill.mark === undefined || !isRestored ? {} : { recoveryPoint: drill.mark.time }),
    ...(restoring === undefined || point === undefined ? {} : { age: durationOf(restoring - point) }),
    ...(restoring === undefined ? {} : { duration: durationOf(now - restoring) }),
    message,
  };
  const removing: Drill = {
    ...drill,
    step: 'Removing',
    ...(keep === undefined ? {} : { keptUntil: timestampOf(now + keep) }),
  };
  const { drillFailure, ...rest } = record;
  const last = { ...rest, drill: removing, lastDrill };
  if (result === 'Passed') return { ...last, lastDrillPassTime: time };
  // What was not found out says nothing about what was found out before.
  const failure = result === 'Failed' ? { time, message } : drillFailure;
  return failure === undefined ? last : { ...last, drillFailure: failure };
}

/** As Go writes durations, without fractions: 4m12s. @param milliseconds less than 0 counts as 0: two clocks can differ */
export function durationOf(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const parts = [hours > 0 && `${hours}h`, (hours > 0 || minutes > 0) && `${minutes}m`, `${seconds % 60}s`];
  return parts.filter(Boolean).join('');
}

/**
 * `status.backup` with what a round has found out about the drill that is in progress.
 * @param now wall-clock time in milliseconds
 */
export function withDrillResult(
  backup: AddonStatus['backup'],
  { check }: Decision,
  { refusals = [], answer = {}, check: checked }: ActionResult,
  now: number,
): AddonStatus['backup'] {
  if (backup?.drill === undefined) return backup;
  const { drill } = backup;
  // It keeps what else status.backup says.
  const end = (what: End): AddonStatus['backup'] => ended(backup, drill, what, now);
  const refusal = refusals.find(({ concern }) => concern === 'drill');
  if (refusal !== undefined && drill.step === 'Restoring') return end({ result: 'Skipped', message: refusal.message });
  if (drill.step === 'Archiving') {
    const next = archivedIn(drill, answer, now);
    return isOverdue(next, answer, now) ? end(notArchived(next)) : { ...backup, drill: next };
  }
  if (check === undefined || checked === undefined || drill.step !== 'Restoring') return backup;
  const judged = judgeCheck(check, checked);
  return judged === undefined ? backup : end(judged);
}

/** A drill that waits for the archive, after a login. */
function archivedIn(drill: Drill, { mark, archivedWal }: NonNullable<ActionResult['answer']>, now: number): Drill {
  if (mark !== undefined) return { ...drill, mark: recorded(mark) };
  // The names of the files sort by timeline, and then by position.
  if (drill.mark === undefined || archivedWal === undefined || archivedWal < drill.mark.wal) return drill;
  if (archivedWal.slice(0, 8) === drill.mark.wal.slice(0, 8))
    return { ...drill, step: 'Restoring', restoreTime: timestampOf(now) };
  // Another instance was promoted since, which goes on from there, or from before.
  const { mark: _, ...unmarked } = drill;
  return unmarked;
}

/** CNPG archives a WAL file after five minutes at the latest. Milliseconds. */
const archivingLimit = 15 * 60_000;

/** Whether a login has told that what is waited for should have been archived long since. */
function isOverdue(drill: Drill, { archivedWal }: NonNullable<ActionResult['answer']>, now: number): boolean {
  const isWaiting = drill.step === 'Archiving' && drill.mark !== undefined && archivedWal !== undefined;
  return isWaiting && now - waitingSince(drill, now) >= archivingLimit;
}

/** Since when a drill waits for the archive. The clock of the server, which wrote the mark, may be ahead. Wall-clock time in milliseconds. */
export function waitingSince({ mark, startTime }: Drill, now: number): number {
  return recordedTime(mark?.time, now) ?? recordedTime(startTime, now) ?? now;
}

function notArchived({ mark }: Drill): End {
  const message = `what was committed by ${mark?.time} is not archived after ${archivingLimit / 60_000} min`;
  return { result: 'Failed', message };
}

function recorded({ lsn, wal, time }: Mark): NonNullable<Drill['mark']> {
  return { lsn, wal, time: timestampOf(time) };
}

/** What a login fails of that says something about what was restored. Otherwise it may have been evicted, or a policy may keep the operator out. */
const aboutTheData: readonly LoginFailure[] = ['credentials', 'role', 'database'];

/** @returns undefined if nothing was found out */
function judgeCheck({ assertions, place }: Check, result: LoginResult): End | undefined {
  if (result.kind === 'unchecked') return undefined;
  if (result.kind === 'failed')
    return {
      result: aboutTheData.includes(result.why) ? 'Failed' : 'Skipped',
      message: `the restored database: ${judgeLogin(result, place)?.message}`,
    };
  const told = result.assertions ?? [];
  const at = assertions.findIndex((_, index) => index >= told.length || told[index] !== undefined);
  const broken = assertions[at];
  if (broken !== undefined) {
    const why = told[at] ?? 'was not answered, since the connection broke';
    const message = `assertion ${at + 1} of ${assertions.length} ${why}: ${cut(broken.sql, longestQuote)}`;
    return told[at] === undefined ? { result: 'Skipped', message } : { result: 'Failed', message, isRestored: true };
  }
  const what = assertions.length === 0 ? 'a login succeeds' : `${assertions.length} assertion(s) hold`;
  return { result: 'Passed', message: `the newest state was restored, and ${what}`, isRestored: true };
}
