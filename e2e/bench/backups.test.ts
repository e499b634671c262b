// The Backups of the benchmark are called as CNPG calls those of a schedule.
import { expect, it } from '@jest/globals';
import { scheduledBackup } from './backups.ts';

it('each day has one of its own, named after the ScheduledBackup and its time', () => {
  const names = [0, 1, 34].map((before) => scheduledBackup('bench-1', 'app-7', before).metadata.name);
  expect(names).toEqual([
    'db-bench-1-app-7-daily-20261120023700',
    'db-bench-1-app-7-daily-20261119023700',
    'db-bench-1-app-7-daily-20261017023700',
  ]);
});
