// Writes one JSON line per happening to standard output; it must never write a secret and never throw.
import { destination as fileDestination, pino, stdTimeFunctions } from 'pino';
import { redact, redactText } from './redact.ts';

export type Fields = Readonly<Record<string, unknown>>;

export interface Log {
  debug(message: string, fields?: Fields): void;
  info(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  error(message: string, fields?: Fields): void;
  /** A log that adds `fields` to every line. */
  child(fields: Fields): Log;
}

type Level = 'debug' | 'info' | 'warn' | 'error';
type Write = (level: Level, fields: Fields, message: string) => void;

/** Where lines go instead of standard output; each call gets one line with its line feed. */
export interface LogDestination {
  write(line: string): void;
}

/** Lines carry these keys themselves; a field of the same name would make a JSON object with a key twice. */
const OWN_KEYS: ReadonlySet<string> = new Set(['level', 'time', 'name', 'msg']);

/**
 * A log of the lines at `level` (trace, debug, info, warn, error, fatal, silent) and above.
 * Throws for an unknown level. Fields named level, time, name or msg get a trailing underscore.
 */
export function createLog(options: { readonly level: string; readonly destination?: LogDestination }): Log {
  const logger = pino(
    {
      level: options.level,
      base: { name: 'postgres-addon-operator' },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    options.destination ?? standardOutput(),
  );
  const write: Write = (level, fields, message) => {
    if (logger.isLevelEnabled(level)) logger[level](safeFields(fields), redactText(message));
  };
  return logWith({}, write);
}

/** Fields are merged here and not by pino's children, which would repeat a key that a line and its child both have. */
function logWith(bound: Fields, write: Write): Log {
  const at =
    (level: Level) =>
    (message: string, fields: Fields = {}): void =>
      write(level, { ...bound, ...fields }, message);
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => logWith({ ...bound, ...fields }, write),
  };
}

function safeFields(fields: Fields): Fields {
  try {
    const safe = redact(fields) as Record<string, unknown>;
    return Object.fromEntries(Object.entries(safe).map(([key, value]) => [OWN_KEYS.has(key) ? `${key}_` : key, value]));
  } catch {
    // An accessor that throws, for example: the message is still worth its line.
    return { fieldsUnreadable: true };
  }
}

/** Synchronous, so that the last words before an exit are written; a full disk or a closed pipe must not stop the operator. */
function standardOutput(): LogDestination {
  const stream = fileDestination({ fd: 1, sync: true });
  stream.on('error', () => {});
  return stream;
}
