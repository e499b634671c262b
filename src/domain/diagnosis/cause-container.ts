// Detects causes from containers that repeatedly exit or cannot be started. The operator is not permitted to read their logs, so a
// message contains the command that shows the log.
import { millisecondsOf } from '../../api/time.ts';
import type { Container, Ended, Pod } from '../../api/workload.ts';
import { restoreFailed } from '../restore/failure.ts';
import type { Verdict } from '../verdict.ts';
import type { Evidence } from './evidence.ts';
import { normalize } from './messages.ts';
import { displayName, failedAgain, isInstance, isRecovery, isUpgrade, logCommand } from './preparation.ts';

/** A container that ran longer than this did not fail at startup, and kubelet resets its back-off: 10 min. */
const shortRun = 600_000;
/** The exit code of CNPG's instance manager if there is no space for the next WAL file (measured on CNPG 1.30). */
const noRoomForWal = 4;

interface Loop {
  readonly pod: Pod;
  readonly container: Container;
  readonly ended: Ended;
}

/** The kernel killed a container that exceeded its memory limit. */
export function memoryIsTooSmall(evidence: Evidence): Verdict | undefined {
  const loop = loops(evidence).find(({ ended }) => ended.reason === 'OOMKilled');
  if (loop === undefined) return undefined;
  const limit = evidence.cluster.spec.resources?.limits?.memory;
  const allowed = limit === undefined ? 'its memory limit' : `its memory limit of ${limit}`;
  const message = `${displayName(loop.pod)} is repeatedly killed because it needs more than ${allowed}; choose a plan with more memory and then delete ${displayName(loop.pod)}, which otherwise keeps the old limit, or find out what uses the memory`;
  return { reason: 'OutOfMemory', message };
}

/** CNPG reports this itself, but later. */
export function diskIsFull(evidence: Evidence): Verdict | undefined {
  const loop = loops(evidence).find(
    ({ pod, container, ended }) => isInstance(pod) && container.name === 'postgres' && ended.exitCode === noRoomForWal,
  );
  if (loop === undefined) return undefined;
  const message = `the disk of ${displayName(loop.pod)} has no space for the next WAL file; expand its volume claim, and it starts automatically`;
  return { reason: 'DiskFull', message };
}

/** CNPG attempts an upgrade once, and never reports that it failed (measured on CNPG 1.30). */
export function upgradeFails(evidence: Evidence): Verdict | undefined {
  const pod = evidence.pods.find((one) => one.phase === 'Failed' && isUpgrade(one));
  const container = pod?.containers.find(({ ended }) => ended !== undefined && ended.exitCode !== 0);
  if (pod === undefined || container === undefined) return undefined;
  const { namespace } = evidence.cluster.metadata;
  const message = `pg_upgrade failed; for the cause, see ${logCommand(pod, container.name, namespace)}; set spec.version to the previous version to start the database again, and remove the cause before the next attempt; or, if the cause is outside of the database, remove it and delete ${displayName(pod)} to retry`;
  return { reason: 'UpgradeFailed', message };
}

/** CNPG reports it as well, but later. */
export function restoreFails(evidence: Evidence): Verdict | undefined {
  const { cluster } = evidence;
  const loop = loops(evidence).find(({ pod, container }) => isRecovery(cluster, pod, container.name));
  if (loop === undefined) return undefined;
  return restoreFailed(cluster, logCommand(loop.pod, loop.container.name, cluster.metadata.namespace));
}

/** @returns the first container that repeatedly exits, or whose Job repeatedly fails, with the command that shows its log */
export function containerCrashes(evidence: Evidence): Verdict | undefined {
  const [loop] = loops(evidence);
  if (loop === undefined) return undefined;
  const { pod, container, ended } = loop;
  const { namespace } = evidence.cluster.metadata;
  const code = ended.exitCode === undefined ? '' : ` with exit code ${ended.exitCode}`;
  const message = `container ${container.name} of ${displayName(pod)} repeatedly exits${code}; for the cause, see ${logCommand(pod, container.name, namespace)}`;
  return { reason: 'CrashLooping', message };
}

const unstartable: readonly string[] = ['CreateContainerConfigError', 'CreateContainerError', 'RunContainerError'];

/** @returns the first container that kubelet cannot create or start, with kubelet's message */
export function containerCannotStart(evidence: Evidence): Verdict | undefined {
  for (const pod of evidence.pods) {
    const container = pod.containers.find(({ waiting }) => unstartable.includes(waiting.reason));
    if (container === undefined) continue;
    const { name, waiting } = container;
    return {
      reason: 'ContainerNotStarted',
      message: `the node cannot start container ${name} of ${displayName(pod)} (${normalize(waiting.message)}); follow the node's message`,
    };
  }
  return undefined;
}

function loops(evidence: Evidence): readonly Loop[] {
  return [...evidence.pods.flatMap(restarting), ...failing(evidence.pods)];
}

/** kubelet restarts the container. While it briefly runs in between, the situation is the same. */
function restarting(pod: Pod): readonly Loop[] {
  return pod.containers.flatMap((container) => {
    const { ready, waiting, restarts, ended } = container;
    if (ready || ended === undefined) return [];
    const loops = waiting.reason === 'CrashLoopBackOff' || (restarts >= 2 && isShort(ended));
    return loops ? [{ pod, container, ended }] : [];
  });
}

function isShort({ startedAt, finishedAt }: Ended): boolean {
  const began = millisecondsOf(startedAt);
  const end = millisecondsOf(finishedAt);
  return began !== undefined && end !== undefined && end - began < shortRun;
}

function failing(pods: readonly Pod[]): readonly Loop[] {
  return failedAgain(pods).flatMap((pod) =>
    pod.containers.flatMap((container) => {
      const { ended } = container;
      return ended !== undefined && ended.exitCode !== 0 ? [{ pod, container, ended }] : [];
    }),
  );
}
