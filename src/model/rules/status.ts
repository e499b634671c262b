// The rules on what status must never report, each with a name.
import { type AddonStatus, annotations, protectionFinalizer } from '../../api/addon.ts';
import type { Cluster } from '../../api/cnpg.ts';
import { type ConditionType, type Reason, reasons, rowOf } from '../../api/conditions.ts';
import { type EventReason, events } from '../../api/events.ts';
import type { Condition } from '../../api/kubernetes.ts';
import { extraRoles, isWatched, partsOf, type Role } from '../../domain/children.ts';
import { defaultPlans } from '../../domain/database/plans.ts';
import type { Transition } from '../../domain/transitions.ts';
import { belongs } from '../belongs.ts';
import { readySince, runningPart, runsAsAsked, stands, statusOf } from '../cnpg.ts';
import { sameFields } from '../fields.ts';
import { says } from '../memory.ts';
import { kindOf, nameOf, passwordIn, type Stored, textOf } from '../objects.ts';
import { live } from '../state.ts';
import { claimedIn, fieldSources, isOfPlan, valuesAt } from './fields.ts';
import type { Rule } from './objects.ts';
import { conditionIn, type Reported, reportedIn } from './reported.ts';

export const statusRules = {
  'ready_at and clusterName never move': (before, step) => {
    const reported = reportedIn(step);
    if (reported === undefined) return undefined;
    const { status, addon, seen } = reported;
    const { ready_at: at, clusterName } = status;
    // A stale view may have neither. The API server then has a newer version, and the operator requeues.
    for (const [is, was] of [
      [at, addon.status?.ready_at],
      [clusterName, addon.status?.clusterName],
    ])
      if (was !== undefined && is !== was) return `it had seen ${was}, and wrote ${is}`;
    if (at === undefined || addon.status?.ready_at !== undefined || reported.refused) return undefined;
    const { cluster } = seen;
    if (cluster === undefined || !belongs(addon, cluster))
      return 'ready_at is reported for a database that is not its own';
    const kept = cluster.metadata.annotations?.[annotations.readyAt];
    if (kept !== undefined && kept !== at) return `ready_at of an adopted database is ${at}, and was ${kept}`;
    const { ready, torn, abrupt } = before.memory;
    const known = ready?.cluster === cluster.metadata.uid && !torn && !abrupt;
    return known && ready.at !== at ? `ready_at is ${at}, and was ${ready.at}` : undefined;
  },

  'observedGeneration never falls': (before, step) => {
    const reported = reportedIn(step);
    if (reported === undefined || reported.refused) return undefined;
    const is = reported.status.observedGeneration ?? 0;
    const addon = live(before, 'addon');
    const was = (addon?.status as AddonStatus | undefined)?.observedGeneration ?? 0;
    // A status of a generation that does not exist was restored.
    if (was > (addon?.metadata.generation ?? 0)) return undefined;
    return is < was ? `it fell from ${was} to ${is}` : undefined;
  },

  'no status tells a password': (_, step) => {
    const reported = reportedIn(step);
    return reported !== undefined && /\bpw-\d/.test(JSON.stringify(reported.status))
      ? 'status contains a password'
      : undefined;
  },

  'Ready means that it runs as asked': (_, step) => {
    const reported = reportedIn(step);
    if (reported === undefined || reported.refused || !says(reported.status, 'Ready')) return undefined;
    const { status, addon, seen } = reported;
    const { cluster, scheduledBackup } = seen;
    if (cluster === undefined) return 'Ready without a Cluster';
    // The children of a suspended addon are not changed.
    if (addon.spec.suspend === true) return undefined;
    if (status.observedGeneration !== addon.metadata.generation) return 'Ready describes another generation';
    const profile = defaultPlans[addon.spec.plan];
    const { instances, resources } = cluster.spec as { readonly instances?: number; readonly resources?: unknown };
    const { limits } = (resources ?? {}) as { readonly limits?: { readonly memory?: string } };
    if (instances !== profile.instances || limits?.memory !== profile.memory)
      return `Ready, and the Cluster does not have what plan ${addon.spec.plan} says`;
    // A foreign ScheduledBackup does not matter to a plan without backups.
    const isBackedUp = scheduledBackup !== undefined && belongs(addon, scheduledBackup);
    // A database does not wait for its first backup, and its schedule does.
    const isDue = profile.backup !== 'none' && says(status, 'BackupReady');
    const isAsPlanned = isBackedUp ? profile.backup !== 'none' : !isDue;
    if (!isAsPlanned && !isObstructed(status, 'BackupReady')) return 'Ready, and the ScheduledBackup is not as planned';
    return runsAsAsked(cluster) ? undefined : 'Ready, and the instances do not run what was asked for';
  },

  'Ready means that a login succeeded': (before, step) => {
    const reported = reportedIn(step);
    if (reported === undefined || reported.refused || !says(reported.status, 'Ready')) return undefined;
    // The operator does not log in to a suspended addon: its status relies on what CNPG reports.
    const { cluster } = reported.seen;
    if (cluster === undefined || reported.addon.spec.suspend === true) return undefined;
    const { login } = before.memory;
    if (login === undefined) return 'no login has ever succeeded';
    if (login.cluster !== cluster.metadata.uid) return 'the last login was to an earlier Cluster';
    // Compared with the observed Cluster and with the current one; a login of this round was to the Cluster at that time.
    const holds = (what: (cluster: Stored) => string | undefined, then: string | undefined): boolean =>
      reported.loggedIn || [cluster, live(before, 'cluster')].some((at) => at !== undefined && what(at) === then);
    if (!holds(readySince, login.since)) return 'the database was not ready since the last login';
    if (!holds((at) => statusOf(at).primary, login.primary)) return 'the last login was before a failover';
    const url = textOf(live(before, 'urlSecret'), 'DATABASE_URL');
    return passwordIn(url) === undefined || url === login.url ? undefined : 'the last login was with another URL';
  },

  'no condition claims what was neither seen nor written': (_, step) => {
    const reported = reportedIn(step);
    if (reported === undefined || reported.refused) return undefined;
    if (says(reported.status, 'Suspended') && reported.addon.spec.suspend !== true)
      return 'Suspended is True, and spec.suspend is not';
    for (const [type, role] of claims) {
      const [was, is] = [conditionIn(reported.addon.status, type), conditionIn(reported.status, type)];
      // A condition that was not judged keeps its value, which was checked when it was written; not if the object is seen to be absent.
      const isNew = is?.status !== was?.status || is?.reason !== was?.reason || is?.message !== was?.message;
      const isSeen = isWatched(role) && reported.addon.metadata.deletionTimestamp === undefined;
      if ((isNew || isSeen) && is?.status === 'True' && reported.seen[role] === undefined)
        return `${type} is True (${is.reason}), and its ${kindOf[role]} was neither seen nor written`;
      if (isNew && is?.status === 'True' && evidence[type]?.(reported) === false)
        return `${type} is True (${is.reason}), and what it rests on was not seen`;
      const { cluster } = reported.seen;
      if (is?.status === 'True' && cluster !== undefined && !belongs(reported.addon, cluster))
        return `${type} is True (${is.reason}), and the Cluster is seen to belong to another`;
    }
    return undefined;
  },

  'phase, Reconciling and Stalled follow from Ready': (_, step) => {
    const { status, addon } = reportedIn(step) ?? {};
    if (status?.phase === undefined) return undefined;
    const unready = status.ready_at === undefined ? 'creating' : 'provisioning';
    const living = says(status, 'Ready') ? 'running' : unready;
    const phase = addon?.metadata.deletionTimestamp === undefined ? living : 'deleted';
    if (status.phase !== phase) return `phase is ${status.phase}, and should be ${phase}`;
    const why = (type: ConditionType): string | undefined => conditionIn(status, type)?.reason;
    const other = (['Reconciling', 'Stalled'] as const).find((type) => ![undefined, why('Ready')].includes(why(type)));
    return other && `${other} says ${why(other)}, and Ready ${why('Ready')}`;
  },

  'an Event tells what status says now and did not say before': (_, step) => {
    const { status, addon } = reportedIn(step) ?? {};
    const untrue = step.attempt?.events?.find((event) => status && !isNews(event, addon?.status, status));
    return untrue && `an Event ${untrue.reason} tells "${untrue.note}", which is no news in status`;
  },

  'no extra Secret is offered that was neither seen nor written': (_, step) => {
    const reported = reportedIn(step);
    if (reported === undefined || reported.refused) return undefined;
    const { addon, status, seen } = reported;
    if (status.binding !== undefined && addon.status?.binding === undefined && seen.bindingSecret === undefined)
      return 'status.binding names a Secret that was neither seen nor written';
    const was = conditionIn(addon.status, 'ExtrasPublished');
    const is = conditionIn(status, 'ExtrasPublished');
    if (is?.status !== 'True' || is.message === was?.message) return undefined;
    const named = extraRoles.filter((role) => is.message.includes(nameOf[role]));
    const missing = named.find((role) => seen[role] === undefined);
    return missing && `ExtrasPublished is True, and ${nameOf[missing]} was neither seen nor written`;
  },

  'a role is ready only with a DATABASE_URL that was seen, and a password that CNPG has set': (_, step) => {
    const reported = reportedIn(step);
    if (reported === undefined || reported.refused) return undefined;
    const { addon, status, seen } = reported;
    const [was, is] = [conditionIn(addon.status, 'RolesReady'), conditionIn(status, 'RolesReady')];
    if (is?.status !== 'True' || (was?.status === 'True' && was.message === is.message)) return undefined;
    for (const level of addon.spec.roles ?? []) {
      const { role, login, secret } = partsOf[level];
      const [made, password, url] = [seen[role], seen[login], seen[secret]];
      if (url === undefined || !belongs(addon, url))
        return `RolesReady, and ${nameOf[secret]} was neither seen nor written`;
      if (made?.status?.applied !== true || made.status.secretResourceVersion !== password?.metadata.resourceVersion)
        return `RolesReady, and CNPG has not reported role ${level} with its password`;
      if (passwordIn(textOf(url, 'DATABASE_URL')) !== textOf(password, 'password'))
        return `RolesReady, and ${nameOf[secret]} holds another password`;
    }
    return undefined;
  },

  'a backup level is claimed only of the archive that the Cluster writes, with a base backup': (_, step) => {
    const reported = reportedIn(step);
    const { backup } = reported?.status ?? {};
    if (reported === undefined || reported.refused || backup === undefined) return undefined;
    const isClaimed = backup.effective !== undefined && backup.effective !== 'none';
    if (!isClaimed) return says(reported.status, 'BackupReady') ? 'BackupReady is True without a level' : undefined;
    const [lineage] = backup.lineages ?? [];
    if (backup.recoveryWindow?.from === undefined) return `${backup.effective} without a base backup`;
    if (lineage?.serverName !== backup.serverName || lineage?.until !== undefined)
      return `${backup.effective} of ${backup.serverName}, and the present lineage is ${lineage?.serverName}`;
    if (backup.archiving === 'failing' || backup.archiving === 'late')
      return `${backup.effective} while WAL is not archived`;
    const { cluster } = reported.seen;
    if (cluster === undefined) return undefined;
    if (!belongs(reported.addon, cluster)) return `${backup.effective}, and the Cluster is seen to belong to another`;
    const { plugins } = cluster.spec as Cluster['spec'];
    const writes = plugins?.map((plugin) => plugin?.parameters?.serverName).find((name) => name !== undefined);
    return writes === backup.serverName
      ? undefined
      : `${backup.effective} of ${backup.serverName}, and it writes ${writes}`;
  },

  'Stalled by time comes after Reconciling': (_, step) => {
    const reported = reportedIn(step);
    const stalled = reported && conditionIn(reported.status, 'Stalled');
    if (reported === undefined || stalled === undefined || !tookTooLong(stalled)) return undefined;
    if (reported.created) return 'it takes too long to start a Cluster that was just created';
    const { status, metadata, spec } = reported.addon;
    const last = conditionIn(status, 'Reconciling') ?? conditionIn(status, 'Stalled');
    const isAttempt = last !== undefined && (last.type === 'Reconciling' || tookTooLong(last));
    if (!isAttempt) return 'it took too long, and was not in progress before';
    const isOfSpec = spec.suspend === true || last.observedGeneration === metadata.generation;
    return isOfSpec ? undefined : 'it took too long for a spec that was just changed';
  },

  'a suspended addon keeps what status says of its plan': (_, step) => {
    const reported = reportedIn(step);
    if (
      reported === undefined ||
      reported.addon.spec.suspend !== true ||
      reported.addon.metadata.deletionTimestamp !== undefined
    )
      return undefined;
    const { status, addon } = reported;
    const changed = (['plan', 'version', 'image', 'clusterName', 'resources', 'endpoints'] as const).find(
      (field) => !sameFields(status[field], addon.status?.[field]),
    );
    return changed && `it reports another ${changed} while it changes nothing`;
  },

  // The last one: those before say more.
  'no field claims what was neither seen nor written': (_, step) => {
    const reported = reportedIn(step);
    if (reported === undefined || reported.refused) return undefined;
    for (const field of Object.keys(fieldSources)) {
      const claimed = claimedIn(field, reported);
      if (claimed !== undefined) return `status.${field} is ${claimed}, and that was neither seen nor written`;
    }
    return undefined;
  },
} as const satisfies Readonly<Record<string, Rule>>;

/** The object that a condition is about when it is True. */
const claims: readonly (readonly [ConditionType, Role])[] = [
  ['Provisioned', 'cluster'],
  ['PlanApplied', 'cluster'],
  ['Protected', 'cluster'],
  ['EndOfLife', 'cluster'],
  ['Adopted', 'cluster'],
  ['CredentialsPublished', 'urlSecret'],
  ['Connectable', 'urlSecret'],
  ['BackupReady', 'scheduledBackup'],
  ['Promoted', 'promotedSecret'],
];

/** Whether a status says what an Event tells, and the one before did not. */
function isNews({ reason, note }: Transition, before: AddonStatus | undefined, status: AddonStatus): boolean {
  const isChanged = (field: string): boolean => !sameFields(valuesAt(before ?? {}, field), valuesAt(status, field));
  if (Object.hasOwn(events, reason)) return events[reason as EventReason].fields.some(isChanged);
  return (status.conditions ?? []).some((is) => {
    if (is.reason !== reason || is.message !== note) return false;
    const was = before?.conditions?.find(({ type }) => type === is.type);
    return was?.reason !== is.reason || was.status !== is.status || (is.type === 'Ready' && isChanged('phase'));
  });
}

/** Whether what was observed or written is enough for a condition that becomes True, where more is needed than that its object exists. */
const evidence: Readonly<Partial<Record<ConditionType, (reported: Reported) => boolean>>> = {
  Provisioned: ({ from: { cluster } }) => cluster !== undefined && stands(cluster),
  PlanApplied: ({ addon, seen: { cluster } }) =>
    cluster !== undefined && isOfPlan(cluster, addon.spec.plan) && cluster.inside?.ran === runningPart(cluster),
  // Whether no child has an owner shows when the addon is deleted ('the protected outlive their addon').
  Protected: ({ addon, seen }) =>
    addon.spec.mode === 'protected' || seen.addon.metadata.finalizers?.includes(protectionFinalizer) === true,
  Adopted: ({ seen: { cluster } }) => cluster?.metadata.annotations?.[annotations.formerUid] !== undefined,
};

/** Whether Stalled reports that something that was in progress took too long. */
function tookTooLong({ reason }: Condition): boolean {
  return reason === 'TakingTooLong' || (reason in reasons && rowOf(reason as Reason).state === 'progressing');
}

/** Whether a condition reports an obstacle. */
function isObstructed(status: AddonStatus, condition: ConditionType): boolean {
  const reason = conditionIn(status, condition)?.reason;
  return reason !== undefined && obstructions.includes(reason);
}
const obstructions: readonly string[] = [
  'NameConflict',
  'AdoptionRefused',
  'OldObjectTerminating',
  'Refused',
  'NamespaceTerminating',
];
