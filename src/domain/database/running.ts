// What has run on the data of an addon: the lower bound of its version (docs/decisions/0016-version-bound.md). An image counts once CNPG has
// reported every instance ready with it; what was only requested never counts.
import type { AddonStatus } from '../../api/addon.ts';
import { wasReady } from '../recorded.ts';
import type { Situation } from '../situation.ts';
import { awaitsRestart, readySince } from './restart-mark.ts';
import { isUp } from './up.ts';
import { isLower, majorOf, parseVersion, versionOfImage } from './version.ts';

/** As `status.running`. */
export type Running = NonNullable<AddonStatus['running']>;

/** The value of `status.running`: what is seen to run now, or else what was seen last; undefined if nothing was, or there is no Cluster. */
export function recordedRunning(s: Situation): Running | undefined {
  const { cluster } = s.own;
  if (cluster === undefined) return undefined;
  const last = s.addon.status?.running;
  const version = setVersion(s);
  if (version === undefined || awaitsRestart(cluster) || !isUp(cluster, cluster.spec.instances ?? 1)) return last;
  const since = readySince(cluster);
  // Another version without a restart: somebody has just edited the Cluster, and CNPG has not followed.
  if (last !== undefined && last.version !== version && last.since === since) return last;
  return { image: cluster.spec.imageName ?? '', version, lowest: higher(version, last?.lowest), since };
}

/** `status.running` after a login: the server tells the minor version, which a tag may not. @param version as "17.4" or "17" */
export function withServerVersion(running: Running | undefined, version: string | undefined): Running | undefined {
  if (running === undefined || version === undefined) return running;
  const isSame = majorOf(version) === majorOf(running.version);
  return isSame ? { ...running, lowest: higher(version, running.lowest) } : running;
}

/** What bounds the version. Of a database that has had a primary, but of which nothing is recorded, what is set can have run. */
export function knownRunning(s: Situation): Running | undefined {
  const version = setVersion(s);
  const { cluster } = s.own;
  if (cluster === undefined) return undefined;
  const hasRun = wasReady(s.addon) || (cluster.status.currentPrimary ?? '') !== '';
  const assumed = hasRun && version !== undefined ? { version, lowest: version } : undefined;
  return recordedRunning(s) ?? assumed;
}

/** The version in the image of the Cluster, whether it runs or not. */
export function setVersion(s: Situation): string | undefined {
  return versionIn(s, s.own.cluster?.spec.imageName ?? '');
}

/**
 * The version in an image: the one that status has recorded with it, or else the one that pattern and tag tell. The pattern that the
 * image was made from can be another one now: "17.0-r1" is version 17 of "{version}.0-r1".
 */
export function versionIn({ addon, observed: { platform } }: Situation, image: string): string | undefined {
  const { status } = addon;
  const recorded = [status?.running, status].find((one) => one?.image === image);
  return recorded?.version ?? versionOfImage(platform.imagePattern, image);
}

/** A tag without a minor version says nothing about it: then the highest one of that major that is known remains. */
function higher(version: string, before: string | undefined): string {
  if (before === undefined || majorOf(before) !== majorOf(version)) return version;
  return parseVersion(version)?.minor === undefined || isLower(version, before) ? before : version;
}
