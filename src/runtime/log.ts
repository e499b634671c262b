// Makes one JSON line of each log entry. It must never write a secret and never throw.
import { pino, stdTimeFunctions } from 'pino';
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

/** Where lines go; each call gets one line with its line feed. */
export interface LogDestination {
  write(line: string): void;
}

/** Every line has these keys; a field of the same name would produce a JSON object with a duplicate key. */
const OWN_KEYS: ReadonlySet<string> = new Set(['level', 'time', 'name', 'msg']);

/**
 * A log of the lines at `level` (trace, debug, info, warn, error, fatal, silent) and above.
 * Throws for an unknown level. Fields named level, time, name or msg get a trailing underscore.
 */
export function createLog(options: { readonly level: string; readonly destination: LogDestination }): Log {
  const logger = pino(
    {
      level: options.level,
      base: { name: 'postgres-addon-operator' },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    options.destination,
  );
  const write: Write = (level, fields, message) => {
    if (logger.isLevelEnabled(level)) logger[level](safeFields(fields), redactText(message));
  };
  return logWith({}, write);
}

/** Fields are merged here and not by pino's child loggers, which would repeat a key that both a line and its child have. */
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
    // An accessor that throws, for example. The message is logged without the fields.
    return { fieldsUnreadable: true };
  }
}
