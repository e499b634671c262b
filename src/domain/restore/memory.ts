// The memory of the container that reads a base backup.
import type { ObjectStoreSpec } from '../../api/barman.ts';
import type { Profile } from '../database/plans.ts';
import { compareQuantities } from '../quantity.ts';

/** It needs more than the one that writes it: 852 MB took 1Gi (plugin 0.14). */
const recoveryMemory = '1Gi';

/** @returns the resources for an ObjectStore that is restored from */
export function recoveryResources({
  sidecarMemory: { request, limit },
}: Profile): ObjectStoreSpec['instanceSidecarConfiguration']['resources'] {
  const memory = (compareQuantities(limit, recoveryMemory) ?? 0) > 0 ? limit : recoveryMemory;
  return { requests: { memory: request }, limits: { memory } };
}
