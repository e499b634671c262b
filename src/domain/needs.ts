// Which live reads the next decision depends on: none when nothing changed, so that a quiet addon costs no request.
import { rowOf } from '../api/conditions.ts';
import { isProved } from './credentials/login-due.ts';
import { previewedPlan } from './database/plan-change.ts';
import { planToResources } from './database/plans.ts';
import { judgeCluster } from './database/readiness.ts';
import { awaitsRestart } from './database/restart-mark.ts';
import { isTimeToLook } from './diagnosis/deadlines.ts';
import type { Observed } from './observed.ts';
import { findsOrphans } from './ownership/adopt.ts';
import { needsConfirmation } from './ownership/live-check.ts';
import { owns, whose } from './ownership/owner.ts';
import { isGivingUp, isGuarded, keepsChildren } from './ownership/release.ts';
import { compareQuantities } from './quantity.ts';
import { formerUidOf, remember } from './recorded.ts';
import { aim, type Verdict } from './target.ts';

export interface Needs {
  /** CNPG's Secret with the credentials. */
  readonly source: boolean;
  /** The Secret with DATABASE_URL. */
  readonly urlSecret: boolean;
  /** The Cluster's volume claims and their StorageClasses. */
  readonly volumes: boolean;
  /** The addon, from the server and not from the cache. */
  readonly confirmed: boolean;
  /** Cluster and ScheduledBackup, from the server: what is not seen now is left behind without an owner or a mark. */
  readonly children: boolean;
  /** What pods, claims and events say of a Cluster that does not come up. */
  readonly facts: boolean;
}

const nothing: Needs = {
  source: false,
  urlSecret: false,
  volumes: false,
  confirmed: false,
  children: false,
  facts: false,
};

/**
 * @param observed what the caches hold, with every live read still unread; asked again with what was read, only `confirmed` is news
 * @param now wall-clock time in milliseconds
 */
export function needs(observed: Observed, now: number): Needs {
  const o = remember(observed);
  const { addon, cluster, checkup } = o;
  if (o.gone) return { ...nothing, urlSecret: true };
  if (addon.metadata.deletionTimestamp !== undefined)
    return { ...nothing, urlSecret: isGuarded(addon) || keepsChildren(addon), children: isGuarded(addon) };
  if (addon.spec.suspend === true) return { ...nothing, volumes: previewGrows(o) };
  const confirmed = needsConfirmation(o);
  if (findsOrphans(o)) return { ...nothing, confirmed, urlSecret: true };
  if (cluster === undefined || whose(addon, cluster) !== 'ours') return { ...nothing, confirmed };

  const state = provisioned(o);
  const healthy = state?.reason === 'ClusterHealthy';
  const isPublished = addon.status?.credentials !== undefined;
  const doubtful = checkup || isDoubtful(o);
  const follow = doubtful || isChanged(o) || isSwitching(o) || (healthy && !isProved(o));
  const source = isPublished ? follow : healthy && cluster.status.applicationSecretVersion !== undefined;
  // The first publication creates the Secret unread, since a create cannot adopt; a database that was taken back brings it along.
  const isKept = formerUidOf(addon, cluster) !== undefined;
  return {
    source,
    urlSecret: isPublished ? follow : doubtful || (source && isKept) || isGivingUp(addon),
    volumes: grows(o, addon.spec.plan) || previewGrows(o),
    confirmed,
    children: isGivingUp(addon),
    facts: state !== undefined && rowOf(state.reason).weight === 'progressing' && isTimeToLook(addon, now),
  };
}

function provisioned(o: Observed): Verdict | undefined {
  const target = aim(o);
  if (o.cluster === undefined || 'reason' in target) return undefined;
  return judgeCluster(o.addon, target, o.cluster, awaitsRestart(o.cluster)).provisioned;
}

/** The last look at the Secrets ended in something that only another look can end. */
function isDoubtful({ addon }: Observed): boolean {
  const last = addon.status?.conditions?.find((condition) => condition.type === 'CredentialsPublished');
  return last?.status === 'False' && last.reason !== 'CredentialsInvalid' && last.reason !== 'CredentialsPending';
}

/** CNPG saw another version of the credentials than the published one, or the addon's spec may ask for another URL. */
function isChanged({ addon, cluster }: Observed): boolean {
  const seen = cluster?.status.applicationSecretVersion;
  return (
    (seen !== undefined && seen !== addon.status?.credentials?.sourceVersion) ||
    addon.metadata.generation !== addon.status?.observedGeneration
  );
}

/** From one mode to the other: the finalizer is not yet as the mode asks. */
function isSwitching({ addon }: Observed): boolean {
  return owns(addon) === isGuarded(addon);
}

function previewGrows(o: Observed): boolean {
  const plan = previewedPlan(o.addon);
  return plan !== undefined && grows(o, plan);
}

function grows({ cluster, platform }: Observed, plan: string): boolean {
  const wanted = planToResources(platform.plans, plan)?.storage;
  const live = cluster?.spec.storage?.size;
  return wanted !== undefined && live !== undefined && (compareQuantities(wanted, live) ?? 0) > 0;
}
