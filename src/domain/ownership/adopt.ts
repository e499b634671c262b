// Adopts the database that a deleted addon with the same name and appId left in service, if it matches the addon.
import { annotations } from '../../api/addon.ts';
import type { Cluster } from '../../api/cnpg.ts';
import { millisecondsOf } from '../../api/time.ts';
import { isLower, majorOf, versionOfImage } from '../database/version.ts';
import type { Action } from '../decision.ts';
import { inheritedReadyAt } from '../recorded.ts';
import { folderOfOrigin, inWords } from '../restore/origin.ts';
import { isOfSource, type Origin, originNamespace, permittedSource } from '../restore/request.ts';
import { orphanedCluster, type Situation, unseen } from '../situation.ts';
import type { Target } from '../target.ts';
import type { Verdict } from '../verdict.ts';
import { handOver } from './handover.ts';
import { neededRoles } from './obstacle.ts';
import { strayOf } from './stray.ts';

/**
 * The writes that adopt the Cluster and the objects left behind with it, unchanged: differences from the addon's spec are applied
 * afterwards.
 * @param s with an orphaned Cluster
 * @returns a verdict if something does not match: then nothing is changed
 */
export function adopt(s: Situation, target: Target): readonly Action[] | Verdict {
  const mismatch = findMismatch(s, target);
  if (mismatch !== undefined) return mismatch;
  return s.found
    .filter(({ role, object, ownership }) => ownership === 'orphan' && strayOf(s, role, object) === undefined)
    .flatMap((child) => handOver(s.addon, child, 'held'));
}

function findMismatch(s: Situation, target: Target): Verdict | undefined {
  const needed = neededRoles(s);
  const blind = needed.map((role) => unseen(s, role)).find((verdict) => verdict !== undefined);
  if (blind !== undefined) return blind;
  const cluster = orphanedCluster(s);
  const why = cluster && mismatchOf(s, target, cluster);
  if (why !== undefined) return { reason: 'AdoptionRefused', message: why };
  // A mismatch of something not essential is reported in its own conditions, once the database is adopted.
  const left = s.found.filter(({ role, ownership }) => ownership === 'orphan' && needed.includes(role));
  return left.map(({ role, object }) => strayOf(s, role, object)).find((stray) => stray !== undefined);
}

/** Why a database does not match this addon; undefined if it does. */
function mismatchOf(s: Situation, target: Target, cluster: Cluster): string | undefined {
  const { addon, observed } = s;
  const { name } = cluster.metadata;
  const { initdb, recovery } = cluster.spec.bootstrap ?? {};
  const { database, owner } = recovery ?? initdb ?? {};
  const left = `Cluster ${name}, left behind by a deleted addon,`;
  if (database !== target.database)
    return `${left} has the database "${database}", but this addon needs "${target.database}" (spec.database.name)`;
  if (owner !== target.owner)
    return `${left} has a database of role "${owner}", but this addon needs "${target.owner}" (spec.database.owner)`;
  const beginning = otherBeginning(s, target.origin);
  if (beginning !== undefined) return `${left} ${beginning}`;
  const holds = versionOfData(cluster, observed.platform.imagePattern);
  const wanted = addon.spec.version;
  if (wanted !== undefined && holds !== undefined && isLower(wanted, holds))
    return `${left} has data of PostgreSQL ${holds}, but spec.version requests the lower version ${wanted}`;
  return undefined;
}

/**
 * How the database began otherwise than the addon requests; undefined if it did not. One that requests no restore does not care. Of a
 * source that is gone nothing tells which lineages it had.
 */
function otherBeginning(s: Situation, origin: Origin | undefined): string | undefined {
  const { addon } = s;
  const { restore } = addon.spec;
  const requested = 'but spec.restore of this addon requests something else';
  const namespace = originNamespace(addon);
  const isForeign = namespace !== addon.metadata.namespace;
  const from = origin && folderOfOrigin(s);
  // Its ObjectStore may have to be made again, and would lead to the folder that spec.restore tells.
  if (from !== undefined && from !== namespace)
    return `was restored from the backups of namespace "${from}", ${requested}`;
  if (restore === undefined) return undefined;
  const { targetTime, archive } = restore.from;
  if (origin !== undefined && isForeign && from === undefined && !isOfSource(s, origin.serverName))
    return `was restored ${inWords(origin)}, and nothing tells that they are of namespace "${namespace}" (spec.restore)`;
  if (origin === undefined) return `began empty, ${requested}`;
  if (
    restore.redaction !== undefined &&
    orphanedCluster(s)?.metadata.annotations?.[annotations.redaction] === undefined
  )
    return `was restored without a redaction, ${requested}`;
  const isSameTime = millisecondsOf(targetTime) === millisecondsOf(origin.targetTime);
  const isOfArchive =
    archive === undefined || (archive.serverName === origin.serverName && archive.store === origin.chosen?.name);
  const isKnown = permittedSource(s)?.status?.backup?.lineages !== undefined;
  const isOfIt = !isKnown || isOfSource(s, origin.serverName);
  return isSameTime && isOfArchive && isOfIt ? undefined : `was restored ${inWords(origin)}, ${requested}`;
}

/** The version of the files. The image tells it unless nothing ran with it: before the first start, and during a major upgrade. */
function versionOfData(cluster: Cluster, pattern: string): string | undefined {
  const image = versionOfImage(pattern, cluster.spec.imageName ?? '');
  const { dataMajor } = cluster.status;
  const hasRun = inheritedReadyAt(cluster) !== undefined && majorOf(image) === dataMajor;
  return dataMajor === undefined || hasRun ? image : String(dataMajor);
}
