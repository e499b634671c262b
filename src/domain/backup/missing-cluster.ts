// A Cluster that vanished although nobody deleted its addon. As long as its backups can be restored, no empty one takes its place: an
// application would begin to write to it, and the loss would show much later. Only the addon's annotation start-empty permits it.
import { type AddonStatus, annotations, type PostgresAddon } from '../../api/addon.ts';
import { cut } from '../../api/text.ts';
import { timestampOf } from '../../api/time.ts';
import { namesOf } from '../child-names.ts';
import type { Situation } from '../situation.ts';
import type { Verdict } from '../verdict.ts';
import { type Lineage, oldestBackupOf, presentLineage } from './lineage.ts';

/** How much of the annotation and of the path is quoted, in characters: they can be any text. */
const longestQuote = 100;
const longestPath = 400;

/**
 * What can be restored of a Cluster that is seen not to exist, as recorded in status: its lineage or, if that has no base backup yet, the
 * one before. undefined if there is a Cluster, or no lineage was recorded, or backups had stopped.
 */
function lineageWithoutCluster(s: Situation): Lineage | undefined {
  const present = s.observed.children.cluster.kind === 'absent' ? presentLineage(s.addon) : undefined;
  const { lineages = [] } = s.addon.status?.backup ?? {};
  const restorable = lineages.find(({ serverName }) => oldestBackupOf(s, serverName) !== undefined);
  return present && (restorable ?? present);
}

/**
 * Why no Cluster is created; undefined if there is one, if nothing can be restored, or if the annotation permits a new one. The plan of the
 * addon does not matter, nor whether it is suspended: what can be restored is a fact of the past.
 */
export function missingCluster(s: Situation): Verdict | undefined {
  const lineage = lineageWithoutCluster(s);
  if (lineage === undefined || oldestBackupOf(s, lineage.serverName) === undefined) return undefined;
  return startsEmpty(s) ? undefined : missing(s.addon, lineage, askedEmpty(s));
}

/** Whether the annotation permits an empty Cluster in the place of one that vanished. */
export function startsEmpty(s: Situation): boolean {
  const lineage = lineageWithoutCluster(s);
  const asked = askedEmpty(s);
  // Whoever names the lineage of the Cluster itself knows that another one began before.
  const named = [lineage, presentLineage(s.addon)].map((one) => one?.serverName);
  return lineage !== undefined && asked !== undefined && named.includes(asked);
}

function askedEmpty({ addon }: Situation): string | undefined {
  return addon.metadata.annotations?.[annotations.startEmpty];
}

/**
 * Whether a Cluster would be created in the place of one that may have had backups: the addon has to be read first, since an older version
 * of it may lack the backup, or have an annotation that was removed since.
 */
export function replacesLineage(s: Situation): boolean {
  return lineageWithoutCluster(s) !== undefined && missingCluster(s) === undefined;
}

function missing(
  addon: PostgresAddon,
  { serverName, store, destinationPath }: Lineage,
  asked: string | undefined,
): Verdict {
  const { startEmpty } = annotations;
  const where = [
    store && `object store "${store}"`,
    destinationPath && cut(destinationPath, longestPath),
    `server name ${serverName}`,
  ]
    .filter(Boolean)
    .join(', ');
  const other =
    asked === undefined ? '' : `; the annotation ${startEmpty} is "${cut(asked, longestQuote)}", which is another one`;
  return {
    reason: 'ClusterMissing',
    message:
      `Cluster ${namesOf(addon).cluster} was deleted, but not by this operator, and its backups can be restored (${where}), so no empty one takes its place. ` +
      'To restore it, delete this addon with spec.mode standard, which leaves the backups, and create it again with spec.restore.from.archive. ' +
      `To start with a new Cluster, set the annotation ${startEmpty}=${serverName} on this addon${other}: ` +
      'it is empty, unless the volume claims of the deleted one still exist, as after kubectl delete cluster --cascade=orphan',
  };
}

/** `status.backup` while the Cluster is missing: what is recorded, without what only a Cluster can do. @param now wall-clock time in milliseconds */
export function backupWithoutCluster(s: Situation, now: number): AddonStatus['backup'] {
  const { archiving: _, nextTime: __, lineages = [], now: asked, ...kept } = s.addon.status?.backup ?? {};
  const message = 'the Cluster was deleted';
  const ended =
    asked?.result === 'Running' ? { ...asked, result: 'Failed' as const, endTime: timestampOf(now), message } : asked;
  const [present, ...past] = lineages;
  const from = present && oldestBackupOf(s, present.serverName);
  return {
    ...kept,
    ...(ended === undefined ? {} : { now: ended }),
    effective: 'none',
    ...(from === undefined ? {} : { recoveryWindow: { from } }),
    lineages: present === undefined ? [] : [{ ...present, ...(from === undefined ? {} : { from }) }, ...past],
  };
}
