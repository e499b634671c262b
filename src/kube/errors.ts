// The one error that leaves this room: what the API server (or the lack of one) said; it must never carry a request body.

/** A field the API server objected to (Status.details.causes). */
export interface ErrorCause {
  readonly field: string;
  readonly message: string;
}

/** What an ApiError is made of; `code` 0 means that no complete answer arrived. */
export interface ApiErrorContent {
  readonly code: number;
  readonly reason: string;
  readonly message: string;
  readonly retryAfterSeconds?: number;
  readonly causes?: readonly ErrorCause[];
}

/**
 * A request that did not end in a complete 2xx answer.
 *
 * With `code` 0 nothing is known about the effect of a write: it may have been done. `reason` is then 'Network', 'Timeout',
 * 'Aborted' (the caller's signal) or 'Credentials' (the kubeconfig's files or its exec plugin failed: nothing was sent).
 * A 404 that names no object has the reason 'NotServed': the resource itself is unknown to the server, so nothing follows
 * about whether an object exists.
 */
export class ApiError extends Error {
  readonly code: number;
  readonly reason: string;
  readonly retryAfterSeconds?: number;
  readonly causes: readonly ErrorCause[];

  constructor(content: ApiErrorContent) {
    super(bounded(content.message, longestMessage));
    this.name = 'ApiError';
    this.code = content.code;
    this.reason = content.reason;
    if (content.retryAfterSeconds !== undefined) this.retryAfterSeconds = content.retryAfterSeconds;
    this.causes = content.causes ?? [];
  }
}

const longestMessage = 1024;
const mostCauses = 16;

// The reasons of k8s.io/apimachinery meta/v1, for answers that come without a Status (proxies, load shedding).
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

/**
 * Decodes the body of an answer outside 2xx.
 * @param code HTTP status
 * @param body the text as received; a Status, or anything a proxy may say
 * @param retryAfter the Retry-After header; only its form in seconds is understood
 */
export function errorFromResponse(code: number, body: string, retryAfter?: string): ApiError {
  const seconds = retryAfter !== undefined && /^\d+$/.test(retryAfter) ? Number(retryAfter) : undefined;
  const status = parseJson(body);
  if (isRecord(status) && status.kind === 'Status') return errorFromStatus(status, code, seconds);
  const words = body.trimStart().startsWith('<') ? '' : body.replace(/\s+/g, ' ').trim();
  return new ApiError({
    code,
    reason: reasonOfCode[code] ?? 'Unknown',
    message: words === '' ? `HTTP status ${code}` : `HTTP status ${code}: ${bounded(words, 256)}`,
    ...(seconds === undefined ? {} : { retryAfterSeconds: seconds }),
  });
}

/**
 * Decodes a Status, as found in a failed answer or in a watch's ERROR event.
 * @param status the parsed object; anything else gives reason 'Unknown'
 * @param code HTTP status, when the Status holds none
 * @param retryAfterSeconds from the header; it wins over the one in the Status
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
    ...(seconds === undefined ? {} : { retryAfterSeconds: seconds }),
  });
}

/** Whether a list or watch must start anew because its resourceVersion or continue token is no longer known to the server. */
export function isExpired(error: unknown): boolean {
  return error instanceof ApiError && (error.code === 410 || error.reason === 'Expired' || error.reason === 'Gone');
}

function toCause(cause: Record<string, unknown>): ErrorCause {
  return { field: bounded(text(cause.field) ?? '', 256), message: bounded(text(cause.message) ?? '', 512) };
}

function positive(value: unknown): number | undefined {
  return typeof value === 'number' && value > 0 ? value : undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function bounded(value: string, length: number): string {
  return value.length <= length ? value : `${value.slice(0, length - 1)}…`;
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
