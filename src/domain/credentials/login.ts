// What came of a login with the published DATABASE_URL, and the words for it. They are ours alone: what a server says may hold a value.
import type { Reason } from '../../api/conditions.ts';
import type { LoginFailure, LoginResult } from '../../api/login.ts';
import type { LoginPlace } from '../decision.ts';
import type { Verdict } from '../verdict.ts';

interface Row {
  readonly reason: Reason;
  readonly message: (place: LoginPlace, detail: string) => string;
}

const superuser = 'as a superuser (kubectl cnpg psql)';

const failures: Readonly<Record<LoginFailure, Row>> = {
  credentials: {
    reason: 'CredentialsRejected',
    message: ({ role, sourceSecret }) =>
      `the database refuses the password of role "${role}" that Secret ${sourceSecret} holds: it was changed inside the database. ` +
      `Delete Secret ${sourceSecret}: CloudNativePG makes a new password and sets it, and DATABASE_URL follows`,
  },
  role: {
    reason: 'LoginForbidden',
    message: ({ role, database }, detail) =>
      `the database does not let role "${role}" in (${detail}). Make sure, ${superuser}, that it has LOGIN, and CONNECT on database "${database}"; ` +
      'pg_hba of the Cluster may also forbid it',
  },
  database: {
    reason: 'DatabaseMissing',
    message: ({ role, database }) =>
      `there is no database "${database}" in the Cluster any more: it was dropped or renamed. ` +
      `Rename it back or create it again with owner "${role}", ${superuser}`,
  },
  tls: {
    reason: 'TlsFailed',
    message: ({ host }, detail) =>
      `no encrypted connection to ${host} as spec.connection.sslMode asks for it: ${detail}. ` +
      "Look at the Cluster's certificates, or choose another sslMode",
  },
  host: {
    reason: 'DNSLookupFailed',
    message: ({ host }, detail) =>
      `the name ${host} cannot be resolved (${detail}). Look whether its Service exists, and whether the operator's pod reaches DNS`,
  },
  refused: {
    reason: 'ConnectionRefused',
    message: ({ host }) => `${host} refuses connections: no ready instance stands behind the Service`,
  },
  unreachable: {
    reason: 'DatabaseUnreachable',
    message: ({ host }, detail) =>
      `no connection to ${host} comes about (${detail}). Allow the operator's pod to reach port 5432 of the instances (NetworkPolicy)`,
  },
  silent: {
    reason: 'LoginTimeout',
    message: ({ host }) =>
      `${host} accepts connections and does not finish a login. Look at load and log of the primary`,
  },
  broken: {
    reason: 'ConnectionReset',
    message: ({ host }) => `${host} cut the connection before the login was complete. Look at the log of the primary`,
  },
  starting: {
    reason: 'DatabaseStarting',
    message: ({ host }) => `PostgreSQL behind ${host} is starting up or shutting down`,
  },
  full: {
    reason: 'TooManyConnections',
    message: ({ host }) =>
      `${host} has no connection left. Close some in the application, use a pool, or choose a larger plan`,
  },
  other: {
    reason: 'LoginFailed',
    message: ({ host, role }, detail) => `role "${role}" cannot log in to ${host}: ${detail}`,
  },
};

/** The condition that a login's result makes; undefined when nothing was learnt, so that what was known stands. */
export function judgeLogin(result: LoginResult, place: LoginPlace): Verdict | undefined {
  switch (result.kind) {
    case 'ok':
      return { reason: 'LoggedIn', message: `role "${place.role}" logged in to ${place.host} with DATABASE_URL` };
    case 'failed': {
      const { reason, message } = failures[result.why];
      return { reason, message: message(place, result.detail) };
    }
    case 'unchecked':
      return undefined;
  }
}
