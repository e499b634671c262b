// The rules on what must never happen to an object, each with a name. A rule judges a step by the objects of the API server and the
// request. It knows the contract, but not how the operator decides.
import { annotations, labels, protectionFinalizer } from '../../api/addon.ts';
import type { ClusterSpec, Partially } from '../../api/cnpg.ts';
import { children, extraRoles, roles } from '../../domain/children.ts';
import { isRole } from '../../domain/decision.ts';
import { compareQuantities } from '../../domain/quantity.ts';
import { belongs, holdsWhatIsAsked, isDying, isLeftBehind, labelOf } from '../belongs.ts';
import { sameFields } from '../fields.ts';
import { type Fields, kindOf, nameOf, passwordOf, type Slot, type Stored, slots } from '../objects.ts';
import { live, type State } from '../state.ts';
import type { Step } from '../step.ts';
import { isBelow, versionIn } from '../versions.ts';

/** Returns what is wrong with a step from `before`, or undefined. */
export type Rule = (before: State, step: Step) => string | undefined;

export const objectRules = {
  'writes only what is ours': (before, step) => {
    if (step.actor !== 'operator' || step.attempt === undefined) return undefined;
    const { by, error } = step.attempt;
    if (error?.reason === 'NotModelled') return error.message;
    const { addon } = by.from;
    for (const slot of slots) {
      const [was, is] = [live(before, slot), live(step.state, slot)];
      if (was === is) continue;
      if (slot === 'source') return "it wrote CNPG's Secret";
      if (slot === 'addon') {
        if (was?.metadata.uid !== addon.metadata.uid) return 'it wrote an addon that it had not observed';
        if (is !== undefined && !sameFields(was.spec, is.spec)) return "it wrote the addon's spec";
      } else if (was !== undefined && !mayWrite(addon, was)) return `it wrote ${kindOf[slot]}, which is not its own`;
      else if (is !== undefined && !belongs(addon, is)) return `it left ${kindOf[slot]} that is not its own`;
    }
    return undefined;
  },

  'adopts only what matches': (before, step) => {
    if (step.actor !== 'operator' || step.attempt === undefined) return undefined;
    const { addon } = step.attempt.by.from;
    const [was, is] = [live(before, 'cluster'), live(step.state, 'cluster')];
    const isTaken = was !== undefined && is !== undefined && !belongs(addon, was) && belongs(addon, is);
    return isTaken && !holdsWhatIsAsked(addon, was) ? 'it adopted a Cluster with another database' : undefined;
  },

  'never a second Cluster': (before, step) => {
    const [was, is] = [live(before, 'cluster'), live(step.state, 'cluster')];
    if (step.actor === 'operator' && was !== undefined && was.metadata.uid !== is?.metadata.uid)
      return 'the operator deleted or replaced the Cluster';
    return undefined;
  },

  'no empty Cluster in the place of one that can be restored': (before, step) => {
    const [was, is] = [live(before, 'cluster'), live(step.state, 'cluster')];
    if (step.actor !== 'operator' || was !== undefined || is === undefined) return undefined;
    const { archive } = before.memory;
    // What the addon never reported can be known to nobody.
    if (archive?.addon !== live(before, 'addon')?.metadata.uid || !archive?.reported || !archive.restorable)
      return undefined;
    const asked = step.attempt?.by.from.addon.metadata.annotations?.[annotations.startEmpty];
    return asked === archive.serverName ? undefined : `it created a Cluster, and ${archive.serverName} can be restored`;
  },

  'a restored database is closed to the roles of its source': (before, step) => {
    const [was, is] = [live(before, 'cluster'), live(step.state, 'cluster')];
    if (step.actor !== 'operator' || is === undefined || is === was) return undefined;
    const { bootstrap, postgresql } = (is.spec ?? {}) as Partially<ClusterSpec>;
    const isClosed = postgresql?.pg_hba?.at(-1) === 'host all all all reject';
    return bootstrap?.recovery === undefined || isClosed ? undefined : 'other roles may log in to a restored database';
  },

  'deletes nothing but what is removable, as it was seen': (before, step) => {
    if (step.actor !== 'operator' || step.attempt === undefined) return undefined;
    for (const slot of roles) {
      const [was, is] = [live(before, slot), live(step.state, slot)];
      if (was === undefined || is !== undefined) continue;
      if (!children[slot].removable) return `it deleted ${kindOf[slot]}`;
      const seen = step.attempt.by.from[slot];
      if (seen?.metadata.uid !== was.metadata.uid || seen.metadata.resourceVersion !== was.metadata.resourceVersion)
        return `it deleted ${kindOf[slot]} in another state than it had observed`;
    }
    const { request } = step.attempt;
    const deletes = request.verb === 'delete' && !(isRole(request.child) && children[request.child].removable);
    return deletes ? `it asked to delete ${request.child}` : undefined;
  },

  'the living keep their database': (before, step) => {
    if (step.actor !== 'collector') return undefined;
    const addon = live(before, 'addon');
    const [was, is] = [live(before, 'cluster'), live(step.state, 'cluster')];
    if (was === undefined || isDying(was) || (is !== undefined && !isDying(is))) return undefined;
    const alive = addon !== undefined && addon.metadata.deletionTimestamp === undefined;
    return alive && labelOf(was, labels.uid) === addon.metadata.uid && !before.memory.torn
      ? 'the Cluster of an existing addon was collected'
      : undefined;
  },

  'the protected outlive their addon': (before, step) => {
    const gone = collected(before, step, before.memory.guarded);
    return gone && `${kindOf[gone]} of a protected addon was collected`;
  },

  'what was to be orphaned stays': (before, step) => {
    const gone = collected(before, step, before.memory.kept);
    return gone && `${kindOf[gone]} was collected although the addon was deleted with --cascade=orphan`;
  },

  'an addon goes only when its children are marked': (before, step) => {
    const was = live(before, 'addon');
    const guarded = was?.metadata.finalizers?.includes(protectionFinalizer) === true;
    const guards = live(step.state, 'addon')?.metadata.finalizers?.includes(protectionFinalizer) === true;
    if (step.actor !== 'operator' || was === undefined || !guarded || guards) return undefined;
    if (was.spec?.mode !== 'protected') return undefined;
    const unmarked = roles.find((slot) => {
      const child = live(before, slot);
      return (
        child !== undefined && belongs(was, child) && labelOf(child, labels.orphaned) !== 'true' && !isDying(child)
      );
    });
    return unmarked && `the finalizer was removed while ${kindOf[unmarked]} was not marked`;
  },

  'no protected child has an owner': (before, step) => {
    const wrote = step.actor === 'operator' && step.attempt !== undefined;
    const addon = step.attempt?.by.from.addon;
    if (!wrote || addon?.spec?.mode !== 'protected') return undefined;
    const owned = roles.find((slot) => {
      const [was, is] = [live(before, slot), live(step.state, slot)];
      const isOwner = (child: Stored | undefined): boolean =>
        child?.metadata.ownerReferences?.some(({ uid }) => uid === addon.metadata.uid) === true;
      return isOwner(is) && !isOwner(was);
    });
    return owned && `it wrote an owner reference into ${kindOf[owned]} of a protected addon`;
  },

  'what is published is of this Cluster': (before, step) => {
    if (step.actor !== 'operator' || step.attempt === undefined) return undefined;
    const cluster = step.attempt.by.seen.cluster?.metadata.uid;
    const wrong = secretRoles.find((slot) => {
      const [was, is] = [live(before, slot), live(step.state, slot)];
      if (is === undefined || was === is || sameFields(was?.data, is.data)) return false;
      return passwordOf(is)?.endsWith(`.${cluster}`) !== true;
    });
    return wrong && `it published credentials of an earlier Cluster in ${nameOf[wrong]}`;
  },

  'a disk never shrinks': (before, step) => {
    const [was, is] = [sizeOf(live(before, 'cluster')), sizeOf(live(step.state, 'cluster'))];
    if (was !== undefined && is !== undefined && isSmaller(is, was)) return `the disk went from ${was} to ${is}`;
    const { request, by } = step.attempt ?? {};
    if (request?.verb !== 'apply' || request.child !== 'cluster') return undefined;
    const [asked, seen] = [sizeOf(request.manifest as Fields), sizeOf(by?.seen.cluster)];
    return asked !== undefined && seen !== undefined && isSmaller(asked, seen)
      ? `it asked for ${asked} where it had seen ${seen}`
      : undefined;
  },

  'what has run is never lowered': (before, step) => {
    const [was, is] = [live(before, 'cluster'), live(step.state, 'cluster')];
    if (step.actor !== 'operator' || was === undefined || was === is) return undefined;
    const [ran, set] = [was.inside?.highest, versionIn(is)];
    return ran !== undefined && set !== undefined && isBelow(set, ran)
      ? `it set version ${set} where ${ran} has run`
      : undefined;
  },
} as const satisfies Readonly<Record<string, Rule>>;

const secretRoles = (['urlSecret', 'promotedSecret', ...extraRoles] as const).filter((role) => role !== 'caConfigMap');

/** The child with one of these uids that the garbage collector deletes in a step. */
function collected(before: State, { actor, state }: Step, uids: readonly string[]): Slot | undefined {
  if (actor !== 'collector') return undefined;
  return roles.find((slot) => {
    const [was, is] = [live(before, slot), live(state, slot)];
    if (was === undefined || isDying(was) || !uids.includes(was.metadata.uid)) return false;
    return is === undefined || isDying(is);
  });
}

function mayWrite(addon: Stored, child: Stored): boolean {
  return belongs(addon, child) || isLeftBehind(addon, child);
}

function sizeOf(cluster: { readonly spec?: unknown } | undefined): string | undefined {
  return (cluster?.spec as { readonly storage?: { readonly size?: string } } | undefined)?.storage?.size;
}

function isSmaller(a: string, b: string): boolean {
  return (compareQuantities(a, b) ?? 0) < 0;
}
