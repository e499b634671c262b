// What kstatus makes of an object, by its published rule: `Compute` in sigs.k8s.io/cli-utils/pkg/kstatus/status, whose README explains it. Flux
// (`wait: true` of a Kustomization), `helm --wait` and kpt wait for Current.
import type { LiveObject } from '../../hack/cluster/client.ts';
import type { ConditionView } from './views.ts';

export type Kstatus = 'InProgress' | 'Failed' | 'Current' | 'Terminating';

/** @param object of a kind that kstatus has no rule of its own for */
export function kstatusOf({ metadata, status = {} }: LiveObject): Kstatus {
  if (metadata.deletionTimestamp !== undefined) return 'Terminating';
  const { observedGeneration } = status;
  // An object without the field is not said to be in progress.
  if (observedGeneration !== undefined && observedGeneration !== metadata.generation) return 'InProgress';
  const conditions = (status.conditions ?? []) as readonly ConditionView[];
  const standard = conditions.find(
    (condition) => ['Reconciling', 'Stalled'].includes(condition.type) && condition.status === 'True',
  );
  if (standard !== undefined) return standard.type === 'Stalled' ? 'Failed' : 'InProgress';
  const ready = conditions.find(({ type }) => type === 'Ready');
  return ready === undefined || ready.status === 'True' ? 'Current' : 'InProgress';
}
