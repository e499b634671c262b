// Decides the image of the Cluster. A database keeps the form of its image, which is everything but the version: another form can be
// another Debian release, with other libraries below the same data (docs/decisions/0017-images.md).
import type { Situation } from '../situation.ts';
import type { Verdict } from '../verdict.ts';
import { reachableVersion } from './reachable-version.ts';
import { knownRunning, setVersion } from './running.ts';
import { imageFor, isUnsupported, parseVersion, versionOfImage } from './version.ts';

export interface ReachableImage {
  readonly image: string;
  readonly version: string;
  /** Why it is not the requested version. */
  readonly shortfall?: Verdict | undefined;
}

/** The image with `{version}` in place of its version; undefined if the tag is not a version with an optional suffix, or has a digest. */
export function formOf(pattern: string, image: string): string | undefined {
  const version = versionOfImage(pattern, image);
  if (version !== undefined && imageFor(pattern, version) === image) return pattern;
  const [, before, after] = /^(.*:)\d{1,3}(?:\.\d{1,3})?((?:-[^:@/]*)?)$/.exec(image) ?? [];
  return before === undefined ? undefined : `${before}{version}${after}`;
}

/** For counting: the major version in an image, and whether it has the form of the pattern, another one, or one without fixes. */
export function kindOfImage(
  pattern: string,
  image: string,
): { readonly major: string; readonly image: 'pattern' | 'other' | 'unsupported' } {
  const major = majorOf(versionOfImage(pattern, image) ?? '');
  const kind = formOf(pattern, image) === pattern ? 'pattern' : 'other';
  return { major: String(major ?? 'unknown'), image: isUnsupported(image) ? 'unsupported' : kind };
}

/** The image to write, and the version in it. */
export function reachableImage(s: Situation): ReachableImage {
  const { value: wanted, shortfall } = reachableVersion(s);
  const { imagePattern: pattern, imageRollout } = s.observed.platform;
  const running = knownRunning(s);
  if (running === undefined) return { image: imageFor(pattern, wanted), version: wanted, shortfall };

  const held = heldImage(s, pattern);
  const version = setVersion(s) ?? running.version;
  const form = imageRollout === 'Now' && !upgrades(s, version) ? pattern : formOf(pattern, held);
  if (wanted === versionOfImage(pattern, held) && (form === undefined || imageRollout === 'Never'))
    return { image: held, version: wanted, shortfall };
  if (form === undefined) return { image: held, version, shortfall: unknownForm(wanted, held) };
  const isMajor = majorOf(wanted) !== majorOf(version);
  const live = s.own.cluster?.spec.imageName ?? held;
  const isForm = [live, running.image ?? held].some((image) => formOf(pattern, image) !== form);
  return isMajor && isForm
    ? { image: imageFor(form, version), version, shortfall: formFirst(wanted) }
    : { image: imageFor(form, wanted), version: wanted, shortfall };
}

/** The image whose form is kept: what the operator wrote last, since somebody can have edited the Cluster. */
function heldImage({ addon, own: { cluster } }: Situation, pattern: string): string {
  const live = cluster?.spec.imageName ?? '';
  return formOf(pattern, live) === pattern ? live : (addon.status?.image ?? live);
}

/** Whether a major upgrade was written that has not finished. */
function upgrades({ own: { cluster } }: Situation, version: string): boolean {
  return (cluster?.status.dataMajor ?? majorOf(version)) !== majorOf(version);
}

function majorOf(version: string): number | undefined {
  return parseVersion(version)?.major;
}

function formFirst(wanted: string): Verdict {
  const message = `version ${wanted} is applied once the database runs with the image that is set now: a major upgrade must not change the Debian release`;
  return { reason: 'UpgradePending', message };
}

function unknownForm(wanted: string, held: string): Verdict {
  const message = `version ${wanted} is not applied, because the tag of image "${held}" has no version that could be replaced; the platform team can move the database to its image pattern (postgres.imageRollout: Now)`;
  return { reason: 'ImageFormUnknown', message };
}
