// The input of a decision: the types of what was observed about one addon.
import type { PostgresAddon } from '../api/addon.ts';
import type { ObjectStore } from '../api/barman.ts';
import type { Backup, Cluster } from '../api/cnpg.ts';
import type { Reason } from '../api/conditions.ts';
import type { Job } from '../api/job.ts';
import type { KubeObject, Secret } from '../api/kubernetes.ts';
import type { Facts } from '../api/workload.ts';
import type { Stores } from './backup/stores.ts';
import type { ChildOf, Role } from './children.ts';
import type { PlanTable } from './database/plans.ts';

/** The operator lacks the permission; the message says which. */
export interface Denied {
  readonly kind: 'denied';
  readonly message: string;
}

/** The result of looking up an object in a cache, or of a live read, which happens only if the decision depends on it. */
export type Read<T> =
  | { readonly kind: 'unread' }
  | { readonly kind: 'absent' }
  | { readonly kind: 'found'; readonly object: T }
  | Denied /** The API server failed to answer the live read of an object that only some of the decision depends on. */
  | { readonly kind: 'unavailable'; readonly retryAfterSeconds: number }
  /** The API server does not serve the kind: its provider is not installed. */
  | { readonly kind: 'notServed'; readonly reason: Reason; readonly message: string };

/** A read that only a detail depends on, and that failed for another reason than a permission; the message says of what. */
export interface Failed {
  readonly kind: 'failed';
  readonly message: string;
  /** Before that, it must not be read again. */
  readonly retryAfterSeconds?: number | undefined;
}

/** One volume claim of the Cluster, and whether its StorageClass allows it to grow. */
export interface Volume {
  readonly claim: string;
  /** Whether it holds data files, and not only WAL. */
  readonly isData: boolean;
  /** The size of its volume; empty before it is bound. */
  readonly capacity: string;
  readonly storageClass: string;
  readonly expandable: boolean;
}

/** What the platform team configured. */
export interface Platform {
  /** This installation of the operator: the `namespace/name` of its Lease, the same for all replicas and after a restart. */
  readonly operator: string;
  readonly plans: PlanTable;
  readonly defaultVersion: string;
  /** Container image with `{version}` in it. */
  readonly imagePattern: string;
  readonly imageRollout: ImageRollout;
  readonly connectionCheck: ConnectionCheck;
  readonly stores: Stores;
}

/** Whether databases keep the form of their image, or all get that of the pattern. */
export type ImageRollout = 'Never' | 'Now';

/** Whether a login is required for `running`, only reported, or not attempted. */
export type ConnectionCheck = 'Required' | 'Advisory' | 'Off';

/** The object with the name of each child, whoever owns it. Watched ones are never `unread`. */
export type Children = { readonly [R in Role]: Read<ChildOf<R>> };

/** What is there under the name of a restore drill, whoever owns it. */
export interface SeenDrill {
  readonly store: ObjectStore | undefined;
  readonly cluster: Cluster | undefined;
  /** CNPG's Secret with the credentials of the restored database. */
  readonly source: Read<Secret>;
  /** The pods, claims and events around its Cluster. */
  readonly facts: Read<Facts>;
  /** Whether another drill may begin, of all that run at once. */
  readonly hasRoom: boolean;
}

export interface Observed {
  readonly addon: PostgresAddon;
  /** The addon no longer exists: this is its last known state, and only the objects that it left behind are marked. */
  readonly gone: boolean;
  readonly platform: Platform;
  /** What the served schema of PostgresAddon lacks, in words. */
  readonly missingFromSchema: readonly string[];
  readonly children: Children;
  /** The addon that `spec.restore.from` names, whether it permits it or not; undefined if there is none. */
  readonly restoreSource: PostgresAddon | undefined;
  /** Those of the namespace that were restored; only for an addon that is about to be. */
  readonly restored: readonly PostgresAddon[];
  /** The other addons of the namespace that have the appId of this one or are promoted to it, and those that have the appId that it is promoted to. */
  readonly sameApp: readonly PostgresAddon[];
  /** CNPG's Secret with the credentials. */
  readonly source: Read<Secret>;
  /** CNPG's Secret with the CA of the server, without its key. */
  readonly authority: Read<Secret>;
  /** The base backup that the operator made last. */
  readonly backup: Read<Backup>;
  /** All Backups that the operator made for the addon: read only to remove old ones that failed. */
  readonly backups: Read<readonly Backup[]> | Failed;
  readonly volumes: Read<readonly Volume[]> | Failed;
  /** The addon as the API server has it: read before the owner of an object is changed, since a cache can be stale. */
  readonly live: Read<KubeObject>;
  readonly drill: SeenDrill;
  /** The Job that redacts a restored database, whoever made it. */
  readonly redaction: Read<Job>;
  /** The pods, claims and events around a Cluster that does not become ready. */
  readonly facts: Read<Facts>;
  /** The uids of other existing addons that the found objects were created for. */
  readonly livingOwners: readonly string[];
  /** Whether the installation that status names, if it is another one, no longer runs. */
  readonly holderGone: boolean;
  /** Milliseconds until a child may be repaired again, for those that somebody else changes all the time. */
  readonly repairWaits: { readonly [R in Role]?: number };
  /** Random text of 32 bytes, in hexadecimal, for the passwords of login roles. Secret. */
  readonly entropy: string;
  /** Whether the Secrets are due to be read, and a login to be made, although nothing changed. */
  readonly resync: boolean;
}
