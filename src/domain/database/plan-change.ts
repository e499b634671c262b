// Computes the steps from the live Cluster to a target, for the preview of a change and for its progress in status.
import { type AddonStatus, annotations, type PlanChange, type PlanStep, type PostgresAddon } from '../../api/addon.ts';
import type { Cluster } from '../../api/cnpg.ts';
import { cut } from '../../api/text.ts';
import { serverNameOf } from '../backup/archive.ts';
import { compareQuantities } from '../quantity.ts';
import { type Situation, situationOf } from '../situation.ts';
import { type Target, targetOf } from '../target.ts';
import { isVerdict, type Verdict } from '../verdict.ts';
import { formOf } from './image.ts';
import { versionIn } from './running.ts';
import { sidecarMemoryOf } from './sidecar-memory.ts';

interface Steps {
  readonly steps: readonly PlanStep[];
  readonly restart: boolean;
  readonly diskKept: boolean;
}

/** @param cluster the addon's own */
function stepsBetween(s: Situation, cluster: Cluster, target: Target): Steps {
  const {
    addon,
    observed: { platform },
  } = s;
  const { spec } = cluster;
  const image = spec.imageName ?? '';
  const version = versionIn(s, image);
  const pattern = platform.imagePattern;
  const parameters = spec.postgresql?.parameters;
  const { profile } = target;
  const sidecar = serverNameOf(cluster) === undefined ? undefined : addon.status?.resources?.sidecarMemory;
  const rows: readonly (readonly [what: string, from: unknown, to: unknown, restarts: boolean])[] = [
    ['version', version, target.version, true],
    ['image', formOf(pattern, image, version), formOf(pattern, target.image, target.version), true],
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
    ['backup', addon.status?.backup?.requested, target.backup, false],
    ['sidecarMemory', sidecar, sidecarMemoryOf(addon, target), true],
  ];
  const changed = rows
    .map(([what, from = 'none', to = 'none', restarts]) => ({ what, from: String(from), to: String(to), restarts }))
    .filter(({ from, to }) => from !== to && compareQuantities(from, to) !== 0);
  return {
    steps: changed.map(({ what, from, to }) => ({ what, from, to })),
    restart: changed.some(({ restarts }) => restarts),
    diskKept: target.shortfall?.reason === 'DiskNotShrunk',
  };
}

/**
 * The change in status: one that starts now, or the last one with its current state.
 * @param asked whether the user requested what is being written now
 */
export function planChangeOf(
  s: Situation,
  target: Target,
  asked: boolean,
  planApplied: Verdict,
): PlanChange | undefined {
  const before = s.addon.status?.planChange;
  const state = stateOf(planApplied);
  const from = s.addon.status?.plan;
  const { cluster } = s.own;
  // The second of two writes for one request continues the change that the first one started.
  const isContinued = before?.state === 'Applying' && before.to === target.plan && from === target.plan;
  if (asked && !isContinued && cluster !== undefined && from !== undefined) {
    const { steps, restart, diskKept } = stepsBetween(s, cluster, target);
    if (steps.length > 0) return { from, to: target.plan, steps: [...steps], restart, diskKept, state };
  }
  if (before === undefined) return undefined;
  // A Cluster that takes the place of another one repeats no change that was applied.
  const isOver = before.state === 'Applied' && planApplied.reason === 'Creating';
  return { ...before, state: isOver ? before.state : state };
}

function stateOf({ reason }: Verdict): NonNullable<PlanChange['state']> {
  switch (reason) {
    case 'Applying':
    case 'Suspended':
      return reason;
    case 'Applied':
    case 'DiskNotShrunk':
      return 'Applied';
    // The database was never ready: the change becomes part of its creation.
    case 'Creating':
    case 'VolumeGrowing':
      return 'Applying';
    default:
      return 'Partial';
  }
}

type Preview = NonNullable<AddonStatus['preview']>;

/** How much of an invalid annotation is quoted, in characters. */
const longestQuote = 40;

/** What the plan in the annotation would change; undefined without the annotation. Nothing is applied. */
export function previewOf(s: Situation): Preview | undefined {
  const plan = previewedPlan(s.addon);
  if (plan === undefined) return undefined;
  const quoted = cut(plan, longestQuote);
  const target = targetOf(withPlan(s, plan));
  if (isVerdict(target)) {
    const known = Object.keys(s.observed.platform.plans).join(', ');
    return {
      plan: quoted,
      message: `annotation ${annotations.preview}: "${quoted}" is not a plan; use one of ${known}`,
    };
  }
  const { cluster } = s.own;
  if (cluster === undefined)
    return { plan: quoted, message: 'there is no database yet, so there is nothing to change' };
  const { steps, restart, diskKept } = stepsBetween(s, cluster, target);
  const message = target.shortfall?.message ?? (steps.length === 0 ? 'nothing would change' : undefined);
  return { plan: quoted, steps: [...steps], restart, diskKept, ...(message === undefined ? {} : { message }) };
}

/** The value of the preview annotation, which can be any string; undefined without the annotation. */
export function previewedPlan(addon: PostgresAddon): string | undefined {
  return addon.metadata.annotations?.[annotations.preview];
}

/** The same situation with another plan, which can be any string. */
function withPlan({ addon, observed }: Situation, plan: string): Situation {
  const spec = { ...addon.spec, plan: plan as PostgresAddon['spec']['plan'] };
  return situationOf({ ...observed, addon: { ...addon, spec } });
}
