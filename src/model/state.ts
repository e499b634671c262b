// One state of the model: the API server's objects, how far the operator's caches have come, the operator itself, and what the
// checker remembers of the past. Values only: every step makes a new one.
import { orphanFinalizer } from '../api/addon.ts';
import { timestampOf } from '../api/time.ts';
import type { Role } from '../domain/children.ts';
import type { ActionResult, Decision } from '../domain/decision.ts';
import type { Observed } from '../domain/observed.ts';
import { type Slot, type Stored, slots, watchedSlots } from './objects.ts';

/** The versions of a watched object that a cache may still show, oldest first; the last is what the server has. */
export interface Feed {
  readonly versions: readonly (Stored | undefined)[];
  /** The oldest version that the cache may show: a watch never goes back, a restart on an old list may. */
  readonly at: number;
  /** Of addons: the last states of those whose end this process has seen, as long as something may be left to do for them. */
  readonly deleted?: readonly Stored[];
}

/** Every object that there may be. What is not watched has one version: it is read when it is needed. */
export type Objects = Readonly<Record<Slot, Feed>>;

/** What the operator has seen of each object: in its caches, or by reading it. */
export type View = { readonly addon: Stored } & Readonly<Record<Role, Stored | undefined>>;

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
  readonly result: ActionResult;
  /** Whether the login that the decision asks for was made. */
  readonly tried: boolean;
  readonly doubt: boolean;
}

export type Process = { readonly kind: 'idle'; readonly doubt: boolean } | Acting;

/** What a search allows to happen, and how often. */
export interface Rules {
  /** Names of the steps in user.ts that people may take. */
  readonly steps: readonly string[];
  /** Whose caches may be late. */
  readonly late: readonly Slot[];
  /** How many versions a late cache may lag behind. */
  readonly lag: number;
  /** Whether the StorageClass lets volumes grow. */
  readonly expandable: boolean;
}

/** How much of it is left. */
export interface Budget {
  readonly steps: number;
  /** Looks at the Secrets for no reason but time. */
  readonly checkups: number;
  /** Restarts on a list that is older than what was seen before. */
  readonly travels: number;
}

/** What the rules have to know of the past. */
export interface Memory {
  /** uids of the children that status called protected, until the user asked for another mode. */
  readonly guarded: readonly string[];
  /** uids of children that the user asked to keep when deleting (--cascade=orphan). */
  readonly kept: readonly string[];
  /** The last login that succeeded, and the spell of readiness that it was made in. */
  readonly login?: {
    readonly url: string;
    readonly cluster: string;
    readonly primary: string;
    readonly since: string | undefined;
  };
  /** When a status first called the database of a Cluster ready. */
  readonly ready?: { readonly cluster: string; readonly at: string };
  /** Whether the user tore something off by hand. */
  readonly torn: boolean;
  /** Whether the operator died while an addon went that was deleted with --cascade=orphan: nobody may be left who knows what to mark. */
  readonly abrupt: boolean;
}

export interface State {
  readonly objects: Objects;
  /** Which children an admission policy does not let the operator write. */
  readonly refused: readonly Role[];
  /** Whether somebody deleted the namespace: nothing new is made in it, and all there is goes. */
  readonly ending: boolean;
  readonly process: Process;
  readonly rules: Rules;
  readonly left: Budget;
  readonly memory: Memory;
  /** Numbers for uids, resourceVersions and passwords. */
  readonly serial: number;
  /** Seconds since the model began. */
  readonly clock: number;
}

export const epoch = Date.parse('2026-01-02T00:00:00Z');

export function emptyState(rules: Rules, left: Budget): State {
  const objects = Object.fromEntries(
    slots.map((slot) => [slot, { versions: [undefined], at: 0 }]),
  ) as unknown as Objects;
  return {
    objects: { ...objects, addon: { ...objects.addon, deleted: [] } },
    refused: [],
    ending: false,
    process: { kind: 'idle', doubt: false },
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

/** The state with another version of an object, or without it; the watches have not brought it yet. */
export function put(state: State, slot: Slot, object: Stored | undefined): State {
  return withFeed(state, slot, append(slot, object, state));
}

function append(slot: Slot, object: Stored | undefined, { objects, rules, left }: State): Feed {
  const feed = objects[slot];
  const all = { ...feed, versions: [...feed.versions, object] };
  const { versions } = all;
  const lag = rules.late.includes(slot) ? rules.lag : 0;
  const reached = Math.max(feed.at, versions.length - 1 - lag);
  // What the cache cannot go back to is forgotten, so that states that differ in nothing else are one.
  const dropped = left.travels > 0 ? Math.max(0, versions.length - 1 - lag) : reached;
  return { ...told(all, reached), versions: versions.slice(dropped), at: reached - dropped };
}

/** The cache goes on to a version: whoever went on the way is known as deleted. */
function told(feed: Feed, index: number): Feed {
  if (feed.deleted === undefined) return feed;
  const went = feed.versions.slice(feed.at, index).flatMap((version, passed) => {
    const next = feed.versions[feed.at + passed + 1];
    return version !== undefined && next?.metadata.uid !== version.metadata.uid ? [version] : [];
  });
  return went.length === 0 ? feed : { ...feed, deleted: [...feed.deleted, ...went] };
}

/** The cache shows what the server has: it was told by the answer of a write. */
export function catchUp(state: State, slot: Slot): State {
  const feed = state.objects[slot];
  return withFeed(state, slot, seenUpTo(feed, feed.versions.length - 1, state.left));
}

/** The same with caches that have seen everything. */
export function newest(state: State): State {
  const { objects } = state;
  const late = watchedSlots.filter((slot) => objects[slot].versions.length > 1);
  if (late.length === 0) return state;
  return { ...state, objects: { ...objects, ...Object.fromEntries(late.map((slot) => [slot, last(objects[slot])])) } };
}

function last(feed: Feed): Feed {
  const { versions } = feed;
  return versions.length === 1 ? feed : { ...told(feed, versions.length - 1), versions: versions.slice(-1), at: 0 };
}

/** The cache has shown the version at an index. */
export function seenUpTo(feed: Feed, index: number, { travels }: Budget): Feed {
  if (index === feed.at) return feed;
  const seen = told(feed, index);
  return travels > 0 ? { ...seen, at: index } : { ...seen, versions: feed.versions.slice(index), at: 0 };
}

/** Another process: what only the one before had in memory is lost. */
export function restarted(state: State): State {
  const { memory } = state;
  const { addon } = state.objects;
  const known = [...addon.versions, ...(addon.deleted ?? [])];
  const abrupt = memory.abrupt || known.some((version) => version?.metadata.finalizers?.includes(orphanFinalizer));
  return {
    ...withFeed(state, 'addon', { ...addon, deleted: [] }),
    process: { kind: 'idle', doubt: false },
    memory: { ...memory, abrupt },
  };
}

/** A fresh number for a uid, a resourceVersion or a password; whoever takes one takes a second of time. */
export function numbered(state: State): readonly [number, State] {
  return [state.serial, { ...state, serial: state.serial + 1, clock: state.clock + 1 }];
}

/** Wall-clock time in milliseconds. */
export function nowOf(state: State): number {
  return epoch + state.clock * 1000;
}

export function timeOf(state: State): string {
  return timestampOf(nowOf(state));
}

/** An hour in seconds: longer than every patience and every interval of the operator. */
export const longWait = 3600;
