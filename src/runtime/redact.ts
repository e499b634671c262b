// Takes secrets out of what is about to be logged; when in doubt it must take away too much, never too little.

/** Fields whose value is never shown, in lower case without separators: `DATABASE_URL`, `jdbc-uri` and `stringData` are all found. */
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

/** Up to the next white space: a password that was not percent-encoded may hold any other character. */
const CONNECTION_URL = /postgres(?:ql)?:\/\/\S*/gi;
const AUTHORIZATION = /\b(authorization["']?\s*[:=]\s*["']?(?:\w+\s+)?|bearer\s+)[^\s"',]{6,}/gi;
/** `password=x` and `PGPASSWORD='x y'`, as in connection strings and JDBC URLs. */
const ASSIGNED = /(password|passwd|pwd|token)(\s*=\s*)('(?:\\.|[^'\\])*'?|"(?:\\.|[^"\\])*"?|[^\s&]+)/gi;
/**
 * `"password": "x"`, also when the JSON is quoted inside other JSON (`\"password\":\"x\"`): a server may quote what it refused.
 * The value ends at a quote that is escaped as often as the one that opened it.
 */
const QUOTED = /((?:pass(?:word)?|passwd|pwd|uri|database_url|token)\\*["']\s*:\s*)(\\*["'])(?:(?!(?<!\\)\2)[\s\S])*/gi;

/** `text` without passwords of connection URLs, bearer tokens and `password=`-like assignments; cut to 8,192 characters. */
export function redactText(text: string): string {
  // Cut only afterwards: a URL that is cut before its "@" no longer looks like one that holds a password.
  const clean = text
    .replace(CONNECTION_URL, redactUrl)
    .replace(ASSIGNED, `$1$2${REDACTED}`)
    .replace(QUOTED, `$1$2${REDACTED}`)
    .replace(AUTHORIZATION, `$1${REDACTED}`);
  return clean.length <= LONGEST_TEXT ? clean : `${clean.slice(0, LONGEST_TEXT)}…`;
}

/**
 * A copy of `value` that is safe to log: secrets by field name and by their form in text are replaced, errors become plain
 * objects, and depth, width and text length are bounded, so that cycles end and one line stays one line.
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

/** Only these fields: clients hang requests, headers and bodies on their errors. */
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
  // The last "@": a password that was not percent-encoded may hold one itself.
  const at = url.lastIndexOf('@');
  if (at < start) return withoutCutPassword(url, start);
  const user = url.slice(start, at).split(':', 1)[0] ?? '';
  return `${url.slice(0, start)}${user}:${REDACTED}${url.slice(at)}`;
}

/** What follows a colon is a port, or the beginning of a password when somebody cut the text before the "@". */
function withoutCutPassword(url: string, start: number): string {
  const colon = url.indexOf(':', start);
  if (colon === -1 || /^\d{1,5}(?![^/?,"'`)\]}.;])/.test(url.slice(colon + 1))) return url;
  return `${url.slice(0, colon + 1)}${REDACTED}`;
}

function isSecretName(name: string): boolean {
  return SECRET_NAMES.has(name.replace(/[-_.]/g, '').toLowerCase());
}

/** Whether something was there is worth knowing; what it was is not for a log. */
function hide(value: unknown): unknown {
  return value === undefined || value === null ? value : REDACTED;
}
