// Parses and compares PostgreSQL versions, written as "17" or "17.4", and maps them to images.

interface Version {
  readonly major: number;
  readonly minor: number | undefined;
}

/** A date is no minor version. */
const versionAtStart = /^(\d{1,3})(?:\.(\d{1,3})(?!\d))?(?!\d)/;

/**
 * The version at the beginning of a text, as CNPG reads a tag (FromTag in its machinery, pkg/postgres/version): "17.5.0-r1" is 17.5.
 * undefined if it does not start with one.
 */
export function parseVersion(text: string): Version | undefined {
  const match = versionAtStart.exec(text);
  if (match === null) return undefined;
  return { major: Number(match[1]), minor: match[2] === undefined ? undefined : Number(match[2]) };
}

/** The major version at the beginning of a text; undefined if it does not start with a version, or there is none. */
export function majorOf(version: string | undefined): number | undefined {
  return parseVersion(version ?? '')?.major;
}

/** Whether `wanted` is a lower version than `running`. Without a minor version, only the major versions are compared. */
export function isLower(wanted: string, running: string): boolean {
  const to = parseVersion(wanted);
  const from = parseVersion(running);
  if (to === undefined || from === undefined) return false;
  if (to.major < from.major) return true;
  return to.major === from.major && to.minor !== undefined && from.minor !== undefined && to.minor < from.minor;
}

/** The image for a version: `pattern` with `{version}` filled in. */
export function imageFor(pattern: string, version: string): string {
  return pattern.replaceAll('{version}', version);
}

/**
 * Whether an image gets no fixes: CNPG's tags of Debian 11. They name it, or are a version alone or with the number of a build; the latter
 * were last built on 2026-09-10 (cloudnative-pg/postgres-containers #504).
 */
export function isUnsupported(image: string): boolean {
  const tag = /^ghcr\.io\/cloudnative-pg\/postgresql:\d+(?:\.\d+)?(?:-\d+)?(?:(?:-[a-z]+)?-bullseye)?(?:@.*)?$/;
  return tag.test(image);
}

/** The version in an image built from `pattern`, or at the start of its tag; undefined if there is none. */
export function versionOfImage(pattern: string, image: string): string | undefined {
  const [before = '', after = ''] = pattern.split('{version}');
  const inner =
    image.startsWith(before) && image.endsWith(after) ? image.slice(before.length, image.length - after.length) : '';
  const text = parseVersion(inner) === undefined ? (/:([^/:@]+)(?:@|$)/.exec(image)?.[1] ?? '') : inner;
  return versionAtStart.exec(text)?.[0];
}
