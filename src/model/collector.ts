// Models the garbage collector: it deletes objects without an existing owner, and carries out foreground and orphan deletions.
import { orphanFinalizer } from '../api/addon.ts';
import { roles } from '../domain/children.ts';
import { kindOf, rivalUid, type Slot, type Stored } from './objects.ts';
import { edit, remove } from './server.ts';
import { live, type State } from './state.ts';
import type { Step } from './step.ts';

/** The finalizer of foreground deletion in Kubernetes; the garbage collector removes it once the dependents are gone. */
export const foregroundFinalizer = 'foregroundDeletion';

const owners: readonly Slot[] = ['addon', 'cluster'];
/** The Cluster last, which is an owner itself. */
const dependents: readonly Slot[] = ['source', 'backup', ...roles.filter((role) => role !== 'cluster'), 'cluster'];

/** Everything that the garbage collector can do next, in any order. */
export function collectorSteps(state: State): readonly Step[] {
  return [...dependents.flatMap((slot) => collect(state, slot)), ...owners.flatMap((slot) => finish(state, slot))];
}

/** What happens to one object because of its owners. */
function collect(state: State, slot: Slot): readonly Step[] {
  const object = live(state, slot);
  const references = object?.metadata.ownerReferences ?? [];
  if (object === undefined || references.length === 0) return [];
  const holders = references.map(({ uid }) => ownerOf(state, uid));
  if (holders.some((owner) => owner?.metadata.finalizers?.includes(orphanFinalizer) === true)) {
    const loose = edit(state, slot, ({ metadata: { ownerReferences: _, ...metadata }, ...rest }) => ({
      ...rest,
      metadata,
    }));
    return loose.kind === 'done' ? [step(`orphan ${kindOf[slot]}`, loose.state)] : [];
  }
  if (holders.some((owner) => owner !== undefined && !isForeground(owner))) return [];
  if (object.metadata.deletionTimestamp !== undefined) return [];
  const foreground = holders.some((owner) => owner !== undefined) && slot === 'cluster';
  const answer = remove(state, slot, {}, foreground ? foregroundFinalizer : undefined);
  return answer.kind === 'done' ? [step(`collect ${nameOf(slot)}`, answer.state)] : [];
}

/** Removes the finalizer of an owner once its dependents are processed. */
function finish(state: State, slot: Slot): readonly Step[] {
  const owner = live(state, slot);
  if (owner?.metadata.deletionTimestamp === undefined) return [];
  const blocking = dependents.some((other) =>
    live(state, other)?.metadata.ownerReferences?.some(({ uid }) => uid === owner.metadata.uid),
  );
  const own = (owner.metadata.finalizers ?? []).find((name) => [foregroundFinalizer, orphanFinalizer].includes(name));
  if (blocking || own === undefined) return [];
  const answer = edit(state, slot, ({ metadata, ...rest }) => ({
    ...rest,
    metadata: { ...metadata, finalizers: (metadata.finalizers ?? []).filter((name) => name !== own) },
  }));
  return answer.kind === 'done' ? [step(`let ${nameOf(slot)} go`, answer.state)] : [];
}

function nameOf(slot: Slot): string {
  return slot === 'source' ? "CNPG's Secret" : kindOf[slot];
}

function isForeground(owner: Pick<Stored, 'metadata'>): boolean {
  return (
    owner.metadata.deletionTimestamp !== undefined && owner.metadata.finalizers?.includes(foregroundFinalizer) === true
  );
}

/** The existing owner with that uid. The rival is outside the model, and exists as long as anything belongs to it. */
function ownerOf(state: State, uid: string): Pick<Stored, 'metadata'> | undefined {
  if (uid === rivalUid) return { metadata: { name: '', namespace: '', uid, resourceVersion: '' } };
  return owners.map((slot) => live(state, slot)).find((owner) => owner?.metadata.uid === uid);
}

function step(label: string, state: State): Step {
  return { actor: 'collector', label, state };
}
