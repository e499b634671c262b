// Whether what a database runs still gets fixes: a dated table of PostgreSQL's major versions, and CNPG's images that are no longer built.
// It says so in a condition of its own, and never affects whether the database is ready.
import { millisecondsOf } from '../../api/time.ts';
import type { Situation } from '../situation.ts';
import type { Verdict } from '../verdict.ts';
import { knownRunning, setVersion } from './running.ts';
import { isUnsupported, majorOf } from './version.ts';

/** The day of the final release of each major version (https://www.postgresql.org/support/versioning/, read 2026-11-28). */
export const finalReleases: Readonly<Record<number, string>> = {
  14: '2026-11-12',
  15: '2027-11-11',
  16: '2028-11-09',
  17: '2029-11-08',
  18: '2030-11-14',
};

/**
 * @param now wall-clock time in milliseconds
 * @returns undefined if everything that is known still gets fixes, or there is no Cluster
 */
export function judgeEndOfLife(s: Situation, now: number): Verdict | undefined {
  const { cluster } = s.own;
  if (cluster === undefined) return undefined;
  const running = knownRunning(s);
  const major = cluster.status.dataMajor ?? majorOf(running?.version ?? setVersion(s));
  const image = running?.image ?? cluster.spec.imageName ?? '';
  return versionEnded(major, now) ?? imageEnded(image);
}

function versionEnded(major: number | undefined, now: number): Verdict | undefined {
  if (major === undefined || !hasEnded(major, now)) return undefined;
  const day = finalReleases[major];
  const last = day === undefined ? 'gets no more fixes' : `got its last fixes on ${day}`;
  const next = nextMajor(major, now);
  const known = finalReleases[next] === undefined ? ', which needs a newer version of the operator' : '';
  const message = `PostgreSQL ${major} ${last}; set spec.version to a later major version, ${next} or higher${known} (docs/versions.md says how long the upgrade takes)`;
  return { reason: 'VersionEnded', message };
}

/** Those before the table had ended when it was written; those after it are not known yet. */
function hasEnded(major: number, now: number): boolean {
  const day = finalReleases[major];
  const ends = millisecondsOf(day && `${day}T00:00:00Z`);
  return ends === undefined ? major < Math.min(...Object.keys(finalReleases).map(Number)) : now >= ends;
}

/** CNPG upgrades to this one or a higher one only (docs/versions.md). */
const lowestTarget = 16;

/** The lowest later major version that can be asked for and still gets fixes. */
function nextMajor(major: number, now: number): number {
  let next = Math.max(lowestTarget, major + 1);
  while (hasEnded(next, now)) next += 1;
  return next;
}

function imageEnded(image: string): Verdict | undefined {
  if (!isUnsupported(image)) return undefined;
  const message = `image "${image}" is Debian 11 and gets no more fixes; the platform team moves every database to the operator's image pattern, with a restart, by postgres.imageRollout: Now in the values of its chart (docs/versions.md)`;
  return { reason: 'ImageUnsupported', message };
}
