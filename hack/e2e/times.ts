// Where the time of `npm run e2e` went: the minutes of each suite, and what it was expected to take.
import type { FileTime } from '../test/jest.ts';
import { formatElapsed } from '../toolchain/report.ts';

/** A suite that has run. Suites run beside each other, so that the sum of all is more than the whole. */
export interface SuiteTime {
  readonly name: string;
  /** From the beginning of its first file to the end of its last one. */
  readonly milliseconds: number;
  readonly files: readonly { readonly name: string; readonly milliseconds: number }[];
}

const place = /^e2e\/real\/([^/]+)\/(.+)\.test\.ts$/;

/** The suites of the files, those that took longest first; so are the files of each. */
export function suiteTimes(files: readonly FileTime[]): readonly SuiteTime[] {
  const suites = Map.groupBy(files, ({ path }) => place.exec(path)?.[1] ?? path);
  const times = [...suites].map(([name, own]) => ({
    name,
    milliseconds: Math.max(...own.map(({ ended }) => ended)) - Math.min(...own.map(({ began }) => began)),
    files: own
      .map(({ path, began, ended }) => ({ name: place.exec(path)?.[2] ?? path, milliseconds: ended - began }))
      .sort(longestFirst),
  }));
  return times.sort(longestFirst);
}

interface Lasting {
  readonly milliseconds: number;
}

function longestFirst(a: Lasting, b: Lasting): number {
  return b.milliseconds - a.milliseconds;
}

/**
 * The table, in lines.
 * @param expected how many minutes longer a run takes with a suite, by its name
 * @param others what else took time, in milliseconds, by what it was
 */
export function describeTimes(
  suites: readonly SuiteTime[],
  expected: ReadonlyMap<string, number>,
  others: Readonly<Record<string, number>>,
): readonly string[] {
  const line = (milliseconds: number, what: string): string => `${formatElapsed(milliseconds).padStart(13)}  ${what}`;
  return [
    ...Object.entries(others).map(([what, milliseconds]) => line(milliseconds, what)),
    ...suites.map(({ name, milliseconds, files }) => {
      const minutes = expected.get(name);
      const budget = minutes === undefined ? '' : ` (${minutes} min expected)`;
      const each = files.map((file) => `${file.name} ${formatElapsed(file.milliseconds)}`).join(', ');
      return line(milliseconds, `${name}${budget}: ${each}`);
    }),
  ];
}
