// How the different forms of error responses are decoded.
import { describe, expect, it } from '@jest/globals';
import { ApiError, errorFromResponse, errorFromStatus, isExpired, isTooLarge } from './errors.ts';

describe('ApiError', () => {
  it('is bounded', () => {
    const error = errorFromStatus(
      { message: 'x'.repeat(5000), details: { causes: Array(100).fill({ message: 'y'.repeat(5000) }) } },
      422,
    );
    expect(error.message.length).toBe(1024);
    expect(error.causes.length).toBe(16);
    expect(error.causes[0]?.message.length).toBe(512);
    expect(errorFromResponse(500, 'z'.repeat(5000)).message.length).toBeLessThan(300);
  });

  it('prefers the header’s Retry-After, then the Status’s, and ignores what is beyond an hour', () => {
    const status = JSON.stringify({ kind: 'Status', details: { retryAfterSeconds: 9 } });
    expect(errorFromResponse(429, status, { retryAfter: '3' }).retryAfterSeconds).toBe(3);
    expect(errorFromResponse(429, status).retryAfterSeconds).toBe(9);
    expect(errorFromResponse(429, status, { retryAfter: '999999999' }).retryAfterSeconds).toBe(3_600);
    expect(errorFromResponse(429, '', { retryAfter: '7' }).retryAfterSeconds).toBe(7);
  });

  const date = 'Wed, 21 Oct 2026 07:28:00 GMT';
  it.each([
    ['Wed, 21 Oct 2026 07:28:30 GMT', date, 30],
    ['Thu, 22 Oct 2026 07:28:00 GMT', date, 3_600],
    ['Wed, 21 Oct 2026 07:27:00 GMT', date, 0],
    ['Wed, 21 Oct 2026 07:28:30 GMT', undefined, undefined],
    ['Wed, 21 Oct 2026 07:28:30 GMT', 'yesterday', undefined],
    ['Wed, 99 Oct 2026 07:28:30 GMT', date, undefined],
    ['2026-10-21', date, undefined],
    ['-3', date, undefined],
    ['', date, undefined],
  ])('a Retry-After of %j at %j asks for a wait of %s s', (retryAfter, at, seconds) => {
    expect(errorFromResponse(503, '', { retryAfter, date: at }).retryAfterSeconds).toBe(seconds);
  });

  it('gives a reason where the server gave none', () => {
    expect(errorFromResponse(429, 'Too many requests, please try again later.\n')).toMatchObject({
      code: 429,
      reason: 'TooManyRequests',
      message: 'HTTP status 429: Too many requests, please try again later.',
    });
    expect(errorFromResponse(418, '[]').reason).toBe('Unknown');
    expect(errorFromStatus(null, 500)).toMatchObject({
      code: 500,
      reason: 'InternalError',
      message: 'HTTP status 500',
      causes: [],
    });
  });

  it('knows an expired version in both of its reasons', () => {
    expect(isExpired(errorFromResponse(410, ''))).toBe(true);
    expect(isExpired(errorFromStatus({ code: 410, reason: 'Expired' }, 500))).toBe(true);
    expect(isExpired(new ApiError({ code: 409, reason: 'Conflict', message: '' }))).toBe(false);
    expect(isExpired(new Error('410'))).toBe(false);
  });

  it('keeps a text that is as long as it may be, and says where it cut a longer one', () => {
    const messageOf = (length: number) => new ApiError({ code: 0, reason: 'r', message: 'x'.repeat(length) }).message;
    expect(messageOf(1024)).toBe('x'.repeat(1024));
    expect(messageOf(1025)).toBe(`${'x'.repeat(1023)}…`);
    const { reason } = new ApiError({ code: 0, reason: 'y'.repeat(300), message: '' });
    expect(reason).toBe(`${'y'.repeat(255)}…`);
    const [cause] = errorFromStatus({ details: { causes: [{ field: 'z'.repeat(300) }] } }, 422).causes;
    expect(cause).toEqual({ field: `${'z'.repeat(255)}…`, message: '' });
    const words = errorFromResponse(502, 'w'.repeat(300)).message;
    expect(words).toBe(`HTTP status 502: ${'w'.repeat(255)}…`);
  });

  it('is called what it is, and has what was given', () => {
    expect(new ApiError({ code: 5, reason: 'r', message: 'm', retryAfterSeconds: 0 })).toMatchObject({
      name: 'ApiError',
      code: 5,
      reason: 'r',
      message: 'm',
      retryAfterSeconds: 0,
      causes: [],
    });
    expect(new ApiError({ code: 5, reason: 'r', message: 'm' }).retryAfterSeconds).toBeUndefined();
  });

  it('takes what it can from a Status, and nothing from what is none', () => {
    const cause = { field: 'spec.plan', message: 'no' };
    const status = { code: 422, reason: 'Invalid', message: 'is invalid', details: { causes: [cause, null, 'x', []] } };
    const known = { code: 422, reason: 'Invalid', message: 'is invalid', causes: [cause] };
    expect(errorFromStatus(status, 500)).toMatchObject(known);
    expect(errorFromResponse(500, JSON.stringify({ kind: 'Status', ...status }))).toMatchObject(known);
    const unknown = { code: 400, reason: 'BadRequest', message: 'HTTP status 400', causes: [] };
    for (const other of [undefined, 'text', [status], { code: 0, reason: '', message: 7, details: 'none' }])
      expect(errorFromStatus(other, 400)).toMatchObject(unknown);
    expect(errorFromStatus({ details: { causes: 'none' } }, 499)).toMatchObject({ reason: 'Unknown', causes: [] });
    expect(errorFromStatus({ code: -1 }, 400).code).toBe(400);
    expect(errorFromStatus({ code: 1 }, 400).code).toBe(1);
    expect(errorFromResponse(400, JSON.stringify({ kind: 'Pod', message: 'x' })).message).toMatch(
      /^HTTP status 400: {/,
    );
    expect(errorFromResponse(400, JSON.stringify([{ kind: 'Status', message: 'x' }])).message).toMatch(
      /^HTTP status 400: /,
    );
  });

  it.each([
    [{ retryAfterSeconds: 1 }, 1],
    [{ retryAfterSeconds: 0 }, undefined],
    [{ retryAfterSeconds: '9' }, undefined],
    [{}, undefined],
  ])('waits after a Status with %j for %p seconds', (details, expected) => {
    const error = errorFromStatus({ details }, 429);
    expect(error.retryAfterSeconds).toBe(expected);
  });

  it('shows the words of a proxy, and not its page', () => {
    expect(errorFromResponse(502, '  <html>no</html>').message).toBe('HTTP status 502');
    expect(errorFromResponse(502, ' \n upstream \t is\n away ').message).toBe('HTTP status 502: upstream is away');
    expect(errorFromResponse(502, '', { retryAfter: '7' })).toMatchObject({
      message: 'HTTP status 502',
      retryAfterSeconds: 7,
    });
    expect(errorFromResponse(502, '').retryAfterSeconds).toBeUndefined();
    // So that a name of Kubernetes is known without a body too.
    expect(errorFromResponse(404, '').reason).toBe('NotServed');
    expect(errorFromResponse(502, '').reason).toBe('Unknown');
  });

  it('knows what was too large', () => {
    expect(isTooLarge(new ApiError({ code: 0, reason: 'TooLarge', message: '' }))).toBe(true);
    expect(isTooLarge(new ApiError({ code: 0, reason: 'Network', message: '' }))).toBe(false);
    expect(isTooLarge(Object.assign(new Error(), { reason: 'TooLarge' }))).toBe(false);
  });

  it.each([
    [410, 'Any', true],
    [500, 'Expired', true],
    [500, 'Gone', true],
    [409, 'Conflict', false],
  ])('%i %s is expired: %p', (code, reason, expected) => {
    expect(isExpired(new ApiError({ code, reason, message: '' }))).toBe(expected);
  });

  it('takes only an answer of the API server for an expiry', () => {
    expect(isExpired(Object.assign(new Error(), { code: 410 }))).toBe(false);
  });
});

it.each([
  [400, 'BadRequest'],
  [401, 'Unauthorized'],
  [403, 'Forbidden'],
  [404, 'NotServed'],
  [405, 'MethodNotAllowed'],
  [406, 'NotAcceptable'],
  [409, 'Conflict'],
  [410, 'Gone'],
  [413, 'RequestEntityTooLarge'],
  [415, 'UnsupportedMediaType'],
  [422, 'Invalid'],
  [429, 'TooManyRequests'],
  [500, 'InternalError'],
  [503, 'ServiceUnavailable'],
  [504, 'Timeout'],
])('%i without a Status is %s', (code, reason) => expect(errorFromResponse(code, '').reason).toBe(reason));
