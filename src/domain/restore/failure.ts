// Words for a restore that fails. PostgreSQL says why in the log of a Job only, which the operator may not read.
import type { Cluster } from '../../api/cnpg.ts';
import { phaseMeaning } from '../database/cnpg-phase.ts';
import type { Verdict } from '../verdict.ts';

/** The suffix of the name of the Job that restores the data files, and the name of its container. */
export const recoveryJob = 'full-recovery';

/** @param log the command that shows why */
export function restoreFailed(cluster: Cluster, log: string): Verdict {
  const { targetTime } = cluster.spec.bootstrap?.recovery?.recoveryTarget ?? {};
  const unreached =
    targetTime === undefined
      ? ''
      : ` "recovery ended before configured recovery target was reached" there means that nothing was committed from ${targetTime} on, as far as the archive goes: create this addon again with an earlier time, or with none for the newest state.`;
  const message = `the restore fails repeatedly; for the cause, see ${log}.${unreached} The backups are only read, and stay as they are`;
  return { reason: 'RestoreFailed', message };
}

/** The failure that CNPG reports once it gives up; undefined if it reports none. */
export function givenUpRestore(cluster: Cluster): Verdict | undefined {
  const { phase, phaseReason = '' } = cluster.status;
  if (phaseMeaning(phase) !== 'ClusterUnrecoverable') return undefined;
  const job = phaseReason.split(/[^-a-z0-9]/).find((word) => word.endsWith(`-${recoveryJob}`));
  const { namespace } = cluster.metadata;
  return job === undefined
    ? undefined
    : restoreFailed(cluster, `kubectl logs -n ${namespace} job/${job} -c ${recoveryJob}`);
}
