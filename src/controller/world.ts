// Everything one reconcile may touch, handed in by the composition root; no room reaches for anything else.
import type { AddonStatus, PostgresAddon } from '../api/addon.ts';
import type { Clock } from '../api/clock.ts';
import type { Cluster, ScheduledBackup } from '../api/cnpg.ts';
import type { KubeObject } from '../api/kubernetes.ts';
import type { LoginResult } from '../domain/credentials/login.ts';
import type { Availability, Platform } from '../domain/observed.ts';
import type { Log } from '../runtime/log.ts';
import type { Clients } from './clients.ts';
import type { Departed } from './deleted-addons.ts';
import type { Checkups } from './resync.ts';

/** What the watches know, and the door by which own writes become visible at once. */
export interface Cache<T extends KubeObject> {
  get(namespace: string, name: string): T | undefined;
  record(raw: KubeObject): void;
  forget(namespace: string, name: string, uid: string): void;
}

export interface World {
  readonly platform: Platform;
  readonly clock: Clock;
  readonly log: Log;
  readonly addons: Cache<PostgresAddon>;
  readonly clusters: Cache<Cluster>;
  readonly scheduledBackups: Cache<ScheduledBackup>;
  readonly availability: (namespace: string) => {
    readonly clusters: Availability;
    readonly scheduledBackups: Availability;
  };
  readonly api: Clients;
  /** Logs in with a DATABASE_URL; slow, so it belongs outside the workers. */
  readonly login: (url: string) => Promise<LoginResult>;
  readonly checkups: Checkups;
  /** Addons that are gone and may have left something unmarked. */
  readonly departed: Departed;
  /** Looked at before every write: a leader that lost its lease must not write. */
  readonly mayWrite: () => boolean;
  /** Told once a new status is written. */
  readonly announce: (addon: PostgresAddon, before: AddonStatus | undefined, after: AddonStatus) => void;
}
