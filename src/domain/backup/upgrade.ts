// A major upgrade cannot be undone, and what was archived before it cannot be restored by the new version. So it waits for a base backup.

import type { ReachableImage } from '../database/image.ts';
import { setVersion } from '../database/running.ts';
import { majorIn } from '../database/version.ts';
import type { Situation } from '../situation.ts';
import { serverNameOf } from './archive.ts';
import { attemptName } from './first-backup.ts';

/** The image that may be written now, and the Backup that the requested one waits for, as the beginning of its name. */
export type HeldImage = ReachableImage & { readonly awaits?: string };

/**
 * Holds a new major version back until a base backup that was begun for it is completed. A database that archives nothing has none to
 * wait for.
 * @param isArchived whether the plan has backups and there is a store for them
 */
export function untilBackedUp(s: Situation, reachable: ReachableImage, isArchived: boolean): HeldImage {
  const { addon, own, observed } = s;
  const { cluster, objectStore } = own;
  const serverName = serverNameOf(cluster);
  const { imagePattern } = observed.platform;
  const present = setVersion(s);
  const [from, to] = [majorIn(imagePattern, cluster?.spec.imageName), majorIn('{version}', reachable.version)];
  const image = cluster?.spec.imageName;
  if (!isArchived || serverName === undefined || objectStore === undefined || image === undefined) return reachable;
  if (present === undefined || from === undefined || to === undefined || from === to) return reachable;
  // Each request has its own: one that was made for an earlier request is too old.
  const awaits = `${serverName}-before-${to}-${addon.metadata.generation ?? 0}`;
  const { backup } = observed;
  const isThere = backup.kind === 'found' && backup.object.metadata.name === attemptName(addon, awaits);
  if (isThere && backup.object.status.phase === 'completed') return reachable;
  const message = `version ${reachable.version} is applied once a base backup of version ${present} is completed`;
  return { image, version: present, shortfall: { reason: 'UpgradeBackupPending', message }, awaits };
}
