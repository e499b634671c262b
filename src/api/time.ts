// Converts between Kubernetes timestamps and milliseconds. It must never read a clock.

const rfc3339 =
  /^(\d{4}-\d\d-\d\d)T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;
/** The first moment that does not have a year of four digits, which the API server refuses. */
const endOfYears = Date.UTC(10_000, 0);
/** How far the clocks of those who write a timestamp and read it may differ. */
const toleranceMilliseconds = 60_000;

/**
 * Milliseconds since the epoch, from 0 on, for an RFC 3339 timestamp of the years 1970 to 9999; undefined when the text is not one.
 * Anyone may have written it, and Date.parse alone reads "99999" as a year.
 */
export function millisecondsOf(timestamp: string | undefined = ''): number | undefined {
  const [, day] = rfc3339.exec(timestamp) ?? [];
  if (day === undefined) return undefined;
  // A day that a month does not have is read as one of the next month.
  const midnight = Date.parse(`${day}T00:00:00Z`);
  if (Number.isNaN(midnight) || !timestampOf(midnight).startsWith(day)) return undefined;
  const milliseconds = Date.parse(timestamp);
  return milliseconds >= 0 && milliseconds < endOfYears ? milliseconds : undefined;
}

/**
 * When something began that was recorded, in milliseconds since the epoch; undefined if that is no time, or lies ahead of now by more
 * than clocks may differ. Then nothing is known about it: a clock was set back, or somebody wrote the time.
 */
export function recordedTime(timestamp: string | undefined, now: number): number | undefined {
  const milliseconds = millisecondsOf(timestamp);
  return milliseconds === undefined || milliseconds > now + toleranceMilliseconds ? undefined : milliseconds;
}

/** metav1.Time: RFC 3339 in UTC with whole seconds, as the API server writes it. For 0 to the end of the year 9999. */
export function timestampOf(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}

/**
 * The date in UTC.
 * @param milliseconds wall-clock time
 * @returns the month from 1, the day of the month from 1, and the day of the week from 0 for Sunday
 */
export function dateOf(milliseconds: number): {
  readonly month: number;
  readonly day: number;
  readonly weekday: number;
} {
  const date = new Date(milliseconds);
  return { month: date.getUTCMonth() + 1, day: date.getUTCDate(), weekday: date.getUTCDay() };
}
