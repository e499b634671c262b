import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DelayedKeys } from './delayed.ts';

it('agrees with a map of the earliest time per key, whatever the order of adds, takes and deletes', () => {
  // Mostly adds, so that there are many keys at a time.
  const step = fc.oneof(
    { weight: 8, arbitrary: fc.record({ add: fc.nat(40), at: fc.nat(1000) }) },
    { weight: 1, arbitrary: fc.record({ takeUntil: fc.nat(300) }) },
    { weight: 3, arbitrary: fc.record({ delete: fc.nat(40) }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (steps) => {
      const delayed = new DelayedKeys();
      const model = new Map<string, number>();
      for (const one of steps) {
        if ('add' in one) {
          const key = String(one.add);
          delayed.add(key, one.at);
          model.set(key, Math.min(one.at, model.get(key) ?? Number.POSITIVE_INFINITY));
        } else if ('delete' in one) {
          expect(delayed.delete(String(one.delete))).toBe(model.delete(String(one.delete)));
        } else {
          const due = [...model].filter(([, at]) => at <= one.takeUntil);
          const times = due.map(([, at]) => at).sort((a, b) => a - b);
          const taken: number[] = [];
          for (let key = delayed.takeDue(one.takeUntil); key !== undefined; key = delayed.takeDue(one.takeUntil)) {
            taken.push(model.get(key) ?? Number.NaN);
            model.delete(key);
          }
          expect(taken).toEqual(times);
        }
        expect(delayed.nextAt).toBe(model.size === 0 ? undefined : Math.min(...model.values()));
      }
    }),
    { numRuns: 300 },
  );
});
