// Whether a login has proved what status claims: with these credentials, to this primary, since the database stood still last.
import { isAsked } from '../database/cluster-diff.ts';
import type { Observed } from '../observed.ts';
import { reasonOf } from '../recorded.ts';
import { aim } from '../target.ts';
import type { Publication } from './publish.ts';

/** @param publication what this round publishes; undefined before anything was read for it */
export function isProved(o: Observed, publication?: Publication): boolean {
  const { addon, cluster, platform, checkup } = o;
  if (platform.connectionCheck === 'Off') return true;
  const target = aim(o);
  if (cluster === undefined || 'reason' in target || isAsked(addon, target, cluster)) return false;
  const recorded = addon.status?.credentials?.sourceVersion;
  const published = publication ?? {
    actions: [],
    credentials: { sourceVersion: cluster?.status.applicationSecretVersion },
  };
  return (
    !checkup &&
    // A change that was written but never told of may have been carried out since.
    addon.metadata.generation === addon.status?.observedGeneration &&
    reasonOf(addon, 'Connectable') === 'LoggedIn' &&
    published.actions.length === 0 &&
    published.credentials.sourceVersion === recorded &&
    addon.status?.primary === cluster.status.currentPrimary &&
    addon.status?.readySince === cluster.status.readyCondition?.lastTransitionTime
  );
}
