// Which server a DATABASE_URL names. The text of the URL goes no further than this file: errors and logs may quote what they are given.
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

/** @returns undefined when the URL is not of the form that this operator publishes */
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

/** Without percent-encoding; undefined when nothing is there, or it is not encoded text. */
function decoded(text: string): string | undefined {
  try {
    const plain = decodeURIComponent(text);
    return plain === '' ? undefined : plain;
  } catch {
    return undefined;
  }
}
