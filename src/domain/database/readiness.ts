// Judges whether CNPG has provisioned the database.
import type { PostgresAddon } from '../../api/addon.ts';
import {
  type Cluster,
  fencingAnnotation,
  hibernationAnnotation,
  podSpecAnnotation,
  reconciliationAnnotation,
} from '../../api/cnpg.ts';
import { cut } from '../../api/text.ts';
import type { ConnectionCheck } from '../observed.ts';
import { reasonOf, wasReady } from '../recorded.ts';
import { givenUpRestore } from '../restore/failure.ts';
import { inWords } from '../restore/origin.ts';
import type { Target } from '../target.ts';
import type { Verdict } from '../verdict.ts';
import { phaseMeaning } from './cnpg-phase.ts';
import { isHibernated, isUp } from './up.ts';

export interface ClusterVerdict {
  readonly provisioned: Verdict;
  /** A change of plan or version was written, and CNPG has not finished it. */
  readonly applying: boolean;
}

/**
 * Whether the database counts as ready if a login succeeds. CNPG reports nothing of its instances while a plugin is away, which is no reason
 * to call one down that answers.
 */
export function canBeReady({ provisioned, applying }: ClusterVerdict, connectionCheck: ConnectionCheck): boolean {
  const isProvedByLogin = connectionCheck === 'Required' && !applying;
  return isHealthy(provisioned) || (provisioned.reason === 'PluginUnavailable' && isProvedByLogin);
}

/**
 * Whether CNPG has provisioned what was requested.
 * @param instances how many must be ready
 * @param waiting whether CNPG has not started a change that restarts instances
 * @param unrecorded whether a change can have been written that no status has recorded
 */
export function judgeCluster(
  addon: PostgresAddon,
  target: Target,
  cluster: Cluster | undefined,
  instances: number,
  waiting: boolean,
  unrecorded = false,
): ClusterVerdict {
  if (cluster === undefined)
    return { provisioned: wasReady(addon) ? recreated(target) : working(addon, target, cluster), applying: false };
  if (!waiting && isUp(cluster, instances)) {
    const message = `all ${instances} instance(s) are ready`;
    return { provisioned: { reason: 'ClusterHealthy', message }, applying: false };
  }
  const applying = wasReady(addon) && (waiting || unrecorded || reasonOf(addon, 'PlanApplied') === 'Applying');
  return { provisioned: unfinished(addon, cluster, applying ? changing : working(addon, target, cluster)), applying };
}

/** @param provisioned the verdict of judgeCluster(): healthy means that CNPG has finished the current request */
export function isHealthy(provisioned: Verdict): boolean {
  return provisioned.reason === 'ClusterHealthy';
}

const changing: Verdict = {
  reason: 'Applying',
  message: 'the change was written to the Cluster; CloudNativePG is restarting the instances one by one',
};

/** Deleting a Cluster deletes its data, unless its volume claims were kept: CNPG gives those to a new Cluster of the same name. */
function recreated({ names, origin }: Target): Verdict {
  const what =
    origin === undefined ? 'which is empty' : `restored again ${inWords(origin)}, without what was written since,`;
  const message = `Cluster ${names.cluster} was deleted, but not by this operator; a new one is being created, ${what} unless the volume claims of the deleted one still exist`;
  return { reason: 'ClusterRecreated', message };
}

/** The message is constant on purpose: CNPG's phase changes often, and each new text would be a status write. */
function working(addon: PostgresAddon, { origin }: Target, cluster: Cluster | undefined): Verdict {
  const hasPrimary = (cluster?.status.currentPrimary ?? '') !== '';
  if (origin !== undefined && !(wasReady(addon) && hasPrimary))
    return {
      reason: 'Restoring',
      message: `CloudNativePG is restoring the database ${inWords(origin)}${estimateIn(origin)}`,
    };
  return wasReady(addon)
    ? { reason: 'Provisioning', message: 'not every instance is ready; waiting for CloudNativePG to recover it' }
    : { reason: 'Creating', message: 'CloudNativePG is creating the database' };
}

function estimateIn({ estimate }: NonNullable<Target['origin']>): string {
  return estimate === undefined ? '' : `; ${estimate}`;
}

/** Why the Cluster is not provisioned: intervention is needed, or else `otherwise`. */
function unfinished(addon: PostgresAddon, cluster: Cluster, otherwise: Verdict): Verdict {
  const stopped = stoppedBySomebody(cluster);
  if (stopped !== undefined) return stopped;
  const failedRestore = givenUpRestore(cluster);
  if (failedRestore !== undefined) return failedRestore;
  const meaning = phaseMeaning(cluster.status.phase);
  if (meaning === 'healthy' || meaning === 'working') return otherwise;
  if (meaning !== 'PluginMissing' || !wasReady(addon)) return { reason: meaning, message: cnpgReport(cluster) };
  return {
    reason: 'PluginUnavailable',
    message: `${pluginReport(cluster)}; until it responds, nothing is changed and nothing fails over`,
  };
}

/** What is known of the plugin. Why it does not respond is told differently each time, and each new text would be a status write. */
function pluginReport(cluster: Cluster): string {
  const { phase = '', phaseReason = '' } = cluster.status;
  const which = phase.includes('unknown plugin') && phaseReason !== '' ? ` (${cut(phaseReason, 500)})` : '';
  return `CloudNativePG waits for a plugin that Cluster ${cluster.metadata.name} requires${which}`;
}

/** What somebody set on the Cluster that keeps CNPG from running its instances. */
function stoppedBySomebody(cluster: Cluster): Verdict | undefined {
  const { name } = cluster.metadata;
  if (isHibernated(cluster)) {
    return {
      reason: 'Hibernated',
      message: `Cluster ${name} is hibernated (annotation ${hibernationAnnotation}: on); remove the annotation to start its instances`,
    };
  }
  if (ignoredByCnpg(cluster)) return reconciliationDisabled(cluster);
  const fenced = fencedInstances(cluster);
  if (fenced === undefined) return undefined;
  return {
    reason: 'InstancesFenced',
    message: `PostgreSQL is stopped in ${fenced} of Cluster ${name} (annotation ${fencingAnnotation}); remove the annotation to start it`,
  };
}

/** Whether CNPG does not act on the Cluster, so that its status stays as it is. */
export function ignoredByCnpg({ metadata }: Cluster): boolean {
  return metadata.annotations?.[reconciliationAnnotation] === 'disabled';
}

/** Whether CNPG leaves the pods of the Cluster as they are. */
export function keepsItsPods({ metadata }: Cluster): boolean {
  return metadata.annotations?.[podSpecAnnotation] === 'disabled';
}

/** The verdict on a Cluster that CNPG ignores, or whose pods it leaves as they are, if anything depends on CNPG. */
export function reconciliationDisabled(cluster: Cluster): Verdict {
  const { name } = cluster.metadata;
  const [what, annotation] = ignoredByCnpg(cluster)
    ? [`ignores Cluster ${name}`, reconciliationAnnotation]
    : [`does not restart the pods of Cluster ${name}`, podSpecAnnotation];
  return {
    reason: 'ReconciliationDisabled',
    message: `CloudNativePG ${what} (annotation ${annotation}: disabled); remove the annotation`,
  };
}

/** The fenced instances in words; undefined without any. The annotation can hold anything: CNPG ignores what it cannot read. */
function fencedInstances({ metadata }: Cluster): string | undefined {
  const fenced = jsonOf(metadata.annotations?.[fencingAnnotation] ?? '[]');
  if (!Array.isArray(fenced) || fenced.length === 0) return undefined;
  return fenced.includes('*') ? 'all instances' : `${fenced.length} instance(s)`;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What CNPG reports about a Cluster, for messages. */
export function cnpgReport(cluster: Cluster): string {
  const { phase = '', phaseReason } = cluster.status;
  const why = phaseReason ? ` (${cut(phaseReason, 500)})` : '';
  return phase === '' ? 'CloudNativePG has not reported anything yet' : `CloudNativePG reports "${phase}"${why}`;
}
