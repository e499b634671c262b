// The few Kubernetes types that all parts of the operator share. Types only; it must never hold behaviour.

/** Group, version, plural and kind of a resource, as its API path and its owner references need them. */
export interface Gvr {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
}

/** What src/kube itself writes: the Lease of the leader, and Events in the form of today. */
export const leaseGvr: Gvr = { group: 'coordination.k8s.io', version: 'v1', plural: 'leases', kind: 'Lease' };
export const recordedEventGvr: Gvr = { group: 'events.k8s.io', version: 'v1', plural: 'events', kind: 'Event' };

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

/** metadata as the API server returns it; managedFields is dropped before an object is cached. */
export interface ObjectMeta {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
  readonly finalizers?: readonly string[];
}

export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
}

/** A Secret as read for one decision. Its data never enters a cache, a log, a status or an event. */
export interface Secret extends KubeObject {
  readonly type?: string;
  readonly data?: Readonly<Record<string, string>>;
  /** The API server then refuses every change of data. */
  readonly immutable?: boolean;
}

/** A ConfigMap as read for one decision. */
export interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
  /** The API server then refuses every change of data. */
  readonly immutable?: boolean;
}

/** What is sent to create an object. The API server fills in the rest. A member that is undefined has to be absent from the object. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly labels?: Readonly<Record<string, string | undefined>>;
    readonly annotations?: Readonly<Record<string, string | undefined>>;
    readonly ownerReferences?: readonly OwnerReference[] | undefined;
    readonly finalizers?: readonly string[];
  };
  readonly [field: string]: unknown;
}

/** What is sent to change an object. It is pinned to the object and the state that were observed. */
export interface PinnedManifest extends Manifest {
  readonly metadata: Manifest['metadata'] & { readonly uid: string; readonly resourceVersion: string };
}

/** metav1.Condition: the status of one aspect, with a reason for programs and a message for people. */
export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly observedGeneration?: number;
  readonly lastTransitionTime: string;
  readonly reason: string;
  readonly message: string;
}
