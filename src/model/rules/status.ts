// What status must never say, each rule by name.
import { type AddonStatus, annotations, type PostgresAddon } from '../../api/addon.ts';
import type { ConditionType } from '../../api/conditions.ts';
import type { Condition } from '../../api/kubernetes.ts';
import type { Role } from '../../domain/children.ts';
import { defaultPlans } from '../../domain/database/plans.ts';
import { belongs } from '../belongs.ts';
import { readySince, runsAsAsked, statusOf } from '../cnpg.ts';
import { sameFields } from '../fields.ts';
import { says } from '../memory.ts';
import { kindOf, passwordIn, type Stored, textOf } from '../objects.ts';
import type { View } from '../observe.ts';
import { live } from '../state.ts';
import type { Step } from '../step.ts';
import type { Rule } from './objects.ts';

export const statusRules = {
  'ready_at and clusterName never move': (before, step) => {
    const told = toldIn(step);
    if (told === undefined) return undefined;
    const { status, addon, seen } = told;
    const { ready_at: at, clusterName } = status;
    // A stale view may know of neither; then the server has another version, and the operator looks again.
    for (const [is, was] of [
      [at, addon.status?.ready_at],
      [clusterName, addon.status?.clusterName],
    ])
      if (was !== undefined && is !== was) return `it had seen ${was}, and wrote ${is}`;
    if (at === undefined || addon.status?.ready_at !== undefined || told.refused) return undefined;
    const { cluster } = seen;
    if (cluster === undefined || !belongs(addon, cluster)) return 'ready_at is told of a database that is not its own';
    const kept = cluster.metadata.annotations?.[annotations.readyAt];
    if (kept !== undefined && kept !== at) return `ready_at of a database taken back is ${at}, and was ${kept}`;
    const { ready, torn, abrupt } = before.memory;
    const known = ready?.cluster === cluster.metadata.uid && !torn && !abrupt;
    return known && ready.at !== at ? `ready_at is ${at}, and was ${ready.at}` : undefined;
  },

  'observedGeneration never falls': (before, step) => {
    const told = toldIn(step);
    if (told === undefined || told.refused) return undefined;
    const is = told.status.observedGeneration ?? 0;
    const was = (live(before, 'addon')?.status as AddonStatus | undefined)?.observedGeneration ?? 0;
    return is < was ? `it fell from ${was} to ${is}` : undefined;
  },

  'no status tells a password': (_, step) => {
    const told = toldIn(step);
    return told !== undefined && /\bpw-\d/.test(JSON.stringify(told.status)) ? 'status holds a password' : undefined;
  },

  'Ready means that it runs as asked': (_, step) => {
    const told = toldIn(step);
    if (told === undefined || told.refused || !says(told.status, 'Ready')) return undefined;
    const { status, addon, seen } = told;
    const { cluster, scheduledBackup } = seen;
    if (cluster === undefined) return 'Ready without a Cluster';
    // Who suspends an addon leaves its children to themselves.
    if (addon.spec.suspend === true) return undefined;
    if (status.observedGeneration !== addon.metadata.generation) return 'Ready speaks of another generation';
    const profile = defaultPlans[addon.spec.plan];
    const { instances, resources } = cluster.spec as { readonly instances?: number; readonly resources?: unknown };
    const { limits } = (resources ?? {}) as { readonly limits?: { readonly memory?: string } };
    if (instances !== profile.instances || limits?.memory !== profile.memory)
      return `Ready, and the Cluster does not have what plan ${addon.spec.plan} says`;
    // One that belongs to somebody else is nobody's concern in a plan without backups.
    const isBackedUp = scheduledBackup !== undefined && belongs(addon, scheduledBackup);
    const isAsPlanned = (profile.backup === 'none') !== isBackedUp;
    if (!isAsPlanned && !isObstructed(status, 'BackupReady')) return 'Ready, and the ScheduledBackup is not as planned';
    return runsAsAsked(cluster) ? undefined : 'Ready, and the instances do not run what was asked for';
  },

  'Ready means that a login succeeded': (before, step) => {
    const told = toldIn(step);
    if (told === undefined || told.refused || !says(told.status, 'Ready')) return undefined;
    // Nobody logs in to a suspended addon: its status tells what CNPG says.
    const { cluster } = told.seen;
    if (cluster === undefined || told.addon.spec.suspend === true) return undefined;
    const { login } = before.memory;
    if (login === undefined) return 'nobody has ever logged in';
    if (login.cluster !== cluster.metadata.uid) return 'the last login was to another incarnation of the Cluster';
    // What was seen, or what is: the login of this very round is to what was there then.
    const holds = (what: (cluster: Stored) => string | undefined, then: string | undefined): boolean =>
      told.loggedIn || [cluster, live(before, 'cluster')].some((at) => at !== undefined && what(at) === then);
    if (!holds(readySince, login.since)) return 'the database was away since the last login';
    if (!holds((at) => statusOf(at).primary, login.primary)) return 'the last login was before a failover';
    const url = textOf(live(before, 'urlSecret'), 'DATABASE_URL');
    return passwordIn(url) === undefined || url === login.url ? undefined : 'the last login was with another URL';
  },

  'no condition claims what was neither seen nor written': (_, step) => {
    const told = toldIn(step);
    if (told === undefined || told.refused) return undefined;
    for (const [type, role] of claims) {
      const [was, is] = [conditionIn(told.addon.status, type), conditionIn(told.status, type)];
      // The last word stands where nothing new was learned; it was judged when it was said.
      const isNew = is?.status !== was?.status || is?.reason !== was?.reason || is?.message !== was?.message;
      if (isNew && is?.status === 'True' && told.seen[role] === undefined)
        return `${type} is True (${is.reason}), and its ${kindOf[role]} was neither seen nor written`;
    }
    return undefined;
  },

  'a suspended addon keeps what status says of its plan': (_, step) => {
    const told = toldIn(step);
    if (told === undefined || told.addon.spec.suspend !== true || told.addon.metadata.deletionTimestamp !== undefined)
      return undefined;
    const { status, addon } = told;
    const changed = (['plan', 'version', 'image', 'clusterName', 'resources', 'endpoints'] as const).find(
      (field) => !sameFields(status[field], addon.status?.[field]),
    );
    return changed && `it tells another ${changed} while it changes nothing`;
  },
} as const satisfies Readonly<Record<string, Rule>>;

/** The objects that a condition speaks of when it is True. */
const claims: readonly (readonly [ConditionType, Role])[] = [
  ['Provisioned', 'cluster'],
  ['PlanApplied', 'cluster'],
  ['Protected', 'cluster'],
  ['Adopted', 'cluster'],
  ['CredentialsPublished', 'urlSecret'],
  ['Connectable', 'urlSecret'],
  ['BackupReady', 'scheduledBackup'],
];

function conditionIn(status: AddonStatus | undefined, condition: ConditionType): Condition | undefined {
  return status?.conditions?.find(({ type }) => type === condition);
}

/** Whether a condition says that something stands in the way of what it is about. */
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

interface Told {
  readonly status: AddonStatus;
  readonly addon: PostgresAddon;
  readonly seen: View;
  readonly refused: boolean;
  readonly loggedIn: boolean;
}

/** The status that a step wrote, or tried to, with what the operator knew. */
function toldIn({ attempt }: Step): Told | undefined {
  if (attempt?.request.verb !== 'status') return undefined;
  const { by, request, error } = attempt;
  return {
    status: request.status,
    addon: by.observed.addon,
    seen: by.seen,
    refused: error !== undefined,
    loggedIn: by.result.login?.reason === 'LoggedIn',
  };
}
