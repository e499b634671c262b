// Measures the time, requests, CPU and memory that the operator needs for N new addons, and for a start with N existing ones.
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '../../hack/cluster/wait.ts';
import { type AddonSpec, addonApiVersion, addonGvr } from '../../src/api/addon.ts';
import { type AuditedRequest, isWrite, tally } from '../harness/audit.ts';
import { type Operator, startOperator } from '../harness/operator.ts';
import { Arrivals } from './arrivals.ts';
import { type BenchCluster, operatorNamespace } from './bench-cluster.ts';
import { closedLoop, percentile } from './load.ts';
import { usageOf } from './process.ts';

/** Addons made one at a time, each when the one before runs: latency without a queue. */
const calmAddons = 30;

export interface Latency {
  readonly p50: number;
  readonly p99: number;
}

export interface OperatorRun {
  /** From the first POST to the moment the last addon was seen running. */
  readonly seconds: number;
  /** Requests of the operator, Lease apart: `verb resource` -> number for one addon. */
  readonly requestsPerAddon: Readonly<Record<string, number>>;
  readonly writesPerAddon: number;
  readonly readsPerAddon: number;
  readonly eventsPerAddon: number;
  readonly failedRequests: number;
  readonly cpuMillisecondsPerAddon: number;
  readonly cpuSecondsByProcess: Readonly<Record<string, number>>;
  readonly eventLoopP99Milliseconds: number;
  /** Milliseconds from the answer to an addon's POST to the arrival of the operator's first request for its Cluster. */
  readonly latencyInBurst: Latency;
  readonly latencyWhenCalm: Latency;
  readonly memory: {
    readonly atStart: Memory;
    readonly afterRun: Memory;
  };
}

export interface Memory {
  readonly residentBytes: number;
  readonly heapUsedBytes: number;
}

export interface ColdStart {
  /** From the start of the process until it had listed everything. */
  readonly secondsToReady: number;
  /** Until it had looked at every addon, waiting for the Lease included. */
  readonly secondsToReconciled: number;
  readonly writes: number;
  readonly requests: Readonly<Record<string, number>>;
  readonly memory: Memory;
}

export interface RunOptions {
  readonly bench: BenchCluster;
  readonly namespaces: readonly string[];
  readonly addons: number;
  readonly clients: number;
}

/** @returns the figures; the addons stay for the cold start */
export async function measureOperator({ bench, namespaces, addons, clients }: RunOptions): Promise<OperatorRun> {
  const operator = await launch(bench);
  const arrivals = new Arrivals(bench.client);
  try {
    const atStart = await memoryAtRest(operator);
    const mark = await bench.audit.mark();
    // The event loop's delay is measured between two scrapes.
    await operator.page('/metrics');
    const [usedBefore, othersBefore] = [await usageOf(operator.pid), await bench.cpuSeconds()];

    const started = performance.now();
    await closedLoop(addons, clients, async (index) => {
      await createAddon(bench, namespaces[index % namespaces.length] ?? '', `app-${index}`);
    });
    await arrivals.reached(addons, 600_000);
    const seconds = (performance.now() - started) / 1000;

    const metrics = await operator.page('/metrics');
    const [usedAfter, othersAfter] = [await usageOf(operator.pid), await bench.cpuSeconds()];
    await untilQuiet(bench, operator);
    const requests = await bench.audit.since(mark);
    const own = requests.filter((request) => isOf(operator, request));
    const inBurst = latencies(requests, operator.user);
    const afterRun = await memoryAtRest(operator);

    const calmMark = await bench.audit.mark();
    for (let index = 0; index < calmAddons; index += 1) {
      await createAddon(bench, namespaces[0] ?? '', `calm-${index}`);
      await arrivals.reached(addons + index + 1, 60_000);
    }
    const whenCalm = latencies(await bench.audit.since(calmMark), operator.user);

    const events = own.filter(({ resource }) => resource === 'events');
    const others = own.filter(({ resource }) => resource !== 'events');
    const writes = others.filter(isWrite).length;
    return {
      seconds,
      requestsPerAddon: divided(tally(own), addons),
      writesPerAddon: writes / addons,
      readsPerAddon: (others.length - writes) / addons,
      eventsPerAddon: events.length / addons,
      failedRequests: own.filter(({ code }) => code >= 400).length,
      cpuMillisecondsPerAddon: ((usedAfter.cpuSeconds - usedBefore.cpuSeconds) * 1000) / addons,
      cpuSecondsByProcess: {
        operator: usedAfter.cpuSeconds - usedBefore.cpuSeconds,
        ...difference(othersBefore, othersAfter),
      },
      eventLoopP99Milliseconds: metricOf(metrics.body, 'nodejs_eventloop_lag_p99_seconds') * 1000,
      latencyInBurst: inBurst,
      latencyWhenCalm: whenCalm,
      memory: { atStart, afterRun },
    };
  } finally {
    await arrivals.stop();
    await operator.stop();
  }
}

/** @param addons how many there are, all of them running */
export async function measureColdStart(bench: BenchCluster, addons: number): Promise<ColdStart> {
  const mark = await bench.audit.mark();
  const operator = await spawnOperator(bench);
  const elapsed = (): number => (performance.now() - operator.startedAt) / 1000;
  try {
    await operator.untilReady();
    const secondsToReady = elapsed();
    const lookedAtAll = async (): Promise<void> => {
      const { body } = await operator.page('/metrics');
      const reconciles = metricOf(body, 'postgres_addon_reconcile_total');
      const depth = metricOf(body, 'postgres_addon_queue_depth');
      if (!(reconciles >= addons) || depth > 0) throw new Error(`${reconciles} reconciles, ${depth} waiting`);
    };
    await eventually('every addon to be looked at', lookedAtAll, { timeoutMilliseconds: 120_000 });
    const secondsToReconciled = elapsed();
    const requests = (await bench.audit.since(mark)).filter((request) => isOf(operator, request));
    return {
      secondsToReady,
      secondsToReconciled,
      writes: requests.filter(isWrite).length,
      requests: tally(requests),
      memory: await memoryAtRest(operator),
    };
  } finally {
    await operator.stop();
  }
}

async function spawnOperator(bench: BenchCluster): Promise<Operator> {
  const user = 'postgres-addon-operator';
  const { cluster, environment, program } = bench;
  const flags = ['--expose-gc', '--import', join(import.meta.dirname, 'collect-garbage.mjs')];
  return await startOperator({ cluster, user, namespace: operatorNamespace, environment, flags, program });
}

async function launch(bench: BenchCluster): Promise<Operator> {
  const operator = await spawnOperator(bench);
  await operator.untilReady();
  await operator.said('reconciling');
  return operator;
}

async function createAddon(bench: BenchCluster, namespace: string, name: string): Promise<void> {
  const spec: AddonSpec = { plan: 'standard' };
  const metadata = { name, namespace };
  await bench.client.create(addonGvr, { apiVersion: addonApiVersion, kind: addonGvr.kind, metadata, spec });
}

/** Waits until the operator has nothing left to send: Events are sent after the status that they report. */
async function untilQuiet(bench: BenchCluster, operator: Operator): Promise<void> {
  let before = -1;
  const noneSinceLastLook = async (): Promise<void> => {
    const sent = metricOf((await operator.page('/metrics')).body, 'postgres_addon_api_requests_total', /lease/);
    const since = sent - before;
    before = sent;
    if (since !== 0) throw new Error(`${since} requests since the last look`);
  };
  await eventually('the operator to fall silent', noneSinceLastLook, {
    everyMilliseconds: 500,
    timeoutMilliseconds: 120_000,
  });
  await bench.audit.mark();
}

const isOf = (operator: Operator, { user, resource }: AuditedRequest): boolean =>
  user === operator.user && resource !== 'leases';

/** From the commit of each addon to the operator's first request for its Cluster. */
function latencies(requests: readonly AuditedRequest[], user: string): Latency {
  const first = new Map<string, number>();
  for (const request of requests) {
    if (request.user !== user || request.resource !== 'clusters' || !isWrite(request)) continue;
    const key = `${request.namespace}/${request.name}`;
    if (!first.has(key)) first.set(key, request.receivedAt);
  }
  const waits = requests
    .filter(
      ({ user: author, resource, verb, code }) =>
        author !== user && resource === addonGvr.plural && verb === 'create' && code === 201,
    )
    .map(
      ({ namespace, name, answeredAt }) =>
        (first.get(`${namespace}/db-${namespace}-${name}`) ?? Number.NaN) - answeredAt,
    )
    .filter((wait) => !Number.isNaN(wait));
  return { p50: percentile(waits, 0.5), p99: percentile(waits, 0.99) };
}

/**
 * What it holds when it has nothing to do: V8 gives memory back only some seconds after garbage was collected, so this is the lowest of
 * what is seen until it has not fallen for eight seconds.
 */
async function memoryAtRest(operator: Operator): Promise<Memory> {
  let residentBytes = Number.POSITIVE_INFINITY;
  for (let unchanged = 0; unchanged < 8; unchanged += 1) {
    process.kill(operator.pid, 'SIGUSR2');
    const now = await usageOf(operator.pid);
    if (now.residentBytes < residentBytes) {
      residentBytes = now.residentBytes;
      unchanged = 0;
    }
    await pause(1000);
  }
  const { body } = await operator.page('/metrics');
  return { residentBytes, heapUsedBytes: metricOf(body, 'nodejs_heap_size_used_bytes') };
}

/** The sum of a metric over its labels. @param except labels to leave out */
function metricOf(text: string, name: string, except?: RegExp): number {
  let sum = 0;
  for (const line of text.split('\n')) {
    const match = /^([a-z_0-9]+)(\{.*\})? (\S+)$/.exec(line);
    if (match?.[1] === name && except?.test(match[2] ?? '') !== true) sum += Number(match[3]);
  }
  return sum;
}

function divided(counts: Readonly<Record<string, number>>, by: number): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(counts).map(([key, count]) => [key, count / by]));
}

function difference(
  before: Readonly<Record<string, number>>,
  after: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(after).map(([key, value]) => [key, value - (before[key] ?? 0)]));
}
