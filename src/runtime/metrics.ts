// The metrics of the operator, as one table from which the registry and the reference page are generated. No label is permitted to contain
// the name of an object.
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { QueueObserver } from './queue.ts';

interface Definition {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
}
/** The buckets of a histogram are upper bounds, in the unit of its name. */
export type MetricDefinition = Definition &
  ({ readonly type: 'counter' | 'gauge' } | { readonly type: 'histogram'; readonly buckets: readonly number[] });

const callSeconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const waitSeconds = [0.001, 0.01, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 600];

const table = {
  reconciles: {
    name: 'postgres_addon_reconcile_total',
    type: 'counter',
    help: 'Reconciles by result: done, again (requeued after a delay), retry (an expected failure) or error (a bug).',
    labels: ['result'],
  },
  reconcileSeconds: {
    name: 'postgres_addon_reconcile_duration_seconds',
    type: 'histogram',
    help: 'Duration of a reconcile.',
    labels: [],
    buckets: callSeconds,
  },
  queueDepth: {
    name: 'postgres_addon_queue_depth',
    type: 'gauge',
    help: 'Addons in the queue that wait for a worker.',
    labels: [],
  },
  queueSeconds: {
    name: 'postgres_addon_queue_latency_seconds',
    type: 'histogram',
    help: 'Time that an addon waited in the queue, from its change to the start of its reconcile.',
    labels: [],
    buckets: waitSeconds,
  },
  longestRunning: {
    name: 'postgres_addon_queue_longest_running_seconds',
    type: 'gauge',
    help: 'Age of the oldest reconcile in flight; 0 if there is none.',
    labels: [],
  },
  spinning: {
    name: 'postgres_addon_queue_spinning',
    type: 'gauge',
    help: 'Addons that were reconciled more than 120 times within this minute or the last; more than 0 for long is a bug.',
    labels: [],
  },
  retries: {
    name: 'postgres_addon_queue_retries_total',
    type: 'counter',
    help: 'Reconciles that were requeued with back-off.',
    labels: [],
  },
  requests: {
    name: 'postgres_addon_api_requests_total',
    type: 'counter',
    help: 'Requests to the Kubernetes API by verb, resource and HTTP status; code 0 means no complete response.',
    labels: ['verb', 'resource', 'code'],
  },
  requestSeconds: {
    name: 'postgres_addon_api_request_duration_seconds',
    type: 'histogram',
    help: 'Duration of a request to the Kubernetes API; for a watch, until the stream started.',
    labels: ['verb', 'resource'],
    buckets: callSeconds,
  },
  lists: {
    name: 'postgres_addon_watch_lists_total',
    type: 'counter',
    help: 'Complete lists of a kind, including the first one.',
    labels: ['kind'],
  },
  watches: {
    name: 'postgres_addon_watch_starts_total',
    type: 'counter',
    help: 'Watch streams opened; the API server ends each after 5 to 10 minutes.',
    labels: ['kind'],
  },
  relists: {
    name: 'postgres_addon_watch_relists_total',
    type: 'counter',
    help: 'Lists that were necessary because a watch could not be resumed.',
    labels: ['kind'],
  },
  watchFailures: {
    name: 'postgres_addon_watch_failures_total',
    type: 'counter',
    help: 'Lists and watches that failed.',
    labels: ['kind'],
  },
  cacheObjects: {
    name: 'postgres_addon_cache_objects',
    type: 'gauge',
    help: 'Objects in the cache by kind.',
    labels: ['kind'],
  },
  cacheUnconfirmed: {
    name: 'postgres_addon_cache_unconfirmed_seconds',
    type: 'gauge',
    help: 'Time since a list or a watch last said that the cache of a kind is up to date. Up to 90 is normal; more than 300 means that the cache is out of date.',
    labels: ['kind'],
  },
  unseenNamespaces: {
    name: 'postgres_addon_unseen_namespaces',
    type: 'gauge',
    help: 'Watched namespaces that were never listed completely, so that nothing is done in them. All namespaces count as one.',
    labels: [],
  },
  leader: {
    name: 'postgres_addon_leader',
    type: 'gauge',
    help: '1 while this replica is the leader and permitted to write, otherwise 0.',
    labels: [],
  },
  missingFromSchema: {
    name: 'postgres_addon_crd_missing',
    type: 'gauge',
    help: 'Fields, values and rules of this version that the installed CRD of PostgresAddon lacks; 0 if it is up to date.',
    labels: [],
  },
  addons: {
    name: 'postgres_addon_addons',
    type: 'gauge',
    help: 'PostgresAddons by phase.',
    labels: ['phase'],
  },
  addonsReady: {
    name: 'postgres_addon_addons_ready',
    type: 'gauge',
    help: 'PostgresAddons by the status of the condition Ready: True, False or Unknown.',
    labels: ['status'],
  },
  droppedLogLines: {
    name: 'postgres_addon_log_lines_dropped_total',
    type: 'counter',
    help: 'Lines of the log that were lost, because standard output was not read in time or could not be written.',
    labels: [],
  },
  databases: {
    name: 'postgres_addon_databases',
    type: 'gauge',
    help: 'PostgresAddons by the major version and the form of their image: pattern (that of postgres.imagePattern), other, or unsupported (a tag of CloudNativePG that gets no fixes).',
    labels: ['major', 'image'],
  },
  endOfLife: {
    name: 'postgres_addon_end_of_life',
    type: 'gauge',
    help: 'PostgresAddons with the condition EndOfLife, by its reason.',
    labels: ['reason'],
  },
  drills: {
    name: 'postgres_addon_drills',
    type: 'gauge',
    help: 'PostgresAddons that are restored from time to time (spec.backup.drill) by the result of the last restore drill: Passed, Failed, Skipped or None.',
    labels: ['result'],
  },
  drillAge: {
    name: 'postgres_addon_drill_oldest_pass_timestamp_seconds',
    type: 'gauge',
    help: 'When the restore drill ended that passed the longest ago, of the last ones that passed of each PostgresAddon with spec.backup.drill; 0 if none has.',
    labels: [],
  },
  addonsHeldByOthers: {
    name: 'postgres_addon_addons_held_by_others',
    type: 'gauge',
    help: 'PostgresAddons that another installation of the operator operates, and this one only watches; should be 0.',
    labels: [],
  },
  buildInfo: {
    name: 'postgres_addon_build_info',
    type: 'gauge',
    help: 'Always 1; the labels identify the running build.',
    labels: ['version', 'node'],
  },
} as const satisfies Record<string, MetricDefinition>;

/** The operator's own metrics. prom-client adds the standard ones of Node.js and the process (`nodejs_*`, `process_*`). */
export const metricTable: readonly MetricDefinition[] = Object.values(table);

type Table = typeof table;
type Built = {
  readonly [K in keyof Table]: {
    readonly counter: Counter;
    readonly gauge: Gauge;
    readonly histogram: Histogram;
  }[Table[K]['type']];
};

export type WatchEvent = 'list' | 'watch' | 'relist' | 'failure';

/** Records metrics. On the hot path it only increments numbers; expensive values are computed in `beforeScrape`. */
export class Metrics {
  readonly contentType: string;
  /** For the work queue. */
  readonly queue: QueueObserver;
  readonly #registry = new Registry();
  readonly #metrics: Built;
  readonly #watch: Readonly<Record<WatchEvent, Counter>>;
  readonly #collectors: (() => void)[] = [];

  constructor(build: { readonly version: string }) {
    this.contentType = this.#registry.contentType;
    collectDefaultMetrics({ register: this.#registry });
    const metrics = buildAll(this.#registry);
    this.#metrics = metrics;
    this.#watch = {
      list: metrics.lists,
      watch: metrics.watches,
      relist: metrics.relists,
      failure: metrics.watchFailures,
    };
    this.queue = {
      depth: (keys) => metrics.queueDepth.set(keys),
      latency: (seconds) => metrics.queueSeconds.observe(seconds),
      duration: (seconds, result) => {
        metrics.reconcileSeconds.observe(seconds);
        metrics.reconciles.inc({ result });
        if (result === 'retry' || result === 'error') metrics.retries.inc();
      },
    };
    // rate() needs the zero before the first failure.
    for (const result of ['done', 'again', 'retry', 'error']) metrics.reconciles.inc({ result }, 0);
    metrics.buildInfo.set({ ...build, node: process.version }, 1);
  }

  /** One response of the API server, or its absence (code 0). */
  request(event: {
    readonly verb: string;
    readonly resource: string;
    readonly code: number;
    readonly seconds: number;
  }): void {
    const { verb, resource, code, seconds } = event;
    this.#metrics.requests.inc({ verb, resource, code });
    this.#metrics.requestSeconds.observe({ verb, resource }, seconds);
  }

  /** An event of the reflector of `kind`. */
  watch(kind: string, event: WatchEvent): void {
    this.#watch[event].inc({ kind });
  }

  cacheUnconfirmed(kind: string, seconds: number): void {
    this.#metrics.cacheUnconfirmed.set({ kind }, seconds);
  }

  leader(leads: boolean): void {
    this.#metrics.leader.set(leads ? 1 : 0);
  }

  unseenNamespaces(count: number): void {
    this.#metrics.unseenNamespaces.set(count);
  }

  missingFromSchema(count: number): void {
    this.#metrics.missingFromSchema.set(count);
  }

  longestRunning(seconds: number): void {
    this.#metrics.longestRunning.set(seconds);
  }

  /** @param total since the start of the process */
  droppedLogLines(total: number): void {
    this.#metrics.droppedLogLines.reset();
    this.#metrics.droppedLogLines.inc(total);
  }

  spinning(addons: number): void {
    this.#metrics.spinning.set(addons);
  }

  cacheObjects(kind: string, count: number): void {
    this.#metrics.cacheObjects.set({ kind }, count);
  }

  /** Replaces the counts of addons by phase, by the status of Ready and by the reason of EndOfLife. Values that are not given are removed. */
  addons(counts: {
    readonly byPhase: Readonly<Record<string, number>>;
    readonly byReady: Readonly<Record<string, number>>;
    readonly byEndOfLife: Readonly<Record<string, number>>;
    readonly heldByOthers: number;
  }): void {
    const { addons, addonsReady, endOfLife, addonsHeldByOthers } = this.#metrics;
    addonsHeldByOthers.set(counts.heldByOthers);
    addons.reset();
    addonsReady.reset();
    endOfLife.reset();
    for (const [phase, count] of Object.entries(counts.byPhase)) addons.set({ phase }, count);
    for (const [status, count] of Object.entries(counts.byReady)) addonsReady.set({ status }, count);
    for (const [reason, count] of Object.entries(counts.byEndOfLife)) endOfLife.set({ reason }, count);
  }

  /** Replaces the counts of addons by the major version and the form of their image. */
  databases(counts: readonly { readonly major: string; readonly image: string; readonly count: number }[]): void {
    const { databases } = this.#metrics;
    databases.reset();
    for (const { count, ...labels } of counts) databases.set(labels, count);
  }

  /**
   * Replaces the counts of addons by the result of their last restore drill.
   * @param oldestPass wall-clock time in seconds; 0 if there is none
   */
  drills(byResult: Readonly<Record<string, number>>, oldestPass: number): void {
    const { drills, drillAge } = this.#metrics;
    drills.reset();
    for (const [result, count] of Object.entries(byResult)) drills.set({ result }, count);
    drillAge.set(oldestPass);
  }

  /** `collect` runs before each scrape and sets the values that are not tracked on every change. */
  beforeScrape(collect: () => void): void {
    this.#collectors.push(collect);
  }

  /** All metrics in the Prometheus text format. */
  async text(): Promise<string> {
    for (const collect of this.#collectors) collect();
    return this.#registry.metrics();
  }
}

function buildAll(registry: Registry): Built {
  const built = Object.entries(table).map(([key, definition]) => [key, buildOne(definition, registry)]);
  return Object.fromEntries(built) as Built;
}

function buildOne(definition: MetricDefinition, registry: Registry): Counter | Gauge | Histogram {
  const { name, help, labels } = definition;
  const common = { name, help, labelNames: [...labels], registers: [registry] };
  switch (definition.type) {
    case 'counter':
      return new Counter(common);
    case 'gauge':
      return new Gauge(common);
    case 'histogram':
      return new Histogram({ ...common, buckets: [...definition.buckets] });
  }
}
