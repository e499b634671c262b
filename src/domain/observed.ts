// What the operator knows of one addon when it decides: types of observations, no behaviour.
import type { PostgresAddon } from '../api/addon.ts';
import type { Reason } from '../api/conditions.ts';
import type { KubeObject, Secret } from '../api/kubernetes.ts';
import type { Facts } from '../api/workload.ts';
import type { ChildOf, Role } from './children.ts';
import type { PlanTable } from './database/plans.ts';

/** What became of looking for an object, in a cache or by a read that is made only when something depends on it. */
export type Read<T> =
  | { readonly kind: 'unread' }
  | { readonly kind: 'absent' }
  | { readonly kind: 'found'; readonly object: T }
  /** The operator lacks the permission; the message says which. */
  | { readonly kind: 'denied'; readonly message: string }
  /** The API server does not know the kind: what serves it is not installed. */
  | { readonly kind: 'notServed'; readonly reason: Reason; readonly message: string };

/** One volume claim of the Cluster, and whether its StorageClass allows it to grow. */
export interface Volume {
  readonly claim: string;
  readonly storageClass: string;
  readonly expandable: boolean;
}

/** What the platform team configured. */
export interface Platform {
  readonly plans: PlanTable;
  readonly defaultVersion: string;
  /** Container image with `{version}` in it. */
  readonly imagePattern: string;
  readonly connectionCheck: ConnectionCheck;
}

/** Whether `running` asks for a login: as a condition, as a remark, or not at all. */
export type ConnectionCheck = 'Required' | 'Advisory' | 'Off';

/** The object of each child's name, whoever owns it. Those that are watched are never `unread`. */
export type Children = { readonly [R in Role]: Read<ChildOf<R>> };

export interface Observed {
  readonly addon: PostgresAddon;
  /** The addon no longer exists: it is as it was seen last, and only what it left behind is marked. */
  readonly gone: boolean;
  readonly platform: Platform;
  readonly children: Children;
  /** CNPG's Secret with the credentials. */
  readonly source: Read<Secret>;
  readonly volumes: Read<readonly Volume[]>;
  /** The addon as the API server has it: read before an object changes hands, since a cache may be late. */
  readonly live: Read<KubeObject>;
  /** What pods, claims and events say of a Cluster that does not come up. */
  readonly facts: Read<Facts>;
  /** uids of the living addons for which the objects found were made, other than this one. */
  readonly livingOwners: readonly string[];
  /** Whether it is time to read the Secrets, and to log in, although nothing changed. */
  readonly resync: boolean;
}
