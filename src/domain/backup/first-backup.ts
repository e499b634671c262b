// The base backups that the operator makes: the first one of a lineage, once every instance archives, since nothing can be restored without
// one and the schedule may be a day away; and the one before a major upgrade. A Backup that failed stays failed, so each attempt is a new
// object.
import type { PostgresAddon } from '../../api/addon.ts';
import { barmanPlugin } from '../../api/barman.ts';
import { type Backup, type Cluster, cnpgApiVersion } from '../../api/cnpg.ts';
import type { Manifest } from '../../api/kubernetes.ts';
import { millisecondsOf, recordedTime } from '../../api/time.ts';
import { childLabels } from '../ownership/child-metadata.ts';

/** The wait after the first attempt that failed; each further one is twice as long. Milliseconds. */
const firstWait = 60_000;
const longestWait = 3_600_000;

/** The beginning of the names of the first Backups of a lineage. */
export function firstOf(serverName: string): string {
  return `${serverName}-first`;
}

/** How many attempts have failed, as recorded in status. @param series the beginning of the names of all attempts */
function failedAttempts({ status }: PostgresAddon, series: string): number {
  const last = status?.backup?.lastFailure?.backup ?? '';
  if (last === series) return 1;
  const number = last.startsWith(`${series}-`) ? last.slice(series.length + 1) : '';
  return /^\d{1,6}$/.test(number) ? Number(number) : 0;
}

/** The name of the Backup that is made or awaited: it tells the number of the attempt. */
export function attemptName(addon: PostgresAddon, series: string): string {
  const attempt = failedAttempts(addon, series) + 1;
  return attempt === 1 ? series : `${series}-${attempt}`;
}

/**
 * Milliseconds until the next attempt; 0 if it may begin. An archive that works again since the failure ends the wait.
 * @param now wall-clock time in milliseconds
 */
export function untilAttempt(addon: PostgresAddon, series: string, { status }: Cluster, now: number): number {
  const failed = failedAttempts(addon, series);
  const at = recordedTime(addon.status?.backup?.lastFailure?.time, now);
  if (failed === 0 || at === undefined) return 0;
  const { archiving } = status;
  const isMended = archiving?.status === 'True' && (millisecondsOf(archiving.lastTransitionTime) ?? 0) > at;
  return isMended ? 0 : Math.max(0, at + Math.min(longestWait, firstWait * 2 ** (failed - 1)) - now);
}

/** It goes with its Cluster, whether or not the addon does. */
export function buildBackup(addon: PostgresAddon, cluster: Cluster, name: string): Manifest {
  const { apiVersion, kind, metadata } = cluster;
  return {
    apiVersion: cnpgApiVersion,
    kind: 'Backup',
    metadata: {
      name,
      namespace: addon.metadata.namespace,
      labels: childLabels(addon),
      ownerReferences: [{ apiVersion, kind, name: metadata.name, uid: metadata.uid }],
    },
    spec: {
      cluster: { name: metadata.name },
      method: 'plugin',
      pluginConfiguration: { name: barmanPlugin },
      // On a standby the last WAL file of a backup may never be archived, and it cannot be restored then (plugin #652).
      target: 'primary',
    },
  };
}

/** Whether a Backup has ended without a result that can be restored. */
export function hasFailed({ status: { phase } }: Backup): boolean {
  return phase === 'failed';
}
