// The real clock. Only the composition root and the test harness use it; everything else is given a Clock.
import type { Clock } from '../api/clock.ts';

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (milliseconds, callback) => {
    // A time that has just passed: Node prints a warning for a negative delay, in the middle of the log.
    const timer = setTimeout(callback, Math.max(0, milliseconds));
    return () => clearTimeout(timer);
  },
};
