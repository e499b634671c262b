// What is true of the database now, and what evidence says so. CNPG's own "healthy" is only part of the evidence.
import type { PostgresAddon } from '../../api/addon.ts';
import { type Cluster, hibernationAnnotation } from '../../api/cnpg.ts';
import { reasonOf, wasReady } from '../recorded.ts';
import type { Target } from '../target.ts';
import type { Verdict } from '../verdict.ts';
import { phaseMeaning } from './cnpg-phase.ts';

export interface ClusterVerdict {
  readonly provisioned: Verdict;
  /** A change of plan or version is under way: written, and CNPG has not come back from it. */
  readonly applying: boolean;
}

/**
 * Whether CNPG has provisioned what was asked.
 * @param instances how many are to be ready
 * @param waiting whether CNPG has yet to begin with a restarting change
 */
export function judgeCluster(
  addon: PostgresAddon,
  target: Target,
  cluster: Cluster | undefined,
  instances: number,
  waiting: boolean,
): ClusterVerdict {
  if (cluster === undefined)
    return { provisioned: wasReady(addon) ? recreated(target) : working(addon), applying: false };
  if (!waiting && standing(cluster, instances)) {
    const message = `all ${instances} instance(s) are ready`;
    return { provisioned: { reason: 'ClusterHealthy', message }, applying: false };
  }
  const applying = wasReady(addon) && (waiting || reasonOf(addon, 'PlanApplied') === 'Applying');
  return { provisioned: unfinished(cluster, applying ? changing : working(addon)), applying };
}

/** CNPG has no observedGeneration, and "healthy" stands while a pod has just died or hibernates: each clause was measured. */
function standing(cluster: Cluster, instances: number): boolean {
  const { phase, readyInstances, currentPrimary, targetPrimary } = cluster.status;
  return (
    cluster.metadata.deletionTimestamp === undefined &&
    phaseMeaning(phase) === 'healthy' &&
    readyInstances === instances &&
    currentPrimary !== undefined &&
    currentPrimary !== '' &&
    currentPrimary === targetPrimary &&
    !hibernated(cluster)
  );
}

export function isHealthy(provisioned: Verdict): boolean {
  return provisioned.reason === 'ClusterHealthy';
}

const changing: Verdict = {
  reason: 'Applying',
  message: 'the change was written to the Cluster; CloudNativePG is restarting the instances one by one',
};

/** It goes with its data when somebody deletes it; there is no backup to bring that back. */
function recreated(target: Target): Verdict {
  const message = `Cluster ${target.names.cluster} was deleted with its data, but not by this operator; a new, empty Cluster is being created`;
  return { reason: 'ClusterRecreated', message };
}

/** The message is constant on purpose: CNPG's phase changes often, and each new text would cost a write. */
function working(addon: PostgresAddon): Verdict {
  return wasReady(addon)
    ? { reason: 'Provisioning', message: 'not every instance is ready; waiting for CloudNativePG to recover it' }
    : { reason: 'Creating', message: 'CloudNativePG is creating the database' };
}

/** Why it is not done: somebody has to act, or it moves by itself. */
function unfinished(cluster: Cluster, otherwise: Verdict): Verdict {
  if (hibernated(cluster)) {
    return {
      reason: 'Hibernated',
      message: `Cluster ${cluster.metadata.name} is hibernated (annotation ${hibernationAnnotation}: on); remove the annotation to start its instances`,
    };
  }
  const meaning = phaseMeaning(cluster.status.phase);
  if (meaning === 'healthy' || meaning === 'working') return otherwise;
  return { reason: meaning, message: cnpgSays(cluster) };
}

function hibernated(cluster: Cluster): boolean {
  return cluster.metadata.annotations?.[hibernationAnnotation] === 'on';
}

/** CNPG's own words on a Cluster, for messages. */
export function cnpgSays(cluster: Cluster): string {
  const { phase = '', phaseReason } = cluster.status;
  const why = phaseReason ? ` (${phaseReason.slice(0, 500)})` : '';
  return phase === '' ? 'CloudNativePG has not reported anything yet' : `CloudNativePG reports "${phase}"${why}`;
}
