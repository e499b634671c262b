import { getEventListeners } from 'node:events';
import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { settle } from '../testing/clock.ts';
import { Slots } from './slots.ts';

it('gives no more turns than there are, in order, and loses none to those who leave', async () => {
  const step = fc.oneof(
    fc.constantFrom('ask' as const, 'turn' as const),
    fc.record({ give: fc.nat(9) }),
    fc.record({ leave: fc.nat(9) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 3 }), fc.array(step, { maxLength: 40 }), async (count, steps) => {
      const slots = new Slots(count);
      const held: (() => void)[] = [];
      const order: number[] = [];
      const waiting: { readonly id: number; readonly end: AbortController }[] = [];
      let asked = 0;
      const ask = (): void => {
        const one = { id: asked++, end: new AbortController() };
        waiting.push(one);
        void slots.take(one.end.signal).then((release) => {
          if (waiting.includes(one)) waiting.splice(waiting.indexOf(one), 1);
          if (release === undefined) return;
          held.push(release);
          order.push(one.id);
        });
      };
      for (const one of steps) {
        if (one === 'ask') ask();
        // Steps within one turn of the event loop are the critical ones.
        else if (one === 'turn') await settle();
        else if ('give' in one) held.splice(one.give % Math.max(1, held.length), 1)[0]?.();
        else waiting[one.leave % Math.max(1, waiting.length)]?.end.abort();
        expect(held.length).toBeLessThanOrEqual(count);
      }
      await settle();
      expect(order).toEqual(order.toSorted((a, b) => a - b));
      for (const { end } of [...waiting]) end.abort();
      for (const release of held.splice(0)) release();
      for (let index = 0; index <= count; index += 1) ask();
      await settle();
      expect(held).toHaveLength(count);
    }),
    // One asks in the turn in which a slot is given to another.
    {
      examples: [[2, ['ask', 'ask', 'ask', 'turn', { give: 0 }, { give: 0 }, 'ask']]],
      numRuns: 1000,
    },
  );
});

it('gives nothing for a signal that is aborted already', async () => {
  const slots = new Slots(1);
  expect(await slots.take(AbortSignal.abort())).toBeUndefined();
  expect(await slots.take(new AbortController().signal)).toBeDefined();
});

it('does not give to one who leaves in the same turn', async () => {
  const slots = new Slots(1);
  const release = await slots.take(new AbortController().signal);
  const leaver = new AbortController();
  const left = slots.take(leaver.signal);
  const { signal } = new AbortController();
  const stays = slots.take(signal);
  leaver.abort();
  release?.();
  expect(await left).toBeUndefined();
  expect(await stays).toBeDefined();
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});
