// Runs a closed loop of clients, each sending its next request after the previous response. It must never exceed the number of clients.

/**
 * Runs a piece of work for each index, `clients` at a time: as one ends the next begins.
 * @throws whatever the work threw first; work under way is waited for
 */
export async function closedLoop(
  count: number,
  clients: number,
  work: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const client = async (): Promise<void> => {
    while (next < count) {
      const index = next;
      next += 1;
      await work(index);
    }
  };
  const results = await Promise.allSettled(Array.from({ length: Math.min(clients, count) }, client));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

/** The value below which the share `p` (0..1) of the values lies; NaN of none. */
export function percentile(values: readonly number[], p: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(p * sorted.length) - 1)] ?? Number.NaN;
}

/** The sum of all values of a record. */
export function sum(values: Readonly<Record<string, number>>): number {
  return Object.values(values).reduce((total, value) => total + value, 0);
}
