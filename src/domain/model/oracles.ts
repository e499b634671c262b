// What must never happen, each rule by name. They judge a step by what the server had and what the operator asked for; they know
// the contract, and nothing of how the operator decides.
import type { AddonStatus, PostgresAddon } from '../../api/addon.ts';
import { annotations, fieldManager, labels, protectionFinalizer } from '../../api/addon.ts';
import type { ConditionType } from '../../api/conditions.ts';
import type { KubeObject, OwnerReference } from '../../api/kubernetes.ts';
import { defaultPlans } from '../plans.ts';
import { compareQuantities } from '../quantity.ts';
import { runningPart, runsAsAsked, statusOf } from './cnpg.ts';
import { sameFields } from './fields.ts';
import { addonName, childSlots, type Fields, kindOf, passwordIn, type Slot, type Stored, textOf } from './objects.ts';
import type { Attempt, Step } from './step.ts';
import { live, type World } from './world.ts';

/** A sentence on what is wrong with a step from `before`, or undefined. */
type Oracle = (before: World, step: Step) => string | undefined;

const slots: readonly Slot[] = ['addon', 'cluster', 'backup', 'secret', 'source'];

export const oracles = {
  'writes only what is ours': (before, step) => {
    if (step.actor !== 'operator' || step.attempt === undefined) return undefined;
    const addon = step.attempt.by.from.addon;
    for (const slot of slots) {
      const [was, is] = [live(before, slot), live(step.world, slot)];
      if (was === is) continue;
      if (slot === 'source') return "it wrote CNPG's Secret";
      if (slot === 'addon') {
        if (was?.metadata.uid !== addon.metadata.uid) return 'it wrote an addon that it had not looked at';
        if (is !== undefined && !sameFields(was.spec, is.spec)) return "it wrote the addon's spec";
      } else if (was !== undefined && !mayWrite(addon, was)) return `it wrote ${kindOf[slot]}, which is not its own`;
      else if (is !== undefined && !belongs(addon, is)) return `it left ${kindOf[slot]} that is not its own`;
    }
    return undefined;
  },

  'never a second Cluster': (before, step) => {
    const [was, is] = [live(before, 'cluster'), live(step.world, 'cluster')];
    if (step.actor === 'operator' && was !== undefined && was.metadata.uid !== is?.metadata.uid)
      return 'the Cluster is gone or another one by the doing of the operator';
    return step.attempt?.error?.reason === 'NotModelled' ? step.attempt.error.message : undefined;
  },

  'deletes nothing but the ScheduledBackup that was seen': (before, step) => {
    if (step.actor !== 'operator' || step.attempt === undefined) return undefined;
    for (const slot of childSlots) {
      const [was, is] = [live(before, slot), live(step.world, slot)];
      if (was === undefined || is !== undefined) continue;
      if (slot !== 'backup') return `it deleted ${kindOf[slot]}`;
      const seen = step.attempt.by.from.backup;
      if (seen?.metadata.uid !== was.metadata.uid || seen.metadata.resourceVersion !== was.metadata.resourceVersion)
        return 'it deleted a ScheduledBackup in another state than the one it had looked at';
    }
    const { request } = step.attempt;
    const deletes = request.verb === 'delete' && (request.child as string) !== 'ScheduledBackup';
    return deletes ? `it asked to delete ${request.child}` : undefined;
  },

  'the living keep their database': (before, step) => {
    if (step.actor !== 'collector') return undefined;
    const addon = live(before, 'addon');
    const [was, is] = [live(before, 'cluster'), live(step.world, 'cluster')];
    if (was === undefined || is?.metadata.deletionTimestamp === was.metadata.deletionTimestamp) return undefined;
    const alive = addon !== undefined && addon.metadata.deletionTimestamp === undefined;
    return alive && labelOf(was, labels.uid) === addon.metadata.uid && !before.memory.torn
      ? 'the Cluster of a living addon was collected'
      : undefined;
  },

  'the protected outlive their addon': (before, step) => {
    const gone = collected(before, step, before.memory.guarded);
    return gone && `${kindOf[gone]} of a protected addon was collected`;
  },

  'what was to be orphaned stays': (before, step) => {
    const gone = collected(before, step, before.memory.kept);
    return gone && `${kindOf[gone]} was collected although the addon was deleted with --cascade=orphan`;
  },

  'an addon goes only when its children are marked': (before, step) => {
    const was = live(before, 'addon');
    const guarded = was?.metadata.finalizers?.includes(protectionFinalizer) === true;
    const guards = live(step.world, 'addon')?.metadata.finalizers?.includes(protectionFinalizer) === true;
    if (step.actor !== 'operator' || was === undefined || !guarded || guards) return undefined;
    if (was.spec?.mode !== 'protected') return undefined;
    const unmarked = childSlots.find((slot) => {
      const child = live(before, slot);
      return child !== undefined && belongs(was, child) && labelOf(child, labels.orphaned) !== 'true' && !dying(child);
    });
    return unmarked && `the finalizer went while ${kindOf[unmarked]} was not marked`;
  },

  'no protected child has an owner': (before, step) => {
    const wrote = step.actor === 'operator' && step.attempt !== undefined;
    const addon = step.attempt?.by.from.addon;
    if (!wrote || addon?.spec?.mode !== 'protected') return undefined;
    const owned = childSlots.find((slot) => {
      const [was, is] = [live(before, slot), live(step.world, slot)];
      return was !== is && is?.metadata.ownerReferences?.some(({ uid }) => uid === addon.metadata.uid) === true;
    });
    return owned && `it wrote an owner reference into ${kindOf[owned]} of a protected addon`;
  },

  'DATABASE_URL is of this Cluster': (before, step) => {
    const [was, is] = [live(before, 'secret'), live(step.world, 'secret')];
    if (step.actor !== 'operator' || step.attempt === undefined || is === undefined || was === is) return undefined;
    const password = passwordIn(textOf(is, 'DATABASE_URL'));
    if (textOf(was, 'DATABASE_URL') === textOf(is, 'DATABASE_URL')) return undefined;
    const cluster = step.attempt.by.seen.cluster?.metadata.uid;
    return password !== undefined && password.endsWith(`.${cluster}`)
      ? undefined
      : 'it published credentials of another incarnation of the Cluster';
  },

  'a disk never shrinks': (before, step) => {
    const [was, is] = [sizeOf(live(before, 'cluster')), sizeOf(live(step.world, 'cluster'))];
    if (was !== undefined && is !== undefined && isSmaller(is, was)) return `the disk went from ${was} to ${is}`;
    const { request, by } = step.attempt ?? {};
    if (request?.verb !== 'apply' || request.child !== 'Cluster') return undefined;
    const [asked, seen] = [sizeOf(request.manifest as Fields), sizeOf(by?.seen.cluster)];
    return asked !== undefined && seen !== undefined && isSmaller(asked, seen)
      ? `it asked for ${asked} where it had seen ${seen}`
      : undefined;
  },

  'ready_at and clusterName never move': (before, step) =>
    ofStatus(step, (status, addon) => {
      const { ready_at: at, clusterName } = status;
      // A stale view may know of neither; then the schema's rule holds, and the operator looks again.
      for (const [is, was] of [
        [at, addon.status?.ready_at],
        [clusterName, addon.status?.clusterName],
      ])
        if (was !== undefined && is !== was) return `it had seen ${was}, and wrote ${is}`;
      if (step.attempt?.error !== undefined) return undefined;
      const cluster = step.attempt?.by.seen.cluster;
      const { ready } = before.memory;
      if (at === undefined || cluster === undefined || addon.status?.ready_at !== undefined) return undefined;
      const kept = cluster.metadata.annotations?.[annotations.readyAt];
      if (kept !== undefined && kept !== at) return `ready_at of a database taken back is ${at}, and was ${kept}`;
      const known = ready?.cluster === cluster.metadata.uid && !before.memory.torn && !before.memory.abrupt;
      return known && ready.at !== at ? `ready_at is ${at}, and was ${ready.at}` : undefined;
    }),

  'observedGeneration never falls': (before, step) =>
    ofStatus(step, (status) => {
      if (step.attempt?.error !== undefined) return undefined;
      const addon = live(before, 'addon');
      const was = (addon?.status as AddonStatus | undefined)?.observedGeneration ?? 0;
      const same = addon?.metadata.uid === step.attempt?.by.from.addon.metadata.uid;
      return same && (status.observedGeneration ?? 0) < was
        ? `it fell from ${was} to ${status.observedGeneration}`
        : undefined;
    }),

  'Ready means that it runs as asked': (_, step) =>
    ofStatus(step, (status, addon) => {
      if (!claimsReady(status) || step.attempt?.error !== undefined) return undefined;
      const { cluster, backup } = step.attempt?.by.seen ?? {};
      if (cluster === undefined) return 'Ready without a Cluster';
      // Who suspends an addon leaves its children to themselves.
      if (addon.spec.suspend === true) return undefined;
      if (status.observedGeneration !== addon.metadata.generation) return 'Ready speaks of another generation';
      const profile = defaultPlans[addon.spec.plan];
      const { instances, resources } = cluster.spec as { readonly instances?: number; readonly resources?: unknown };
      const { limits } = (resources ?? {}) as { readonly limits?: { readonly memory?: string } };
      if (instances !== profile.instances || limits?.memory !== profile.memory)
        return `Ready, and the Cluster does not have what plan ${addon.spec.plan} says`;
      // One that belongs to somebody else is nobody's concern in a plan without backups.
      const isBackedUp = backup !== undefined && belongs(addon, backup);
      if ((profile.backup === 'none') === isBackedUp) return 'Ready, and the ScheduledBackup is not as planned';
      return runsAsAsked(cluster) ? undefined : 'Ready, and the instances do not run what was asked for';
    }),

  'Ready means that a login succeeded': (before, step) =>
    ofStatus(step, (status, addon) => {
      const cluster = step.attempt?.by.seen.cluster;
      // Nobody logs in to a suspended addon: its status tells what CNPG says.
      if (!claimsReady(status) || cluster === undefined || addon.spec.suspend === true) return undefined;
      if (step.attempt?.error !== undefined) return undefined;
      const { login } = before.memory;
      if (login === undefined) return 'nobody has logged in since it was not ready';
      if (login.cluster !== cluster.metadata.uid) return 'the last login was to another incarnation of the Cluster';
      const primaries = [cluster, live(before, 'cluster')].map((at) => at && statusOf(at).primary);
      if (!primaries.includes(login.primary)) return 'the last login was before a failover';
      const url = textOf(before.secret, 'DATABASE_URL');
      return passwordIn(url) === undefined || url === login.url ? undefined : 'the last login was with another URL';
    }),
} as const satisfies Readonly<Record<string, Oracle>>;

export type OracleName = keyof typeof oracles | 'it comes to rest as a fresh create would';

/** The first rule that a step breaks. */
export function judge(before: World, step: Step): { readonly oracle: OracleName; readonly detail: string } | undefined {
  for (const [name, oracle] of Object.entries(oracles) as [keyof typeof oracles, Oracle][]) {
    const detail = oracle(before, step);
    if (detail !== undefined) return { oracle: name, detail };
  }
  return undefined;
}

/** Whether a child belongs to an addon: controlled by it, or by nobody and carrying its uid. */
export function belongs(addon: KubeObject, child: Stored): boolean {
  const controller = controllerOf(child);
  if (controller !== undefined) return controller.uid === addon.metadata.uid;
  return labelOf(child, labels.uid) === addon.metadata.uid;
}

/** Whether a dead addon of the same name and appId left the child behind. */
export function isLeftBehind(addon: Stored, child: Stored): boolean {
  const own = child.metadata.labels ?? {};
  return (
    controllerOf(child) === undefined &&
    own[labels.managedBy] === fieldManager &&
    own[labels.name] === addonName &&
    own[labels.appId] === addonName &&
    own[labels.uid] !== undefined &&
    own[labels.uid] !== addon.metadata.uid
  );
}

/** The child with one of these uids that the collector takes away in a step. */
function collected(before: World, { actor, world }: Step, uids: readonly string[]): Slot | undefined {
  if (actor !== 'collector') return undefined;
  return childSlots.find((slot) => {
    const [was, is] = [live(before, slot), live(world, slot)];
    if (was === undefined || dying(was) || !uids.includes(was.metadata.uid)) return false;
    return is === undefined || dying(is);
  });
}

function mayWrite(addon: Stored, child: Stored): boolean {
  return belongs(addon, child) || isLeftBehind(addon, child);
}

function controllerOf(child: Stored): OwnerReference | undefined {
  return child.metadata.ownerReferences?.find(({ controller }) => controller === true);
}

function labelOf(child: Stored, label: string): string | undefined {
  return child.metadata.labels?.[label];
}

function dying(child: Stored): boolean {
  return child.metadata.deletionTimestamp !== undefined;
}

function claimsReady(status: AddonStatus): boolean {
  return says(status, 'Ready');
}

function says({ conditions }: AddonStatus, condition: ConditionType): boolean {
  return conditions?.some(({ type, status }) => type === condition && status === 'True') === true;
}

function ofStatus(
  { attempt }: Step,
  rule: (status: AddonStatus, addon: PostgresAddon, attempt: Attempt) => string | undefined,
): string | undefined {
  if (attempt?.request.verb !== 'status') return undefined;
  return rule(attempt.request.status, attempt.by.observed.addon, attempt);
}

function sizeOf(cluster: { readonly spec?: unknown } | undefined): string | undefined {
  return (cluster?.spec as { readonly storage?: { readonly size?: string } } | undefined)?.storage?.size;
}

function isSmaller(a: string, b: string): boolean {
  return (compareQuantities(a, b) ?? 0) < 0;
}

/** What the rules remember of a step, for the steps after it. */
export function remembering({ world, attempt }: Step): World {
  if (attempt === undefined || attempt.error !== undefined) return world;
  const { by, request } = attempt;
  if (request.verb !== 'status')
    return changesWhatRuns(by.seen.cluster, live(world, 'cluster')) ? unproved(world) : world;
  const { status } = request;
  const uid = by.seen.cluster?.metadata.uid;
  const { ready_at: at } = status;
  const proved = says(status, 'Connectable') ? world : unproved(world);
  const { ready } = proved.memory;
  const isProtected = says(status, 'Protected') && live(world, 'addon')?.spec?.mode === 'protected';
  const guarded = isProtected ? unownedChildren(world, by.from.addon) : proved.memory.guarded;
  const first = ready?.cluster === uid || at === undefined || uid === undefined ? ready : { cluster: uid, at };
  return { ...proved, memory: { ...proved.memory, guarded, ...(first !== undefined && { ready: first }) } };
}

/** uids of what belongs to an addon by its label alone. */
function unownedChildren(world: World, addon: Stored): readonly string[] {
  const children = childSlots.flatMap((slot) => live(world, slot) ?? []);
  const free = children.filter((child) => controllerOf(child) === undefined && belongs(addon, child));
  return free.map(({ metadata }) => metadata.uid);
}

function unproved(world: World): World {
  const { login: _, ...memory } = world.memory;
  return { ...world, memory };
}

function changesWhatRuns(before: Stored | undefined, after: Stored | undefined): boolean {
  return (
    before !== undefined &&
    before.metadata.uid === after?.metadata.uid &&
    before.metadata.resourceVersion !== after.metadata.resourceVersion &&
    runningPart(before) !== runningPart(after)
  );
}
