// Parses and compares PostgreSQL versions, written as "17" or "17.4", and maps them to images.

interface Version {
  readonly major: number;
  readonly minor: number | undefined;
}

/** undefined if the text does not start with a version. */
export function parseVersion(text: string): Version | undefined {
  const match = /^(\d{1,3})(?:\.(\d{1,3}))?(?![\d.])/.exec(text);
  if (match === null) return undefined;
  return { major: Number(match[1]), minor: match[2] === undefined ? undefined : Number(match[2]) };
}

/** Whether `wanted` is a lower version than `running`. Without a minor version, only the major versions are compared. */
export function isLower(wanted: string, running: string): boolean {
  const to = parseVersion(wanted);
  const from = parseVersion(running);
  if (to === undefined || from === undefined) return false;
  if (to.major !== from.major) return to.major < from.major;
  return to.minor !== undefined && from.minor !== undefined && to.minor < from.minor;
}

/** The image for a version: `pattern` with `{version}` filled in. */
export function imageFor(pattern: string, version: string): string {
  return pattern.replaceAll('{version}', version);
}

/**
 * Whether an image gets no fixes: CNPG's tags of a version alone, without type and Debian release. They are Debian 11, and were last
 * built on 2026-09-10 (cloudnative-pg/postgres-containers #504).
 */
export function isUnsupported(image: string): boolean {
  return /^ghcr\.io\/cloudnative-pg\/postgresql:\d+(?:\.\d+)?(?:@.*)?$/.test(image);
}

/** The version in an image built from `pattern`, or at the start of its tag; undefined if there is none. */
export function versionOfImage(pattern: string, image: string): string | undefined {
  const [before = '', after = ''] = pattern.split('{version}');
  const inner =
    image.startsWith(before) && image.endsWith(after) ? image.slice(before.length, image.length - after.length) : '';
  const text = parseVersion(inner) === undefined ? (/:([^/:@]+)(?:@|$)/.exec(image)?.[1] ?? '') : inner;
  return parseVersion(text) === undefined ? undefined : /^\d+(?:\.\d+)?/.exec(text)?.[0];
}
