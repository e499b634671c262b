// Models users: what they do to the addon, to its children, and to the names that it needs. A table of steps, each of which returns the
// next state, or undefined if it does not apply.
import type { AddonSpec, AddonStatus } from '../api/addon.ts';
import { annotations, fieldManager, labels, orphanFinalizer } from '../api/addon.ts';
import { type Role, roles } from '../domain/children.ts';
import { failOver, rotatePassword } from './cnpg.ts';
import { foregroundFinalizer } from './collector.ts';
import { treeOf } from './fields.ts';
import {
  addonName,
  dataOf,
  type Fields,
  nameOf,
  namespace,
  promotedAppId,
  rivalName,
  rivalUid,
  type Slot,
  type Stored,
} from './objects.ts';
import { type Answer, edit, place, remove } from './server.ts';
import { live, longWait, type Memory, numbered, put, type State, timeOf } from './state.ts';
import type { Step } from './step.ts';

/** Another installation of the operator, as status names it. */
const otherOperator = 'others/postgres-addon-operator';

type Change = (state: State) => State | undefined;

/** Steps for every child. */
type ChildStep =
  | `remove the owner of ${Role}`
  | `remove the labels of ${Role}`
  | `delete ${Role}`
  | `put a foreign ${Role}`
  | `apply ${Role} as another manager`
  | `refuse ${Role}`
  | `accept ${Role}`;

const childSteps = Object.assign(
  {},
  ...roles.map(
    (role): Readonly<Record<string, Change>> => ({
      [`remove the owner of ${role}`]: (state) => torn(changeMetadata(state, role, { ownerReferences: undefined })),
      [`remove the labels of ${role}`]: (state) => torn(changeMetadata(state, role, { labels: undefined })),
      [`delete ${role}`]: (state) => done(remove(state, role)),
      [`put a foreign ${role}`]: (state) => putForeign(state, role),
      [`apply ${role} as another manager`]: (state) => coOwned(state, role),
      [`refuse ${role}`]: (state) => refusing(state, role, true),
      [`accept ${role}`]: (state) => refusing(state, role, false),
    }),
  ),
) as Readonly<Record<ChildStep, Change>>;

const connection: AddonSpec['connection'] = { extraSecrets: ['servicebinding', 'pgvars'] };
const verified: AddonSpec['connection'] = { sslMode: 'verify-full' };
const promote = { appId: promotedAppId };
/** Every hour. */
const drill = { schedule: '0 0 * * * *', assertions: [{ sql: 'SELECT true' }] };
const redaction = { configMapKeyRef: { name: 'redaction', key: 'redaction.sql' } };
const restore = { from: { archive: { store: 'main', serverName: 'db-team-a-former-1' } } };

/** By name, what users and failures around the operator can do; undefined if a step is not possible in a state. */
export const userSteps = {
  ...childSteps,
  'create free': (state) => createAddon(state, { plan: 'free' }),
  'create standard': (state) => createAddon(state, { plan: 'standard' }),
  'create free of another database': (state) => createAddon(state, { plan: 'free', database: { name: 'other' } }),
  'create pro': (state) => createAddon(state, { plan: 'pro' }),
  'create protected free': (state) => createAddon(state, { plan: 'free', mode: 'protected' }),
  'create protected standard': (state) => createAddon(state, { plan: 'standard', mode: 'protected' }),
  'create restored': (state) => createAddon(state, { plan: 'standard', restore }),
  'create protected restored': (state) => createAddon(state, { plan: 'standard', mode: 'protected', restore }),
  'create redacted': (state) => createAddon(state, { plan: 'standard', restore: { ...restore, redaction } }),
  'create with restore drills': (state) => createAddon(state, { plan: 'standard', backup: { drill } }),
  'create promoted': (state) => createAddon(state, { plan: 'standard', promote }),
  'create protected promoted': (state) => createAddon(state, { plan: 'standard', mode: 'protected', promote }),
  'create with extra Secrets': (state) => createAddon(state, { plan: 'standard', connection }),
  'create protected with extra Secrets': (state) =>
    createAddon(state, { plan: 'standard', mode: 'protected', connection }),
  'create with roles': (state) => createAddon(state, { plan: 'standard', roles: ['read'] }),
  'create protected with roles': (state) =>
    createAddon(state, { plan: 'standard', mode: 'protected', roles: ['read'] }),
  'create with all roles': (state) => createAddon(state, { plan: 'standard', roles: ['read', 'write', 'admin'] }),
  'create protected with all roles': (state) =>
    createAddon(state, { plan: 'standard', mode: 'protected', roles: ['read', 'write', 'admin'] }),
  'create verify-full': (state) => createAddon(state, { plan: 'standard', connection: verified }),
  'create protected verify-full': (state) =>
    createAddon(state, { plan: 'standard', mode: 'protected', connection: verified }),
  'create protected pro': (state) => createAddon(state, { plan: 'pro', mode: 'protected' }),
  'create standard with a restored status': (state) => restoredAddon(state, { plan: 'standard' }),
  'restore the status of a later generation': (state) => restoreStatus(state, { observedGeneration: 9 }),
  'plan free': (state) => changeSpec(state, { plan: 'free' }),
  'plan standard': (state) => changeSpec(state, { plan: 'standard' }),
  'plan pro': (state) => changeSpec(state, { plan: 'pro' }),
  'mode standard': (state) => changeSpec(unprotected(state), { mode: 'standard' }),
  'mode protected': (state) => changeSpec(state, { mode: 'protected' }),
  'suspend on': (state) => changeSpec(state, { suspend: true }),
  'suspend off': (state) => changeSpec(state, { suspend: false }),
  'sslMode require': (state) => changeSpec(state, { connection: { ...connectionOf(state), sslMode: 'require' } }),
  'sslMode verify-full': (state) =>
    changeSpec(state, { connection: { ...connectionOf(state), sslMode: 'verify-full' } }),
  'extra Secrets on': (state) => changeSpec(state, { connection }),
  'extra Secrets off': (state) => changeSpec(state, { connection: {} }),
  'roles on': (state) => changeSpec(state, { roles: ['read'] }),
  'roles off': (state) => changeSpec(state, { roles: [] }),
  'version 17': (state) => changeSpec(state, { version: '17' }),
  'version 17.2': (state) => changeSpec(state, { version: '17.2' }),
  'version 17.4': (state) => changeSpec(state, { version: '17.4' }),
  'version 18': (state) => changeSpec(state, { version: '18' }),
  'delete in the background': (state) => deleteAddon(state),
  'delete in the foreground': (state) => deleteAddon(state, foregroundFinalizer),
  'delete and orphan': (state) => deleteAddon(keeping(state), orphanFinalizer),
  'remove the finalizers': (state) => torn(changeMetadata(state, 'addon', { finalizers: undefined })),
  'scale the Cluster by hand': (state) => changeChild(state, 'cluster', { instances: 2 }),
  'grow the disk by hand': (state) => changeChild(state, 'cluster', { storage: { size: '60Gi' } }),
  'change the schedule by hand': (state) => changeChild(state, 'scheduledBackup', { schedule: '0 0 0 * * *' }),
  'spoil the Secret': (state) =>
    done(edit(state, 'urlSecret', (secret) => ({ ...secret, data: dataOf({ DATABASE_URL: 'no' }) }))),
  "delete CNPG's Secret": (state) => done(remove(state, 'source')),
  "put the rival's Cluster there": (state) => putForeign(state, 'cluster', rival),
  "put the rival's orphan there": (state) => putForeign(state, 'cluster', { ...rival, ownerReferences: undefined }),
  'let the rival take the Cluster': (state) => takeOver(state),
  'delete the namespace': (state) => (state.ending ? undefined : { ...state, ending: true }),
  'start empty': (state) => annotated(state, presentLineage(state)),
  'start empty of another lineage': (state) => annotated(state, 'another'),
  'ask for a drill': (state) => withAnnotation(state, annotations.drillNow, `request-${state.serial}`),
  'let another operator take it': (state) => heldByAnother(state),
  'fail over': failOver,
  'rotate the password': rotatePassword,
  'wait an hour': (state) => ({ ...state, clock: state.clock + longWait }),
} as const satisfies Readonly<Record<string, Change>>;

export type UserStep = keyof typeof userSteps;

/** Everything that users can still do. */
export function stepsOfUsers(state: State): readonly Step[] {
  const { left, rules } = state;
  if (left.steps === 0) return [];
  const spent = { ...state, left: { ...left, steps: left.steps - 1 } };
  return rules.steps.flatMap((label) => {
    const change: Change | undefined = userSteps[label as UserStep];
    const after = change?.(spent);
    return after === undefined ? [] : [{ actor: 'user', label, state: after } satisfies Step];
  });
}

/**
 * The state after one step of a user, regardless of the rules.
 * @throws Error if the step does not apply
 */
export function afterStep(state: State, label: UserStep): State {
  const change: Change = userSteps[label];
  const after = change(state);
  if (after === undefined) throw new Error(`step "${label}" does not apply`);
  return after;
}

function createAddon(state: State, spec: AddonSpec): State | undefined {
  if (live(state, 'addon') !== undefined || state.ending) return undefined;
  const [number, next] = numbered(spec.mode === 'protected' ? state : unprotected(state));
  const metadata = { name: addonName, namespace, uid: `uid-${number}`, resourceVersion: '', generation: 1 };
  return place(next, 'addon', {
    metadata: { ...metadata, creationTimestamp: timeOf(state) },
    spec: { ...spec },
  });
}

/** A backup tool puts an addon back with the status of an earlier one, which ran. */
function restoredAddon(state: State, spec: AddonSpec): State | undefined {
  const after = createAddon(state, spec);
  const since = { lastTransitionTime: timeOf(state), observedGeneration: 7, status: 'True', message: 'restored' };
  return (
    after &&
    restoreStatus(after, {
      uid: 'uid-old',
      phase: 'running',
      ready_at: timeOf(state),
      observedGeneration: 7,
      clusterName: nameOf.cluster,
      plan: spec.plan,
      credentials: { sourceVersion: 'rv-old', secretUID: 'uid-older' },
      conditions: [
        { type: 'Ready', reason: 'Running', ...since },
        { type: 'CredentialsPublished', reason: 'Published', ...since },
        { type: 'Connectable', reason: 'LoggedIn', ...since },
      ],
    })
  );
}

function connectionOf(state: State): AddonSpec['connection'] {
  return live(state, 'addon')?.spec?.connection as AddonSpec['connection'];
}

function restoreStatus(state: State, status: Fields): State | undefined {
  if (live(state, 'addon')?.status?.observedGeneration === status.observedGeneration) return undefined;
  return done(edit(state, 'addon', (addon) => ({ ...addon, status: { ...addon.status, ...status } })));
}

function changeSpec(state: State, change: Partial<AddonSpec>): State | undefined {
  const addon = live(state, 'addon');
  const says = Object.entries(change).every(
    ([key, value]) => JSON.stringify(addon?.spec?.[key]) === JSON.stringify(value),
  );
  if (addon === undefined || addon.metadata.deletionTimestamp !== undefined || says) return undefined;
  return done(
    edit(state, 'addon', ({ spec, metadata, ...rest }) => ({
      ...rest,
      metadata: { ...metadata, generation: (metadata.generation ?? 0) + 1 },
      spec: { ...spec, ...change },
    })),
  );
}

function deleteAddon(state: State | undefined, finalizer?: string): State | undefined {
  if (state === undefined || live(state, 'addon')?.metadata.deletionTimestamp !== undefined) return undefined;
  return done(remove(state, 'addon', {}, finalizer));
}

/** The lineage that status names as the present one. */
function presentLineage(state: State): string | undefined {
  const { backup } = (live(state, 'addon')?.status ?? {}) as AddonStatus;
  return backup?.lineages?.[0]?.serverName;
}

function annotated(state: State, lineage: string | undefined): State | undefined {
  const before = live(state, 'addon')?.metadata.annotations?.[annotations.startEmpty];
  if (lineage === undefined || lineage === before) return undefined;
  return withAnnotation(state, annotations.startEmpty, lineage);
}

function withAnnotation(state: State, name: string, value: string): State | undefined {
  const notes = { annotations: { [name]: value } };
  return done(edit(state, 'addon', ({ metadata, ...rest }) => ({ ...rest, metadata: { ...metadata, ...notes } })));
}

/** Another installation, which took this one for gone, has written its name into status. */
function heldByAnother(state: State): State | undefined {
  if (live(state, 'addon')?.status?.operator === undefined) return undefined;
  return done(edit(state, 'addon', (addon) => ({ ...addon, status: { ...addon.status, operator: otherOperator } })));
}

/** The user requests that the children outlive the addon. */
function keeping(state: State): State {
  const uid = live(state, 'addon')?.metadata.uid;
  const children = roles.map((slot) => live(state, slot));
  const kept = children.flatMap((child) =>
    child?.metadata.ownerReferences?.some((reference) => reference.uid === uid) ? [child.metadata.uid] : [],
  );
  return remembering(state, { kept });
}

/** The user requests that the children are deleted with the addon. */
function unprotected(state: State): State {
  return remembering(state, { guarded: [], kept: [] });
}

function torn(state: State | undefined): State | undefined {
  return state && remembering(state, { torn: true });
}

function remembering(state: State, memory: Partial<Memory>): State {
  return { ...state, memory: { ...state.memory, ...memory } };
}

function changeMetadata(
  state: State,
  slot: Slot,
  change: { readonly [K in 'labels' | 'ownerReferences' | 'finalizers']?: undefined },
): State | undefined {
  const [key] = Object.keys(change) as (keyof typeof change)[];
  if (key === undefined || live(state, slot)?.metadata[key] === undefined) return undefined;
  return done(
    edit(state, slot, ({ metadata, ...rest }) => {
      const { [key]: _, ...others } = metadata;
      return { ...rest, metadata: others };
    }),
  );
}

function changeChild(state: State, slot: Slot, change: Fields): State | undefined {
  const before = live(state, slot);
  const answer = edit(state, slot, ({ spec, ...rest }) => ({ ...rest, spec: { ...spec, ...change } }));
  return answer.kind === 'done' && answer.object !== before ? answer.state : undefined;
}

const rival = {
  labels: {
    [labels.name]: rivalName,
    [labels.uid]: rivalUid,
    [labels.appId]: addonName,
    [labels.managedBy]: fieldManager,
  },
  ownerReferences: [
    { apiVersion: 'addons.paas.dev/v1alpha1', kind: 'PostgresAddon', name: rivalName, uid: rivalUid, controller: true },
  ],
};

/** As similar as possible to what the operator would create for plan free, but a little larger. */
const foreignCluster = {
  instances: 1,
  imageName: 'example.com/postgresql:17',
  storage: { size: '5Gi' },
  bootstrap: { initdb: { database: 'app', owner: 'app' } },
};

/** The rival has adopted the Cluster, after somebody handed it over. */
function takeOver(state: State): State | undefined {
  if (live(state, 'cluster')?.metadata.labels?.[labels.uid] === rivalUid) return undefined;
  return torn(done(edit(state, 'cluster', (it) => ({ ...it, metadata: { ...it.metadata, ...rival } }))));
}

function putForeign(
  state: State,
  slot: Slot,
  marks: {
    readonly labels?: Stored['metadata']['labels'];
    readonly ownerReferences?: typeof rival.ownerReferences | undefined;
  } = {},
): State | undefined {
  if (live(state, slot) !== undefined || state.ending) return undefined;
  const [number, next] = numbered(state);
  const { ownerReferences, labels: own } = marks;
  return place(next, slot, {
    metadata: {
      name: nameOf[slot],
      namespace,
      uid: `uid-${number}`,
      resourceVersion: '',
      ...(own !== undefined && { labels: own }),
      ...(ownerReferences !== undefined && { ownerReferences }),
    },
    spec: slot === 'cluster' ? foreignCluster : { foreign: true },
  });
}

/** Another client applies the child as it is, so that it owns every field too. */
function coOwned(state: State, role: Role): State | undefined {
  const child = live(state, role);
  if (child?.managed === undefined || child.shared !== undefined) return undefined;
  const [number, next] = numbered(state);
  const metadata = { ...child.metadata, resourceVersion: `rv-${number}` };
  return put(next, role, { ...child, metadata, shared: treeOf(child) });
}

/** Adds or removes an admission policy that rejects the operator's writes of a child. */
function refusing(state: State, role: Role, isRefused: boolean): State | undefined {
  if (state.refused.includes(role) === isRefused) return undefined;
  const others = state.refused.filter((other) => other !== role);
  return { ...state, refused: isRefused ? [...others, role] : others };
}

function done(answer: Answer): State | undefined {
  return answer.kind === 'done' ? answer.state : undefined;
}
