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

export const roleLevels = ['read', 'write', 'admin'] as const;

export type RoleLevel = (typeof roleLevels)[number];

/** Login roles besides the owner: they get their rights from the owner, and then a login with each proves them. */
export interface RolesQuestion {
  readonly owner: string;
  /** The schemas in which they get rights. One that does not exist is skipped. */
  readonly schemas: readonly string[];
  readonly roles: readonly {
    readonly level: RoleLevel;
    readonly name: string;
    /** Secret. */
    readonly url: string;
  }[];
}

/** What a login asks, besides whether it succeeds. */
export interface Question {
  readonly archiver?: ArchiverQuestion | undefined;
  /** Of a restored database: which roles could log in, besides the one that does, and its size. */
  readonly otherRoles?: true;
  /** For a restore drill: the present position in the WAL, or which WAL file was archived last. */
  readonly drill?: 'mark' | 'archived' | undefined;
  /** What has to hold in the database. */
  readonly assertions?: readonly Assertion[] | undefined;
  readonly roles?: RolesQuestion | undefined;
}

/** A query, and what its first value has to be. */
export interface Assertion {
  readonly sql: string;
  /** As text; of type boolean, "true" or "false". */
  readonly expect: string;
}

/** What the server answered; absent: it was not asked, or told nothing. */
export interface Answer {
  /** Also absent if nothing has been archived yet. */
  readonly archiver?: Archiver;
  /** Their names. */
  readonly otherRoles?: readonly string[];
  /** The size of the database. */
  readonly bytes?: number;
  readonly mark?: Mark;
  /** The name of the WAL file that was archived last. */
  readonly archivedWal?: string;
  /** For each assertion why it does not hold, in words of ours; undefined if it does. */
  readonly assertions?: readonly (string | undefined)[];
  /** In the order of the question. Also absent if the time was not enough. */
  readonly roles?: readonly RoleAnswer[];
}

/** What came of one role. */
export interface RoleAnswer {
  readonly level: RoleLevel;
  /** Why it is not ready, in words of ours; absent: it has its rights, and a login with it succeeded. */
  readonly failure?: string;
}

/** A state of a database. Everything that was committed before is part of it. */
export interface Mark {
  /** The position in the WAL, as `16/B374D848`. */
  readonly lsn: string;
  /** The name of the WAL file that has to be in the archive. */
  readonly wal: string;
  /** When it was. Wall-clock time of the server in milliseconds. */
  readonly time: number;
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
