// STUB until the diagnosis lands: overwrite freely.
import type { Cluster } from '../api/cnpg.ts';
import type { Facts } from '../api/workload.ts';
import type { Verdict } from './target.ts';
export function findCause(_facts: Facts, _cluster: Cluster): Verdict | undefined {
  return undefined;
}
