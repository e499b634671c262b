// Computes what this revision decides for a sight, in Kubernetes terms, for `npm run compare`: another revision has the same file and
// gets the same sights.

import type { PostgresAddon } from '../api/addon.ts';
import type { KubeObject, Manifest } from '../api/kubernetes.ts';
import { type LoginResult, loginFailures } from '../api/login.ts';
import { resources } from '../api/resources.ts';
import { judgeLogin } from '../domain/credentials/login.ts';
import { decide } from '../domain/decide.ts';
import {
  type Action,
  type ActionResult,
  type Decision,
  isToBeTried,
  resourceOf,
  withRefusal,
  withUntried,
  withWritten,
} from '../domain/decision.ts';
import { needs } from '../domain/needs.ts';
import { paceOf } from '../domain/pace.ts';
import { statusOf } from '../domain/status.ts';
import { observedOf, type Sight } from './sight.ts';

/** A write as the API server receives it. */
export interface Write {
  readonly verb: string;
  readonly kind: string;
  /** The manifest, or the preconditions of a delete. */
  readonly body: unknown;
}

export interface Answer {
  /** The reads that would be made before the decision. */
  readonly reads: Readonly<Record<string, boolean>>;
  readonly writes: readonly Write[];
  readonly login: unknown;
  readonly ends: boolean;
  /** Milliseconds until the next reconcile without an event or a check-up, once all writes and the login have succeeded. */
  readonly wakeAfter: number | undefined;
  /** The status for each outcome: all writes done, each write refused, each result of the login. */
  readonly status: Readonly<Record<string, unknown>>;
}

/**
 * @param unread the sight before any read
 * @param now wall-clock time in milliseconds
 */
export function answer(unread: Sight, sight: Sight, now: number): Answer {
  const observed = observedOf(sight);
  const decision = decide(observed, now);
  const { unwatched, live, watched, backup, ...others } = needs(observedOf(unread), now);
  const results = resultsOf(decision);
  const status = results.map(([what, result]) => [what, statusOf(observed.addon, decision, result, now)]);
  return {
    reads: { ...others, backup: backup !== undefined, urlSecret: unwatched, confirmed: live, children: watched },
    writes: decision.actions.map(writeOf),
    login: decision.login && { url: decision.login.url, place: decision.login.place },
    ends: decision.ends === true,
    wakeAfter: wakeAfterOf(observed.addon, decision, now),
    status: Object.fromEntries(status) as Answer['status'],
  };
}

function writeOf(action: Action): Write {
  const { kind } = resources[resourceOf(action.child)].gvr;
  const { verb } = action;
  if (action.verb !== 'delete') return { verb, kind, body: action.manifest };
  return { verb, kind, body: { name: action.name, uid: action.uid, resourceVersion: action.resourceVersion } };
}

function wakeAfterOf(addon: PostgresAddon, decision: Decision, now: number): number | undefined {
  const done = carriedOut(decision.actions, undefined);
  const login = decision.login && judgeLogin({ kind: 'ok' }, decision.login.place);
  const result = { ...done, ...(login && { login }) };
  const status = statusOf(addon, decision, result, now);
  const untilCheckUp = (): number => Number.POSITIVE_INFINITY;
  const pace = paceOf({ kind: 'reported', addon: { ...addon, status }, decision, result, untilCheckUp, now });
  const wait = pace.kind === 'retry' ? pace.atLeastMilliseconds : pace.kind === 'again' ? pace.afterMilliseconds : 0;
  return pace.kind === 'done' || wait === Number.POSITIVE_INFINITY ? undefined : wait;
}

/** What can come of a decision: all done, each write refused, each result of the login. */
export function resultsOf(decision: Decision): readonly (readonly [string, ActionResult])[] {
  const { actions, login } = decision;
  const done = carriedOut(actions, undefined);
  return [
    ['done', done],
    ...actions.map((action): [string, ActionResult] => {
      const { verb, kind } = writeOf(action);
      return [`${verb} ${kind} refused`, carriedOut(actions, action)];
    }),
    ...(login === undefined ? [] : loginResults).map((result): [string, ActionResult] => {
      const verdict = judgeLogin(result, login?.place ?? nowhere);
      return [`login ${'why' in result ? result.why : result.kind}`, { ...done, ...(verdict && { login: verdict }) }];
    }),
  ];
}

/** The result of the writes if one of them is refused. */
function carriedOut(actions: readonly Action[], refused: Action | undefined): ActionResult {
  return actions.reduce<ActionResult>((result, action) => {
    if (!isToBeTried(action, result)) return withUntried(result, action);
    if (action === refused) return withRefusal(result, action, { reason: 'QuotaExceeded', message: 'exceeded quota' });
    return action.verb === 'delete' ? result : withWritten(result, action, created(action.manifest));
  }, {});
}

function created(manifest: Manifest) {
  const metadata = { ...manifest.metadata, uid: `uid-of-${manifest.kind}`, resourceVersion: '1' };
  return JSON.parse(JSON.stringify({ ...manifest, metadata })) as KubeObject;
}

const nowhere = { sourceSecret: '', host: '', database: '', role: '' };
const loginResults: readonly LoginResult[] = [
  { kind: 'ok' },
  { kind: 'unchecked' },
  ...loginFailures.map((why): LoginResult => ({ kind: 'failed', why, detail: 'detail' })),
];
