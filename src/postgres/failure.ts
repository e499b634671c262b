// A failed login and its cause. It must never contain text from a server or a URL.
import type { LoginFailure } from '../api/login.ts';
import { classify } from './codes.ts';

export class LoginError extends Error {
  readonly why: LoginFailure;
  readonly detail: string;

  constructor(why: LoginFailure, detail: string) {
    super(`${why}: ${detail}`);
    this.name = 'LoginError';
    this.why = why;
    this.detail = detail;
  }
}

/** The peer is not PostgreSQL. */
export function foreign(): LoginError {
  return new LoginError('other', 'the server does not speak the PostgreSQL protocol');
}

/** The LoginError for any thrown value. Of other errors, only a well-formed code is used. */
export function loginErrorOf(error: unknown): LoginError {
  if (error instanceof LoginError) return error;
  const code = codeOf(error);
  if (code === undefined) return foreign();
  const isState = /^[0-9A-Z]{5}$/.test(code) && isDatabaseError(error);
  return new LoginError(classify(code, routineOf(error)), isState ? `SQLSTATE ${code}` : code);
}

/** How the server refused a statement, as "SQLSTATE 42501"; undefined if something else failed, or ended the session. */
export function refusalOf(error: unknown): string | undefined {
  const { detail } = loginErrorOf(error);
  // The session has ended, as when the server stops.
  const isOver = /^SQLSTATE (?:57P0|08)/.test(detail);
  return detail.startsWith('SQLSTATE ') && !isOver ? detail : undefined;
}

/** The code of a Node.js error, or the SQLSTATE of a server error. */
function codeOf(error: unknown): string | undefined {
  if (!isObject(error) || !('code' in error) || typeof error.code !== 'string') return undefined;
  return /^[0-9A-Z_]{5,60}$/.test(error.code) ? error.code : undefined;
}

/** The function of PostgreSQL that reported the error. It is only compared, never shown. */
function routineOf(error: unknown): string | undefined {
  return isObject(error) && 'routine' in error && typeof error.routine === 'string' ? error.routine : undefined;
}

function isDatabaseError(error: unknown): boolean {
  return isObject(error) && 'severity' in error;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
