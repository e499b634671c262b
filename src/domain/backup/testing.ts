// Rounds of one addon with backups, for the tests: each carries out the writes of a decision, as the API server and CNPG would.
import type { PostgresAddon } from '../../api/addon.ts';
import { type ObjectStore, projectObjectStore } from '../../api/barman.ts';
import type { Backup, Cluster, ScheduledBackup } from '../../api/cnpg.ts';
import type { Manifest } from '../../api/kubernetes.ts';
import { millisecondsOf, timestampOf } from '../../api/time.ts';
import { needs } from '../needs.ts';
import type { Observed, Platform } from '../observed.ts';
import {
  aCluster,
  anAddon,
  aStore,
  aVolume,
  defined,
  observing,
  summary,
  testPlatform,
  testTime,
  think,
} from '../testing.ts';
import { serverNameOf } from './archive.ts';

export const platform: Platform = { ...testPlatform, stores: { defaultStore: 'main', stores: { main: aStore() } } };
export const volumes = { kind: 'found', object: [aVolume()] } as const;
export const noBackup = { kind: 'absent' } as const;

export interface World {
  readonly addon: PostgresAddon;
  readonly cluster?: Cluster | undefined;
  readonly objectStore?: ObjectStore | undefined;
  readonly originStore?: ObjectStore | undefined;
  /** The addon that it is restored from. */
  readonly source?: PostgresAddon | undefined;
  readonly scheduledBackup?: ScheduledBackup | undefined;
  readonly backup?: Observed['backup'];
  readonly redaction?: Observed['redaction'];
  readonly on?: Platform;
}

export const look = ({
  addon,
  cluster,
  objectStore,
  originStore,
  source,
  scheduledBackup,
  backup = noBackup,
  redaction = { kind: 'absent' },
  on = platform,
}: World): Observed => {
  const children = { cluster, objectStore, originStore, scheduledBackup };
  const o = { ...observing(addon, { ...children, platform: on, volumes, restoreSource: source }), backup, redaction };
  return needs(o, testTime).live ? { ...o, live: { kind: 'found', object: addon } } : o;
};

export const stored = (manifest: Manifest, uid: string) => ({
  ...manifest,
  metadata: {
    ...manifest.metadata,
    uid,
    resourceVersion: '1',
    labels: defined(manifest.metadata.labels),
    annotations: defined(manifest.metadata.annotations),
  },
});

/** One round: all writes succeed, and the status is written. */
export function round(
  world: World,
  now = testTime,
): World & { readonly wrote: readonly string[]; readonly made: readonly string[] } {
  const o = look(world);
  const { actions, status } = think(o, {}, now);
  let next: World = { ...world, addon: { ...world.addon, status: JSON.parse(JSON.stringify(status)) } };
  const made: string[] = [];
  for (const action of actions) {
    if (action.verb === 'delete') next = { ...next, [action.child]: undefined };
    else if (action.child === 'backup') made.push(action.manifest.metadata.name);
    else if (action.child === 'objectStore' || action.child === 'originStore') {
      const before = next[action.child];
      const is = projectObjectStore(JSON.parse(JSON.stringify(stored(action.manifest, 'store-uid'))));
      next = { ...next, [action.child]: before === undefined ? is : { ...is, status: before.status } };
    } else if (action.child === 'cluster') {
      const { restore: _, ...spec } = world.addon.spec;
      const { restore: __, ...status } = world.addon.status ?? {};
      const { status: before = aCluster({ ...world.addon, spec, status }).status } = world.cluster ?? {};
      next = {
        ...next,
        cluster: { ...(JSON.parse(JSON.stringify(stored(action.manifest, 'cluster-uid'))) as Cluster), status: before },
      };
    } else if (action.child === 'scheduledBackup')
      next = {
        ...next,
        scheduledBackup: { ...(stored(action.manifest, 'backup-uid') as unknown as ScheduledBackup), status: {} },
      };
  }
  return { ...next, wrote: summary(actions), made };
}

/** How long until the next round at most, in milliseconds. */
export const untilLook = (world: World, now = testTime) => think(look(world), {}, now).recheckAfter;
export const backupOf = ({ addon }: World) => addon.status?.backup;
export const backupReady = ({ addon }: World) => addon.status?.conditions?.find(({ type }) => type === 'BackupReady');
export const reasonOf = (world: World) => backupReady(world)?.reason;
export const ends = (world: World, name: string, status: Backup['status']): World => ({
  ...world,
  backup: {
    kind: 'found',
    object: {
      apiVersion: 'postgresql.cnpg.io/v1',
      kind: 'Backup',
      metadata: { name, namespace: 'team-a', uid: 'b', resourceVersion: '1' },
      status,
    },
  },
});
/** The plugin reports a base backup of the lineage. */
export function completes(world: World, time = '2026-01-02T03:00:00Z'): World {
  const serverName = serverNameOf(world.cluster) ?? '';
  const window = { firstRecoverabilityPoint: time, lastSuccessfulBackupTime: time };
  const { objectStore } = world;
  if (objectStore === undefined) throw new Error('no ObjectStore');
  return {
    ...world,
    backup: noBackup,
    objectStore: {
      ...objectStore,
      status: { serverRecoveryWindow: { ...objectStore.status.serverRecoveryWindow, [serverName]: window } },
    },
  };
}
/** CNPG has carried out what was written: every instance is ready again. */
export const settles = (world: World): World => {
  const { cluster } = world;
  if (cluster === undefined) return world;
  const at = (millisecondsOf(cluster.status.readyCondition?.lastTransitionTime) ?? testTime) + 60_000;
  const readyInstances = cluster.spec.instances ?? 1;
  return {
    ...world,
    cluster: {
      ...cluster,
      status: {
        ...cluster.status,
        readyInstances,
        readyCondition: { status: 'True', lastTransitionTime: timestampOf(at) },
      },
    },
  };
};

export const created = (): ReturnType<typeof round> => round({ addon: anAddon() });
export const inForce = (): World => round(completes(round(created())));
