// Simulates one Cluster from its creation to its deletion as CNPG would: the Secret at once, the status in steps, no more reports after a
// volume that cannot be expanded, and none without the ObjectStore that the Cluster names. It handles one event at a time.
import { isDeepStrictEqual } from 'node:util';
import type { KubeClient, LiveObject } from '../../hack/cluster/client.ts';
import { secrets } from '../../hack/cluster/kinds.ts';
import { barmanPlugin, objectStoreGvr } from '../../src/api/barman.ts';
import { pause } from '../../src/api/clock.ts';
import { clusterGvr } from '../../src/api/cnpg.ts';
import type { OwnerReference } from '../../src/api/kubernetes.ts';
import { ApiError } from '../../src/kube/errors.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { appSecret, newPassword } from './app-secret.ts';
import { caSecret } from './ca-secret.ts';
import { archivingWorks, Conditions, type Note } from './conditions.ts';
import {
  changing,
  creating,
  type Fleet,
  failingOver,
  healthyPhase,
  type Pace,
  type Sequence,
  type Step,
} from './sequences.ts';
import type { Volumes } from './volumes.ts';
import { Wal } from './wal.ts';

/** The fields of a Cluster that CNPG acts on here. */
export interface SimulatedCluster extends LiveObject {
  readonly spec: {
    readonly instances?: number;
    readonly imageName?: string;
    readonly primaryUpdateMethod?: string;
    readonly storage?: { readonly size?: string; readonly storageClass?: string };
    readonly resources?: unknown;
    readonly postgresql?: { readonly parameters?: unknown };
    readonly bootstrap?: { readonly initdb?: Names; readonly recovery?: Names };
    readonly externalClusters?: readonly {
      readonly plugin?: { readonly parameters?: Readonly<Record<string, string>> };
    }[];
    readonly plugins?: readonly { readonly name: string; readonly parameters?: Readonly<Record<string, string>> }[];
  };
  readonly status?: Readonly<Record<string, unknown>>;
}

interface Names {
  readonly database?: string;
  readonly owner?: string;
}

/** Where the instances archive. */
export interface ArchiveOf {
  /** The name of the ObjectStore. */
  readonly store: string;
  readonly serverName: string;
}

export interface LifeOptions {
  readonly client: KubeClient;
  readonly pace: Pace;
  readonly volumes: Volumes;
  /** StorageClass of new claims; undefined leaves it to the spec and the cluster's default. */
  readonly storageClass: string | undefined;
  readonly onError: (error: unknown) => void;
}

/** The end of the name of a Secret that CNPG makes for a Cluster. */
export const secretKinds = ['app', 'ca'] as const;
export type SecretKind = (typeof secretKinds)[number];

export class ClusterLife {
  readonly #options: LifeOptions;
  readonly #end = new AbortController();
  #cluster: SimulatedCluster;
  #fleet: Fleet | undefined;
  /** What the instances were last made from; undefined before the first. */
  #brought: SimulatedCluster['spec'] | undefined;
  #killed = false;
  readonly #secretsGone = new Set<SecretKind>();
  #wedged = false;
  readonly #conditions = new Conditions();
  #writing: Promise<unknown> = Promise.resolve();
  readonly wal = new Wal();
  #gate = Promise.resolve();
  #open: (() => void) | undefined;
  #turning = false;

  constructor(cluster: SimulatedCluster, options: LifeOptions) {
    this.#cluster = cluster;
    this.#options = options;
    this.#remember(cluster);
  }

  /** Whether a refused growth has made CNPG turn its back on this Cluster. */
  get wedged(): boolean {
    return this.#wedged;
  }

  /** Where the instances archive: one that was not restarted since does not have the plugin. */
  get archive(): ArchiveOf | undefined {
    return archiveIn(this.#brought);
  }

  get primary(): string | undefined {
    return this.#fleet?.primary;
  }

  /** An instance reports a condition. @param since in RFC 3339; by default its time is that of its status */
  async note(note: Note, since?: string): Promise<void> {
    this.#conditions.take(note, since);
    await this.#writeStatus(() => ({ conditions: this.#conditions.list }));
  }

  /** The watch showed a new state. */
  changed(cluster: SimulatedCluster): void {
    this.#cluster = cluster;
    this.wake();
  }

  end(): void {
    this.#end.abort();
    this.release();
  }

  /** Stops after the present state; a new Cluster gets as far as its Secret and `Setting up primary`. */
  hold(): void {
    if (this.#open !== undefined) return;
    this.#gate = new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  release(): void {
    this.#open?.();
    this.#open = undefined;
  }

  killPrimary(): void {
    this.#killed = true;
    this.wake();
  }

  /** One of its Secrets has a new version, or undefined: it was deleted. */
  secretChanged(kind: SecretKind, version: string | undefined): void {
    if (version === undefined) {
      this.#secretsGone.add(kind);
      this.wake();
    } else {
      this.#attempt(() => this.#writeSecretVersion(kind, version));
    }
  }

  wake(): void {
    if (this.#turning || this.#end.signal.aborted) return;
    this.#turning = true;
    this.#attempt(async () => {
      try {
        while (!this.#end.signal.aborted && (await this.#turn()));
      } finally {
        this.#turning = false;
      }
    });
  }

  /** @returns whether there may be more to do */
  async #turn(): Promise<boolean> {
    if (this.#cluster.metadata.deletionTimestamp !== undefined || this.#wedged) return false;
    // Without a word, and nothing looks again before the Cluster changes.
    if (!(await this.#hasStores())) return false;
    for (const kind of this.#secretsGone) return await this.#makeSecretAgain(kind);
    if (this.#fleet === undefined) return await this.#create();
    if (this.#killed) return await this.#failOver(this.#fleet);
    if (!isDeepStrictEqual(this.#brought, acted(this.#cluster.spec))) return await this.#change(this.#fleet);
    return false;
  }

  /** Also that which the database was restored from, long ago. */
  async #hasStores(): Promise<boolean> {
    const { spec, metadata } = this.#cluster;
    const origins = (spec.externalClusters ?? []).map(({ plugin }) => plugin?.parameters?.barmanObjectName);
    const names = [archiveIn(spec)?.store, ...origins].filter((name) => name !== undefined);
    const { client } = this.#options;
    const stores = await Promise.all(names.map((name) => client.get(objectStoreGvr, metadata.namespace, name)));
    return stores.every((store) => store !== undefined);
  }

  async #create(): Promise<boolean> {
    const { cluster, spec } = this.#parts();
    const serverCaSecretVersion = await this.#makeSecret('ca');
    const applicationSecretVersion = await this.#makeSecret('app');
    const sequence = creating(cluster, spec.instances ?? 1);
    for (const instance of sequence.fleet.instances) await this.#provide(instance, spec);
    await this.#play(sequence, spec, { secretsResourceVersion: { applicationSecretVersion, serverCaSecretVersion } });
    return true;
  }

  async #change(fleet: Fleet): Promise<boolean> {
    const { pace, volumes } = this.#options;
    await this.#opened();
    await this.#pass(pace.stale);
    const spec = acted(this.#cluster.spec);
    const before = this.#brought;
    if (!(await volumes.grow(fleet.instances, spec.storage?.size ?? ''))) {
      this.#wedged = true;
      return false;
    }
    const restart = !isDeepStrictEqual(restartingPart(before), restartingPart(spec));
    const wish = { instances: spec.instances ?? 1, restart, switchover: spec.primaryUpdateMethod === 'switchover' };
    const sequence = changing(fleet, wish);
    const added = sequence.fleet.instances.filter((instance) => !fleet.instances.includes(instance));
    for (const instance of added) await this.#provide(instance, spec);
    if (wish.restart || wish.instances !== fleet.instances.length) await this.#play(sequence, spec, {});
    else this.#brought = spec;
    const removed = fleet.instances.filter((instance) => !sequence.fleet.instances.includes(instance));
    for (const instance of removed) await volumes.remove(instance);
    return true;
  }

  async #failOver(fleet: Fleet): Promise<boolean> {
    this.#killed = false;
    await this.#play(failingOver(fleet), this.#brought ?? acted(this.#cluster.spec), {});
    return true;
  }

  async #makeSecretAgain(kind: SecretKind): Promise<boolean> {
    this.#secretsGone.delete(kind);
    const { namespace, name, uid } = this.#cluster.metadata;
    // With the Cluster its Secret goes too, and the watch of Secrets may be ahead.
    const live = await this.#options.client.get(clusterGvr, namespace, name);
    if (live?.metadata.uid !== uid || live.metadata.deletionTimestamp !== undefined) return false;
    await this.#writeSecretVersion(kind, await this.#makeSecret(kind));
    return true;
  }

  /** An existing Secret is used as it is: CNPG never edits one that it does not own. @returns its resourceVersion */
  async #makeSecret(kind: SecretKind): Promise<string> {
    const { client } = this.#options;
    const { cluster, namespace, spec, ownerReference } = this.#parts();
    const { database = 'app', owner = 'app' } = spec.bootstrap?.recovery ?? spec.bootstrap?.initdb ?? {};
    const credentials = { cluster, namespace, database, owner, password: newPassword(), ownerReference };
    const secret = kind === 'app' ? appSecret(credentials) : caSecret(cluster, namespace, ownerReference);
    try {
      return (await client.create(secrets, secret)).metadata.resourceVersion;
    } catch (error) {
      if (!(error instanceof ApiError && error.reason === 'AlreadyExists')) throw error;
      return (await client.get(secrets, namespace, secret.metadata.name))?.metadata.resourceVersion ?? '';
    }
  }

  async #provide(instance: string, spec: SimulatedCluster['spec']): Promise<void> {
    const { volumes, storageClass } = this.#options;
    await volumes.provide(instance, spec.storage?.size ?? '1Gi', spec.storage?.storageClass ?? storageClass);
  }

  /** Writes the states of a sequence one after the other; what takes no time is not written. */
  async #play(
    sequence: Sequence,
    spec: SimulatedCluster['spec'],
    withFirst: Readonly<Record<string, unknown>>,
  ): Promise<void> {
    let extra = withFirst;
    for (const step of sequence.steps) {
      const milliseconds = step.lasts === 'rest' ? 0 : this.#options.pace[step.lasts];
      const held = this.#open !== undefined && step.phase === 'Setting up primary';
      if (step.lasts !== 'rest' && milliseconds === 0 && !held) continue;
      if (step.phase !== 'Setting up primary') await this.#opened();
      if (this.#end.signal.aborted) return;
      if (step.lasts === 'rest') {
        if (this.#fleet !== undefined && this.#fleet.primary !== sequence.fleet.primary)
          this.wal.promote(systemClock.now());
        this.#fleet = sequence.fleet;
        this.#brought = spec;
        this.#archiveFirst();
      }
      this.#conditions.takeReady(step.phase === healthyPhase, step.lasts === 'rest');
      const status = { ...this.#statusOf(step, spec), ...extra };
      await this.#writeStatus(() => ({ ...status, conditions: this.#conditions.list }));
      extra = {};
      await this.#pass(milliseconds);
    }
  }

  /** The first WAL file, soon after the start. */
  #archiveFirst(): void {
    if (this.#conditions.has('ContinuousArchiving')) return;
    this.wal.complete(systemClock.now());
    this.#conditions.take(archivingWorks);
  }

  #statusOf(step: Step, spec: SimulatedCluster['spec']): Readonly<Record<string, unknown>> {
    const { cluster } = this.#parts();
    return {
      phase: step.phase,
      phaseReason: step.reason,
      instances: step.instances.length,
      instanceNames: step.instances,
      // Absent, not 0, while none is ready.
      readyInstances: step.ready === 0 ? null : step.ready,
      currentPrimary: step.current === '' ? null : step.current,
      targetPrimary: step.target,
      image: spec.imageName ?? '',
      pgDataImageInfo: { image: spec.imageName ?? '', majorVersion: majorOf(this.#brought ?? spec) },
      writeService: `${cluster}-rw`,
      readService: `${cluster}-r`,
    };
  }

  async #writeSecretVersion(kind: SecretKind, version: string): Promise<void> {
    const field = kind === 'app' ? 'applicationSecretVersion' : 'serverCaSecretVersion';
    await this.#writeStatus(() => ({ secretsResourceVersion: { [field]: version } }));
  }

  /** One after the other: a later list of conditions must not be overtaken by an earlier one. */
  async #writeStatus(statusOf: () => Readonly<Record<string, unknown>>): Promise<void> {
    const { namespace, name, uid } = this.#cluster.metadata;
    const write = async () => {
      const patch = { metadata: { uid }, status: statusOf() };
      await this.#options.client.patch(clusterGvr, namespace, name, patch, 'status');
    };
    const written = this.#writing.then(write, write);
    this.#writing = written;
    await written;
  }

  /** What an earlier simulator left: a Cluster at rest is one that was brought about. */
  #remember({ metadata, spec, status }: SimulatedCluster): void {
    const { phase, instanceNames, currentPrimary, conditions } = (status ?? {}) as {
      phase?: string;
      instanceNames?: readonly string[];
      currentPrimary?: string;
      conditions?: Conditions['list'];
    };
    this.#conditions.restore(conditions ?? []);
    if (phase !== healthyPhase || instanceNames === undefined || currentPrimary === undefined) return;
    const lastSerial = Math.max(
      ...instanceNames.map((instance) => Number(instance.slice(instance.lastIndexOf('-') + 1))),
    );
    this.#fleet = { cluster: metadata.name, instances: instanceNames, primary: currentPrimary, lastSerial };
    this.#brought = acted(spec);
  }

  #parts() {
    const { apiVersion, kind, spec } = this.#cluster;
    const { name: cluster, namespace, uid } = this.#cluster.metadata;
    const ownerReference: OwnerReference = { apiVersion, kind, name: cluster, uid, controller: true };
    return { cluster, namespace, spec: acted(spec), ownerReference };
  }

  async #opened(): Promise<void> {
    await this.#gate;
  }

  async #pass(milliseconds: number): Promise<void> {
    if (milliseconds > 0) await pause(systemClock, milliseconds, this.#end.signal);
  }

  #attempt(work: () => Promise<void>): void {
    work().catch((error: unknown) => {
      if (this.#isFarewell(error)) this.end();
      else this.#options.onError(error);
    });
  }

  /** The Cluster or its namespace went away while it was worked on. */
  #isFarewell(error: unknown): boolean {
    if (this.#end.signal.aborted) return true;
    if (!(error instanceof ApiError)) return false;
    const terminating = error.code === 403 && error.message.includes('being terminated');
    return error.code === 404 || terminating || (error.code === 409 && error.reason === 'Conflict');
  }
}

/** Where a Cluster of this spec archives. */
function archiveIn(spec: SimulatedCluster['spec'] | undefined): ArchiveOf | undefined {
  const { parameters } = spec?.plugins?.find(({ name }) => name === barmanPlugin) ?? {};
  const { barmanObjectName: store, serverName } = parameters ?? {};
  return store === undefined || serverName === undefined ? undefined : { store, serverName };
}

/** The major version in the tag of the image. */
function majorOf({ imageName = '' }: SimulatedCluster['spec']): number {
  return Number(/:(\d+)/.exec(imageName)?.[1] ?? 0);
}

/** The part of the spec that CNPG is shown to react to. */
function acted({
  instances,
  imageName,
  primaryUpdateMethod,
  storage,
  resources,
  postgresql,
  bootstrap,
  plugins,
}: SimulatedCluster['spec']) {
  return {
    instances,
    imageName,
    primaryUpdateMethod,
    storage,
    resources,
    postgresql: { parameters: postgresql?.parameters },
    bootstrap,
    plugins,
  } as SimulatedCluster['spec'];
}

function restartingPart(spec: SimulatedCluster['spec'] | undefined): unknown {
  const archives = archiveIn(spec) !== undefined;
  return { imageName: spec?.imageName, resources: spec?.resources, parameters: spec?.postgresql?.parameters, archives };
}
