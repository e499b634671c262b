// PostgreSQL versions as this API writes them: "17" or "17.4".

interface Version {
  readonly major: number;
  readonly minor: number | undefined;
}

/** undefined when the text does not start with a version, as an image tag of another kind does not. */
export function parseVersion(text: string): Version | undefined {
  const match = /^(\d{1,3})(?:\.(\d{1,3}))?(?![\d.])/.exec(text);
  if (match === null) return undefined;
  return { major: Number(match[1]), minor: match[2] === undefined ? undefined : Number(match[2]) };
}

/** Whether going from `running` to `wanted` would lower the version; a version without a minor floats and is never lower. */
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

/** The version inside an image made from `pattern`, or the leading version of its tag; undefined when there is none. */
export function versionOfImage(pattern: string, image: string): string | undefined {
  const [before = '', after = ''] = pattern.split('{version}');
  const inner =
    image.startsWith(before) && image.endsWith(after) ? image.slice(before.length, image.length - after.length) : '';
  const text = parseVersion(inner) === undefined ? (/:([^/:@]+)(?:@|$)/.exec(image)?.[1] ?? '') : inner;
  return parseVersion(text) === undefined ? undefined : /^\d+(?:\.\d+)?/.exec(text)?.[0];
}
