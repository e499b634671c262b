// What a decision is made of: writes, at most one login, and what status says once it is known what came of them.
import { type AddonStatus, addonApiVersion, addonGvr, type PostgresAddon } from '../api/addon.ts';
import { type Concern, type ConditionType, concerns } from '../api/conditions.ts';
import type { KubeObject, Manifest, PinnedManifest } from '../api/kubernetes.ts';
import { children, type RemovableRole, type Role } from './children.ts';
import type { Verdict } from './verdict.ts';

/** A write: a closed list. There is no verb that deletes a Cluster or a Secret. */
export type Action = {
  /** The part of the addon that the write is for: its refusal stops what else is written for that. */
  readonly concern: Concern;
} & (
  | /** Conflicts with any object of that name, whoever owns it: the write that cannot adopt. */
  { readonly verb: 'create'; readonly child: Role; readonly manifest: Manifest }
  /** Server-side apply of our fields onto the object that was observed; of the addon itself only the finalizers. */
  | { readonly verb: 'apply'; readonly child: Role | 'addon'; readonly manifest: PinnedManifest }
  /** Removes what nobody wants any more, only in the very state that was observed. */
  | {
      readonly verb: 'delete';
      readonly child: RemovableRole;
      readonly name: string;
      readonly uid: string;
      readonly resourceVersion: string;
    }
);

/** The write that makes a child. */
export function create(child: Role, manifest: Manifest): Action {
  return { verb: 'create', child, concern: children[child].concern, manifest };
}

/** The write of our fields onto a child in the state that was observed. */
export function applyTo(child: Role, manifest: Manifest, live: KubeObject): Action {
  return { verb: 'apply', child, concern: children[child].concern, manifest: pinned(manifest, live) };
}

/** The write that takes a child away in the state that was observed. */
export function remove(child: RemovableRole, { metadata: { name, uid, resourceVersion } }: KubeObject): Action {
  return { verb: 'delete', child, concern: children[child].concern, name, uid, resourceVersion };
}

/** The write of the addon's finalizers. @param finalizers all that it is to have */
export function setFinalizers(addon: PostgresAddon, finalizers: readonly string[]): Action {
  const { name, namespace } = addon.metadata;
  const manifest = { apiVersion: addonApiVersion, kind: addonGvr.kind, metadata: { name, namespace, finalizers } };
  return { verb: 'apply', child: 'addon', concern: 'ownership', manifest: pinned(manifest, addon) };
}

/**
 * `manifest` pinned to the object in the state that was observed. The uid alone is not enough: a database outlives its addon, and
 * what was decided for the one before must not reach it once the next has adopted it.
 */
function pinned(manifest: Manifest, { metadata: { uid, resourceVersion } }: KubeObject): PinnedManifest {
  return { ...manifest, metadata: { ...manifest.metadata, uid, resourceVersion } };
}

/** Which login it is: what the messages name. */
export interface LoginPlace {
  /** Name of the Secret in which CNPG keeps the credentials. */
  readonly sourceSecret: string;
  /** The host of DATABASE_URL. */
  readonly host: string;
  readonly database: string;
  readonly role: string;
}

/** What is said of each condition. Absent: not judged, so the last word stands. undefined: judged, and it does not apply. */
export type Conditions = { readonly [T in ConditionType]?: Verdict | undefined };

type Told = 'observedGeneration' | 'phase' | 'ready_at' | 'locality' | 'conditions';
/** The fields of status that the chapters speak of. Absent: the last value stands. undefined: it goes. */
export type Fields = { readonly [K in Exclude<keyof AddonStatus, Told>]?: AddonStatus[K] | undefined };

/** A login after the writes. */
export interface Login {
  /** Secret. */
  readonly url: string;
  readonly place: LoginPlace;
  /** What status records once it succeeded: what the login proves holds until one of these changes. */
  readonly proves: Pick<Fields, 'primary' | 'readySince'>;
}

export interface Decision {
  /** In this order; a refusal stops those that come after it for the same concern, or all when that is essential. */
  readonly actions: readonly Action[];
  /** Tried once the actions have succeeded. */
  readonly login?: Login | undefined;
  /** What Ready says when nothing essential is refused. */
  readonly ready: Verdict;
  /** `Ready` is not True before `Connectable` is. */
  readonly requiresLogin?: boolean;
  readonly conditions: Conditions;
  readonly status?: Fields;
  /** When the database was ready first, when status or the Cluster knows it. */
  readonly readyAt?: string | undefined;
  /** The spec is not carried out now: what status says of the database stands for the generation before. */
  readonly frozen?: boolean;
  /** The last action lets the addon go, or it is gone: there is no status left to write. */
  readonly ends?: true;
  /** When to reconcile again although nothing happened, in milliseconds; undefined waits for the next event. */
  readonly wakeAfter: number | undefined;
}

/** A write that the server did not accept, with its words. */
export interface Refusal extends Verdict {
  readonly verb: Action['verb'];
  readonly child: Action['child'];
  readonly concern: Concern;
}

/** What came of a decision. */
export interface ActionResult {
  readonly refusals?: readonly Refusal[];
  /** What has writes that were not tried, because of a refusal of something essential. */
  readonly untried?: readonly Concern[];
  /** uids of the children that were created. */
  readonly created?: Readonly<Partial<Record<Role, string>>>;
  /** What came of the login, when one was made. */
  readonly login?: Verdict;
}

/** The refusal that decides Ready; undefined when nothing essential was refused. */
export function essentialRefusal({ refusals = [] }: ActionResult): Refusal | undefined {
  return refusals.find(({ concern }) => concerns[concern].essential);
}

/** Whether an action is still to be tried after the refusals of those before it. */
export function isToBeTried({ concern }: Action, { refusals = [] }: ActionResult): boolean {
  return refusals.every((refusal) => !concerns[refusal.concern].essential && refusal.concern !== concern);
}

/** The result with one more action that is not tried. */
export function withUntried(result: ActionResult, { concern }: Action): ActionResult {
  return { ...result, untried: [...(result.untried ?? []), concern] };
}

/** The result with one more refusal. */
export function withRefusal(result: ActionResult, { verb, child, concern }: Action, verdict: Verdict): ActionResult {
  return { ...result, refusals: [...(result.refusals ?? []), { ...verdict, verb, child, concern }] };
}

/** The result after a write that succeeded. @param written the object as the server has it now; undefined when it was deleted */
export function withWritten(result: ActionResult, action: Action, written: KubeObject | undefined): ActionResult {
  if (action.verb !== 'create' || written === undefined) return result;
  return { ...result, created: { ...result.created, [action.child]: written.metadata.uid } };
}
