// Determines which live reads the next decision needs: none if nothing changed, so that an idle addon causes no requests.
import { isArchiverDue } from './backup/archiving.ts';
import { isRequestRunning, requestedBackup } from './backup/backup-now.ts';
import { isRemovalDue } from './backup/failed-backups.ts';
import { missingCluster } from './backup/missing-cluster.ts';
import { isSidecarDoubtful } from './backup/sidecar.ts';
import { awaitedBackup } from './backup/window.ts';
import { isLoginCurrent } from './credentials/login-due.ts';
import { isAltered } from './database/cluster-diff.ts';
import { isGrowing } from './database/disk.ts';
import { previewedPlan } from './database/plan-change.ts';
import { planToResources } from './database/plans.ts';
import { canBeReady, isHealthy, judgeCluster } from './database/readiness.ts';
import { awaitsRestart } from './database/restart-mark.ts';
import { isTimeToLook } from './diagnosis/deadlines.ts';
import { drillQuestion, isTimeForCause, isToBeChecked, isToBeMade, wantsRoom } from './drill/due.ts';
import { areExtrasOpen, isAuthorityWanted } from './extras/asked.ts';
import type { Observed } from './observed.ts';
import { hasFinalizer, isLeavingProtection } from './ownership/finalizer.ts';
import { otherHolder } from './ownership/holder.ts';
import { needsLiveCheck } from './ownership/live-check.ts';
import { deletesChildren, keepsChildren } from './ownership/owner.ts';
import { isHandoverOpen } from './promotion/claim.ts';
import { compareQuantities } from './quantity.ts';
import { formerUidOf, reasonOf, recordedCondition } from './recorded.ts';
import { isRedacting, redactionIn } from './redaction/state.ts';
import { areRolesOpen, isRoleOverlooked } from './roles/asked.ts';
import { orphanedCluster, type Situation, situationOf } from './situation.ts';
import { type Target, targetOf } from './target.ts';
import { isVerdict, stateOf } from './verdict.ts';

export interface Needs {
  /** CNPG's Secret with the credentials. */
  readonly source: boolean;
  /** CNPG's Secret with the CA of the server. */
  readonly authority: boolean;
  /** The children that are not watched. */
  readonly unwatched: boolean;
  /** The name of the Backup that is awaited, or about to be made. */
  readonly backup: string | undefined;
  /** All Backups that the operator made for the addon. */
  readonly backups: boolean;
  /** Whether a Secret that the API server fails to send leaves everything but the credentials and the login as it is. */
  readonly secretsMayFail: boolean;
  /** The Cluster's volume claims and their StorageClasses. */
  readonly volumes: boolean;
  /** The addon, from the API server instead of the cache. */
  readonly live: boolean;
  /** The watched children, from the API server: one that is missed now would be left behind without an owner and a mark, or called missing. */
  readonly watched: boolean;
  /** The pods, claims and events around a Cluster that does not become ready, or whose backups may have been killed. */
  readonly facts: boolean;
  /** CNPG's Secret with the credentials of the database of a restore drill. */
  readonly drillSource: boolean;
  /** The pods, claims and events around the Cluster of a restore drill. */
  readonly drillFacts: boolean;
  /** Whether another restore drill may begin. */
  readonly drillRoom: boolean;
  /** The Job that redacts a restored database. */
  readonly redaction: boolean;
}

const nothing: Needs = {
  source: false,
  authority: false,
  unwatched: false,
  backup: undefined,
  backups: false,
  secretsMayFail: false,
  volumes: false,
  live: false,
  watched: false,
  facts: false,
  drillSource: false,
  drillFacts: false,
  drillRoom: false,
  redaction: false,
};

/**
 * @param observed what the caches contain, before any live read. In a second call with the results of the reads, only `live` can change
 * @param now wall-clock time in milliseconds
 */
export function needs(observed: Observed, now: number): Needs {
  if (otherHolder(observed) !== undefined) return nothing;
  const s = situationOf(observed);
  const { addon, own } = s;
  if (observed.gone) return { ...nothing, unwatched: true };
  if (addon.metadata.deletionTimestamp !== undefined)
    return { ...nothing, unwatched: hasFinalizer(addon) || keepsChildren(addon), watched: hasFinalizer(addon) };
  const watched = isNewlyMissing(s);
  if (addon.spec.suspend === true) return { ...nothing, volumes: previewGrows(s), watched };
  const live = needsLiveCheck(s);
  if (orphanedCluster(s) !== undefined) return { ...nothing, live, unwatched: true };
  const target = targetOf(s);
  if (own.cluster === undefined || isVerdict(target)) return { ...nothing, live, watched };

  const instances = isAltered(addon, target, own.cluster)
    ? (own.cluster.spec.instances ?? 1)
    : target.profile.instances;
  const verdict = judgeCluster(addon, target, own.cluster, instances, awaitsRestart(own.cluster));
  const { provisioned } = verdict;
  const healthy = isHealthy(provisioned);
  const isUsable = canBeReady(verdict, observed.platform.connectionCheck);
  const isPublished = addon.status?.credentials !== undefined;
  const doubtful = observed.resync || isDoubtful(s);
  const waits = healthy && reasonOf(addon, 'CredentialsPublished') === 'CredentialsPending';
  const isUnredacted = isRedacting(s);
  const follow =
    doubtful ||
    waits ||
    isChanged(s) ||
    isSwitching(s) ||
    isHandoverOpen(s) ||
    areRolesOpen(s) ||
    areExtrasOpen(addon, target.profile, own.cluster, isUsable) ||
    (isUsable && (!isLoginCurrent(s, target) || isArchiverDue(s, target, now) || drillQuestion(addon) !== undefined));
  const hasCredentials = healthy && own.cluster.status.applicationSecretVersion !== undefined;
  const source = !isUnredacted && (isPublished ? follow : hasCredentials);
  // The first publication creates the Secret without a read, since a create cannot adopt. An adopted database already has its Secret.
  const isKept = formerUidOf(addon, own.cluster) !== undefined;
  const isClaimed = source && isHandoverOpen(s);
  const unwatched = isPublished ? follow : doubtful || (source && isKept) || isClaimed || isLeavingProtection(addon);
  return {
    source,
    authority: source && isAuthorityWanted(addon, target.profile),
    backup: backupToRead(s, target, healthy && !isUnredacted),
    backups: isRemovalDue(s, target, now),
    unwatched,
    volumes: grows(s, addon.spec.plan) || previewGrows(s) || (healthy && isGrowing(s)),
    live,
    secretsMayFail: (source || unwatched) && !live && !isLeavingProtection(addon),
    watched: isLeavingProtection(addon) || isRoleOverlooked(s),
    drillSource: isToBeChecked(s),
    drillFacts: isToBeMade(s) || isTimeForCause(s, now),
    drillRoom: wantsRoom(s, target, healthy, now),
    redaction: healthy && redactionIn(addon, own.cluster) === 'Pending',
    facts: (stateOf(provisioned) === 'progressing' && isTimeToLook(addon, now)) || isSidecarDoubtful(s, target, now),
  };
}

/** The request that runs comes first: it ends soon, and what else is awaited can wait for it. */
function backupToRead(s: Situation, target: Target, healthy: boolean): string | undefined {
  const requested = requestedBackup(s, target);
  const awaited = healthy ? awaitedBackup(s, target) : undefined;
  return isRequestRunning(s.addon) ? requested : (awaited ?? requested);
}

/** Nothing confirms that a Cluster is missing, as a create would. Once it is reported, the watch tells of another one. */
function isNewlyMissing(s: Situation): boolean {
  return missingCluster(s) !== undefined && reasonOf(s.addon, 'Ready') !== 'ClusterMissing';
}

/** The last read of the Secrets found a problem whose end only another read can show. */
function isDoubtful(s: Situation): boolean {
  const last = recordedCondition(s.addon, 'CredentialsPublished');
  return last?.status === 'False' && last.reason !== 'CredentialsPending' && !isRedacting(s);
}

/** CNPG reports another version of the credentials than the published one, or the addon's spec may require another URL. */
function isChanged({ addon, own: { cluster } }: Situation): boolean {
  const seen = cluster?.status.applicationSecretVersion;
  return (
    (seen !== undefined && seen !== addon.status?.credentials?.sourceVersion) ||
    addon.metadata.generation !== addon.status?.observedGeneration
  );
}

/** The mode was changed: the finalizer does not match it yet. */
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
