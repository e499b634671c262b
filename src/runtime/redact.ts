// Removes secrets from log entries. When in doubt, it must remove too much rather than too little.
import { cut } from '../api/text.ts';

/** Fields whose value is never shown, in lower case without separators: `DATABASE_URL`, `jdbc-uri` and `stringData` all match. */
const SECRET_NAMES: ReadonlySet<string> = new Set([
  'password',
  'passwd',
  'pwd',
  'pgpass',
  'pgpassword',
  'uri',
  'jdbcuri',
  'fqdnuri',
  'fqdnjdbcuri',
  'databaseurl',
  'data',
  'stringdata',
  'token',
  'authorization',
  'clientkeydata',
]);

export const REDACTED = '[redacted]';

const LONGEST_TEXT = 8192;
const DEEPEST = 8;
const MOST_ITEMS = 100;

/** Up to the next white space: a password that is not percent-encoded can contain any other character. */
const CONNECTION_URL = /postgres(?:ql)?:\/\/\S*/gi;
const AUTHORIZATION = /\b(authorization["']?\s*[:=]\s*["']?(?:\w+\s+)?|bearer\s+)[^\s"',]{6,}/gi;
/** `password=x` and `PGPASSWORD='x y'`, as in connection strings and JDBC URLs. */
const ASSIGNED = /(password|passwd|pwd|token)(\s*=\s*)('(?:\\.|[^'\\])*'?|"(?:\\.|[^"\\])*"?|[^\s&]+)/gi;
/**
 * `"password": "x"`, also if the JSON is quoted inside other JSON (`\"password\":\"x\"`): a server can quote what it rejected.
 * The value ends at a quote with the same level of escaping as the opening one.
 */
const QUOTED = /((?:pass(?:word)?|passwd|pwd|uri|database_url|token)\\*["']\s*:\s*)(\\*["'])(?:(?!(?<!\\)\2)[\s\S])*/gi;

/** `text` without passwords in connection URLs, bearer tokens and `password=`-like assignments, truncated to 8,192 characters. */
export function redactText(text: string): string {
  // Truncated only afterwards: a URL that is cut before its "@" is no longer recognized as one with a password.
  const clean = text
    .replace(CONNECTION_URL, redactUrl)
    .replace(ASSIGNED, `$1$2${REDACTED}`)
    .replace(QUOTED, `$1$2${REDACTED}`)
    .replace(AUTHORIZATION, `$1${REDACTED}`);
  return cut(clean, LONGEST_TEXT);
}

/**
 * A copy of `value` that is safe to log: secrets are replaced by field name and by pattern, errors become plain objects, and
 * depth, width and text length are bounded, so that cycles end and an entry stays one line.
 */
export function redact(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return redactText(value);
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'function' || typeof value === 'symbol') return undefined;
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (depth >= DEEPEST) return '[too deep]';
  if (value instanceof Error) return redactError(value, depth);
  if (value instanceof Map)
    return redactEntries(
      [...value].map(([key, item]) => [String(key), item]),
      depth,
    );
  if (value instanceof Set) return redact([...value], depth);
  if (Array.isArray(value)) return redactItems(value, depth);
  return redactEntries(Object.entries(value), depth);
}

function redactItems(items: readonly unknown[], depth: number): unknown[] {
  const shown = items.slice(0, MOST_ITEMS).map((item) => redact(item, depth + 1));
  return items.length <= MOST_ITEMS ? shown : [...shown, `[${items.length - MOST_ITEMS} more]`];
}

function redactEntries(entries: readonly (readonly [string, unknown])[], depth: number): Record<string, unknown> {
  const shown = entries
    .slice(0, MOST_ITEMS)
    .map(([key, item]) => [redactText(key), isSecretName(key) ? hide(item) : redact(item, depth + 1)] as const);
  if (entries.length > MOST_ITEMS) shown.push(['…', `[${entries.length - MOST_ITEMS} more]`]);
  return Object.fromEntries(shown);
}

/** Only these fields: clients attach requests, headers and bodies to their errors. */
function redactError(error: Error, depth: number): Record<string, unknown> {
  const { code, reason } = error as { readonly code?: unknown; readonly reason?: unknown };
  return {
    type: error.name,
    message: redactText(String(error.message)),
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    ...(typeof reason === 'string' ? { reason: redactText(reason) } : {}),
    ...(error.stack === undefined ? {} : { stack: redactText(String(error.stack)) }),
    ...(error.cause === undefined ? {} : { cause: redact(error.cause, depth + 1) }),
    ...(error instanceof AggregateError ? { errors: redactItems(error.errors, depth) } : {}),
  };
}

function redactUrl(url: string): string {
  const start = url.indexOf('://') + 3;
  // The last "@": a password that is not percent-encoded can contain one.
  const at = url.lastIndexOf('@');
  if (at === -1) return withoutCutPassword(url, start);
  const [user] = url.slice(start, at).split(':');
  return `${url.slice(0, start)}${user}:${REDACTED}${url.slice(at)}`;
}

/** The text after a colon is a port, or the beginning of a password if the text was cut before the "@". */
function withoutCutPassword(url: string, start: number): string {
  const colon = url.indexOf(':', start);
  if (colon === -1 || /^\d{1,5}(?![^/?,"'`)\]}.;])/.test(url.slice(colon + 1))) return url;
  return `${url.slice(0, colon + 1)}${REDACTED}`;
}

function isSecretName(name: string): boolean {
  return SECRET_NAMES.has(name.replace(/[-_.]/g, '').toLowerCase());
}

/** The log shows whether a value was present, but not the value. */
function hide(value: unknown): unknown {
  return value === undefined || value === null ? value : REDACTED;
}
