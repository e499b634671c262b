// The order of resourceVersions; it must never guess one where a server uses something else than integers.

/**
 * Compares two resourceVersions of one resource type (any objects: the API server counts them together).
 * @returns below, at or above 0 as `a` is older than, equal to or newer than `b`; undefined when they cannot be ordered
 */
export function compareResourceVersions(a: string, b: string): number | undefined {
  if (a === b) return 0;
  if (!isInteger(a) || !isInteger(b)) return undefined;
  // Integers without leading zeros: the longer is the greater, and as text they never lose precision.
  return a.length === b.length ? (a < b ? -1 : 1) : a.length - b.length;
}

function isInteger(value: string): boolean {
  return /^(0|[1-9][0-9]*)$/.test(value);
}
