// What a world at rest may look like: as after a fresh create, or stopped by what stands in the way, or empty.
import { type AddonStatus, annotations, fieldManager, labels } from '../api/addon.ts';
import { belongs, holdsWhatIsAsked, isLeftBehind, labelOf } from './belongs.ts';
import { runsAsAsked } from './cnpg.ts';
import { addonName, childSlots, type Fields, kindOf, passwordIn, type Slot, type Stored, textOf } from './objects.ts';
import { live, type World } from './state.ts';

/** Whether the operator may stop where it is: something stands in its way that only people can move. */
export function isStopped(world: World, addon: Stored): boolean {
  const { conditions } = (addon.status ?? {}) as AddonStatus;
  if (addon.spec?.suspend === true) return conditions?.some(({ type }) => type === 'Suspended') === true;
  const reason = conditions?.find(({ type }) => type === 'Ready')?.reason;
  const others = childSlots.filter((slot) => {
    const child = live(world, slot);
    return child !== undefined && !belongs(addon, child);
  });
  switch (reason) {
    case 'NameConflict':
      return others.some((slot) => !isLeftBehindAt(world, addon, slot));
    case 'AdoptionRefused':
      return others.some((slot) => !isLeftBehindAt(world, addon, slot) || !fitsAt(world, addon, slot));
    default:
      return false;
  }
}

function isLeftBehindAt(world: World, addon: Stored, slot: Slot): boolean {
  const child = live(world, slot);
  return child !== undefined && isLeftBehind(addon, child);
}

/** A Cluster by what it holds, the others by the Cluster that they were made for. */
function fitsAt(world: World, addon: Stored, slot: Slot): boolean {
  const [child, cluster] = [live(world, slot), live(world, 'cluster')];
  if (child === undefined || cluster === undefined) return false;
  if (slot === 'cluster') return holdsWhatIsAsked(addon, child);
  const former = cluster.metadata.annotations?.[annotations.formerUid];
  return [former, labelOf(cluster, labels.uid)].includes(labelOf(child, labels.uid));
}

/** What is wrong with what an addon has and says at rest, compared with the shape of a fresh one. */
export function unlike(world: World, addon: Stored, fresh: string): string | undefined {
  const { observedGeneration, phase } = (addon.status ?? {}) as AddonStatus;
  if (observedGeneration !== addon.metadata.generation) return 'status speaks of an earlier generation';
  const is = shapeOf(world);
  if (is !== fresh) return difference(is, fresh);
  const cluster = live(world, 'cluster');
  if (phase !== 'running' || cluster === undefined) return `it rests ${phase}`;
  if (!runsAsAsked(cluster)) return 'the instances do not run what was asked for';
  const password = passwordIn(textOf(world.secret, 'DATABASE_URL'));
  return password === cluster.inside?.password ? undefined : 'DATABASE_URL does not log in';
}

/** Nothing of a deleted addon stays but what was to stay. */
export function leftOver(world: World): string | undefined {
  if (world.memory.torn || world.memory.abrupt) return undefined;
  const slots: readonly Slot[] = [...childSlots, 'source'];
  const child = slots.find((slot) => {
    const object = live(world, slot);
    if (object?.metadata.labels?.[labels.managedBy] !== fieldManager) return false;
    if (object.metadata.labels[labels.name] !== addonName) return false;
    return object.metadata.labels[labels.orphaned] !== 'true';
  });
  return child && `${kindOf[child]} stays for ever, without an addon and without a mark`;
}

/** What the addon has and says, without what differs from one database to the next. */
export function shapeOf(world: World): string {
  const addon = live(world, 'addon');
  const status = (addon?.status ?? {}) as AddonStatus;
  const own = (slot: Slot): Fields | undefined => {
    const child = live(world, slot);
    return addon !== undefined && child !== undefined && belongs(addon, child) ? childShape(child) : undefined;
  };
  const shape = {
    cluster: own('cluster'),
    backup: own('backup'),
    secret: {
      ...own('secret'),
      url: textOf(world.secret, 'DATABASE_URL')?.replace(/:[^:@]+@/, ':password@'),
    },
    finalizers: addon?.metadata.finalizers,
    status: statusShape(status),
  };
  return JSON.stringify(shape, sorted, 1).replace(/\b(?:uid|rv|pw)-\d+\b/g, '#');
}

function childShape(child: Stored): Fields {
  const { storage: _, ...spec } = child.spec ?? {};
  const { labels: own, ownerReferences, finalizers } = child.metadata;
  return { own, ownerReferences, finalizers, spec };
}

function statusShape({
  phase,
  plan,
  version,
  clusterName,
  secretName,
  resources,
  endpoints,
  backup,
  conditions,
}: AddonStatus): unknown {
  const { storage: _, ...sizes } = resources ?? {};
  const reasons = (conditions ?? []).filter(({ type }) => type !== 'Adopted' && type !== 'PlanApplied');
  const said = Object.fromEntries(reasons.map(({ type, status, reason }) => [type, `${status} ${reason}`]));
  const change = conditions?.find(({ type }) => type === 'PlanApplied');
  // A disk that the StorageClass does not let grow is the one part of a plan that a fresh create would have.
  const applied = change?.reason === 'StorageNotExpandable' ? 'True' : change?.status;
  return { phase, plan, version, clusterName, secretName, sizes, endpoints, backup, said, applied };
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
