// Compares a live child with the desired one and returns the write that is needed, for children without a diff of their own.
import type { KubeObject, Manifest } from '../../api/kubernetes.ts';
import { record } from '../../api/raw.ts';
import { standingAlteration } from '../alteration.ts';
import type { RemovableRole, Role } from '../children.ts';
import { type Action, applyTo, create, remove } from '../decision.ts';
import { includes } from '../includes.ts';
import { foundAs, type Situation } from '../situation.ts';
import { isHeld } from './child-metadata.ts';

/**
 * @param role a child without an obstacle: it belongs to this addon, was left behind with its Cluster, or does not exist
 * @param wanted undefined if this addon has none: an existing one is deleted then
 */
export function diffChild(s: Situation, role: RemovableRole, wanted: Manifest | undefined): readonly Action[] {
  if (wanted !== undefined) return diffKept(s, role, wanted);
  const child = foundAs(s, role);
  const isThere = child !== undefined && child.object.metadata.deletionTimestamp === undefined;
  return isThere ? [remove(role, child.object)] : [];
}

/** As diffChild(), for a child that is never deleted. */
export function diffKept(s: Situation, role: Role, wanted: Manifest): readonly Action[] {
  const child = foundAs(s, role);
  if (child === undefined) return [create(role, wanted)];
  const { object } = child;
  const isRight = includes(record(object).spec, wanted.spec) && isHeld(s.addon, object, wanted);
  const isAsStored = standingAlteration(s.addon, role, wanted, object) !== undefined;
  return isRight || isAsStored ? [] : [applyTo(role, wanted, object)];
}

/** Whether a live child has the wanted spec and annotations, as far as the API server lets it. */
export function isWritten(s: Situation, role: Role, wanted: Manifest, live: KubeObject): boolean {
  const { annotations } = wanted.metadata;
  const hasSpec =
    includes(record(live).spec, wanted.spec) || standingAlteration(s.addon, role, wanted, live) !== undefined;
  return hasSpec && (annotations === undefined || includes(live.metadata.annotations, annotations));
}
