// Converts between Kubernetes timestamps and milliseconds. It must never read a clock.

/** Milliseconds since the epoch for an RFC 3339 timestamp; undefined when the text is not one. */
export function millisecondsOf(timestamp: string | undefined): number | undefined {
  const milliseconds = timestamp === undefined ? Number.NaN : Date.parse(timestamp);
  return Number.isNaN(milliseconds) ? undefined : milliseconds;
}

/** metav1.Time: RFC 3339 in UTC with whole seconds, as the API server writes it. */
export function timestampOf(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}
