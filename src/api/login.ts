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

export type LoginResult =
  /** `version` is that of the server, as "17.4" or "17"; absent if the server did not say it in this form. */
  | { readonly kind: 'ok'; readonly version?: string }
  /** `detail` names what was seen: a code, or words of ours. It is the same each time the same happens. */
  | { readonly kind: 'failed'; readonly why: LoginFailure; readonly detail: string }
  /** Not tried: nothing was learned. */
  | { readonly kind: 'unchecked' };
