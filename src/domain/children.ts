// The table of children: the objects that the operator creates for an addon, one row each. Code that handles every child iterates over
// this table and has no list of its own, because a child that is forgotten in one place would be lost or left behind.
import type { ExtraForm } from '../api/addon.ts';
import { reloadLabel } from '../api/cnpg.ts';
import { type Concern, type ConditionType, concerns } from '../api/conditions.ts';
import type { ConfigMap, KubeObject, Secret } from '../api/kubernetes.ts';
import type { RoleLevel } from '../api/login.ts';
import { type ObjectOf, type ResourceName, resources } from '../api/resources.ts';
import {
  databaseRoleName,
  extraName,
  originStoreName,
  roleLoginName,
  roleSecretName,
  scheduledBackupName,
  urlSecretName,
} from './names.ts';

/** What the names of the children are computed from. */
export interface NameParts {
  readonly cluster: string;
  readonly appId: string;
  /** The other app that the addon is promoted to, if any. */
  readonly promotedAppId: string | undefined;
  /** Which objects there can be besides the Secret with DATABASE_URL. */
  readonly extraForms: readonly ExtraForm[];
  /** Which login roles there can be besides the owner. */
  readonly roleLevels: readonly RoleLevel[];
}

interface ChildRow {
  /** Its resource. Two roles can have the same resource. */
  readonly resource: ResourceName;
  /** The concern whose conditions report a refused write of it. */
  readonly concern: Concern;
  /** Its name, computed from names of the addon that never change while the child exists; undefined if the addon has no such child. */
  readonly name: (of: NameParts) => string | undefined;
  /** The fields that an apply which only changes the owner must repeat in order to keep them. */
  readonly keeps: (live: never) => Readonly<Record<string, unknown>>;
  /** The condition that says so if the API server stored another spec than was written. */
  readonly alteredIn?: ConditionType;
  /** Whether the operator may delete it once it is not needed. Never true for an object that holds data. */
  readonly removable: boolean;
  /** What is in it, if it is one of the objects besides the Secret with DATABASE_URL. */
  readonly form?: ExtraForm;
  /** The login role that it is part of. */
  readonly level?: RoleLevel;
  /** Labels that it has besides those of every child. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** Of a Secret with DATABASE_URL. */
const itsUrl = ({ type, data: { DATABASE_URL } = {} }: Secret): Readonly<Record<string, unknown>> => ({
  type,
  ...(DATABASE_URL === undefined ? {} : { data: { DATABASE_URL } }),
});

/** All of its data: the keys depend on its form. */
const itsData = ({ type, data }: Secret): Readonly<Record<string, unknown>> => ({ type, ...(data && { data }) });

/** An object besides the Secret with DATABASE_URL: the same credentials in another form, or what a client needs besides them. */
const extra = <F extends ExtraForm>(form: F) =>
  ({
    concern: 'extras',
    name: ({ appId, extraForms }: NameParts) => (extraForms.includes(form) ? extraName(form, appId) : undefined),
    alteredIn: 'ExtrasPublished',
    removable: true,
    form,
  }) as const;
const extraSecret = <F extends ExtraForm>(form: F) =>
  ({ ...extra(form), resource: 'secrets', keeps: itsData }) as const;

const itsSpec = ({ spec }: { readonly spec: unknown }): Readonly<Record<string, unknown>> => ({ spec });

/** What is part of a login role besides the owner. @param nameOf its name, if there can be such a role */
const ofRole = <L extends RoleLevel>(level: L, nameOf: (of: NameParts) => string) =>
  ({
    concern: 'roles',
    name: (of: NameParts) => (of.roleLevels.includes(level) ? nameOf(of) : undefined),
    alteredIn: 'RolesReady',
    removable: true,
    level,
  }) as const;
const databaseRole = <L extends RoleLevel>(level: L) =>
  ({
    ...ofRole(level, ({ cluster }) => databaseRoleName(cluster, level)),
    resource: 'databaseRoles',
    keeps: itsSpec,
  }) as const;
const loginSecret = <L extends RoleLevel>(level: L) =>
  ({
    ...ofRole(level, ({ appId }) => roleLoginName(level, appId)),
    resource: 'secrets',
    keeps: itsData,
    // CNPG follows a change of the password only with this label.
    labels: { [reloadLabel]: 'true' },
  }) as const;
const roleSecret = <L extends RoleLevel>(level: L) =>
  ({ ...ofRole(level, ({ appId }) => roleSecretName(level, appId)), resource: 'secrets', keeps: itsUrl }) as const;

/** By role. The first, which holds the data, is adopted before the others and released after them: they are identified by the uid on it. */
export const children = {
  cluster: {
    resource: 'clusters',
    concern: 'database',
    name: ({ cluster }: NameParts) => cluster,
    keeps: itsSpec,
    alteredIn: 'PlanApplied',
    removable: false,
  },
  /** Where a restored database was read from. */
  originStore: {
    resource: 'objectStores',
    concern: 'backup',
    name: ({ cluster }: NameParts) => originStoreName(cluster),
    keeps: itsSpec,
    removable: false,
  },
  objectStore: {
    resource: 'objectStores',
    concern: 'backup',
    name: ({ cluster }: NameParts) => cluster,
    keeps: itsSpec,
    alteredIn: 'BackupReady',
    removable: false,
  },
  scheduledBackup: {
    resource: 'scheduledBackups',
    concern: 'backup',
    name: ({ cluster }: NameParts) => scheduledBackupName(cluster),
    keeps: itsSpec,
    alteredIn: 'BackupReady',
    removable: true,
  },
  urlSecret: {
    resource: 'secrets',
    concern: 'credentials',
    name: ({ appId }: NameParts) => urlSecretName(appId),
    alteredIn: 'CredentialsPublished',
    keeps: itsUrl,
    removable: false,
  },
  /** The Secret of the other app that the addon is promoted to. */
  promotedSecret: {
    resource: 'secrets',
    concern: 'promotion',
    name: ({ promotedAppId }: NameParts) => promotedAppId && urlSecretName(promotedAppId),
    alteredIn: 'Promoted',
    keeps: itsUrl,
    removable: false,
  },
  /** Leads to the replicas. */
  readUrlSecret: extraSecret('read-url'),
  bindingSecret: extraSecret('servicebinding'),
  variablesSecret: extraSecret('pgvars'),
  /** With the CA that signs the certificate of the server. */
  caConfigMap: {
    ...extra('ca'),
    resource: 'configMaps',
    keeps: ({ data }: ConfigMap): Readonly<Record<string, unknown>> => ({ ...(data && { data }) }),
  },
  /** Of a login role: what CNPG makes it from, the Secret with its password, and the one with its DATABASE_URL. */
  readRole: databaseRole('read'),
  readLogin: loginSecret('read'),
  readSecret: roleSecret('read'),
  writeRole: databaseRole('write'),
  writeLogin: loginSecret('write'),
  writeSecret: roleSecret('write'),
  adminRole: databaseRole('admin'),
  adminLogin: loginSecret('admin'),
  adminSecret: roleSecret('admin'),
} as const satisfies Readonly<Record<string, ChildRow>>;

/** The role of a child in its addon. */
export type Role = keyof typeof children;
export type ChildOf<R extends Role> = ObjectOf<(typeof children)[R]['resource']>;
type RoleWith<Row> = { readonly [R in Role]: (typeof children)[R] extends Row ? R : never }[Role];
export type RemovableRole = RoleWith<{ readonly removable: true }>;
/** An object besides the Secret with DATABASE_URL. */
export type ExtraRole = RoleWith<{ readonly form: ExtraForm }>;

/** All roles in the order of the table, the Cluster first. */
export const roles = Object.keys(children) as readonly Role[];

/** Whether it is one of the objects besides the Secret with DATABASE_URL. */
export function isExtra(role: Role): role is ExtraRole {
  return 'form' in children[role];
}

/** The children that are part of each login role besides the owner. */
export const partsOf = {
  read: { role: 'readRole', login: 'readLogin', secret: 'readSecret' },
  write: { role: 'writeRole', login: 'writeLogin', secret: 'writeSecret' },
  admin: { role: 'adminRole', login: 'adminLogin', secret: 'adminSecret' },
} as const satisfies Readonly<Record<RoleLevel, { readonly [part: string]: Role }>>;

/** Whether the database can be used without it, so that nothing waits for it. */
export function isSecondary(role: Role): boolean {
  return isExtra(role) || 'level' in children[role];
}

/** Their roles. */
export const extraRoles = roles.filter(isExtra);

/** A value for each role. */
export function byRole<T>(of: (role: Role) => T): Readonly<Record<Role, T>> {
  return Object.fromEntries(roles.map((role) => [role, of(role)])) as Readonly<Record<Role, T>>;
}

/** The Kubernetes kind of a role. */
export function kindOf(role: Role): string {
  return resources[children[role].resource].gvr.kind;
}

/** Whether its objects are watched, so that no read is needed. */
export function isWatched(role: Role): boolean {
  return resources[children[role].resource].access === 'watched';
}

/** The condition that reports that the API server stored another spec of a child than was written; undefined for a child without a spec. */
export function alteredIn(role: Role): ConditionType | undefined {
  const row: ChildRow = children[role];
  return row.alteredIn;
}

/** The labels of a child besides those of every child. */
export function labelsOf(role: Role): Readonly<Record<string, string>> {
  const row: ChildRow = children[role];
  return row.labels ?? {};
}

/** Whether the addon is useless without it. */
export function isEssential(role: Role): boolean {
  return concerns[children[role].concern].essential;
}

/** The fields of a child that an apply must repeat in order to keep them. */
export function keptOf(role: Role, live: KubeObject): Readonly<Record<string, unknown>> {
  return children[role].keeps(live as never);
}
