// What going from a Cluster as it is to a target takes: the same steps before, in a preview, and while it happens.
import { type AddonStatus, annotations, type PlanChange, type PlanStep, type PostgresAddon } from '../../api/addon.ts';
import type { Cluster } from '../../api/cnpg.ts';
import type { Observed } from '../observed.ts';
import { whose } from '../ownership/owner.ts';
import { compareQuantities } from '../quantity.ts';
import { aim, type Target, type Verdict } from '../target.ts';
import { versionOfImage } from './version.ts';

interface Steps {
  readonly steps: readonly PlanStep[];
  readonly restart: boolean;
  readonly diskKept: boolean;
}

/** @param cluster the addon's own */
function stepsBetween(o: Observed, cluster: Cluster, target: Target): Steps {
  const { spec } = cluster;
  const parameters = spec.postgresql?.parameters;
  const { profile } = target;
  const rows: readonly (readonly [what: string, from: unknown, to: unknown, restarts: boolean])[] = [
    ['version', versionOfImage(o.platform.imagePattern, spec.imageName ?? ''), target.version, true],
    ['instances', spec.instances, profile.instances, false],
    ['memory', spec.resources?.limits?.memory, profile.memory, true],
    ['storage', spec.storage?.size, target.storage, false],
    ['shared_buffers', parameters?.shared_buffers, profile.sharedBuffers, true],
    ['max_connections', parameters?.max_connections, String(profile.maxConnections), true],
    [
      'synchronous',
      spec.postgresql?.synchronous === undefined ? 'off' : 'on',
      profile.instances > 1 ? 'on' : 'off',
      false,
    ],
    ['backup', o.addon.status?.backup?.requested, target.backup, false],
  ];
  const changed = rows
    .map(([what, from = 'none', to, restarts]) => ({ what, from: String(from), to: String(to), restarts }))
    .filter(({ from, to }) => from !== to && compareQuantities(from, to) !== 0);
  return {
    steps: changed.map(({ what, from, to }) => ({ what, from, to })),
    restart: changed.some(({ restarts }) => restarts),
    diskKept: target.reservation?.reason === 'DiskKept',
  };
}

/**
 * The change that status tells of: one that begins now, or the last one with its present state.
 * @param cluster the addon's own, as it is before this round's writes
 * @param asked whether somebody asked for what is being written now
 */
export function planChangeOf(
  o: Observed,
  target: Target,
  cluster: Cluster | undefined,
  asked: boolean,
  planApplied: Verdict,
): PlanChange | undefined {
  const before = o.addon.status?.planChange;
  const state = stateOf(planApplied);
  const from = o.addon.status?.plan;
  // The second of two writes for one wish goes on with the change that the first began.
  const goesOn = before?.state === 'Applying' && before.to === target.plan && from === target.plan;
  if (asked && !goesOn && cluster !== undefined && from !== undefined) {
    const { steps, restart, diskKept } = stepsBetween(o, cluster, target);
    if (steps.length > 0) return { from, to: target.plan, steps: [...steps], restart, diskKept, state };
  }
  return before === undefined ? undefined : { ...before, state };
}

function stateOf({ reason }: Verdict): NonNullable<PlanChange['state']> {
  switch (reason) {
    case 'Applying':
    case 'Suspended':
      return reason;
    case 'Applied':
    case 'DiskKept':
      return 'Applied';
    // It was never ready: the change goes into the first creation.
    case 'Creating':
      return 'Applying';
    default:
      return 'Partial';
  }
}

type Preview = NonNullable<AddonStatus['preview']>;

/** Longest part of a wrong annotation that is repeated. */
const longestQuote = 40;

/** What the plan that the annotation names would change; undefined without the annotation. Nothing is applied for it. */
export function previewOf(o: Observed): Preview | undefined {
  const plan = previewedPlan(o.addon);
  if (plan === undefined) return undefined;
  const quoted = plan.length > longestQuote ? `${plan.slice(0, longestQuote)}...` : plan;
  const target = aim(wishing(o, plan));
  if ('reason' in target) {
    const known = Object.keys(o.platform.plans).join(', ');
    return {
      plan: quoted,
      message: `annotation ${annotations.preview}: "${quoted}" is not a plan; use one of ${known}`,
    };
  }
  if (o.cluster === undefined || whose(o.addon, o.cluster) !== 'ours')
    return { plan: quoted, message: 'there is no database yet, so there is nothing to change' };
  const { steps, restart, diskKept } = stepsBetween(o, o.cluster, target);
  const message = target.reservation?.message ?? (steps.length === 0 ? 'nothing would change' : undefined);
  return { plan: quoted, steps: [...steps], restart, diskKept, ...(message === undefined ? {} : { message }) };
}

export function previewedPlan(addon: PostgresAddon): string | undefined {
  return addon.metadata.annotations?.[annotations.preview];
}

/** The same addon with another plan; the schema is not asked, since the word may be anything. */
export function wishing(o: Observed, plan: string): Observed {
  return { ...o, addon: { ...o.addon, spec: { ...o.addon.spec, plan: plan as PostgresAddon['spec']['plan'] } } };
}
