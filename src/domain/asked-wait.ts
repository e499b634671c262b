// How long the API server asks to wait (Retry-After) before what it failed to answer is asked again: of each read at once, so that no chapter
// can forget it.
import type { Facts } from '../api/workload.ts';
import type { Failed, Observed, Read } from './observed.ts';

/** Milliseconds until every read of an observation that failed may be made again; 0 if no answer asked to wait. */
export function askedWait({ children, drill, facts, ...observed }: Observed): number {
  const { source, authority, backup, backups, volumes, redaction } = observed;
  const reads = [...Object.values(children), source, authority, backup, backups, volumes, redaction, drill.source];
  return 1000 * Math.max(0, ...reads.map(secondsOf), ...[facts, drill.facts].map(secondsOfFacts));
}

function secondsOf(read: Read<unknown> | Failed): number {
  return read.kind === 'unavailable' || read.kind === 'failed' ? (read.retryAfterSeconds ?? 0) : 0;
}

function secondsOfFacts(read: Read<Facts>): number {
  return read.kind === 'found' ? (read.object.retryAfterSeconds ?? 0) : 0;
}
