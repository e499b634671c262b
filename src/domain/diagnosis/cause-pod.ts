// Causes that a pod shows which does not start: its image, its place, its node, its volumes, or that nobody may create it.
import type { Container, Pod } from '../../api/workload.ts';
import type { Verdict } from '../verdict.ts';
import { conditionOf, displayName, type Evidence, instanceOf, jobOf, warningsOn } from './evidence.ts';
import { normalize, wordsOnImage, wordsOnRefusal, wordsOnScheduling } from './messages.ts';

const imageReasons: readonly string[] = [
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
  'ImageInspectError',
  'RegistryUnavailable',
];

/** A container waits for an image that the node cannot get. */
export function imageCannotBePulled(evidence: Evidence): Verdict | undefined {
  for (const pod of evidence.pods) {
    const container = pod.containers.find(({ waiting }) => imageReasons.includes(waiting?.reason ?? ''));
    if (container === undefined) continue;
    const why = wordsOnPull(evidence, pod, container);
    return {
      reason: 'ImagePullFailed',
      message: `image "${container.image}" cannot be pulled${why === '' ? '' : ` (${why})`}; correct spec.version or the operator's image pattern and then delete ${displayName(pod)}, which otherwise keeps the old image, or give the nodes access to the registry`,
    };
  }
  return undefined;
}

/** Some kubelets say why in the container only while they try, and in an event for good. */
function wordsOnPull(evidence: Evidence, pod: Pod, { waiting }: Container): string {
  const own = wordsOnImage(waiting?.message ?? '');
  if (own !== '') return own;
  const event = warningsOn(evidence, pod, 'Failed').find(({ message }) => message.startsWith('Failed to pull image'));
  return event === undefined ? '' : wordsOnImage(event.message);
}

/** The node that runs a pod does not answer: it is not the pod that says so, so its containers still count as ready. */
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

export function isOnLostNode(pod: Pod): boolean {
  const ready = conditionOf(pod, 'Ready');
  const silent = ready?.status === 'False' && ready.reason === '';
  const stood = conditionOf(pod, 'ContainersReady')?.status === 'True';
  const drained = conditionOf(pod, 'DisruptionTarget')?.reason === 'DeletionByTaintManager';
  return pod.node !== '' && ((silent && stood) || drained || pod.reason === 'NodeLost');
}

/** What the scheduler says of a pod that it cannot place; empty when it says nothing. */
export function schedulerSays(pod: Pod): string {
  const scheduled = conditionOf(pod, 'PodScheduled');
  return scheduled?.status === 'False' && scheduled.reason === 'Unschedulable' ? scheduled.message : '';
}

/** Words of the scheduler about a volume that is missing: then the claim knows more. */
export function isAboutVolume(words: string): boolean {
  return /unbound immediate PersistentVolumeClaims|persistent volumes? to bind|persistentvolumeclaim "[^"]*" not found/.test(
    words,
  );
}

/** No node has room for a pod, or none may take it. */
export function noNodeFits(evidence: Evidence): Verdict | undefined {
  for (const pod of evidence.pods) {
    const said = schedulerSays(pod);
    if (said === '' || isAboutVolume(said)) continue;
    const why = wordsOnScheduling(said);
    const advice = /Insufficient|Too many pods/.test(why)
      ? 'add a node, free up resources, or choose a smaller plan'
      : "check the nodes' taints, labels and zones, or add a suitable node";
    return { reason: 'Unschedulable', message: `no node can run ${displayName(pod)} (${why}); ${advice}` };
  }
  return undefined;
}

/** The API server refuses the pods of a Job that prepares an instance; there is no pod of that instance since. */
export function podsAreRefused(evidence: Evidence): Verdict | undefined {
  if (!evidence.sees('pods')) return undefined;
  const { name } = evidence.cluster.metadata;
  for (const { kind, name: job, reason, message, at } of evidence.warnings) {
    const instance = kind === 'Job' && reason === 'FailedCreate' ? jobOf(name, job) : undefined;
    if (instance === undefined || evidence.pods.some((pod) => instanceOf(name, pod.name) === instance)) continue;
    // CNPG makes the claim before the Job: an older refusal was of a Cluster of this name that is gone.
    const claim = evidence.claims.find((candidate) => candidate.name === instance);
    if (evidence.sees('persistentvolumeclaims') && (claim === undefined || at < claim.createdAt)) continue;
    const words = wordsOnRefusal(message, job);
    return words.includes('exceeded quota')
      ? { reason: 'QuotaExceeded', message: `pods cannot be created: ${words}; raise the quota or free up some of it` }
      : { reason: 'PodsRefused', message: `pods cannot be created: ${words}; follow the server's message` };
  }
  return undefined;
}

/** A pod has its node, and the node cannot give it its volumes. */
export function volumeCannotBeMounted(evidence: Evidence): Verdict | undefined {
  for (const pod of evidence.pods) {
    const mounted = conditionOf(pod, 'PodReadyToStartContainers')?.status === 'True';
    if (pod.node === '' || mounted || pod.containers.some(({ began }) => began)) continue;
    const [attach] = warningsOn(evidence, pod, 'FailedAttachVolume');
    const mounts = warningsOn(evidence, pod, 'FailedMount');
    // Between its attempts kubelet adds up what it waits for, without a reason.
    const precise = mounts.find(({ message }) => message.startsWith('MountVolume'));
    const warning = attach ?? precise ?? mounts[0];
    if (warning === undefined) continue;
    const why = normalize(warning.message);
    return {
      reason: 'MountFailed',
      message: `node "${pod.node}" cannot mount a volume of ${displayName(pod)} (${why}); check the volume and its storage driver`,
    };
  }
  return undefined;
}
