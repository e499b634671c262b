// What the operator knows of one addon when it decides: words for observations, no behaviour.
import type { PostgresAddon } from '../api/addon.ts';
import type { Cluster, ScheduledBackup } from '../api/cnpg.ts';
import type { KubeObject } from '../api/kubernetes.ts';
import type { Facts } from '../api/workload.ts';
import type { PlanTable } from './database/plans.ts';

/** A live read that is made only when something depends on it. */
export type Read<T> =
  | { readonly kind: 'unread' }
  | { readonly kind: 'absent' }
  | { readonly kind: 'found'; readonly object: T }
  | { readonly kind: 'denied'; readonly message: string };

/** Whether the API server lets us see a kind. */
export type Availability = 'served' | 'missing' | 'forbidden';

/** A Secret as read for one decision. Its data never enters a cache, a log, a status or an event. */
export interface Secret extends KubeObject {
  readonly type?: string;
  readonly data?: Readonly<Record<string, string>>;
}

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

export interface Observed {
  readonly addon: PostgresAddon;
  /** The addon is no more: it is as it was seen last, and only what it left behind is looked after. */
  readonly gone: boolean;
  readonly platform: Platform;
  readonly kinds: { readonly clusters: Availability; readonly scheduledBackups: Availability };
  /** The object of that name, whoever owns it. */
  readonly cluster: Cluster | undefined;
  readonly scheduledBackup: ScheduledBackup | undefined;
  /** CNPG's Secret with the credentials. */
  readonly source: Read<Secret>;
  /** The Secret with DATABASE_URL. */
  readonly urlSecret: Read<Secret>;
  readonly volumes: Read<readonly Volume[]>;
  /** The addon as the API server has it: read before an object changes hands, since a cache may be late. */
  readonly confirmed: Read<KubeObject>;
  /** What pods, claims and events say of a Cluster that does not come up. */
  readonly facts: Read<Facts>;
  /** uids of the living addons for which the objects found were made, other than this one. */
  readonly holders: readonly string[];
  /** Whether it is time to look at the Secrets, and to log in, although nothing changed. */
  readonly checkup: boolean;
}
