// Finds out whether the container that archives was killed. With cgroup v2 the kernel kills all of it, and CNPG reports no more than that
// the connection broke; then its pod tells. Where only barman-cloud is killed, the plugin says so itself.
import { sidecarName } from '../../api/barman.ts';
import type { Cluster } from '../../api/cnpg.ts';
import { recordedTime } from '../../api/time.ts';
import { isPodOf } from '../diagnosis/preparation.ts';
import type { Situation } from '../situation.ts';
import type { Target } from '../target.ts';
import { failedArchiving } from './archiving.ts';

/** How far the end of the container and of the backup may be apart, and for how long after it the pod is looked at. Milliseconds. */
const near = 10 * 60_000;

/** The end of the message of a failure whose container was killed. */
const killed = `container ${sidecarName}: OOMKilled`;

/** Whether a message says that the connection to the plugin's container broke, and not yet why. */
function isUnexplained(message: string): boolean {
  return /\bcode = Unavailable\b/.test(message) && !wasKilled(message);
}

/** Whether a message says that something was killed because it needed too much memory. */
export function wasKilled(message: string): boolean {
  return message.endsWith(killed) || /\b(?:signal: killed|exit status 137)$/.test(message);
}

/** Whether the pods have to be looked at, because a failure may be the end of the container. @param now wall-clock time in milliseconds */
export function isSidecarDoubtful(s: Situation, target: Target, now: number): boolean {
  const { time, message = '' } = s.addon.status?.backup?.lastFailure ?? {};
  const failed = recordedTime(time, now);
  const isRecent = failed !== undefined && now - failed <= near;
  return (isRecent && isUnexplained(message)) || isUnexplained(failedArchiving(s, target)?.message ?? '');
}

/**
 * The message of a failure, with the end of the container if that explains it.
 * @param at when it failed, in RFC 3339
 * @param lasts whether it has failed ever since, so that the container may have been killed again later
 * @param now wall-clock time in milliseconds
 */
export function explained(
  s: Situation,
  message: string,
  { at, lasts }: { readonly at: string | undefined; readonly lasts: boolean },
  now: number,
): string {
  const { facts } = s.observed;
  const { cluster } = s.own;
  if (!isUnexplained(message) || facts.kind !== 'found' || cluster === undefined) return message;
  const failed = recordedTime(at, now) ?? now;
  const isKilled = sidecarsOf(cluster, facts.object).some(({ ended }) => {
    const end = recordedTime(ended?.finishedAt, now);
    return (
      ended?.reason === 'OOMKilled' && end !== undefined && end >= failed - near && (lasts || end <= failed + near)
    );
  });
  return isKilled ? `${message}; ${killed}` : message;
}

type Found = Extract<Situation['observed']['facts'], { kind: 'found' }>['object'];

/** The containers that archive: backups are taken on the primary. */
function sidecarsOf({ metadata, status }: Cluster, { pods }: Found): Found['pods'][number]['containers'] {
  return pods
    .filter((pod) => pod.name === status.currentPrimary && isPodOf(metadata, pod))
    .flatMap(({ containers }) => containers.filter(({ name }) => name === sidecarName));
}
