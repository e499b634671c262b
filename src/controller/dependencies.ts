// The dependencies of a reconcile, provided by the composition root. A reconcile uses nothing else.
import type { AddonStatus, PostgresAddon } from '../api/addon.ts';
import type { Clock } from '../api/clock.ts';
import type { LoginResult, Question } from '../api/login.ts';
import type { ObjectOf, WatchedResource } from '../api/resources.ts';
import type { Platform } from '../domain/observed.ts';
import type { OtherOperators } from '../kube/other-operators.ts';
import type { Log } from '../runtime/log.ts';
import type { Cache } from './cache.ts';
import type { Clients } from './clients.ts';
import type { DeletedAddons } from './deleted-addons.ts';
import type { Drills } from './drills.ts';
import type { HeldAddons } from './held-addons.ts';
import type { Repairs } from './repairs.ts';
import type { Resync } from './resync.ts';
import type { SameApp } from './same-app.ts';
import type { ServedSchema } from './served-schema.ts';

/** Whether the API server serves a resource and permits the operator to watch it. */
export type Availability = 'served' | 'missing' | 'forbidden';

/** A cache of each watched resource. */
export type WatchedCaches = { readonly [N in WatchedResource]: Cache<ObjectOf<N>> };

export interface Dependencies {
  readonly platform: Platform;
  readonly clock: Clock;
  readonly log: Log;
  readonly caches: WatchedCaches;
  /** Whether the caches of a namespace are filled. If not, what they lack may exist. */
  readonly sees: (namespace: string) => boolean;
  /** The keys of other addons with one of the apps of an addon; some may not exist. */
  readonly sameApp: Pick<SameApp, 'others'>;
  /** The restore drills that run at once. */
  readonly drills: Pick<Drills, 'take' | 'settle'>;
  /** The availability of each watched resource in a namespace. */
  readonly availability: (namespace: string) => Readonly<Record<WatchedResource, Availability>>;
  readonly api: Clients;
  /** What the API server knows of PostgresAddon; see {@link ServedSchema}. */
  readonly schema: Pick<ServedSchema, 'missing' | 'ofStatus'>;
  /** Logs in with a DATABASE_URL. It is slow, so it must not occupy a worker. */
  readonly login: (url: string, question?: Question) => Promise<LoginResult>;
  /** Random text of 32 bytes, in hexadecimal. Secret. */
  readonly entropy: () => string;
  readonly resync: Resync;
  readonly repairs: Repairs;
  /** Deleted addons that may have left an unmarked Cluster. */
  readonly deletedAddons: DeletedAddons;
  /** Checked before every write: a leader that lost its lease must not write. */
  readonly mayWrite: () => boolean;
  /** The other installations of the operator. */
  readonly otherOperators: Pick<OtherOperators, 'isGone'>;
  /** What was said of addons that another installation holds. */
  readonly heldAddons: Pick<HeldAddons, 'report' | 'forget'>;
  /** Called after a new status was written. */
  readonly announce: (addon: PostgresAddon, before: AddonStatus | undefined, after: AddonStatus) => void;
}
