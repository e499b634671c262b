// Why a database does not come up, found by looking at what is around its Cluster: a table of rules in the order of certainty. It must
// name no cause that is not seen, that is over, or that is another Cluster's.
import type { Cluster } from '../../api/cnpg.ts';
import type { Facts } from '../../api/workload.ts';
import type { Read } from '../observed.ts';
import type { Verdict } from '../verdict.ts';
import {
  containerCannotStart,
  containerCrashes,
  diskIsFull,
  memoryIsTooSmall,
  upgradeFails,
} from './cause-container.ts';
import { imageCannotBePulled, nodeIsGone, noNodeFits, podsAreRefused, volumeCannotBeMounted } from './cause-pod.ts';
import { nothingIsReported, podIsNotMade, reportIsOld } from './cause-silence.ts';
import {
  claimIsNotMade,
  provisioningFails,
  storageClassIsMissing,
  volumeGrows,
  volumeIsPending,
} from './cause-volume.ts';
import { type Evidence, evidenceOf } from './evidence.ts';

/** First what somebody says in so many words, then what follows from the state of an object, last what follows from absence. */
const rules: readonly ((evidence: Evidence) => Verdict | undefined)[] = [
  imageCannotBePulled,
  storageClassIsMissing,
  provisioningFails,
  nodeIsGone,
  claimIsNotMade,
  noNodeFits,
  podsAreRefused,
  containerCannotStart,
  memoryIsTooSmall,
  diskIsFull,
  upgradeFails,
  containerCrashes,
  volumeCannotBeMounted,
  volumeIsPending,
  nothingIsReported,
  reportIsOld,
  podIsNotMade,
  volumeGrows,
];

/**
 * The cause, with the next step; undefined when nothing that was seen explains it. The message is the same for as long as the
 * situation is.
 * @param facts what a look has found, of whatever Cluster
 * @param cluster ours, and not healthy
 * @param now wall-clock time in milliseconds: what is missing is a cause only when it has been missing for a while
 */
export function findCause(facts: Facts, cluster: Cluster, now: number): Verdict | undefined {
  const evidence = evidenceOf(facts, cluster, now);
  for (const rule of rules) {
    const verdict = rule(evidence);
    if (verdict !== undefined) return verdict;
  }
  return undefined;
}

/** What the operator was not allowed to look at, as a sentence; undefined when it saw everything or did not look. */
export function missingPermissions(facts: Read<Facts>): string | undefined {
  if (facts.kind !== 'found' || facts.object.unseen.length === 0) return undefined;
  const unseen = facts.object.unseen.join(' and ');
  return `the operator is not permitted to list ${unseen} in this namespace, so the cause may remain unknown; grant it the permission`;
}
