// How much memory the container that archives has at most, by the plan.
import type { PostgresAddon } from '../../api/addon.ts';
import type { Target } from '../target.ts';

/** @returns a Kubernetes quantity, as status.resources has it; undefined without such a container */
export function sidecarMemoryOf({ status }: PostgresAddon, { archive, profile }: Target): string | undefined {
  // The ObjectStore has it, and stays as it is without a store that the addon may use.
  const kept = archive && status?.resources?.sidecarMemory;
  return archive?.chosen === undefined ? kept : profile.sidecarMemory.limit;
}
