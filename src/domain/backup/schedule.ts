// Computes when a database is backed up: spread over the night, so that a thousand addons do not start at once.
import { createHash } from 'node:crypto';

/** Minutes from 02:00 to 04:00 UTC. */
const windowMinutes = 120;

/**
 * A daily schedule between 02:00 and 03:59 UTC that depends only on `identity`. Six fields, seconds first: CNPG accepts five
 * and then runs every hour (robfig/cron v1.2.0).
 */
export function dailySchedule(identity: string): string {
  const minute = createHash('sha256').update(identity).digest().readUInt32BE(0) % windowMinutes;
  return `0 ${minute % 60} ${2 + Math.floor(minute / 60)} * * *`;
}
