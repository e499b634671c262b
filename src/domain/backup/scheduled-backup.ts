// Builds the desired ScheduledBackup.
import type { PostgresAddon } from '../../api/addon.ts';
import { barmanPlugin, cnpgApiVersion, type ScheduledBackupSpec } from '../../api/cnpg.ts';
import type { Manifest } from '../../api/kubernetes.ts';
import { childMetadata } from '../ownership/child-metadata.ts';
import type { Target } from '../target.ts';

export interface ScheduledBackupManifest extends Manifest {
  readonly spec: ScheduledBackupSpec;
}

/** Suspended while no object store is configured: no backup fails every night, and the object shows the schedule. */
export function buildScheduledBackup(addon: PostgresAddon, target: Target): ScheduledBackupManifest {
  return {
    apiVersion: cnpgApiVersion,
    kind: 'ScheduledBackup',
    metadata: childMetadata(addon, target.names.scheduledBackup),
    spec: {
      schedule: target.schedule,
      suspend: true,
      cluster: { name: target.names.cluster },
      method: 'plugin',
      pluginConfiguration: { name: barmanPlugin },
      backupOwnerReference: 'self',
    },
  };
}
