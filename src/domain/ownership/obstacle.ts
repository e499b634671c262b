// What forbids to act at all, in the order in which it is found: then nothing is touched, and status says what it is.
import { labels } from '../../api/addon.ts';
import type { KubeObject } from '../../api/kubernetes.ts';
import type { Availability, Observed } from '../observed.ts';
import type { Target, Verdict } from '../target.ts';
import { uidOn, whose } from './owner.ts';

/** The first thing in the way; undefined when the children are ours, are waiting to be taken back, or do not exist. */
export function findObstacle(o: Observed, target: Target): Verdict | undefined {
  return (
    kindObstacle('Cluster', o.kinds.clusters) ??
    kindObstacle('ScheduledBackup', o.kinds.scheduledBackups) ??
    ownerObstacle(o, 'Cluster', o.cluster) ??
    (target.backup === 'none' ? undefined : ownerObstacle(o, 'ScheduledBackup', o.scheduledBackup))
  );
}

function kindObstacle(kind: string, availability: Availability): Verdict | undefined {
  switch (availability) {
    case 'served':
      return undefined;
    case 'missing':
      return {
        reason: 'CNPGNotInstalled',
        message: `the API server does not serve ${kind} (postgresql.cnpg.io/v1); install CloudNativePG`,
      };
    case 'forbidden':
      return {
        reason: 'Forbidden',
        message: `the operator may not list and watch ${kind} (postgresql.cnpg.io); grant it that right`,
      };
  }
}

function ownerObstacle(o: Observed, kind: string, child: KubeObject | undefined): Verdict | undefined {
  if (child === undefined) return undefined;
  const { name, deletionTimestamp } = child.metadata;
  switch (whose(o.addon, child)) {
    case 'foreign':
      return foreign(o, kind, child);
    case 'previous':
      return {
        reason: 'PreviousIncarnation',
        message: `${kind} ${name} of the deleted addon of this name is still being removed`,
      };
    case 'ours':
    case 'orphan':
      if (deletionTimestamp === undefined) return undefined;
      return { reason: 'PreviousIncarnation', message: `${kind} ${name} was deleted and is still being removed` };
  }
}

/** Somebody else's, or what a deleted addon of another name left behind: in both cases somebody has to decide. */
export function foreign(o: Observed, kind: string, child: KubeObject): Verdict {
  const { name } = child.metadata;
  const uid = uidOn(child);
  const left = uid !== undefined && !o.holders.includes(uid) && (child.metadata.ownerReferences ?? []).length === 0;
  if (!left)
    return {
      reason: 'NameConflict',
      message: `${kind} ${name} exists and does not belong to this addon; it was left as it is`,
    };
  const former = child.metadata.labels?.[labels.name] ?? '';
  return {
    reason: 'AdoptionRefused',
    message: `${kind} ${name} was left behind by the deleted PostgresAddon "${former}"; apply that one again to take it back, or hand its objects over by the label ${labels.name}=${o.addon.metadata.name}`,
  };
}
