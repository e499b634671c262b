// The MicroTime format of Kubernetes. It must always have the six decimals that the API server requires.

/** RFC 3339 in UTC with six decimals, from milliseconds since the epoch. */
export function microTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace('Z', '000Z');
}
