// Shows the progress of `up` and `down`, with several steps at once. It must never decide what is done.
import { formatElapsed, type Report } from '../toolchain/report.ts';

export interface Progress {
  /**
   * Runs a step under a title; steps may overlap.
   * @param run is given a place for its own lines
   * @returns what the step returns; its errors pass through
   */
  step<T>(title: string, run: (report: Report) => Promise<T>): Promise<T>;
  /** Says something that belongs to no step. */
  readonly report: Report;
}

/** The only step of `down`. */
export const removalTitle = 'removing the cluster';

/** One line when a step is done, with the time it took, and its own lines as they come. */
export function lineProgress(report: Report): Progress {
  return {
    report,
    async step(title, run) {
      const started = performance.now();
      const result = await run((line) => report(`${title}: ${line}`));
      report(`${title}: done in ${formatElapsed(performance.now() - started)}`);
      return result;
    },
  };
}
