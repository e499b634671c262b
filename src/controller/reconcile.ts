// Reconciles one addon: observe, decide, act, report.
import type { PostgresAddon } from '../api/addon.ts';
import { isWatched } from '../domain/children.ts';
import { judgeLogin } from '../domain/credentials/login.ts';
import { decide } from '../domain/decide.ts';
import {
  type Action,
  type ActionResult,
  type Decision,
  essentialRefusal,
  hasSucceeded,
  type Login,
} from '../domain/decision.ts';
import { statusOf } from '../domain/status.ts';
import { recheckAfter, soonest } from '../domain/verdict.ts';
import { ApiError } from '../kube/errors.ts';
import type { Next, OffWorker } from '../runtime/queue.ts';
import { type Acted, act } from './act.ts';
import type { Dependencies } from './dependencies.ts';
import { type Key, splitKey } from './key.ts';
import { observe } from './observe.ts';
import { writeStatus } from './write-status.ts';

/** Requeue after a login that was not attempted because the pool was busy. */
const busyMilliseconds = 10_000;

/**
 * Brings one addon a step closer to its spec.
 * @param offWorker runs slow work without occupying a worker
 * @throws ApiError if a read or the status write failed: the queue retries
 */
export async function reconcile(key: Key, deps: Dependencies, offWorker: OffWorker): Promise<Next> {
  const observed = await observe(key, deps);
  if (observed === undefined) {
    deps.resync.forget(key);
    deps.heldAddons.forget(key);
    return { kind: 'done' };
  }
  const decision = decide(observed, deps.clock.now());
  if (decision.heldBy === undefined) deps.heldAddons.forget(key);
  else if (!observed.gone) deps.heldAddons.report(observed.addon, decision.heldBy, decision.ready);
  const acted = await act(decision.actions, splitKey(key)[0], deps);
  if (acted.interrupted !== undefined) return requeue(key, acted.interrupted, deps);
  const isRefused = essentialRefusal(acted.result) !== undefined;

  // A Secret that was just written does not have to be read.
  if (decision.actions.some((action) => isOfUnwatched(action) && hasSucceeded(action, acted.result)))
    deps.resync.done(key);

  const login = isRefused ? undefined : decision.login;
  const result = { ...acted.result, ...(login && (await offWorker(() => logIn(login, deps)))) };
  const status = statusOf(observed.addon, decision, result, deps.clock.now());
  if (decision.ends && (observed.gone || !isRefused)) {
    // A deleted addon is processed once: a refused mark must not block the next addon with the same name.
    deps.deletedAddons.forget(observed.addon);
    deps.announce(observed.addon, observed.addon.status, status);
    return nextTime(key, decision, result, deps);
  }
  try {
    const written = await writeStatus(asWritten(observed.addon, acted), status, deps);
    return written ? nextTime(key, decision, result, deps) : { kind: 'retry' };
  } catch (error) {
    if (!(error instanceof ApiError) || (error.code !== 409 && error.code !== 404)) throw error;
    return requeue(key, { error, stale: 'addon' }, deps);
  }
}

/** The addon with the resourceVersion of our own write of its finalizers. */
function asWritten(addon: PostgresAddon, { resourceVersion }: Acted): PostgresAddon {
  return resourceVersion === undefined ? addon : { ...addon, metadata: { ...addon.metadata, resourceVersion } };
}

/** Logs in as the application does. Returns nothing if the pool was too busy to try. */
async function logIn({ url, place }: Login, deps: Dependencies): Promise<Pick<ActionResult, 'login'>> {
  const verdict = judgeLogin(await deps.login(url), place);
  return verdict === undefined ? {} : { login: verdict };
}

function nextTime(
  key: Key,
  decision: Decision,
  { refusals = [], login, altered }: ActionResult,
  deps: Dependencies,
): Next {
  const isPublished = decision.status?.credentials?.secretUID !== undefined;
  const after = soonest(
    decision.wakeAfter,
    ...refusals.map(recheckAfter),
    recheckAfter(login),
    // No event follows if what was stored is what was there before.
    altered === undefined ? undefined : 0,
    decision.login !== undefined && login === undefined ? busyMilliseconds : undefined,
    isPublished ? deps.resync.remaining(key) : undefined,
  );
  return after === undefined ? { kind: 'done' } : { kind: 'again', afterMilliseconds: after };
}

/** Whether it writes an object that is not watched. */
function isOfUnwatched({ child }: Action): boolean {
  return child !== 'addon' && !isWatched(child);
}

/** The observation is out of date, or the API server did not respond: nothing is known about the addon, so no status is written. */
function requeue(key: Key, { error, stale }: NonNullable<Acted['interrupted']>, deps: Dependencies): Next {
  if (stale !== undefined && stale !== 'addon' && !isWatched(stale)) deps.resync.markDue(key);
  const fields = { addon: key, code: error?.code, reason: error?.reason, error: error?.message };
  if (error !== undefined)
    deps.log.info(
      stale === undefined ? 'a write failed; requeueing' : 'object changed since it was read; requeueing',
      fields,
    );
  const atLeast = error?.retryAfterSeconds;
  return atLeast === undefined ? { kind: 'retry' } : { kind: 'retry', atLeastMilliseconds: atLeast * 1000 };
}
