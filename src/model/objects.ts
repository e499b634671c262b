// The types of the objects that the model's API server stores, and their names. No behaviour.
import { addonGvr } from '../api/addon.ts';
import type { KubeObject } from '../api/kubernetes.ts';
import { roleLevels } from '../api/login.ts';
import { byRole, children, isWatched, kindOf as kindOfRole, partsOf, type Role, roles } from '../domain/children.ts';
import { extraForms } from '../domain/extras/asked.ts';
import { clusterName, sourceSecretName } from '../domain/names.ts';

export type Fields = Readonly<Record<string, unknown>>;

/** All objects that concern one addon; `source` is CNPG's Secret with the credentials, `backup` the last first Backup of a lineage. */
export type Slot = 'addon' | Role | 'source' | 'backup';

export interface Stored extends KubeObject {
  readonly spec?: Fields;
  readonly status?: Fields;
  readonly type?: string;
  readonly data?: Readonly<Record<string, string>>;
  /** What the operator's field manager applied last. Fields that a later apply omits are removed. */
  readonly managed?: Fields;
  /** What other clients own too: an apply by the operator does not remove it. */
  readonly shared?: Fields;
  /** The actual state of a Cluster or of a DatabaseRole, which no API shows. */
  readonly inside?: Inside;
}

export interface Inside {
  /** The spec that the instances run with, as JSON; undefined before the first start. */
  readonly ran?: string;
  /** The spec that a restart in progress leads to, as JSON. */
  readonly becoming?: string;
  /** The highest version that all instances have run with. */
  readonly highest?: string;
  /** The password of the application's role, or of the role that a DatabaseRole describes. */
  readonly password?: string;
  /** Of a DatabaseRole: the uid of the Cluster in which it was made. */
  readonly cluster?: string;
}

/** The namespace and the names of the two addons of the model. */
export const namespace = 'team-a';
export const addonName = 'shop';
export const rivalName = 'rival';
/** The uid of the rival, an addon with the same appId; no numbered uid equals it, since numbers start at 1. */
export const rivalUid = 'uid-0';

/** The app that the addon of the model can be promoted to. */
export const promotedAppId = 'web';

const cluster = clusterName(namespace, addonName);
/** The name of each object: of children as in src/domain/children.ts. */
export const nameOf: Readonly<Record<Slot, string>> = {
  addon: addonName,
  ...byRole((role) => children[role].name({ cluster, appId: addonName, promotedAppId, extraForms, roleLevels }) ?? ''),
  source: sourceSecretName(cluster),
  // Each has a name of its own.
  backup: '',
};

/** The kind of each object. */
export const kindOf: Readonly<Record<Slot, string>> = {
  addon: addonGvr.kind,
  ...byRole(kindOfRole),
  source: 'Secret',
  backup: 'Backup',
};

/** All objects: the addon, its children in the order of their table, and CNPG's Secret. */
export const slots: readonly Slot[] = ['addon', ...roles, 'source', 'backup'];
/** The objects in the operator's caches, which can be stale. */
export const watchedSlots: readonly Slot[] = ['addon', ...roles.filter(isWatched)];

/** @returns undefined for an object that the model does not have */
export function slotOf(kind: string, name: string): Slot | undefined {
  return slots.find((slot) => kindOf[slot] === kind && (slot === 'backup' || nameOf[slot] === name));
}

/** The children of which the model's API server counts the changes of the spec. */
export const counted: readonly Slot[] = roleLevels.map((level) => partsOf[level].role);

/** The value of a Secret's key as text. */
export function textOf(secret: Stored | undefined, key: string): string | undefined {
  const value = secret?.data?.[key];
  return value === undefined ? undefined : Buffer.from(value, 'base64').toString();
}

/** The data of a Secret from strings. */
export function dataOf(texts: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, Buffer.from(text).toString('base64')]));
}

/** The password in any of the Secrets with credentials; undefined if there is none. */
export function passwordOf(secret: Stored | undefined): string | undefined {
  return passwordIn(textOf(secret, 'DATABASE_URL') ?? textOf(secret, 'uri')) ?? textOf(secret, 'PGPASSWORD');
}

/** The password in a DATABASE_URL of the model; its passwords need no percent-encoding. */
export function passwordIn(url: string | undefined): string | undefined {
  return /^postgresql:\/\/[^:]+:([^@]+)@/.exec(url ?? '')?.[1];
}
