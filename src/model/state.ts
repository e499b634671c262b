// A state of the model: the objects of the API server, the position of the operator's caches, the operator's process, and what the rules
// need to know of the past. States are immutable: every step creates a new one.
import { orphanFinalizer } from '../api/addon.ts';
import { timestampOf } from '../api/time.ts';
import type { Role } from '../domain/children.ts';
import type { ActionResult, Decision } from '../domain/decision.ts';
import type { Observed } from '../domain/observed.ts';
import { type Slot, type Stored, slots, watchedSlots } from './objects.ts';

/** The versions of a watched object that a cache can still contain, oldest first. The last is the version of the API server. */
export interface Feed {
  readonly versions: readonly (Stored | undefined)[];
  /** The oldest version that the cache can contain. A watch never goes back, but a restart from an old list can. */
  readonly at: number;
  /** For addons: the last versions of deleted ones that this process knows, while something may be left to do for them. */
  readonly deleted?: readonly Stored[];
}

/** All objects. One that is not watched has a single version, since it is read when needed. */
export type Objects = Readonly<Record<Slot, Feed>>;

/** What the operator has seen of each object: in its caches, or by reading it. */
export type View = { readonly addon: Stored } & Readonly<Record<Role, Stored | undefined>>;

/** A decision that is being carried out. */
export interface Acting {
  readonly kind: 'acting';
  /** What was observed for the decision. */
  readonly from: View;
  /** The same, with the answers of own writes. */
  readonly seen: View;
  readonly observed: Observed;
  readonly decision: Decision;
  /** Index of the next action; after the last comes the status. */
  readonly next: number;
  readonly result: ActionResult;
  /** Whether the login that the decision asks for was made. */
  readonly tried: boolean;
  /** Whether the next reconcile reads the Secrets again: a write of one was based on an outdated version. */
  readonly resyncDue: boolean;
}

export type Process = { readonly kind: 'idle'; readonly resyncDue: boolean } | Acting;

/** What can happen in a search. */
export interface Rules {
  /** Names of the steps in user.ts that people may take. */
  readonly steps: readonly string[];
  /** The objects whose caches may be stale. */
  readonly late: readonly Slot[];
  /** The maximum number of versions by which a cache is behind. */
  readonly lag: number;
  /** Whether the StorageClass allows volume expansion. */
  readonly expandable: boolean;
}

/** How often things can still happen. */
export interface Budget {
  readonly steps: number;
  /** Periodic reads of the Secrets (resync). */
  readonly resyncs: number;
  /** Restarts from a list that is older than what was observed before. */
  readonly travels: number;
}

/** What the rules have to know of the past. */
export interface Memory {
  /** The uids of the children that status reported as protected, until the user requested another mode. */
  readonly guarded: readonly string[];
  /** The uids of children that the user requested to keep (--cascade=orphan). */
  readonly kept: readonly string[];
  /** The last login that succeeded, and the readiness period in which it happened. */
  readonly login?: {
    readonly url: string;
    readonly cluster: string;
    readonly primary: string;
    readonly since: string | undefined;
  };
  /** When a status first reported the database of a Cluster as ready. */
  readonly ready?: { readonly cluster: string; readonly at: string };
  /** What the last Cluster of an addon archived into. */
  readonly archive?: {
    readonly addon: string;
    readonly serverName: string;
    /** Whether status has named it as the present lineage. */
    readonly reported: boolean;
    /** Whether a base backup was completed. */
    readonly restorable: boolean;
  };
  /** Whether the user removed labels, owner references or finalizers manually. */
  readonly torn: boolean;
  /** Whether the operator crashed during a deletion with --cascade=orphan: then it may not know any more what to mark. */
  readonly abrupt: boolean;
}

export interface State {
  readonly objects: Objects;
  /** The children whose writes an admission policy rejects. */
  readonly refused: readonly Role[];
  /** Whether the namespace is being deleted: nothing can be created in it. */
  readonly ending: boolean;
  readonly process: Process;
  readonly rules: Rules;
  readonly left: Budget;
  readonly memory: Memory;
  /** Numbers for uids, resourceVersions and passwords. */
  readonly serial: number;
  /** Seconds since the start. */
  readonly clock: number;
}

/** The start of model time, in milliseconds since 1970. */
export const epoch = Date.parse('2026-01-02T00:00:00Z');

/** A namespace without objects and a new operator process. @param left how often each kind of step can happen */
export function emptyState(rules: Rules, left: Budget): State {
  const objects = Object.fromEntries(
    slots.map((slot) => [slot, { versions: [undefined], at: 0 }]),
  ) as unknown as Objects;
  return {
    objects: { ...objects, addon: { ...objects.addon, deleted: [] } },
    refused: [],
    ending: false,
    process: { kind: 'idle', resyncDue: false },
    rules,
    left,
    memory: { guarded: [], kept: [], torn: false, abrupt: false },
    serial: 1,
    clock: 0,
  };
}

/** What the API server has now. */
export function live({ objects }: State, slot: Slot): Stored | undefined {
  return objects[slot].versions.at(-1);
}

/** The state with another feed of one slot. */
export function withFeed(state: State, slot: Slot, feed: Feed): State {
  return { ...state, objects: { ...state.objects, [slot]: feed } };
}

/** The state with a new version of an object, or without it. The watches have not reported it yet. */
export function put(state: State, slot: Slot, object: Stored | undefined): State {
  return withFeed(state, slot, append(slot, object, state));
}

function append(slot: Slot, object: Stored | undefined, { objects, rules, left }: State): Feed {
  const feed = objects[slot];
  const all = { ...feed, versions: [...feed.versions, object] };
  const { versions } = all;
  const lag = rules.late.includes(slot) ? rules.lag : 0;
  const reached = Math.max(feed.at, versions.length - 1 - lag);
  // Versions that the cache cannot return to are dropped, so that otherwise equal states are the same.
  const dropped = left.travels > 0 ? Math.max(0, versions.length - 1 - lag) : reached;
  return { ...advanced(all, reached), versions: versions.slice(dropped), at: reached - dropped };
}

/** The cache advances to a version: addons that were deleted on the way are recorded. */
function advanced(feed: Feed, index: number): Feed {
  if (feed.deleted === undefined) return feed;
  const went = feed.versions.slice(feed.at, index).flatMap((version, passed) => {
    const next = feed.versions[feed.at + passed + 1];
    return version !== undefined && next?.metadata.uid !== version.metadata.uid ? [version] : [];
  });
  return went.length === 0 ? feed : { ...feed, deleted: [...feed.deleted, ...went] };
}

/** The cache contains the current version, from the response to a write. */
export function catchUp(state: State, slot: Slot): State {
  const feed = state.objects[slot];
  return withFeed(state, slot, seenUpTo(feed, feed.versions.length - 1, state.left));
}

/** The same state with caches that are up to date. */
export function newest(state: State): State {
  const { objects } = state;
  const late = watchedSlots.filter((slot) => objects[slot].versions.length > 1);
  if (late.length === 0) return state;
  return { ...state, objects: { ...objects, ...Object.fromEntries(late.map((slot) => [slot, last(objects[slot])])) } };
}

function last(feed: Feed): Feed {
  const { versions } = feed;
  return versions.length === 1 ? feed : { ...advanced(feed, versions.length - 1), versions: versions.slice(-1), at: 0 };
}

/** The cache has advanced to the version at an index. */
export function seenUpTo(feed: Feed, index: number, { travels }: Budget): Feed {
  if (index === feed.at) return feed;
  const seen = advanced(feed, index);
  return travels > 0 ? { ...seen, at: index } : { ...seen, versions: feed.versions.slice(index), at: 0 };
}

/** A new process: what only the previous one had in memory is lost. */
export function restarted(state: State): State {
  const { memory } = state;
  const { addon } = state.objects;
  const known = [...addon.versions, ...(addon.deleted ?? [])];
  const abrupt = memory.abrupt || known.some((version) => version?.metadata.finalizers?.includes(orphanFinalizer));
  return {
    ...withFeed(state, 'addon', { ...addon, deleted: [] }),
    process: { kind: 'idle', resyncDue: false },
    memory: { ...memory, abrupt },
  };
}

/** A new number for a uid, a resourceVersion or a password. Each takes one second of model time. */
export function numbered(state: State): readonly [number, State] {
  return [state.serial, { ...state, serial: state.serial + 1, clock: state.clock + 1 }];
}

/** Wall-clock time in milliseconds. */
export function nowOf(state: State): number {
  return epoch + state.clock * 1000;
}

/** Wall-clock time as RFC 3339, as in Kubernetes' objects. */
export function timeOf(state: State): string {
  return timestampOf(nowOf(state));
}

/** An hour in seconds: longer than every deadline and interval of the operator. */
export const longWait = 3600;
