// Judges a state at rest: it must look as after a fresh create, be stopped by an obstacle, or be empty.

import { type AddonSpec, type AddonStatus, annotations, fieldManager, labels } from '../api/addon.ts';
import { type ConditionRow, type ConditionType, conditionTypes } from '../api/conditions.ts';
import { roleLevels } from '../api/login.ts';
import { byRole, children, extraRoles, isEssential, partsOf, type Role, roles } from '../domain/children.ts';
import { authorityIn } from './authority.ts';
import { belongs, holdsWhatIsAsked, isLeftBehind, labelOf } from './belongs.ts';
import { runsAsAsked } from './cnpg.ts';
import {
  addonName,
  type Fields,
  kindOf,
  nameOf,
  passwordIn,
  passwordOf,
  type Slot,
  type Stored,
  textOf,
} from './objects.ts';
import { live, type State } from './state.ts';
import { isBelow, versionIn } from './versions.ts';

/** Whether the operator is permitted to stop: there is an obstacle that only a user can remove. */
export function isStopped(state: State, addon: Stored): boolean {
  const { conditions } = (addon.status ?? {}) as AddonStatus;
  const isDeleted = addon.metadata.deletionTimestamp !== undefined;
  if (addon.spec?.suspend === true && !isDeleted) return conditions?.some(({ type }) => type === 'Suspended') === true;
  const reason = conditions?.find(({ type }) => type === 'Ready')?.reason;
  if (reason === 'ClusterMissing') return !isDeleted && isLost(state, addon);
  // A deleted addon releases every child or none.
  const isNeeded = (role: Role): boolean =>
    isEssential(role) || (role === 'originStore' && live(state, 'cluster') === undefined);
  return roles.some((role) => (isDeleted || isNeeded(role)) && isTrueOf(state, addon, role, reason));
}

/** Whether the Cluster is gone, its backups can be restored, nobody permitted to start empty, and status claims nothing that it did. */
function isLost(state: State, addon: Stored): boolean {
  const { backup, conditions } = (addon.status ?? {}) as AddonStatus;
  const { lineages: [present, ...past] = [] } = backup ?? {};
  const restorable = [present, ...past].find((lineage) => lineage?.from !== undefined);
  const isRestorable = restorable !== undefined && present?.until === undefined;
  const asked = addon.metadata.annotations?.[annotations.startEmpty];
  const isPermitted = asked !== undefined && [present, restorable].some((one) => one?.serverName === asked);
  const isNamed = conditions?.some(({ message }) =>
    message.includes(`${annotations.startEmpty}=${restorable?.serverName} `),
  );
  const isWithout = live(state, 'cluster') === undefined && backup?.effective === 'none';
  return isWithout && isRestorable && !isPermitted && isNamed === true;
}

/**
 * The children without which the addon comes to rest: something stands in the way of one, its condition says so, and what else is
 * written for the same concern waits.
 */
export function obstructed(state: State, addon: Stored): readonly Role[] {
  const { conditions = [] } = (addon.status ?? {}) as AddonStatus;
  const inTheWay = roles.filter((role) =>
    conditions.some(
      ({ type, reason }) => concernOf(type) === children[role].concern && isTrueOf(state, addon, role, reason),
    ),
  );
  const concerns = inTheWay.map((role) => children[role].concern);
  return roles.filter((role) => !isEssential(role) && concerns.includes(children[role].concern));
}

/** Whether the reason of a condition is true for a child. */
function isTrueOf(state: State, addon: Stored, role: Role, reason: string | undefined): boolean {
  const child = live(state, role);
  const isOther = child !== undefined && !belongs(addon, child);
  switch (reason) {
    case 'NameConflict':
    case 'PromotionRefused':
      return isOther && !isLeftBehindAt(state, addon, role);
    case 'AdoptionRefused':
      return isOther && !(isLeftBehindAt(state, addon, role) && fitsAt(state, addon, role));
    case 'Refused':
      return state.refused.includes(role);
    default:
      return false;
  }
}

function concernOf(type: string): string | undefined {
  const row: ConditionRow | undefined = conditionTypes[type as ConditionType];
  return row?.concern;
}

function isLeftBehindAt(state: State, addon: Stored, slot: Role): boolean {
  const child = live(state, slot);
  return child !== undefined && isLeftBehind(addon, child);
}

/** A Cluster must have the requested database; the others must have been created for that Cluster. */
function fitsAt(state: State, addon: Stored, slot: Slot): boolean {
  const [child, cluster] = [live(state, slot), live(state, 'cluster')];
  if (child === undefined || cluster === undefined) return false;
  if (slot === 'cluster') return holdsWhatIsAsked(addon, child);
  const former = cluster.metadata.annotations?.[annotations.formerUid];
  return [former, labelOf(cluster, labels.uid)].includes(labelOf(child, labels.uid));
}

/** What a fresh create is compared with: the spec of the addon, but not a version that is refused because a higher one has run. */
export function comparableSpec(state: State, addon: Stored): AddonSpec {
  const spec = addon.spec as unknown as AddonSpec;
  const { conditions = [] } = (addon.status ?? {}) as AddonStatus;
  const cluster = live(state, 'cluster');
  const isRefused = conditions.some(({ type, reason }) => type === 'PlanApplied' && reason === 'DowngradeRefused');
  const [ran, set] = [cluster?.inside?.highest, versionIn(cluster)];
  if (!isRefused || spec.version === undefined || ran === undefined || set === undefined) return spec;
  return isBelow(spec.version, ran) ? { ...spec, version: set } : spec;
}

/** How an addon and its children at rest differ from those after a fresh create. */
export function unlike(state: State, addon: Stored, fresh: string, without: readonly Role[]): string | undefined {
  const { observedGeneration, phase } = (addon.status ?? {}) as AddonStatus;
  if (observedGeneration !== addon.metadata.generation) return 'status describes an earlier generation';
  const is = shapeOf(state, without);
  if (is !== fresh) return difference(is, fresh);
  const cluster = live(state, 'cluster');
  if (phase !== 'running' || cluster === undefined) return `it rests ${phase}`;
  if (!runsAsAsked(cluster)) return 'the instances do not run what was requested';
  const password = passwordIn(textOf(live(state, 'urlSecret'), 'DATABASE_URL'));
  if (password !== cluster.inside?.password) return 'DATABASE_URL does not log in';
  const extra = extraRoles.filter((role) => !without.includes(role)).map((role) => [role, live(state, role)] as const);
  const ca = without.includes('caConfigMap') ? undefined : live(state, 'caConfigMap');
  const isOfOther = ca?.data?.['ca.crt'] !== authorityIn(cluster.metadata.uid);
  if (ca !== undefined && belongs(addon, ca) && isOfOther) return 'the published CA is not that of the Cluster';
  const wrong = extra.find(
    ([role, secret]) => role !== 'caConfigMap' && secret && belongs(addon, secret) && passwordOf(secret) !== password,
  );
  if (wrong !== undefined) return `the credentials in ${nameOf[wrong[0]]} do not log in`;
  const loginRoles = roleLevels.filter((level) =>
    Object.values(partsOf[level]).every((part) => !without.includes(part)),
  );
  const closed = loginRoles.find((level) => {
    const [made, published] = [live(state, partsOf[level].role), live(state, partsOf[level].secret)];
    const isOwn = published !== undefined && belongs(addon, published);
    return isOwn && passwordIn(textOf(published, 'DATABASE_URL')) !== made?.inside?.password;
  });
  if (closed !== undefined) return `the DATABASE_URL of role ${closed} does not log in`;
  // What was left behind with the database is adopted or deleted.
  const former = cluster.metadata.annotations?.[annotations.formerUid];
  const left = extra.find(([, secret]) => former !== undefined && secret && labelOf(secret, labels.uid) === former);
  return left && `${nameOf[left[0]]} is forgotten`;
}

/** A child of a deleted addon that should not exist any more, if any. */
export function leftOver(state: State): string | undefined {
  if (state.memory.torn || state.memory.abrupt) return undefined;
  const slots: readonly Slot[] = [...roles, 'source'];
  const child = slots.find((slot) => {
    const object = live(state, slot);
    // With --cascade=orphan, the garbage collector does not wait for a mark that a policy refuses.
    const isRefused = slot !== 'addon' && slot !== 'source' && slot !== 'backup' && state.refused.includes(slot);
    if (isRefused && object !== undefined && state.memory.kept.includes(object.metadata.uid)) return false;
    if (object?.metadata.labels?.[labels.managedBy] !== fieldManager) return false;
    if (object.metadata.labels[labels.name] !== addonName) return false;
    return object.metadata.labels[labels.orphaned] !== 'true';
  });
  return child && `${kindOf[child]} stays for ever, without an addon and without a mark`;
}

/**
 * The children and the status of the addon, without what differs between databases.
 * @param without the children that do not count, with their conditions
 */
export function shapeOf(state: State, without: readonly Role[] = []): string {
  const addon = live(state, 'addon');
  const status = (addon?.status ?? {}) as AddonStatus;
  const own = (role: Role): Fields | undefined => {
    const child = live(state, role);
    // What was backed up stays restorable after a change to a plan without backups.
    const isKept = role === 'objectStore' && status.backup?.requested === 'none';
    const counts =
      addon !== undefined && child !== undefined && belongs(addon, child) && !without.includes(role) && !isKept;
    return counts ? withoutStore(childShape(child), without) : undefined;
  };
  const url = textOf(live(state, 'urlSecret'), 'DATABASE_URL')?.replace(/:[^:@]+@/, ':password@');
  const shape = {
    ...byRole(own),
    url,
    // Until every child has its owner reference again, the finalizer stays.
    finalizers: without.length > 0 ? undefined : addon?.metadata.finalizers,
    status: statusShape(status, without),
  };
  return JSON.stringify(shape, sorted, 1).replace(/\b(?:(?:uid|rv|pw)-\d+|db-team-a-shop-[0-9a-f]{8})\b/g, '#');
}

/** Without its ObjectStore a database archives nothing, and its schedule rests. */
function withoutStore({ spec, ...shape }: Fields, without: readonly Role[]): Fields {
  if (!without.includes('objectStore')) return { spec, ...shape };
  const { plugins: _, suspend: __, ...others } = spec as Fields;
  return { ...shape, spec: others };
}

function childShape(child: Stored): Fields {
  const { storage: _, ...spec } = child.spec ?? {};
  const { labels: own, ownerReferences, finalizers } = child.metadata;
  return { own, ownerReferences, finalizers, spec };
}

function statusShape(status: AddonStatus, without: readonly Role[]): unknown {
  const {
    phase,
    plan,
    version,
    clusterName,
    secretName,
    resources,
    endpoints,
    backup,
    roles: listed,
    conditions,
  } = status;
  const { extras, binding } = without.includes('bindingSecret') ? {} : status;
  const { storage: _, sidecarMemory, ...sizes } = resources ?? {};
  const concerns: readonly (string | undefined)[] = without.map((role) => children[role].concern);
  const reasons = (conditions ?? []).filter(
    ({ type }) => type !== 'Adopted' && type !== 'PlanApplied' && !concerns.includes(concernOf(type) ?? 'none'),
  );
  const said = Object.fromEntries(reasons.map(({ type, status, reason }) => [type, `${status} ${reason}`]));
  const change = conditions?.find(({ type }) => type === 'PlanApplied');
  // The size of a disk that cannot be expanded differs from a fresh create, and a version that is not lowered.
  const isLeft = change?.reason === 'StorageNotExpandable' || change?.reason === 'DowngradeRefused';
  const applied = isLeft ? 'True' : change?.status;
  const { requested, effective, store, schedule, archiving } = backup ?? {};
  const backups = {
    requested,
    schedule,
    // Whether the database has written anything lately does not matter.
    ...(without.includes('objectStore')
      ? {}
      : { effective, store, sidecarMemory, archiving: archiving === 'idle' ? 'ok' : archiving }),
  };
  return {
    phase,
    plan,
    version,
    clusterName,
    secretName,
    extras,
    loginRoles: without.some((role) => children[role].concern === 'roles')
      ? undefined
      : listed?.map(({ role, name, secretName, passwordVersion }) => {
          return { role, name, secretName, isProved: passwordVersion !== undefined };
        }),
    binding,
    sizes,
    endpoints,
    backups,
    said,
    applied,
  };
}

function sorted(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function difference(is: string, wanted: string): string {
  const [left, right] = [is.split('\n'), wanted.split('\n')];
  const index = left.findIndex((line, at) => line !== right[at]);
  return `at rest it has ${left[index]?.trim()}, a fresh create would have ${right[index]?.trim()}`;
}
