// Detects causes from volume claims: no volume is provisioned, the claim does not exist, or an expansion is not finished.
import type { Claim } from '../../api/workload.ts';
import { compareQuantities } from '../quantity.ts';
import type { Verdict } from '../verdict.ts';
import { isAboutVolume, schedulerMessage } from './cause-pod.ts';
import { type Evidence, warningsOn } from './evidence.ts';
import { normalize } from './messages.ts';

/** A claim names a StorageClass that does not exist, or names none and there is no default. */
export function storageClassIsMissing(evidence: Evidence): Verdict | undefined {
  for (const claim of pending(evidence)) {
    const { name, storageClass } = claim;
    if (storageClass === '')
      return {
        reason: 'StorageClassMissing',
        message: `volume claim ${name} has no StorageClass, and the Kubernetes cluster has no default; mark one as default with the annotation storageclass.kubernetes.io/is-default-class: "true"`,
      };
    const missing = newest(evidence, claim)?.match(/storageclass(?:\.storage\.k8s\.io)? "([^"]*)" not found/)?.[1];
    if (missing === storageClass)
      return {
        reason: 'StorageClassMissing',
        message: `StorageClass "${storageClass}", which volume claim ${name} requests, does not exist; create it, and the claim is bound automatically`,
      };
  }
  return undefined;
}

/** The provisioner reports why it cannot provision a volume. */
export function provisioningFails(evidence: Evidence): Verdict | undefined {
  for (const claim of pending(evidence)) {
    const words = newest(evidence, claim);
    if (words === undefined) continue;
    const message = `no volume can be provisioned for claim ${claim.name} of StorageClass "${claim.storageClass}" (${normalize(words)}); check its provisioner`;
    return { reason: 'VolumePending', message };
  }
  return undefined;
}

/** CNPG cannot create a claim, and reports that only in its log (measured on CNPG 1.30). */
export function claimIsNotMade(evidence: Evidence): Verdict | undefined {
  const { phase, applicationSecretVersion } = evidence.cluster.status;
  const begun = evidence.isQuiet && applicationSecretVersion !== undefined && (phase ?? '') === '';
  const first = begun && evidence.sees('persistentvolumeclaims') && evidence.claims.length === 0;
  const missing = evidence.pods.map(
    (pod) => /persistentvolumeclaim "([^"]*)" not found/.exec(schedulerMessage(pod))?.[1],
  );
  const name =
    missing.find((claim) => claim !== undefined) ?? (first ? `${evidence.cluster.metadata.name}-1` : undefined);
  if (name === undefined || evidence.claims.some((claim) => claim.name === name)) return undefined;
  const message = `CloudNativePG cannot create volume claim ${name}, and only the log of its operator shows the cause; first check for a ResourceQuota on persistentvolumeclaims or requests.storage`;
  return { reason: 'VolumePending', message };
}

/** A claim is pending without an event: its provisioner is not running, or does not exist. */
export function volumeIsPending(evidence: Evidence): Verdict | undefined {
  const [claim] = pending(evidence);
  if (claim === undefined) return undefined;
  // A StorageClass can wait for the pod to be scheduled: then the cause is what prevents that.
  const asked = evidence.pods.some((pod) => isAboutVolume(schedulerMessage(pod)));
  if (!asked && evidence.sees('pods')) return undefined;
  const message = `no volume has been provisioned for claim ${claim.name}; check that the provisioner of StorageClass "${claim.storageClass}" is running, and see kubectl describe pvc -n ${evidence.cluster.metadata.namespace} ${claim.name}`;
  return { reason: 'VolumePending', message };
}

/** An expansion of a disk is not finished. By itself, this does not make a database fail. */
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
