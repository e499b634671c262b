// Finds the cause of a database that does not become ready, from the objects around its Cluster: a table of rules, the most certain
// first. It must never name a cause that was not observed, that is resolved, or that belongs to another Cluster.
import type { Cluster } from '../../api/cnpg.ts';
import type { Facts } from '../../api/workload.ts';
import type { Read } from '../observed.ts';
import type { Verdict } from '../verdict.ts';
import {
  containerCannotStart,
  containerCrashes,
  diskIsFull,
  memoryIsTooSmall,
  restoreFails,
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

/** First what an error message states, then what the state of an object implies, last what a missing object implies. */
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
  restoreFails,
  containerCrashes,
  volumeCannotBeMounted,
  volumeIsPending,
  nothingIsReported,
  reportIsOld,
  podIsNotMade,
  volumeGrows,
];

/**
 * The cause, with the next step; undefined if nothing that was observed explains it. The message does not change while the situation
 * does not.
 * @param facts what was observed, possibly of other Clusters too
 * @param cluster the addon's own, which is not healthy
 * @param now wall-clock time in milliseconds: a missing object is a cause only after some time
 */
export function findCause(facts: Facts, cluster: Cluster, now: number): Verdict | undefined {
  const evidence = evidenceOf(facts, cluster, now);
  for (const rule of rules) {
    const verdict = rule(evidence);
    if (verdict !== undefined) return verdict;
  }
  return undefined;
}

/** What the search could not see, and why; undefined if it saw everything or did not happen. The same for each failure, whatever its code. */
export function blindSpots(facts: Read<Facts>): string | undefined {
  if (facts.kind !== 'found') return undefined;
  const { unseen, failed } = facts.object;
  const forbidden = `the operator is not permitted to list ${unseen.join(' and ')} in this namespace, so the cause may remain unknown; grant it the permission`;
  const unanswered = `${failed.join(' and ')} in this namespace could not be listed, so the cause may remain unknown`;
  const spots = [...(unseen.length > 0 ? [forbidden] : []), ...(failed.length > 0 ? [unanswered] : [])];
  return spots.length === 0 ? undefined : spots.join('; ');
}
