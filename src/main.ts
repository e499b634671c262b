// The composition root: the only file that knows everything, and the only one that meets the process (signals, exit codes).
// It decides nothing about a database.
import { randomBytes } from 'node:crypto';
import operatorPackage from '@dot-i/k8s-operator';
import packageJson from '../package.json' with { type: 'json' };
import { type AddonStatus, addonApiVersion, addonGvr, fieldManager, type PostgresAddon } from './api/addon.ts';
import { type Config, ConfigError, loadConfig } from './config.ts';
import { Caches } from './controller/caches.ts';
import { Checkups } from './controller/checkups.ts';
import { clientsOf } from './controller/clients.ts';
import { Departed } from './controller/departed.ts';
import { reconcile } from './controller/reconcile.ts';
import { Triggers } from './controller/triggers.ts';
import type { World } from './controller/world.ts';
import { transitions } from './domain/transitions.ts';
import { EventRecorder } from './kube/events.ts';
import { LeaderElector } from './kube/lease.ts';
import { createTransport, loadKubeConfig, type Transport } from './kube/transport.ts';
import { Logins } from './postgres/login.ts';
import { Backoff } from './runtime/backoff.ts';
import { systemClock } from './runtime/clock.ts';
import { HealthServer } from './runtime/health.ts';
import { createLog, type Log } from './runtime/log.ts';
import { Metrics } from './runtime/metrics.ts';
import { WorkQueue } from './runtime/queue.ts';

/** Time between two looks at the Secrets of one addon, which are not watched: 10 min. */
const checkupMilliseconds = 600_000;
/** How long reconciles in flight may go on after SIGTERM; the pod's grace period is 30 s. */
const drainMilliseconds = 20_000;
/** A reconcile that runs longer than this, with 30 s a request, hangs. */
const hangingSeconds = 300;

/** The running parts, in the order in which they stop. */
interface Running {
  readonly queue: WorkQueue;
  readonly logins: Logins;
  readonly elector: LeaderElector;
  readonly events: EventRecorder;
  readonly caches: Caches;
  readonly health: HealthServer;
  readonly transports: readonly Transport[];
}

/** Wires everything and starts it. Reconciling begins once this replica leads and the caches are complete. */
async function launch(config: Config, log: Log, die: (why: string) => void): Promise<Running> {
  const clock = systemClock;
  const random = Math.random;
  const kubeConfig = loadKubeConfig();
  const metrics = new Metrics({ version: packageJson.version });
  const connect = (connections: number): Transport =>
    createTransport({
      kubeConfig,
      userAgent: `${fieldManager}/${packageJson.version}`,
      connections,
      clock,
      observe: (event) => metrics.request(event),
    });
  const transport = connect(config.WORKERS + 4);
  // Renewals must never wait behind reconciles for a free connection.
  const leaseTransport = connect(1);
  const identity = `${config.POD_NAME}_${randomBytes(4).toString('hex')}`;
  const events = new EventRecorder({
    transport,
    component: 'addons.paas.dev/postgres-addon-operator',
    instance: config.POD_NAME,
    clock,
    onFailure: (error) => log.warn('an event could not be recorded', { error }),
  });

  const queue: WorkQueue = new WorkQueue({
    workers: config.WORKERS,
    clock,
    backoff: new Backoff({ baseMilliseconds: 1000, maximumMilliseconds: 300_000, random }),
    observe: metrics.queue,
    handle: (key, _signal, aside) => reconcile(key, world, aside),
    onError: (key, error) => log.warn('a reconcile failed; trying again', { addon: key, error }),
  });
  const enqueue = (key: string): void => queue.add(key);
  let started = false;
  const startWhenReady = (): void => {
    if (started || !elector.isLeader() || caches.notReady() !== undefined) return;
    started = true;
    log.info('reconciling', { addons: caches.sizes().addons, workers: config.WORKERS });
    queue.start();
  };
  const caches = new Caches({
    transport,
    clock,
    random,
    namespaces: config.WATCH_NAMESPACES,
    triggers: new Triggers(enqueue, (addon) => departed.add(addon)),
    enqueue,
    onError: (error) => log.error('a watched object could not be handled', { error }),
    onStatus: (kind, namespace, status) => {
      if (status.failure !== undefined) log.warn('a watch fails; trying again', { kind, namespace, ...status.failure });
      startWhenReady();
    },
    observe: (kind, event) => metrics.watch(kind, event),
  });
  const departed = new Departed(caches.of.clusters);
  const elector = new LeaderElector({
    transport: leaseTransport,
    namespace: config.POD_NAMESPACE,
    name: config.LEASE_NAME,
    identity,
    clock,
    random,
    onStartedLeading: () => {
      log.info('this replica leads', { identity });
      startWhenReady();
    },
    // Another replica may write from here on; the only sure fence within one process is its end.
    onStoppedLeading: (why) => die(`the lease is lost: ${why}`),
    log: (level, message, fields) => log[level](message, fields),
  });

  const logins = new Logins(clock);
  const world: World = {
    platform: {
      plans: config.plans,
      defaultVersion: config.DEFAULT_POSTGRES_VERSION,
      imagePattern: config.IMAGE_PATTERN,
      connectionCheck: config.READINESS_CONNECTION_CHECK,
    },
    clock,
    log,
    caches: caches.of,
    departed,
    availability: (namespace) => caches.availability(namespace),
    api: clientsOf(transport),
    login: (url) => logins.tryLogin(url),
    checkups: new Checkups(clock, random, checkupMilliseconds),
    mayWrite: () => elector.isLeader(),
    announce: (addon, before, after) => announce(events, log, addon, before, after),
  };

  metrics.beforeScrape(() => measure(metrics, caches, queue, elector));
  const health = new HealthServer({
    port: config.PORT,
    live: [{ name: 'workers', check: () => hanging(queue) }],
    ready: [{ name: 'caches', check: () => caches.notReady() }],
    metrics: () => metrics.text(),
    metricsContentType: metrics.contentType,
  });
  const { port } = await health.listen();
  log.info('started', {
    version: packageJson.version,
    node: process.version,
    port,
    namespaces: config.WATCH_NAMESPACES,
  });
  caches.start();
  elector.start();
  return { queue, logins, elector, events, caches, health, transports: [transport, leaseTransport] };
}

/** Ends in order: no new work, what is in flight completes, the lease is free for the next, then the rest. */
async function land(running: Running, log: Log): Promise<void> {
  const drained = await running.queue.stop(drainMilliseconds);
  if (!drained) log.warn('some reconciles did not end in time; their addons are looked at again by the next leader');
  await running.logins.stop();
  await running.elector.stop();
  await running.events.drain(2_000);
  await running.caches.stop();
  await running.health.close();
  await Promise.all(running.transports.map((transport) => transport.close()));
}

function announce(
  events: EventRecorder,
  log: Log,
  addon: PostgresAddon,
  before: AddonStatus | undefined,
  after: AddonStatus,
): void {
  const { name, namespace, uid } = addon.metadata;
  for (const transition of transitions(before, after)) {
    log.info(transition.note, { addon: `${namespace}/${name}`, reason: transition.reason, phase: after.phase });
    events.emit({
      regarding: { apiVersion: addonApiVersion, kind: addonGvr.kind, namespace, name, uid },
      action: 'Reconcile',
      ...transition,
    });
  }
}

function measure(metrics: Metrics, caches: Caches, queue: WorkQueue, elector: LeaderElector): void {
  const byPhase: Record<string, number> = { creating: 0, running: 0, provisioning: 0, deleted: 0 };
  const byReady: Record<string, number> = { True: 0, False: 0, Unknown: 0 };
  for (const { status } of caches.everyAddon()) {
    const phase = status?.phase ?? 'creating';
    const ready = status?.conditions?.find((condition) => condition.type === 'Ready')?.status ?? 'Unknown';
    byPhase[phase] = (byPhase[phase] ?? 0) + 1;
    byReady[ready] = (byReady[ready] ?? 0) + 1;
  }
  metrics.addons({ byPhase, byReady });
  for (const [kind, count] of Object.entries(caches.sizes())) metrics.cacheObjects(kind, count);
  metrics.longestRunning(queue.longestRunningSeconds());
  metrics.leader(elector.isLeader());
}

function hanging(queue: WorkQueue): string | undefined {
  const seconds = queue.longestRunningSeconds();
  return seconds > hangingSeconds ? `a reconcile has been running for ${Math.round(seconds)} s` : undefined;
}

/**
 * The shell: @dot-i/k8s-operator gives the life cycle (start, init, logger); everything of it that would talk to the API
 * server is overridden, because its watches exit the process on a reset connection and its patches report failures as success.
 */
export class AddonOperator extends operatorPackage.default {
  readonly #config: Config;
  readonly #log: Log;
  readonly #die: (why: string) => void;
  #running: Running | undefined;

  constructor(config: Config, log: Log, die: (why: string) => void) {
    super(log);
    this.#config = config;
    this.#log = log;
    this.#die = die;
  }

  protected override async init(): Promise<void> {
    this.#running = await launch(this.#config, this.#log, this.#die);
  }

  /** Resolves when everything has ended; the base class' own stop() would exit the process. */
  override async stop(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    if (running !== undefined) await land(running, this.#log);
  }

  protected override watchResource(): Promise<void> {
    return Promise.reject(notHere('watchResource', 'controller/caches.ts watches'));
  }
  protected override registerCustomResourceDefinition(): Promise<never> {
    return Promise.reject(notHere('registerCustomResourceDefinition', 'Helm installs the CRD'));
  }
  protected override getCustomResourceApiUri(): string {
    throw notHere('getCustomResourceApiUri', 'kube/resources.ts makes paths');
  }
  protected override setResourceStatus(): Promise<never> {
    return Promise.reject(notHere('setResourceStatus', 'controller/write-status.ts writes status'));
  }
  protected override patchResourceStatus(): Promise<never> {
    return Promise.reject(notHere('patchResourceStatus', 'controller/write-status.ts writes status'));
  }
  protected override handleResourceFinalizer(): Promise<never> {
    return Promise.reject(notHere('handleResourceFinalizer', 'there is no finalizer'));
  }
  protected override setResourceFinalizers(): Promise<never> {
    return Promise.reject(notHere('setResourceFinalizers', 'there is no finalizer'));
  }
  protected override applyAxiosKubeConfigAuth(): Promise<never> {
    return Promise.reject(notHere('applyAxiosKubeConfigAuth', 'kube/transport.ts talks to the API server'));
  }
  protected override applyGaxiosKubeConfigAuth(): Promise<never> {
    return Promise.reject(notHere('applyGaxiosKubeConfigAuth', 'kube/transport.ts talks to the API server'));
  }
}

function notHere(member: string, instead: string): Error {
  return new Error(`${member} of the base class is not used: ${instead}`);
}

/** Exit codes: 0 asked to stop; 1 could not start, or lost the lease; 2 the configuration cannot be used. */
async function run(): Promise<void> {
  let config: Config;
  try {
    config = loadConfig(process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    console.error(error.message);
    process.exit(2);
  }
  const log = createLog({ level: config.LOG_LEVEL });
  const die = (why: string): never => {
    log.error(why);
    process.exit(1);
  };
  process.on('unhandledRejection', (error) => {
    log.error('a promise was rejected and nobody looked: a defect', { error });
    process.exit(1);
  });
  try {
    const operator = new AddonOperator(config, log, die);
    stopOnSignals(operator, log, die);
    await operator.start();
  } catch (error) {
    die(`could not start: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function stopOnSignals(operator: AddonOperator, log: Log, die: (why: string) => void): void {
  let stopping = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (stopping) return;
      stopping = true;
      log.info('stopping', { signal });
      operator.stop().then(
        () => process.exit(0),
        (error: unknown) => die(`the stop failed: ${error instanceof Error ? error.message : String(error)}`),
      );
    });
  }
}

if (import.meta.main) await run();
