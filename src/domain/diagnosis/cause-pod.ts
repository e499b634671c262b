// Detects causes from pods that do not start: the image, scheduling, the node, the volumes, or the refusal to create them.
import type { Container, Pod } from '../../api/workload.ts';
import type { Verdict } from '../verdict.ts';
import { conditionOf, type Evidence, warningsOn } from './evidence.ts';
import { normalize, wordsOnImage, wordsOnRefusal, wordsOnScheduling } from './messages.ts';
import { displayName, instanceOf, isInstance, refusedInstance } from './preparation.ts';

const imageReasons: readonly string[] = [
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
  'ImageInspectError',
  'RegistryUnavailable',
];

/** A container waits for an image that the node cannot pull. */
export function imageCannotBePulled(evidence: Evidence): Verdict | undefined {
  for (const pod of evidence.pods) {
    const container = pod.containers.find(({ waiting }) => imageReasons.includes(waiting.reason));
    if (container === undefined) continue;
    const why = pullError(evidence, pod, container);
    return {
      reason: 'ImagePullFailed',
      message: `image "${container.image}" cannot be pulled${why === '' ? '' : ` (${why})`}; correct spec.version or the operator's image pattern and then delete ${displayName(pod)}, which otherwise keeps the old image, or give the nodes access to the registry`,
    };
  }
  return undefined;
}

/** Some kubelets show the cause in the container status only during an attempt, but always in an event. */
function pullError(evidence: Evidence, pod: Pod, { waiting }: Container): string {
  const own = wordsOnImage(waiting.message);
  if (own !== '') return own;
  const event = warningsOn(evidence, pod, 'Failed').find(({ message }) => message.startsWith('Failed to pull image'));
  return event === undefined ? '' : wordsOnImage(event.message);
}

/** The node of a pod does not respond. The pod's status is then stale: its containers are still reported as ready. */
export function nodeIsGone(evidence: Evidence): Verdict | undefined {
  const lost = evidence.pods.find(isOnLostNode);
  if (lost !== undefined) {
    const message = `node "${lost.node}", which runs ${displayName(lost)}, does not respond; repair it, or remove it from the Kubernetes cluster so that the pod can be rescheduled`;
    return { reason: 'NodeUnavailable', message };
  }
  const evicted = evidence.pods.find(({ phase, reason }) => phase === 'Failed' && reason === 'Evicted');
  if (evicted === undefined) return undefined;
  const [why = ''] = evicted.message.split(/\. |, /);
  return {
    reason: 'NodeUnavailable',
    message: `node "${evicted.node}" evicted ${displayName(evicted)} (${normalize(why)}); free up the resource it ran out of, or add a node`,
  };
}

/** Whether the node controller marked the pod as not ready, is evicting it, or lost its node. */
export function isOnLostNode(pod: Pod): boolean {
  const ready = conditionOf(pod, 'Ready');
  const isUnknown = ready?.status === 'False' && ready.reason === '';
  const ran = conditionOf(pod, 'ContainersReady')?.status === 'True';
  const isDrained = conditionOf(pod, 'DisruptionTarget')?.reason === 'DeletionByTaintManager';
  return pod.node !== '' && ((isUnknown && ran) || isDrained || pod.reason === 'NodeLost');
}

/** The scheduler's message about a pod that it cannot schedule; empty if there is none. */
export function schedulerMessage(pod: Pod): string {
  const scheduled = conditionOf(pod, 'PodScheduled');
  return scheduled?.status === 'False' && scheduled.reason === 'Unschedulable' ? scheduled.message : '';
}

/** Whether the scheduler's message is about a missing volume: then the volume claim shows the cause. */
export function isAboutVolume(message: string): boolean {
  return /unbound immediate PersistentVolumeClaims|persistent volumes? to bind|persistentvolumeclaim "[^"]*" not found/.test(
    message,
  );
}

/** No node has enough resources for a pod, or none is allowed to run it. */
export function noNodeFits(evidence: Evidence): Verdict | undefined {
  for (const pod of evidence.pods) {
    const said = schedulerMessage(pod);
    if (said === '' || isAboutVolume(said)) continue;
    const why = wordsOnScheduling(said);
    // CNPG replaces the pod of an instance that is not scheduled, but not a Job (measured on CNPG 1.30).
    const andDelete = isInstance(pod) ? '' : ` and then delete ${displayName(pod)}, which otherwise keeps the old one`;
    const advice = /Insufficient|Too many pods/.test(why)
      ? `add a node, free up resources, or choose a smaller plan${andDelete}`
      : "check the nodes' taints, labels and zones, or add a suitable node";
    return { reason: 'Unschedulable', message: `no node can run ${displayName(pod)} (${why}); ${advice}` };
  }
  return undefined;
}

/** The API server rejects the pods that prepare an instance, and the instance has had no pod since. Without a Job, see podIsNotMade(). */
export function podsAreRefused(evidence: Evidence): Verdict | undefined {
  if (!evidence.sees('pods')) return undefined;
  const { name } = evidence.cluster.metadata;
  for (const warning of evidence.warnings) {
    const { message, at } = warning;
    const instance = refusedInstance(name, warning);
    if (instance === undefined || evidence.pods.some((pod) => instanceOf(name, pod.name) === instance)) continue;
    // CNPG creates the claim before the Job: an older event is about a deleted Cluster with the same name.
    const claim = evidence.claims.find((candidate) => candidate.name === instance);
    if (evidence.sees('persistentvolumeclaims') && (claim === undefined || at < claim.createdAt)) continue;
    const words = wordsOnRefusal(message, warning.name);
    return words.includes('exceeded quota')
      ? { reason: 'QuotaExceeded', message: `pods cannot be created: ${words}; raise the quota or free up some of it` }
      : { reason: 'PodsRefused', message: `pods cannot be created: ${words}; follow the server's message` };
  }
  return undefined;
}

/** A pod is scheduled, but the node cannot attach or mount its volumes. */
export function volumeCannotBeMounted(evidence: Evidence): Verdict | undefined {
  for (const pod of evidence.pods) {
    const mounted = conditionOf(pod, 'PodReadyToStartContainers')?.status === 'True';
    if (pod.node === '' || mounted || pod.containers.some(({ began }) => began)) continue;
    const [attach] = warningsOn(evidence, pod, 'FailedAttachVolume');
    const mounts = warningsOn(evidence, pod, 'FailedMount');
    // Between attempts, kubelet lists the volumes that it waits for, without the cause.
    const precise = mounts.find(({ message }) => message.startsWith('MountVolume'));
    const warning = attach ?? precise ?? mounts[0];
    if (warning === undefined) continue;
    const why = normalize(warning.message);
    return {
      reason: 'MountFailed',
      message: `node "${pod.node}" cannot mount a volume of ${displayName(pod)} (${why}); create what is missing, or check the volume and its storage driver`,
    };
  }
  return undefined;
}
