// The operator of the model, composed as controller/reconcile.ts composes it, but in steps: look, each write, the login, the status.
// Between two steps anything may happen, and at each the process may die or lose the answer.

import { judgeLogin } from '../domain/credentials/login.ts';
import type { Decision } from '../domain/decide.ts';
import type { Action } from '../domain/decision.ts';
import type { Outcome } from '../domain/report.ts';
import { readySince, stands, statusOf } from './cnpg.ts';
import { sameFields } from './fields.ts';
import { type Fields, passwordIn, type Slot, type Stored, slotOf } from './objects.ts';
import { type Acting, looks, type View } from './observe.ts';
import { type Answer, apply, applyStatus, create, remove, setFinalizers } from './server.ts';
import { catchUp, live, nowOf, restarted, type World } from './state.ts';
import type { Attempt, Step } from './step.ts';
import type { Mind } from './subject.ts';

/** Everything that the operator, or its death, may do next. */
export function operatorSteps(world: World, mind: Mind): readonly Step[] {
  return world.process.kind === 'idle' ? looks(world, world.process.doubt, mind) : acts(world, world.process, mind);
}

/** The next action, carried out, carried out without an answer, or never begun. */
function acts(world: World, process: Acting, mind: Mind): readonly Step[] {
  const carried = carryOn(world, process, mind);
  const [step] = carried;
  const died = process.next > 0 || process.tried ? [operator('dies before the next write', restarted(world))] : [];
  return step === undefined ? died : [...carried, ...died];
}

/** The next action or the status: answered, and once more with the answer lost. */
export function carryOn(world: World, process: Acting, mind: Mind): readonly Step[] {
  const { decision, next, outcome, tried } = process;
  const action = decision.actions[next];
  if (action !== undefined) return write(world, process, action, mind);
  if (decision.login !== undefined && outcome.refusal === undefined && !tried)
    return [logIn(world, process, decision.login)];
  // What would be told is told of an addon that is gone.
  if (decision.ends === true && (process.observed.gone || outcome.refusal === undefined))
    return [operator('is done', idle(withoutDeparted(world, process.from.addon), process.doubt))];
  return writeStatus(world, process, mind);
}

/** Logs in with a DATABASE_URL: what matters is the database as it is now. */
function logIn(world: World, process: Acting, { url, place }: NonNullable<Decision['login']>): Step {
  const cluster = live(world, 'cluster');
  const up = cluster !== undefined && stands(cluster);
  const fits = cluster?.inside?.password === passwordIn(url);
  const why = up ? 'credentials' : 'refused';
  const verdict = judgeLogin(up && fits ? { kind: 'ok' } : { kind: 'failed', why, detail: '' }, place);
  const outcome = verdict === undefined ? process.outcome : { ...process.outcome, login: verdict };
  const proof =
    up && fits
      ? { url, cluster: cluster.metadata.uid, primary: statusOf(cluster).primary, since: readySince(cluster) }
      : undefined;
  const memory = proof === undefined ? world.memory : { ...world.memory, login: proof };
  const after = { ...world, memory, process: { ...process, outcome, tried: true } };
  return operator(up && fits ? 'logs in' : `cannot log in (${why})`, after);
}

function write(world: World, process: Acting, action: Action, mind: Mind): readonly Step[] {
  const answer = send(world, action);
  const label = `${action.verb} ${action.child}`;
  if (answer.kind === 'done') {
    const { slot, object } = answer;
    const seen = slot === 'secret' || slot === 'source' ? process.seen : { ...process.seen, [slot]: object };
    const outcome =
      action.child === 'Secret' && object !== undefined
        ? { ...process.outcome, secretUID: object.metadata.uid }
        : process.outcome;
    const next: Acting = { ...process, seen: seen as View, outcome, next: process.next + 1, doubt: process.doubt };
    const attempt: Attempt = { by: process, request: action };
    const settled = action.child === 'Secret' ? { ...next, doubt: false } : next;
    const heard = { ...heardOf(answer.world, slot, object), process: settled };
    return [operator(label, heard, attempt), ...lost(world, answer.world, process, label, attempt)];
  }
  const { error } = answer;
  const attempt: Attempt = { by: process, request: action, error };
  const meaning = mind.meaningOf(error, action);
  const told = `${label}: ${error.code} ${error.message}`;
  switch (meaning.kind) {
    case 'done': {
      const seen = action.verb === 'delete' ? { ...process.seen, backup: undefined } : process.seen;
      return [operator(told, { ...world, process: { ...process, seen, next: process.next + 1 } }, attempt)];
    }
    case 'refused': {
      const refusal = { ...meaning.verdict, child: action.child } as NonNullable<Outcome['refusal']>;
      const next = process.decision.actions.length;
      const refused: Acting = { ...process, next, outcome: { ...process.outcome, refusal } };
      return [operator(told, { ...world, process: refused }, attempt)];
    }
    case 'stale':
      return [operator(told, idle(world, process.doubt || action.child === 'Secret'), attempt)];
    case 'unavailable':
      return [operator(told, idle(world, process.doubt), attempt)];
  }
}

/** The cache after the answer of a write: of an addon that the write let go it shows the last state, until the watch tells more. */
function heardOf(world: World, slot: Slot, object: Stored | undefined): World {
  const released = slot === 'addon' && object !== undefined && live(world, 'addon') === undefined;
  return released
    ? { ...world, addon: { ...world.addon, versions: [object, undefined], at: 0 } }
    : catchUp(world, slot);
}

function send(world: World, action: Action): Answer {
  switch (action.verb) {
    case 'create':
      return create(world, action.manifest);
    case 'apply':
      return action.child === 'PostgresAddon' ? setFinalizers(world, action.manifest) : apply(world, action.manifest);
    case 'delete': {
      const { uid, resourceVersion } = action;
      const slot: Slot = slotOf(action.child, action.name) ?? 'addon';
      return remove(world, slot, { uid, resourceVersion });
    }
  }
}

/** As controller/write-status.ts: nothing changed, nothing written; an addon that has changed is looked at again. */
function writeStatus(world: World, process: Acting, mind: Mind): readonly Step[] {
  const { addon } = process.observed;
  const status = mind.tell(addon, process.decision.report, process.outcome, nowOf(world));
  if (sameFields(addon.status, status)) return [operator('has nothing to tell', idle(world, process.doubt))];
  // The state in which the last own write left the addon.
  const answer = applyStatus(world, process.seen.addon.metadata, status as Fields);
  const ready = status.conditions?.find(({ type }) => type === 'Ready')?.reason;
  const label = `tells ${status.phase} (${ready})`;
  if (answer.kind === 'error') {
    const attempt: Attempt = { by: process, request: { verb: 'status', status }, error: answer.error };
    return [operator(`${label}: ${answer.error.code} ${answer.error.message}`, idle(world, process.doubt), attempt)];
  }
  const attempt: Attempt = { by: process, request: { verb: 'status', status } };
  const heard = idle(catchUp(answer.world, 'addon'), process.doubt);
  return [operator(label, heard, attempt), ...lost(world, answer.world, process, label, attempt)];
}

/** The write is done and nobody was told: the process died, or the connection did. */
function lost(before: World, after: World, process: Acting, label: string, attempt: Attempt): readonly Step[] {
  const changed = after !== before;
  return changed ? [operator(`${label}, and the answer is lost`, idle(after, process.doubt), attempt)] : [];
}

function withoutDeparted(world: World, { metadata }: Stored): World {
  const departed = (world.addon.departed ?? []).filter((addon) => addon.metadata.uid !== metadata.uid);
  return { ...world, addon: { ...world.addon, departed } };
}

function idle(world: World, doubt: boolean): World {
  return { ...world, process: { kind: 'idle', doubt } };
}

function operator(label: string, world: World, attempt?: Attempt): Step {
  return { actor: 'operator', label, world, ...(attempt && { attempt }) };
}
