// Decides the image of the Cluster. A database keeps the form of its image, which is everything but the version: another form can be
// another Debian release, with other libraries below the same data (docs/decisions/0017-images.md).
import type { Situation } from '../situation.ts';
import type { Verdict } from '../verdict.ts';
import { reachableVersion } from './reachable-version.ts';
import { knownRunning, setVersion, versionIn } from './running.ts';
import { imageFor, isUnsupported, majorOf, versionOfImage } from './version.ts';

export interface ReachableImage {
  readonly image: string;
  readonly version: string;
  /** Why it is not the requested version. */
  readonly shortfall?: Verdict | undefined;
}

/**
 * The image with `{version}` in place of its version; undefined if the tag is not the version with an optional suffix after a hyphen, or
 * has a digest. What else follows a version, as in "17.0" for 17, was made by a pattern that is not known.
 * @param version the version in the image, where more is known than pattern and tag tell
 */
export function formOf(pattern: string, image: string, version = versionOfImage(pattern, image)): string | undefined {
  if (version === undefined) return undefined;
  if (imageFor(pattern, version) === image) return pattern;
  const [, before, tag] = /^(.*:)([^:@/]+)$/.exec(image) ?? [];
  if (tag?.startsWith(version) !== true) return undefined;
  const after = tag.slice(version.length);
  return after === '' || after.startsWith('-') ? `${before}{version}${after}` : undefined;
}

/** For counting: the major version in an image, and whether it has the form of the pattern, another one, or one without fixes. */
export function kindOfImage(
  pattern: string,
  image: string,
): { readonly major: string; readonly image: 'pattern' | 'other' | 'unsupported' } {
  const major = majorOf(versionOfImage(pattern, image));
  const kind = formOf(pattern, image) === pattern ? 'pattern' : 'other';
  return { major: String(major ?? 'unknown'), image: isUnsupported(image) ? 'unsupported' : kind };
}

/** The image to write, and the version in it. @param restored the major version of the backups that a new database begins with, if known */
export function reachableImage(s: Situation, restored?: number): ReachableImage {
  const { value: wanted, shortfall } = reachableVersion(s, restored);
  const { imagePattern: pattern, imageRollout } = s.observed.platform;
  const running = knownRunning(s);
  if (running === undefined) return { image: imageFor(pattern, wanted), version: wanted, shortfall };

  const held = heldImage(s, pattern);
  const version = setVersion(s) ?? running.version;
  const formIn = (image: string): string | undefined => formOf(pattern, image, versionIn(s, image));
  const form = imageRollout === 'Now' && !upgrades(s, version) ? pattern : formIn(held);
  if (wanted === versionIn(s, held) && (form === undefined || imageRollout === 'Never'))
    return { image: held, version: wanted, shortfall };
  if (form === undefined)
    return { image: held, version: versionIn(s, held) ?? version, shortfall: unknownForm(wanted, held) };
  const isMajor = majorOf(wanted) !== majorOf(version);
  const live = s.own.cluster?.spec.imageName ?? held;
  const isForm = [live, running.image ?? held].some((image) => formIn(image) !== form);
  return isMajor && isForm
    ? { image: imageFor(form, version), version, shortfall: formFirst(wanted) }
    : { image: imageFor(form, wanted), version: wanted, shortfall };
}

/** The image whose form is kept: what the operator wrote last, since somebody can have edited the Cluster. */
function heldImage(s: Situation, pattern: string): string {
  const { addon, own } = s;
  const live = own.cluster?.spec.imageName ?? '';
  return formOf(pattern, live, versionIn(s, live)) === pattern ? live : (addon.status?.image ?? live);
}

/** Whether a major upgrade was written that has not finished. */
function upgrades({ own: { cluster } }: Situation, version: string): boolean {
  return (cluster?.status.dataMajor ?? majorOf(version)) !== majorOf(version);
}

function formFirst(wanted: string): Verdict {
  const message = `version ${wanted} is applied once the database runs with the image that is set now: a major upgrade must not change the Debian release`;
  return { reason: 'UpgradePending', message };
}

function unknownForm(wanted: string, held: string): Verdict {
  const message = `version ${wanted} is not applied, because the tag of image "${held}" has no version that could be replaced; the platform team can move the database to its image pattern (postgres.imageRollout: Now)`;
  return { reason: 'ImageFormUnknown', message };
}
