// Maps the result of a login with DATABASE_URL to a condition. Its messages never quote the server, whose message may contain a secret.
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
      `the database rejects the password of role "${role}" in Secret ${sourceSecret}: it was changed inside the database. ` +
      `Delete Secret ${sourceSecret}: CloudNativePG creates a new password and sets it in the database, and DATABASE_URL is updated`,
  },
  role: {
    reason: 'LoginForbidden',
    message: ({ role, database }, detail) =>
      `the database refuses logins by role "${role}" (${detail}). Make sure, ${superuser}, that it has LOGIN, and CONNECT on database "${database}"; ` +
      'pg_hba of the Cluster can also be the cause',
  },
  database: {
    reason: 'DatabaseMissing',
    message: ({ role, database }) =>
      `database "${database}" no longer exists in the Cluster: it was dropped or renamed. ` +
      `Rename it back or create it again with owner "${role}", ${superuser}`,
  },
  tls: {
    reason: 'TlsFailed',
    message: ({ host }, detail) =>
      `cannot establish an encrypted connection to ${host} as required by spec.connection.sslMode: ${detail}. ` +
      'Check the certificates of the Cluster, or choose another sslMode',
  },
  host: {
    reason: 'DNSLookupFailed',
    message: ({ host }, detail) =>
      `host ${host} cannot be resolved (${detail}). Check that its Service exists and that the operator's pod can reach DNS (NetworkPolicy)`,
  },
  refused: {
    reason: 'ConnectionRefused',
    message: ({ host }) => `${host} refuses connections: the Service has no ready instance`,
  },
  unreachable: {
    reason: 'DatabaseUnreachable',
    message: ({ host }, detail) =>
      `cannot connect to ${host} (${detail}). Allow the operator's pod to reach port 5432 of the instances (NetworkPolicy)`,
  },
  silent: {
    reason: 'LoginTimeout',
    message: ({ host }) =>
      `${host} accepts the connection but does not complete the login in time. Check the load and the log of the primary`,
  },
  broken: {
    reason: 'ConnectionReset',
    message: ({ host }) => `${host} closed the connection before the login was complete. Check the log of the primary`,
  },
  starting: {
    reason: 'DatabaseStarting',
    message: ({ host }) => `PostgreSQL at ${host} is starting up or shutting down`,
  },
  full: {
    reason: 'TooManyConnections',
    message: ({ host }) =>
      `${host} has no free connections. Close some in the application, use a connection pool, or choose a larger plan`,
  },
  roleFull: {
    reason: 'RoleConnectionLimit',
    message: ({ role }) =>
      `role "${role}" has as many connections as its own CONNECTION LIMIT allows. ` +
      `Close some in the application, or raise the limit, ${superuser}: ALTER ROLE "${role}" CONNECTION LIMIT -1 removes it`,
  },
  databaseFull: {
    reason: 'DatabaseConnectionLimit',
    message: ({ database }) =>
      `database "${database}" has as many connections as its own CONNECTION LIMIT allows. ` +
      `Close some in the application, or raise the limit, ${superuser}: ALTER DATABASE "${database}" CONNECTION LIMIT -1 removes it`,
  },
  other: {
    reason: 'LoginFailed',
    message: ({ host, role }, detail) => `role "${role}" cannot log in to ${host}: ${detail}`,
  },
};

/** The verdict on a login; undefined if none was attempted, so that the last one remains. */
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
