import { expect, it, jest } from '@jest/globals';
import { systemClock } from './clock.ts';

it('is that of the machine: the time of day, and one that only goes on', () => {
  jest.useFakeTimers({ now: Date.UTC(2026, 0, 2) });
  try {
    const began = systemClock.monotonic();
    expect(systemClock.now()).toBe(Date.UTC(2026, 0, 2));
    jest.advanceTimersByTime(20);
    expect(systemClock.now()).toBe(Date.UTC(2026, 0, 2) + 20);
    expect(systemClock.monotonic() - began).toBe(20);
    const cancel = systemClock.after(20, () => {});
    expect(jest.getTimerCount()).toBe(1);
    cancel();
    expect(jest.getTimerCount()).toBe(0);
  } finally {
    jest.useRealTimers();
  }
});

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
