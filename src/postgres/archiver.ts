// What PostgreSQL says of the archiving of its WAL. It is asked as the application's role, which needs no permission for it.
import type { Archiver } from '../api/login.ts';

/** Everything is named with its schema: the role can have a search_path of its own. */
export const archiverQuery = `SELECT extract(epoch FROM last_archived_time)::text AS at, last_archived_wal AS archived,
  pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()) AS current,
  pg_catalog.pg_size_bytes(pg_catalog.current_setting('wal_segment_size'))::text AS size
FROM pg_catalog.pg_stat_archiver`;

/**
 * Leaves a commit record, so that an idle database fills a WAL file that archive_timeout sends to the archive. It costs one transaction id
 * (measured: a plain SELECT leaves nothing).
 */
export const heartbeatQuery = 'SELECT pg_catalog.pg_current_xact_id()';

/** @param row of archiverQuery; anybody may have answered it @returns undefined if it has another form, or nothing was archived yet */
export function archiverIn(row: unknown): Archiver | undefined {
  const { at, archived, current, size } = (row ?? {}) as Readonly<Record<string, unknown>>;
  const seconds = typeof at === 'string' && /^\d{9,11}(\.\d{1,6})?$/.test(at) ? Number(at) : undefined;
  if (seconds === undefined) return undefined;
  const [last, now] = [segmentIn(archived, size), segmentIn(current, size)];
  // A file that is being written cannot be archived yet. A history file or another timeline tells nothing.
  const isKnown = last !== undefined && now?.timeline === last.timeline;
  return { archivedAt: Math.floor(seconds) * 1000, waiting: isKnown ? Math.max(0, now.number - last.number - 1) : 0 };
}

/** The timeline and the number of a WAL file. "WAL Internals" in PostgreSQL's documentation: 8 hex digits each of timeline, log, segment. */
function segmentIn(name: unknown, size: unknown): { readonly timeline: string; readonly number: number } | undefined {
  const [, timeline, log, segment] = /^([0-9A-F]{8})([0-9A-F]{8})([0-9A-F]{8})/.exec(String(name)) ?? [];
  const bytes = Number(size);
  if (timeline === undefined || !(bytes >= 1_048_576 && bytes <= 1_073_741_824)) return undefined;
  const segmentsPerLog = 4_294_967_296 / bytes;
  return { timeline, number: Number.parseInt(log ?? '', 16) * segmentsPerLog + Number.parseInt(segment ?? '', 16) };
}
