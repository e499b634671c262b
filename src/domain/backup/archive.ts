// Decides where a Cluster archives: under which name, into which ObjectStore, and when CNPG has to look at a changed ObjectStore.
import { createHash } from 'node:crypto';
import { type AddonStatus, annotations } from '../../api/addon.ts';
import { barmanPlugin, destinationIn, type ObjectStore, sidecarResourcesIn } from '../../api/barman.ts';
import type { Cluster } from '../../api/cnpg.ts';
import { text } from '../../api/raw.ts';
import type { Profile } from '../database/plans.ts';
import { majorOf } from '../database/version.ts';
import { includes } from '../includes.ts';
import { obstacleTo } from '../ownership/obstacle.ts';
import { foundAs, type Situation } from '../situation.ts';
import { incarnationIn, noteOf } from './note.ts';
import type { ChosenStore } from './stores.ts';

type Lineage = NonNullable<NonNullable<AddonStatus['backup']>['lineages']>[number];

/** Below this path each lineage has a folder of its own, with the name of its server. */
export function destinationPathOf({ store: { destination } }: Pick<ChosenStore, 'store'>, namespace: string): string {
  return `${destination.replace(/(?<!\/)\/+$/, '')}/${namespace}`;
}

/** What the Cluster says about its archive. */
export interface Archive {
  /** The name of the lineage, chosen once and read from the Cluster ever after. */
  readonly serverName: string;
  /** The value of the Cluster's annotation `annotations.objectStore`. */
  readonly note: string | undefined;
  /** The store to write to. Absent: there is none at the moment, and the Cluster goes on as it is. */
  readonly chosen?: ChosenStore;
  /** The memory of the container changes in this round, so that CNPG cannot have restarted the instances for it. */
  readonly isResized?: boolean;
}

/** The ObjectStore of this addon, or the one that was left behind with its Cluster: the addon is about to adopt it. */
export function objectStoreOf(s: Situation): ObjectStore | undefined {
  const left = foundAs(s, 'objectStore');
  const isLeft =
    left?.role === 'objectStore' && left.ownership === 'orphan' && obstacleTo(s, 'objectStore') === undefined;
  return s.own.objectStore ?? (isLeft ? left.object : undefined);
}

/** The serverName that a Cluster writes under; undefined if it archives nothing. */
export function serverNameOf(cluster: Cluster | undefined): string | undefined {
  const plugin = cluster?.spec.plugins?.find((one) => one?.name === barmanPlugin);
  return text(plugin?.parameters?.serverName) || undefined;
}

/** The name of the present lineage: the one that the Cluster has or gets in this round. */
export function lineageOf({ own: { cluster } }: Situation, archive: Archive | undefined): string | undefined {
  return archive?.serverName ?? serverNameOf(cluster);
}

/** What a Cluster says about its archive now. */
export function archiveOf(cluster: Cluster | undefined): Archive | undefined {
  const serverName = serverNameOf(cluster);
  return serverName === undefined
    ? undefined
    : { serverName, note: cluster?.metadata.annotations?.[annotations.objectStore] };
}

/**
 * What the Cluster has to say.
 * @param profile of the plan; without backups, nothing is archived any more, and the ObjectStore stays
 * @param chosen undefined if there is no store for this addon: an archive in use stays in use
 * @param clusterName the beginning of the name of a new lineage
 */
export function wantedArchive(
  s: Situation,
  profile: Profile,
  chosen: ChosenStore | undefined,
  clusterName: string,
): Archive | undefined {
  const { cluster } = s.own;
  if (profile.backup === 'none') return undefined;
  if (chosen === undefined || obstacleTo(s, 'objectStore') !== undefined) return archiveOf(cluster);
  const serverName = wantedServerName(s, chosen, clusterName);
  const [settings, sidecar] = [settingsOf(chosen, profile), hashOf(profile.sidecarMemory)];
  const note = noteOf(settings, sidecar, incarnationOf(s), archiveOf(cluster)?.note);
  return { serverName, note, chosen, isResized: isResized(s, profile) };
}

function isResized(s: Situation, { sidecarMemory: { request, limit } }: Profile): boolean {
  const objectStore = objectStoreOf(s);
  const resources = { requests: { memory: request }, limits: { memory: limit } };
  return objectStore !== undefined && !includes(sidecarResourcesIn(objectStore), resources);
}

function wantedServerName(s: Situation, chosen: ChosenStore, clusterName: string): string {
  const {
    addon,
    own: { cluster },
  } = s;
  const current = serverNameOf(cluster);
  const lineages = addon.status?.backup?.lineages ?? [];
  const present = lineages.find(({ serverName }) => serverName === current);
  if (current !== undefined && !isUpgraded(s, present) && !isMoved(s, chosen, present)) return current;
  const windows = Object.keys(objectStoreOf(s)?.status.serverRecoveryWindow ?? {});
  const recorded = lineages.filter((one) => !isPending(s, one)).map(({ serverName }) => serverName);
  const used = new Set([...windows, ...recorded]);
  // After the newest one: of those long ago there may be no record.
  return newServerName(clusterName, addon.metadata.uid, used, current ?? recorded[0]);
}

/** Whether a lineage was chosen for the Cluster that there is, which could not be told yet: the same one is chosen again. */
function isPending({ own: { cluster } }: Situation, { serverName, from, until }: Lineage): boolean {
  return cluster !== undefined && serverName !== serverNameOf(cluster) && from === undefined && until === undefined;
}

/**
 * Whether the lineage is in another place than the store: what one place holds cannot be restored with what another one does. Without a
 * record, as after an adoption, the ObjectStore tells the place.
 */
function isMoved(s: Situation, chosen: ChosenStore, lineage: Lineage | undefined): boolean {
  const objectStore = objectStoreOf(s);
  const { store, destinationPath = objectStore && destinationIn(objectStore) } = lineage ?? {};
  const isElsewhere =
    destinationPath !== undefined && destinationPath !== destinationPathOf(chosen, s.addon.metadata.namespace);
  return isElsewhere || (store !== undefined && store !== chosen.name);
}

/**
 * Whether the data have another major version than the server that began the lineage. CNPG reports it after pg_upgrade has succeeded, and
 * starts the new server then. With the image in one write, as CNPG's documentation has it, the name comes too early: the old server archives
 * its last WAL file below it, and the old lineage lacks what was committed last (seen on CNPG 1.30 and plugin 0.14).
 */
function isUpgraded({ own: { cluster } }: Situation, lineage: Lineage | undefined): boolean {
  const began = majorOf(lineage?.version);
  const data = cluster?.status.dataMajor;
  return began !== undefined && data !== undefined && data > began;
}

/**
 * The first name of a series that is not in use. The series is another one for each addon. The plugin does not notice a name that is used
 * again, and both archives are lost then.
 */
function newServerName(cluster: string, uid: string, used: ReadonlySet<string>, previous = ''): string {
  const hash = createHash('sha256').update(`${uid} ${previous}`).digest('hex').slice(0, 8);
  const name = `${cluster}-${hash}`;
  return used.has(name) ? newServerName(cluster, uid, used, name) : name;
}

/** Identifies the settings of an ObjectStore: CNPG reads them only when the Cluster changes, so that the Cluster is changed with them. */
function settingsOf({ store, ...chosen }: ChosenStore, { sidecarMemory }: Profile): string {
  // Who may use the store, and for how long, is in no ObjectStore.
  const { namespaces: _, retention: __, ...settable } = store;
  return hashOf({ ...chosen, store: settable, sidecarMemory });
}

function hashOf(settings: object): string {
  return createHash('sha256').update(JSON.stringify(settings)).digest('hex').slice(0, 8);
}

/**
 * How often the ObjectStore was made again: CNPG gives up on a Cluster whose ObjectStore is gone, until the Cluster changes. The number is
 * on the ObjectStore first and on the Cluster afterwards, so that a crash in between is noticed.
 */
export function incarnationOf(s: Situation): number {
  const objectStore = objectStoreOf(s);
  const { cluster } = s.own;
  if (objectStore !== undefined) return Number(objectStore.metadata.annotations?.[annotations.objectStore] ?? 1);
  return (incarnationIn(archiveOf(cluster)?.note) ?? 0) + 1;
}
