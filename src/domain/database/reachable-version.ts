// Decides which version the Cluster gets: what spec.version requests, if the data allow it. The schema cannot judge that, since it does
// not see what runs (docs/decisions/0016-version-bound.md).
import type { Reason } from '../../api/conditions.ts';
import { reasonOf, wasReady } from '../recorded.ts';
import type { Situation } from '../situation.ts';
import type { Verdict } from '../verdict.ts';
import { readySince } from './restart-mark.ts';
import { knownRunning, type Running, setVersion } from './running.ts';
import { isLower, majorOf } from './version.ts';

export interface ReachableVersion {
  readonly value: string;
  /** Why it is not what spec.version requests. */
  readonly shortfall?: Verdict;
}

/** Reasons of `Ready` with which a new version cannot be running: it has failed, or never started. */
const neverStarted: readonly (Reason | undefined)[] = [
  'UpgradeFailed',
  'ImagePullFailed',
  'PodsRefused',
  'QuotaExceeded',
  'Unschedulable',
  'ContainerNotStarted',
  'MountFailed',
];

/**
 * The version to write. Lower bounds are what has run on the data, and the major version of the files, which CNPG reports. A version that
 * is being rolled out counts too, until it is known that it did not start. Without data there is no bound within the major version.
 * @param restored the major version of the backups that a new database begins with, if known
 */
export function reachableVersion(s: Situation, restored?: number): ReachableVersion {
  const { addon, own, observed } = s;
  const { defaultVersion } = observed.platform;
  const asked = addon.spec.version;
  // A deleted Cluster is recreated with the version that it had.
  if (own.cluster === undefined) {
    // Backups are restored by the version that wrote them, and upgraded afterwards.
    if (restored !== undefined && majorOf(asked) !== restored) return { value: ofMajor(restored, defaultVersion) };
    return { value: asked ?? (wasReady(addon) ? addon.status?.version : undefined) ?? defaultVersion };
  }

  const running = knownRunning(s);
  const data = own.cluster.status.dataMajor ?? majorOf(running?.version);
  const set = setVersion(s) ?? running?.version ?? defaultVersion;
  const isBusy = running !== undefined && running.version !== set && !isForeign(s, set, data) && mayRun(s, running);
  const wanted = asked ?? (isBusy ? set : (running?.version ?? ofMajor(data, defaultVersion)));
  const major = majorOf(wanted);
  if (data === undefined || major === undefined) return { value: wanted };

  const kept = isBusy ? set : (running?.version ?? set);
  if (major < data)
    return refused(kept, running === undefined ? neverRan(wanted, data) : tooLow(wanted, running.version));
  if (isBusy && isLower(wanted, set)) return refused(set, busy(wanted, set));
  if (running === undefined && major > data) return { value: set, shortfall: tooEarly(wanted, data) };
  if (asked !== undefined && running !== undefined && isLower(asked, running.lowest))
    return refused(kept, tooLow(wanted, running.lowest));
  return { value: wanted };
}

/**
 * Whether the version that is set has a major version that nobody requested: somebody changed the image of the Cluster, or CNPG chose one of
 * its own because the image was removed. It is not followed, since the upgrade could not be undone.
 */
function isForeign({ addon }: Situation, set: string, data: number | undefined): boolean {
  const major = majorOf(set);
  return ![data, majorOf(addon.spec.version), majorOf(addon.status?.version)].includes(major);
}

/** Whether instances may run the version that is set, although they were last seen with another one. */
function mayRun({ addon, own: { cluster } }: Situation, { since }: Running): boolean {
  // Without a restart since then, CNPG has not followed yet.
  const isUntouched = cluster !== undefined && readySince(cluster) === since;
  return !isUntouched && !neverStarted.includes(reasonOf(addon, 'Ready') as Reason | undefined);
}

const aboutVersion: readonly Reason[] = [
  'DowngradeRefused',
  'UpgradePending',
  'UpgradeBackupPending',
  'ImageFormUnknown',
];

/** Whether PlanApplied reports this instead of the progress of a creation. */
export function isAboutVersion({ reason }: Verdict): boolean {
  return aboutVersion.includes(reason);
}

/** The default version if it has this major version, or else the major version alone. */
function ofMajor(major: number | undefined, version: string): string {
  return major === undefined || majorOf(version) === major ? version : String(major);
}

function refused(value: string, message: string): ReachableVersion {
  return { value, shortfall: { reason: 'DowngradeRefused', message: `${message}; version ${value} was kept` } };
}

function tooLow(wanted: string, ran: string): string {
  return `spec.version "${wanted}" is lower than ${ran}, which has run on this data: a version cannot be lowered`;
}

function neverRan(wanted: string, data: number): string {
  return `spec.version "${wanted}" is lower than the major version ${data} with which CloudNativePG has begun to create the database, and CloudNativePG does not allow that. The database was never ready: delete this addon and create it again`;
}

function busy(wanted: string, set: string): string {
  return `spec.version "${wanted}" is lower than ${set}, which is being rolled out; it is applied if ${set} does not start`;
}

function tooEarly(wanted: string, data: number): Verdict {
  const message = `spec.version "${wanted}" is applied once the database has been ready with the major version ${data}; if it cannot become ready, request a version of ${data}`;
  return { reason: 'UpgradePending', message };
}
