// What CNPG runs to prepare the disk of an instance, and to upgrade its files. Up to CNPG 1.30 each is a Job of its own; from 1.31 on, an
// init container of the instance's pod prepares the disk (cloudnative-pg#11319), and only an upgrade is a Job. No other file distinguishes
// the two.
import { sidecarName } from '../../api/barman.ts';
import { type Cluster, clusterLabel } from '../../api/cnpg.ts';
import type { Pod } from '../../api/workload.ts';
import { phaseMeaning } from '../database/cnpg-phase.ts';

/** The suffix of the name of the Job that upgrades the data files to another major version. There is one, for the primary. */
const upgradeJob = '-major-upgrade';
/** The suffix of the name of the Job that restores the data files, and the name of its container. */
const recoveryJob = 'full-recovery';

/** The instance, `<cluster>-<n>`, that a pod, a volume claim or the pod of a Job belongs to; undefined if it belongs to none. */
export function instanceOf(cluster: string, object: string): string | undefined {
  if (!object.startsWith(`${cluster}-`)) return undefined;
  const number = /^\d+(?=-|$)/.exec(object.slice(cluster.length + 1))?.[0];
  return number === undefined ? undefined : `${cluster}-${number}`;
}

/**
 * The instance that a Job of CNPG prepares, from `<cluster>-<n>-<role>`. The operator does not list Jobs; a role contains no digits,
 * which distinguishes a Job of Cluster `db-a-1` from one of `db-a`.
 */
export function jobOf(cluster: string, job: string): string | undefined {
  const instance = instanceOf(cluster, job);
  return instance !== undefined && /^-[a-z]+(?:-[a-z]+)*$/.test(job.slice(instance.length)) ? instance : undefined;
}

/** The Job of a pod; undefined for the pod of an instance. */
function jobName({ owner }: Pod): string | undefined {
  return owner?.kind === 'Job' ? owner.name : undefined;
}

/** Whether a pod is that of an instance, or of a Job for one, of this Cluster. */
export function isPodOf(cluster: { readonly name: string; readonly uid: string }, pod: Pod): boolean {
  const job = jobName(pod);
  if (job !== undefined) return jobOf(cluster.name, job) !== undefined;
  return pod.owner?.uid === cluster.uid && instanceOf(cluster.name, pod.name) !== undefined;
}

/** Whether it is the pod of an instance, which may still be preparing its disk. */
export function isInstance(pod: Pod): boolean {
  return pod.owner?.kind === 'Cluster';
}

/** Whether it is the pod of an instance whose disk is prepared, so that it can be ready. */
export function hasStarted(pod: Pod): boolean {
  return isInstance(pod) && pod.containers.some(({ name, began }) => name === 'postgres' && began);
}

/** How messages refer to a pod, and what has to be deleted so that CNPG makes it anew: the pod, or its Job, whose pods have random names. */
export function displayName(pod: Pod): string {
  const job = jobName(pod);
  return job === undefined ? `pod ${pod.name}` : `Job ${job}`;
}

/** The command that shows the log of a container that has ended. */
export function logCommand(pod: Pod, container: string, namespace: string): string {
  const job = jobName(pod);
  return job === undefined
    ? `kubectl logs -n ${namespace} ${pod.name} -c ${container} --previous`
    : `kubectl logs -n ${namespace} job/${job} -c ${container}`;
}

/** The containers of an instance that prepare no disk, whatever the version: what is wrong with them is no failing restore. */
const others: readonly string[] = ['bootstrap-controller', sidecarName];

/** Whether a container of a pod restores the data files. */
export function isRecovery(cluster: Cluster, pod: Pod, container: string): boolean {
  const job = jobName(pod);
  if (job !== undefined) return job.endsWith(`-${recoveryJob}`);
  return beginsWithRestore(cluster) && !hasStarted(pod) && !others.includes(container);
}

/** Whether the data of the Cluster are restored before anything else: there has been no primary yet. */
function beginsWithRestore({ spec, status: { currentPrimary = '' } }: Cluster): boolean {
  return spec.bootstrap?.recovery !== undefined && currentPrimary === '';
}

/**
 * The command that shows why CNPG has given up the restore of a Cluster; undefined if it has not. Without a Job, CNPG does not name what
 * failed; some containers of the pod never had a log, which has to be no error.
 */
export function logOfGivenUpRestore(cluster: Cluster): string | undefined {
  const { phase, phaseReason = '' } = cluster.status;
  const { name, namespace } = cluster.metadata;
  if (phaseMeaning(phase) !== 'ClusterUnrecoverable') return undefined;
  const job = phaseReason.split(/[^-a-z0-9]/).find((word) => word.endsWith(`-${recoveryJob}`));
  if (job !== undefined) return `kubectl logs -n ${namespace} job/${job} -c ${recoveryJob}`;
  return beginsWithRestore(cluster)
    ? `kubectl logs -n ${namespace} -l ${clusterLabel}=${name} --all-containers --prefix --ignore-errors --tail=-1`
    : undefined;
}

/** Whether it is the pod of a major upgrade. */
export function isUpgrade(pod: Pod): boolean {
  return jobName(pod)?.endsWith(upgradeJob) === true;
}

/**
 * The pods of Jobs that have failed again, newest first: a Job makes another pod where kubelet restarts the container of an instance. One
 * failed pod can be an accident, two are not.
 */
export function failedAgain(pods: readonly Pod[]): readonly Pod[] {
  const failed = pods.filter((pod) => jobName(pod) !== undefined && pod.phase === 'Failed' && pod.reason !== 'Evicted');
  const again = failed.filter((pod) => {
    const sameJob = (other: Pod): boolean => other.owner?.uid === pod.owner?.uid;
    return failed.filter(sameJob).length >= 2 && !pods.some((other) => sameJob(other) && other.phase === 'Succeeded');
  });
  // Kubernetes writes all of them in the same form, so their order is that of the texts.
  return again.toSorted((a, b) => Number(a.createdAt < b.createdAt) - Number(a.createdAt > b.createdAt));
}

/** The instance for which the API server refuses to create the pod of a Job, as an Event on the Job says; undefined for another Event. */
export function refusedInstance(
  cluster: string,
  event: { readonly kind: string; readonly name: string; readonly reason: string },
): string | undefined {
  return event.kind === 'Job' && event.reason === 'FailedCreate' ? jobOf(cluster, event.name) : undefined;
}
