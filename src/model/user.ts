// What people do in the model: to the addon, to its children, and to the names it wants. A table of steps, each with the world
// after it, or undefined where it does not apply.
import type { AddonSpec } from '../api/addon.ts';
import { fieldManager, labels, orphanFinalizer } from '../api/addon.ts';
import { failOver, rotatePassword } from './cnpg.ts';
import { foregroundFinalizer } from './collector.ts';
import {
  addonName,
  childSlots,
  dataOf,
  type Fields,
  nameOf,
  namespace,
  rivalName,
  rivalUid,
  type Slot,
  type Stored,
} from './objects.ts';
import { type Answer, edit, place, remove } from './server.ts';
import { live, longWait, type Memory, numbered, timeOf, type World } from './state.ts';
import type { Step } from './step.ts';

type Change = (world: World) => World | undefined;

export const userSteps = {
  'create free': (world) => createAddon(world, { plan: 'free' }),
  'create standard': (world) => createAddon(world, { plan: 'standard' }),
  'create free of another database': (world) => createAddon(world, { plan: 'free', database: { name: 'other' } }),
  'create pro': (world) => createAddon(world, { plan: 'pro' }),
  'create protected free': (world) => createAddon(world, { plan: 'free', mode: 'protected' }),
  'create protected standard': (world) => createAddon(world, { plan: 'standard', mode: 'protected' }),
  'plan free': (world) => changeSpec(world, { plan: 'free' }),
  'plan standard': (world) => changeSpec(world, { plan: 'standard' }),
  'plan pro': (world) => changeSpec(world, { plan: 'pro' }),
  'mode standard': (world) => changeSpec(unprotected(world), { mode: 'standard' }),
  'mode protected': (world) => changeSpec(world, { mode: 'protected' }),
  'suspend on': (world) => changeSpec(world, { suspend: true }),
  'suspend off': (world) => changeSpec(world, { suspend: false }),
  'sslMode require': (world) => changeSpec(world, { connection: { sslMode: 'require' } }),
  'version 16': (world) => changeSpec(world, { version: '16' }),
  'version 18': (world) => changeSpec(world, { version: '18' }),
  'delete in the background': (world) => deleteAddon(world),
  'delete in the foreground': (world) => deleteAddon(world, foregroundFinalizer),
  'delete and orphan': (world) => deleteAddon(keeping(world), orphanFinalizer),
  'tear off the finalizers': (world) => torn(changeMetadata(world, 'addon', { finalizers: undefined })),
  'tear the owner off the Cluster': (world) => torn(changeMetadata(world, 'cluster', { ownerReferences: undefined })),
  'tear the owner off the Secret': (world) => torn(changeMetadata(world, 'secret', { ownerReferences: undefined })),
  'tear the labels off the Cluster': (world) => torn(changeMetadata(world, 'cluster', { labels: undefined })),
  'tear the labels off the ScheduledBackup': (world) => torn(changeMetadata(world, 'backup', { labels: undefined })),
  'scale the Cluster by hand': (world) => changeChild(world, 'cluster', { instances: 2 }),
  'grow the disk by hand': (world) => changeChild(world, 'cluster', { storage: { size: '60Gi' } }),
  'change the schedule by hand': (world) => changeChild(world, 'backup', { schedule: '0 0 0 * * *' }),
  'spoil the Secret': (world) =>
    done(edit(world, 'secret', (secret) => ({ ...secret, data: dataOf({ DATABASE_URL: 'no' }) }))),
  'delete the Cluster': (world) => done(remove(world, 'cluster')),
  'delete the ScheduledBackup': (world) => done(remove(world, 'backup')),
  'delete the Secret': (world) => done(remove(world, 'secret')),
  "delete CNPG's Secret": (world) => done(remove(world, 'source')),
  'put a foreign Cluster there': (world) => putForeign(world, 'cluster'),
  'put a foreign ScheduledBackup there': (world) => putForeign(world, 'backup'),
  'put a foreign Secret there': (world) => putForeign(world, 'secret'),
  "put the rival's Cluster there": (world) => putForeign(world, 'cluster', rival),
  "put the rival's orphan there": (world) => putForeign(world, 'cluster', { ...rival, ownerReferences: undefined }),
  'delete the namespace': (world) => (world.ending ? undefined : { ...world, ending: true }),
  'fail over': failOver,
  'rotate the password': rotatePassword,
  'wait an hour': (world) => ({ ...world, clock: world.clock + longWait }),
} as const satisfies Readonly<Record<string, Change>>;

export type UserStep = keyof typeof userSteps;

/** Everything that people may still do. */
export function stepsOfUsers(world: World): readonly Step[] {
  const { left, rules } = world;
  if (left.steps === 0) return [];
  const spent = { ...world, left: { ...left, steps: left.steps - 1 } };
  return rules.steps.flatMap((label) => {
    const change: Change = userSteps[label];
    const after = change(spent);
    return after === undefined ? [] : [{ actor: 'user', label, world: after } satisfies Step];
  });
}

/**
 * The world after one step of people, whatever the rules say.
 * @throws Error when the step does not apply
 */
export function afterStep(world: World, label: UserStep): World {
  const change: Change = userSteps[label];
  const after = change(world);
  if (after === undefined) throw new Error(`nobody can ${label} here`);
  return after;
}

function createAddon(world: World, spec: AddonSpec): World | undefined {
  if (live(world, 'addon') !== undefined || world.ending) return undefined;
  const [number, next] = numbered(spec.mode === 'protected' ? world : unprotected(world));
  const metadata = { name: addonName, namespace, uid: `uid-${number}`, resourceVersion: '', generation: 1 };
  return place(next, 'addon', {
    metadata: { ...metadata, creationTimestamp: timeOf(world) },
    spec: { ...spec },
  });
}

function changeSpec(world: World, change: Partial<AddonSpec>): World | undefined {
  const addon = live(world, 'addon');
  const says = Object.entries(change).every(
    ([key, value]) => JSON.stringify(addon?.spec?.[key]) === JSON.stringify(value),
  );
  // The schema refuses a version that falls.
  const falls = change.version !== undefined && String(addon?.spec?.version ?? '0') > change.version;
  if (addon === undefined || addon.metadata.deletionTimestamp !== undefined || says || falls) return undefined;
  return done(
    edit(world, 'addon', ({ spec, metadata, ...rest }) => ({
      ...rest,
      metadata: { ...metadata, generation: (metadata.generation ?? 0) + 1 },
      spec: { ...spec, ...change },
    })),
  );
}

function deleteAddon(world: World | undefined, finalizer?: string): World | undefined {
  if (world === undefined || live(world, 'addon')?.metadata.deletionTimestamp !== undefined) return undefined;
  return done(remove(world, 'addon', {}, finalizer));
}

/** The user asks that the children outlive the addon. */
function keeping(world: World): World {
  const uid = live(world, 'addon')?.metadata.uid;
  const children = childSlots.map((slot) => live(world, slot));
  const kept = children.flatMap((child) =>
    child?.metadata.ownerReferences?.some((reference) => reference.uid === uid) ? [child.metadata.uid] : [],
  );
  return remembering(world, { kept });
}

/** The user wants what the addon has to go with it. */
function unprotected(world: World): World {
  return remembering(world, { guarded: [], kept: [] });
}

function torn(world: World | undefined): World | undefined {
  return world && remembering(world, { torn: true });
}

function remembering(world: World, memory: Partial<Memory>): World {
  return { ...world, memory: { ...world.memory, ...memory } };
}

function changeMetadata(
  world: World,
  slot: Slot,
  change: { readonly [K in 'labels' | 'ownerReferences' | 'finalizers']?: undefined },
): World | undefined {
  const [key] = Object.keys(change) as (keyof typeof change)[];
  if (key === undefined || live(world, slot)?.metadata[key] === undefined) return undefined;
  return done(
    edit(world, slot, ({ metadata, ...rest }) => {
      const { [key]: _, ...others } = metadata;
      return { ...rest, metadata: others };
    }),
  );
}

function changeChild(world: World, slot: Slot, change: Fields): World | undefined {
  const before = live(world, slot);
  const answer = edit(world, slot, ({ spec, ...rest }) => ({ ...rest, spec: { ...spec, ...change } }));
  return answer.kind === 'done' && answer.object !== before ? answer.world : undefined;
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

/** As tempting as it can be: what the operator itself would have made for plan free, and a little larger. */
const foreignCluster = {
  instances: 1,
  imageName: 'example.com/postgresql:17',
  storage: { size: '5Gi' },
  bootstrap: { initdb: { database: 'app', owner: 'app' } },
};

function putForeign(
  world: World,
  slot: Slot,
  marks: {
    readonly labels?: Stored['metadata']['labels'];
    readonly ownerReferences?: typeof rival.ownerReferences | undefined;
  } = {},
): World | undefined {
  if (live(world, slot) !== undefined || world.ending) return undefined;
  const [number, next] = numbered(world);
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

function done(answer: Answer): World | undefined {
  return answer.kind === 'done' ? answer.world : undefined;
}
