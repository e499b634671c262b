// Progress output of long-running steps. A line describes the current state; it must never be needed to understand a failure.

/** Receives one line of progress, without a line break. */
export type Report = (line: string) => void;

/**
 * Formats a duration for people.
 * @param milliseconds elapsed time
 * @returns for example `1.4 s` or `2 min 05 s`
 */
export function formatElapsed(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 60) return `${(milliseconds / 1000).toFixed(1)} s`;
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`;
}

/**
 * Runs a step and reports that it is still alive while it lasts, so that no step is silent for more than ten seconds.
 * @param describe the line to report; called with the formatted elapsed time each time a line is due
 * @returns what the step returns; its errors pass through
 */
export async function reportWhile<T>(
  report: Report,
  describe: (elapsed: string) => string,
  step: () => Promise<T>,
): Promise<T> {
  const started = performance.now();
  const timer = setInterval(() => report(describe(formatElapsed(performance.now() - started))), 10_000);
  try {
    return await step();
  } finally {
    clearInterval(timer);
  }
}
