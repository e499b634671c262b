// Takes a snapshot of an addon and its objects, so that two addons with the same name can be compared. It masks only random and
// server-generated values, and what the caller names: everything else counts as a difference.
import type { KubeClient, LiveObject } from '../../hack/cluster/client.ts';
import { secrets } from '../../hack/cluster/kinds.ts';
import { annotations, fieldManager, labels, secretFieldManager } from '../../src/api/addon.ts';
import { resources } from '../../src/api/resources.ts';
import { dailySchedule } from '../../src/domain/backup/schedule.ts';
import { children, roles } from '../../src/domain/children.ts';
import { secretText } from './views.ts';

type Fields = Readonly<Record<string, unknown>>;

/** All children with the label of an addon's name, whether they are wanted or left over. */
export async function childrenOf(client: KubeClient, namespace: string, name: string): Promise<readonly LiveObject[]> {
  const kinds = new Set(roles.map((role) => resources[children[role].resource].gvr));
  const found = [...kinds].map(async (gvr) => {
    const listed = await client.list(gvr, namespace, `${labels.name}=${name}`);
    // A list comes without managedFields.
    return await Promise.all(listed.map(({ metadata }) => client.get(gvr, namespace, metadata.name)));
  });
  return (await Promise.all(found)).flat().filter((child) => child !== undefined);
}

/**
 * Every field of an addon's children, comparable with those of another addon: names, uids, versions, times and the password are
 * masked; so is the size of the disk, which remembers what was. Which fields we own is part of it.
 */
export async function comparableChildren(
  client: KubeClient,
  addon: LiveObject,
): Promise<Readonly<Record<string, unknown>>> {
  const { namespace = '', name } = addon.metadata;
  const source = await client.get(secrets, namespace, `${addon.status?.clusterName}-app`);
  const found = (await childrenOf(client, namespace, name)).map((child) => {
    const decoded = child.data === undefined ? child : { ...child, data: decode(child) };
    return masked(
      { [`${child.kind} ${child.metadata.name}`]: comparable(decoded) },
      addon,
      secretText(source, 'password'),
    );
  });
  return Object.assign({}, ...found) as Readonly<Record<string, unknown>>;
}

/** Masks what two addons of one spec differ in. A schedule that is not the addon's own stays as it is. */
function masked(value: Fields, { metadata, status }: LiveObject, password = '<none>'): Fields {
  const { namespace = '', name, uid } = metadata;
  const { serverName = '<none>' } = (status?.backup ?? {}) as { readonly serverName?: string };
  const text = JSON.stringify(value)
    .replaceAll(serverName, '<serverName>')
    .replaceAll(dailySchedule(`${namespace}/${name}`), '<schedule>')
    .replaceAll(password, '<password>')
    .replaceAll(uid, '<uid>')
    .replaceAll(name, '<name>')
    .replaceAll(namespace, '<namespace>');
  return JSON.parse(text) as Fields;
}

/** By the path to a field: what it was and what it is; without the versions that count each write. */
export type Differences = Readonly<Record<string, readonly [before: unknown, after: unknown]>>;

/** Every field in which two states of an object differ. */
export function differences(before: LiveObject | undefined, after: LiveObject | undefined): Differences {
  const [was, is] = [leaves(before), leaves(after)];
  const paths = [...new Set([...was.keys(), ...is.keys()])].sort();
  const changed = paths.filter(
    (path) => was.get(path) !== is.get(path) && !/^metadata (resourceVersion$|managedFields)/.test(path),
  );
  return Object.fromEntries(changed.map((path) => [path, [was.get(path), is.get(path)]]));
}

function leaves(value: unknown, path: readonly string[] = []): ReadonlyMap<string, unknown> {
  if (typeof value !== 'object' || value === null)
    return value === undefined ? new Map() : new Map([[path.join(' '), value]]);
  return new Map(Object.entries(value).flatMap(([key, inner]) => [...leaves(inner, [...path, key])]));
}

/** The status without times, versions, the size of the disk and anything about earlier changes. */
export function comparableStatus(addon: LiveObject): unknown {
  const {
    ready_at,
    primary,
    running,
    readySince,
    observedGeneration,
    credentials,
    planChange,
    resources,
    conditions = [],
    ...rest
  } = addon.status ?? {};
  const comparable = {
    ...rest,
    readyAt: typeof ready_at,
    // Which instance it is depends on the switchovers before.
    primary: typeof primary,
    readySince: typeof readySince,
    running: { ...(running as Fields), since: '<since>' },
    credentials: Object.keys((credentials ?? {}) as Fields).sort(),
    resources: { ...(resources as Fields), storage: '<disk>' },
    // A kept disk is what the sequence leaves; the reason is compared where the sizes are.
    conditions: (conditions as readonly Fields[]).map(({ type, status, reason }) =>
      type === 'PlanApplied' ? `${type}=${status}` : `${type}=${status} ${reason}`,
    ),
  };
  return masked(comparable, addon);
}

function decode(secret: LiveObject): Fields {
  return Object.fromEntries(Object.keys(secret.data ?? {}).map((key) => [key, secretText(secret, key)]));
}

function comparable(object: Omit<LiveObject, 'data'>): Fields {
  const { status, ...child } = object;
  const {
    uid,
    resourceVersion,
    creationTimestamp,
    generation,
    managedFields,
    annotations: notes,
    ...metadata
  } = child.metadata as unknown as Fields;
  const { [annotations.readyBefore]: _, ...kept } = (notes ?? {}) as Fields;
  const { storage, ...spec } = (child.spec ?? {}) as Fields;
  return {
    ...child,
    metadata: { ...metadata, annotations: kept },
    ...(child.spec === undefined ? {} : { spec: { ...spec, storage: storage && { ...storage, size: '<disk>' } } }),
    owned: ownedFields(managedFields),
  };
}

/** The fields that we are recorded to own, but for the annotation that remembers a change. */
function ownedFields(managedFields: unknown): Fields {
  const ours = [fieldManager, secretFieldManager];
  const entries = (
    managedFields as readonly { readonly manager: string; readonly operation: string; readonly fieldsV1: unknown }[]
  )
    .filter(({ manager }) => ours.includes(manager))
    .map(({ manager, operation, fieldsV1 }) => {
      const { 'f:annotations': _, ...metadata } = ((fieldsV1 as Fields)['f:metadata'] ?? {}) as Fields;
      return [`${manager} ${operation}`, { ...(fieldsV1 as Fields), 'f:metadata': metadata }] as const;
    });
  return Object.fromEntries(entries);
}
