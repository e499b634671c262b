// The composition root: creates all parts from the configuration, starts them, and stops them in order. It makes no decisions about
// databases.
import { randomBytes, randomUUID } from 'node:crypto';
import packageJson from '../package.json' with { type: 'json' };
import { fieldManager, type PostgresAddon } from './api/addon.ts';
import type { Config } from './config.ts';
import { announce, announceEnd } from './controller/announce.ts';
import { Caches } from './controller/caches.ts';
import { clientsOf } from './controller/clients.ts';
import { DeletedAddons } from './controller/deleted-addons.ts';
import type { Dependencies } from './controller/dependencies.ts';
import { Drills } from './controller/drills.ts';
import { HeldAddons } from './controller/held-addons.ts';
import { measure } from './controller/measure.ts';
import { reconcile } from './controller/reconcile.ts';
import { Repairs } from './controller/repairs.ts';
import { Resync } from './controller/resync.ts';
import { ServedSchema } from './controller/served-schema.ts';
import { Triggers } from './controller/triggers.ts';
import type { ConnectionCheck } from './domain/observed.ts';
import { ApiError } from './kube/errors.ts';
import { EventRecorder } from './kube/events.ts';
import { LeaderElector } from './kube/lease.ts';
import { OtherOperators } from './kube/other-operators.ts';
import { Refusals } from './kube/passing.ts';
import { createTransport, loadKubeConfig, type Transport } from './kube/transport.ts';
import { Logins } from './postgres/login.ts';
import { type Die, runProcess } from './process.ts';
import { Backoff } from './runtime/backoff.ts';
import { systemClock } from './runtime/clock.ts';
import { HealthServer } from './runtime/health.ts';
import type { Log } from './runtime/log.ts';
import { Metrics } from './runtime/metrics.ts';
import type { Output } from './runtime/output.ts';
import { WorkQueue } from './runtime/queue.ts';
import { logSpin } from './runtime/spin.ts';
import { AddonOperator, type Stop } from './shell.ts';
import { SmokeTestError, smokeTest } from './smoke-test.ts';

/** How long reconciles in flight may continue after SIGTERM. The pod's grace period is 30 s. */
const drainMilliseconds = 20_000;
/** A reconcile that runs longer than this hangs: a request takes at most 30 s. */
const hangingSeconds = 300;

/** The running parts, in the order in which they stop. */
interface Parts {
  readonly queue: WorkQueue;
  readonly logins: Logins;
  readonly elector: LeaderElector;
  readonly otherOperators: OtherOperators;
  readonly events: EventRecorder;
  readonly caches: Caches;
  readonly schema: ServedSchema;
  readonly health: HealthServer;
  readonly transports: readonly Transport[];
}

/** Creates and starts all parts. Reconciling begins once this replica is the leader, and in each namespace once its caches are filled. */
async function launch(config: Config, log: Log, die: Die, output: Pick<Output, 'droppedLines'>): Promise<Stop> {
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
  const operator = `${config.POD_NAMESPACE}/${config.LEASE_NAME}`;
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
    backoff: new Backoff({ baseMilliseconds: 1000, maximumMilliseconds: 600_000, random }),
    observe: metrics.queue,
    handle: (key, _signal, offWorker) => reconcile(key, deps, offWorker),
    onError: (key, error) => log.warn('reconcile failed; requeueing', { addon: key, error }),
    onSpin: (key) => logSpin(log, key),
  });
  const enqueue = (key: string): void => queue.add(key);
  /** A status must not be written before it is known what the served schema lacks. */
  const startWhenLeading = (): void => {
    if (elector.isLeader() && schema.wasRead) queue.start();
  };
  const drills = new Drills(config.DRILLS_AT_ONCE, clock, enqueue);
  const onDeleted = (addon: PostgresAddon): void => {
    deletedAddons.add(addon);
    // It may have had the Secret of another one.
    for (const other of triggers.sameApp.others(addon)) deps.resync.markDue(other);
    announceEnd(addon, deps);
  };
  const triggers = new Triggers(enqueue, onDeleted, drills);
  const caches = new Caches({
    transport,
    clock,
    random,
    namespaces: config.WATCH_NAMESPACES,
    triggers,
    enqueue,
    onError: (error) => log.error('a watched object could not be handled', { error }),
    onFailure: (kind, namespace, failure) => log.warn('watch failed; retrying', { kind, namespace, ...failure }),
    onSmallerPages: (kind, namespace, size) =>
      log.warn('the objects are large; listing fewer at once', { kind, namespace, size }),
    onSeen: (namespace) =>
      log.info('the caches are filled', {
        namespace,
        addons: caches.sizes().addons,
        unseenNamespaces: caches.unseen(),
      }),
    observe: (kind, event) => metrics.watch(kind, event),
  });
  const schema = new ServedSchema({
    transport,
    clock,
    log,
    onChange: () => {
      startWhenLeading();
      caches.enqueueAll();
    },
  });
  const deletedAddons = new DeletedAddons(caches.of.clusters);
  const elector = new LeaderElector({
    transport: leaseTransport,
    namespace: config.POD_NAMESPACE,
    name: config.LEASE_NAME,
    identity,
    clock,
    random,
    onStartedLeading: () => {
      log.info('this replica is the leader', { identity });
      log.info('reconciling', { workers: config.WORKERS });
      startWhenLeading();
      // What could not be written during an outage is in back-off.
      caches.enqueueAll();
    },
    // From now on another replica writes. Exiting is the only safe way to stop all writes of this process.
    onStoppedLeading: (why) => die(`lost the lease: ${why}`),
    log: (level, message, fields) => log[level](message, fields),
  });

  const otherOperators = new OtherOperators({
    transport,
    clock,
    onChange: (operator) => {
      const isGone = otherOperators.isGone(operator);
      log.info(isGone ? 'another operator no longer runs; taking over its addons' : 'another operator runs again', {
        operator,
      });
      caches.enqueueHeldBy(operator);
    },
    onFailure: (operator, error) =>
      log.warn('the Lease of another operator cannot be read; leaving its addons alone', { operator, error }),
  });
  const logins = new Logins(clock);
  const deps: Dependencies = {
    platform: {
      operator,
      plans: config.plans,
      defaultVersion: config.DEFAULT_POSTGRES_VERSION,
      imagePattern: config.IMAGE_PATTERN,
      imageRollout: config.IMAGE_ROLLOUT,
      connectionCheck: config.READINESS_CONNECTION_CHECK,
      stores: config.stores,
    },
    clock,
    log,
    caches: caches.of,
    sameApp: triggers.sameApp,
    drills,
    deletedAddons,
    sees: (namespace) => caches.sees(namespace),
    availability: (namespace) => caches.availability(namespace),
    api: clientsOf(transport, clock, new Refusals(clock)),
    schema,
    login: (url, question) => logins.tryLogin(url, question),
    entropy: () => randomBytes(32).toString('hex'),
    resync: new Resync(clock, random),
    otherOperators,
    heldAddons: new HeldAddons(events, log),
    repairs: new Repairs(clock),
    mayWrite: () => elector.isLeader(),
    announce: (addon, before, after) => announce(events, log, addon, before, after),
  };

  metrics.beforeScrape(() =>
    measure(metrics, { caches, queue, elector, output, imagePattern: config.IMAGE_PATTERN, operator, schema }),
  );
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
  schema.start();
  elector.start();
  return () =>
    shutDown(
      {
        queue,
        logins,
        elector,
        otherOperators,
        events,
        caches,
        schema,
        health,
        transports: [transport, leaseTransport],
      },
      log,
    );
}

/** Stops in order: no new work, work in flight completes, the lease is released, then the rest. */
async function shutDown(parts: Parts, log: Log): Promise<void> {
  const drained = await parts.queue.stop(drainMilliseconds);
  if (!drained) log.warn('shutdown timed out with reconciles in flight; the next leader will retry them');
  parts.logins.stop();
  await parts.elector.stop();
  await parts.otherOperators.stop();
  await parts.events.drain(2_000);
  await parts.caches.stop();
  await parts.schema.stop();
  await parts.health.close();
  await Promise.all(parts.transports.map((transport) => transport.close()));
}

function hanging(queue: WorkQueue): string | undefined {
  const seconds = queue.longestRunningSeconds();
  return seconds > hangingSeconds ? `a reconcile has been running for ${Math.round(seconds)} s` : undefined;
}

/**
 * Tests an installation with an addon of its own; see smoke-test.ts.
 * @returns the exit code: 0 if all is well, 1 if not
 */
async function testInstallation(namespace: string, name: string, connectionCheck: ConnectionCheck): Promise<number> {
  const clock = systemClock;
  const stopping = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stopping.abort());
  const logins = new Logins(clock);
  let transport: Transport | undefined;
  try {
    const userAgent = `${fieldManager}-smoke-test/${packageJson.version}`;
    transport = createTransport({ kubeConfig: loadKubeConfig(), userAgent, clock });
    await smokeTest({
      transport,
      api: clientsOf(transport, clock),
      clock,
      random: Math.random,
      login: (url) => logins.tryLogin(url),
      namespace,
      name,
      id: randomUUID(),
      connectionCheck,
      say: (line) => console.log(line),
      signal: stopping.signal,
    });
    console.log('the installation works');
    return 0;
  } catch (error) {
    console.error(error instanceof SmokeTestError || error instanceof ApiError ? `failed: ${error.message}` : error);
    return 1;
  } finally {
    await transport?.close();
  }
}

function isConnectionCheck(text: string | undefined): text is ConnectionCheck {
  return text === 'Required' || text === 'Advisory' || text === 'Off';
}

const usage = 'usage: main.mjs [smoke-test NAMESPACE NAME Required|Advisory|Off]';

if (import.meta.main) {
  const [command, namespace, name, check, ...more] = process.argv.slice(2);
  if (command === undefined)
    await runProcess((config, log, die, output) => new AddonOperator(log, () => launch(config, log, die, output)));
  else if (command === 'smoke-test' && namespace && name && isConnectionCheck(check) && more.length === 0)
    process.exitCode = await testInstallation(namespace, name, check);
  else {
    console.error(usage);
    process.exitCode = 2;
  }
}
