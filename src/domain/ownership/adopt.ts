// How the database that a deleted addon left in service is adopted: by the same name and appId, when it fits, and not otherwise.
import type { Cluster } from '../../api/cnpg.ts';
import type { KubeObject } from '../../api/kubernetes.ts';
import { isEssential, kindOf, type Role } from '../children.ts';
import { isLower, versionOfImage } from '../database/version.ts';
import type { Action } from '../decision.ts';
import { formerUidOf } from '../recorded.ts';
import { foundAs, orphanedCluster, type Situation } from '../situation.ts';
import type { Target } from '../target.ts';
import type { Verdict } from '../verdict.ts';
import { handOver } from './handover.ts';
import { uidOn } from './owner.ts';

/**
 * The writes that adopt the Cluster and what was left behind with it, as they are: what differs from the addon's spec is applied
 * afterwards.
 * @param s with an orphaned Cluster
 * @returns the reason why not when something does not fit: then nothing is touched
 */
export function adopt(s: Situation, target: Target): readonly Action[] | Verdict {
  const misfit = findMisfit(s, target);
  if (misfit !== undefined) return misfit;
  return s.found
    .filter(({ role, object, ownership }) => ownership === 'orphan' && strayOf(s, role, object) === undefined)
    .flatMap((child) => handOver(s.addon, child, 'held'));
}

function findMisfit(s: Situation, target: Target): Verdict | undefined {
  const { urlSecret } = s.observed.children;
  if (urlSecret.kind === 'denied') return { reason: 'Forbidden', message: urlSecret.message };
  const cluster = orphanedCluster(s);
  const unfit = cluster && unfitness(s, target, cluster);
  if (unfit !== undefined) return { reason: 'AdoptionRefused', message: unfit };
  // What is not essential and does not fit is said where it belongs, once the database is adopted.
  const needed = s.found.filter(({ role, ownership }) => ownership === 'orphan' && isEssential(role));
  return needed.map(({ role, object }) => strayOf(s, role, object)).find((stray) => stray !== undefined);
}

/** What else was left behind is adopted with the Cluster that it was made for, and with no other. */
export function strayOf(s: Situation, role: Role, child: KubeObject): Verdict | undefined {
  if (role === 'cluster' || uidOn(child) === formerUidOf(s.addon, clusterOf(s))) return undefined;
  const { name } = child.metadata;
  return {
    reason: 'AdoptionRefused',
    message: `${kindOf(role)} ${name} belongs to a different database of a deleted addon; delete it if it is no longer used`,
  };
}

/** Whoever's it is. */
function clusterOf(s: Situation): Cluster | undefined {
  const child = foundAs(s, 'cluster');
  return child?.role === 'cluster' ? child.object : undefined;
}

/** Why a database cannot serve this addon, in a sentence; undefined when it can. */
function unfitness({ addon, observed }: Situation, target: Target, cluster: Cluster): string | undefined {
  const { name } = cluster.metadata;
  const { database, owner } = cluster.spec.bootstrap?.initdb ?? {};
  const left = `Cluster ${name}, left behind by a deleted addon,`;
  if (database !== target.database)
    return `${left} has the database "${database}", but this addon needs "${target.database}" (spec.database.name)`;
  if (owner !== target.owner)
    return `${left} has a database of role "${owner}", but this addon needs "${target.owner}" (spec.database.owner)`;
  const running = versionOfImage(observed.platform.imagePattern, cluster.spec.imageName ?? '');
  const wanted = addon.spec.version;
  if (wanted !== undefined && running !== undefined && isLower(wanted, running))
    return `${left} runs PostgreSQL ${running}, but spec.version requests the lower version ${wanted}`;
  return undefined;
}
