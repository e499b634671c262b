// One state of the model: the API server's objects, how far the operator's caches have come, the operator itself, and what the
// checker remembers of the past. Values only: every step makes a new one.
import { orphanFinalizer } from '../api/addon.ts';
import { timestampOf } from '../api/time.ts';
import type { Slot, Stored } from './objects.ts';
import type { Acting } from './observe.ts';
import type { UserStep } from './user.ts';

/** The versions of a watched object that a cache may still show, oldest first; the last is what the server has. */
export interface Feed {
  readonly versions: readonly (Stored | undefined)[];
  /** The oldest version that the cache may show: a watch never goes back, a restart on an old list may. */
  readonly at: number;
  /** Of addons: the last states of those whose end this process has seen, as long as something may be left to do for them. */
  readonly departed?: readonly Stored[];
}

export type Process = { readonly kind: 'idle'; readonly doubt: boolean } | Acting;

/** What a search allows to happen, and how often. */
export interface Rules {
  readonly steps: readonly UserStep[];
  /** How many versions a cache may lag behind. */
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

/** What the oracles have to know of the past. */
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

export interface World {
  readonly addon: Feed;
  readonly cluster: Feed;
  readonly backup: Feed;
  readonly secret: Stored | undefined;
  readonly source: Stored | undefined;
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

const empty: Feed = { versions: [undefined], at: 0 };
export const epoch = Date.parse('2026-01-02T00:00:00Z');

export function emptyWorld(rules: Rules, left: Budget): World {
  return {
    addon: { ...empty, departed: [] },
    cluster: empty,
    backup: empty,
    secret: undefined,
    source: undefined,
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
export function live(world: World, slot: Slot): Stored | undefined {
  const place = world[slot];
  return isFeed(place) ? place.versions.at(-1) : place;
}

export function isFeed(place: Feed | Stored | undefined): place is Feed {
  return place !== undefined && 'versions' in place;
}

/** The world with another version of an object, or without it; the watches have not brought it yet. */
export function put(world: World, slot: Slot, object: Stored | undefined): World {
  if (slot === 'secret' || slot === 'source') return { ...world, [slot]: object };
  return { ...world, [slot]: append(world[slot], object, world) };
}

function append(feed: Feed, object: Stored | undefined, { rules, left }: World): Feed {
  const all = { ...feed, versions: [...feed.versions, object] };
  const { versions } = all;
  const reached = Math.max(feed.at, versions.length - 1 - rules.lag);
  // What the cache cannot go back to is forgotten, so that worlds that differ in nothing else are one.
  const dropped = left.travels > 0 ? Math.max(0, versions.length - 1 - rules.lag) : reached;
  return { ...told(all, reached), versions: versions.slice(dropped), at: reached - dropped };
}

/** The cache goes on to a version: whoever went on the way is known as departed. */
function told(feed: Feed, index: number): Feed {
  if (feed.departed === undefined) return feed;
  const went = feed.versions.slice(feed.at, index).flatMap((version, passed) => {
    const next = feed.versions[feed.at + passed + 1];
    return version !== undefined && next?.metadata.uid !== version.metadata.uid ? [version] : [];
  });
  return went.length === 0 ? feed : { ...feed, departed: [...feed.departed, ...went] };
}

/** The cache shows what the server has: it was told by the answer of a write. */
export function catchUp(world: World, slot: Slot): World {
  if (slot === 'secret' || slot === 'source') return world;
  return { ...world, [slot]: seenUpTo(world[slot], world[slot].versions.length - 1, world.left) };
}

/** The same with caches that have seen everything. */
export function newest(world: World): World {
  const { addon, cluster, backup } = world;
  if (addon.versions.length + cluster.versions.length + backup.versions.length === 3) return world;
  return { ...world, addon: last(addon), cluster: last(cluster), backup: last(backup) };
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
export function restarted(world: World): World {
  const { addon, memory } = world;
  const known = [...addon.versions, ...(addon.departed ?? [])];
  const abrupt = memory.abrupt || known.some((version) => version?.metadata.finalizers?.includes(orphanFinalizer));
  return {
    ...world,
    addon: { ...addon, departed: [] },
    process: { kind: 'idle', doubt: false },
    memory: { ...memory, abrupt },
  };
}

/** A fresh number for a uid, a resourceVersion or a password; whoever takes one takes a second of time. */
export function numbered(world: World): readonly [number, World] {
  return [world.serial, { ...world, serial: world.serial + 1, clock: world.clock + 1 }];
}

/** Wall-clock time in milliseconds. */
export function nowOf(world: World): number {
  return epoch + world.clock * 1000;
}

export function timeOf(world: World): string {
  return timestampOf(nowOf(world));
}

/** An hour in seconds: longer than every patience and every interval of the operator. */
export const longWait = 3600;
