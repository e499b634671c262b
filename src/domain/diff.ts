// From what is and what should be to the writes between them; no difference, no write.
import { annotations, type PostgresAddon } from '../api/addon.ts';
import type { Cluster, ScheduledBackup } from '../api/cnpg.ts';
import type { Manifest } from '../api/kubernetes.ts';
import { type Action, applyTo } from './action.ts';
import { awaitsRestart, isRestart, markFor } from './awaiting.ts';
import { buildCluster, buildScheduledBackup, type ClusterManifest } from './desired.ts';
import { includes } from './includes.ts';
import { whose } from './owner.ts';
import { reasonOf } from './past.ts';
import type { Target } from './target.ts';

export interface ClusterDiff {
  readonly actions: readonly Action[];
  /** CNPG has yet to begin with a restarting change, of now or before: what it reports is about what ran before. */
  readonly awaitsRestart: boolean;
}

/** @param cluster ours, or absent. */
export function diffCluster(addon: PostgresAddon, target: Target, cluster: Cluster | undefined): ClusterDiff {
  if (cluster === undefined) {
    return {
      actions: [{ verb: 'create', child: 'Cluster', manifest: buildCluster(addon, target, undefined) }],
      awaitsRestart: false,
    };
  }
  const kept = cluster.metadata.annotations?.[annotations.readyBefore];
  const wanted = oneStepTowards(buildCluster(addon, target, kept), cluster);
  if (matches(cluster, wanted)) return { actions: [], awaitsRestart: awaitsRestart(cluster) };
  // A hand edit that is put right may never reach the instances, so only an asked-for change has to be waited for.
  const changes = isAsked(addon, target) && isRestart(cluster.spec, wanted.spec);
  const mark = changes ? markFor(cluster, wanted.spec) : kept;
  const { annotations: _, ...metadata } = wanted.metadata;
  const marked = mark === undefined ? metadata : { ...metadata, annotations: { [annotations.readyBefore]: mark } };
  const action = applyTo('Cluster', { ...wanted, metadata: marked }, cluster.metadata.uid);
  return { actions: [action], awaitsRestart: changes ? mark !== undefined : awaitsRestart(cluster) };
}

/** Whether status, which says what was asked last, differs from the target, or a change of several writes is under way. */
function isAsked(addon: PostgresAddon, target: Target): boolean {
  const { plan, image, resources } = addon.status ?? {};
  const { instances, memory } = target.profile;
  const same =
    plan === target.plan && image === target.image && resources?.instances === instances && resources.memory === memory;
  return !same || reasonOf(addon, 'PlanApplied') === 'Applying';
}

/** @param existing whoever's it is: a plan without backups has no say over a foreign one */
export function diffScheduledBackup(
  addon: PostgresAddon,
  target: Target,
  existing: ScheduledBackup | undefined,
): readonly Action[] {
  if (target.backup === 'none') {
    if (existing === undefined || existing.metadata.deletionTimestamp !== undefined) return [];
    if (whose(addon, existing) !== 'ours') return [];
    const { name, uid, resourceVersion } = existing.metadata;
    return [{ verb: 'delete', child: 'ScheduledBackup', name, uid, resourceVersion }];
  }
  const wanted = buildScheduledBackup(addon, target);
  if (existing === undefined) return [{ verb: 'create', child: 'ScheduledBackup', manifest: wanted }];
  return matches(existing, wanted) ? [] : [applyTo('ScheduledBackup', wanted, existing.metadata.uid)];
}

/** CNPG refuses a new image and new parameters in one write when it switches over: the image waits for the next write. */
function oneStepTowards(wanted: ClusterManifest, cluster: Cluster): ClusterManifest {
  const live = cluster.spec;
  const bothChange =
    live.imageName !== undefined &&
    live.imageName !== wanted.spec.imageName &&
    !includes(live.postgresql?.parameters, wanted.spec.postgresql.parameters);
  return bothChange ? { ...wanted, spec: { ...wanted.spec, imageName: live.imageName ?? '' } } : wanted;
}

function matches(live: Cluster | ScheduledBackup, wanted: Manifest): boolean {
  const { labels, annotations: notes, ownerReferences } = wanted.metadata;
  return (
    includes(live.metadata, { labels, ownerReferences, ...(notes && { annotations: notes }) }) &&
    includes(live.spec, wanted.spec)
  );
}
