// Keeps a store in sync with all objects of a kind, using the product's own list and watch.
import type { KubeClient } from '../../hack/cluster/client.ts';
import type { Gvr, KubeObject } from '../../src/api/kubernetes.ts';
import type { Store } from '../../src/kube/store.ts';
import { Reflector } from '../../src/kube/watch.ts';
import { systemClock } from '../../src/runtime/clock.ts';

/**
 * A reflector that is not started yet.
 * @param onError called with what the store's handler throws; by default it is rethrown, since it is a bug in the tests
 */
export function follow<T extends KubeObject>(
  { transport }: KubeClient,
  gvr: Gvr,
  store: Store<T>,
  onError = (error: unknown): void => {
    throw error;
  },
): Reflector<T> {
  return new Reflector({ transport, gvr, store, clock: systemClock, random: Math.random, onError });
}
