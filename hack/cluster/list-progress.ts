// Shows all steps as one list on a terminal: those to come, those at work with their last line, those done with the time they took. It must never swallow a line that says more than progress.
import { Listr } from 'listr2';
import { formatSeconds, type Progress } from './progress.ts';

interface Entry {
  readonly begun: PromiseWithResolvers<'run' | 'leave out'>;
  readonly ended: PromiseWithResolvers<string>;
  line: (text: string) => void;
}

export interface ListProgress extends Progress {
  /** Call when the work has ended, well or not. @returns when the list stands as it is, with the lines that belong to no step below it */
  close(): Promise<void>;
}

/** @param titles of all steps that may come */
export function listProgress(titles: readonly string[]): ListProgress {
  const entries = new Map<string, Entry>(
    titles.map((title) => [
      title,
      { begun: Promise.withResolvers(), ended: Promise.withResolvers(), line: () => undefined },
    ]),
  );
  const notes: string[] = [];
  const list = new Listr(
    [...entries].map(([title, entry]) => ({
      title: `${title} (waiting)`,
      task: async (_, task) => {
        if ((await entry.begun.promise) === 'leave out') return task.skip(`${title} (not reached)`);
        task.title = title;
        entry.line = (text) => {
          task.output = text;
        };
        task.title = await entry.ended.promise;
      },
    })),
    { concurrent: true, exitOnError: false, rendererOptions: { collapseErrors: true } },
  );
  const running = list.run();

  return {
    report: (line) => notes.push(line),
    async step(title, run) {
      const entry = entries.get(title);
      if (entry === undefined) throw new Error(`The step "${title}" was not announced`);
      const started = performance.now();
      entry.begun.resolve('run');
      try {
        const result = await run((line) => entry.line(line));
        entry.ended.resolve(`${title}: ${formatSeconds(performance.now() - started)}`);
        return result;
      } catch (error) {
        entry.ended.reject(new Error(`${title}: failed after ${formatSeconds(performance.now() - started)}`));
        throw error;
      }
    },
    async close() {
      for (const { begun } of entries.values()) begun.resolve('leave out');
      await running;
      for (const note of notes) console.log(note);
    },
  };
}
