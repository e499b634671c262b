// How the database that a deleted addon left in service is taken back: by the same name and appId, when it fits, and not otherwise.

import type { Cluster } from '../../api/cnpg.ts';
import type { KubeObject } from '../../api/kubernetes.ts';
import { isLower, versionOfImage } from '../database/version.ts';
import type { Action } from '../decision.ts';
import type { Observed } from '../observed.ts';
import { formerUidOf } from '../recorded.ts';
import type { Target, Verdict } from '../target.ts';
import { type Child, handOver } from './handover.ts';
import { uidOn, whose } from './owner.ts';

/** Whether anything that is watched waits to be taken back. */
export function findsOrphans({ addon, cluster, scheduledBackup }: Observed): boolean {
  return [cluster, scheduledBackup].some((child) => child !== undefined && whose(addon, child) === 'orphan');
}

/**
 * The writes that take everything back, as it is: what differs from the addon's wishes is applied afterwards.
 * @returns the reason why not when something does not fit: then nothing is touched
 */
export function adopt(o: Observed, target: Target): readonly Action[] | Verdict {
  const misfit = findMisfit(o, target);
  if (misfit !== undefined) return misfit;
  const orphans = leftBehind(o);
  return orphans.flatMap((child) => handOver(o.addon, child, 'held'));
}

function leftBehind({ addon, cluster, scheduledBackup, urlSecret }: Observed): readonly Child[] {
  const orphaned = (live: KubeObject): boolean => whose(addon, live) === 'orphan';
  return [
    ...(cluster !== undefined && orphaned(cluster) ? [{ kind: 'Cluster', live: cluster } as const] : []),
    ...(scheduledBackup !== undefined && orphaned(scheduledBackup)
      ? [{ kind: 'ScheduledBackup', live: scheduledBackup } as const]
      : []),
    ...(urlSecret.kind === 'found' && orphaned(urlSecret.object)
      ? [{ kind: 'Secret', live: urlSecret.object } as const]
      : []),
  ];
}

function findMisfit(o: Observed, target: Target): Verdict | undefined {
  if (o.urlSecret.kind === 'denied') return { reason: 'Forbidden', message: o.urlSecret.message };
  const { cluster } = o;
  const unfit =
    cluster !== undefined && whose(o.addon, cluster) === 'orphan' ? unfitness(o, target, cluster) : undefined;
  if (unfit !== undefined) return { reason: 'AdoptionRefused', message: unfit };
  for (const child of leftBehind(o)) {
    const stray = strayOf(o, child.kind, child.live);
    if (stray !== undefined) return stray;
  }
  return undefined;
}

/** A backup schedule or a Secret is taken back with the Cluster that it was made for, and with no other. */
export function strayOf(o: Observed, kind: string, child: KubeObject): Verdict | undefined {
  if (kind === 'Cluster' || uidOn(child) === formerUidOf(o.addon, o.cluster)) return undefined;
  const { name } = child.metadata;
  return {
    reason: 'AdoptionRefused',
    message: `${kind} ${name} was left behind by a deleted addon together with another database than this one; delete it if nobody uses it any more`,
  };
}

/** Why a database cannot serve this addon, in a sentence; undefined when it can. */
function unfitness({ addon, platform }: Observed, target: Target, cluster: Cluster): string | undefined {
  const { name } = cluster.metadata;
  const { database, owner } = cluster.spec.bootstrap?.initdb ?? {};
  const left = `Cluster ${name}, left behind by a deleted addon,`;
  if (database !== target.database)
    return `${left} holds the database "${database}", and spec.database.name asks for "${target.database}"`;
  if (owner !== target.owner)
    return `${left} belongs to the role "${owner}", and spec.database.owner asks for "${target.owner}"`;
  const running = versionOfImage(platform.imagePattern, cluster.spec.imageName ?? '');
  const wanted = addon.spec.version;
  if (wanted !== undefined && running !== undefined && isLower(wanted, running))
    return `${left} runs PostgreSQL ${running}, and spec.version asks for the lower ${wanted}`;
  return undefined;
}
