// Updates the gauges from the running parts whenever the metrics are scraped.
import { millisecondsOf } from '../api/time.ts';
import { kindOfImage } from '../domain/database/image.ts';
import { reasonOf, recordedCondition } from '../domain/recorded.ts';
import type { LeaderElector } from '../kube/lease.ts';
import type { Metrics } from '../runtime/metrics.ts';
import type { Output } from '../runtime/output.ts';
import type { WorkQueue } from '../runtime/queue.ts';
import type { Caches } from './caches.ts';
import type { ServedSchema } from './served-schema.ts';

/** What is measured. */
interface Measured {
  readonly caches: Pick<Caches, 'everyAddon' | 'sizes' | 'unconfirmedSeconds' | 'unseen'>;
  readonly queue: Pick<WorkQueue, 'longestRunningSeconds' | 'spinning'>;
  readonly elector: Pick<LeaderElector, 'isLeader'>;
  readonly output: Pick<Output, 'droppedLines'>;
  /** As configured. */
  readonly imagePattern: string;
  /** This installation, as in status. */
  readonly operator: string;
  readonly schema: Pick<ServedSchema, 'missing'>;
}

/** Sets every gauge, and the counters that others keep, to their current values. */
export function measure(
  metrics: Metrics,
  { caches, queue, elector, output, imagePattern, operator, schema }: Measured,
): void {
  const addons = [...caches.everyAddon()];
  const phases = addons.map(({ status }) => status?.phase ?? 'creating');
  const ready = addons.map((addon) => recordedCondition(addon, 'Ready')?.status ?? 'Unknown');
  const ended = addons.flatMap((addon) => reasonOf(addon, 'EndOfLife') ?? []);
  const holders = addons.flatMap(({ status }) => status?.operator ?? []);
  const images = addons.flatMap(({ status }) => status?.image ?? []);
  metrics.addons({
    byPhase: countsOf(phases, ['creating', 'running', 'provisioning', 'deleted']),
    byReady: countsOf(ready, ['True', 'False', 'Unknown']),
    byEndOfLife: countsOf(ended, ['VersionEnded', 'ImageUnsupported']),
    heldByOthers: holders.filter((holder) => holder !== operator).length,
  });
  const drilled = addons.filter(({ spec }) => spec.backup?.drill !== undefined);
  const lastDrills = drilled.map(({ status }) => status?.backup?.lastDrill);
  const passed = drilled.flatMap(({ status }) => millisecondsOf(status?.backup?.lastDrillPassTime) ?? []);
  metrics.drills(
    countsOf(
      lastDrills.map((last) => last?.result ?? 'None'),
      ['Passed', 'Failed', 'Skipped', 'None'],
    ),
    passed.length === 0 ? 0 : Math.min(...passed) / 1000,
  );
  metrics.databases(countByForm(countsOf(images), imagePattern));
  for (const [name, count] of Object.entries(caches.sizes())) metrics.cacheObjects(name, count);
  for (const [name, seconds] of Object.entries(caches.unconfirmedSeconds())) metrics.cacheUnconfirmed(name, seconds);
  metrics.unseenNamespaces(caches.unseen());
  metrics.longestRunning(queue.longestRunningSeconds());
  metrics.droppedLogLines(output.droppedLines);
  metrics.spinning(queue.spinning);
  metrics.missingFromSchema(schema.missing.length);
  metrics.leader(elector.isLeader());
}

/**
 * How often each value occurs.
 * @param expected values that are counted as 0 when none is there
 */
function countsOf(values: readonly string[], expected: readonly string[] = []): Readonly<Record<string, number>> {
  const counts = new Map(expected.map((value) => [value, 0]));
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return Object.fromEntries(counts);
}

/** @param images how many addons have each image */
function countByForm(
  images: Readonly<Record<string, number>>,
  pattern: string,
): readonly { readonly major: string; readonly image: string; readonly count: number }[] {
  const rows = new Map<string, { readonly major: string; readonly image: string; readonly count: number }>();
  for (const [image, count] of Object.entries(images)) {
    const kind = kindOfImage(pattern, image);
    const key = `${kind.major} ${kind.image}`;
    rows.set(key, { ...kind, count: count + (rows.get(key)?.count ?? 0) });
  }
  return [...rows.values()];
}
