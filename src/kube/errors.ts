// The only error that Kubernetes I/O throws: the response of the API server, or the lack of one. It must never carry a request body.
import { cut } from '../api/text.ts';

/** A field that the API server rejected (Status.details.causes). */
export interface ErrorCause {
  readonly field: string;
  readonly message: string;
}

/** The content of an ApiError. `code` 0 means that no complete response arrived. */
export interface ApiErrorContent {
  readonly code: number;
  readonly reason: string;
  readonly message: string;
  readonly retryAfterSeconds?: number | undefined;
  readonly causes?: readonly ErrorCause[];
}

/**
 * A request without a complete 2xx response.
 *
 * With `code` 0 the effect of a write is unknown: it might have been carried out. `reason` is then 'Network', 'Timeout',
 * 'Aborted' (by the caller's signal), 'TooLarge' (the response was longer than the caller reads) or 'Credentials' (the kubeconfig's
 * files or its exec plugin failed: nothing was sent).
 * A 404 that names no object has the reason 'NotServed': the API server does not know the resource, so it is unknown
 * whether an object exists.
 */
export class ApiError extends Error {
  readonly code: number;
  readonly reason: string;
  readonly retryAfterSeconds: number | undefined;
  readonly causes: readonly ErrorCause[];

  constructor(content: ApiErrorContent) {
    super(cut(content.message, longestMessage));
    this.name = 'ApiError';
    this.code = content.code;
    // A webhook can choose it.
    this.reason = cut(content.reason, longestReason);
    const { retryAfterSeconds: seconds } = content;
    this.retryAfterSeconds = seconds === undefined ? undefined : Math.min(seconds, longestRetryAfterSeconds);
    this.causes = content.causes ?? [];
  }
}

const longestMessage = 1024;
const longestReason = 256;
/** Proxies and webhooks can ask for a wait too; a mistaken one must not be the end of an addon's reconciles. */
const longestRetryAfterSeconds = 3_600;
const mostCauses = 16;

// The reasons of k8s.io/apimachinery meta/v1, for responses without a Status (proxies, load shedding).
const reasonOfCode: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotServed',
  405: 'MethodNotAllowed',
  406: 'NotAcceptable',
  409: 'Conflict',
  410: 'Gone',
  413: 'RequestEntityTooLarge',
  415: 'UnsupportedMediaType',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

/** The headers of a response that an error depends on, as received. */
export interface ResponseHeaders {
  readonly retryAfter?: string | undefined;
  readonly date?: string | undefined;
}

/**
 * Decodes the body of a response outside 2xx.
 * @param code HTTP status
 * @param body the text as received: a Status, or anything that a proxy sends
 * @param headers Retry-After, in seconds or as a date, and Date, to which that date is compared: the two are from one clock
 */
export function errorFromResponse(code: number, body: string, headers: ResponseHeaders = {}): ApiError {
  const seconds = secondsAfter(headers);
  const status = parseJson(body);
  if (isRecord(status) && status.kind === 'Status') return errorFromStatus(status, code, seconds);
  const start = cut(body.trimStart(), longestMessage);
  const words = start.startsWith('<') ? '' : start.replace(/\s+/g, ' ').trim();
  return new ApiError({
    code,
    reason: reasonOfCode[code] ?? 'Unknown',
    message: words === '' ? `HTTP status ${code}` : `HTTP status ${code}: ${cut(words, 256)}`,
    retryAfterSeconds: seconds,
  });
}

/**
 * Decodes a Status from a failed response or from the ERROR event of a watch.
 * @param status the parsed object; anything else results in reason 'Unknown'
 * @param code HTTP status, if the Status contains none
 * @param retryAfterSeconds from the header; takes precedence over the one in the Status
 */
export function errorFromStatus(status: unknown, code: number, retryAfterSeconds?: number): ApiError {
  const from = isRecord(status) ? status : {};
  const details = isRecord(from.details) ? from.details : {};
  const knownCode = typeof from.code === 'number' && from.code > 0 ? from.code : code;
  const seconds = retryAfterSeconds ?? positive(details.retryAfterSeconds);
  return new ApiError({
    code: knownCode,
    reason: text(from.reason) ?? reasonOfCode[knownCode] ?? 'Unknown',
    message: text(from.message) ?? `HTTP status ${knownCode}`,
    causes: Array.isArray(details.causes) ? details.causes.slice(0, mostCauses).filter(isRecord).map(toCause) : [],
    retryAfterSeconds: seconds,
  });
}

/** Whether a list or watch must restart because the API server no longer knows its resourceVersion or continue token. */
export function isExpired(error: unknown): boolean {
  return error instanceof ApiError && (error.code === 410 || error.reason === 'Expired' || error.reason === 'Gone');
}

/**
 * Whether a version is newer than all that the API server has, as after it was restored from a backup
 * (NewTooLargeResourceVersionError in k8s.io/apiserver/pkg/storage/errors.go).
 */
export function isAhead(error: unknown): boolean {
  return error instanceof ApiError && error.code === 504 && error.message.includes('Too large resource version');
}

/** Whether the response was longer than the caller reads: it has to ask for less at once. */
export function isTooLarge(error: unknown): boolean {
  return error instanceof ApiError && error.reason === 'TooLarge';
}

function toCause(cause: Record<string, unknown>): ErrorCause {
  return { field: cut(text(cause.field) ?? '', 256), message: cut(text(cause.message) ?? '', 512) };
}

/** RFC 9110, 10.2.3; undefined if there is none, or it cannot be told. A date that has passed asks for no wait. */
function secondsAfter({ retryAfter = '', date }: ResponseHeaders): number | undefined {
  if (/^\d+$/.test(retryAfter)) return Number(retryAfter);
  const [until, from] = [millisecondsOf(retryAfter), millisecondsOf(date)];
  return until === undefined || from === undefined ? undefined : Math.max(0, until - from) / 1000;
}

/** Of an IMF-fixdate, which has whole seconds and is the only form that servers may send. */
function millisecondsOf(date = ''): number | undefined {
  const isDate = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(date);
  const milliseconds = isDate ? Date.parse(date) : Number.NaN;
  return Number.isNaN(milliseconds) ? undefined : milliseconds;
}

function positive(value: unknown): number | undefined {
  return typeof value === 'number' && value > 0 ? value : undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
