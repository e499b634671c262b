// Updates the gauges from the running parts whenever the metrics are scraped.
import type { LeaderElector } from '../kube/lease.ts';
import type { Metrics } from '../runtime/metrics.ts';
import type { WorkQueue } from '../runtime/queue.ts';
import type { Caches } from './caches.ts';
import type { ServedSchema } from './served-schema.ts';

/** Sets every gauge to its current value. */
export function measure(
  metrics: Metrics,
  caches: Caches,
  queue: WorkQueue,
  elector: LeaderElector,
  schema: ServedSchema,
): void {
  const byPhase: Record<string, number> = { creating: 0, running: 0, provisioning: 0, deleted: 0 };
  const byReady: Record<string, number> = { True: 0, False: 0, Unknown: 0 };
  for (const { status } of caches.everyAddon()) {
    const phase = status?.phase ?? 'creating';
    const ready = status?.conditions?.find((condition) => condition.type === 'Ready')?.status ?? 'Unknown';
    byPhase[phase] = (byPhase[phase] ?? 0) + 1;
    byReady[ready] = (byReady[ready] ?? 0) + 1;
  }
  metrics.addons({ byPhase, byReady });
  for (const [name, count] of Object.entries(caches.sizes())) metrics.cacheObjects(name, count);
  metrics.longestRunning(queue.longestRunningSeconds());
  metrics.missingFromSchema(schema.missing.length);
  metrics.leader(elector.isLeader());
}
