// The protection chapter: whether the children outlive the addon, the finalizer for that, and whether the database was adopted.
import { type PostgresAddon, protectionFinalizer } from '../../api/addon.ts';
import { type Chapter, type Round, suspension } from '../chapter.ts';
import { type Action, setFinalizers } from '../decision.ts';
import { formerUidOf, reasonOf } from '../recorded.ts';
import type { Situation } from '../situation.ts';
import type { Target } from '../target.ts';
import type { Verdict } from '../verdict.ts';
import { deletesChildren, hasOwnerReference } from './owner.ts';

/** The first chapter: the finalizer must be in place before a child without an owner reference is created. */
export function protectionChapter(round: Round): Chapter {
  const { s } = round;
  return {
    actions: addFinalizer(s.addon),
    conditions: { Protected: judgeProtection(round), Adopted: judgeAdoption(s) },
  };
}

/**
 * The last chapter: the finalizer is removed once every child has its owner reference again, including the Secret, which can wait for
 * credentials.
 * @param credentials the chapter whose actions restore the owner reference of the Secret
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

/** Whether the mode was changed from protected, and the finalizer is not removed yet. */
export function isLeavingProtection(addon: PostgresAddon): boolean {
  return deletesChildren(addon) && hasFinalizer(addon);
}

/** The write that adds the finalizer to a protected addon without it. */
export function addFinalizer(addon: PostgresAddon): readonly Action[] {
  if (deletesChildren(addon) || hasFinalizer(addon)) return [];
  return [setFinalizers(addon, [...otherFinalizers(addon), protectionFinalizer])];
}

/** The write that removes the operator's finalizer from the addon. Other finalizers stay. */
export function removeFinalizer(addon: PostgresAddon): Action {
  return setFinalizers(addon, otherFinalizers(addon));
}

/** The finalizers of others. */
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

/** Whether a deletion now would keep the children. About the Secret, this is known only from the round that reported protection. */
function isInForce({ addon, found }: Situation): boolean {
  const isOwner = found.some(({ object }) => hasOwnerReference(addon, object));
  return hasFinalizer(addon) && !isOwner && reasonOf(addon, 'Protected') === 'Protected';
}

/** Whether the database was adopted, and from which addon. */
export function judgeAdoption({ addon, found }: Situation): Verdict | undefined {
  const cluster = found.find((child) => child.role === 'cluster');
  if (cluster?.role !== 'cluster') return undefined;
  const former = formerUidOf(addon, cluster.object);
  if (former === undefined) return undefined;
  const message = `Cluster ${cluster.object.metadata.name} was adopted from the deleted addon with uid ${former}`;
  return { reason: 'Adopted', message };
}
