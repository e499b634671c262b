// Decides which backups a database begins with. Once it has a Cluster, that says so, and status if the Cluster vanished: the other addon is
// not looked at again.
import { annotations, type PostgresAddon } from '../../api/addon.ts';
import { destinationIn, type ObjectStore } from '../../api/barman.ts';
import type { Cluster } from '../../api/cnpg.ts';
import type { KubeObject } from '../../api/kubernetes.ts';
import { cut } from '../../api/text.ts';
import { missingCluster, startsEmpty } from '../backup/missing-cluster.ts';
import { obstacleTo } from '../ownership/obstacle.ts';
import { foundAs, orphanedCluster, type Situation } from '../situation.ts';
import type { Verdict } from '../verdict.ts';
import { estimateOf } from './estimate.ts';
import { chosenStore, isOfSource, noSource, type Origin, originNamespace, requestedOrigin } from './request.ts';
import { isServerName } from './restorable.ts';

/** @returns undefined for a database that begins empty; a verdict if it must not be created */
export function originOf(s: Situation): Origin | Verdict | undefined {
  const cluster = s.own.cluster ?? orphanedCluster(s);
  if (cluster !== undefined) return originIn(s, cluster);
  // Something is in the way, or cannot be seen.
  if (s.observed.children.cluster.kind !== 'absent') return undefined;
  if (missingCluster(s) !== undefined || startsEmpty(s) || hasOwnBackups(s.addon)) return undefined;
  const origin = recordedOrigin(s) ?? requestedOrigin(s);
  if (origin === undefined || 'reason' in origin) return origin;
  const { chosen } = origin;
  return { ...origin, note: chosen && noteOf(s, chosen.name), estimate: chosen && estimateOf(s, chosen.name) };
}

/** Whether the addon can have an ObjectStore that it was restored from. */
export function isRestored({ spec, status }: PostgresAddon): boolean {
  return spec.restore !== undefined || status?.restore !== undefined;
}

/** In words, after "restored". */
export function inWords({ serverName, targetTime }: Origin): string {
  return `from the backups of ${serverName}, ${targetTime === undefined ? 'to their newest state' : `as of ${targetTime}`}`;
}

/** Whether a base backup of this database was ever completed: what was restored once is older. */
function hasOwnBackups({ status }: PostgresAddon): boolean {
  return status?.backup?.lineages?.some(({ from }) => from !== undefined) === true;
}

/** What a Cluster says of its beginning; undefined if it began empty. */
function originIn(s: Situation, cluster: Cluster): Origin | undefined {
  const { recovery } = cluster.spec.bootstrap ?? {};
  const source = cluster.spec.externalClusters?.find((one) => one?.name === recovery?.source);
  const { restore: recorded } = s.addon.status ?? {};
  const serverName = source?.plugin?.parameters?.serverName ?? recorded?.serverName;
  if (recovery === undefined || serverName === undefined) return undefined;
  const note = cluster.metadata.annotations?.[annotations.originStore];
  const name = notePattern.exec(note ?? '')?.[1] ?? recorded?.store ?? s.addon.spec.restore?.from.archive?.store;
  return {
    serverName,
    targetTime: recovery.recoveryTarget?.targetTime,
    chosen: name === undefined ? undefined : chosenStore(s, name),
    database: recovery.database,
    owner: recovery.owner,
    major: recorded?.major,
    estimate: recorded?.estimate,
    note: name === undefined || originStoreOf(s) === undefined ? note : noteOf(s, name),
  };
}

/** What the Cluster began with that vanished. Without its store, CNPG would wait for ever for an ObjectStore, and say nothing. */
function recordedOrigin(s: Situation): Origin | Verdict | undefined {
  const { restore, resources } = s.addon.status ?? {};
  if (restore === undefined) return undefined;
  const { store, ...rest } = restore;
  // A status can be forged: of another namespace, only what its addon permits is read again.
  const isForeign = originNamespace(s.addon) !== s.addon.metadata.namespace;
  if (isForeign && !isOfSource(s, restore.serverName)) {
    const { message, ...missing } = noSource(s.addon);
    return { ...missing, message: `the Cluster was deleted, and ${message}` };
  }
  const chosen = store === undefined ? undefined : chosenStore(s, store);
  if (chosen !== undefined && isServerName(rest.serverName)) return { ...rest, chosen, storage: resources?.storage };
  const where = store === undefined ? 'an object store that is not recorded' : `object store "${store}"`;
  return {
    reason: 'RestoreSourceMissing',
    message: `the Cluster was deleted, and what it was restored from (server name ${cut(rest.serverName, longestName)}) is in ${cut(where, longestName)}, which this namespace cannot use; ask the platform team for it`,
  };
}

/** How much of a name in status is quoted, in characters. */
const longestName = 100;

/** `{store}.{count}`. */
const notePattern = /^([^.]+)\.(\d{1,6})$/;

/**
 * The store, and how often its ObjectStore was made: CNPG gives up on a Cluster whose ObjectStore is gone, until the Cluster changes. The
 * count is on the ObjectStore first, and on the Cluster in the next round.
 */
function noteOf(s: Situation, store: string): string {
  return `${store}.${originIncarnation(s)}`;
}

/** The ObjectStore of the origin: this addon's, or the one that was left behind with its Cluster. */
export function originStoreOf(s: Situation): KubeObject | undefined {
  return obstacleTo(s, 'originStore') === undefined ? foundAs(s, 'originStore')?.object : undefined;
}

/** The namespace whose folder the ObjectStore of the origin leads to; undefined if there is none. */
export function folderOfOrigin(s: Situation): string | undefined {
  const object = originStoreOf(s);
  return (
    object &&
    destinationIn(object as ObjectStore)
      ?.split('/')
      .at(-1)
  );
}

/** How often the ObjectStore of the origin was made, with the next time if it is missing. */
export function originIncarnation(s: Situation): number {
  const originStore = originStoreOf(s);
  const count = originStore?.metadata.annotations?.[annotations.objectStore] ?? '';
  // Anybody can have written it.
  if (originStore !== undefined) return /^\d{1,6}$/.test(count) ? Number(count) : 1;
  const before = notePattern.exec(s.own.cluster?.metadata.annotations?.[annotations.originStore] ?? '')?.[2];
  return before === undefined ? 1 : Number(before) + 1;
}
