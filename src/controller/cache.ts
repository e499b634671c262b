// What the rest of the controller may ask of a cache, and tell it.
import type { KubeObject } from '../api/kubernetes.ts';

/** What the watches know, and the door by which own writes become visible at once. */
export interface Cache<T extends KubeObject> {
  get(namespace: string, name: string): T | undefined;
  record(raw: KubeObject): void;
  forget(namespace: string, name: string, uid: string): void;
}
