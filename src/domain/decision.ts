// The types of a decision: writes, at most one login, and the status to report depending on their results.
import { type AddonStatus, addonApiVersion, addonGvr, type PostgresAddon } from '../api/addon.ts';
import { type Concern, type ConditionType, concerns } from '../api/conditions.ts';
import type { KubeObject, Manifest, PinnedManifest } from '../api/kubernetes.ts';
import type { Answer, Assertion, LoginResult, Question, RoleLevel } from '../api/login.ts';
import { type ReconciledResource, resources } from '../api/resources.ts';
import { alterationOf, finalizersAltered } from './alteration.ts';
import { alteredIn, children, type RemovableRole, type Role, roles } from './children.ts';
import { removalFrom, unwanted } from './removal.ts';
import type { Verdict } from './verdict.ts';

/** What is written without being a child: it is made and removed, but never changed or adopted. */
const others = {
  backup: { resource: 'backups', concern: 'backup' },
  /** Owns the Cluster of a restore drill, which is deleted with it. */
  drillStore: { resource: 'objectStores', concern: 'drill' },
  drillCluster: { resource: 'clusters', concern: 'drill' },
  /** Without it, nothing is published. */
  redactionJob: { resource: 'jobs', concern: 'credentials' },
} as const satisfies Readonly<Record<string, { readonly resource: ReconciledResource; readonly concern: Concern }>>;
type Other = keyof typeof others;

/** A write. The list is closed: no write deletes a Cluster or the Secret with DATABASE_URL. */
export type Action = {
  /** The concern that the write belongs to. If it is refused, later writes of the same concern are not attempted. */
  readonly concern: Concern;
} & (
  | /** Fails if an object with this name exists, so it cannot adopt one. */
  { readonly verb: 'create'; readonly child: Role | Other; readonly manifest: Manifest }
  /** Server-side apply of the operator's fields to the observed object; for the addon itself, only of the finalizers. */
  | {
      readonly verb: 'apply';
      readonly child: Role | 'addon';
      readonly manifest: PinnedManifest;
      /** Set if the write takes something away: the merge patch that does so whoever else owns it. */
      readonly removal?: PinnedManifest;
    }
  /** Deletes an object that is no longer needed, only if it is unchanged since it was observed. */
  | {
      readonly verb: 'delete';
      readonly child: RemovableRole | RemovableOther;
      readonly name: string;
      readonly uid: string;
      readonly resourceVersion: string;
    }
);

type RemovableOther = Exclude<Other, 'drillCluster' | 'redactionJob'>;

/** Whether it is a child, and not the addon itself or what is written beside its children. */
export function isRole(child: Action['child']): child is Role {
  return (roles as readonly string[]).includes(child);
}

/** The resource that an action writes. */
export function resourceOf(child: Action['child']): ReconciledResource {
  if (child === 'addon') return 'addons';
  return isRole(child) ? children[child].resource : others[child].resource;
}

/** The write that makes a base backup, what a restore drill needs, or the Job of a redaction. */
export function createOther(child: Other, manifest: Manifest): Action {
  return { verb: 'create', child, concern: others[child].concern, manifest };
}

/** The write that creates a child. */
export function create(child: Role, manifest: Manifest): Action {
  return { verb: 'create', child, concern: children[child].concern, manifest };
}

/** The write of the operator's fields to a child that is unchanged since it was observed. */
export function applyTo(child: Role, manifest: Manifest, live: KubeObject): Action {
  const removal = unwanted(manifest, live).length === 0 ? {} : { removal: removalFrom(manifest, live) };
  return { verb: 'apply', child, concern: children[child].concern, manifest: pinned(manifest, live), ...removal };
}

/** The write that deletes a child that is unchanged since it was observed. */
export function remove(
  child: RemovableRole | RemovableOther,
  { metadata: { name, uid, resourceVersion } }: KubeObject,
): Action {
  // That something which is no child cannot be removed is reported with the backups.
  const concern = isRole(child) ? children[child].concern : 'backup';
  return { verb: 'delete', child, concern, name, uid, resourceVersion };
}

/** The write of the addon's finalizers. @param finalizers the complete list */
export function setFinalizers(addon: PostgresAddon, finalizers: readonly string[]): Action {
  const { name, namespace } = addon.metadata;
  const manifest = { apiVersion: addonApiVersion, kind: addonGvr.kind, metadata: { name, namespace, finalizers } };
  return { verb: 'apply', child: 'addon', concern: 'ownership', manifest: pinned(manifest, addon) };
}

/**
 * `manifest` with the uid and resourceVersion of the observed object. The uid alone is not enough: a database can outlive its addon, and
 * a write that was decided for the old addon must not succeed after a new one has adopted the database.
 */
function pinned(manifest: Manifest, { metadata: { uid, resourceVersion } }: KubeObject): PinnedManifest {
  return { ...manifest, metadata: { ...manifest.metadata, uid, resourceVersion } };
}

/** The names that the messages about a login contain. */
export interface LoginPlace {
  /** The name of CNPG's Secret with the credentials. */
  readonly sourceSecret: string;
  /** The host of DATABASE_URL. */
  readonly host: string;
  readonly database: string;
  readonly role: string;
}

/** The verdict on each condition. Absent: not judged, so the last value remains. undefined: it does not apply. */
export type Conditions = { readonly [T in ConditionType]?: Verdict | undefined };

type Computed = 'uid' | 'operator' | 'observedGeneration' | 'phase' | 'ready_at' | 'locality' | 'conditions';
/** The fields of status that the chapters set. Absent: the last value remains. undefined: the field is removed. */
export type Fields = { readonly [K in Exclude<keyof AddonStatus, Computed>]?: AddonStatus[K] | undefined };

/** What status records of a role if a login proves it. */
export interface RoleProof {
  readonly level: RoleLevel;
  readonly passwordVersion: string;
  readonly schemas: readonly string[];
}

/** A login after the writes. */
export interface Login {
  /** Secret. */
  readonly url: string;
  readonly place: LoginPlace;
  /** What status records if it succeeds. A change of one of these requires a new login. */
  readonly proves: Pick<Fields, 'primary' | 'readySince'>;
  /** What status records of the roles that the question is about. */
  readonly provesRoles?: readonly RoleProof[];
  readonly question: Question;
}

/** A login to the database of a restore drill, after the writes. */
export interface Check {
  /** Secret. */
  readonly url: string;
  readonly place: LoginPlace;
  readonly assertions: readonly Assertion[];
}

export interface Decision {
  /** In this order. A refusal stops the later ones of the same concern, or all of them if the concern is essential. */
  readonly actions: readonly Action[];
  /** Attempted once the actions have succeeded. */
  readonly login?: Login | undefined;
  /** Attempted after the login. */
  readonly check?: Check | undefined;
  /** The verdict for `Ready` if nothing essential is refused. */
  readonly ready: Verdict;
  /** `Ready` is not True unless `Connectable` is. */
  readonly requiresLogin?: boolean;
  /** Children whose owner reference the writes change: protection depends on them. */
  readonly changesOwner?: readonly Role[];
  readonly conditions: Conditions;
  readonly status?: Fields;
  /** When the database first became ready, if status or the Cluster records it. */
  readonly readyAt?: string | undefined;
  /** The spec is not applied now: the status describes the previously observed generation. */
  readonly frozen?: boolean;
  /** The last action removes the finalizer, or the addon no longer exists: no status is written. */
  readonly ends?: true;
  /** More is to be done at once when every action has succeeded. */
  readonly continues?: true;
  /** Milliseconds until something has to be looked at, although nothing failed. */
  readonly wakeAfter?: number | undefined;
  /** A read failed, which nothing else waits for: it is repeated after so many milliseconds, and then ever more rarely. */
  readonly waitAtLeast?: number | undefined;
  /** A state was found whose end no watch reports: it is checked again after so many milliseconds, and then ever more rarely. */
  readonly recheckAfter?: number | undefined;
  /** The installation that decided, which status names from now on. */
  readonly operator?: string;
  /** What is done and reported if the ObjectStore cannot be written: a database does not wait for its backups. */
  readonly withoutStore?: Decision;
  /** Another installation operates the addon: no status is written. */
  readonly heldBy?: string;
  /** Status is the last one, and names this installation: nothing was judged or written yet. */
  readonly onlyHolds?: true;
}

/** A write that the API server refused, with its message. */
export interface Refusal extends Verdict {
  readonly verb: Action['verb'];
  readonly child: Action['child'];
  readonly concern: Concern;
}

/** The result of carrying out a decision. */
export interface ActionResult {
  readonly refusals?: readonly Refusal[];
  /** The concerns of writes that were not attempted because of a refusal. */
  readonly untried?: readonly Concern[];
  /** By child, or for the finalizers of the addon: the API server stored something else than was written. */
  readonly altered?: Readonly<Partial<Record<Role | 'addon', Verdict>>>;
  /** The API server failed to store the ObjectStore. */
  readonly withoutStore?: true;
  /** uids of the children that were created. */
  readonly created?: Readonly<Partial<Record<Role, string>>>;
  /** The result of the login, if one was attempted. */
  readonly login?: Verdict | undefined;
  /** The version that the server reported at a login that succeeded. */
  readonly serverVersion?: string | undefined;
  /** What the server answered at a login that succeeded. */
  readonly answer?: Answer | undefined;
  /** The result of the check, if one was attempted. */
  readonly check?: LoginResult | undefined;
}

/** The refusal that decides Ready; undefined if nothing essential was refused. */
export function essentialRefusal({ refusals = [] }: ActionResult): Refusal | undefined {
  return refusals.find(({ concern }) => concerns[concern].essential);
}

/**
 * Whether an action is attempted after the refusals of earlier ones. The finalizer is removed only after every child was handed over, so
 * whatever was not written, or not stored as it was, stops that.
 */
export function isToBeTried(
  { child, concern }: Action,
  { refusals = [], untried = [], altered }: ActionResult,
): boolean {
  if (child === 'addon') return refusals.length === 0 && untried.length === 0 && altered === undefined;
  const isIndependent = 'independent' in concerns[concern];
  const stops = (refusal: Refusal): boolean => refusal.concern === concern && !isIndependent;
  return refusals.every((refusal) => !concerns[refusal.concern].essential && !stops(refusal));
}

/**
 * The decision to go on with: another one once the write of the ObjectStore was refused or failed. The actions up to that write are the same in both.
 */
export function inForce<T extends Pick<Decision, 'withoutStore'>>(
  decision: T,
  { refusals = [], withoutStore: isFailed }: ActionResult,
): T | Decision {
  const { withoutStore } = decision;
  const isMissing = isFailed === true || refusals.some(({ child }) => child === 'objectStore');
  return withoutStore !== undefined && isMissing ? withoutStore : decision;
}

/** Whether an action of a decision that was carried out was attempted and not refused. */
export function hasSucceeded({ child, concern }: Action, { refusals = [], untried = [] }: ActionResult): boolean {
  return refusals.every((refusal) => refusal.child !== child) && !untried.includes(concern);
}

/** The result with one more action that was not attempted. */
export function withUntried(result: ActionResult, { concern }: Action): ActionResult {
  return { ...result, untried: [...(result.untried ?? []), concern] };
}

/** The result with one more refusal. */
export function withRefusal(result: ActionResult, { verb, child, concern }: Action, verdict: Verdict): ActionResult {
  return { ...result, refusals: [...(result.refusals ?? []), { ...verdict, verb, child, concern }] };
}

/** The result after a write that succeeded. @param written the object as the API server returned it; undefined if it was deleted */
export function withWritten(result: ActionResult, action: Action, written: KubeObject | undefined): ActionResult {
  if (action.verb === 'delete' || written === undefined) return result;
  if (action.child === 'addon') {
    const addon = finalizersAltered(action.manifest, written);
    return addon === undefined ? result : { ...result, altered: { ...result.altered, addon } };
  }
  const { child, manifest } = action;
  if (!isRole(child)) return result;
  // As it is cached, so that the next decision finds the same differences.
  const stored = resources[children[child].resource].project(written);
  const altered = alteredIn(child) === undefined ? undefined : alterationOf(manifest, stored);
  return {
    ...result,
    ...(altered && { altered: { ...result.altered, [child]: altered } }),
    ...(action.verb === 'create' && { created: { ...result.created, [child]: written.metadata.uid } }),
  };
}
