// Work that goes on while the tests before it run, a few pieces at a time in the order in which they were given.

/** Begins a piece of work as soon as there is room. @returns its result; who never asks for it does not notice that it failed */
export type Begin = <T>(work: () => Promise<T>) => Promise<T>;

/** @param most how many pieces go on at the same time */
export function fewAtATime(most: number): Begin {
  let room = most;
  const waiting: (() => void)[] = [];
  const turn = async (): Promise<void> => {
    if (room > 0) room -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
  };
  const leave = (): void => {
    const next = waiting.shift();
    if (next === undefined) room += 1;
    else next();
  };
  return (work) => {
    const result = turn().then(work).finally(leave);
    // The test that waits for it fails; until then nobody does.
    result.catch(() => undefined);
    return result;
  };
}
