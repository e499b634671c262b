// Reads the schedule of a ScheduledBackup by the grammar of CNPG (robfig/cron 1.2.0), which accepts five fields too and then takes the first
// for seconds. A schedule that runs more often than once an hour is refused.
import { dateOf } from '../../api/time.ts';

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

interface Field {
  readonly what: string;
  readonly min: number;
  readonly max: number;
  /** Names for the numbers from `min` on. */
  readonly names?: readonly string[];
}

const fields: readonly Field[] = [
  { what: 'seconds', min: 0, max: 59 },
  { what: 'minutes', min: 0, max: 59 },
  { what: 'hours', min: 0, max: 23 },
  { what: 'day of month', min: 1, max: 31 },
  { what: 'month', min: 1, max: 12, names: months },
  { what: 'day of week', min: 0, max: 6, names: weekdays },
];

const descriptors: Readonly<Record<string, string>> = {
  '@yearly': '0 0 0 1 1 *',
  '@annually': '0 0 0 1 1 *',
  '@monthly': '0 0 0 1 * *',
  '@weekly': '0 0 0 * * 0',
  '@daily': '0 0 0 * * *',
  '@midnight': '0 0 0 * * *',
  '@hourly': '0 0 * * * *',
};

const hour = 3_600_000;
const day = 24 * hour;
/** A leap year is at most eight years away. */
const farthest = 8 * 366;

/**
 * What is wrong with a schedule, as the rest of a sentence that begins with it; undefined if CNPG runs it as it reads.
 * @param schedule six fields, seconds first, in UTC; or a descriptor such as @daily
 */
export function problemOf(schedule: string): string | undefined {
  if (schedule.startsWith('@'))
    return Object.hasOwn(descriptors, schedule)
      ? undefined
      : `is not one of the descriptors ${Object.keys(descriptors).join(', ')}`;
  const parts = schedule.trim().split(/\s+/);
  if (parts.length !== fields.length)
    return `has ${parts.length} fields; it needs six, seconds first, such as "0 30 2 * * *" for 02:30 UTC`;
  const wrong = fields.find((field, index) => !isField(parts[index] ?? '', field));
  if (wrong !== undefined)
    return `has no valid ${wrong.what}; use ${wrong.min}-${wrong.max}, "*", ranges and steps such as 1-5 or */2`;
  const isOften = [0, 1].some((index) => !/^\d+$/.test(parts[index] ?? ''));
  if (isOften) return 'runs more often than once an hour; use one number each for seconds and minutes';
  return startAfter(parts, 0) === undefined ? 'never starts: no such day is in any year' : undefined;
}

/**
 * When a schedule starts next.
 * @param schedule one that problemOf() has nothing against
 * @param after wall-clock time in milliseconds
 * @returns wall-clock time in milliseconds; undefined for a schedule that problemOf() has something against
 */
export function nextStart(schedule: string, after: number): number | undefined {
  if (problemOf(schedule) !== undefined) return undefined;
  return startAfter((descriptors[schedule] ?? schedule).trim().split(/\s+/), after);
}

/** @param parts six valid fields, the first two of them numbers */
function startAfter(parts: readonly string[], after: number): number | undefined {
  const [, , hours, days, ofMonths, ofWeek] = fields.map((field, index) => valuesOf(parts[index] ?? '', field));
  const [isAnyDay, isAnyWeekday] = [parts[3], parts[5]].map((text) => /^[*?]/.test(text ?? ''));
  const within = (Number(parts[1]) * 60 + Number(parts[0])) * 1000;
  const times = [...(hours ?? [])].sort((a, b) => a - b).map((at) => at * hour + within);
  for (let count = 0; count <= farthest; count += 1) {
    const midnight = Math.floor(after / day) * day + count * day;
    const date = dateOf(midnight);
    const [isDay, isWeekday] = [days?.has(date.day) === true, ofWeek?.has(date.weekday) === true];
    // Where both are limited, either is enough.
    const isDue = isAnyDay === true || isAnyWeekday === true ? isDay && isWeekday : isDay || isWeekday;
    const time = times.find((at) => midnight + at > after);
    if (isDue && ofMonths?.has(date.month) && time !== undefined) return midnight + time;
  }
  return undefined;
}

/** The values that a valid field contains. */
function valuesOf(text: string, field: Field): ReadonlySet<number> {
  const { min, max } = field;
  const values = text.split(',').flatMap((element) => {
    const [range = '', step] = element.split('/');
    const isAny = range === '*' || range === '?';
    const [from = min, to = step === undefined || isAny ? undefined : max] = isAny
      ? [min, max]
      : range.split('-').map((value) => numberOf(value, field));
    const all = Array.from({ length: (to ?? from) - from + 1 }, (_, index) => from + index);
    return all.filter((_, index) => index % Number(step ?? 1) === 0);
  });
  return new Set(values);
}

/** Elements with commas between them: a range, each with a step. */
function isField(text: string, field: Field): boolean {
  return text.split(',').every((element) => {
    const [range = '', step, ...more] = element.split('/');
    const isStep = step === undefined || (/^\d{1,4}$/.test(step) && Number(step) > 0);
    return more.length === 0 && isStep && isRange(range, field);
  });
}

/** `*` or `?`, a number, or two with a hyphen between them. */
function isRange(text: string, field: Field): boolean {
  if (text === '*' || text === '?') return true;
  const [from, to, ...others] = text.split('-').map((value) => numberOf(value, field));
  if (!text.includes('-')) return from !== undefined;
  return from !== undefined && to !== undefined && from <= to && others.length === 0;
}

/** The value of a number or a name; undefined if the field cannot have it. */
function numberOf(text: string, { min, max, names = [] }: Field): number | undefined {
  const index = names.indexOf(text.toLowerCase());
  const value = index >= 0 ? index + min : /^\d{1,2}$/.test(text) ? Number(text) : undefined;
  return value !== undefined && value >= min && value <= max ? value : undefined;
}
