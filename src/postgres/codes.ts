// What the codes of a failed login mean: SQLSTATEs of the server, and error codes of Node.
import type { LoginFailure } from '../api/login.ts';

/** SQLSTATEs (PostgreSQL's errcodes.txt) and error codes of Node that have a meaning of their own. */
const codes: Readonly<Record<string, LoginFailure>> = {
  '28P01': 'credentials',
  // Not allowed to log in, or no line of pg_hba.conf: another password would not help.
  '28000': 'role',
  '42501': 'role',
  '3D000': 'database',
  '53300': 'full',
  '57P01': 'starting',
  '57P02': 'starting',
  '57P03': 'starting',
  ENOTFOUND: 'host',
  ECONNREFUSED: 'refused',
  // Packets are dropped, or a router or firewall says that there is no way.
  ETIMEDOUT: 'unreachable',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  EACCES: 'unreachable',
  EPERM: 'unreachable',
  ECONNRESET: 'broken',
  EPIPE: 'broken',
  ECONNABORTED: 'broken',
  EPROTO: 'tls',
};

/** Functions of PostgreSQL that report 53300 for a limit other than max_connections. Unlike its text, their names are not translated. */
const limits: Readonly<Record<string, LoginFailure>> = {
  // miscinit.c: ALTER ROLE ... CONNECTION LIMIT.
  InitializeSessionUserId: 'roleFull',
  // postinit.c: ALTER DATABASE ... CONNECTION LIMIT.
  CheckMyDatabase: 'databaseFull',
};

/**
 * What a SQLSTATE or an error code of Node means for a login.
 * @param routine the function of PostgreSQL that reported it, if the server says which
 */
export function classify(code: string, routine = ''): LoginFailure {
  if (code === '53300' && Object.hasOwn(limits, routine)) return limits[routine] ?? 'full';
  if (Object.hasOwn(codes, code)) return codes[code] ?? 'other';
  if (code.startsWith('EAI_')) return 'host';
  return /^ERR_(SSL|TLS)_/.test(code) ? 'tls' : 'other';
}
