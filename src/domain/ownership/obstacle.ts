// Finds what prevents a child from being created or changed. The object is then left unchanged, and status reports the obstacle.
import { fieldManager, labels } from '../../api/addon.ts';
import type { KubeObject } from '../../api/kubernetes.ts';
import { manyOwners } from '../../api/raw.ts';
import { isEssential, isWatched, kindOf, type Role, roles } from '../children.ts';
import { foundAs, type Situation, unseen } from '../situation.ts';
import type { Verdict } from '../verdict.ts';
import { appIdOf, uidOn } from './owner.ts';
import { strayOf } from './stray.ts';

/** The first obstacle that prevents any action; undefined if each essential child is ours, can be adopted, or does not exist. */
export function findObstacle(s: Situation): Verdict | undefined {
  const watched = neededRoles(s).filter(isWatched);
  return (
    watched.map((role) => unseen(s, role)).find((verdict) => verdict !== undefined) ??
    watched
      .map((role) => (role === 'originStore' ? obstacleTo(s, role) : inTheWay(s, role)))
      .find((verdict) => verdict !== undefined)
  );
}

/** The children without which the addon is useless. Where a database is restored from is one of them until it exists. */
export function neededRoles({ addon, found }: Situation): readonly Role[] {
  const isToRestore = addon.spec.restore !== undefined && !found.some(({ role }) => role === 'cluster');
  return roles.filter((role) => isEssential(role) || (role === 'originStore' && isToRestore));
}

/** What prevents one child from being created or changed; undefined if it is ours or does not exist. */
export function obstacleTo(s: Situation, role: Role): Verdict | undefined {
  const child = foundAs(s, role);
  const stray = child?.ownership === 'orphan' ? strayOf(s, role, child.object) : undefined;
  return unseen(s, role) ?? stray ?? inTheWay(s, role);
}

/** A foreign object with that name, or one that is being deleted. */
function inTheWay(s: Situation, role: Role): Verdict | undefined {
  const child = foundAs(s, role);
  if (child === undefined) return undefined;
  const kind = kindOf(role);
  const { name } = child.object.metadata;
  switch (child.ownership) {
    case 'foreign':
      return foreign(s, kind, child.object);
    case 'previous':
      return {
        reason: 'OldObjectTerminating',
        message: `waiting for ${kind} ${name} of a deleted addon with the same name to be removed`,
      };
    case 'orphan':
      if (s.observed.livingOwners.includes(uidOn(child.object) ?? '')) return ofLivingAddon(kind, child.object);
      return endOf(role, child.object);
    case 'ours':
      return endOf(role, child.object);
  }
}

function endOf(role: Role, { metadata: { name, deletionTimestamp } }: KubeObject): Verdict | undefined {
  if (deletionTimestamp === undefined || !isWatched(role)) return undefined;
  const message = `waiting for ${kindOf(role)} ${name}, which was deleted, to be removed`;
  return { reason: 'OldObjectTerminating', message };
}

/** It has the labels of an object to adopt, but the addon that it was created for exists: a label does not take a database from it. */
function ofLivingAddon(kind: string, child: KubeObject): Verdict {
  const message = `${kind} ${child.metadata.name} belongs to the PostgresAddon with uid ${uidOn(child)}, which exists; delete that addon first: with mode protected, it leaves its objects behind for this one`;
  return { reason: 'NameConflict', message };
}

/**
 * A foreign object, or one of another addon: in both cases a person has to decide. Two addons in one namespace can need the same name,
 * since tenantId and appId are joined to one: "acme-web" and "shop", "acme" and "web-shop" (decision 8). The first one has it.
 */
function foreign({ addon, observed }: Situation, kind: string, child: KubeObject): Verdict {
  const { name } = child.metadata;
  const uid = uidOn(child);
  const other = `PostgresAddon "${child.metadata.labels?.[labels.name] ?? ''}"`;
  const appId = child.metadata.labels?.[labels.appId];
  const isSameApp = appId === appIdOf(addon);
  // The name of the Secret has no tenantId in it.
  const rename = `create this addon again with another appId${kind === 'Secret' ? '' : ' or tenantId'}`;
  const owners = child.metadata.ownerReferences ?? [];
  const isOwned = owners.length > 0;
  const unread = owners.find((owner) => owner.kind === manyOwners.kind);
  if (unread !== undefined)
    return {
      reason: 'NameConflict',
      message: `${kind} ${name} has more ${unread.name} than are read, so that nothing was changed; remove those that nobody needs`,
    };
  const claimed = child.metadata.labels?.[labels.uid];
  if (uid === undefined && claimed !== undefined && !isOwned)
    return {
      reason: 'NameConflict',
      message: `${kind} ${name} has the label ${labels.uid} of this operator, but its label ${labels.managedBy} is not "${fieldManager}", so nothing was changed. If it was left behind by a deleted PostgresAddon, set that label to adopt it; it may hold data`,
    };
  if (uid === undefined || (isOwned && !observed.livingOwners.includes(uid)))
    return {
      reason: 'NameConflict',
      message: `${kind} ${name} exists and does not belong to this addon; it was left unchanged. If nothing uses it, delete it; or ${rename}`,
    };
  if (isOwned || observed.livingOwners.includes(uid)) {
    const why = isSameApp ? '' : `, whose appId is "${appId}": its tenantId and appId are joined to the same name`;
    return { reason: 'NameConflict', message: `${kind} ${name} belongs to ${other}${why}; ${rename}` };
  }
  const handOver = `set the label ${labels.name}=${addon.metadata.name} on the objects that it left behind to hand them over to this addon`;
  const orElse = isSameApp
    ? handOver
    : `${rename}: its appId is "${appId}", and only an addon with that appId can adopt it`;
  return {
    reason: 'AdoptionRefused',
    message: `${kind} ${name} was left behind by the deleted ${other}; apply that addon again to adopt it, or ${orElse}`,
  };
}
