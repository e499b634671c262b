// What the rules remember of a step, for the steps after it.
import type { AddonStatus } from '../api/addon.ts';
import type { ConditionType } from '../api/conditions.ts';
import { belongs } from './belongs.ts';
import { childSlots, type Stored } from './objects.ts';
import { live, type World } from './state.ts';
import type { Step } from './step.ts';

/** The world after a step, with what is to be known of the step later. */
export function remembering({ world, attempt }: Step): World {
  if (attempt === undefined || attempt.error !== undefined) return world;
  const { by, request } = attempt;
  if (request.verb !== 'status') return world;
  const { status } = request;
  const uid = by.seen.cluster?.metadata.uid;
  const { ready_at: at } = status;
  const { ready } = world.memory;
  const isProtected = says(status, 'Protected') && live(world, 'addon')?.spec?.mode === 'protected';
  const guarded = isProtected ? childrenOf(world, by.from.addon) : world.memory.guarded;
  const first = ready?.cluster === uid || at === undefined || uid === undefined ? ready : { cluster: uid, at };
  return { ...world, memory: { ...world.memory, guarded, ...(first !== undefined && { ready: first }) } };
}

/** Whether status calls a condition true. */
export function says({ conditions }: AddonStatus, condition: ConditionType): boolean {
  return conditions?.some(({ type, status }) => type === condition && status === 'True') === true;
}

/** uids of what belongs to an addon. */
function childrenOf(world: World, addon: Stored): readonly string[] {
  const children = childSlots.flatMap((slot) => live(world, slot) ?? []);
  return children.filter((child) => belongs(addon, child)).map(({ metadata }) => metadata.uid);
}
