// Reconciles one addon: observe, decide, act, report.
import type { AddonStatus, PostgresAddon } from '../api/addon.ts';
import type { LoginResult } from '../api/login.ts';
import { askedWait } from '../domain/asked-wait.ts';
import { isWatched } from '../domain/children.ts';
import { judgeLogin } from '../domain/credentials/login.ts';
import { decide } from '../domain/decide.ts';
import {
  type Action,
  type ActionResult,
  type Check,
  essentialRefusal,
  hasSucceeded,
  inForce,
  isRole,
  type Login,
} from '../domain/decision.ts';
import type { Observed } from '../domain/observed.ts';
import { checkUpInterval, noSooner, paceOf } from '../domain/pace.ts';
import { statusOf } from '../domain/status.ts';
import { ApiError } from '../kube/errors.ts';
import type { Next, OffWorker } from '../runtime/queue.ts';
import { type Acted, act } from './act.ts';
import type { Dependencies } from './dependencies.ts';
import { type Key, splitKey } from './key.ts';
import { observe } from './observe.ts';
import { writeStatus } from './write-status.ts';

/**
 * Brings one addon a step closer to its spec.
 * @param offWorker runs slow work without occupying a worker
 * @returns when to reconcile it again, also after a request that failed
 */
export async function reconcile(key: Key, deps: Dependencies, offWorker: OffWorker): Promise<Next> {
  // Its addons are enqueued when their namespace is seen.
  if (!deps.sees(splitKey(key)[0])) return { kind: 'done' };
  try {
    return await orRequeue(key, deps, () => attempt(key, deps, offWorker));
  } finally {
    deps.drills.settle(key);
  }
}

/** What `step` returns; a request that fails in it is repeated later. */
async function orRequeue(key: Key, deps: Dependencies, step: () => Promise<Next>): Promise<Next> {
  try {
    return await step();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return requeue(key, { error, stale: undefined }, deps);
  }
}

/** @throws ApiError if a read failed that an action depends on */
async function attempt(key: Key, deps: Dependencies, offWorker: OffWorker): Promise<Next> {
  const observed = await observe(key, deps);
  if (observed === undefined) {
    deps.resync.forget(key);
    deps.heldAddons.forget(key);
    deps.repairs.forget(key);
    return { kind: 'done' };
  }
  const next = await orRequeue(key, deps, () => carryOut(observed, key, deps, offWorker));
  return noSooner(next, askedWait(observed));
}

/** @throws ApiError if the status write failed */
async function carryOut(observed: Observed, key: Key, deps: Dependencies, offWorker: OffWorker): Promise<Next> {
  const intended = decide(observed, deps.clock.now());
  if (intended.heldBy === undefined) deps.heldAddons.forget(key);
  else if (!observed.gone) deps.heldAddons.report(observed.addon, intended.heldBy, intended.ready);
  const acted = await act(intended, splitKey(key)[0], deps);
  if (acted.interrupted !== undefined) return requeue(key, acted.interrupted, deps);
  const decision = inForce(intended, acted.result);
  for (const action of decision.actions)
    if (action.verb === 'apply' && action.child !== 'addon' && hasSucceeded(action, acted.result))
      deps.repairs.wrote(key, action.child, observed.addon.metadata.generation);
  const isRefused = essentialRefusal(acted.result) !== undefined;

  // A Secret that was just written does not have to be read. One that was not sent or stored is missed by nothing else.
  const isMissed = Object.values(observed.children).some(({ kind }) => kind === 'unavailable');
  if (isMissed || (acted.postponed !== undefined && isOfUnwatched(acted.postponed))) deps.resync.markDue(key);
  else if (decision.actions.some((action) => isOfUnwatched(action) && hasSucceeded(action, acted.result)))
    deps.resync.done(key, checkUpInterval(observed.addon));

  const login = isRefused ? undefined : decision.login;
  const check = isRefused ? undefined : decision.check;
  const told = login && (await offWorker(() => logIn(login, deps)));
  const checked = check && (await offWorker(() => checkDrill(check, deps)));
  const result = { ...acted.result, ...told, ...(checked && { check: checked }) };
  const status = statusOf(observed.addon, decision, result, deps.clock.now());
  const next = (stored: AddonStatus): Next => {
    const addon = { ...observed.addon, status: stored };
    const untilCheckUp = (): number => deps.resync.remaining(key, checkUpInterval(addon));
    return paceOf({ kind: 'reported', addon, decision, result, untilCheckUp, now: deps.clock.now() });
  };
  if (decision.ends && (observed.gone || (!isRefused && acted.result.altered?.addon === undefined))) {
    // A deleted addon is processed once: a refused mark must not block the next addon with the same name.
    deps.deletedAddons.forget(observed.addon);
    deps.announce(observed.addon, observed.addon.status, status);
    return observed.gone ? attempt(key, deps, offWorker) : next(status);
  }
  try {
    const written = await writeStatus(asWritten(observed.addon, acted), status, deps);
    if (written === undefined) return paceOf({ kind: 'interrupted' });
    return acted.postponed === undefined ? next(written) : requeue(key, acted.postponed, deps);
  } catch (error) {
    if (!(error instanceof ApiError) || (error.code !== 409 && error.code !== 404)) throw error;
    return requeue(key, { error, stale: 'addon' }, deps);
  }
}

/** The addon with the resourceVersion of our own write of its finalizers. */
function asWritten(addon: PostgresAddon, { resourceVersion }: Acted): PostgresAddon {
  return resourceVersion === undefined ? addon : { ...addon, metadata: { ...addon.metadata, resourceVersion } };
}

/** Logs in as the application does. Without a result if the pool was too busy to try. */
async function logIn(
  { url, place, question }: Login,
  deps: Dependencies,
): Promise<Pick<ActionResult, 'login' | 'serverVersion' | 'answer'>> {
  const result = await deps.login(url, question);
  const login = judgeLogin(result, place);
  if (result.kind !== 'ok') return { login };
  const { kind: _, version: serverVersion, ...answer } = result;
  return { login, serverVersion, answer };
}

/** Logs in to the database of a restore drill, and checks it. */
function checkDrill({ url, assertions }: Check, deps: Dependencies): Promise<LoginResult> {
  return deps.login(url, { assertions });
}

/** Whether it writes an object that is not watched. */
function isOfUnwatched({ child }: Pick<Action, 'child'>): boolean {
  return isRole(child) && !isWatched(child);
}

/** The observation is out of date, or the API server did not respond: nothing is known about the addon, so no status is written. */
function requeue(key: Key, { error, stale }: NonNullable<Acted['interrupted']>, deps: Dependencies): Next {
  if (stale !== undefined && isRole(stale) && !isWatched(stale)) deps.resync.markDue(key);
  const fields = { addon: key, code: error?.code, reason: error?.reason, error: error?.message };
  if (stale !== undefined) deps.log.info('object changed since it was read; requeueing', fields);
  else if (error !== undefined) deps.log.warn('a request failed; requeueing', fields);
  return paceOf({ kind: 'interrupted', retryAfterSeconds: error?.retryAfterSeconds });
}
