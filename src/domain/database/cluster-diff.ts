// From the Cluster as it is to the Cluster as it should be; no difference, no write.
import { annotations, type PostgresAddon } from '../../api/addon.ts';
import type { Cluster } from '../../api/cnpg.ts';
import { type Action, applyTo, create } from '../decision.ts';
import { includes } from '../includes.ts';
import { isHeld, ownAnnotations } from '../ownership/child-metadata.ts';
import { reasonOf } from '../recorded.ts';
import type { Target } from '../target.ts';
import { buildCluster, type ClusterManifest } from './cluster.ts';
import { awaitsRestart, isRestart, markFor, wasMarkedForOther } from './restart-mark.ts';

export interface ClusterDiff {
  readonly actions: readonly Action[];
  /** CNPG has yet to begin with a restarting change, of now or before: what it reports is about what ran before. */
  readonly awaitsRestart: boolean;
  /** The write carries what somebody asked for, and not only the repair of a hand edit. */
  readonly asked: boolean;
}

/** @param cluster ours, or absent. */
export function diffCluster(addon: PostgresAddon, target: Target, cluster: Cluster | undefined): ClusterDiff {
  if (cluster === undefined) {
    const manifest = buildCluster(addon, target);
    return { actions: [create('cluster', manifest)], awaitsRestart: false, asked: false };
  }
  const notes = ownAnnotations(cluster);
  const whole = buildCluster(addon, target, notes);
  const wanted = oneStepTowards(whole, cluster);
  const asked = isAsked(addon, target, cluster);
  if (matches(addon, cluster, wanted)) return { actions: [], awaitsRestart: awaitsRestart(cluster), asked };
  // A hand edit that is put right may never reach the instances, so only an asked-for change has to be waited for.
  const changes = asked && isRestart(cluster.spec, wanted.spec);
  const mark = changes ? markFor(cluster, wanted.spec, whole.spec) : notes[annotations.readyBefore];
  const manifest = oneStepTowards(buildCluster(addon, target, withMark(notes, mark)), cluster);
  return {
    actions: [applyTo('cluster', manifest, cluster)],
    awaitsRestart: changes ? mark !== undefined : awaitsRestart(cluster),
    asked,
  };
}

function withMark(notes: Readonly<Record<string, string>>, mark: string | undefined): Readonly<Record<string, string>> {
  const { [annotations.readyBefore]: _, ...others } = notes;
  return mark === undefined ? others : { ...others, [annotations.readyBefore]: mark };
}

/**
 * Whether somebody asks for something new: status, which says what was asked last, differs from the target, or a change of several
 * writes is under way, or the Cluster was changed for another wish of which status never told.
 */
export function isAsked(addon: PostgresAddon, target: Target, cluster: Cluster): boolean {
  const { plan, image, resources } = addon.status ?? {};
  const { instances, memory } = target.profile;
  const same =
    plan === target.plan && image === target.image && resources?.instances === instances && resources.memory === memory;
  const isUnderWay = reasonOf(addon, 'PlanApplied') === 'Applying';
  return !same || isUnderWay || wasMarkedForOther(cluster, buildCluster(addon, target).spec);
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

function matches(addon: PostgresAddon, live: Cluster, wanted: ClusterManifest): boolean {
  return isHeld(addon, live, wanted) && includes(live.spec, wanted.spec);
}
