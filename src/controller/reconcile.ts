// The whole will of the operator on one page: look, decide, act, tell.

import type { PostgresAddon } from '../api/addon.ts';
import { judgeLogin } from '../domain/credentials/login.ts';
import { type Decision, decide, recheckAfter, soonest } from '../domain/decide.ts';
import type { Outcome } from '../domain/report.ts';
import { tell } from '../domain/status.ts';
import { ApiError } from '../kube/errors.ts';
import type { Aside, Next } from '../runtime/queue.ts';
import { type Acted, act } from './act.ts';
import { type Key, splitKey } from './key.ts';
import { observe } from './observe.ts';
import type { World } from './world.ts';
import { writeStatus } from './write-status.ts';

/** After a login for which the pool had no time. */
const busyMilliseconds = 10_000;

/**
 * Brings one addon a step closer to what it asks for.
 * @param aside waits without keeping a worker
 * @throws ApiError when a read or the status write failed: the queue tries again later
 */
export async function reconcile(key: Key, world: World, aside: Aside): Promise<Next> {
  const observed = await observe(key, world);
  if (observed === undefined) {
    world.checkups.forget(key);
    return { kind: 'done' };
  }
  const decision = decide(observed, world.clock.now());
  const acted = await act(decision.actions, splitKey(key)[0], world);
  if (acted.interrupted !== undefined) return lookAgain(key, acted.interrupted, world);

  // A Secret that was just written needs no look.
  if (decision.actions.some(({ child }) => child === 'Secret') && acted.outcome.refusal === undefined)
    world.checkups.done(key);

  const login = acted.outcome.refusal === undefined ? decision.login : undefined;
  const outcome = { ...acted.outcome, ...(login && (await aside(() => prove(login, world)))) };
  const status = tell(observed.addon, decision.report, outcome, world.clock.now());
  if (decision.ends && (observed.gone || outcome.refusal === undefined)) {
    // What is gone has one chance: a refused mark must not keep the next addon of its name waiting.
    world.departed.forget(observed.addon);
    world.announce(observed.addon, observed.addon.status, status);
    return nextTime(key, decision, outcome, world);
  }
  try {
    const written = await writeStatus(asWritten(observed.addon, acted), status, world);
    return written ? nextTime(key, decision, outcome, world) : { kind: 'retry' };
  } catch (error) {
    if (!(error instanceof ApiError) || (error.code !== 409 && error.code !== 404)) throw error;
    return lookAgain(key, { error, stale: 'PostgresAddon' }, world);
  }
}

/** The addon as our own write of its finalizers left it. */
function asWritten(addon: PostgresAddon, { resourceVersion }: Acted): PostgresAddon {
  return resourceVersion === undefined ? addon : { ...addon, metadata: { ...addon.metadata, resourceVersion } };
}

/** Logs in as the application does; nothing, when the pool had no time for it. */
async function prove(login: NonNullable<Decision['login']>, world: World): Promise<Pick<Outcome, 'login'>> {
  const verdict = judgeLogin(await world.login(login.url), login.place);
  return verdict === undefined ? {} : { login: verdict };
}

function nextTime(key: Key, decision: Decision, outcome: Outcome, world: World): Next {
  const published = decision.report.credentials?.credentials.secretUID !== undefined;
  const after = soonest(
    decision.wakeAfter,
    outcome.refusal && recheckAfter(outcome.refusal),
    outcome.login && recheckAfter(outcome.login),
    decision.login && outcome.login === undefined ? busyMilliseconds : undefined,
    published ? world.checkups.left(key) : undefined,
  );
  return after === undefined ? { kind: 'done' } : { kind: 'again', afterMilliseconds: after };
}

/** What was observed is out of date, or the server did not answer: nothing can be said about the addon, so nothing is. */
function lookAgain(key: Key, { error, stale }: NonNullable<Acted['interrupted']>, world: World): Next {
  if (stale === 'Secret') world.checkups.doubt(key);
  const fields = { addon: key, code: error?.code, reason: error?.reason, error: error?.message };
  if (error !== undefined)
    world.log.info(
      stale === undefined ? 'a write failed; trying again' : 'the world had changed; looking again',
      fields,
    );
  const atLeast = error?.retryAfterSeconds;
  return atLeast === undefined ? { kind: 'retry' } : { kind: 'retry', atLeastMilliseconds: atLeast * 1000 };
}
