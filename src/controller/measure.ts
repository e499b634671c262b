// Updates the gauges from the running parts whenever the metrics are scraped.

import { kindOfImage } from '../domain/database/image.ts';
import type { LeaderElector } from '../kube/lease.ts';
import type { Metrics } from '../runtime/metrics.ts';
import type { Output } from '../runtime/output.ts';
import type { WorkQueue } from '../runtime/queue.ts';
import type { Caches } from './caches.ts';
import type { ServedSchema } from './served-schema.ts';

/** What is measured. */
interface Measured {
  readonly caches: Caches;
  readonly queue: WorkQueue;
  readonly elector: LeaderElector;
  readonly output: Pick<Output, 'droppedLines'>;
  /** As configured. */
  readonly imagePattern: string;
  /** This installation, as in status. */
  readonly operator: string;
  readonly schema: ServedSchema;
}

/** Sets every gauge, and the counters that others keep, to their current values. */
export function measure(
  metrics: Metrics,
  { caches, queue, elector, output, imagePattern, operator, schema }: Measured,
): void {
  const byPhase = new Tally('creating', 'running', 'provisioning', 'deleted');
  const byReady = new Tally('True', 'False', 'Unknown');
  const byEndOfLife = new Tally('VersionEnded', 'ImageUnsupported');
  const images = new Map<string, number>();
  let heldByOthers = 0;
  for (const { status } of caches.everyAddon()) {
    const phase = status?.phase ?? 'creating';
    const ready = status?.conditions?.find((condition) => condition.type === 'Ready')?.status ?? 'Unknown';
    if (status?.operator !== undefined && status.operator !== operator) heldByOthers += 1;
    byPhase.add(phase);
    byReady.add(ready);
    const ended = status?.conditions?.find((condition) => condition.type === 'EndOfLife')?.reason;
    if (ended !== undefined) byEndOfLife.add(ended);
    if (status?.image !== undefined) images.set(status.image, (images.get(status.image) ?? 0) + 1);
  }
  metrics.addons({
    byPhase: byPhase.counts(),
    byReady: byReady.counts(),
    byEndOfLife: byEndOfLife.counts(),
    heldByOthers,
  });
  metrics.databases(countByForm(images, imagePattern));
  for (const [name, count] of Object.entries(caches.sizes())) metrics.cacheObjects(name, count);
  for (const [name, seconds] of Object.entries(caches.unconfirmedSeconds())) metrics.cacheUnconfirmed(name, seconds);
  metrics.unseenNamespaces(caches.unseen());
  metrics.longestRunning(queue.longestRunningSeconds());
  metrics.droppedLogLines(output.droppedLines);
  metrics.spinning(queue.spinning);
  metrics.missingFromSchema(schema.missing.length);
  metrics.leader(elector.isLeader());
}

/** Counts texts that others can have written into status. */
class Tally {
  readonly #counts: Map<string, number>;

  /** @param always what is counted even if there is none */
  constructor(...always: readonly string[]) {
    this.#counts = new Map(always.map((text) => [text, 0]));
  }

  add(text: string): void {
    this.#counts.set(text, (this.#counts.get(text) ?? 0) + 1);
  }

  counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }
}

/** @param images how many addons have each image */
function countByForm(
  images: ReadonlyMap<string, number>,
  pattern: string,
): readonly { readonly major: string; readonly image: string; readonly count: number }[] {
  const rows = new Map<string, { readonly major: string; readonly image: string; readonly count: number }>();
  for (const [image, count] of images) {
    const kind = kindOfImage(pattern, image);
    const key = `${kind.major} ${kind.image}`;
    rows.set(key, { ...kind, count: count + (rows.get(key)?.count ?? 0) });
  }
  return [...rows.values()];
}
