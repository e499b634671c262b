// The operator's finalizer on a protected addon: the deletion of the addon waits until its children are released.
import { type PostgresAddon, protectionFinalizer } from '../../api/addon.ts';
import { manyFinalizers } from '../../api/raw.ts';
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

/**
 * Why the addon has no finalizer: the API server dropped it, and status has recorded that for this generation of the addon; or there are
 * more finalizers of others than are known, which the write would remove.
 */
export function finalizerRefused(addon: PostgresAddon): Verdict | undefined {
  if (hasMany(addon) && !hasFinalizer(addon)) return tooMany;
  const last = recordedCondition(addon, 'Protected');
  const isStanding =
    last?.reason === 'ChangedOnAdmission' &&
    last.observedGeneration === addon.metadata.generation &&
    !hasFinalizer(addon);
  return isStanding ? verdictOf(last) : undefined;
}

/** The write that removes the operator's finalizer from the addon. Other finalizers stay; if not all of them are known, ours does, too. */
export function removeFinalizer(addon: PostgresAddon): readonly Action[] {
  return hasFinalizer(addon) && !hasMany(addon) ? [setFinalizers(addon, otherFinalizers(addon))] : [];
}

const tooMany: Verdict = {
  reason: 'Refused',
  message: 'the addon has more finalizers than are read, so that none was added to it; remove those that nobody needs',
};

function hasMany({ metadata }: PostgresAddon): boolean {
  return metadata.finalizers?.includes(manyFinalizers) === true;
}

/** The finalizers of others. */
export function otherFinalizers({ metadata }: PostgresAddon): readonly string[] {
  return (metadata.finalizers ?? []).filter((finalizer) => finalizer !== protectionFinalizer);
}
