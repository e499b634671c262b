// The Backups that the schedules of many addons have left, as CNPG 1.30 makes and completes them. They are not watched, so they must not cost
// the operator anything.
import type { LiveObject, Manifest } from '../../hack/cluster/client.ts';
import { barmanPlugin } from '../../src/api/barman.ts';
import { backupGvr, cnpgApiVersion } from '../../src/api/cnpg.ts';
import { timestampOf } from '../../src/api/time.ts';
import { clusterName, scheduledBackupName } from '../../src/domain/names.ts';
import type { BenchCluster } from './bench-cluster.ts';
import { closedLoop } from './load.ts';

const day = 24 * 3_600_000;
/** Of the newest ones. Any time in the past is as good. */
const last = Date.UTC(2026, 10, 20, 2, 37);

/**
 * The Backup of one day.
 * @param addon the name of the addon
 * @param before how many days before the newest one
 */
export function scheduledBackup(namespace: string, addon: string, before: number): Manifest {
  const cluster = clusterName(namespace, addon);
  const schedule = scheduledBackupName(cluster);
  const time = timestampOf(last - before * day);
  return {
    apiVersion: cnpgApiVersion,
    kind: backupGvr.kind,
    metadata: {
      name: `${schedule}-${time.replace(/\D/g, '')}`,
      namespace,
      labels: { 'cnpg.io/cluster': cluster, 'cnpg.io/scheduled-backup': schedule, 'cnpg.io/immediateBackup': 'false' },
    },
    spec: {
      cluster: { name: cluster },
      method: 'plugin',
      pluginConfiguration: { name: barmanPlugin },
      target: 'primary',
    },
    status: {
      phase: 'completed',
      method: 'plugin',
      instanceID: { podName: `${cluster}-1` },
      startedAt: time,
      stoppedAt: time,
      backupId: time.replace(/\D/g, ''),
      beginWal: '000000010000000000000005',
      endWal: '000000010000000000000005',
    },
  };
}

/** @param backups how many of each addon; addon `app-<n>` is in namespace `n`, counted round */
export async function makeBackups(
  { client }: BenchCluster,
  namespaces: readonly string[],
  addons: number,
  clients: number,
  backups: number,
): Promise<void> {
  await closedLoop(addons * backups, clients, async (index) => {
    const addon = index % addons;
    const namespace = namespaces[addon % namespaces.length] ?? '';
    const { status, ...manifest } = scheduledBackup(namespace, `app-${addon}`, Math.floor(index / addons));
    const { metadata }: LiveObject = await client.create(backupGvr, manifest);
    // The API server drops it at a creation.
    await client.patch(backupGvr, namespace, metadata.name, { status }, 'status');
  });
}
