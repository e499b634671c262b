// Causes that a volume claim shows: nobody provides its volume, nobody made the claim, or it waits to grow.
import type { Claim } from '../../api/workload.ts';
import { compareQuantities } from '../quantity.ts';
import type { Verdict } from '../verdict.ts';
import { isAboutVolume, schedulerSays } from './cause-pod.ts';
import { type Evidence, warningsOn } from './evidence.ts';
import { normalize } from './messages.ts';

/** A claim names a StorageClass that does not exist, or none and there is no default. */
export function storageClassIsMissing(evidence: Evidence): Verdict | undefined {
  for (const claim of pending(evidence)) {
    const { name, storageClass } = claim;
    if (storageClass === '')
      return {
        reason: 'StorageClassMissing',
        message: `volume claim ${name} has no StorageClass, and the Kubernetes cluster has no default; mark one as default with the annotation storageclass.kubernetes.io/is-default-class: "true"`,
      };
    const missing = newest(evidence, claim)?.match(/storageclass\S* "([^"]*)" not found/)?.[1];
    if (missing === storageClass)
      return {
        reason: 'StorageClassMissing',
        message: `StorageClass "${storageClass}", which volume claim ${name} requests, does not exist; create it, and the claim is bound automatically`,
      };
  }
  return undefined;
}

/** The provisioner says why it cannot provide a volume. */
export function provisioningFails(evidence: Evidence): Verdict | undefined {
  for (const claim of pending(evidence)) {
    const words = newest(evidence, claim);
    if (words === undefined) continue;
    const message = `no volume can be provisioned for claim ${claim.name} of StorageClass "${claim.storageClass}" (${normalize(words)}); check its provisioner`;
    return { reason: 'VolumePending', message };
  }
  return undefined;
}

/** CNPG was refused a claim. It says so in its log only (measured on CNPG 1.30). */
export function claimIsNotMade(evidence: Evidence): Verdict | undefined {
  const { phase, applicationSecretVersion } = evidence.cluster.status;
  const begun = evidence.isQuiet && applicationSecretVersion !== undefined && (phase ?? '') === '';
  const first = begun && evidence.sees('persistentvolumeclaims') && evidence.claims.length === 0;
  const missing = evidence.pods.map((pod) => /persistentvolumeclaim "([^"]*)" not found/.exec(schedulerSays(pod))?.[1]);
  const name =
    missing.find((claim) => claim !== undefined) ?? (first ? `${evidence.cluster.metadata.name}-1` : undefined);
  if (name === undefined || evidence.claims.some((claim) => claim.name === name)) return undefined;
  const message = `CloudNativePG cannot create volume claim ${name}, and only the log of its operator shows the cause; first check for a ResourceQuota on persistentvolumeclaims or requests.storage`;
  return { reason: 'VolumePending', message };
}

/** A claim waits, and nobody says why: its provisioner does not run, or there is nothing that makes volumes of its class. */
export function volumeIsPending(evidence: Evidence): Verdict | undefined {
  const [claim] = pending(evidence);
  if (claim === undefined) return undefined;
  // A class may wait for the pod to find a node: then what holds up the pod is the cause.
  const asked = evidence.pods.some((pod) => isAboutVolume(schedulerSays(pod)));
  if (!asked && evidence.sees('pods')) return undefined;
  const message = `no volume has been provisioned for claim ${claim.name}; check that the provisioner of StorageClass "${claim.storageClass}" is running, and see kubectl describe pvc -n ${evidence.cluster.metadata.namespace} ${claim.name}`;
  return { reason: 'VolumePending', message };
}

/** A disk was asked to grow and has not: no cause of a failure by itself. */
export function volumeGrows(evidence: Evidence): Verdict | undefined {
  const claim = evidence.claims.find(({ phase, requested, capacity }) => {
    return phase === 'Bound' && (compareQuantities(requested, capacity) ?? 0) > 0;
  });
  if (claim === undefined) return undefined;
  const [failed] = warningsOn(
    evidence,
    claim,
    'VolumeResizeFailed',
    'FileSystemResizeFailed',
    'VolumeResizeFailedOnNode',
  );
  const why = failed === undefined ? '' : ` (${normalize(failed.message)})`;
  const message = `the volume of claim ${claim.name} is being expanded from ${claim.capacity} to ${claim.requested}${why}; if this persists, check the storage driver`;
  return { reason: 'VolumeGrowing', message };
}

function pending(evidence: Evidence): readonly Claim[] {
  return evidence.claims.filter(({ phase, volume }) => phase === 'Pending' && volume === '');
}

function newest(evidence: Evidence, claim: Claim): string | undefined {
  return warningsOn(evidence, claim, 'ProvisioningFailed')[0]?.message;
}
