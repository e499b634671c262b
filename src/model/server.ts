// Models the API server: create-by-apply, apply, status and delete with their preconditions, finalizers, the transition rules of the
// schema and CNPG's webhook. Its responses are those observed on a real one.
import type { Manifest, PinnedManifest } from '../api/kubernetes.ts';
import { compareQuantities } from '../domain/quantity.ts';
import { applyFields, isFields, mergeFields, patchOf, sameFields, treeOf, withTree } from './fields.ts';
import { counted, type Fields, kindOf, nameOf, type Slot, type Stored, slotOf } from './objects.ts';
import { live, numbered, put, type State, timeOf } from './state.ts';
import { majorOf, versionIn } from './versions.ts';

/** An error response. */
export interface ServerError {
  readonly code: number;
  readonly reason: string;
  readonly message: string;
}

/** The identity and version of an object as observed. */
export type Pinned = Pick<Stored['metadata'], 'uid' | 'resourceVersion'>;

export type Answer =
  | { readonly kind: 'done'; readonly state: State; readonly slot: Slot; readonly object: Stored | undefined }
  | { readonly kind: 'error'; readonly error: ServerError };

/** The write that cannot adopt: it fails if any object has the name. */
export function create(state: State, manifest: Manifest): Answer {
  const slot = placeOf(manifest);
  if (slot === undefined) return noSuchPlace(manifest);
  const existing = live(state, slot);
  if (existing !== undefined && existing.metadata.name === manifest.metadata.name)
    return conflict(`the object ${manifest.metadata.name} has been modified`);
  return make(state, slot, manifest);
}

/** Server-side apply. Without a uid it creates the object or takes over an existing one, as the real API server does. */
export function apply(state: State, manifest: Manifest): Answer {
  const slot = placeOf(manifest);
  if (slot === undefined) return noSuchPlace(manifest);
  const before = live(state, slot);
  const { uid, resourceVersion } = manifest.metadata;
  if (before === undefined)
    return uid === undefined ? make(state, slot, manifest) : conflict(`uid ${uid}: no existing object was found`);
  if (uid !== undefined && uid !== before.metadata.uid) return conflict(`uid ${uid} is not the object's`);
  if (resourceVersion !== undefined && resourceVersion !== before.metadata.resourceVersion)
    return conflict('the object has been modified');
  const denied = policy(state, slot);
  if (denied !== undefined) return denied;
  const tree = treeOf(manifest);
  const after = withTree(before, applyFields(treeOf(before), before.managed ?? {}, tree, before.shared));
  return store(state, slot, before, { ...after, managed: tree, ...sharedIn(before, after) });
}

/** A merge patch by the operator, pinned to the observed version. What it changes is from then on owned as by another manager. */
export function merge(state: State, manifest: PinnedManifest): Answer {
  const slot = placeOf(manifest);
  const before = slot && live(state, slot);
  if (slot === undefined || before === undefined) return noSuchPlace(manifest);
  const { uid, resourceVersion } = manifest.metadata;
  if (uid !== before.metadata.uid || resourceVersion !== before.metadata.resourceVersion)
    return conflict('the object has been modified');
  const denied = policy(state, slot);
  if (denied !== undefined) return denied;
  const was = treeOf(before);
  const is = mergeFields(was, patchOf(manifest, was));
  const shared = mergeFields(stillHeld(before.shared ?? {}, was, is), changedIn(was, is));
  const managed = stillHeld(before.managed ?? {}, was, is);
  return store(state, slot, before, { ...withTree(before, is), managed, ...(filled(shared) && { shared }) });
}

/** A merge patch of the addon's whole list of finalizers, pinned to the observed version. */
export function setFinalizers(state: State, { metadata }: Manifest): Answer {
  const before = live(state, 'addon');
  if (before === undefined) return error(404, 'NotFound', `${kindOf.addon} "${metadata.name}" not found`);
  const { uid, resourceVersion } = before.metadata;
  if (metadata.uid !== uid || metadata.resourceVersion !== resourceVersion)
    return conflict('the object has been modified');
  const finalizers = metadata.finalizers ?? [];
  const added = finalizers.filter((name) => !before.metadata.finalizers?.includes(name));
  if (before.metadata.deletionTimestamp !== undefined && added.length > 0)
    return invalid('no new finalizers can be added if the object is being deleted');
  const { finalizers: _, ...others } = before.metadata;
  const after = { ...before, metadata: { ...others, ...(finalizers.length > 0 && { finalizers }) } };
  return store(state, 'addon', before, after);
}

/** Replaces the status, with the transition rules of the schema. */
export function replaceStatus(state: State, { uid, resourceVersion }: Pinned, status: Fields): Answer {
  const before = live(state, 'addon');
  if (before === undefined) return conflict(`uid ${uid}: no existing object was found`);
  if (before.metadata.uid !== uid) return conflict(`uid ${uid} is not the object's`);
  if (resourceVersion !== before.metadata.resourceVersion) return conflict('the object has been modified');
  // A status that a backup tool restored describes another object.
  const isAnother = before.status?.uid !== status.uid;
  for (const field of isAnother ? ['clusterName'] : ['ready_at', 'clusterName']) {
    if (before.status?.[field] !== undefined && before.status[field] !== status[field])
      return invalid(`status.${field} is written once`);
  }
  return store(state, 'addon', before, { ...before, status: JSON.parse(JSON.stringify(status)) as Fields });
}

/**
 * Deletes an object. With finalizers it stays, with a deletionTimestamp.
 * @param finalizer added by the propagation policy: foregroundDeletion or orphan
 */
export function remove(
  state: State,
  slot: Slot,
  preconditions: { readonly uid?: string; readonly resourceVersion?: string } = {},
  finalizer?: string,
): Answer {
  const before = live(state, slot);
  if (before === undefined) return error(404, 'NotFound', `${kindOf[slot]} "${nameOf[slot]}" not found`);
  const { uid = before.metadata.uid, resourceVersion = before.metadata.resourceVersion } = preconditions;
  if (uid !== before.metadata.uid || resourceVersion !== before.metadata.resourceVersion)
    return conflict('the precondition does not hold');
  if (before.metadata.deletionTimestamp !== undefined) return { kind: 'done', state, slot, object: before };
  const finalizers = [...(before.metadata.finalizers ?? []), ...(finalizer === undefined ? [] : [finalizer])];
  if (finalizers.length === 0) return { kind: 'done', state: put(state, slot, undefined), slot, object: undefined };
  return edit(state, slot, ({ metadata, ...rest }) => ({
    ...rest,
    metadata: {
      ...metadata,
      finalizers,
      deletionTimestamp: timeOf(state),
      ...(metadata.generation !== undefined && { generation: metadata.generation + 1 }),
    },
  }));
}

/** A write by another client, with all permissions. CNPG's webhook still applies. */
export function edit(state: State, slot: Slot, change: (object: Stored) => Stored): Answer {
  const before = live(state, slot);
  if (before === undefined) return error(404, 'NotFound', `${kindOf[slot]} "${nameOf[slot]}" not found`);
  const after = change(before);
  const isStatus = before.metadata === after.metadata && before.spec === after.spec && before.data === after.data;
  if (before.managed === undefined || isStatus) return store(state, slot, before, after);
  // The client that changes a field owns it from then on, so a later apply that omits it does not remove it.
  const managed = stillHeld(before.managed, treeOf(before), treeOf(after));
  const { shared: _, ...rest } = after;
  return store(state, slot, before, { ...rest, managed, ...sharedIn(before, after) });
}

/** What others still own after a write that may have taken fields over. */
function sharedIn(before: Stored, after: Stored): Pick<Stored, 'shared'> {
  const shared = stillHeld(before.shared ?? {}, treeOf(before), treeOf(after));
  return filled(shared) ? { shared } : {};
}

/** The fields that are new or have another value. */
function changedIn(was: Fields, is: Fields): Fields {
  const changed = Object.entries(is).flatMap(([key, value]): readonly (readonly [string, unknown])[] => {
    if (sameFields(was[key], value)) return [];
    return [[key, isFields(value) ? changedIn(isFields(was[key]) ? was[key] : {}, value) : value]];
  });
  return Object.fromEntries(changed);
}

function filled(fields: Fields): boolean {
  return Object.keys(fields).length > 0;
}

/** The fields of a manager that no other client has changed. */
function stillHeld(managed: Fields, before: Fields, after: Fields): Fields {
  return Object.fromEntries(
    Object.entries(managed).flatMap(([key, value]) => {
      if (sameFields(before[key], after[key])) return [[key, value]];
      const [inner, was, is] = [value, before[key], after[key]];
      return isFields(inner) && isFields(was) && isFields(is) ? [[key, stillHeld(inner, was, is)]] : [];
    }),
  );
}

/** The response of an admission policy to the operator's write. */
function policy({ refused }: State, slot: Slot): Answer | undefined {
  const isRefused = slot !== 'addon' && slot !== 'source' && slot !== 'backup' && refused.includes(slot);
  return isRefused
    ? error(403, 'Forbidden', `admission webhook "policy.example.com" denied the request: no ${kindOf[slot]}`)
    : undefined;
}

/** A new object, applied by the operator's manager. */
function make(state: State, slot: Slot, manifest: Manifest): Answer {
  if (state.ending)
    return error(
      403,
      'Forbidden',
      `${manifest.kind} "${manifest.metadata.name}" is forbidden: unable to create new content in namespace ${manifest.metadata.namespace} because it is being terminated`,
    );
  const denied = policy(state, slot);
  if (denied !== undefined) return denied;
  const tree = treeOf(manifest);
  const [number, next] = numbered(state);
  const bare: Stored = {
    apiVersion: manifest.apiVersion,
    kind: manifest.kind,
    metadata: {
      name: manifest.metadata.name,
      namespace: manifest.metadata.namespace,
      uid: `uid-${number}`,
      resourceVersion: '',
    },
    managed: tree,
  };
  return store(next, slot, undefined, withTree(bare, tree));
}

/** Creates an object of another client: the user's addon, CNPG's Secret, a foreign child. */
export function place(state: State, slot: Slot, content: Omit<Stored, 'apiVersion' | 'kind'>): State {
  const [number, next] = numbered(state);
  const object: Stored = {
    ...content,
    apiVersion: slot === 'addon' ? 'addons.paas.dev/v1alpha1' : 'postgresql.cnpg.io/v1',
    kind: kindOf[slot],
    metadata: { ...content.metadata, resourceVersion: `rv-${number}` },
  };
  return put(next, slot, object);
}

function store(state: State, slot: Slot, before: Stored | undefined, after: Stored): Answer {
  const denial = slot === 'cluster' ? webhook(before, after) : undefined;
  if (denial !== undefined) return denial;
  const released = after.metadata.deletionTimestamp !== undefined && (after.metadata.finalizers ?? []).length === 0;
  if (released) return { kind: 'done', state: put(state, slot, undefined), slot, object: after };
  if (before !== undefined && sameFields(before, after)) return { kind: 'done', state, slot, object: before };
  const [number, next] = numbered(state);
  const generation = (before?.metadata.generation ?? 0) + (sameFields(before?.spec, after.spec) ? 0 : 1);
  const numbers = counted.includes(slot) ? { generation } : {};
  const object = { ...after, metadata: { ...after.metadata, ...numbers, resourceVersion: `rv-${number}` } };
  return { kind: 'done', state: put(next, slot, object), slot, object };
}

interface ClusterFields {
  readonly instances?: number;
  readonly imageName?: string;
  readonly primaryUpdateMethod?: string;
  readonly storage?: { readonly size?: string };
  readonly postgresql?: { readonly parameters?: Fields; readonly synchronous?: Fields };
}

/** CNPG's webhook: what CNPG 1.30 rejects of what the operator could write. */
function webhook(before: Stored | undefined, after: Stored): Answer | undefined {
  const [was, is] = [before?.spec ?? {}, after.spec ?? {}] as readonly [ClusterFields, ClusterFields];
  if ((compareQuantities(is.storage?.size ?? '0', was.storage?.size ?? '0') ?? 0) < 0)
    return denied('spec.storage.size: cannot be lowered');
  const data = (before?.status?.pgDataImageInfo as { readonly majorVersion?: number } | undefined)?.majorVersion;
  if (data !== undefined && Number(majorOf(versionIn(after) ?? '')) < data)
    return denied(`spec.imageName: can't downgrade from major ${data}`);
  if (is.instances === 1 && is.postgresql?.synchronous !== undefined)
    return denied('spec.postgresql.synchronous: needs more than one instance');
  const both = was.imageName !== is.imageName && !sameFields(was.postgresql?.parameters, is.postgresql?.parameters);
  if (before !== undefined && both && is.primaryUpdateMethod === 'switchover')
    return denied("spec.imageName: can't change image name and configuration at the same time");
  return undefined;
}

function placeOf({ kind, metadata }: Manifest): Slot | undefined {
  return slotOf(kind, metadata.name);
}

function noSuchPlace({ kind, metadata }: Manifest): Answer {
  return error(599, 'NotModelled', `${kind} ${metadata.name} is not an object of this addon`);
}

function denied(what: string): Answer {
  return error(422, 'Invalid', `admission webhook "vcluster.cnpg.io" denied the request: ${what}`);
}

function invalid(what: string): Answer {
  return error(422, 'Invalid', what);
}

function conflict(what: string): Answer {
  return error(409, 'Conflict', what);
}

function error(code: number, reason: string, message: string): Answer {
  return { kind: 'error', error: { code, reason, message } };
}
