// What came of a login to a database, in words of ours alone: what a server says may hold a value of a Secret.

export const loginFailures = [
  'credentials',
  'role',
  'database',
  'tls',
  'host',
  'refused',
  'unreachable',
  'silent',
  'broken',
  'starting',
  'full',
  'roleFull',
  'databaseFull',
  'other',
] as const;

export type LoginFailure = (typeof loginFailures)[number];

/** What is asked about the archiving of the WAL; `heartbeat` also leaves a commit record, so that an idle database has something to archive. */
export type ArchiverQuestion = 'read' | 'heartbeat';

/** What a login asks, besides whether it succeeds. */
export interface Question {
  readonly archiver?: ArchiverQuestion | undefined;
  /** Which roles could log in, besides the one that does. */
  readonly otherRoles?: true;
}

/** What the server answered; absent: it was not asked, or told nothing. */
export interface Answer {
  /** Also absent if nothing has been archived yet. */
  readonly archiver?: Archiver;
  /** Their names. */
  readonly otherRoles?: readonly string[];
}

/** What the server says of the archiving of its WAL. */
export interface Archiver {
  /** When the last WAL file was archived. Wall-clock time in milliseconds. */
  readonly archivedAt: number;
  /** How many complete WAL files are not archived yet. */
  readonly waiting: number;
}

export type LoginResult =
  /** `version` is that of the server, as "17.4" or "17"; absent if the server did not say it in this form. */
  | ({ readonly kind: 'ok'; readonly version?: string } & Answer)
  /** `detail` names what was seen: a code, or words of ours. It is the same each time the same happens. */
  | { readonly kind: 'failed'; readonly why: LoginFailure; readonly detail: string }
  /** Not tried: nothing was learned. */
  | { readonly kind: 'unchecked' };
