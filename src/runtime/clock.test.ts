import { expect, it, jest } from '@jest/globals';
import { systemClock } from './clock.ts';

// Node prints a warning for a negative delay, in the middle of the log.
it.each([
  [-5, 0],
  [Number.NEGATIVE_INFINITY, 0],
  [0, 0],
  [20, 20],
])('a time of %d ms from now is waited for with a timer of %d ms', async (milliseconds, delay) => {
  const timer = jest.spyOn(globalThis, 'setTimeout');
  try {
    await new Promise<void>((resolve) => systemClock.after(milliseconds, resolve));
    expect(timer.mock.calls.map(([, wait]) => wait)).toEqual([delay]);
  } finally {
    timer.mockRestore();
  }
});
