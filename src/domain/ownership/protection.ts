// The chapter on protection: whether the children outlive the addon, the finalizer that this takes, and where the database came from.
import { type PostgresAddon, protectionFinalizer } from '../../api/addon.ts';
import { type Chapter, type Round, suspension } from '../chapter.ts';
import { type Action, setFinalizers } from '../decision.ts';
import { formerUidOf, reasonOf } from '../recorded.ts';
import type { Situation } from '../situation.ts';
import type { Target } from '../target.ts';
import type { Verdict } from '../verdict.ts';
import { deletesChildren, hasOwnerReference } from './owner.ts';

/** Before all others: no child without an owner reference is made before the deletion of the addon has to wait for the operator. */
export function protectionChapter(round: Round): Chapter {
  const { s } = round;
  return {
    actions: addFinalizer(s.addon),
    conditions: { Protected: judgeProtection(round), Adopted: judgeAdoption(s) },
  };
}

/**
 * After all others: the finalizer goes last, once every child belongs to the garbage collector, the Secret too, which can wait for
 * credentials.
 * @param credentials whose actions give the Secret its owner back
 */
export function endOfProtection({ s }: Round, credentials: Chapter): Chapter {
  const { addon, observed, own } = s;
  if (!isLeavingProtection(addon) || observed.children.urlSecret.kind === 'unread') return {};
  const isLoose = own.urlSecret !== undefined && !hasOwnerReference(addon, own.urlSecret);
  return isLoose && credentials.actions?.length === 0 ? {} : { actions: [removeFinalizer(addon)] };
}

/** Whether the deletion of the addon waits for the operator. */
export function hasFinalizer(addon: PostgresAddon): boolean {
  return addon.metadata.finalizers?.includes(protectionFinalizer) === true;
}

/** Whether protection ends by a change of the mode, and the finalizer has to wait for the children. */
export function isLeavingProtection(addon: PostgresAddon): boolean {
  return deletesChildren(addon) && hasFinalizer(addon);
}

/** The write that puts the finalizer on a protected addon that lacks it. */
export function addFinalizer(addon: PostgresAddon): readonly Action[] {
  if (deletesChildren(addon) || hasFinalizer(addon)) return [];
  return [setFinalizers(addon, [...otherFinalizers(addon), protectionFinalizer])];
}

/** The write that takes the operator's finalizer off the addon; other finalizers stay. */
export function removeFinalizer(addon: PostgresAddon): Action {
  return setFinalizers(addon, otherFinalizers(addon));
}

/** The finalizers that are not ours. */
export function otherFinalizers({ metadata }: PostgresAddon): readonly string[] {
  return (metadata.finalizers ?? []).filter((finalizer) => finalizer !== protectionFinalizer);
}

function judgeProtection({ s, target, suspended }: Round): Verdict | undefined {
  if (suspended === undefined || isInForce(s)) return protectionOf(s.addon, target);
  return deletesChildren(s.addon) ? undefined : suspension;
}

function protectionOf(addon: PostgresAddon, { names }: Target): Verdict | undefined {
  if (deletesChildren(addon)) return undefined;
  const message = `deleting this addon keeps Cluster ${names.cluster} and Secret ${names.urlSecret}; deleting the namespace does not`;
  return { reason: 'Protected', message };
}

/** Whether a deletion would leave the children, as things stand: the Secret is known only from the round that told of protection. */
function isInForce({ addon, found }: Situation): boolean {
  const isOwner = found.some(({ object }) => hasOwnerReference(addon, object));
  return hasFinalizer(addon) && !isOwner && reasonOf(addon, 'Protected') === 'Protected';
}

/** Where the database came from. */
export function judgeAdoption({ addon, found }: Situation): Verdict | undefined {
  const cluster = found.find((child) => child.role === 'cluster');
  if (cluster?.role !== 'cluster') return undefined;
  const former = formerUidOf(addon, cluster.object);
  if (former === undefined) return undefined;
  const message = `Cluster ${cluster.object.metadata.name} was adopted from the deleted addon with uid ${former}`;
  return { reason: 'Adopted', message };
}
