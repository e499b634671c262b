// Whether a Cluster is up: every instance ready and a primary in place. CNPG's phase "healthy" is only one of the requirements.
import { type Cluster, hibernationAnnotation } from '../../api/cnpg.ts';
import { phaseMeaning } from './cnpg-phase.ts';

/**
 * CNPG has no observedGeneration, and reports "healthy" when a pod has just died and when the Cluster is hibernated. Each clause was
 * found to be necessary on a real CNPG.
 * @param instances how many must be ready
 */
export function isUp(cluster: Cluster, instances: number): boolean {
  const { phase, readyInstances, currentPrimary, targetPrimary } = cluster.status;
  return (
    cluster.metadata.deletionTimestamp === undefined &&
    phaseMeaning(phase) === 'healthy' &&
    readyInstances === instances &&
    currentPrimary !== undefined &&
    currentPrimary !== '' &&
    currentPrimary === targetPrimary &&
    !isHibernated(cluster)
  );
}

/** Whether its instances are stopped on purpose. */
export function isHibernated(cluster: Cluster): boolean {
  return cluster.metadata.annotations?.[hibernationAnnotation] === 'on';
}
