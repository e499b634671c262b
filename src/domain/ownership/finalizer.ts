// The operator's finalizer on a protected addon: the deletion of the addon waits until its children are released.
import { type PostgresAddon, protectionFinalizer } from '../../api/addon.ts';
import { type Action, setFinalizers } from '../decision.ts';
import { recordedCondition } from '../recorded.ts';
import { type Verdict, verdictOf } from '../verdict.ts';
import { deletesChildren } from './owner.ts';

/** Whether the deletion of the addon waits for the operator. */
export function hasFinalizer(addon: PostgresAddon): boolean {
  return addon.metadata.finalizers?.includes(protectionFinalizer) === true;
}

/** Whether the mode was changed from protected, and the finalizer is not removed yet. */
export function isLeavingProtection(addon: PostgresAddon): boolean {
  return deletesChildren(addon) && hasFinalizer(addon);
}

/** The write that adds the finalizer to a protected addon without it. */
export function addFinalizer(addon: PostgresAddon): readonly Action[] {
  if (deletesChildren(addon) || hasFinalizer(addon) || finalizerRefused(addon) !== undefined) return [];
  return [setFinalizers(addon, [...otherFinalizers(addon), protectionFinalizer])];
}

/** Why the addon has no finalizer, if the API server dropped it and status has recorded that for this generation of the addon. */
export function finalizerRefused(addon: PostgresAddon): Verdict | undefined {
  const last = recordedCondition(addon, 'Protected');
  const isStanding =
    last?.reason === 'ChangedOnAdmission' &&
    last.observedGeneration === addon.metadata.generation &&
    !hasFinalizer(addon);
  return isStanding ? verdictOf(last) : undefined;
}

/** The write that removes the operator's finalizer from the addon. Other finalizers stay. */
export function removeFinalizer(addon: PostgresAddon): Action {
  return setFinalizers(addon, otherFinalizers(addon));
}

/** The finalizers of others. */
export function otherFinalizers({ metadata }: PostgresAddon): readonly string[] {
  return (metadata.finalizers ?? []).filter((finalizer) => finalizer !== protectionFinalizer);
}
