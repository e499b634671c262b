// When a database is backed up: for ever the same, since each change would be a write of the ScheduledBackup.
import { expect, it } from '@jest/globals';
import { dailySchedule } from './schedule.ts';

it.each([
  ['team-a/shop', '0 37 2 * * *'],
  ['team-a/orders', '0 7 3 * * *'],
  ['team-a/app-371', '0 0 3 * * *'],
])('%s at %s', (addon, schedule) => expect(dailySchedule(addon)).toBe(schedule));
