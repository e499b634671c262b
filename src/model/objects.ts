// The objects of one namespace as the model's API server keeps them, and their names: types only, no behaviour.
import { addonGvr } from '../api/addon.ts';
import type { KubeObject } from '../api/kubernetes.ts';
import { byRole, children, isWatched, kindOf as kindOfRole, type Role, roles } from '../domain/children.ts';
import { clusterName, sourceSecretName } from '../domain/names.ts';

export type Fields = Readonly<Record<string, unknown>>;

/** Everything one addon has to do with; `source` is CNPG's Secret with the credentials. */
export type Slot = 'addon' | Role | 'source';

export interface Stored extends KubeObject {
  readonly spec?: Fields;
  readonly status?: Fields;
  readonly type?: string;
  readonly data?: Readonly<Record<string, string>>;
  /** What the operator's field manager applied last: what a later apply leaves out is removed. */
  readonly managed?: Fields;
  /** What no API shows of a Cluster: the truth behind CNPG's reports. */
  readonly inside?: Inside;
}

export interface Inside {
  /** The spec that the instances run with, as JSON; undefined before the first start. */
  readonly ran?: string;
  /** The spec that a restart under way leads to, as JSON. */
  readonly becoming?: string;
  /** The password of the application's role. */
  readonly password?: string;
}

export const namespace = 'team-a';
export const addonName = 'shop';
export const rivalName = 'rival';
export const rivalUid = 'uid-0';

const cluster = clusterName(namespace, addonName);
export const nameOf: Readonly<Record<Slot, string>> = {
  addon: addonName,
  ...byRole((role) => children[role].name({ cluster, appId: addonName })),
  source: sourceSecretName(cluster),
};

export const kindOf: Readonly<Record<Slot, string>> = {
  addon: addonGvr.kind,
  ...byRole(kindOfRole),
  source: 'Secret',
};

export const slots: readonly Slot[] = ['addon', ...roles, 'source'];
/** What the operator's caches show, and may show late. */
export const watchedSlots: readonly Slot[] = ['addon', ...roles.filter(isWatched)];

export function slotOf(kind: string, name: string): Slot | undefined {
  return slots.find((slot) => kindOf[slot] === kind && nameOf[slot] === name);
}

/** The value of a Secret's key as text. */
export function textOf(secret: Stored | undefined, key: string): string | undefined {
  const value = secret?.data?.[key];
  return value === undefined ? undefined : Buffer.from(value, 'base64').toString();
}

/** A Secret's data from texts. */
export function dataOf(texts: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, Buffer.from(text).toString('base64')]));
}

/** The password in a DATABASE_URL of the model; its passwords need no percent-encoding. */
export function passwordIn(url: string | undefined): string | undefined {
  return /^postgresql:\/\/[^:]+:([^@]+)@/.exec(url ?? '')?.[1];
}
