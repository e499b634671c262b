// From a child as it is to the child as it should be, for every child that has no diff of its own; no difference, no write.
import type { Manifest } from '../../api/kubernetes.ts';
import type { RemovableRole } from '../children.ts';
import { type Action, applyTo, create, remove } from '../decision.ts';
import { includes } from '../includes.ts';
import { foundAs, type Situation } from '../situation.ts';
import { isHeld } from './child-metadata.ts';

/**
 * @param role a child in whose way nothing stands: it is ours, or was left behind with the Cluster that is ours, or does not exist
 * @param wanted undefined when this addon has none: one that is there goes then
 */
export function diffChild(s: Situation, role: RemovableRole, wanted: Manifest | undefined): readonly Action[] {
  const child = foundAs(s, role);
  if (wanted === undefined)
    return child === undefined || child.object.metadata.deletionTimestamp !== undefined
      ? []
      : [remove(role, child.object)];
  if (child === undefined) return [create(role, wanted)];
  const { object } = child as { readonly object: typeof child.object & { readonly spec: unknown } };
  return isHeld(s.addon, object, wanted) && includes(object.spec, wanted.spec) ? [] : [applyTo(role, wanted, object)];
}
