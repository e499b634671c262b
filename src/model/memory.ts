// Records what the rules need to know about a step later.
import type { AddonStatus } from '../api/addon.ts';
import type { ConditionType } from '../api/conditions.ts';
import { roles } from '../domain/children.ts';
import { belongs } from './belongs.ts';
import type { Stored } from './objects.ts';
import { live, type State } from './state.ts';
import type { Step } from './step.ts';

/** The state after a step, with what the rules need to know about the step later. */
export function remembering({ state, attempt }: Step): State {
  if (attempt === undefined || attempt.error !== undefined) return state;
  const { by, request } = attempt;
  if (request.verb !== 'status') return state;
  const { status } = request;
  const uid = by.seen.cluster?.metadata.uid;
  const { ready_at: at } = status;
  const { ready } = state.memory;
  const isProtected = says(status, 'Protected') && live(state, 'addon')?.spec?.mode === 'protected';
  const guarded = isProtected ? childrenOf(state, by.from.addon) : state.memory.guarded;
  const first = ready?.cluster === uid || at === undefined || uid === undefined ? ready : { cluster: uid, at };
  return { ...state, memory: { ...state.memory, guarded, ...(first !== undefined && { ready: first }) } };
}

/** Whether a condition is True. */
export function says({ conditions }: AddonStatus, condition: ConditionType): boolean {
  return conditions?.some(({ type, status }) => type === condition && status === 'True') === true;
}

/** The uids of the objects that belong to an addon. */
function childrenOf(state: State, addon: Stored): readonly string[] {
  const children = roles.flatMap((slot) => live(state, slot) ?? []);
  return children.filter((child) => belongs(addon, child)).map(({ metadata }) => metadata.uid);
}
