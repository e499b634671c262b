// A small model of a promotion: the addon of an app, another one that is promoted to it or not any more, and the Secret between them. Two
// workers of one process, each with its decision, writes and status, and a crash between any two of them.
import { describe, expect, it } from '@jest/globals';
import type { PostgresAddon } from '../api/addon.ts';
import type { Secret } from '../api/kubernetes.ts';
import { namesOf } from '../domain/child-names.ts';
import { judgeLogin } from '../domain/credentials/login.ts';
import { decide } from '../domain/decide.ts';
import { type Action, type ActionResult, type Decision, withWritten } from '../domain/decision.ts';
import { needs } from '../domain/needs.ts';
import type { Observed } from '../domain/observed.ts';
import { uidOn } from '../domain/ownership/owner.ts';
import { reasonOf } from '../domain/recorded.ts';
import { statusOf } from '../domain/status.ts';
import { aCluster, anAddon, aSource, but, defined, observing, testPlatform, testTime } from '../domain/testing.ts';
import { foregroundFinalizer } from './collector.ts';
import { explore, inWords } from './explore.ts';

type Who = 'shop' | 'copy' | 'third';
const all: readonly Who[] = ['shop', 'copy', 'third'];
/** Those that can be promoted to the app of `shop`. */
const promotable: readonly Who[] = ['copy', 'third'];
const appSecret = 'app-shop-database-url';
const app = { appId: 'shop' };

type Worker = {
  readonly observed: Observed;
  readonly decision: Decision;
  readonly next: number;
  readonly result: ActionResult;
};

interface State {
  readonly addons: Readonly<Record<Who, PostgresAddon | undefined>>;
  /** Whether each database is up. */
  readonly up: Readonly<Record<Who, boolean>>;
  readonly secrets: Readonly<Record<string, Secret | undefined>>;
  readonly workers: Readonly<Record<Who, Worker | undefined>>;
  /** What can still happen besides the operator: changes by users, failures of a database, crashes. */
  readonly left: { readonly changes: number; readonly failures: number; readonly crashes: number };
  readonly serial: number;
  /** Something happened that is only found at the next check-up. */
  readonly unseen: boolean;
  /** Whose Secrets are due to be read, since an addon of the same app was deleted, or a write of one came too late. A crash forgets it. */
  readonly due: readonly Who[];
}

type Rule =
  | 'the Secret of an app gets a URL only after a login with it'
  | 'the Secret of an app is not led back while another database is promoted'
  | 'it comes to rest with the Secret in the right hands, and both say so';

interface Step {
  readonly label: string;
  readonly state: State;
  readonly broken?: { readonly rule: Rule; readonly detail: string } | undefined;
}

type Decide = (o: Observed, now: number) => Decision;

const platform = { ...testPlatform, connectionCheck: 'Required' as const };

function addonOf(who: Who, mode: 'standard' | 'protected'): PostgresAddon {
  const addon = anAddon({ plan: 'free', mode });
  const finalizers = mode === 'protected' ? ['addons.paas.dev/protection'] : [];
  return { ...addon, metadata: { ...addon.metadata, name: who, uid: `uid-${who}`, finalizers } };
}

function observe({ addons, up, secrets, due }: State, who: Who): Observed | undefined {
  const addon = addons[who];
  if (addon === undefined) return undefined;
  const ill = {
    phase: 'Failing over',
    readyInstances: 0,
    readyCondition: { status: 'False', lastTransitionTime: 'x' },
  };
  const cluster = aCluster(addon, up[who] ? {} : ill);
  const own = { ...cluster, metadata: { ...cluster.metadata, uid: `cluster-${who}` } };
  const others = all.flatMap((other) => (other === who ? [] : (addons[other] ?? [])));
  const cached = observing(addon, { platform, cluster: own, sameApp: others, resync: due.includes(who) });
  const need = needs(cached, testTime);
  const names = namesOf(addon);
  const read = (name: string | undefined) => (name === undefined ? undefined : secrets[name]);
  const seen = need.unwatched ? { urlSecret: read(names.urlSecret), promotedSecret: read(names.promotedSecret) } : {};
  const found = Object.values(seen).flatMap((one) => (one === undefined ? [] : [uidOn(one)]));
  const livingOwners = others.map(({ metadata }) => metadata.uid).filter((uid) => found.includes(uid));
  const source = need.source ? ({ kind: 'found', object: aSource(own) } as const) : undefined;
  const whole = but(cached, { ...seen, livingOwners, ...(source && { source }) });
  const isLive = need.live || needs(whole, testTime).live;
  return isLive ? but(whole, { live: { kind: 'found', object: addon } }) : whole;
}

function looks(state: State, who: Who, decideIt: Decide): Step | undefined {
  const observed = observe(state, who);
  if (observed === undefined) return undefined;
  const decision = decideIt(observed, testTime);
  const isQuiet = decision.actions.length === 0 && decision.login === undefined && !state.due.includes(who);
  const status = statusOf(observed.addon, decision, {}, testTime);
  if (isQuiet && JSON.stringify(status) === JSON.stringify(observed.addon.status)) return undefined;
  const worker: Worker = { observed, decision, next: 0, result: {} };
  const due = state.due.filter((one) => one !== who);
  return { label: `${who} is looked at`, state: withWorker({ ...state, due }, who, worker) };
}

function withWorker(state: State, who: Who, worker: Worker | undefined): State {
  return { ...state, workers: { ...state.workers, [who]: worker } };
}

/** The next write of a worker, or its status. */
function acts(state: State, who: Who): Step {
  const worker = state.workers[who];
  if (worker === undefined) throw new Error('idle');
  const action = worker.decision.actions[worker.next];
  return action === undefined ? reports(state, who, worker) : writes(state, who, worker, action);
}

function writes(state: State, who: Who, worker: Worker, action: Action): Step {
  if (action.verb === 'delete' || (action.child !== 'urlSecret' && action.child !== 'promotedSecret'))
    throw new Error(`the model does not expect ${action.verb} ${action.child}`);
  const { metadata, data } = action.manifest;
  const { name } = metadata;
  const was = state.secrets[name];
  const isStale =
    action.verb === 'create'
      ? was !== undefined
      : was?.metadata.uid !== metadata.uid || was?.metadata.resourceVersion !== metadata.resourceVersion;
  const label = `${who}: ${action.verb} ${name}`;
  if (isStale) {
    const again = { ...state, due: [...new Set([...state.due, who])].sort() };
    return { label: `${label}, which has changed`, state: withWorker(again, who, undefined) };
  }
  const number = String(state.serial);
  const uid = was?.metadata.uid ?? `uid-${number}`;
  const { ownerReferences } = metadata;
  const secret: Secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name,
      namespace: 'team-a',
      uid,
      resourceVersion: number,
      labels: defined(metadata.labels),
      ...(ownerReferences && { ownerReferences }),
    },
    data: data as Secret['data'] & object,
  };
  const result = withWritten(worker.result, action, secret);
  const secrets = { ...state.secrets, [name]: secret };
  const after = { ...state, secrets, serial: state.serial + 1 };
  const isOther = was !== undefined && was.data?.DATABASE_URL !== secret.data?.DATABASE_URL;
  const reached = reasonOf(worker.observed.addon, 'Connectable');
  const broken = isOther && reached !== 'LoggedIn' ? `${who}: ${reached}` : undefined;
  const isTaken = worker.observed.sameApp.some(
    (other) => other.spec.promote !== undefined && reasonOf(other, 'Promoted') === 'Promoted' && !isGoing(other),
  );
  const step = { label, state: withWorker(after, who, { ...worker, next: worker.next + 1, result }) };
  if (broken !== undefined)
    return { ...step, broken: { rule: 'the Secret of an app gets a URL only after a login with it', detail: broken } };
  if (who !== 'shop' || !isTaken) return step;
  return {
    ...step,
    broken: { rule: 'the Secret of an app is not led back while another database is promoted', detail: label },
  };
}

function isGoing({ metadata }: PostgresAddon): boolean {
  return metadata.deletionTimestamp !== undefined;
}

function reports(state: State, who: Who, { observed, decision, result }: Worker): Step {
  const addon = state.addons[who];
  const label = `${who}: status`;
  const idle = withWorker(state, who, undefined);
  if (addon?.metadata.generation !== observed.addon.metadata.generation)
    return { label: `${label} of an earlier generation`, state: idle };
  const { login } = decision;
  const said = state.up[who] ? ({ kind: 'ok' } as const) : ({ kind: 'failed', why: 'refused', detail: '' } as const);
  const all = login === undefined ? result : { ...result, login: judgeLogin(said, login.place) };
  const status = statusOf(observed.addon, decision, all, testTime);
  return { label, state: { ...idle, addons: { ...state.addons, [who]: { ...addon, status } } } };
}

function changes(state: State): readonly Step[] {
  const { addons, left, up, secrets } = state;
  const steps: Step[] = [];
  const spent = { ...state, left: { ...left, changes: left.changes - 1 } };
  const put = (who: Who, addon: PostgresAddon): State => ({ ...spent, addons: { ...addons, [who]: addon } });
  for (const who of left.changes > 0 ? all : []) {
    const addon = addons[who];
    if (addon === undefined || isGoing(addon)) continue;
    const { promote, ...spec } = addon.spec;
    const generation = (addon.metadata.generation ?? 0) + 1;
    const metadata = { ...addon.metadata, generation };
    if (promotable.includes(who))
      steps.push(
        promote === undefined
          ? { label: `${who} is promoted`, state: put(who, { ...addon, metadata, spec: { ...spec, promote: app } }) }
          : { label: `${who} is not promoted any more`, state: put(who, { ...addon, metadata, spec }) },
      );
    if (spec.mode === 'protected') continue;
    const deletionTimestamp = '2026-01-02T03:04:05Z';
    const going = { ...addon, metadata: { ...metadata, deletionTimestamp, finalizers: [foregroundFinalizer] } };
    steps.push({ label: `${who} is deleted`, state: without(spent, who) });
    steps.push({ label: `${who} is deleted in the foreground`, state: put(who, going) });
  }
  if (left.changes > 0 && secrets[appSecret] !== undefined)
    steps.push({
      label: 'somebody deletes the Secret',
      state: { ...spent, secrets: { ...secrets, [appSecret]: undefined }, unseen: true },
    });
  if (left.crashes > 0 && all.some((who) => state.workers[who] !== undefined)) {
    const workers = { shop: undefined, copy: undefined, third: undefined };
    steps.push({
      label: 'a crash',
      state: { ...state, workers, due: [], unseen: true, left: { ...left, crashes: left.crashes - 1 } },
    });
  }
  for (const who of left.failures === 0 ? [] : all.filter((one) => addons[one] !== undefined && up[one]))
    steps.push({
      label: `${who} is down`,
      state: { ...state, up: { ...up, [who]: false }, left: { ...left, failures: left.failures - 1 } },
    });
  return [...steps, ...collects(state)];
}

function without(state: State, who: Who): State {
  return {
    ...withWorker(state, who, undefined),
    addons: { ...state.addons, [who]: undefined },
    due: all.filter((other) => other !== who && state.addons[other] !== undefined),
  };
}

/** The garbage collector: of an addon that is deleted in the foreground, the Secrets go first. */
function collects(state: State): readonly Step[] {
  const { addons, secrets } = state;
  const staying = all.map((who) => (addons[who] && !isGoing(addons[who]) ? addons[who].metadata.uid : undefined));
  const collected = Object.entries(secrets).flatMap(([name, secret]) => {
    const owners = secret?.metadata.ownerReferences ?? [];
    if (owners.length === 0 || owners.some(({ uid }) => staying.includes(uid))) return [];
    return [{ label: `${name} is collected`, state: { ...state, secrets: { ...secrets, [name]: undefined } } }];
  });
  const over = all.flatMap((who) => {
    const addon = addons[who];
    if (addon === undefined || !isGoing(addon)) return [];
    const isNeeded = Object.values(secrets).some((secret) =>
      secret?.metadata.ownerReferences?.some(({ uid }) => uid === addon.metadata.uid),
    );
    return isNeeded ? [] : [{ label: `${who} is gone`, state: without(state, who) }];
  });
  return [...collected, ...over];
}

function stepsFrom(state: State, decideIt: Decide): readonly Step[] {
  const operator = all.flatMap((who) => {
    if (state.workers[who] !== undefined) return [acts(state, who)];
    return looks(state, who, decideIt) ?? [];
  });
  return [...operator, ...changes(state)];
}

function urlIn(secret: Secret | undefined): string | undefined {
  const text = secret?.data?.DATABASE_URL;
  return text === undefined ? undefined : Buffer.from(text, 'base64').toString();
}

const hostOf = (who: Who): string => `@db-team-a-${who}-rw.`;

/** Lets everything finish, with the databases up again, and judges the result. */
function wrongAtRest(start: State, decideIt: Decide) {
  const due = start.unseen ? all.filter((who) => start.addons[who] !== undefined) : start.due;
  const up = { shop: true, copy: true, third: true };
  let state: State = { ...start, due, up, left: { changes: 0, failures: 0, crashes: 0 } };
  const steps: string[] = [];
  for (let [next] = stepsFrom(state, decideIt); next !== undefined; [next] = stepsFrom(state, decideIt)) {
    state = next.state;
    steps.push(next.label);
    if (next.broken !== undefined) return { ...next.broken, steps };
    if (steps.length > 90) return wrong('no rest in 90 steps', steps);
  }
  const { shop, ...others } = state.addons;
  const secret = state.secrets[appSecret];
  const url = urlIn(secret);
  const published = shop && reasonOf(shop, 'CredentialsPublished');
  const claimants = promotable.filter((who) => others[who as 'copy']?.spec.promote !== undefined);
  for (const who of promotable) {
    const addon = state.addons[who];
    if (addon === undefined) continue;
    const has = url?.includes(hostOf(who)) === true && uidOn(secret as Secret) === addon.metadata.uid;
    const said = reasonOf(addon, 'Promoted');
    const right = claimants.includes(who)
      ? [has ? 'Promoted' : 'PromotionRefused']
      : [has && claimants.length === 0 && shop === undefined ? 'PromotionEnding' : undefined];
    if (!right.includes(said)) return wrong(`${who}: ${said}, and the Secret has ${url}`, steps);
  }
  if (claimants.length > 0) {
    const holder = claimants.find((who) => url?.includes(hostOf(who)));
    if (holder === undefined) return wrong(`it has ${url}`, steps);
    return shop === undefined || published === 'Superseded' ? undefined : wrong(`shop: ${published}`, steps);
  }
  if (shop === undefined) return undefined;
  const isBack = url?.includes(hostOf('shop')) === true && uidOn(secret as Secret) === shop.metadata.uid;
  return isBack && published === 'Published' ? undefined : wrong(`shop: ${published}, and it has ${url}`, steps);
}

function wrong(detail: string, steps: readonly string[]) {
  return { rule: 'it comes to rest with the Secret in the right hands, and both say so', detail, steps } as const;
}

function keyOf({ addons, up, secrets, workers, left, due, unseen }: State): string {
  const plain = JSON.stringify([
    addons,
    up,
    left,
    due,
    unseen,
    secrets,
    all.map((who) => workers[who] && workOf(workers[who], secrets)),
  ]);
  // Of uids and versions only equality counts.
  const names = new Map<string, number>();
  return plain.replace(/"(?:uid-\d+|\d+)"/g, (token) => {
    const number = names.get(token) ?? names.size;
    names.set(token, number);
    return `#${number}`;
  });
}

function workOf({ observed, decision, next, result }: Worker, secrets: State['secrets']) {
  const pending = decision.actions.slice(next).map((action) => {
    if (action.verb === 'delete') return [];
    const { uid, resourceVersion, name } = action.manifest.metadata as Secret['metadata'];
    const is = secrets[name]?.metadata;
    return [action.verb, action.child, is?.uid === uid && is?.resourceVersion === resourceVersion];
  });
  return [pending, observed.addon, statusOf(observed.addon, decision, result, testTime), decision.login !== undefined];
}

interface Search {
  readonly mode: 'standard' | 'protected';
  readonly whos: readonly Who[];
  readonly left: State['left'];
}

/** All addons run, and none is promoted yet. */
function start({ mode, whos, left }: Search): State {
  const nobody = { shop: undefined, copy: undefined, third: undefined };
  let state: State = {
    addons: { ...nobody, ...Object.fromEntries(whos.map((who) => [who, addonOf(who, mode)])) },
    up: { shop: true, copy: true, third: true },
    secrets: {},
    workers: nobody,
    left: { changes: 0, failures: 0, crashes: 0 },
    serial: 1,
    unseen: false,
    due: [],
  };
  for (let [next] = stepsFrom(state, decide); next !== undefined; [next] = stepsFrom(state, decide)) state = next.state;
  return { ...state, left };
}

const searches = {
  'of a standard addon': {
    mode: 'standard',
    whos: ['shop', 'copy'],
    left: { changes: 2, failures: 1, crashes: 1 },
  },
  'of a protected addon': {
    mode: 'protected',
    whos: ['shop', 'copy'],
    left: { changes: 3, failures: 1, crashes: 1 },
  },
  'that is changed and changed again': {
    mode: 'standard',
    whos: ['shop', 'copy'],
    left: { changes: 3, failures: 0, crashes: 0 },
  },
  'of one of two addons': {
    mode: 'standard',
    whos: ['shop', 'copy', 'third'],
    left: { changes: 3, failures: 0, crashes: 0 },
  },
} as const satisfies Readonly<Record<string, Search>>;

const search = (what: Search, decideIt: Decide = decide) =>
  explore<State, Rule>({
    start: start(what),
    stepsFrom: (state) => stepsFrom(state, decideIt),
    keyOf,
    wrongWith: (state) => wrongAtRest(state, decideIt),
    most: 2_500,
  });

function asLoggedIn(addon: PostgresAddon): PostgresAddon {
  const conditions = addon.status?.conditions?.map((one) =>
    one.type === 'Connectable' ? { ...one, reason: 'LoggedIn', status: 'True' as const } : one,
  );
  return { ...addon, status: { ...addon.status, ...(conditions && { conditions }) } };
}

/** How the product can be wrong. */
const mutants: readonly (readonly [name: string, rule: Rule, decide: Decide])[] = [
  [
    'takes a Secret over before a login',
    'the Secret of an app gets a URL only after a login with it',
    (o, now) => {
      const bold: Observed = { ...o, addon: asLoggedIn(o.addon), live: { kind: 'found', object: o.addon } };
      return { ...decide(o, now), actions: decide(bold, now).actions };
    },
  ],
  [
    'takes for dead whoever has the Secret',
    'it comes to rest with the Secret in the right hands, and both say so',
    (o, now) => decide({ ...o, sameApp: [] }, now),
  ],
  [
    'writes the missing Secret of another one',
    'the Secret of an app is not led back while another database is promoted',
    (o, now) => decide(o.children.urlSecret.kind === 'absent' ? { ...o, sameApp: [] } : o, now),
  ],
  [
    'never takes the Secret back',
    'it comes to rest with the Secret in the right hands, and both say so',
    (o, now) => {
      const decision = decide(o, now);
      const isBack =
        o.children.urlSecret.kind === 'found' && decision.conditions.CredentialsPublished?.reason !== 'Superseded';
      const actions = isBack ? decision.actions.filter(({ child }) => child !== 'urlSecret') : decision.actions;
      return { ...decision, actions };
    },
  ],
];

describe('a promotion', () => {
  it.each(Object.entries(searches))('%s breaks no rule, whatever happens in between', (_, what) => {
    const found = search(what);
    expect(inWords(found)).toMatch(/^no violation in /);
    expect(found.states).toBeGreaterThan(1_000);
  });

  it.each(mutants)('is found to be wrong if it %s', (_, rule, mutant) => {
    expect(search(searches['of a standard addon'], mutant).violation?.rule).toBe(rule);
  });
});
