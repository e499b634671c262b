// Models the namespace controller: once the namespace is deleted, it deletes everything in it, in any order.
import { kindOf, slots } from './objects.ts';
import { remove } from './server.ts';
import { live, type State } from './state.ts';
import type { Step } from './step.ts';

/** @returns one deletion for each object that is not being deleted yet; none unless the namespace is being deleted */
export function namespaceSteps(state: State): readonly Step[] {
  if (!state.ending) return [];
  return slots.flatMap((slot) => {
    const object = live(state, slot);
    if (object === undefined || object.metadata.deletionTimestamp !== undefined) return [];
    const answer = remove(state, slot);
    return answer.kind === 'done'
      ? [{ actor: 'namespace', label: `deletes ${kindOf[slot]}`, state: answer.state }]
      : [];
  });
}

/** Whether the namespace is being deleted and still contains an object. */
export function isHeldUp(state: State): boolean {
  return state.ending && slots.some((slot) => live(state, slot) !== undefined);
}
