// Pieces of work keep their order and their number, and a failure waits for whoever asks.
import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { fewAtATime } from './meanwhile.ts';

it('begins in order, as many at a time as there is room for, whatever becomes of them', async () => {
  const begin = fewAtATime(2);
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const results = [0, 1, 2, 3].map((index) =>
    begin(async () => {
      begun.push(index);
      await new Promise<void>((resolve) => ends.push(resolve));
      if (index === 1) throw new Error('the second');
      return index * 10;
    }),
  );
  await turn();
  expect(begun).toEqual([0, 1]);
  ends[1]?.();
  await turn();
  expect(begun).toEqual([0, 1, 2]);
  ends[0]?.();
  await turn();
  expect(begun).toEqual([0, 1, 2, 3]);
  for (const end of ends) end();
  expect(await results[0]).toBe(0);
  await expect(results[1]).rejects.toThrow('the second');
  expect(await Promise.all([results[2], results[3]])).toEqual([20, 30]);
  expect(await begin(async () => 'later')).toBe('later');
});

it('fails without anybody noticing until somebody asks', async () => {
  const failed = fewAtATime(1)(() => Promise.reject(new Error('nobody asked')));
  await turn();
  await turn();
  await expect(failed).rejects.toThrow('nobody asked');
});
