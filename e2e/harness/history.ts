// Records every version of the objects of one kind, with a separate watch. It must never write.
import { isDeepStrictEqual } from 'node:util';
import type { KubeClient, LiveObject } from '../../hack/cluster/client.ts';
import { defaultTimeoutMilliseconds, inVain } from '../../hack/cluster/wait.ts';
import type { Gvr } from '../../src/api/kubernetes.ts';
import { type Change, Store } from '../../src/kube/store.ts';
import type { Reflector } from '../../src/kube/watch.ts';
import { follow } from './follow.ts';

export class History {
  readonly #states = new Map<string, LiveObject[]>();
  readonly #gone = new Set<string>();
  readonly #listeners = new Set<() => void>();
  readonly #reflector: Reflector<LiveObject>;
  readonly #gvr: Gvr;

  constructor(client: KubeClient, gvr: Gvr) {
    this.#gvr = gvr;
    const store = new Store<LiveObject>(
      (raw) => raw as LiveObject,
      (change) => this.#changed(change),
    );
    this.#reflector = follow(client, gvr, store);
  }

  start(): void {
    this.#reflector.start();
  }

  async stop(): Promise<void> {
    await this.#reflector.stop();
  }

  /** All states seen of the object, the oldest first; those of a later object of the same name follow. */
  of(namespace: string, name: string): readonly LiveObject[] {
    return this.#states.get(`${namespace}/${name}`) ?? [];
  }

  /** The newest state. @throws RangeError if there is none */
  latest(namespace: string, name: string): LiveObject {
    const state = this.of(namespace, name).at(-1);
    if (state === undefined) throw new RangeError(`${this.#gvr.kind} ${namespace}/${name} was never seen`);
    return state;
  }

  /** The values of an aspect in the order they came, without repetitions. */
  course<T>(namespace: string, name: string, aspect: (state: LiveObject) => T): readonly T[] {
    const values: T[] = [];
    for (const state of this.of(namespace, name)) {
      const value = aspect(state);
      if (values.length === 0 || !isDeepStrictEqual(values.at(-1), value)) values.push(value);
    }
    return values;
  }

  /**
   * Waits until the newest state satisfies `holds`.
   * @returns that state
   * @throws Error with the newest state after the timeout (default 30 s)
   */
  async until(
    namespace: string,
    name: string,
    what: string,
    holds: (state: LiveObject) => boolean,
    timeoutMilliseconds: number = defaultTimeoutMilliseconds,
  ): Promise<LiveObject> {
    const look = (): LiveObject | undefined => {
      const state = this.of(namespace, name).at(-1);
      return state !== undefined && !this.#gone.has(`${namespace}/${name}`) && holds(state) ? state : undefined;
    };
    await this.#untilFound(`${this.#gvr.kind} ${namespace}/${name}: ${what}`, look, timeoutMilliseconds, () => {
      const state = this.of(namespace, name).at(-1);
      return state === undefined ? 'no such object' : { spec: state.spec, status: state.status };
    });
    return look() ?? (this.of(namespace, name).at(-1) as LiveObject);
  }

  /** Waits until the object is gone. */
  async untilGone(namespace: string, name: string): Promise<void> {
    const key = `${namespace}/${name}`;
    const look = (): true | undefined => (this.#gone.has(key) ? true : undefined);
    await this.#untilFound(`the end of ${this.#gvr.kind} ${key}`, look, defaultTimeoutMilliseconds, () =>
      this.of(namespace, name).at(-1),
    );
  }

  #untilFound(what: string, look: () => unknown, timeoutMilliseconds: number, last: () => unknown): Promise<void> {
    return new Promise((resolve, reject) => {
      const finish = (end: () => void): void => {
        clearTimeout(timer);
        this.#listeners.delete(check);
        end();
      };
      const check = (): void => {
        if (look() !== undefined) finish(resolve);
      };
      const timer = setTimeout(
        () => finish(() => reject(inVain(what, timeoutMilliseconds, last()))),
        timeoutMilliseconds,
      );
      this.#listeners.add(check);
      check();
    });
  }

  #changed({ type, object }: Change<LiveObject>): void {
    const key = `${object.metadata.namespace}/${object.metadata.name}`;
    if (type === 'deleted') {
      this.#gone.add(key);
    } else {
      this.#gone.delete(key);
      this.#states.set(key, [...(this.#states.get(key) ?? []), object]);
    }
    for (const listener of [...this.#listeners]) listener();
  }
}
