// The operator of the model, composed as controller/reconcile.ts composes it, but in steps: look, each write, the status. Between
// two steps anything may happen, and at each the process may die or lose the answer.
import { projectAddon } from '../../api/addon.ts';
import { projectCluster, projectScheduledBackup } from '../../api/cnpg.ts';
import type { Facts } from '../../api/workload.ts';
import type { Action } from '../action.ts';
import { judgeLogin } from '../connection.ts';
import type { Decision } from '../decide.ts';
import type { Observed, Platform, Read, Volume } from '../observed.ts';
import { defaultPlans } from '../plans.ts';
import type { Outcome } from '../report.ts';
import { stands, statusOf } from './cnpg.ts';
import { sameFields } from './fields.ts';
import type { Mind } from './mind.ts';
import { type Fields, nameOf, passwordIn, rivalUid, type Slot, type Stored, slotOf } from './objects.ts';
import { type Answer, apply, applyStatus, create, remove } from './server.ts';
import type { Attempt, Step } from './step.ts';
import { catchUp, type Feed, live, nowOf, seenUpTo, type World } from './world.ts';

/** What the caches show. */
export interface View {
  readonly addon: Stored;
  readonly cluster: Stored | undefined;
  readonly backup: Stored | undefined;
}

/** A decision on its way. */
export interface Acting {
  readonly kind: 'acting';
  /** What was seen when it was made. */
  readonly from: View;
  /** The same, with the answers of own writes. */
  readonly seen: View;
  readonly observed: Observed;
  readonly decision: Decision;
  /** Index of the next action; after the last comes the status. */
  readonly next: number;
  readonly outcome: Outcome;
  /** Whether the login that the decision asks for was made. */
  readonly tried: boolean;
  readonly doubt: boolean;
}

export const platform: Platform = {
  plans: defaultPlans,
  defaultVersion: '17',
  imagePattern: 'example.com/postgresql:{version}',
  connectionCheck: 'Required',
};

/** The model has no pods: who may not look concludes nothing. */
const nothingToSee: Facts = {
  pods: [],
  claims: [],
  warnings: [],
  unseen: ['pods', 'persistentvolumeclaims', 'events'],
};

/** Everything that the operator, or its death, may do next. */
export function operatorSteps(world: World, mind: Mind): readonly Step[] {
  return world.process.kind === 'idle' ? looks(world, world.process.doubt, mind) : acts(world, world.process, mind);
}

/** The one look of an operator that has seen everything; undefined when nothing comes of it. */
export function lookAtNewest(world: World, checkup: boolean, mind: Mind): World | undefined {
  const doubt = world.process.kind === 'idle' && world.process.doubt;
  const newest = catchUp(catchUp(catchUp(world, 'addon'), 'cluster'), 'backup');
  return look(newest, checkup || doubt, doubt, mind);
}

/** One look for each combination of what the caches may show. */
function looks(world: World, doubt: boolean, mind: Mind): readonly Step[] {
  const steps: Step[] = [];
  const { left } = world;
  for (const addon of reachable(world.addon)) {
    for (const cluster of reachable(world.cluster)) {
      for (const backup of reachable(world.backup)) {
        const seeing = {
          ...world,
          addon: seenUpTo(world.addon, addon, left),
          cluster: seenUpTo(world.cluster, cluster, left),
          backup: seenUpTo(world.backup, backup, left),
        };
        const after = look(seeing, doubt, doubt, mind);
        const lag = lagOf(seeing);
        if (after !== undefined) steps.push(operator(`looks${lag}`, after));
        if (left.checkups === 0 || doubt) continue;
        const checking = look({ ...seeing, left: { ...left, checkups: left.checkups - 1 } }, true, doubt, mind);
        if (checking !== undefined) steps.push(operator(`looks at the Secrets too${lag}`, checking));
      }
    }
  }
  if (left.travels > 0) steps.push(operator('restarts on an old list', travelBack(world)));
  return steps;
}

function reachable({ versions, at }: Feed): readonly number[] {
  return versions.flatMap((_, index) => (index >= at ? [index] : []));
}

function travelBack(world: World): World {
  const back = ({ versions }: Feed): Feed => ({ versions, at: 0 });
  return {
    ...world,
    addon: back(world.addon),
    cluster: back(world.cluster),
    backup: back(world.backup),
    left: { ...world.left, travels: world.left.travels - 1 },
  };
}

/** What a cache shows: the oldest version that it may still have, once a look has settled it. */
function shown({ versions, at }: Feed): Stored | undefined {
  return versions[at];
}

function lagOf({ addon, cluster, backup }: World): string {
  const behind = Object.entries({ addon, cluster, backup }).flatMap(([name, { versions, at }]) =>
    at < versions.length - 1 ? [`${name} ${versions.length - 1 - at} behind`] : [],
  );
  return behind.length === 0 ? '' : ` (${behind.join(', ')})`;
}

/** Observes and decides; undefined when the decision is to do and to tell nothing. */
function look(world: World, checkup: boolean, doubt: boolean, mind: Mind): World | undefined {
  const addon = shown(world.addon);
  if (addon === undefined) return undefined;
  const view: View = { addon, cluster: shown(world.cluster), backup: shown(world.backup) };
  if ((globalThis as any).PIN && addon.metadata.deletionTimestamp !== undefined && addon.metadata.finalizers?.length) { (view as any).cluster = live(world, 'cluster'); (view as any).backup = live(world, 'backup'); }
  const { observed, checked } = observe(world, view, checkup, mind);
  const decision = mind.decide(observed, nowOf(world));
  const stillDoubtful = doubt && !checked;
  if (decision.actions.length === 0 && decision.login === undefined) {
    const status = mind.tell(observed.addon, decision.report, {}, nowOf(world));
    if (sameFields(status, observed.addon.status))
      return stillDoubtful === doubt ? undefined : { ...world, process: { kind: 'idle', doubt: stillDoubtful } };
  }
  const process: Acting = {
    kind: 'acting',
    from: view,
    seen: view,
    observed,
    decision,
    next: 0,
    outcome: {},
    tried: false,
    doubt: stillDoubtful,
  };
  return { ...world, process };
}

/** As controller/observe.ts: the caches, and the live reads that the decision says it needs. */
function observe(
  world: World,
  view: View,
  checkup: boolean,
  mind: Mind,
): { readonly observed: Observed; readonly checked: boolean } {
  const cached: Observed = {
    addon: projectAddon(view.addon),
    platform,
    kinds: { clusters: 'served', scheduledBackups: 'served' },
    cluster: view.cluster && projectCluster(view.cluster),
    scheduledBackup: view.backup && projectScheduledBackup(view.backup),
    source: { kind: 'unread' },
    urlSecret: { kind: 'unread' },
    volumes: { kind: 'unread' },
    confirmed: { kind: 'unread' },
    facts: { kind: 'unread' },
    holders: [],
    checkup,
  };
  const need = mind.needs(cached, nowOf(world));
  const observed: Observed = {
    ...cached,
    source: need.source ? read(world.source) : cached.source,
    urlSecret: need.urlSecret ? read(world.secret) : cached.urlSecret,
    volumes: need.volumes ? volumesOf(world) : cached.volumes,
    confirmed: need.confirmed ? read(live(world, 'addon')) : cached.confirmed,
    facts: need.facts ? { kind: 'found', object: nothingToSee } : cached.facts,
    holders: holdersOf(view),
  };
  return { observed, checked: need.urlSecret };
}

function read(object: Stored | undefined): Read<Stored> {
  return object === undefined ? { kind: 'absent' } : { kind: 'found', object };
}

/** The rival lives as long as it controls anything. */
function holdersOf({ cluster }: View): readonly string[] {
  return cluster?.metadata.ownerReferences?.some(({ uid }) => uid === rivalUid) === true ? [rivalUid] : [];
}

function volumesOf(world: World): Read<readonly Volume[]> {
  const { expandable } = world.rules;
  const there = live(world, 'cluster')?.inside?.ran !== undefined;
  const claim = { claim: `${nameOf.cluster}-1`, storageClass: 'disk', expandable };
  return { kind: 'found', object: there ? [claim] : [] };
}

/** The next action, carried out, carried out without an answer, or never begun. */
function acts(world: World, process: Acting, mind: Mind): readonly Step[] {
  const carried = carryOn(world, process, mind);
  const [step] = carried;
  const died = process.next > 0 ? [operator('dies before the next write', idle(world, false))] : [];
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
  if (decision.ends === true && outcome.refusal === undefined) return [operator('is done', idle(world, process.doubt))];
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
  const proof = up && fits ? { url, cluster: cluster.metadata.uid, primary: statusOf(cluster).primary } : undefined;
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
  return released ? { ...world, addon: { versions: [object, undefined], at: 0 } } : catchUp(world, slot);
}

function send(world: World, action: Action): Answer {
  switch (action.verb) {
    case 'create':
      return create(world, action.manifest);
    case 'apply':
      return apply(world, action.manifest);
    case 'delete': {
      const { uid, resourceVersion } = action;
      const slot: Slot = slotOf(action.child, action.name) ?? 'addon';
      return remove(world, slot, { uid, resourceVersion });
    }
  }
}

/** As controller/write-status.ts: nothing changed, nothing written; an addon that is gone has no status. */
function writeStatus(world: World, process: Acting, mind: Mind): readonly Step[] {
  const { addon } = process.observed;
  const status = mind.tell(addon, process.decision.report, process.outcome, nowOf(world));
  if (sameFields(addon.status, status)) return [operator('has nothing to tell', idle(world, process.doubt))];
  const answer = applyStatus(
    world,
    addon.metadata.uid,
    status as Fields,
    (globalThis as any).PIN ? process.seen.addon.metadata.resourceVersion : undefined,
  );
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

function idle(world: World, doubt: boolean): World {
  return { ...world, process: { kind: 'idle', doubt } };
}

function operator(label: string, world: World, attempt?: Attempt): Step {
  return { actor: 'operator', label, world, ...(attempt && { attempt }) };
}
