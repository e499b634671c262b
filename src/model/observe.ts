// Models how the operator observes and decides, as controller/observe.ts does: caches that can be stale, and the live reads that the
// decision needs. Nothing is written here.

import { projectAddon } from '../api/addon.ts';
import { projectCluster } from '../api/cnpg.ts';
import { namesOf } from '../domain/child-names.ts';
import { byRole, isWatched, type Role } from '../domain/children.ts';
import type { Volume } from '../domain/observed.ts';
import { leftoverOf } from '../domain/ownership/release.ts';
import { mayHavePart } from '../domain/roles/asked.ts';
import { authorityOf } from './authority.ts';
import { sameFields } from './fields.ts';
import { nameOf, rivalUid, type Slot, type Stored, watchedSlots } from './objects.ts';
import { observedOf, type Seen, type Sight } from './sight.ts';
import {
  type Acting,
  type Feed,
  live,
  newest,
  nowOf,
  restarted,
  type State,
  seenUpTo,
  type View,
  withFeed,
} from './state.ts';
import type { Step } from './step.ts';
import type { Subject } from './subject.ts';

/** One reconcile with up-to-date caches; undefined if there is nothing to write. */
export function lookAtNewest(state: State, resync: boolean, subject: Subject): State | undefined {
  const resyncDue = state.process.kind === 'idle' && state.process.resyncDue;
  return look(newest(state), resync || resyncDue, resyncDue, subject);
}

/** One reconcile for each combination of what the caches can contain. */
export function looks(state: State, resyncDue: boolean, subject: Subject): readonly Step[] {
  const steps: Step[] = [];
  const { left } = state;
  for (const seeing of combinations(state)) {
    const after = look(seeing, resyncDue, resyncDue, subject);
    const lag = lagOf(seeing);
    if (after !== undefined) steps.push(looked(`looks${lag}`, after));
    if (left.resyncs === 0 || resyncDue) continue;
    const checking = look({ ...seeing, left: { ...left, resyncs: left.resyncs - 1 } }, true, resyncDue, subject);
    if (checking !== undefined) steps.push(looked(`looks at the Secrets too${lag}`, checking));
  }
  if (left.travels > 0) steps.push(looked('restarts on an old list', travelBack(state)));
  const { versions, deleted = [] } = state.objects.addon;
  const forgets = deleted.length > 0 || versions.some((version, index) => index > 0 && version === undefined);
  if (forgets) steps.push(looked('dies between two looks', restarted(newest(state))));
  return steps;
}

/** The state for each combination of stale caches. */
function combinations(state: State): readonly State[] {
  return watchedSlots.reduce<readonly State[]>(
    (states, slot) =>
      states.flatMap((seeing) =>
        reachable(state.objects[slot]).map((at) =>
          withFeed(seeing, slot, seenUpTo(state.objects[slot], at, state.left)),
        ),
      ),
    [state],
  );
}

function looked(label: string, state: State): Step {
  return { actor: 'operator', label, state };
}

function reachable({ versions, at }: Feed): readonly number[] {
  return versions.flatMap((_, index) => (index >= at ? [index] : []));
}

function travelBack(state: State): State {
  const { left } = state;
  const listed = watchedSlots.reduce((now, slot) => withFeed(now, slot, { ...now.objects[slot], at: 0 }), state);
  return restarted({ ...listed, left: { ...left, travels: left.travels - 1 } });
}

/** What a cache contains: the oldest version that is still possible. */
function shown({ versions, at }: Feed): Stored | undefined {
  return versions[at];
}

function lagOf({ objects }: State): string {
  const behind = watchedSlots.flatMap((slot) => {
    const { versions, at } = objects[slot];
    return at < versions.length - 1 ? [`${slot} ${versions.length - 1 - at} behind`] : [];
  });
  return behind.length === 0 ? '' : ` (${behind.join(', ')})`;
}

/** Observes and decides; undefined if there is nothing to write. */
function look(before: State, resync: boolean, resyncDue: boolean, subject: Subject): State | undefined {
  const cluster = shown(before.objects.cluster);
  const state = withoutSettled(before, cluster);
  const pruned = state === before ? undefined : state;
  const gone = state.objects.addon.deleted?.find((addon) => leftoverAt(addon, cluster) === 'unmarked');
  const addon = gone ?? shown(state.objects.addon);
  if (addon === undefined) return pruned;
  const { sight, view } = observe(state, addon, gone !== undefined, resync, subject);
  const now = nowOf(state);
  const observed = observedOf(sight);
  const decision = subject.decide(observed, now, sight);
  if (decision.actions.length === 0 && decision.login === undefined) {
    const status = subject.statusOf(observed.addon, decision, {}, now);
    if (sameFields(status, observed.addon.status))
      return resyncDue ? { ...state, process: { kind: 'idle', resyncDue: false } } : pruned;
  }
  const process: Acting = {
    kind: 'acting',
    from: view,
    seen: view,
    observed,
    decision,
    next: 0,
    result: {},
    tried: false,
    // Whatever was read: a check-up that was made is not due any more.
    resyncDue: false,
  };
  return { ...state, process };
}

/** As in controller/deleted-addons.ts: a deleted addon is forgotten once nothing is left to do for the cached Cluster. */
function withoutSettled(state: State, cluster: Stored | undefined): State {
  const { addon } = state.objects;
  const { deleted = [] } = addon;
  const undecided = deleted.filter((gone) => leftoverAt(gone, cluster) !== 'nothing');
  return undecided.length === deleted.length ? state : withFeed(state, 'addon', { ...addon, deleted: undecided });
}

function leftoverAt(gone: Stored, cluster: Stored | undefined): ReturnType<typeof leftoverOf> {
  return leftoverOf(projectAddon(gone), cluster && projectCluster(cluster));
}

/** As in controller/observe.ts: the caches, and the live reads that the decision needs. */
function observe(
  state: State,
  addon: Stored,
  gone: boolean,
  resync: boolean,
  subject: Subject,
): { readonly sight: Sight; readonly view: View } {
  const read = (slot: Slot): Seen => live(state, slot) ?? null;
  const names = namesOf(projectAddon(addon));
  const cached: Sight = {
    addon,
    gone,
    children: byRole((role) => {
      if (names[role] === undefined) return null;
      return isWatched(role) ? (shown(state.objects[role]) ?? null) : undefined;
    }),
    source: undefined,
    authority: undefined,
    backup: undefined,
    live: undefined,
    volumes: undefined,
    facts: false,
    livingOwners: [],
    resync,
  };
  const now = nowOf(state);
  const need = subject.needs(observedOf(cached), now);
  const isRead = (role: Role): boolean =>
    names[role] !== undefined && (isWatched(role) ? need.watched : need.unwatched);
  const kindOf = (role: Role) => (cached.children[role] === null ? 'absent' : 'found');
  const readPart = (role: Role): Seen => (mayHavePart(projectAddon(addon), role, kindOf) ? read(role) : null);
  const seen: Sight = {
    ...cached,
    children: byRole((role) => (isRead(role) ? readPart(role) : cached.children[role])),
    source: need.source ? read('source') : undefined,
    authority: need.authority ? authorityOf(live(state, 'cluster')) : undefined,
    backup: need.backup === undefined ? undefined : named(read('backup'), need.backup),
    live: need.live ? read('addon') : undefined,
    volumes: need.volumes ? volumesOf(state) : undefined,
    facts: need.facts,
    livingOwners: livingOwnersOf(cached),
  };
  const isLoose = !need.live && subject.needs(observedOf(seen), now).live;
  return {
    sight: isLoose ? { ...seen, live: read('addon') } : seen,
    view: { addon, ...byRole((role) => seen.children[role] ?? undefined) },
  };
}

function named(seen: Seen, name: string): Seen {
  return seen?.metadata.name === name ? seen : null;
}

/** The rival exists as long as it controls anything. */
function livingOwnersOf({ children: { cluster } }: Sight): readonly string[] {
  return cluster?.metadata.ownerReferences?.some(({ uid }) => uid === rivalUid) === true ? [rivalUid] : [];
}

function volumesOf(state: State): readonly Volume[] {
  const { expandable } = state.rules;
  const there = live(state, 'cluster')?.inside?.ran !== undefined;
  // The resizer is as fast as the API server.
  const capacity = String((live(state, 'cluster')?.spec?.storage as { readonly size?: string } | undefined)?.size);
  const claim = { claim: `${nameOf.cluster}-1`, isData: true, capacity, storageClass: 'disk', expandable };
  return there ? [claim] : [];
}
