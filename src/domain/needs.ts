// Which live reads the next decision depends on: none when nothing changed, so that a quiet addon costs no request.

import { isLoginCurrent } from './credentials/login-due.ts';
import { previewedPlan } from './database/plan-change.ts';
import { planToResources } from './database/plans.ts';
import { isHealthy, judgeCluster } from './database/readiness.ts';
import { awaitsRestart } from './database/restart-mark.ts';
import { isTimeToLook } from './diagnosis/deadlines.ts';
import type { Observed } from './observed.ts';
import { hasFinalizer, isLeavingProtection } from './ownership/finalizer.ts';
import { needsLiveCheck } from './ownership/live-check.ts';
import { deletesChildren } from './ownership/owner.ts';
import { keepsChildren } from './ownership/release.ts';
import { compareQuantities } from './quantity.ts';
import { formerUidOf, reasonOf, recordedCondition } from './recorded.ts';
import { orphanedCluster, type Situation, situationOf } from './situation.ts';
import { targetOf } from './target.ts';
import { isVerdict, stateOf } from './verdict.ts';

export interface Needs {
  /** CNPG's Secret with the credentials. */
  readonly source: boolean;
  /** The children that are not watched. */
  readonly unwatched: boolean;
  /** The Cluster's volume claims and their StorageClasses. */
  readonly volumes: boolean;
  /** The addon, from the server and not from the cache. */
  readonly live: boolean;
  /** The children that are watched, from the server: what is not seen now is left behind without an owner or a mark. */
  readonly watched: boolean;
  /** What pods, claims and events say of a Cluster that does not come up. */
  readonly facts: boolean;
}

const nothing: Needs = {
  source: false,
  unwatched: false,
  volumes: false,
  live: false,
  watched: false,
  facts: false,
};

/**
 * @param observed what the caches hold, with every live read still unread; asked again with what was read, only `live` is news
 * @param now wall-clock time in milliseconds
 */
export function needs(observed: Observed, now: number): Needs {
  const s = situationOf(observed);
  const { addon, own } = s;
  if (observed.gone) return { ...nothing, unwatched: true };
  if (addon.metadata.deletionTimestamp !== undefined)
    return { ...nothing, unwatched: hasFinalizer(addon) || keepsChildren(addon), watched: hasFinalizer(addon) };
  if (addon.spec.suspend === true) return { ...nothing, volumes: previewGrows(s) };
  const live = needsLiveCheck(s);
  if (orphanedCluster(s) !== undefined) return { ...nothing, live, unwatched: true };
  const target = targetOf(s);
  if (own.cluster === undefined || isVerdict(target)) return { ...nothing, live };

  const { instances } = target.profile;
  const { provisioned } = judgeCluster(addon, target, own.cluster, instances, awaitsRestart(own.cluster));
  const healthy = isHealthy(provisioned);
  const isPublished = addon.status?.credentials !== undefined;
  const doubtful = observed.resync || isDoubtful(s);
  const waits = healthy && reasonOf(addon, 'CredentialsPublished') === 'CredentialsPending';
  const follow = doubtful || waits || isChanged(s) || isSwitching(s) || (healthy && !isLoginCurrent(s, target));
  const source = isPublished ? follow : healthy && own.cluster.status.applicationSecretVersion !== undefined;
  // The first publication creates the Secret unread, since a create cannot adopt; a database that was adopted brings it along.
  const isKept = formerUidOf(addon, own.cluster) !== undefined;
  return {
    source,
    unwatched: isPublished ? follow : doubtful || (source && isKept) || isLeavingProtection(addon),
    volumes: grows(s, addon.spec.plan) || previewGrows(s),
    live,
    watched: isLeavingProtection(addon),
    facts: stateOf(provisioned) === 'progressing' && isTimeToLook(addon, now),
  };
}

/** The last look at the Secrets ended in something that only another look can end. */
function isDoubtful({ addon }: Situation): boolean {
  const last = recordedCondition(addon, 'CredentialsPublished');
  return last?.status === 'False' && last.reason !== 'CredentialsInvalid' && last.reason !== 'CredentialsPending';
}

/** CNPG saw another version of the credentials than the published one, or the addon's spec may ask for another URL. */
function isChanged({ addon, own: { cluster } }: Situation): boolean {
  const seen = cluster?.status.applicationSecretVersion;
  return (
    (seen !== undefined && seen !== addon.status?.credentials?.sourceVersion) ||
    addon.metadata.generation !== addon.status?.observedGeneration
  );
}

/** From one mode to the other: the finalizer is not yet as the mode asks. */
function isSwitching({ addon }: Situation): boolean {
  return deletesChildren(addon) === hasFinalizer(addon);
}

function previewGrows(s: Situation): boolean {
  const plan = previewedPlan(s.addon);
  return plan !== undefined && grows(s, plan);
}

function grows({ own: { cluster }, observed: { platform } }: Situation, plan: string): boolean {
  const wanted = planToResources(platform.plans, plan)?.storage;
  const live = cluster?.spec.storage?.size;
  return wanted !== undefined && live !== undefined && (compareQuantities(wanted, live) ?? 0) > 0;
}
