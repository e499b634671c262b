// Models the operator as controller/reconcile.ts composes it, but in steps: observe, each write, the login, the status. Anything can
// happen between two steps, and in each step the process can crash or lose the response.
import { isWatched } from '../domain/children.ts';
import { judgeLogin } from '../domain/credentials/login.ts';
import {
  type Action,
  essentialRefusal,
  inForce,
  isRole,
  isToBeTried,
  type Login,
  withRefusal,
  withUntried,
  withWritten,
} from '../domain/decision.ts';
import { removalFrom, unwanted } from '../domain/removal.ts';
import { answerTo, readySince, stands, statusOf } from './cnpg.ts';
import { sameFields } from './fields.ts';
import { type Fields, passwordIn, type Slot, type Stored } from './objects.ts';
import { looks } from './observe.ts';
import { type Answer, apply, create, merge, remove, replaceStatus, setFinalizers } from './server.ts';
import { type Acting, catchUp, live, nowOf, restarted, type State, type View, withFeed } from './state.ts';
import type { Attempt, Step } from './step.ts';
import type { Subject } from './subject.ts';

/** Everything that the operator can do next, including a crash. */
export function operatorSteps(state: State, subject: Subject): readonly Step[] {
  return state.process.kind === 'idle'
    ? looks(state, state.process.resyncDue, subject)
    : acts(state, state.process, subject);
}

/** The next action: carried out, carried out without a response, or never started. */
function acts(state: State, process: Acting, subject: Subject): readonly Step[] {
  const carried = carryOn(state, process, subject);
  const [step] = carried;
  const died = process.next > 0 || process.tried ? [operator('dies before the next write', restarted(state))] : [];
  return step === undefined ? died : [...carried, ...died];
}

/** The next action or the status: with a response, and with the response lost. */
export function carryOn(state: State, process: Acting, subject: Subject): readonly Step[] {
  const { decision, next, result, tried } = process;
  const action = decision.actions[next];
  if (action !== undefined) {
    if (isToBeTried(action, result)) return write(state, process, action, subject);
    return carryOn(state, { ...process, next: next + 1, result: withUntried(result, action) }, subject);
  }
  const isRefused = essentialRefusal(result) !== undefined;
  if (decision.login !== undefined && !isRefused && !tried) return [logIn(state, process, decision.login)];
  // No status is written for an addon that no longer exists.
  if (decision.ends === true && (process.observed.gone || !isRefused))
    return [operator('is done', idle(withoutDeleted(state, process.from.addon), process.resyncDue))];
  return writeStatus(state, process, subject);
}

/** Logs in with a DATABASE_URL, to the database as it is now. */
function logIn(state: State, process: Acting, { url, place, question }: Login): Step {
  const cluster = live(state, 'cluster');
  const up = cluster !== undefined && stands(cluster);
  const fits = cluster?.inside?.password === passwordIn(url);
  const why = up ? 'credentials' : 'refused';
  const verdict = judgeLogin(up && fits ? { kind: 'ok' } : { kind: 'failed', why, detail: '' }, place);
  const answer = up && fits ? answerTo(question, state) : {};
  const result = verdict === undefined ? process.result : { ...process.result, login: verdict, answer };
  const proof =
    up && fits
      ? { url, cluster: cluster.metadata.uid, primary: statusOf(cluster).primary, since: readySince(cluster) }
      : undefined;
  const memory = proof === undefined ? state.memory : { ...state.memory, login: proof };
  const after = { ...state, memory, process: { ...process, result, tried: true } };
  return operator(up && fits ? 'logs in' : `cannot log in (${why})`, after);
}

function write(state: State, process: Acting, action: Action, subject: Subject): readonly Step[] {
  const { answer, half } = send(state, action, subject);
  const label = `${action.verb} ${action.child}`;
  if (answer.kind === 'done') {
    const { slot, object } = answer;
    const seen = { ...process.seen, [slot]: object } as View;
    const result = withWritten(process.result, action, object);
    const next: Acting = { ...process, seen, result, next: process.next + 1 };
    const attempt: Attempt = { by: process, request: action };
    const settled = isRead(action) ? { ...next, resyncDue: false } : next;
    const heard = { ...heardOf(answer.state, slot, object), process: settled };
    const died = half === undefined ? [] : lost(state, half, process, `half of ${label}`, attempt);
    return [operator(label, heard, attempt), ...lost(state, answer.state, process, label, attempt), ...died];
  }
  const { error } = answer;
  const attempt: Attempt = { by: process, request: action, error };
  const meaning = subject.classify(error, action);
  const failed = `${label}: ${error.code} ${error.message}`;
  switch (meaning.kind) {
    case 'done': {
      const seen = action.verb === 'delete' ? { ...process.seen, [action.child]: undefined } : process.seen;
      return [operator(failed, { ...state, process: { ...process, seen, next: process.next + 1 } }, attempt)];
    }
    case 'refused': {
      const result = withRefusal(process.result, action, meaning.verdict);
      const decision = inForce(process.decision, result);
      const next: Acting = { ...process, decision, next: process.next + 1, result };
      return [operator(failed, { ...state, process: next }, attempt)];
    }
    case 'stale':
      return [operator(failed, idle(state, process.resyncDue || isRead(action)), attempt)];
    case 'unavailable':
      return [operator(failed, idle(state, process.resyncDue), attempt)];
  }
}

/** The cache after the response to a write. If the write removed the addon, the cache keeps its last version until the watch reports it. */
function heardOf(state: State, slot: Slot, object: Stored | undefined): State {
  const released = slot === 'addon' && object !== undefined && live(state, 'addon') === undefined;
  return released
    ? withFeed(state, 'addon', { ...state.objects.addon, versions: [object, undefined], at: 0 })
    : catchUp(state, slot);
}

/** The response to the last request of a write, and the state after the first if there were two. */
interface Sent {
  readonly answer: Answer;
  readonly half?: State;
}

function send(state: State, action: Action, subject: Subject): Sent {
  switch (action.verb) {
    case 'create':
      return { answer: create(state, action.manifest) };
    case 'apply':
      return action.child === 'addon'
        ? { answer: setFinalizers(state, action.manifest) }
        : applyAndRemove(state, action, subject);
    case 'delete': {
      const { uid, resourceVersion } = action;
      // A model of its own has restore drills.
      if (action.child === 'drillStore') throw new Error('this model has no restore drills');
      return { answer: remove(state, action.child, { uid, resourceVersion }) };
    }
  }
}

/** As controller/apply-and-remove.ts. */
function applyAndRemove(state: State, action: Extract<Action, { readonly verb: 'apply' }>, subject: Subject): Sent {
  const { manifest, removal } = action;
  const applied = apply(state, manifest);
  if (removal === undefined) return { answer: applied };
  if (applied.kind === 'error') {
    if (subject.classify(applied.error, action).kind !== 'refused') return { answer: applied };
    const merged = merge(state, removal);
    if (merged.kind === 'error' || merged.object === undefined) return { answer: applied };
    const { uid, resourceVersion } = merged.object.metadata;
    const metadata = { ...manifest.metadata, uid, resourceVersion };
    return { answer: apply(merged.state, { ...manifest, metadata }), half: merged.state };
  }
  const { object } = applied;
  if (object === undefined || unwanted(manifest, object).length === 0) return { answer: applied };
  return { answer: merge(applied.state, removalFrom(manifest, object)), half: applied.state };
}

/** As in controller/write-status.ts: written only if it differs; after a conflict, the addon is requeued. */
function writeStatus(state: State, process: Acting, subject: Subject): readonly Step[] {
  const { addon } = process.observed;
  const status = subject.statusOf(addon, process.decision, process.result, nowOf(state));
  if (sameFields(addon.status, status)) return [operator('has no status to write', idle(state, process.resyncDue))];
  // The version that the last own write created.
  const answer = replaceStatus(state, process.seen.addon.metadata, status as Fields);
  const ready = status.conditions?.find(({ type }) => type === 'Ready')?.reason;
  const label = `writes status ${status.phase} (${ready})`;
  if (answer.kind === 'error') {
    const attempt: Attempt = { by: process, request: { verb: 'status', status }, error: answer.error };
    return [
      operator(`${label}: ${answer.error.code} ${answer.error.message}`, idle(state, process.resyncDue), attempt),
    ];
  }
  const events = subject.transitions(addon.status, status);
  const attempt: Attempt = { by: process, request: { verb: 'status', status }, events };
  const heard = idle(catchUp(answer.state, 'addon'), process.resyncDue);
  return [operator(label, heard, attempt), ...lost(state, answer.state, process, label, attempt)];
}

/** The write succeeded but its response was lost: the process or the connection died. */
function lost(before: State, after: State, process: Acting, label: string, attempt: Attempt): readonly Step[] {
  const changed = after !== before;
  return changed ? [operator(`${label}, and the answer is lost`, idle(after, process.resyncDue), attempt)] : [];
}

function withoutDeleted(state: State, { metadata }: Stored): State {
  const { addon } = state.objects;
  const deleted = (addon.deleted ?? []).filter(({ metadata: { uid } }) => uid !== metadata.uid);
  return withFeed(state, 'addon', { ...addon, deleted });
}

/** Whether it writes an object that is not cached. */
function isRead({ child }: Action): boolean {
  return isRole(child) && !isWatched(child);
}

function idle(state: State, resyncDue: boolean): State {
  return { ...state, process: { kind: 'idle', resyncDue } };
}

function operator(label: string, state: State, attempt?: Attempt): Step {
  return { actor: 'operator', label, state, ...(attempt && { attempt }) };
}
