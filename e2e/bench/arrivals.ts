// Records when addons become running, with a watch that stores nothing else.

import type { KubeClient, LiveObject } from '../../hack/cluster/client.ts';
import { addonGvr } from '../../src/api/addon.ts';
import type { KubeObject } from '../../src/api/kubernetes.ts';
import { Store } from '../../src/kube/store.ts';
import type { Reflector } from '../../src/kube/watch.ts';
import { follow } from '../harness/follow.ts';

interface Seen extends KubeObject {
  readonly isRunning: boolean;
}

export class Arrivals {
  readonly #running = new Set<string>();
  readonly #waiting = new Map<number, () => void>();
  readonly #reflector: Reflector<Seen>;

  constructor(client: KubeClient) {
    const store = new Store<Seen>(
      (raw) => ({ ...raw, isRunning: (raw as LiveObject).status?.phase === 'running' }),
      ({ object }) => this.#note(object),
    );
    this.#reflector = follow(client, addonGvr, store);
    this.#reflector.start();
  }

  /** Resolves when so many addons have been seen running since this watch began. */
  reached(count: number, timeoutMilliseconds: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const give_up = setTimeout(() => {
        reject(
          new Error(`only ${this.#running.size} of ${count} addons were running after ${timeoutMilliseconds / 1000} s`),
        );
      }, timeoutMilliseconds);
      this.#waiting.set(count, () => {
        clearTimeout(give_up);
        resolve();
      });
      this.#check();
    });
  }

  async stop(): Promise<void> {
    await this.#reflector.stop();
  }

  #note({ metadata, isRunning }: Seen): void {
    if (isRunning) this.#running.add(metadata.uid);
    this.#check();
  }

  #check(): void {
    for (const [count, resolve] of this.#waiting) {
      if (this.#running.size < count) continue;
      this.#waiting.delete(count);
      resolve();
    }
  }
}
