// Applies a manifest, and makes sure that what it takes away is gone. An apply leaves a field that another manager owns too; the field is
// then removed explicitly. Success is never reported while it is still there: a protected database would be deleted with its addon.
import type { KubeObject, PinnedManifest } from '../api/kubernetes.ts';
import { type FieldPath, managersOf } from '../api/managed-fields.ts';
import type { Action } from '../domain/decision.ts';
import { removalFrom, unwanted } from '../domain/removal.ts';
import type { Verdict } from '../domain/verdict.ts';
import { ApiError } from '../kube/errors.ts';
import { classify } from './api-errors.ts';

type Apply = Extract<Action, { readonly verb: 'apply' }>;

/** Sends one request; throws ApiError. */
export type Send = (verb: 'apply' | 'merge', manifest: PinnedManifest) => Promise<KubeObject>;

/** Fields that have to go are still there. */
export class NotRemoved extends Error {
  readonly verdict: Verdict;

  /** @param manager the operator's own */
  constructor(object: KubeObject, left: readonly FieldPath[], manager: string, why: string) {
    const owners = [...new Set(left.flatMap((path) => managersOf(object, path)))].filter((name) => name !== manager);
    const owned = owners.length === 0 ? '' : ` (also set by ${owners.slice(0, 3).map((name) => `"${name}"`)})`;
    const what = left.map((path) => path.join('.')).join(', ');
    const message = `${object.kind} ${object.metadata.name}: ${what}${owned} has to be removed and is still there: ${why}`;
    super(message);
    this.verdict = { reason: 'FieldNotRemoved', message };
  }
}

/**
 * One request, unless the apply leaves something or is refused: the server may reject what is left together with what is applied.
 * @param manager the field manager of the requests
 * @returns the object as the API server returned it last
 * @throws NotRemoved; the ApiError of a request that failed otherwise
 */
export async function applyAndRemove(action: Apply, manager: string, send: Send): Promise<KubeObject> {
  const { manifest, removal } = action;
  if (removal === undefined) return send('apply', manifest);
  const applied = await orRefusal(() => send('apply', manifest), action);
  if (isRefused(applied)) {
    const merged = await orRefusal(() => send('merge', removal), action);
    if (isRefused(merged)) throw applied.error;
    return expectGone(manifest, await send('apply', pinnedTo(manifest, merged)), manager);
  }
  const left = unwanted(manifest, applied);
  if (left.length === 0) return applied;
  const merged = await orRefusal(() => send('merge', removalFrom(manifest, applied)), action);
  if (isRefused(merged)) throw new NotRemoved(applied, left, manager, merged.verdict.message);
  return expectGone(manifest, merged, manager);
}

function expectGone(manifest: PinnedManifest, object: KubeObject, manager: string): KubeObject {
  const left = unwanted(manifest, object);
  if (left.length === 0) return object;
  throw new NotRemoved(object, left, manager, 'something sets it again at once');
}

interface Refused {
  readonly error: ApiError;
  readonly verdict: Verdict;
}

function isRefused(result: KubeObject | Refused): result is Refused {
  return 'verdict' in result;
}

/** The result of a request, or its refusal by the API server. Other errors are thrown on. */
async function orRefusal(request: () => Promise<KubeObject>, action: Apply): Promise<KubeObject | Refused> {
  try {
    return await request();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const meaning = classify(error, action);
    if (meaning.kind !== 'refused') throw error;
    return { error, verdict: meaning.verdict };
  }
}

function pinnedTo(manifest: PinnedManifest, { metadata: { uid, resourceVersion } }: KubeObject): PinnedManifest {
  return { ...manifest, metadata: { ...manifest.metadata, uid, resourceVersion } };
}
