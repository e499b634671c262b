// The order of resourceVersions. It must never guess an order if a server does not use integers.

/**
 * Compares two resourceVersions of one resource type, of any objects: the API server uses one sequence for them.
 * @returns below, at or above 0 if `a` is older than, equal to or newer than `b`; undefined if they cannot be ordered
 */
export function compareResourceVersions(a: string, b: string): number | undefined {
  if (a === b) return 0;
  if (!isInteger(a) || !isInteger(b)) return undefined;
  // Integers without leading zeros: the longer one is greater. As text they do not lose precision.
  return a.length === b.length ? (a < b ? -1 : 1) : a.length - b.length;
}

function isInteger(value: string): boolean {
  return /^(0|[1-9][0-9]*)$/.test(value);
}
