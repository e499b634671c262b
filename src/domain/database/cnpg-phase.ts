// The meaning of CNPG's phase texts: all constants of CNPG 1.30 (api/v1/cluster_types.go) and its two literals. A text that is not
// listed is never treated as success.
import type { Reason } from '../../api/conditions.ts';

/** healthy: CNPG has finished. working: CNPG continues automatically. A reason: intervention is needed. */
export type CnpgPhaseMeaning = 'healthy' | 'working' | Reason;

/** The meaning of each text of `status.phase` of a Cluster; '' is a Cluster without one. */
export const cnpgPhases: Readonly<Record<string, CnpgPhaseMeaning>> = {
  '': 'working',
  'Setting up primary': 'working',
  'Creating a new replica': 'working',
  'Cluster in healthy state': 'healthy',
  'Switchover in progress': 'working',
  'Failing over': 'working',
  'Upgrading cluster': 'working',
  'Upgrading Postgres major version': 'working',
  'Cluster upgrade delayed': 'working',
  'Waiting for user action': 'WaitingForUser',
  'Primary instance is being restarted in-place': 'working',
  'Primary instance is being restarted without a switchover': 'working',
  'Online upgrade in progress': 'working',
  'Applying configuration': 'working',
  'Waiting for the instances to become active': 'working',
  'Promoting to primary cluster': 'working',
  'Cluster cannot proceed to reconciliation due to an unknown plugin being required': 'PluginMissing',
  'Cluster cannot proceed to reconciliation due to an error while interacting with plugins': 'PluginMissing',
  'Cluster has incomplete or invalid image catalog': 'ImageProblem',
  'Cluster cannot execute instance online upgrade due to missing architecture binary': 'ImageProblem',
  'Unable to create required cluster objects': 'ClusterObjectsFailed',
  'Invalid cluster definition': 'ClusterDefinitionInvalid',
  'Cluster is unrecoverable and needs manual intervention': 'ClusterUnrecoverable',
  'Not enough disk space': 'DiskFull',
  'Instance Status Extraction Error: HTTP communication issue': 'InstanceUnreachable',
};

/** @param phase `status.phase` of a Cluster; an unknown text means working */
export function phaseMeaning(phase = ''): CnpgPhaseMeaning {
  return (Object.hasOwn(cnpgPhases, phase) ? cnpgPhases[phase] : undefined) ?? 'working';
}
