// When restore drills begin: at the times of spec.backup.drill.schedule, each addon a little later than that, so that not all begin at once.
import { createHash } from 'node:crypto';
import type { PostgresAddon } from '../../api/addon.ts';
import { millisecondsOf } from '../../api/time.ts';
import { nextStart, problemOf } from '../backup/cron.ts';

/** How much later than scheduled a drill begins at most. Seconds. */
const longestDelay = 15 * 60;

/** How much later than scheduled the drills of an addon begin. Whole seconds, in milliseconds. */
function delayOf({ metadata: { namespace, name } }: PostgresAddon): number {
  return (createHash('sha256').update(`drill ${namespace}/${name}`).digest().readUInt32BE(0) % longestDelay) * 1000;
}

/**
 * When the next scheduled drill begins. A recorded time that has passed stays until that drill begins, so that none is missed while the operator
 * does not run.
 * @param now wall-clock time in milliseconds
 * @returns wall-clock time in milliseconds; undefined without a valid schedule
 */
export function nextDrill(addon: PostgresAddon, now: number): number | undefined {
  const { schedule } = addon.spec.backup?.drill ?? {};
  if (schedule === undefined || problemOf(schedule) !== undefined) return undefined;
  const delay = delayOf(addon);
  const recorded = millisecondsOf(addon.status?.backup?.nextDrillTime);
  const isOfSchedule = recorded !== undefined && nextStart(schedule, recorded - delay - 1) === recorded - delay;
  const next = drillAfter(addon, now);
  // One that lies further ahead was recorded by a clock that was ahead.
  return isOfSchedule && next !== undefined ? Math.min(recorded, next) : next;
}

/** When the first scheduled drill begins that has not begun by then. @param now wall-clock time in milliseconds */
export function drillAfter(addon: PostgresAddon, now: number): number | undefined {
  const { schedule } = addon.spec.backup?.drill ?? {};
  const delay = delayOf(addon);
  const start = schedule === undefined ? undefined : nextStart(schedule, now - delay);
  return start === undefined ? undefined : start + delay;
}
