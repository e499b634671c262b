// Simulates CloudNativePG as far as the operator observes it: status and children of Clusters, without pods and webhooks. It behaves as
// recorded from CNPG 1.30. Without delays, a new Cluster needs two writes: the Secret and the healthy status.
import { connect, type KubeClient, type LiveObject } from '../../hack/cluster/client.ts';
import { secrets } from '../../hack/cluster/kinds.ts';
import { pause } from '../../src/api/clock.ts';
import { backupGvr, clusterGvr, databaseRoleGvr } from '../../src/api/cnpg.ts';
import type { KubeObject } from '../../src/api/kubernetes.ts';
import { type Change, Store } from '../../src/kube/store.ts';
import type { Reflector } from '../../src/kube/watch.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { follow } from '../harness/follow.ts';
import { Backups } from './backups.ts';
import { ClusterLife, type SimulatedCluster, secretKinds } from './life.ts';
import { DatabaseRoles } from './roles.ts';
import type { Pace } from './sequences.ts';
import { liveVolumes, noVolumes, resizeVolumes } from './volumes.ts';
import type { Wal } from './wal.ts';

export interface SimulatorOptions {
  /** Path of a kubeconfig that may do what CNPG may. */
  readonly kubeconfig: string;
  readonly pace: Pace;
  /** Whether instances get volume claims, and Secrets, Backups and DatabaseRoles are followed; the benchmark needs none of it. */
  readonly thorough: boolean;
}

export class Simulator {
  readonly #options: SimulatorOptions;
  readonly #client: KubeClient;
  readonly #lives = new Map<string, ClusterLife>();
  readonly #held = new Set<string>();
  readonly #slow = new Set<string>();
  readonly #storageClasses = new Map<string, string>();
  readonly #reflectors: readonly Reflector<KubeObject>[];
  readonly #errors: unknown[] = [];
  readonly #end = new AbortController();
  /** What the Barman Cloud plugin does. */
  readonly backups: Backups;
  readonly roles: DatabaseRoles;
  #pace: Pace;

  constructor(options: SimulatorOptions) {
    this.#options = options;
    this.#pace = options.pace;
    this.#client = connect(options.kubeconfig, 'cnpg-simulator');
    const clusters = new Store<KubeObject>(
      (raw) => raw,
      (change) => this.#clusterChanged(change),
    );
    const appSecrets = new Store<KubeObject>(
      ({ apiVersion, kind, metadata }) => ({ apiVersion, kind, metadata }),
      (change) => this.#secretChanged(change),
    );
    const backups = new Store<KubeObject>(
      (raw) => raw,
      ({ type, object }) => (type === 'added' ? this.backups.created(object as LiveObject) : undefined),
    );
    const onError = (error: unknown): void => void this.#errors.push(error);
    this.backups = new Backups({
      client: this.#client,
      lifeOf: (namespace, name) => this.#life(namespace, name),
      lasts: () => this.#pace.step,
      onError,
    });
    this.roles = new DatabaseRoles({
      client: this.#client,
      pass: () => pause(systemClock, this.#pace.step, this.#end.signal),
      onError,
    });
    const roles = new Store<KubeObject>(
      (raw) => raw,
      (change) => this.roles.changed(change),
    );
    const thorough = [
      follow(this.#client, databaseRoleGvr, roles, onError),
      follow(this.#client, secrets, appSecrets, onError),
      follow(this.#client, backupGvr, backups, onError),
    ];
    this.#reflectors = [follow(this.#client, clusterGvr, clusters, onError), ...(options.thorough ? thorough : [])];
  }

  /** What went wrong in the simulator itself: a test whose simulator failed proves nothing. */
  get errors(): readonly unknown[] {
    return this.#errors;
  }

  start(): void {
    for (const reflector of this.#reflectors) reflector.start();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#reflectors.map((reflector) => reflector.stop()));
    for (const life of this.#lives.values()) life.end();
    this.backups.end();
    this.roles.end();
    this.#end.abort();
    await this.#client.close();
  }

  /** Whether it knows all Clusters that there are. */
  get isSynced(): boolean {
    return this.#reflectors.every((reflector) => reflector.status.synced);
  }

  /** The pace of Clusters that are created from now on. */
  setPace(pace: Pace): void {
    this.#pace = pace;
  }

  /** The volumes of a Cluster do not grow before finishVolumes(). */
  delayVolumes(namespace: string, name: string): void {
    this.#slow.add(keyOf(namespace, name));
  }

  async finishVolumes(namespace: string, name: string): Promise<void> {
    this.#slow.delete(keyOf(namespace, name));
    await resizeVolumes(this.#client, namespace, name);
  }

  /** A Cluster goes no further than where it is, or, before it exists, than `Setting up primary`. */
  hold(namespace: string, name: string): void {
    this.#held.add(keyOf(namespace, name));
    this.#life(namespace, name)?.hold();
  }

  release(namespace: string, name: string): void {
    this.#held.delete(keyOf(namespace, name));
    this.#life(namespace, name)?.release();
  }

  /** Kills the pod of the primary. @throws Error when the Cluster is not known */
  killPrimary(namespace: string, name: string): void {
    const life = this.#life(namespace, name);
    if (life === undefined) throw new Error(`the simulator knows no Cluster ${namespace}/${name}`);
    life.killPrimary();
  }

  /** Writes a status that no sequence has, as a merge patch. Hold the Cluster first if it is to stay. */
  async report(namespace: string, name: string, status: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#client.patch(clusterGvr, namespace, name, { status }, 'status');
  }

  /** The StorageClass of claims that are made from now on in the namespace; without it, the cluster's default. */
  useStorageClass(namespace: string, storageClass: string): void {
    this.#storageClasses.set(namespace, storageClass);
  }

  /** Whether the Cluster is no longer reconciled, because a volume could not grow. */
  isWedged(namespace: string, name: string): boolean {
    return this.#life(namespace, name)?.wedged === true;
  }

  /** The WAL of a Cluster; undefined if there is no such Cluster. */
  walOf(namespace: string, name: string): Wal | undefined {
    return this.#life(namespace, name)?.wal;
  }

  #life(namespace: string, name: string): ClusterLife | undefined {
    return this.#lives.get(keyOf(namespace, name));
  }

  #clusterChanged(change: Change<KubeObject>): void {
    const { type, object } = change;
    this.roles.clusterChanged(change);
    const key = keyOf(object.metadata.namespace, object.metadata.name);
    const cluster = object as SimulatedCluster;
    if (type === 'deleted') {
      this.#lives.get(key)?.end();
      this.#lives.delete(key);
    } else if (type === 'modified') {
      this.#lives.get(key)?.changed(cluster);
    } else {
      const life = this.#bear(cluster);
      if (this.#held.has(key)) life.hold();
      this.#lives.set(key, life);
      life.wake();
    }
  }

  #bear(cluster: SimulatedCluster): ClusterLife {
    const { apiVersion, kind } = cluster;
    const { namespace, name, uid } = cluster.metadata;
    const owner = { apiVersion, kind, name, uid, controller: true };
    return new ClusterLife(cluster, {
      client: this.#client,
      pace: this.#pace,
      volumes: this.#options.thorough
        ? liveVolumes(this.#client, namespace, owner, () => this.#slow.has(keyOf(namespace, owner.name)))
        : noVolumes,
      storageClass: this.#storageClasses.get(namespace),
      onError: (error) => void this.#errors.push(error),
    });
  }

  #secretChanged({ type, object }: Change<KubeObject>): void {
    this.roles.secretChanged(object);
    const { namespace, name, labels, resourceVersion } = object.metadata;
    const cluster = labels?.['cnpg.io/cluster'];
    const kind = secretKinds.find((one) => name === `${cluster}-${one}`);
    if (cluster === undefined || kind === undefined || type === 'added') return;
    this.#life(namespace, cluster)?.secretChanged(kind, type === 'deleted' ? undefined : resourceVersion);
  }
}

function keyOf(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}
