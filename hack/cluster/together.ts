// Runs branches of work side by side and ends them side by side. It must never leave one of them running behind an error.

/**
 * @param start begins the branches; the signal tells them that another one failed
 * @throws the error of the branch that failed first, after all have ended
 */
export async function together(start: (signal: AbortSignal) => readonly Promise<unknown>[]): Promise<void> {
  const controller = new AbortController();
  const branches = start(controller.signal);
  try {
    await Promise.all(branches);
  } catch (error) {
    controller.abort(error);
    await Promise.allSettled(branches);
    throw error;
  }
}
