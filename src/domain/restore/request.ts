// Finds the backups that `spec.restore` requests, and compares what is known of them with the rest of the spec. Nothing is created if they
// cannot be restored.
import { annotations, type PostgresAddon } from '../../api/addon.ts';
import { cut } from '../../api/text.ts';
import { millisecondsOf } from '../../api/time.ts';
import { destinationPathOf } from '../backup/archive.ts';
import type { Lineage } from '../backup/lineage.ts';
import { type Store, storeNamed, unknownStore } from '../backup/stores.ts';
import { majorOf } from '../database/version.ts';
import type { Situation } from '../situation.ts';
import { isVerdict, type Verdict } from '../verdict.ts';
import { restorableAt } from './restorable.ts';

/** The backups that a database begins with, and what is known of the database that they are of. */
export interface Origin {
  /** The lineage. */
  readonly serverName: string;
  /** In RFC 3339; undefined for the newest state. */
  readonly targetTime?: string | undefined;
  /** Where they are; undefined if the platform team does not offer that store any more. */
  readonly chosen: { readonly name: string; readonly store: Store } | undefined;
  readonly database?: string | undefined;
  readonly owner?: string | undefined;
  /** The major version of PostgreSQL. */
  readonly major?: number | undefined;
  /** The size of its disks. */
  readonly storage?: string | undefined;
  /** How long the restore may take, in words; undefined if nothing tells. */
  readonly estimate?: string | undefined;
  /** The value of the annotation `annotations.originStore` of the Cluster. */
  readonly note?: string | undefined;
}

type Restore = NonNullable<PostgresAddon['spec']['restore']>;

/** How much of a path is quoted, in characters: it can be any text. */
const longestPath = 400;

/** @returns undefined if the addon requests no restore; a verdict if what it requests is not there, or not possible */
export function requestedOrigin(s: Situation): Origin | Verdict | undefined {
  const { restore } = s.addon.spec;
  if (restore === undefined) return undefined;
  if (s.observed.missingFromSchema.includes('spec.restore.redaction')) return undecided;
  const { addon, archive, namespace = s.addon.metadata.namespace, targetTime } = restore.from;
  // The schema does not know how many days a month has.
  if (targetTime !== undefined && millisecondsOf(targetTime) === undefined)
    return invalid(`spec.restore.from.targetTime "${targetTime}" is not a time; create this addon again with one`);
  if (addon !== undefined) return ofAddon(s, { name: addon, namespace }, targetTime);
  if (archive !== undefined) return ofArchive(s, archive, targetTime);
  return invalid('spec.restore.from has neither addon nor archive; create this addon again with one of them');
}

/** The API server drops what the CRD does not have, and says nothing. */
const undecided: Verdict = {
  reason: 'CRDOutdated',
  message:
    'the installed CRD postgresaddons.addons.paas.dev is older than the operator, and has no spec.restore.redaction: whether one was asked for cannot be known, so nothing is restored. Install the CRD of this version, and apply this addon again',
};

/** The namespace whose backups a database begins with: that of `spec.restore`, which cannot change, or the addon's own. */
export function originNamespace({ spec, metadata }: PostgresAddon): string {
  return spec.restore?.from.namespace ?? metadata.namespace;
}

/** The store of that name, if the addon's namespace may use it. */
export function chosenStore({ addon, observed }: Situation, name: string): Origin['chosen'] {
  const store = storeNamed(name, addon.metadata.namespace, observed.platform.stores);
  return store && { name, store };
}

function ofArchive(
  s: Situation,
  { store, serverName }: NonNullable<Restore['from']['archive']>,
  targetTime: string | undefined,
): Origin | Verdict {
  const chosen = chosenStore(s, store);
  const { addon, observed } = s;
  return chosen === undefined
    ? unknownStore('spec.restore.from.archive.store', store, addon.metadata.namespace, observed.platform.stores)
    : { serverName, targetTime, chosen };
}

function ofAddon(
  s: Situation,
  { name, namespace }: { readonly name: string; readonly namespace: string },
  targetTime: string | undefined,
): Origin | Verdict {
  const { addon } = s;
  if (name === addon.metadata.name && namespace === addon.metadata.namespace)
    return invalid(
      `spec.restore.from.addon "${name}" is this addon; to restore a deleted one of the same name, use spec.restore.from.archive`,
    );
  const source = permittedSource(s);
  if (source === undefined) return noSource(addon);
  const lineage = restorableAt(source, targetTime);
  if (isVerdict(lineage)) return lineage;
  const chosen = storeOf(s, name, lineage);
  if (isVerdict(chosen)) return chosen;
  const { name: database = 'app', owner = 'app' } = source.spec.database ?? {};
  const { version, resources } = source.status ?? {};
  const major = majorOf(lineage.version ?? (lineage.until === undefined ? version : undefined));
  const mismatch = mismatchOf(addon, { name, database, owner, major });
  if (mismatch !== undefined) return invalid(mismatch);
  const { serverName } = lineage;
  return { serverName, targetTime, chosen, database, owner, major, storage: resources?.storage };
}

/** The addon that `spec.restore` names, unless it is one of another namespace that does not permit it. */
export function permittedSource({ addon, observed: { restoreSource: source } }: Situation): PostgresAddon | undefined {
  const { namespace } = addon.metadata;
  const allowed = source?.metadata.annotations?.[annotations.restoreAllowedFrom]?.split(/[\s,]+/) ?? [];
  return source?.metadata.namespace === namespace || allowed.includes(namespace) ? source : undefined;
}

/** Whether the addon that `spec.restore` names says that a lineage is its own. */
export function isOfSource(s: Situation, serverName: string): boolean {
  const lineages = permittedSource(s)?.status?.backup?.lineages ?? [];
  return lineages.some((lineage) => lineage.serverName === serverName);
}

/** Of an addon of another namespace, the message does not tell whether there is one. */
export function noSource(addon: PostgresAddon): Verdict {
  const namespace = originNamespace(addon);
  const name = addon.spec.restore?.from.addon ?? '';
  if (namespace !== addon.metadata.namespace)
    return {
      reason: 'RestoreSourceMissing',
      message: `there is no PostgresAddon "${name}" in namespace "${namespace}" that may be restored here (spec.restore.from). Its owner permits that by adding "${addon.metadata.namespace}" to its annotation ${annotations.restoreAllowedFrom}; if it has none, kubectl annotate pga ${name} -n ${namespace} ${annotations.restoreAllowedFrom}=${addon.metadata.namespace}`,
    };
  return {
    reason: 'RestoreSourceMissing',
    message: `there is no PostgresAddon "${name}" in this namespace (spec.restore.from.addon); if it was deleted, create this addon again with spec.restore.from.archive: the last Event of the deleted one names its object store and server name`,
  };
}

/** The store that a lineage is in: of that name, if it still leads there, or any other that does. */
function storeOf(
  s: Situation,
  addon: string,
  { serverName, store: name, destinationPath }: Lineage,
): NonNullable<Origin['chosen']> | Verdict {
  const namespace = originNamespace(s.addon);
  const named = name === undefined ? undefined : chosenStore(s, name);
  if (named !== undefined && destinationPath === undefined) return named;
  const others = Object.keys(s.observed.platform.stores.stores).map((one) => chosenStore(s, one));
  const found = [named, ...others].find(
    (one) => one !== undefined && destinationPathOf(one, namespace) === destinationPath,
  );
  if (found !== undefined) return found;
  const where = [name && `object store "${name}"`, destinationPath && cut(destinationPath, longestPath)];
  return {
    reason: 'RestoreSourceMissing',
    message: `the backups of PostgresAddon "${addon}" (server name ${serverName}) are in ${where.filter(Boolean).join(', ') || 'an object store that is not recorded'}, where no object store of this namespace leads to; ask the platform team for it`,
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
