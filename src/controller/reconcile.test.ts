// What a reconcile does before it knows enough.
import { expect, it } from '@jest/globals';
import type { Dependencies } from './dependencies.ts';
import { reconcile } from './reconcile.ts';

it('nothing is read, decided or written in a namespace whose caches are not filled: what they lack may exist', async () => {
  const touched: unknown[] = [];
  const nothingElse = {
    get: (_: object, name: string | symbol) =>
      name === 'sees' ? (namespace: string) => namespace === 'seen' : touched.push(name),
  };
  const deps = new Proxy({}, nothingElse) as Dependencies;
  expect(await reconcile('unseen/shop', deps, (work) => work())).toEqual({ kind: 'done' });
  expect(touched).toEqual([]);
  await expect(reconcile('seen/shop', deps, (work) => work())).rejects.toThrow();
});
