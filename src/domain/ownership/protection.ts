// The chapter on ownership: whether the children outlive the addon, and where the database came from.
import { type Chapter, type Round, suspension } from '../chapter.ts';
import { type Role, roles } from '../children.ts';
import { formerUidOf, reasonOf } from '../recorded.ts';
import { type FoundChild, type Situation, unseen } from '../situation.ts';
import type { Target } from '../target.ts';
import { recheckAfter, type Verdict } from '../verdict.ts';
import { addFinalizer, finalizerRefused, hasFinalizer, isLeavingProtection, removeFinalizer } from './finalizer.ts';
import { deletesChildren, hasOwnerReference } from './owner.ts';

/** The first chapter: the finalizer must be in place before a child without an owner reference is created. */
export function protectionChapter(round: Round): Chapter {
  const { s } = round;
  return {
    actions: addFinalizer(s.addon),
    conditions: { Protected: judgeProtection(round), Adopted: judgeAdoption(s) },
    changesOwner: changesOwner(s),
  };
}

/**
 * The last chapter: the finalizer is removed once every child has its owner reference again, or gets it now. The Secret can wait for
 * credentials.
 * @param earlier the chapters whose actions restore the owner references
 */
export function endOfProtection({ s, target, suspended }: Round, earlier: readonly Chapter[]): Chapter {
  const { addon, observed, found } = s;
  if (!isLeavingProtection(addon)) return {};
  // What was not seen can be without an owner.
  const blind = findUnseen(s);
  // As long as the finalizer is there, a deletion leaves the database in service.
  const stays = { conditions: { Protected: suspended === undefined ? protectedBy(s, target) : suspension(s) } };
  if (blind !== undefined) return { ...stays, recheckAfter: recheckAfter(blind) };
  const kinds = roles.map((role) => observed.children[role].kind);
  if (kinds.includes('unavailable')) return { ...stays, waitAtLeast: unavailableRecheck };
  if (kinds.includes('unread')) return stays;
  const written = earlier.flatMap(({ actions = [] }) => actions).map(({ child }) => child);
  const staysLoose = ({ role, object, ownership }: FoundChild): boolean =>
    ownership === 'ours' && !hasOwnerReference(addon, object) && !written.includes(role);
  const actions = removeFinalizer(addon);
  if (found.some(staysLoose) || actions.length === 0) return stays;
  return { actions, ...(suspended && stays) };
}

/** The first wait for a Secret that the API server failed to send. Milliseconds. */
const unavailableRecheck = 10_000;

/** The children of ours whose owner reference is not yet as the mode requires. */
function changesOwner({ addon, found }: Situation): readonly Role[] {
  const isOther = ({ object, ownership }: FoundChild): boolean =>
    ownership === 'ours' && hasOwnerReference(addon, object) !== deletesChildren(addon);
  return found.filter(isOther).map(({ role }) => role);
}

function judgeProtection({ s, target, suspended }: Round): Verdict | undefined {
  if (deletesChildren(s.addon)) return undefined;
  if (suspended !== undefined && !isInForce(s)) return suspension(s);
  // A child that cannot be seen can have an owner.
  const problem = finalizerRefused(s.addon) ?? findUnseen(s);
  // So can one that the API server failed to send: nothing is said of it before it is seen.
  const isMissed = roles.some((role) => s.observed.children[role].kind === 'unavailable');
  return problem ?? (isMissed && !isInForce(s) ? undefined : protectedBy(s, target));
}

/** Why the first child that could not be observed was not. */
function findUnseen(s: Situation): Verdict | undefined {
  return roles.map((role) => unseen(s, role)).find((verdict) => verdict !== undefined);
}

function protectedBy({ addon }: Situation, { names }: Target): Verdict {
  const others = [
    reasonOf(addon, 'CredentialsPublished') === 'Superseded' ? [] : `Secret ${names.urlSecret}`,
    reasonOf(addon, 'Promoted') === 'Promoted' ? `Secret ${names.promotedSecret}` : [],
    addon.status?.extras?.map(({ form, name }) => `${form === 'ca' ? 'ConfigMap' : 'Secret'} ${name}`) ?? [],
    addon.status?.roles?.map(({ secretName }) => `Secret ${secretName}`) ?? [],
  ].flat();
  const kept = [`Cluster ${names.cluster}`, ...others].join(' and ');
  return { reason: 'Protected', message: `deleting this addon keeps ${kept}; deleting the namespace does not` };
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
