// Compares the live Cluster with the desired one and returns the write that is needed, or none if they match.
import { annotations, type PostgresAddon } from '../../api/addon.ts';
import type { Cluster } from '../../api/cnpg.ts';
import { standingAlteration } from '../alteration.ts';
import { serverNameOf } from '../backup/archive.ts';
import { type Action, applyTo, create } from '../decision.ts';
import { includes } from '../includes.ts';
import { isHeld, ownAnnotations } from '../ownership/child-metadata.ts';
import { reasonOf } from '../recorded.ts';
import { hasLines } from '../restore/lock.ts';
import type { Target } from '../target.ts';
import type { Verdict } from '../verdict.ts';
import { buildCluster, type ClusterManifest } from './cluster.ts';
import { awaitsRestart, isRestart, restartMark, wasMarkedForOther } from './restart-mark.ts';
import { sidecarMemoryOf } from './sidecar-memory.ts';

export interface ClusterDiff {
  readonly actions: readonly Action[];
  /** The spec of the Cluster once the actions have succeeded, as far as the operator writes it. */
  readonly written: Cluster['spec'];
  /** CNPG has not started a change that restarts instances, so what it reports is about the previous configuration. */
  readonly awaitsRestart: boolean;
  /** The user requested a change; otherwise the write only repairs a manual edit. */
  readonly asked: boolean;
  /** What the API server stored instead of the requested Cluster, if status has recorded it. */
  readonly altered?: Verdict;
}

/** @param cluster the addon's own; undefined if it does not exist */
export function diffCluster(addon: PostgresAddon, target: Target, cluster: Cluster | undefined): ClusterDiff {
  if (cluster === undefined) {
    const manifest = buildCluster(addon, target);
    return { actions: [create('cluster', manifest)], written: manifest.spec, awaitsRestart: false, asked: false };
  }
  const notes = ownAnnotations(cluster);
  const whole = buildCluster(addon, target, notes, cluster);
  const wanted = oneStepTowards(whole, cluster);
  const asked = isAsked(addon, target, cluster);
  if (matches(addon, cluster, wanted) && hasLines(cluster.spec, wanted.spec))
    return { actions: [], written: cluster.spec, awaitsRestart: awaitsRestart(cluster), asked };
  const altered = standingAlteration(addon, 'cluster', wanted, cluster);
  if (altered !== undefined)
    return { actions: [], written: cluster.spec, awaitsRestart: awaitsRestart(cluster), asked, altered };
  // A manual edit that is reverted may never reach the instances, so only a requested change has to be waited for.
  const isArchiveNew = (serverNameOf(cluster) === undefined) !== (target.archive === undefined);
  const changes = (asked || isArchiveNew) && isRestart(cluster, wanted, target.archive?.isResized === true);
  const mark = changes ? restartMark(cluster, wanted, whole) : notes[annotations.readyBefore];
  const manifest = oneStepTowards(
    buildCluster(addon, target, { ...notes, [annotations.readyBefore]: mark }, cluster),
    cluster,
  );
  return {
    actions: [applyTo('cluster', manifest, cluster)],
    written: manifest.spec,
    // After the first of two writes, whatever runs is not what was requested.
    awaitsRestart: wanted !== whole || (changes ? mark !== undefined : awaitsRestart(cluster)),
    asked,
  };
}

/**
 * Whether the user requests a change: the target differs from status, which records the last request; or a change that needs several
 * writes is in progress; or the Cluster was changed for a request that status never recorded.
 */
export function isAsked(addon: PostgresAddon, target: Target, cluster: Cluster): boolean {
  if (isAltered(addon, target, cluster)) return false;
  const { plan, image, resources } = addon.status ?? {};
  const { instances, memory } = target.profile;
  const isSame =
    plan === target.plan && image === target.image && resources?.instances === instances && resources.memory === memory;
  const isOtherSidecar =
    resources?.sidecarMemory !== undefined && sidecarMemoryOf(addon, target) !== resources.sidecarMemory;
  const isUnderWay = reasonOf(addon, 'PlanApplied') === 'Applying';
  return !isSame || isOtherSidecar || isUnderWay || wasMarkedForOther(cluster, buildCluster(addon, target));
}

/** Whether the Cluster has other values than requested because the API server changes them: status has recorded so. */
export function isAltered(addon: PostgresAddon, target: Target, cluster: Cluster): boolean {
  const wanted = oneStepTowards(buildCluster(addon, target, {}, cluster), cluster);
  return standingAlteration(addon, 'cluster', wanted, cluster) !== undefined;
}

/** For a switchover, CNPG rejects a new image and new parameters in the same write: the image is changed in the next write. */
function oneStepTowards(wanted: ClusterManifest, cluster: Cluster): ClusterManifest {
  const { imageName, postgresql, plugins } = cluster.spec;
  const { spec } = wanted;
  if (imageName === undefined || imageName === spec.imageName) return wanted;
  if (includes(postgresql?.parameters, spec.postgresql.parameters)) return wanted;
  // A new lineage begins with the image of a new major version.
  const kept = spec.plugins && plugins ? (plugins as ClusterManifest['spec']['plugins']) : spec.plugins;
  return { ...wanted, spec: { ...spec, imageName, plugins: kept } };
}

function matches(addon: PostgresAddon, live: Cluster, wanted: ClusterManifest): boolean {
  return isHeld(addon, live, wanted) && includes(live.spec, wanted.spec);
}
