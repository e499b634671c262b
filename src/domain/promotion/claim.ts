// Who may have the Secret of an app: the addon with that appId, or one that is promoted to it. The Secret itself says who has it, so that
// it changes hands in one write, and a crash leaves it with one or the other.
import { labels, type PostgresAddon } from '../../api/addon.ts';
import type { Secret } from '../../api/kubernetes.ts';
import type { Observed } from '../observed.ts';
import { appIdOf, keepsChildren, uidOn } from '../ownership/owner.ts';
import { reasonOf } from '../recorded.ts';
import type { Situation } from '../situation.ts';

/**
 * The other app whose Secret also holds the URL of this database: as status announced it, until the Secret was given back; before, as the
 * spec requests it.
 */
export function promotedAppIdOf(addon: PostgresAddon): string | undefined {
  const appId = addon.status?.promotion?.appId ?? addon.spec.promote?.appId;
  return appId === appIdOf(addon) ? undefined : appId;
}

/** The apps to which an addon is promoted, wants to be, or was and has not given back the Secret of. */
export function promotionsOf({ spec, status }: PostgresAddon): readonly string[] {
  const apps = [spec.promote?.appId, status?.promotion?.appId].filter((app) => app !== undefined);
  return [...new Set(apps)];
}

/** Whether an addon asks for the Secret of an app. One that is about to go, with its Secrets, asks for nothing. */
function claims(addon: PostgresAddon, appId: string): boolean {
  const isGoing = addon.metadata.deletionTimestamp !== undefined && !keepsChildren(addon);
  return addon.spec.promote?.appId === appId && !isGoing;
}

/** The addon that a Secret was made for; undefined if this operator did not make it, or if it is controlled by anything else. */
function madeFor(secret: Secret): string | undefined {
  const uid = uidOn(secret);
  const controller = controllerOf(secret);
  return controller === undefined || controller === uid ? uid : undefined;
}

function controllerOf({ metadata }: Secret): string | undefined {
  return metadata.ownerReferences?.find((reference) => reference.controller === true)?.uid;
}

/**
 * Who has the Secret of an app. app: an addon with that appId, or what it left behind. promoted: another one, which asks for it. kept:
 * another one that was deleted and left its database in service. free: another one, which does not ask for it any more.
 */
type Holder = 'app' | 'promoted' | 'kept' | 'free';

/** @returns undefined if the Secret is not of this operator's addons */
function holderOf(
  secret: Secret,
  appId: string,
  { sameApp, livingOwners, missingFromSchema }: Observed,
): Holder | undefined {
  const uid = madeFor(secret);
  const { [labels.appId]: of, [labels.name]: name } = secret.metadata.labels ?? {};
  if (uid === undefined || of === undefined) return undefined;
  if (of === appId) return 'app';
  // Of two addons with one name, the later one decides: it adopts what the other one left behind, or does not.
  const other = sameApp.find(({ metadata }) => metadata.uid === uid || metadata.name === name);
  if (other !== undefined && claims(other, appId)) return 'promoted';
  // An older CRD drops what was asked for.
  if (other !== undefined && missingFromSchema.includes('spec.promote')) return 'promoted';
  // The garbage collector is about to delete the Secret of an addon that is gone and was not protected.
  const isFree = other !== undefined || livingOwners.includes(uid) || controllerOf(secret) !== undefined;
  return isFree ? 'free' : 'kept';
}

/**
 * Who has the Secret of this addon's app instead of it. missing: a promoted one, which is about to write it again. next: nobody any more,
 * but another promoted one is about to take it. Otherwise as {@link Holder}.
 */
export interface Successor {
  readonly kind: Exclude<Holder, 'app'> | 'missing' | 'next';
  /** The name of the other addon. */
  readonly name: string;
  readonly secret: Secret | undefined;
}

/** @returns undefined if the Secret was not read, or is not in the hands of a promoted addon */
export function successorOf(s: Situation): Successor | undefined {
  const { addon, observed, found } = s;
  const appId = appIdOf(addon);
  const next = observed.sameApp.find((other) => claims(other, appId));
  if (observed.children.urlSecret.kind === 'absent') {
    const isTaken = next !== undefined && reasonOf(next, 'Promoted') === 'Promoted';
    return isTaken ? { kind: 'missing', name: next.metadata.name, secret: undefined } : undefined;
  }
  const child = found.find(({ role }) => role === 'urlSecret');
  if (child?.role !== 'urlSecret' || child.ownership !== 'foreign' || isSecond(s)) return undefined;
  const { object: secret } = child;
  const kind = holderOf(secret, appId, observed);
  if (kind === undefined || kind === 'app') return undefined;
  if (kind === 'free' && next !== undefined) return { kind: 'next', name: next.metadata.name, secret };
  return { kind, name: secret.metadata.labels?.[labels.name] ?? '', secret };
}

/** Whether another addon with the same appId has the app: this one is in its way, whoever has the Secret. */
function isSecond({ addon, observed: { sameApp } }: Situation): boolean {
  const others = sameApp.filter((other) => appIdOf(other) === appIdOf(addon));
  return addon.status?.credentials === undefined && others.some(({ status }) => status?.credentials !== undefined);
}

/** The Secret of the other app that this addon is to take over; undefined if it was not read, or is not to be taken. */
export function secretToTakeOver({ addon, found, observed }: Situation): Secret | undefined {
  const appId = promotedAppIdOf(addon);
  const child = found.find(({ role }) => role === 'promotedSecret');
  if (appId === undefined || child?.role !== 'promotedSecret' || child.ownership !== 'foreign') return undefined;
  const holder = holderOf(child.object, appId, observed);
  const isTaken = addon.spec.promote?.appId === appId && holder !== undefined && holder !== 'promoted';
  return isTaken ? child.object : undefined;
}

/** Whether a Secret is about to change hands: this addon is then confirmed by the API server first. */
export function isHandoverDue(s: Situation): boolean {
  const { addon, observed } = s;
  if (observed.platform.connectionCheck === 'Required' && reasonOf(addon, 'Connectable') !== 'LoggedIn') return false;
  const isAnnounced = addon.status?.promotion?.appId === promotedAppIdOf(addon);
  return (isAnnounced && secretToTakeOver(s) !== undefined) || successorOf(s)?.kind === 'free';
}

/** Whether status says what the spec asks for; also if neither asks for anything. */
export function isPromotionSettled(addon: PostgresAddon): boolean {
  const appId = promotedAppIdOf(addon);
  const settled = addon.spec.promote?.appId === appId ? 'Promoted' : 'PromotionEnding';
  return appId === undefined || reasonOf(addon, 'Promoted') === settled;
}

/** Whether a Secret of an app has to be read: it is about to change hands, or it has, and this addon has not said so yet. */
export function isHandoverOpen(s: Situation): boolean {
  return isOwnOpen(s) || isPromotedOpen(s);
}

/** The Secret of its own app, which another addon took or gives back. */
function isOwnOpen({ addon, observed: { sameApp } }: Situation): boolean {
  const appId = appIdOf(addon);
  const promoted = sameApp.filter((other) => promotedAppIdOf(other) === appId);
  if (reasonOf(addon, 'CredentialsPublished') === 'Superseded')
    return promoted.length === 0 || promoted.some((other) => !claims(other, appId));
  return promoted.some((other) => ['Promoted', 'PromotionEnding'].includes(reasonOf(other, 'Promoted') ?? ''));
}

/** The Secret of the app that it is promoted to: until status says what the spec asks for, and if another addon says that it has the Secret. */
function isPromotedOpen({ addon, observed: { sameApp } }: Situation): boolean {
  const appId = promotedAppIdOf(addon);
  if (appId === undefined) return false;
  const saysItHas = (other: PostgresAddon): boolean =>
    appIdOf(other) === appId
      ? reasonOf(other, 'CredentialsPublished') === 'Published'
      : promotedAppIdOf(other) === appId && reasonOf(other, 'Promoted') === 'Promoted';
  return !isPromotionSettled(addon) || sameApp.some(saysItHas);
}
