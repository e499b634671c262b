// Explains why a database is not ready, and says when to search for the cause next.
import type { PostgresAddon } from '../../api/addon.ts';
import { rowOf } from '../../api/conditions.ts';
import type { Round } from '../chapter.ts';
import { cnpgReport } from '../database/readiness.ts';
import { wasReady } from '../recorded.ts';
import type { Verdict } from '../verdict.ts';
import { deadlineOf, isTimeToLook, untilNextLook, untilStuck } from './deadlines.ts';
import { blindSpots, findCause } from './diagnosis.ts';

/** The cause, if one was found; otherwise what CNPG reports, once the deadline has passed. */
export function explain({ s, now }: Round, verdict: Verdict): Verdict {
  const { state, warning } = rowOf(verdict.reason);
  if (state !== 'progressing') return verdict;
  const { facts } = s.observed;
  const { cluster } = s.own;
  // What was read for another reason explains no wait that has just begun.
  const isTime = facts.kind === 'found' && isTimeToLook(s.addon, now);
  const cause = cluster !== undefined && isTime ? findCause(facts.object, cluster, now) : undefined;
  if (cause !== undefined) return cause;
  if (warning === true) return verdict;
  const blind = blindSpots(facts);
  const andBlind = (text: string): string => (blind === undefined ? text : `${text}; ${blind}`);
  // Without a Cluster, it is created now, which begins an attempt.
  if (cluster === undefined || untilStuck(s.addon, now) > 0) return { ...verdict, message: andBlind(verdict.message) };
  return { reason: 'TakingTooLong', message: `${overdue(s.addon, verdict)}; ${andBlind(cnpgReport(cluster))}` };
}

/** Contains the deadline, not the time waited so far: the message must not change while the situation does not. */
function overdue(addon: PostgresAddon, { reason, message }: Verdict): string {
  const state = wasReady(addon) ? 'is still not ready' : 'is still being created';
  const details = reason === 'Creating' || reason === 'Provisioning' ? '' : `: ${message}`;
  return `the database ${state} after ${deadlineOf(addon) / 60_000} min${details}`;
}

/** Milliseconds until the next search for the cause; undefined if nothing is in progress. */
export function untilNextSearch({ s: { addon }, now }: Round, { reason }: Verdict): number | undefined {
  return rowOf(reason).state === 'progressing' ? untilNextLook(addon, now) : undefined;
}
