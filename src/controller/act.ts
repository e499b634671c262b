// Carries out the writes of a decision, in order. It stops at the first error, continues after a refusal that affects only one concern,
// and never attempts a write twice.
import { fieldManager, secretFieldManager } from '../api/addon.ts';
import { concerns } from '../api/conditions.ts';
import type { KubeObject } from '../api/kubernetes.ts';
import type { ReconciledResource } from '../api/resources.ts';
import {
  type Action,
  type ActionResult,
  type Decision,
  inForce,
  isToBeTried,
  resourceOf,
  withRefusal,
  withUntried,
  withWritten,
} from '../domain/decision.ts';
import { ApiError } from '../kube/errors.ts';
import type { ResourceClient } from '../kube/resources.ts';
import { classify } from './api-errors.ts';
import { applyAndRemove, NotRemoved } from './apply-and-remove.ts';
import type { Cache } from './cache.ts';
import type { Dependencies } from './dependencies.ts';

export interface Acted {
  readonly result: ActionResult;
  /** The addon's resourceVersion after a write of its finalizers. */
  readonly resourceVersion?: string;
  /** A write that is not essential failed for a reason unrelated to the addon: requeue after the status write. */
  readonly postponed?: { readonly error: ApiError; readonly stale: undefined; readonly child: Action['child'] };
  /** A write failed for a reason unrelated to the addon: requeue without a status write. */
  readonly interrupted?: { readonly error: ApiError | undefined; readonly stale: Action['child'] | undefined };
}

/** @param namespace the addon's; all writes are in it */
export async function act(
  decision: Pick<Decision, 'actions' | 'withoutStore'>,
  namespace: string,
  deps: Dependencies,
): Promise<Acted> {
  let result: ActionResult = {};
  let addon: Pick<Acted, 'resourceVersion'> = {};
  let postponed: Pick<Acted, 'postponed'> = {};
  for (let next = 0; ; next += 1) {
    const action = inForce(decision, result).actions[next];
    if (action === undefined) return { result, ...addon, ...postponed };
    if (!isToBeTried(action, result)) {
      result = withUntried(result, action);
      continue;
    }
    if (!deps.mayWrite()) return { result, interrupted: { error: undefined, stale: undefined } };
    try {
      const written = await write(action, namespace, deps);
      result = withWritten(result, action, written);
      if (action.child === 'addon' && written !== undefined)
        addon = { resourceVersion: written.metadata.resourceVersion };
    } catch (error) {
      if (error instanceof NotRemoved) {
        result = withRefusal(result, action, error.verdict);
        continue;
      }
      if (!(error instanceof ApiError)) throw error;
      const meaning = classify(error, action);
      switch (meaning.kind) {
        case 'done':
          // What is gone already must not be decided about again, at once and for ever, while the watch is late.
          if (action.verb === 'delete') placeOf(action.child, deps).cache?.forget(namespace, action.name, action.uid);
          continue;
        case 'refused':
          result = withRefusal(result, action, meaning.verdict);
          continue;
        case 'stale':
          return { result, interrupted: { error, stale: action.child } };
        case 'unavailable':
          if (error.code < 500 || concerns[action.concern].essential)
            return { result, interrupted: { error, stale: undefined } };
          // The database and its Secret do not wait for a backup that the API server does not store.
          result = { ...withUntried(result, action), ...(action.child === 'objectStore' && { withoutStore: true }) };
          postponed = { postponed: { error, stale: undefined, child: action.child } };
      }
    }
  }
}

async function write(action: Action, namespace: string, deps: Dependencies): Promise<KubeObject | undefined> {
  const { client, cache } = placeOf(action.child, deps);
  const manager = resourceOf(action.child) === 'secrets' ? secretFieldManager : fieldManager;
  switch (action.verb) {
    case 'create': {
      const written = await client.create(action.manifest, manager);
      cache?.record(written);
      return written;
    }
    case 'apply': {
      const written = await (action.child === 'addon'
        ? // An apply would leave the finalizer of an addon whose own manifest contains it.
          client.merge(action.manifest, manager)
        : applyAndRemove(action, manager, (verb, manifest) => {
            if (!deps.mayWrite()) throw leaseLost;
            return client[verb](manifest, manager);
          }));
      cache?.record(written);
      return written;
    }
    case 'delete':
      await client.delete(namespace, action.name, { uid: action.uid, resourceVersion: action.resourceVersion });
      cache?.forget(namespace, action.name, action.uid);
      return undefined;
  }
}

/** Between two requests of one write. */
const leaseLost = new ApiError({ code: 0, reason: 'Aborted', message: 'this process may no longer write' });

interface Place {
  readonly client: ResourceClient;
  /** undefined for resources that are not watched: the content of Secrets is not kept in memory. */
  readonly cache: Cache<KubeObject> | undefined;
}

function placeOf(child: Action['child'], { api, caches }: Dependencies): Place {
  const resource = resourceOf(child);
  const cached: Readonly<Partial<Record<ReconciledResource, Cache<KubeObject>>>> = caches;
  return { client: api[resource], cache: cached[resource] };
}
