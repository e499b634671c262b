// The few fields of pods, volume claims and Warning events that show why a database does not become ready, projected from objects with
// unknown content. It must never keep environment variables, commands or values of a Secret.
import type { Gvr } from './kubernetes.ts';
import { first, list, type Raw, record, text, whole } from './raw.ts';

export const podGvr: Gvr = { group: '', version: 'v1', plural: 'pods', kind: 'Pod' };
export const volumeClaimGvr: Gvr = {
  group: '',
  version: 'v1',
  plural: 'persistentvolumeclaims',
  kind: 'PersistentVolumeClaim',
};
/** Events of the core group: those of events.k8s.io are the same objects, but cannot be selected by type. */
export const eventGvr: Gvr = { group: '', version: 'v1', plural: 'events', kind: 'Event' };

/** One termination of a container. */
export interface Ended {
  readonly reason: string;
  readonly exitCode: number | undefined;
  readonly startedAt: string;
  readonly finishedAt: string;
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly ready: boolean;
  readonly restarts: number;
  /** Why the container does not run; empty if it does not wait. */
  readonly waiting: { readonly reason: string; readonly message: string };
  /** The current state if the container has terminated, otherwise the previous termination. */
  readonly ended: Ended | undefined;
  /** Whether the node has ever started the container. */
  readonly began: boolean;
}

export interface PodCondition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

/** Missing texts are empty: the rules do not distinguish the two. */
export interface Pod {
  readonly name: string;
  readonly uid: string;
  readonly createdAt: string;
  readonly isBeingDeleted: boolean;
  /** The controlling owner. */
  readonly owner: { readonly kind: string; readonly name: string; readonly uid: string } | undefined;
  readonly node: string;
  readonly phase: string;
  readonly reason: string;
  readonly message: string;
  readonly conditions: readonly PodCondition[];
  /** Init containers first. */
  readonly containers: readonly Container[];
}

export interface Claim {
  readonly name: string;
  readonly uid: string;
  readonly createdAt: string;
  readonly phase: string;
  /** Empty when the claim requests none and was given none. */
  readonly storageClass: string;
  /** The volume that is bound or about to be bound. */
  readonly volume: string;
  readonly requested: string;
  readonly capacity: string;
}

/** A Warning event. */
export interface Warning {
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly reason: string;
  readonly message: string;
  /** When it last occurred. */
  readonly at: string;
}

/** What is known about the surroundings of a Cluster, read while it does not become ready. */
export interface Facts {
  readonly pods: readonly Pod[];
  readonly claims: readonly Claim[];
  readonly warnings: readonly Warning[];
  /** When the Cluster was last changed by any client; undefined when it no longer exists or does not say. */
  readonly changedAt: string | undefined;
  /** Resources (plural names) that the operator is not permitted to list. What the list above lacks then proves nothing. */
  readonly unseen: readonly Unseen[];
  /** The same for resources that could not be listed now, or not all of them. */
  readonly failed: readonly Unseen[];
  /** The longest wait that the API server asked for where a read failed. */
  readonly retryAfterSeconds?: number;
}
export type Unseen = 'pods' | 'persistentvolumeclaims' | 'events';

/** When an object was last changed by any client: the newest time in its managedFields. */
export function changedAt(raw: unknown): string | undefined {
  const times = list(parts(raw).metadata.managedFields).map(({ time }) => text(time));
  return times.sort().at(-1) || undefined;
}

export function projectPod(raw: unknown): Pod {
  const { metadata, spec, status } = parts(raw);
  const owner = list(metadata.ownerReferences).find((reference) => reference.controller === true);
  const images = new Map(
    [...list(spec.initContainers), ...list(spec.containers)].map((container) => [
      text(container.name),
      text(container.image),
    ]),
  );
  const statuses = [...first(status.initContainerStatuses), ...first(status.containerStatuses)];
  return {
    ...identityOf(metadata),
    isBeingDeleted: metadata.deletionTimestamp !== undefined,
    owner: owner && { kind: text(owner.kind), name: text(owner.name), uid: text(owner.uid) },
    node: text(spec.nodeName),
    phase: text(status.phase),
    reason: text(status.reason),
    message: text(status.message),
    conditions: first(status.conditions).map(({ type, status: value, reason, message }) => ({
      type: text(type),
      status: text(value),
      reason: text(reason),
      message: text(message),
    })),
    // The requested image: the one in the status can be a digest.
    containers: statuses.map((container) => projectContainer(container, images.get(text(container.name)))),
  };
}

function projectContainer(raw: Raw, image: string | undefined): Container {
  const state = record(raw.state);
  const ended = state.terminated ?? record(raw.lastState).terminated;
  const { reason, exitCode, startedAt, finishedAt } = record(ended);
  const waiting = record(state.waiting);
  return {
    name: text(raw.name),
    image: image ?? text(raw.image),
    ready: raw.ready === true,
    restarts: whole(raw.restartCount) ?? 0,
    waiting: { reason: text(waiting.reason), message: text(waiting.message) },
    ended:
      ended === undefined
        ? undefined
        : {
            reason: text(reason),
            exitCode: whole(exitCode),
            startedAt: text(startedAt),
            finishedAt: text(finishedAt),
          },
    began: state.running !== undefined || ended !== undefined,
  };
}

export function projectClaim(raw: unknown): Claim {
  const { metadata, spec, status } = parts(raw);
  return {
    ...identityOf(metadata),
    phase: text(status.phase),
    storageClass: text(spec.storageClassName),
    volume: text(spec.volumeName),
    requested: text(record(record(spec.resources).requests).storage),
    capacity: text(record(status.capacity).storage),
  };
}

export function projectWarning(raw: unknown): Warning {
  const event = record(raw);
  const about = record(event.involvedObject);
  return {
    kind: text(about.kind),
    name: text(about.name),
    uid: text(about.uid),
    reason: text(event.reason),
    message: text(event.message),
    // New-style Events have eventTime and series, old-style ones firstTimestamp and lastTimestamp.
    at:
      text(record(event.series).lastObservedTime) ||
      text(event.lastTimestamp) ||
      text(event.eventTime) ||
      text(event.firstTimestamp),
  };
}

function parts(raw: unknown): { readonly metadata: Raw; readonly spec: Raw; readonly status: Raw } {
  const { metadata, spec, status } = record(raw);
  return { metadata: record(metadata), spec: record(spec), status: record(status) };
}

function identityOf({ name, uid, creationTimestamp }: Raw): Pick<Pod, 'name' | 'uid' | 'createdAt'> {
  return { name: text(name), uid: text(uid), createdAt: text(creationTimestamp) };
}
