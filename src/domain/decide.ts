// What the operator thinks. Read top to bottom, this is everything it will do in every situation; it does nothing itself.
import type { PostgresAddon } from '../api/addon.ts';
import type { Cluster } from '../api/cnpg.ts';
import { rowOf } from '../api/conditions.ts';
import type { LoginPlace } from './credentials/login.ts';
import { isProved } from './credentials/login-due.ts';
import { type Publication, publish } from './credentials/publish.ts';
import { diffCluster, diffScheduledBackup } from './database/cluster-diff.ts';
import { planChangeOf, previewOf } from './database/plan-change.ts';
import { cnpgSays, judgeCluster } from './database/readiness.ts';
import type { Action } from './decision.ts';
import { patienceLeft, untilNextLook } from './diagnosis/deadlines.ts';
import { blindness, findCause } from './diagnosis/diagnosis.ts';
import { sourceSecretName } from './names.ts';
import type { Observed } from './observed.ts';
import { adopt, findsOrphans } from './ownership/adopt.ts';
import { confirm } from './ownership/live-check.ts';
import { findObstacle } from './ownership/obstacle.ts';
import { isOwned, owns, whose } from './ownership/owner.ts';
import { isGivingUp, isGuarded, markRemains, release, setFinalizer } from './ownership/release.ts';
import { formerUidOf, inheritedReadyAt, reasonOf, remember, wasReady } from './recorded.ts';
import type { Report } from './report.ts';
import { aim, type Target, type Verdict } from './target.ts';

export interface Decision {
  /** In this order; the first refusal stops the rest. */
  readonly actions: readonly Action[];
  /** Whether to log in with this URL once the actions have succeeded. Secret. */
  readonly login?: { readonly url: string; readonly place: LoginPlace };
  /** What status says when every action succeeds. */
  readonly report: Report;
  /** The last action lets the addon go, or it is gone: there is no status left to write. */
  readonly ends?: true;
  /** When to think again although nothing happened, in milliseconds; undefined waits for the next event. */
  readonly wakeAfter: number | undefined;
}

/**
 * @param observed what is known of one addon
 * @param now wall-clock time in milliseconds; only the length of a wait depends on it
 */
export function decide(observed: Observed, now: number): Decision {
  const o = remember(observed);
  const decision = judge(o, now);
  const readyAt = o.addon.status?.ready_at ?? decision.report.readyAt;
  return { ...decision, report: { ...decision.report, readyAt } };
}

/** The situations, in the order in which they are told apart; the first that holds decides. */
function judge(o: Observed, now: number): Decision {
  if (o.gone) return lookAfter(o);
  if (o.addon.metadata.deletionTimestamp !== undefined) return letGo(o);

  const target = aim(o);
  if ('reason' in target) return stopAt({ ready: target });
  if (o.addon.spec.suspend === true) return holdStill(o, target);

  const obstacle = findObstacle(o, target);
  if (obstacle !== undefined) return stopAt({ ready: obstacle });
  const doubt = confirm(o);
  if (doubt !== undefined) return stopAt({ ready: doubt });
  if (findsOrphans(o)) return takeBack(o, target);
  return converge(o, target, now);
}

/** Standard: the garbage collector removes everything. Protected: the children are released first (release.ts). */
function letGo(o: Observed): Decision {
  const { actions, verdict, last } = release(o);
  return { actions, report: { ready: verdict }, ...(last ? { ends: true } : {}), wakeAfter: recheckAfter(verdict) };
}

/** Gone before its Cluster was marked for the next addon of its name (--cascade=orphan): the one chance to do it. */
function lookAfter(o: Observed): Decision {
  const { actions, verdict } = markRemains(o);
  // That next one may be there already.
  return { actions, report: { ready: verdict }, ends: true, wakeAfter: 0 };
}

/** Something stands in the way: touch nothing, say what it is, and wait for it to change. */
function stopAt(report: Report): Decision {
  return { actions: [], report, wakeAfter: recheckAfter(report.ready) };
}

/** spec.suspend: nothing is written but what is true of the database. A change of the spec waits, and says so. */
function holdStill(o: Observed, target: Target): Decision {
  const suspended: Verdict = { reason: 'Suspended', message: 'spec.suspend is true: nothing is changed or repaired' };
  const cluster = ownCluster(o);
  const preview = previewOf(o);
  if (cluster === undefined) return stopAt({ ready: suspended, suspended, frozen: true, preview });

  const asItIs: Target = { ...target, profile: { ...target.profile, instances: cluster.spec.instances ?? 1 } };
  const change = diffCluster(o.addon, target, cluster);
  const waits = change.actions.length > 0 || diffScheduledBackup(o.addon, target, o.scheduledBackup).length > 0;
  const { provisioned, applying } = judgeCluster(o.addon, asItIs, cluster, change.awaitsRestart && !waits);
  const publication = publish(o, target, cluster, false);
  const planApplied = waits
    ? { ...suspended, message: 'a change waits for the end of spec.suspend' }
    : judgePlan(o.addon, target, applying, provisioned);
  return {
    actions: [],
    report: {
      ready: judgeReady(provisioned, publication),
      provisioned,
      credentials: { verdict: publication.verdict, credentials: o.addon.status?.credentials ?? {} },
      planApplied,
      planChange: planChangeOf(o, target, cluster, waits, planApplied),
      backupReady: judgeBackup(target),
      protection: isInForce(o, cluster) ? judgeProtection(o.addon, target) : !owns(o.addon) ? suspended : undefined,
      adopted: judgeAdoption(o),
      suspended,
      preview,
      frozen: waits,
    },
    wakeAfter: undefined,
  };
}

/** A deleted addon of this name left its database in service: it comes back as it is, or not at all. */
function takeBack(o: Observed, target: Target): Decision {
  const back = adopt(o, target);
  if ('reason' in back) return stopAt({ ready: back });
  const message = `the database of a deleted addon of this name was taken back: Cluster ${target.names.cluster}`;
  return {
    actions: [...guard(o.addon), ...back],
    report: { ready: { reason: 'Adopting', message }, adopted: judgeAdoption(o), readyAt: inheritedReadyAt(o.cluster) },
    // What differs from the addon's wishes comes next.
    wakeAfter: 0,
  };
}

/** The normal round: bring about what was asked, and judge what is true. Only what is ours, or nothing, gets here. */
function converge(o: Observed, target: Target, now: number): Decision {
  const { addon, cluster } = o;
  const change = diffCluster(addon, target, cluster);
  const { provisioned, applying } = judgeCluster(addon, target, cluster, change.awaitsRestart);
  const publication = publish(o, target, cluster, isHealthy(provisioned));
  const actions = [
    ...guard(addon),
    ...change.actions,
    ...diffScheduledBackup(addon, target, o.scheduledBackup),
    ...publication.actions,
    ...unguard(o, publication),
  ];

  const seen = judgeReady(provisioned, publication);
  const ready = explain(o, seen, now);
  const planApplied = judgePlan(addon, target, applying, provisioned);
  const asksLogin = ready.reason === 'Running' && !isProved(o, publication);
  return {
    actions,
    ...(asksLogin && publication.url !== undefined
      ? { login: { url: publication.url, place: placeOf(addon, target) } }
      : {}),
    report: {
      target,
      ready,
      provisioned,
      credentials: publication,
      planApplied,
      planChange: planChangeOf(o, target, cluster, change.asked, planApplied),
      backupReady: judgeBackup(target),
      protection: judgeProtection(addon, target),
      adopted: judgeAdoption(o),
      connection: {
        check: o.platform.connectionCheck,
        healthy: isHealthy(provisioned),
        proved: isProved({ ...o, checkup: false }, publication),
        primary: cluster?.status.currentPrimary,
        readySince: cluster?.status.readyCondition?.lastTransitionTime,
      },
      preview: previewOf(o),
    },
    wakeAfter: soonest(wakeToLook(o, seen, now), recheckAfter(ready), recheckAfter(planApplied)),
  };
}

/** Which login it is: what a message about it names. */
function placeOf({ metadata }: PostgresAddon, { names, database, owner }: Target): LoginPlace {
  const host = `${names.cluster}-rw.${metadata.namespace}`;
  return { sourceSecret: sourceSecretName(names.cluster), host, database, role: owner };
}

/** Nobody's object may colour what is said of the addon. */
function ownCluster({ addon, cluster }: Observed) {
  return cluster !== undefined && whose(addon, cluster) === 'ours' ? cluster : undefined;
}

/** No child without an owner reference is made before the deletion of the addon has to wait for the operator. */
function guard(addon: PostgresAddon): readonly Action[] {
  return owns(addon) || isGuarded(addon) ? [] : [setFinalizer(addon, true)];
}

/** The finalizer goes last, once every child belongs to the garbage collector: the Secret too, which can wait for credentials. */
function unguard({ addon, urlSecret }: Observed, publication: Publication): readonly Action[] {
  if (!isGivingUp(addon) || urlSecret.kind === 'unread') return [];
  const isLoose =
    urlSecret.kind === 'found' && whose(addon, urlSecret.object) === 'ours' && !isOwned(addon, urlSecret.object);
  return isLoose && publication.actions.length === 0 ? [] : [setFinalizer(addon, false)];
}

function isHealthy(provisioned: Verdict): boolean {
  return provisioned.reason === 'ClusterHealthy';
}

/** Ready means: every instance stands and the application can learn how to log in; whether it can is tried afterwards. */
function judgeReady(provisioned: Verdict, publication: Publication): Verdict {
  if (!isHealthy(provisioned)) return provisioned;
  if (publication.verdict.reason !== 'Published') return publication.verdict;
  return { reason: 'Running', message: `the database is ready; ${publication.verdict.message}` };
}

/** A change under way is not applied yet; a restart or failover later takes nothing back. */
function judgePlan(addon: PostgresAddon, target: Target, applying: boolean, provisioned: Verdict): Verdict {
  if (applying)
    return { reason: 'Applying', message: `plan ${target.plan}, PostgreSQL ${target.version}: ${provisioned.message}` };
  if (!wasReady(addon) && !isHealthy(provisioned)) return { reason: 'Creating', message: provisioned.message };
  return target.reservation ?? { reason: 'Applied', message: `plan ${target.plan}, PostgreSQL ${target.version}` };
}

/** No release takes backups yet: a plan that promises them says that it has none. */
function judgeBackup(target: Target): Verdict | undefined {
  if (target.backup === 'none') return undefined;
  const message = `plan ${target.plan} promises "${target.backup}" backups, but no object store is configured: none are taken`;
  return { reason: 'NoObjectStore', message };
}

function judgeProtection(addon: PostgresAddon, { names }: Target): Verdict | undefined {
  if (owns(addon)) return undefined;
  const message = `a deletion of this addon keeps Cluster ${names.cluster} and Secret ${names.urlSecret}; the end of the namespace does not`;
  return { reason: 'Protected', message };
}

/** Whether a deletion would leave the children, as things stand: the Secret is known only from the round that told of protection. */
function isInForce({ addon, scheduledBackup }: Observed, cluster: Cluster): boolean {
  const isOwner = [cluster, scheduledBackup].some((child) => child !== undefined && isOwned(addon, child));
  return isGuarded(addon) && !isOwner && reasonOf(addon, 'Protected') === 'Protected';
}

function judgeAdoption({ addon, cluster }: Observed): Verdict | undefined {
  const former = formerUidOf(addon, cluster);
  if (cluster === undefined || former === undefined) return undefined;
  const message = `Cluster ${cluster.metadata.name} was taken back from the deleted addon with uid ${former}`;
  return { reason: 'Adopted', message };
}

/** While it does not come up: the cause, when a look has found one; CNPG's own words once it lasts too long with nothing named. */
function explain(o: Observed, verdict: Verdict, now: number): Verdict {
  const { weight, warning } = rowOf(verdict.reason);
  if (weight !== 'progressing') return verdict;
  const cause =
    o.cluster !== undefined && o.facts.kind === 'found' ? findCause(o.facts.object, o.cluster, now) : undefined;
  if (cause !== undefined) return cause;
  if (warning === true) return verdict;
  const blind = blindness(o.facts);
  const andBlind = (words: string): string => (blind === undefined ? words : `${words}; ${blind}`);
  if (patienceLeft(o.addon, now) > 0) return { ...verdict, message: andBlind(verdict.message) };
  const words = o.cluster === undefined ? 'there is no Cluster yet' : cnpgSays(o.cluster);
  return { reason: 'TakingTooLong', message: `${verdict.message}, for longer than expected; ${andBlind(words)}` };
}

function wakeToLook(o: Observed, verdict: Verdict, now: number): number | undefined {
  if (rowOf(verdict.reason).weight !== 'progressing') return undefined;
  const left = patienceLeft(o.addon, now);
  return soonest(untilNextLook(o.addon, now), left > 0 ? left : undefined);
}

/** Milliseconds after which a state that no watch announces is looked at again. */
export function recheckAfter(verdict: Verdict): number | undefined {
  const { recheckSeconds } = rowOf(verdict.reason);
  return recheckSeconds === undefined ? undefined : recheckSeconds * 1000;
}

/** The smallest of the times that are set. */
export function soonest(...times: readonly (number | undefined)[]): number | undefined {
  const set = times.filter((time) => time !== undefined);
  return set.length === 0 ? undefined : Math.min(...set);
}
