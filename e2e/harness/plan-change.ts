// Stops a change of plan once it has reached CNPG, for tests of what can happen during a change.
import { clusterOf } from './database.ts';
import type { Suite } from './suite.ts';
import { at } from './views.ts';

/**
 * Gives the addon `shop` of plan free the plan standard, and keeps CNPG from acting on it until the simulator releases its Cluster.
 * @returns the name of the Cluster, once it has the new spec
 */
export async function holdPlanChange(suite: Suite, namespace: string): Promise<string> {
  const cluster = clusterOf(namespace);
  suite.simulator.hold(namespace, cluster);
  await suite.patchAddon(namespace, 'shop', { plan: 'standard' });
  const hasGrown = (state: object): boolean => at(state, 'spec', 'storage', 'size') === '10Gi';
  await suite.clusters.until(namespace, cluster, 'the new plan', hasGrown);
  return cluster;
}
