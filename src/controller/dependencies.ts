// Everything one reconcile may touch, handed in by the composition root; no room reaches for anything else.
import type { AddonStatus, PostgresAddon } from '../api/addon.ts';
import type { Clock } from '../api/clock.ts';
import type { LoginResult } from '../api/login.ts';
import type { ObjectOf, WatchedResource } from '../api/resources.ts';
import type { Platform } from '../domain/observed.ts';
import type { Log } from '../runtime/log.ts';
import type { Cache } from './cache.ts';
import type { Clients } from './clients.ts';
import type { DeletedAddons } from './deleted-addons.ts';
import type { Resync } from './resync.ts';

/** Whether the API server lets us see a resource. */
export type Availability = 'served' | 'missing' | 'forbidden';

/** A cache of each watched resource. */
export type WatchedCaches = { readonly [N in WatchedResource]: Cache<ObjectOf<N>> };

export interface Dependencies {
  readonly platform: Platform;
  readonly clock: Clock;
  readonly log: Log;
  readonly caches: WatchedCaches;
  /** Whether the API server lets us see each watched resource in a namespace. */
  readonly availability: (namespace: string) => Readonly<Record<WatchedResource, Availability>>;
  readonly api: Clients;
  /** Logs in with a DATABASE_URL; slow, so it belongs outside the workers. */
  readonly login: (url: string) => Promise<LoginResult>;
  readonly resync: Resync;
  /** Addons that are gone and may have left something unmarked. */
  readonly deletedAddons: DeletedAddons;
  /** Looked at before every write: a leader that lost its lease must not write. */
  readonly mayWrite: () => boolean;
  /** Told once a new status is written. */
  readonly announce: (addon: PostgresAddon, before: AddonStatus | undefined, after: AddonStatus) => void;
}
