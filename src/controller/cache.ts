// The interface of a cache for the rest of the controller.
import type { KubeObject } from '../api/kubernetes.ts';

/** What the watches have reported, plus the operator's own writes, which are recorded at once. */
export interface Cache<T extends KubeObject> {
  get(namespace: string, name: string): T | undefined;
  /** All objects of a namespace. */
  inNamespace(namespace: string): readonly T[];
  record(raw: KubeObject): void;
  forget(namespace: string, name: string, uid: string): void;
}
