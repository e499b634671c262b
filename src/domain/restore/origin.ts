// Decides which backups a new database begins with. Once its Cluster exists, the Cluster says so: neither the other addon nor the spec is
// asked again.
import { annotations, type PostgresAddon } from '../../api/addon.ts';
import type { Cluster } from '../../api/cnpg.ts';
import type { KubeObject } from '../../api/kubernetes.ts';
import { millisecondsOf } from '../../api/time.ts';
import { destinationPathOf } from '../backup/archive.ts';
import type { Lineage } from '../backup/lineages.ts';
import { missingCluster, startsEmpty } from '../backup/missing-cluster.ts';
import { type Store, storeNamed, unknownStore } from '../backup/stores.ts';
import { majorOf } from '../database/version.ts';
import { obstacleTo } from '../ownership/obstacle.ts';
import { foundAs, orphanedCluster, type Situation } from '../situation.ts';
import type { Verdict } from '../verdict.ts';
import { restorableAt } from './restorable.ts';

/** The backups that a database begins with, and what is known of the database that they are of. */
export interface Origin {
  /** The lineage. */
  readonly serverName: string;
  /** In RFC 3339; undefined for the newest state. */
  readonly targetTime: string | undefined;
  /** The value of the Cluster's annotation `annotations.originStore`. */
  readonly note: string | undefined;
  /** Where they are; undefined if the platform team does not offer that store any more. */
  readonly chosen: { readonly name: string; readonly store: Store } | undefined;
  readonly database: string | undefined;
  readonly owner: string | undefined;
  readonly major: number | undefined;
  /** The size of its disks. */
  readonly storage: string | undefined;
}

/**
 * @returns undefined for a database that begins empty; a verdict if it must not be created: nothing is then
 */
export function originOf(s: Situation): Origin | Verdict | undefined {
  const cluster = s.own.cluster ?? orphanedCluster(s);
  if (cluster !== undefined) return originIn(s, cluster);
  const { restore } = s.addon.spec;
  // A Cluster that vanished is not created again, or empty.
  if (restore === undefined || missingCluster(s) !== undefined || startsEmpty(s)) return undefined;
  const { addon, archive, targetTime } = restore.from;
  // The schema does not know how many days a month has.
  if (targetTime !== undefined && millisecondsOf(targetTime) === undefined)
    return invalid(`spec.restore.from.targetTime "${targetTime}" is not a time; create this addon again with one`);
  if (addon !== undefined) return ofAddon(s, addon, targetTime);
  return archive === undefined ? undefined : ofArchive(s, archive, targetTime);
}

/** Whether the addon can have an ObjectStore that it was restored from. */
export function isRestored({ spec, status }: PostgresAddon): boolean {
  return spec.restore !== undefined || status?.restore !== undefined;
}

/** What a Cluster says of its beginning; undefined if it began empty. */
export function originIn(s: Situation, cluster: Cluster): Origin | undefined {
  const { recovery } = cluster.spec.bootstrap ?? {};
  const source = cluster.spec.externalClusters?.find((one) => one?.name === recovery?.source);
  const serverName = source?.plugin?.parameters?.serverName;
  if (recovery === undefined || serverName === undefined) return undefined;
  const note = cluster.metadata.annotations?.[annotations.originStore];
  const name = storeIn(note) ?? s.addon.spec.restore?.from.archive?.store;
  return {
    serverName,
    targetTime: recovery.recoveryTarget?.targetTime,
    note: name === undefined || originStoreOf(s) === undefined ? note : noteOf(s, name),
    chosen: name === undefined ? undefined : chosenStore(s, name),
    database: recovery.database,
    owner: recovery.owner,
    major: undefined,
    storage: undefined,
  };
}

const notePattern = /^(.+)\.(\d{1,6})$/;

function storeIn(note: string | undefined): string | undefined {
  return notePattern.exec(note ?? '')?.[1];
}

/**
 * The store, and how often its ObjectStore was made: CNPG gives up on a Cluster whose ObjectStore is gone, until the Cluster changes. The
 * number is on the ObjectStore first, and on the Cluster in the next round.
 */
function noteOf(s: Situation, store: string): string {
  return `${store}.${originIncarnation(s)}`;
}

/** The ObjectStore of the origin: this addon's, or the one that was left behind with its Cluster. */
export function originStoreOf(s: Situation): KubeObject | undefined {
  return obstacleTo(s, 'originStore') === undefined ? foundAs(s, 'originStore')?.object : undefined;
}

/** How often the ObjectStore of the origin was made, with the next time if it is missing. */
export function originIncarnation(s: Situation): number {
  const originStore = originStoreOf(s);
  const { cluster } = s.own;
  if (originStore !== undefined) return Number(originStore.metadata.annotations?.[annotations.objectStore] ?? 1);
  const before = notePattern.exec(cluster?.metadata.annotations?.[annotations.originStore] ?? '')?.[2];
  return before === undefined ? 1 : Number(before) + 1;
}

function chosenStore(s: Situation, name: string): Origin['chosen'] {
  const store = storeNamed(name, s.addon.metadata.namespace, s.observed.platform.stores);
  return store && { name, store };
}

type Archive = NonNullable<NonNullable<PostgresAddon['spec']['restore']>['from']['archive']>;

function ofArchive(s: Situation, { store: name, serverName }: Archive, targetTime: string | undefined) {
  const chosen = chosenStore(s, name);
  if (chosen === undefined)
    return unknownStore(
      'spec.restore.from.archive.store',
      name,
      s.addon.metadata.namespace,
      s.observed.platform.stores,
    );
  const unknown = { database: undefined, owner: undefined, major: undefined, storage: undefined };
  return { serverName, targetTime, note: noteOf(s, name), chosen, ...unknown };
}

function ofAddon(s: Situation, name: string, targetTime: string | undefined): Origin | Verdict {
  const { addon, observed } = s;
  if (name === addon.metadata.name)
    return invalid(
      `spec.restore.from.addon "${name}" is this addon; to restore a deleted one of the same name, use spec.restore.from.archive`,
    );
  const { restoreSource } = observed;
  if (restoreSource === undefined) return noAddon(name);
  const lineage = restorableAt(restoreSource, targetTime);
  if ('reason' in lineage) return lineage;
  const place = storeOfLineage(s, name, lineage);
  if ('reason' in place) return place;
  const { database = 'app', owner = 'app' } = namesIn(restoreSource);
  const major = majorOf(lineage.version);
  const mismatch = mismatchOf(addon, { name, database, owner, major });
  if (mismatch !== undefined) return invalid(mismatch);
  const { storage } = restoreSource.status?.resources ?? {};
  const note = noteOf(s, place.name);
  return { serverName: lineage.serverName, targetTime, note, chosen: place, database, owner, major, storage };
}

function namesIn({ spec: { database } }: PostgresAddon): { readonly database?: string; readonly owner?: string } {
  const { name, owner } = database ?? {};
  return { ...(name !== undefined && { database: name }), ...(owner !== undefined && { owner }) };
}

function noAddon(name: string): Verdict {
  return {
    reason: 'RestoreSourceMissing',
    message: `there is no PostgresAddon "${name}" in this namespace (spec.restore.from.addon); if it was deleted, create this addon again with spec.restore.from.archive: the last Event of the deleted one names its object store and server name`,
  };
}

/** The store that a lineage is in. One that is in another place than its store is now cannot be found there. */
function storeOfLineage(
  s: Situation,
  addon: string,
  { serverName, store: name, destinationPath }: Lineage,
): NonNullable<Origin['chosen']> | Verdict {
  const { namespace } = s.addon.metadata;
  const leadsThere = (store: Store): boolean =>
    destinationPath === undefined || destinationPathOf({ store }, namespace) === destinationPath;
  const names = name === undefined ? Object.keys(s.observed.platform.stores.stores) : [name];
  const places = names.map((one) => chosenStore(s, one)).filter((chosen) => chosen !== undefined);
  const found = places.find(({ store }) => leadsThere(store));
  if (found !== undefined) return found;
  const where = [name && `object store "${name}"`, destinationPath].filter(Boolean).join(', ');
  return {
    reason: 'RestoreSourceMissing',
    message: `the backups of PostgresAddon "${addon}" (server name ${serverName}) are in ${where || 'an object store that is not recorded'}, where no object store of this namespace leads to any more; ask the platform team for it`,
  };
}

/** What this addon requests in another way than the other database has it; undefined if nothing. */
function mismatchOf(
  { spec }: PostgresAddon,
  has: {
    readonly name: string;
    readonly database: string;
    readonly owner: string;
    readonly major: number | undefined;
  },
): string | undefined {
  const { name, owner } = spec.database ?? {};
  const of = `PostgresAddon "${has.name}"`;
  const same = 'use that, or leave the field out';
  if (name !== undefined && name !== has.database)
    return `spec.database.name "${name}" is not the database of ${of}, which is "${has.database}"; ${same}`;
  if (owner !== undefined && owner !== has.owner)
    return `spec.database.owner "${owner}" is not the owner of the database of ${of}, which is "${has.owner}"; ${same}`;
  if (spec.version !== undefined && has.major !== undefined && majorOf(spec.version) !== has.major)
    return `spec.version "${spec.version}" cannot restore the backups of ${of}, which are of PostgreSQL ${has.major}; ${same}. A restored database can be upgraded afterwards`;
  return undefined;
}

function invalid(message: string): Verdict {
  return { reason: 'InvalidSpec', message };
}
