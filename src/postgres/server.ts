// Parses a DATABASE_URL. The text of the URL must never leave this file, because errors and logs could quote it.
import type { SslMode } from '../api/addon.ts';

export interface Server {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly sslMode: SslMode;
}

const sslModes: ReadonlySet<string> = new Set<SslMode>(['prefer', 'require', 'verify-full']);

/** @returns undefined if the URL does not have the format that this operator publishes */
export function serverOf(url: string): Server | undefined {
  if (!URL.canParse(url)) return undefined;
  const { protocol, hostname, port, username, password, pathname, searchParams } = new URL(url);
  const sslMode = searchParams.get('sslmode') ?? 'prefer';
  const user = decoded(username);
  const secret = decoded(password);
  const database = decoded(pathname.slice(1));
  if (protocol !== 'postgresql:' || hostname === '' || !isSslMode(sslMode)) return undefined;
  if (user === undefined || secret === undefined || database === undefined) return undefined;
  return { host: hostname, port: port === '' ? 5432 : Number(port), user, password: secret, database, sslMode };
}

function isSslMode(text: string): text is SslMode {
  return sslModes.has(text);
}

/** The percent-decoded text; undefined if it is empty or malformed. */
function decoded(text: string): string | undefined {
  try {
    const plain = decodeURIComponent(text);
    return plain === '' ? undefined : plain;
  } catch {
    return undefined;
  }
}
