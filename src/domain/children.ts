// The objects that the operator makes for an addon, one row each. Whoever does something with every child goes over this table and has no
// list of its own: a child that is forgotten in one place is lost, or left behind.
import { type Concern, concerns } from '../api/conditions.ts';
import type { KubeObject, Secret } from '../api/kubernetes.ts';
import { type ObjectOf, type ResourceName, resources } from '../api/resources.ts';
import { scheduledBackupName, urlSecretName } from './names.ts';

interface ChildRow {
  /** What it is to the API server. Two roles may have one resource. */
  readonly resource: ResourceName;
  /** Whose condition a refusal of it is told in. */
  readonly concern: Concern;
  /** Its name, from the names that an addon has for good. */
  readonly name: (of: { readonly cluster: string; readonly appId: string }) => string;
  /** What an apply that changes only the owner has to repeat, so that it stays. */
  readonly keeps: (live: never) => Readonly<Record<string, unknown>>;
  /** The operator may delete it when nobody wants it any more. Never of anything that holds data. */
  readonly removable: boolean;
}

const itsSpec = ({ spec }: { readonly spec: unknown }): Readonly<Record<string, unknown>> => ({ spec });

/** By role. The first, which holds the data, is adopted before the others and released after them: they are known by the uid on it. */
export const children = {
  cluster: {
    resource: 'clusters',
    concern: 'database',
    name: ({ cluster }) => cluster,
    keeps: itsSpec,
    removable: false,
  },
  scheduledBackup: {
    resource: 'scheduledBackups',
    concern: 'backup',
    name: ({ cluster }) => scheduledBackupName(cluster),
    keeps: itsSpec,
    removable: true,
  },
  urlSecret: {
    resource: 'secrets',
    concern: 'credentials',
    name: ({ appId }) => urlSecretName(appId),
    keeps: ({ type, data: { DATABASE_URL } = {} }: Secret) => ({
      type,
      ...(DATABASE_URL === undefined ? {} : { data: { DATABASE_URL } }),
    }),
    removable: false,
  },
} as const satisfies Readonly<Record<string, ChildRow>>;

/** What a child is to its addon. */
export type Role = keyof typeof children;
export type ChildOf<R extends Role> = ObjectOf<(typeof children)[R]['resource']>;
type RoleWith<Row> = { readonly [R in Role]: (typeof children)[R] extends Row ? R : never }[Role];
export type RemovableRole = RoleWith<{ readonly removable: true }>;

export const roles = Object.keys(children) as readonly Role[];

/** A value for each role. */
export function byRole<T>(of: (role: Role) => T): Readonly<Record<Role, T>> {
  return Object.fromEntries(roles.map((role) => [role, of(role)])) as Readonly<Record<Role, T>>;
}

/** The kind of a role, as Kubernetes calls it. */
export function kindOf(role: Role): string {
  return resources[children[role].resource].gvr.kind;
}

/** Whether its objects are watched, and known without a read. */
export function isWatched(role: Role): boolean {
  return resources[children[role].resource].access === 'watched';
}

/** Whether the addon is of no use without it. */
export function isEssential(role: Role): boolean {
  return concerns[children[role].concern].essential;
}

/** What an apply has to repeat of a child so that it stays. */
export function keptOf(role: Role, live: KubeObject): Readonly<Record<string, unknown>> {
  return children[role].keeps(live as never);
}
