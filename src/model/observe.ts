// How the model's operator looks, as controller/observe.ts does: caches that may be late, the live reads that the decision asks for,
// and the decision. Nothing is written here.
import { projectAddon } from '../api/addon.ts';
import { projectCluster, projectScheduledBackup } from '../api/cnpg.ts';
import type { Facts } from '../api/workload.ts';
import { defaultPlans } from '../domain/database/plans.ts';
import type { Decision } from '../domain/decide.ts';
import type { Observed, Platform, Read, Volume } from '../domain/observed.ts';
import { remainsOf } from '../domain/ownership/release.ts';
import type { Outcome } from '../domain/report.ts';
import { sameFields } from './fields.ts';
import { nameOf, rivalUid, type Stored } from './objects.ts';
import { type Feed, live, newest, nowOf, restarted, seenUpTo, type World } from './state.ts';
import type { Step } from './step.ts';
import type { Mind } from './subject.ts';

/** What the caches show. */
export interface View {
  readonly addon: Stored;
  readonly cluster: Stored | undefined;
  readonly backup: Stored | undefined;
}

/** A decision on its way. */
export interface Acting {
  readonly kind: 'acting';
  /** What was seen when it was made. */
  readonly from: View;
  /** The same, with the answers of own writes. */
  readonly seen: View;
  readonly observed: Observed;
  readonly decision: Decision;
  /** Index of the next action; after the last comes the status. */
  readonly next: number;
  readonly outcome: Outcome;
  /** Whether the login that the decision asks for was made. */
  readonly tried: boolean;
  readonly doubt: boolean;
}

export const platform: Platform = {
  plans: defaultPlans,
  defaultVersion: '17',
  imagePattern: 'example.com/postgresql:{version}',
  connectionCheck: 'Required',
};

/** The model has no pods: who may not look concludes nothing. */
const nothingToSee: Facts = {
  pods: [],
  claims: [],
  warnings: [],
  changedAt: undefined,
  unseen: ['pods', 'persistentvolumeclaims', 'events'],
};

/** The one look of an operator that has seen everything; undefined when nothing comes of it. */
export function lookAtNewest(world: World, checkup: boolean, mind: Mind): World | undefined {
  const doubt = world.process.kind === 'idle' && world.process.doubt;
  return look(newest(world), checkup || doubt, doubt, mind);
}

/** One look for each combination of what the caches may show. */
export function looks(world: World, doubt: boolean, mind: Mind): readonly Step[] {
  const steps: Step[] = [];
  const { left } = world;
  for (const addon of reachable(world.addon)) {
    for (const cluster of reachable(world.cluster)) {
      for (const backup of reachable(world.backup)) {
        const seeing = {
          ...world,
          addon: seenUpTo(world.addon, addon, left),
          cluster: seenUpTo(world.cluster, cluster, left),
          backup: seenUpTo(world.backup, backup, left),
        };
        const after = look(seeing, doubt, doubt, mind);
        const lag = lagOf(seeing);
        if (after !== undefined) steps.push(looked(`looks${lag}`, after));
        if (left.checkups === 0 || doubt) continue;
        const checking = look({ ...seeing, left: { ...left, checkups: left.checkups - 1 } }, true, doubt, mind);
        if (checking !== undefined) steps.push(looked(`looks at the Secrets too${lag}`, checking));
      }
    }
  }
  if (left.travels > 0) steps.push(looked('restarts on an old list', travelBack(world)));
  const { versions, departed } = world.addon;
  const forgets = (departed ?? []).length > 0 || versions.some((version, index) => index > 0 && version === undefined);
  if (forgets) steps.push(looked('dies between two looks', restarted(newest(world))));
  return steps;
}

function looked(label: string, world: World): Step {
  return { actor: 'operator', label, world };
}

function reachable({ versions, at }: Feed): readonly number[] {
  return versions.flatMap((_, index) => (index >= at ? [index] : []));
}

function travelBack(world: World): World {
  const back = (feed: Feed): Feed => ({ ...feed, at: 0 });
  const { addon, cluster, backup, left } = world;
  const listed = { ...world, addon: back(addon), cluster: back(cluster), backup: back(backup) };
  return restarted({ ...listed, left: { ...left, travels: left.travels - 1 } });
}

/** What a cache shows: the oldest version that it may still have, once a look has settled it. */
function shown({ versions, at }: Feed): Stored | undefined {
  return versions[at];
}

function lagOf({ addon, cluster, backup }: World): string {
  const behind = Object.entries({ addon, cluster, backup }).flatMap(([name, { versions, at }]) =>
    at < versions.length - 1 ? [`${name} ${versions.length - 1 - at} behind`] : [],
  );
  return behind.length === 0 ? '' : ` (${behind.join(', ')})`;
}

/** Observes and decides; undefined when the decision is to do and to tell nothing. */
function look(before: World, checkup: boolean, doubt: boolean, mind: Mind): World | undefined {
  const children = { cluster: shown(before.cluster), backup: shown(before.backup) };
  const world = withoutSettled(before, children.cluster);
  const pruned = world === before ? undefined : world;
  const departed = world.addon.departed?.find((gone) => remainsAt(gone, children.cluster) === 'unmarked');
  const addon = departed ?? shown(world.addon);
  if (addon === undefined) return pruned;
  const cached: View = { addon, ...children };
  const { observed, checked, view } = observe(world, cached, departed !== undefined, checkup, mind);
  const decision = mind.decide(observed, nowOf(world));
  const stillDoubtful = doubt && !checked;
  if (decision.actions.length === 0 && decision.login === undefined) {
    const status = mind.tell(observed.addon, decision.report, {}, nowOf(world));
    if (sameFields(status, observed.addon.status))
      return stillDoubtful === doubt ? pruned : { ...world, process: { kind: 'idle', doubt: stillDoubtful } };
  }
  const process: Acting = {
    kind: 'acting',
    from: view,
    seen: view,
    observed,
    decision,
    next: 0,
    outcome: {},
    tried: false,
    doubt: stillDoubtful,
  };
  return { ...world, process };
}

/** As controller/departed.ts: who is gone is forgotten once there is nothing to do about the Cluster that the cache shows. */
function withoutSettled(world: World, cluster: Stored | undefined): World {
  const { departed = [] } = world.addon;
  const undecided = departed.filter((gone) => remainsAt(gone, cluster) !== 'nothing');
  return undecided.length === departed.length ? world : { ...world, addon: { ...world.addon, departed: undecided } };
}

function remainsAt(gone: Stored, cluster: Stored | undefined): ReturnType<typeof remainsOf> {
  return remainsOf(projectAddon(gone), cluster && projectCluster(cluster));
}

/** As controller/observe.ts: the caches, and the live reads that the decision says it needs. */
function observe(
  world: World,
  view: View,
  gone: boolean,
  checkup: boolean,
  mind: Mind,
): { readonly observed: Observed; readonly checked: boolean; readonly view: View } {
  const cached: Observed = {
    addon: projectAddon(view.addon),
    gone,
    platform,
    kinds: { clusters: 'served', scheduledBackups: 'served' },
    cluster: view.cluster && projectCluster(view.cluster),
    scheduledBackup: view.backup && projectScheduledBackup(view.backup),
    source: { kind: 'unread' },
    urlSecret: { kind: 'unread' },
    volumes: { kind: 'unread' },
    confirmed: { kind: 'unread' },
    facts: { kind: 'unread' },
    holders: [],
    checkup,
  };
  const now = nowOf(world);
  const need = mind.needs(cached, now);
  const children = need.children ? { cluster: live(world, 'cluster'), backup: live(world, 'backup') } : view;
  const itself = read(live(world, 'addon'));
  const observed: Observed = {
    ...cached,
    cluster: children.cluster && projectCluster(children.cluster),
    scheduledBackup: children.backup && projectScheduledBackup(children.backup),
    source: need.source ? read(world.source) : cached.source,
    urlSecret: need.urlSecret ? read(world.secret) : cached.urlSecret,
    volumes: need.volumes ? volumesOf(world) : cached.volumes,
    confirmed: need.confirmed ? itself : cached.confirmed,
    facts: need.facts ? { kind: 'found', object: nothingToSee } : cached.facts,
    holders: holdersOf(view),
  };
  const isLoose = !need.confirmed && mind.needs(observed, now).confirmed;
  return {
    observed: isLoose ? { ...observed, confirmed: itself } : observed,
    checked: need.urlSecret,
    view: { ...view, ...children },
  };
}

function read(object: Stored | undefined): Read<Stored> {
  return object === undefined ? { kind: 'absent' } : { kind: 'found', object };
}

/** The rival lives as long as it controls anything. */
function holdersOf({ cluster }: View): readonly string[] {
  return cluster?.metadata.ownerReferences?.some(({ uid }) => uid === rivalUid) === true ? [rivalUid] : [];
}

function volumesOf(world: World): Read<readonly Volume[]> {
  const { expandable } = world.rules;
  const there = live(world, 'cluster')?.inside?.ran !== undefined;
  const claim = { claim: `${nameOf.cluster}-1`, storageClass: 'disk', expandable };
  return { kind: 'found', object: there ? [claim] : [] };
}
