// Detects causes from what is missing: CNPG reports nothing, reports outdated values, or does not create a pod.
import type { Pod } from '../../api/workload.ts';
import type { Verdict } from '../verdict.ts';
import { conditionOf, type Evidence } from './evidence.ts';
import { hasStarted, isInstance } from './preparation.ts';

/** CNPG has not processed the Cluster at all. */
export function nothingIsReported({ cluster, isQuiet }: Evidence): Verdict | undefined {
  if (!isQuiet) return undefined;
  const { phase = '', applicationSecretVersion, readyCondition } = cluster.status;
  if (phase !== '' || applicationSecretVersion !== undefined || readyCondition !== undefined) return undefined;
  const message = `CloudNativePG has not reported anything about Cluster ${cluster.metadata.name}: its operator is not running, or does not watch this namespace; check its Deployment`;
  return { reason: 'CNPGNotResponding', message };
}

/** CNPG reports instances that no longer exist: it has not processed the Cluster since. */
export function reportIsOld(evidence: Evidence): Verdict | undefined {
  const { metadata, status } = evidence.cluster;
  const reported = status.readyInstances ?? 0;
  if (!evidence.isQuiet || !evidence.sees('pods') || reported <= evidence.pods.filter(hasStarted).length)
    return undefined;
  const message = `CloudNativePG reports instances of Cluster ${metadata.name} as ready whose pods no longer exist: its operator is not running, or is stuck; check its Deployment and log`;
  return { reason: 'CNPGNotResponding', message };
}

/** All existing pods are ready, but one is missing and not being created: its creation was refused, which CNPG reports only in its log. */
export function podIsNotMade(evidence: Evidence): Verdict | undefined {
  const { metadata, spec } = evidence.cluster;
  const settled = evidence.pods.every((pod) => isInstance(pod) && !pod.isBeingDeleted && isReady(pod));
  if (!evidence.isQuiet || !evidence.sees('pods') || !settled || evidence.pods.length >= (spec.instances ?? 1))
    return undefined;
  // CNPG creates the claim before the pod.
  if (evidence.sees('persistentvolumeclaims') && evidence.claims.length === 0) return undefined;
  const message = `CloudNativePG has not created a missing pod of Cluster ${metadata.name}, and only the log of its operator shows the cause; first check for a ResourceQuota, a LimitRange or an admission webhook on pods`;
  return { reason: 'PodsRefused', message };
}

function isReady(pod: Pod): boolean {
  return conditionOf(pod, 'Ready')?.status === 'True';
}
