// Everything one reconcile may touch, handed in by the composition root; no room reaches for anything else.
import type { AddonStatus, PostgresAddon } from '../api/addon.ts';
import type { Clock } from '../api/clock.ts';
import type { KubeObject } from '../api/kubernetes.ts';
import type { ObjectOf, WatchedResource } from '../api/resources.ts';
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

/** A cache of each watched resource. */
export type WatchedCaches = { readonly [N in WatchedResource]: Cache<ObjectOf<N>> };

export interface World {
  readonly platform: Platform;
  readonly clock: Clock;
  readonly log: Log;
  readonly caches: WatchedCaches;
  /** Whether the API server lets us see each watched resource in a namespace. */
  readonly availability: (namespace: string) => Readonly<Record<WatchedResource, Availability>>;
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
