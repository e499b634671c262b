// How long backups stay restorable: a number of days, weeks or months, as Barman counts them.

const days = { d: 1, w: 7, m: 31 } as const;

/** The days of a retention such as 7d, 2w or 1m. @throws RangeError for any other text */
export function daysOf(retention: string): number {
  const [, count, unit] = /^([1-9]\d{0,3})([dwm])$/.exec(retention) ?? [];
  if (count === undefined) throw new RangeError(`"${retention}" is not a number of days, weeks or months`);
  return Number(count) * days[unit as keyof typeof days];
}
