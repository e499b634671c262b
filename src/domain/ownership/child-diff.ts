// Compares a live child with the desired one and returns the write that is needed, for children without a diff of their own.
import type { Manifest } from '../../api/kubernetes.ts';
import { standingAlteration } from '../alteration.ts';
import type { RemovableRole } from '../children.ts';
import { type Action, applyTo, create, remove } from '../decision.ts';
import { includes } from '../includes.ts';
import { foundAs, type Situation } from '../situation.ts';
import { isHeld } from './child-metadata.ts';

/**
 * @param role a child without an obstacle: it belongs to this addon, was left behind with its Cluster, or does not exist
 * @param wanted undefined if this addon has none: an existing one is deleted then
 */
export function diffChild(s: Situation, role: RemovableRole, wanted: Manifest | undefined): readonly Action[] {
  const child = foundAs(s, role);
  if (wanted === undefined)
    return child === undefined || child.object.metadata.deletionTimestamp !== undefined
      ? []
      : [remove(role, child.object)];
  if (child === undefined) return [create(role, wanted)];
  const { object } = child as { readonly object: typeof child.object & { readonly spec: unknown } };
  const isRight = includes(object.spec, wanted.spec) && isHeld(s.addon, object, wanted);
  const isAsStored = standingAlteration(s.addon, role, wanted, object) !== undefined;
  return isRight || isAsStored ? [] : [applyTo(role, wanted, object)];
}
