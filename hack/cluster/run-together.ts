// Runs tasks concurrently and, if one fails, cancels the others. It must never return while a task is still running.

/**
 * @param start starts the tasks; the signal aborts when one of them fails
 * @throws the error of the task that failed first, after all have ended
 */
export async function runTogether(start: (signal: AbortSignal) => readonly Promise<unknown>[]): Promise<void> {
  const controller = new AbortController();
  const tasks = start(controller.signal);
  try {
    await Promise.all(tasks);
  } catch (error) {
    controller.abort(error);
    await Promise.allSettled(tasks);
    throw error;
  }
}
