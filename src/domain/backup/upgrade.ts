// A major upgrade cannot be undone, and what was archived before it cannot be restored by the new version. So it waits for a base backup.

import type { ReachableImage } from '../database/image.ts';
import { setVersion } from '../database/running.ts';
import { majorOf } from '../database/version.ts';
import type { Situation } from '../situation.ts';
import { serverNameOf } from './archive.ts';
import { attemptName } from './first-backup.ts';

/** The image that may be written now, and the Backup that the requested one waits for, as the beginning of its name. */
export type HeldImage = ReachableImage & { readonly awaits?: string };

/**
 * Holds a new major version back until a base backup that was begun for it is completed. A database that archives nothing has none to
 * wait for.
 * @param hasBackups whether the plan of the addon has backups
 * @param hasStore whether there is a store to make one in: without, the upgrade waits for it
 */
export function untilBackedUp(
  s: Situation,
  reachable: ReachableImage,
  hasBackups: boolean,
  hasStore: boolean,
): HeldImage {
  const { addon, own, observed } = s;
  const { cluster, objectStore } = own;
  const serverName = serverNameOf(cluster);
  const present = setVersion(s);
  const image = cluster?.spec.imageName;
  if (!hasBackups || serverName === undefined || image === undefined || present === undefined) return reachable;
  const from = cluster?.status.dataMajor ?? majorOf(present);
  const to = majorOf(reachable.version);
  // Somebody else may have set the image: it is the data that cannot go back.
  if (from === undefined || to === undefined || to <= from || majorOf(present) !== from) return reachable;
  const wait = `version ${reachable.version} is applied once a base backup of version ${present} is completed`;
  if (!hasStore || objectStore === undefined) {
    const message = `${wait}, and none can be made at the moment: see the condition BackupReady`;
    return { image, version: present, shortfall: { reason: 'UpgradeBackupPending', message } };
  }
  // Each request has its own: one that was made for an earlier request is too old.
  const awaits = `${serverName}-before-${to}-${addon.metadata.generation}`;
  const { backup } = observed;
  const isThere = backup.kind === 'found' && backup.object.metadata.name === attemptName(addon, awaits);
  if (isThere && backup.object.status.phase === 'completed') return reachable;
  return { image, version: present, shortfall: { reason: 'UpgradeBackupPending', message: wait }, awaits };
}
