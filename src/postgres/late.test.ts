import { getEventListeners } from 'node:events';
import { expect, it } from '@jest/globals';
import { LoginError } from './failure.ts';
import { orLate } from './late.ts';

const late = new LoginError('silent', 'no response within 5 s');
const never = new Promise<never>(() => {});

it('is what the work results in, and listens no longer', async () => {
  const { signal } = new AbortController();
  expect(await orLate(Promise.resolve(1), signal, late)).toBe(1);
  await expect(orLate(Promise.reject(new Error('refused')), signal, late)).rejects.toThrow('refused');
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

it('is late once the signal aborts, and if it had aborted before', async () => {
  const end = new AbortController();
  const waits = orLate(never, end.signal, late);
  end.abort();
  await expect(waits).rejects.toBe(late);
  await expect(orLate(never, end.signal, late)).rejects.toBe(late);
});
