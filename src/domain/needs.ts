// Which live reads the next decision depends on: none when nothing changed, so that a quiet addon costs no request.
import { awaitsRestart } from './awaiting.ts';
import type { Observed } from './observed.ts';
import { whose } from './owner.ts';
import { reasonOf } from './past.ts';
import { planToResources } from './plans.ts';
import { compareQuantities } from './quantity.ts';
import { judgeCluster } from './readiness.ts';
import { aim } from './target.ts';

export interface Needs {
  /** CNPG's Secret with the credentials. */
  readonly source: boolean;
  /** The Secret with DATABASE_URL. */
  readonly urlSecret: boolean;
  /** The Cluster's volume claims and their StorageClasses. */
  readonly volumes: boolean;
}

const nothing: Needs = { source: false, urlSecret: false, volumes: false };

/**
 * @param o what the caches hold, with every live read still unread
 * @param checkup whether it is time to look at the Secrets although nothing changed: they are not watched
 */
export function needs(o: Observed, checkup: boolean): Needs {
  const { addon, cluster } = o;
  if (addon.metadata.deletionTimestamp !== undefined || cluster === undefined || whose(addon, cluster) !== 'ours')
    return nothing;
  const published = addon.status?.credentials;
  const doubtful = reasonOf(addon, 'CredentialsPublished') === 'NameConflict';
  const source = published === undefined ? provisioned(o) : checkup || doubtful || changed(o);
  return {
    source,
    // The first publication creates the Secret unread, since a create cannot adopt.
    urlSecret: doubtful || checkup || (source && published !== undefined),
    volumes: grows(o),
  };
}

function provisioned(o: Observed): boolean {
  const target = aim(o);
  if (o.cluster?.status.applicationSecretVersion === undefined || 'reason' in target) return false;
  return judgeCluster(o.addon, target, o.cluster, awaitsRestart(o.cluster)).provisioned.reason === 'ClusterHealthy';
}

/** CNPG saw another version of the credentials than the published one, or the addon's spec may ask for another URL. */
function changed({ addon, cluster }: Observed): boolean {
  const seen = cluster?.status.applicationSecretVersion;
  return (
    (seen !== undefined && seen !== addon.status?.credentials?.sourceVersion) ||
    addon.metadata.generation !== addon.status?.observedGeneration
  );
}

function grows({ addon, cluster, platform }: Observed): boolean {
  const wanted = planToResources(platform.plans, addon.spec.plan)?.storage;
  const live = cluster?.spec.storage?.size;
  return wanted !== undefined && live !== undefined && (compareQuantities(wanted, live) ?? 0) > 0;
}
