// Sets up integration tests: a control plane for each of Jest's workers, and for each file an operator process, a simulator, and a
// namespace per test.

import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, jest } from '@jest/globals';
import { connect, type KubeClient, type LiveObject } from '../../hack/cluster/client.ts';
import { type Cluster, down, issueKubeconfig } from '../../hack/cluster/cluster.ts';
import { leases, namespaces } from '../../hack/cluster/kinds.ts';
import { identify } from '../../hack/cluster/names.ts';
import { eventually } from '../../hack/cluster/wait.ts';
import { clusterOf, integrationCluster } from '../../hack/test/cluster-name.ts';
import { cacheRoot } from '../../hack/toolchain/cache.ts';
import { withLock } from '../../hack/toolchain/lock.ts';
import { type AddonSpec, addonApiVersion, addonGvr } from '../../src/api/addon.ts';
import { backupGvr, clusterGvr } from '../../src/api/cnpg.ts';
import { DatabaseServer } from '../simulator/database-server.ts';
import type { Pace } from '../simulator/sequences.ts';
import { Simulator } from '../simulator/simulator.ts';
import { Gate, type Write } from './admission-gate.ts';
import { AuditLog } from './audit.ts';
import { controlPlane, furnish, kubectl, makeNamespace } from './cluster.ts';
import { History } from './history.ts';
import { type Operator, type OperatorOptions, startOperator } from './operator.ts';
import { environmentWith } from './stores.ts';
import { conditionOf, isRunning, isSettled } from './views.ts';

/** CNPG's order of events, faster. */
export const testPace: Pace = { stale: 250, step: 60 };

export interface SuiteOptions {
  /** The beginning of the cluster's name; the files that a worker runs with the same one share it. */
  readonly cluster?: string;
  /** Whether an operator runs all the time. Tests of processes start their own. */
  readonly withOperator?: boolean;
  /** Whether the cluster is taken down at the end: for one that no other file uses. */
  readonly takeDown?: boolean;
  /** The object stores of its operators. Without them plans with backups have a schedule that is suspended, and no ObjectStore. */
  readonly stores?: object;
}

export class Suite {
  readonly cluster: Cluster;
  readonly client: KubeClient;
  readonly audit: AuditLog;
  readonly simulator: Simulator;
  readonly databases: DatabaseServer;
  readonly addons: History;
  readonly clusters: History;
  readonly backups: History;
  /** Where the operators of this file have their Lease. */
  readonly operatorNamespace: string;
  readonly #operators: Operator[] = [];
  readonly #gates: Gate[] = [];
  readonly #environment: Readonly<Record<string, string>>;
  #namespaces = 0;
  /** Of the names of this file's namespaces. */
  readonly namespacePrefix: string;
  /** Milliseconds since the epoch. */
  readonly startedAt = Date.now();

  /** @param environment of its operators */
  constructor(
    cluster: Cluster,
    simulator: Simulator,
    databases: DatabaseServer,
    environment: Readonly<Record<string, string>>,
  ) {
    this.cluster = cluster;
    this.databases = databases;
    this.simulator = simulator;
    this.#environment = environment;
    this.client = connect(cluster.kubeconfig, 'e2e-harness');
    this.audit = new AuditLog(cluster.auditLog, this.client);
    this.addons = new History(this.client, addonGvr);
    this.clusters = new History(this.client, clusterGvr);
    this.backups = new History(this.client, backupGvr);
    const run = randomBytes(3).toString('hex');
    this.namespacePrefix = `it-${run}`;
    this.operatorNamespace = `operator-${run}`;
  }

  async start(): Promise<void> {
    await furnish(this.client);
    await makeNamespace(this.client, this.operatorNamespace);
    this.simulator.start();
    this.addons.start();
    this.clusters.start();
    this.backups.start();
  }

  /** Kills the operators that still run. */
  async killOperators(): Promise<void> {
    await Promise.all(this.#operators.map((operator) => (operator.exit === undefined ? operator.kill() : undefined)));
  }

  async stop(): Promise<void> {
    await this.killOperators();
    await Promise.all(this.#gates.map((gate) => gate.close()));
    const histories = [this.addons, this.clusters, this.backups];
    await Promise.all([...histories.map((one) => one.stop()), this.simulator.stop(), this.databases.close()]);
    await this.client.remove(namespaces, undefined, this.operatorNamespace);
    await this.client.close();
    // A test whose simulator failed has proved nothing.
    if (this.simulator.errors.length > 0) throw new AggregateError(this.simulator.errors, 'the simulator failed');
  }

  /** The operator that runs all the time: the one started last. */
  get operator(): Operator {
    const operator = this.#operators.at(-1);
    if (operator === undefined) throw new Error('this suite has no operator of its own');
    return operator;
  }

  /** Starts one more operator process, with the chart's permissions by default. */
  async startOperator(options: Partial<OperatorOptions> = {}): Promise<Operator> {
    const operator = await startOperator({
      cluster: this.cluster,
      user: 'postgres-addon-operator',
      namespace: this.operatorNamespace,
      databases: this.databases.address,
      ...options,
      environment: { ...this.#environment, ...options.environment },
    });
    this.#operators.push(operator);
    return operator;
  }

  /** Starts the operator again, after a stop. */
  async replaceOperator(): Promise<Operator> {
    if (this.operator.exit === undefined) throw new Error('the operator still runs');
    return await this.startOperator();
  }

  /**
   * The operator dies as with its node, and another takes over. The dead one is known to be dead, so its Lease is not waited for:
   * process.test.ts shows that it would be.
   */
  async crashOperator(): Promise<Operator> {
    await this.operator.kill();
    await this.client.remove(leases, this.operatorNamespace, 'postgres-addon-operator');
    return await this.startOperator();
  }

  /**
   * The operator dies at the next of its writes that fits, which is not stored.
   * @param act what leads to that write, unless it comes by itself
   */
  async crashAt(gate: Gate, fits: (write: Write) => boolean, act?: () => Promise<unknown>): Promise<void> {
    const { user } = this.operator;
    const held = gate.hold((write) => write.user === user && fits(write));
    await act?.();
    await held;
    await this.crashOperator();
  }

  /** A new namespace; its name starts with a letter and is short. */
  async namespace(): Promise<string> {
    this.#namespaces += 1;
    const name = `${this.namespacePrefix}-${this.#namespaces}`;
    await makeNamespace(this.client, name);
    return name;
  }

  /** A gate in front of a namespace, until the end of this file. */
  async gate(namespace: string): Promise<Gate> {
    const gate = await Gate.open(this.client, namespace);
    this.#gates.push(gate);
    return gate;
  }

  /**
   * Resolves when the operator has looked at everything that happened before: its watches deliver in order, and sixteen workers do not
   * keep a new addon waiting behind another.
   */
  async fence(): Promise<void> {
    const namespace = await this.namespace();
    await this.createAddon(namespace, 'fence', { plan: 'free' });
    await this.untilRunning(namespace, 'fence');
  }

  /** Creates an addon; its history has begun when this resolves. */
  async createAddon(namespace: string, name: string, spec: AddonSpec): Promise<LiveObject> {
    const created = await this.client.create(addonGvr, {
      apiVersion: addonApiVersion,
      kind: addonGvr.kind,
      metadata: { name, namespace },
      spec,
    });
    await this.#seen(created);
    return created;
  }

  /** Changes the spec of an addon by a merge patch; its history shows the change when this resolves. */
  async patchAddon(namespace: string, name: string, spec: Readonly<Record<string, unknown>>): Promise<LiveObject> {
    const patched = await this.client.patch(addonGvr, namespace, name, { spec });
    await this.#seen(patched);
    return patched;
  }

  /** Waits until the addon runs and its status speaks of its present spec. */
  async untilRunning(namespace: string, name: string): Promise<LiveObject> {
    return await this.addons.until(namespace, name, 'phase running', isRunning);
  }

  /** Waits until it also has everything that its plan promises of backups, and all that is known of them is in status. */
  async untilSettled(namespace: string, name: string): Promise<LiveObject> {
    return await this.addons.until(namespace, name, 'phase running, and backups in force', isSettled);
  }

  /** Waits until a condition of the addon has the reason. */
  async untilReason(namespace: string, name: string, type: string, reason: string): Promise<LiveObject> {
    const holds = (state: LiveObject): boolean => conditionOf(state, type)?.reason === reason;
    return await this.addons.until(namespace, name, `${type} with reason ${reason}`, holds);
  }

  /** A wait for "running" must not be satisfied by a state from before the change. */
  async #seen({ metadata }: LiveObject): Promise<void> {
    const { namespace, name, uid, generation = 0 } = metadata;
    const holds = (state: LiveObject): boolean =>
      state.metadata.uid === uid && (state.metadata.generation ?? 0) >= generation;
    await this.addons.until(namespace, name, `generation ${generation}`, holds);
  }

  async kubectl(args: readonly string[], input?: string) {
    return await kubectl(this.cluster, args, input);
  }
}

/** Registers the suite's start and end with Jest. @returns a way to get it inside tests */
export function useSuite(options: SuiteOptions = {}): () => Suite {
  const name = clusterOf(options.cluster ?? integrationCluster, process.env.JEST_WORKER_ID ?? 1);
  let suite: Suite | undefined;
  let leave = async (): Promise<void> => undefined;
  // Longer than any wait inside a test, so that it is the wait that fails: it knows what was seen last.
  jest.setTimeout(600_000);
  beforeAll(async () => {
    leave = await enter(name);
    const cluster = await controlPlane(name);
    const simulatorKubeconfig = await issueKubeconfig(cluster, { user: 'cnpg-simulator', groups: ['system:masters'] });
    const simulator = new Simulator({ kubeconfig: simulatorKubeconfig, pace: testPace, thorough: true });
    const databases = await DatabaseServer.start(cluster.kubeconfig, simulator);
    const environment = options.stores === undefined ? {} : await environmentWith(cluster, options.stores);
    suite = new Suite(cluster, simulator, databases, environment);
    await suite.start();
    await eventually('the simulator to know all Clusters', () => {
      if (suite?.simulator.isSynced !== true) throw new Error('it is not synced');
    });
    if (options.withOperator !== false) await (await suite.startOperator()).untilReady();
  }, 900_000);
  afterAll(async () => {
    try {
      await suite?.stop();
      if (options.takeDown === true) await down(name, () => undefined);
    } finally {
      await leave();
    }
  });
  return () => {
    if (suite === undefined) throw new Error('the suite has not started');
    return suite;
  };
}

/** Waits until no other test run of this checkout uses the cluster: its operator would reconcile our addons. @returns a function that releases the cluster */
async function enter(name: string): Promise<() => Promise<void>> {
  const locks = join(cacheRoot(), 'locks');
  await mkdir(locks, { recursive: true });
  let leave = (): void => undefined;
  const inside = new Promise<void>((resolve) => {
    leave = resolve;
  });
  const waiting = (elapsed: string): void =>
    void process.stderr.write(`another run of tests uses the cluster ${name}, waiting for ${elapsed}\n`);
  return await new Promise((resolve, reject) => {
    const held = withLock(join(locks, `suite-${identify(name).realName}`), waiting, async () => {
      resolve(async () => {
        leave();
        await held;
      });
      await inside;
    });
    held.catch(reject);
  });
}
