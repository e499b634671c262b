// Carries out the Backups of simulated Clusters as CNPG 1.30 and the Barman Cloud plugin 0.14 do: ObjectStore first, then the Backup, then
// the Cluster (pkg/management/postgres/webserver/plugin_backup.go, internal/cnpgi/instance/backup.go). The bucket is a table in memory.
import type { KubeClient, LiveObject } from '../../hack/cluster/client.ts';
import { barmanPlugin, objectStoreGvr } from '../../src/api/barman.ts';
import { pause } from '../../src/api/clock.ts';
import { backupGvr } from '../../src/api/cnpg.ts';
import { ApiError } from '../../src/kube/errors.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import {
  archivingFails,
  archivingWorks,
  backupFailed,
  backupStarted,
  backupSucceeded,
  timestamp,
} from './conditions.ts';
import type { ArchiveOf, ClusterLife } from './life.ts';

/** A Backup, as far as it is carried out. */
interface SimulatedBackup extends LiveObject {
  readonly spec: { readonly method?: string; readonly cluster: { readonly name: string } };
}

export interface BackupsOptions {
  readonly client: KubeClient;
  readonly lifeOf: (namespace: string, cluster: string) => ClusterLife | undefined;
  /** How long a base backup takes. Milliseconds. */
  readonly lasts: () => number;
  readonly onError: (error: unknown) => void;
}

/** The words of CNPG for a backup that the plugin could not take, with Barman's exit status. */
export const exitStatus = (code: number): string =>
  `rpc error: code = Unknown desc = unexpected failure invoking barman-cloud-wal-archive: exit status ${code}`;

export class Backups {
  readonly #options: BackupsOptions;
  readonly #end = new AbortController();
  readonly #failures = new Map<string, string>();
  readonly #gates = new Map<string, { readonly passed: Promise<void>; readonly pass: () => void }>();
  /** The end of the oldest backup, by the path of the archive. */
  readonly #bucket = new Map<string, string>();

  constructor(options: BackupsOptions) {
    this.#options = options;
  }

  end(): void {
    this.#end.abort();
    for (const { pass } of this.#gates.values()) pass();
  }

  /** Backups of the Cluster fail from now on, with this error; undefined: no longer. */
  fail(namespace: string, cluster: string, error: string | undefined): void {
    if (error === undefined) this.#failures.delete(keyOf(namespace, cluster));
    else this.#failures.set(keyOf(namespace, cluster), error);
  }

  /** Backups of the Cluster start, and go no further before release(). */
  hold(namespace: string, cluster: string): void {
    const { promise: passed, resolve: pass } = Promise.withResolvers<void>();
    this.#gates.set(keyOf(namespace, cluster), { passed, pass });
  }

  release(namespace: string, cluster: string): void {
    this.#gates.get(keyOf(namespace, cluster))?.pass();
    this.#gates.delete(keyOf(namespace, cluster));
  }

  /** It is known of the archive that it has worked since then, in RFC 3339. @throws Error without such a Cluster */
  async worksSince(namespace: string, cluster: string, time: string): Promise<void> {
    await this.#known(namespace, cluster).note(archivingWorks, time);
  }

  /** The archive of a Cluster refuses its WAL from now on, with this error; undefined: no longer. @throws Error without such a Cluster */
  async breakArchive(namespace: string, cluster: string, error: string | undefined): Promise<void> {
    const life = this.#known(namespace, cluster);
    if (error === undefined) life.wal.mend(systemClock.now());
    else life.wal.break();
    await life.note(error === undefined ? archivingWorks : archivingFails(error));
  }

  #known(namespace: string, cluster: string): ClusterLife {
    const life = this.#options.lifeOf(namespace, cluster);
    if (life === undefined) throw new Error(`the simulator knows no Cluster ${keyOf(namespace, cluster)}`);
    return life;
  }

  /** A Backup was created. One that an earlier simulator began stays as it is. */
  created(backup: LiveObject): void {
    if (backup.status?.phase !== undefined) return;
    this.#carryOut(backup as SimulatedBackup).catch((error: unknown) => {
      // The Cluster or its namespace went away while it was worked on.
      const isFarewell = error instanceof ApiError && (error.code === 404 || error.code === 403 || error.code === 409);
      if (!isFarewell && !this.#end.signal.aborted) this.#options.onError(error);
    });
  }

  async #carryOut(backup: SimulatedBackup): Promise<void> {
    const { namespace } = backup.metadata;
    const cluster = backup.spec.cluster.name;
    const life = this.#options.lifeOf(namespace, cluster);
    // It is looked at again every 30 s; no test waits for that.
    if (life === undefined) return await this.#report(backup, { phase: 'pending' });
    const { archive } = life;
    const instanceID = { podName: life.primary };
    await this.#report(backup, { phase: 'started', method: 'plugin', instanceID, reconciliationStartedAt: now() });
    if (archive === undefined)
      return await this.#failed(backup, life, `requested plugin is not available: ${barmanPlugin}`);
    await life.note(backupStarted);
    const startedAt = now();
    const beginWal = life.wal.complete(systemClock.now());
    await this.#gates.get(keyOf(namespace, cluster))?.passed;
    await pause(systemClock, this.#options.lasts(), this.#end.signal);
    if (this.#end.signal.aborted) return;
    const store = await this.#options.client.get(objectStoreGvr, namespace, archive.store);
    const failure = this.#failures.get(keyOf(namespace, cluster)) ?? (life.wal.isBroken ? exitStatus(4) : undefined);
    if (store === undefined)
      return await this.#failed(backup, life, `objectstores.barmancloud.cnpg.io "${archive.store}" not found`);
    if (failure !== undefined) {
      await this.#reportWindow(store, archive, { lastFailedBackupTime: now() });
      return await this.#failed(backup, life, failure);
    }
    const endWal = life.wal.complete(systemClock.now());
    const stoppedAt = now();
    const path = `${namespace}/${archive.serverName}`;
    if (!this.#bucket.has(path)) this.#bucket.set(path, stoppedAt);
    await this.#reportWindow(store, archive, {
      firstRecoverabilityPoint: this.#bucket.get(path),
      lastSuccessfulBackupTime: stoppedAt,
    });
    const [backupId, backupName] = [compact(startedAt), `backup-${compact(startedAt)}`];
    const result = { backupId, backupName, beginWal, endWal, startedAt, stoppedAt, online: true };
    await this.#report(backup, { phase: 'completed', ...result, reconciliationTerminatedAt: now() });
    await life.note(backupSucceeded);
  }

  /** It fails for good. */
  async #failed(backup: SimulatedBackup, life: ClusterLife, error: string): Promise<void> {
    await this.#report(backup, { phase: 'failed', error, reconciliationTerminatedAt: now() });
    await life.note(backupFailed(error));
  }

  async #report({ metadata }: SimulatedBackup, status: Readonly<Record<string, unknown>>): Promise<void> {
    const { namespace, name, uid } = metadata;
    await this.#options.client.patch(backupGvr, namespace, name, { metadata: { uid }, status }, 'status');
  }

  async #reportWindow(
    { metadata: { namespace, name, uid } }: LiveObject,
    { serverName }: ArchiveOf,
    window: Readonly<Record<string, unknown>>,
  ): Promise<void> {
    const status = { serverRecoveryWindow: { [serverName]: window } };
    await this.#options.client.patch(objectStoreGvr, namespace, name, { metadata: { uid }, status }, 'status');
  }
}

function now(): string {
  return timestamp(Math.floor(systemClock.now() / 1000));
}

/** As Barman names its backups. */
function compact(time: string): string {
  return time.replaceAll(/[-:Z]/g, '');
}

function keyOf(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}
