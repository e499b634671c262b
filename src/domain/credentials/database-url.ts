// From CNPG's credentials to DATABASE_URL; what goes in and comes out is secret and must never reach a message.
import type { SslMode } from '../../api/addon.ts';
import type { Cluster } from '../../api/cnpg.ts';
import type { Secret } from '../../api/kubernetes.ts';
import { sourceSecretName } from '../names.ts';

export interface Credentials {
  readonly username: string;
  readonly password: string;
  readonly database: string;
}

/** Longest value taken from a source Secret, in characters; CNPG's own passwords have 64. */
const longestValue = 1024;

/**
 * Reads CNPG's Secret. Its `uri` is not used: CNPG never updates it after a password change.
 * @returns the credentials, or a sentence that says what is wrong without quoting any value.
 */
export function readCredentials(
  secret: Secret,
  cluster: Cluster,
  expected: { readonly owner: string; readonly database: string },
): Credentials | string {
  const name = sourceSecretName(cluster.metadata.name);
  const controller = secret.metadata.ownerReferences?.find((reference) => reference.controller === true);
  if (controller?.uid !== cluster.metadata.uid)
    return `Secret ${name} does not belong to Cluster ${cluster.metadata.name}`;
  const username = decode(secret.data?.username);
  const password = decode(secret.data?.password);
  const database = decode(secret.data?.dbname);
  for (const [key, value] of Object.entries({ username, password, dbname: database })) {
    if (value === undefined) return `Secret ${name}: key "${key}" is missing, empty, too long or not text`;
  }
  if (username !== expected.owner) return `Secret ${name}: key "username" is not the owner "${expected.owner}"`;
  if (database !== expected.database) return `Secret ${name}: key "dbname" is not the database "${expected.database}"`;
  return { username: expected.owner, password: password ?? '', database: expected.database };
}

/** `postgresql://user:password@{cluster}-rw.{namespace}:5432/{database}`, percent-encoded; `prefer` adds no query. */
export function databaseUrl(credentials: Credentials, cluster: string, namespace: string, sslMode: SslMode): string {
  const user = `${percentEncode(credentials.username)}:${percentEncode(credentials.password)}`;
  const query = sslMode === 'prefer' ? '' : `?sslmode=${sslMode}`;
  return `postgresql://${user}@${cluster}-rw.${namespace}:5432/${percentEncode(credentials.database)}${query}`;
}

/** Whether the Secret already holds this URL. */
export function holdsUrl(secret: Secret, url: string): boolean {
  return decode(secret.data?.DATABASE_URL) === url;
}

/** RFC 3986: everything but unreserved characters, which is stricter than encodeURIComponent. */
function percentEncode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

function decode(base64: string | undefined): string | undefined {
  if (base64 === undefined || base64.length === 0 || base64.length > longestValue * 2) return undefined;
  const bytes = Buffer.from(base64, 'base64');
  const text = bytes.toString('utf8');
  const printable = !/[\p{Cc}\ufffd]/u.test(text);
  return text.length > 0 && text.length <= longestValue && printable ? text : undefined;
}
