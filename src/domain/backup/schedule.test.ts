// The base backups of many databases are spread over the night.
import { describe, expect, it } from '@jest/globals';
import { dailySchedule } from './schedule.ts';

/** Minutes after 02:00. */
function minuteOf(identity: string): number {
  const [, minute, hour] = dailySchedule(identity).split(' ');
  return (Number(hour) - 2) * 60 + Number(minute);
}

describe('200 addons', () => {
  it.each([
    ['of one namespace', (number: number) => `team-a/shop-${number}`],
    ['of as many namespaces', (number: number) => `team-${number}/shop`],
  ])('%s begin evenly between 02:00 and 04:00', (_what, identityOf) => {
    const quarters = Array.from({ length: 8 }, () => 0);
    const starts = new Map<number, number>();
    for (let number = 0; number < 200; number += 1) {
      const minute = minuteOf(identityOf(number));
      const quarter = Math.floor(minute / 15);
      quarters[quarter] = (quarters[quarter] ?? 0) + 1;
      starts.set(minute, (starts.get(minute) ?? 0) + 1);
    }
    // 25 are expected in each quarter of an hour: chance gives more than 40 or fewer than 10 once in a thousand.
    expect(Math.max(...quarters)).toBeLessThanOrEqual(40);
    expect(Math.min(...quarters)).toBeGreaterThanOrEqual(10);
    expect(Math.max(...starts.values())).toBeLessThanOrEqual(8);
  });

  it.each([
    ['team-a/shop', '0 37 2 * * *'],
    ['team-a/orders', '0 7 3 * * *'],
    ['team-a/app-371', '0 0 3 * * *'],
  ])('each keep the time that they have had, from release to release: %s', (addon, schedule) =>
    expect(dailySchedule(addon)).toBe(schedule),
  );
});
