// Words for a restore that fails. PostgreSQL says why in a log only, which the operator may not read.
import type { Cluster } from '../../api/cnpg.ts';
import { logOfGivenUpRestore } from '../diagnosis/preparation.ts';
import type { Verdict } from '../verdict.ts';

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
  const log = logOfGivenUpRestore(cluster);
  return log === undefined ? undefined : restoreFailed(cluster, log);
}
