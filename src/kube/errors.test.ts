// How the different forms of error responses are decoded.
import { describe, expect, it } from '@jest/globals';
import { ApiError, errorFromResponse, errorFromStatus, isExpired } from './errors.ts';

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
});
