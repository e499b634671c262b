// Builds the desired ScheduledBackup.
import type { PostgresAddon } from '../../api/addon.ts';
import { barmanPlugin } from '../../api/barman.ts';
import { cnpgApiVersion, type ScheduledBackupSpec } from '../../api/cnpg.ts';
import type { Manifest } from '../../api/kubernetes.ts';
import { type Action, applyTo } from '../decision.ts';
import { isWritten } from '../ownership/child-diff.ts';
import { childMetadata } from '../ownership/child-metadata.ts';
import { obstacleTo } from '../ownership/obstacle.ts';
import type { Situation } from '../situation.ts';
import type { Target } from '../target.ts';

export interface ScheduledBackupManifest extends Manifest {
  readonly spec: ScheduledBackupSpec;
}

/**
 * @param suspend whether it takes no backups: as long as the lineage has no first backup, one of the schedule would fail, or could not be
 * restored
 */
export function buildScheduledBackup(addon: PostgresAddon, target: Target, suspend: boolean): ScheduledBackupManifest {
  return {
    apiVersion: cnpgApiVersion,
    kind: 'ScheduledBackup',
    metadata: childMetadata(addon, target.names.scheduledBackup),
    spec: {
      schedule: target.schedule,
      suspend,
      cluster: { name: target.names.cluster },
      method: 'plugin',
      pluginConfiguration: { name: barmanPlugin },
      backupOwnerReference: 'self',
      target: 'primary',
    },
  };
}

/**
 * The write that stops the schedule while there is no Cluster: CNPG would keep a Backup of its time, and make it of the next Cluster before
 * every instance can. Its owner stays as it is.
 */
export function restSchedule(s: Situation, target: Target): readonly Action[] {
  const { scheduledBackup: live } = s.own;
  if (live === undefined || obstacleTo(s, 'scheduledBackup') !== undefined) return [];
  const wanted = buildScheduledBackup(s.addon, target, true);
  const { ownerReferences } = live.metadata;
  return isWritten(s, 'scheduledBackup', wanted, live)
    ? []
    : [applyTo('scheduledBackup', { ...wanted, metadata: { ...wanted.metadata, ownerReferences } }, live)];
}
