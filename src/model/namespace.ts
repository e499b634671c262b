// The namespace controller of the model: once the namespace was deleted it deletes whatever is in it, in any order.
import { kindOf, type Slot } from './objects.ts';
import { remove } from './server.ts';
import { live, type World } from './state.ts';
import type { Step } from './step.ts';

const slots = ['addon', 'cluster', 'backup', 'secret', 'source'] as const satisfies readonly Slot[];

export function namespaceSteps(world: World): readonly Step[] {
  if (!world.ending) return [];
  return slots.flatMap((slot) => {
    const object = live(world, slot);
    if (object === undefined || object.metadata.deletionTimestamp !== undefined) return [];
    const answer = remove(world, slot);
    return answer.kind === 'done'
      ? [{ actor: 'namespace', label: `deletes ${kindOf[slot]}`, world: answer.world }]
      : [];
  });
}

/** Whether the namespace was deleted and something keeps it from going. */
export function isHeldUp(world: World): boolean {
  return world.ending && slots.some((slot) => live(world, slot) !== undefined);
}
