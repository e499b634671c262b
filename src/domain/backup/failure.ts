// What an archive or a base backup failed of. The plugin reports little more than the exit code of barman-cloud: the reason is in its log.
import { sidecarName } from '../../api/barman.ts';
import type { Cluster } from '../../api/cnpg.ts';
import type { Verdict } from '../verdict.ts';
import { wasKilled } from './sidecar.ts';

/**
 * The verdict on a failure.
 * @param what begins the message: what failed
 * @param message of CNPG or the plugin; exit codes of barman-cloud (its documentation and source, seen with plugin 0.14): 2 is the network,
 *   4 everything else that the store answers; 1 is that a new archive is not empty, or that a base backup was interrupted
 * @param folder of the lineage in the store
 * @param otherwise the reason if the message tells nothing
 */
export function judgeFailure(
  what: string,
  message: string,
  { metadata: { namespace }, status: { currentPrimary = '<pod>' } }: Cluster,
  folder: string,
  otherwise: 'ArchivingFailing' | 'BackupFailed',
): Verdict {
  const logs = `kubectl logs --namespace ${namespace} ${currentPrimary} --container ${sidecarName}`;
  if (/\bbarman-cloud-(?:check-)?wal-archive: exit status 1$/.test(message))
    return {
      reason: 'ArchiveNotEmpty',
      message: `${what}: there is WAL of another server below ${folder} (${message}); ${logs} shows the check`,
    };
  if (wasKilled(message))
    return {
      reason: 'BackupOutOfMemory',
      message: `${what}: the container ${sidecarName} reached its memory limit (${message})`,
    };
  const code = /\bexit status (\d{1,3})$/.exec(message)?.[1];
  if (code === '2')
    return { reason: 'StoreUnreachable', message: `${what}: the object store cannot be reached (${message})` };
  if (code === '4')
    return {
      reason: 'StoreRefused',
      message: `${what}: the object store refuses it (${message}). Keys, bucket, permissions or certificate; ${logs} says which`,
    };
  // The end of the instance during a base backup, for example.
  if (code === '1') return { reason: otherwise, message: `${what}: ${message}; ${logs} says why` };
  return { reason: otherwise, message: `${what}: ${message}` };
}
