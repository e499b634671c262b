// Causes that show by what is missing: CNPG says nothing, says what is no longer so, or makes no pod.
import type { Pod } from '../../api/workload.ts';
import type { Verdict } from '../verdict.ts';
import { conditionOf, type Evidence } from './evidence.ts';

/** CNPG has not even looked at the Cluster. */
export function nothingIsReported({ cluster, isQuiet }: Evidence): Verdict | undefined {
  if (!isQuiet) return undefined;
  const { phase = '', applicationSecretVersion, readyCondition } = cluster.status;
  if (phase !== '' || applicationSecretVersion !== undefined || readyCondition !== undefined) return undefined;
  const message = `CloudNativePG has not reported anything about Cluster ${cluster.metadata.name}: its operator is not running, or does not watch this namespace; check its Deployment`;
  return { reason: 'CNPGNotResponding', message };
}

/** CNPG counts instances that are not there: it has not looked since they went. */
export function reportIsOld(evidence: Evidence): Verdict | undefined {
  const { metadata, status } = evidence.cluster;
  const reported = status.readyInstances ?? 0;
  if (!evidence.isQuiet || !evidence.sees('pods') || reported <= instances(evidence).length) return undefined;
  const message = `CloudNativePG reports instances of Cluster ${metadata.name} as ready whose pods no longer exist: its operator is not running, or is stuck; check its Deployment and log`;
  return { reason: 'CNPGNotResponding', message };
}

/** Every pod that is there stands, one is missing, and nothing is on its way: CNPG was refused it, and says so in its log only. */
export function podIsNotMade(evidence: Evidence): Verdict | undefined {
  const { metadata, spec } = evidence.cluster;
  const there = instances(evidence);
  const settled = evidence.pods.every((pod) => pod.owner?.kind === 'Cluster' && !pod.isBeingDeleted && isReady(pod));
  if (!evidence.isQuiet || !evidence.sees('pods') || !settled || there.length >= (spec.instances ?? 1))
    return undefined;
  // Without a claim it is not the pod's turn yet.
  if (evidence.sees('persistentvolumeclaims') && evidence.claims.length === 0) return undefined;
  const message = `CloudNativePG has not created a missing pod of Cluster ${metadata.name}, and only the log of its operator shows the cause; first check for a ResourceQuota, a LimitRange or an admission webhook on pods`;
  return { reason: 'PodsRefused', message };
}

function instances({ pods }: Evidence): readonly Pod[] {
  return pods.filter(({ owner }) => owner?.kind === 'Cluster');
}

function isReady(pod: Pod): boolean {
  return conditionOf(pod, 'Ready')?.status === 'True';
}
