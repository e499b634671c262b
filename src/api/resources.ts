// Every resource that the operator touches, one row each: what it is called, what is kept of it, and what the operator may do with it.
// Clients, caches, the chart's roles and the table in SECURITY.md are made from it; no permission stands anywhere else.
import { addonGvr, projectAddon } from './addon.ts';
import { objectStoreGvr, projectObjectStore } from './barman.ts';
import {
  backupGvr,
  clusterGvr,
  databaseRoleGvr,
  projectBackup,
  projectCluster,
  projectDatabaseRole,
  projectScheduledBackup,
  scheduledBackupGvr,
} from './cnpg.ts';
import type { Reason } from './conditions.ts';
import { jobGvr, projectJob } from './job.ts';
import { type ConfigMap, type Gvr, type KubeObject, leaseGvr, recordedEventGvr, type Secret } from './kubernetes.ts';
import { eventGvr, podGvr, volumeClaimGvr } from './workload.ts';

/** RBAC's verbs, in the order in which they are listed. */
export const verbs = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'] as const;
export type Verb = (typeof verbs)[number];

/** Some verbs that have one reason. */
export interface Permission<V extends Verb = Verb> {
  readonly verbs: readonly [V, ...V[]];
  /** What they are needed for, for reviewers of the roles: part of a sentence, without a full stop. */
  readonly why: string;
  readonly subresource?: 'status' | 'finalizers';
  /** Only the object that has the name of the Helm release. RBAC cannot restrict `create` so: the object has no name yet. */
  readonly ownOnly?: true;
}

interface Row<V extends Verb> {
  readonly gvr: Gvr;
  /** What has to be installed for the API server to serve it, and the reasons reported if it is missing or too old; absent for Kubernetes' own. */
  readonly provider?: { readonly name: string; readonly missing: Reason; readonly outdated: Reason };
  /**
   * Where the permissions are granted: `namespaced` in the watched namespaces, `cluster` for objects without a namespace or in any,
   * `own namespace` only in the operator's.
   */
  readonly scope: 'namespaced' | 'cluster' | 'own namespace';
  readonly permissions: readonly [Permission<V>, ...Permission<V>[]];
}

interface WatchedRow extends Row<Verb> {
  /** Listed and watched as long as the operator runs, and kept in memory. */
  readonly access: 'watched';
  /** What of an object is kept. */
  readonly project: (raw: KubeObject) => KubeObject;
}

interface ReadRow extends Row<'get' | 'list'> {
  /** Read by a reconcile that needs it; nothing is kept. */
  readonly access: 'read';
}

interface WrittenRow extends Row<'get' | 'list' | 'create' | 'patch' | 'delete'> {
  /** Read and written by a reconcile; nothing is kept. */
  readonly access: 'written';
  /** What a reconcile makes of an object that it has read. */
  readonly project: (raw: KubeObject) => KubeObject;
}

interface BackgroundRow extends Row<'get' | 'create' | 'update'> {
  /** Written by a part of src/kube that runs beside the reconciles, through no client of theirs. */
  readonly access: 'background';
}

export type ResourceRow = WatchedRow | ReadRow | WrittenRow | BackgroundRow;

/** Pods and events are allowed and refused together: status names both if it could not list them. */
const lookForCause = [
  {
    verbs: ['list'],
    why: 'to find out why a database does not come up, or why its backup was broken off; without it, status reports that the cause could not be determined',
  },
] as const;

const cloudNativePG = { name: 'CloudNativePG', missing: 'CNPGNotInstalled', outdated: 'CNPGOutdated' } as const;

/** The caches are started and reported in this order. */
export const resources = {
  addons: {
    gvr: addonGvr,
    scope: 'namespaced',
    access: 'watched',
    project: projectAddon,
    permissions: [
      { verbs: ['list', 'watch'], why: 'to watch the addons' },
      { verbs: ['get'], why: 'to read the latest state before the owner of an object changes' },
      { verbs: ['patch'], why: 'to set the finalizer of protected addons' },
      { verbs: ['patch'], subresource: 'status', why: 'to write the status of the addons' },
      {
        verbs: ['update'],
        subresource: 'finalizers',
        why: 'for owner references that block the deletion of the addon, where OwnerReferencesPermissionEnforcement is on; never sent',
      },
    ],
  },
  clusters: {
    gvr: clusterGvr,
    provider: cloudNativePG,
    scope: 'namespaced',
    access: 'watched',
    project: projectCluster,
    permissions: [
      { verbs: ['list', 'watch'], why: 'to watch the databases' },
      {
        verbs: ['get'],
        why: 'to read the latest state before the owner changes, and to find out why a database does not come up',
      },
      { verbs: ['create', 'patch'], why: 'to create and update them' },
    ],
  },
  scheduledBackups: {
    gvr: scheduledBackupGvr,
    provider: cloudNativePG,
    scope: 'namespaced',
    access: 'watched',
    project: projectScheduledBackup,
    permissions: [
      { verbs: ['list', 'watch'], why: 'to watch the schedules' },
      { verbs: ['get'], why: 'to read the latest state before the owner changes' },
      { verbs: ['create', 'patch'], why: 'to create and update them' },
      { verbs: ['delete'], why: 'to remove them when a plan has no backups' },
    ],
  },
  databaseRoles: {
    gvr: databaseRoleGvr,
    provider: cloudNativePG,
    scope: 'namespaced',
    access: 'watched',
    project: projectDatabaseRole,
    permissions: [
      { verbs: ['list', 'watch'], why: 'to watch the login roles of the databases' },
      { verbs: ['get'], why: 'to read the latest state before the owner changes' },
      { verbs: ['create', 'patch'], why: 'to create and update those that addons ask for' },
      { verbs: ['delete'], why: 'to remove those that can no longer log in' },
    ],
  },
  objectStores: {
    gvr: objectStoreGvr,
    provider: { name: 'the Barman Cloud plugin', missing: 'PluginMissing', outdated: 'PluginOutdated' },
    scope: 'namespaced',
    access: 'watched',
    project: projectObjectStore,
    permissions: [
      { verbs: ['list', 'watch'], why: 'to watch where backups are written, and what can be restored' },
      { verbs: ['get'], why: 'to read the latest state before the owner changes' },
      { verbs: ['create', 'patch'], why: 'to create and update them' },
      { verbs: ['delete'], why: 'to remove the one of a restore drill, with the database that was restored from it' },
    ],
  },
  backups: {
    gvr: backupGvr,
    provider: cloudNativePG,
    scope: 'namespaced',
    access: 'written',
    project: projectBackup,
    permissions: [
      { verbs: ['get'], why: 'to see how a base backup that it made ends, by its name' },
      { verbs: ['create', 'patch'], why: 'to make the first base backup, and those that are asked for' },
      {
        verbs: ['list', 'delete'],
        why: 'to remove those that it made and that failed, once they are older than the retention',
      },
    ],
  },
  secrets: {
    gvr: { group: '', version: 'v1', plural: 'secrets', kind: 'Secret' },
    scope: 'namespaced',
    access: 'written',
    project: (raw: KubeObject): Secret => raw,
    permissions: [
      {
        verbs: ['get'],
        why: "to read the credentials that CloudNativePG made, and the app's Secret, each by its name",
      },
      { verbs: ['create', 'patch'], why: "to write the app's Secrets, and those with the passwords of its roles" },
      {
        verbs: ['delete'],
        why: 'to remove the extra ones, and those of roles, that the addon does not ask for any more, or that were left behind with a database that it adopted',
      },
    ],
  },
  configMaps: {
    gvr: { group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap' },
    scope: 'namespaced',
    access: 'written',
    project: (raw: KubeObject): ConfigMap => raw,
    permissions: [
      { verbs: ['get'], why: 'to see whether the one with the CA of a database has the current one, by its name' },
      { verbs: ['create', 'patch'], why: 'to write it for the addons that ask for sslMode require or verify-full' },
      { verbs: ['delete'], why: 'to remove it when the addon does not ask for one of them any more' },
    ],
  },
  jobs: {
    gvr: jobGvr,
    scope: 'namespaced',
    access: 'written',
    project: projectJob,
    permissions: [
      { verbs: ['get'], why: 'to see how the redaction of a restored database ends, by its name' },
      { verbs: ['create', 'patch'], why: 'to run the redaction that spec.restore asks for' },
    ],
  },
  volumeClaims: {
    gvr: volumeClaimGvr,
    scope: 'namespaced',
    access: 'read',
    permissions: [
      { verbs: ['list'], why: 'to know whether a disk can grow, and to find out why a database does not come up' },
    ],
  },
  storageClasses: {
    gvr: { group: 'storage.k8s.io', version: 'v1', plural: 'storageclasses', kind: 'StorageClass' },
    scope: 'cluster',
    access: 'read',
    permissions: [{ verbs: ['get'], why: 'to know whether a disk can grow' }],
  },
  pods: {
    gvr: podGvr,
    scope: 'namespaced',
    access: 'read',
    permissions: lookForCause,
  },
  events: {
    gvr: eventGvr,
    scope: 'namespaced',
    access: 'read',
    permissions: lookForCause,
  },
  recordedEvents: {
    gvr: recordedEventGvr,
    scope: 'namespaced',
    access: 'background',
    permissions: [{ verbs: ['create'], why: 'to record what happens to an addon' }],
  },
  leases: {
    gvr: leaseGvr,
    scope: 'own namespace',
    access: 'background',
    permissions: [
      {
        verbs: ['create'],
        why: 'to elect a leader; RBAC cannot limit this verb to a name, since the object has none yet',
      },
      { verbs: ['get', 'update'], ownOnly: true, why: 'to elect a leader' },
    ],
  },
  otherLeases: {
    gvr: leaseGvr,
    scope: 'cluster',
    access: 'background',
    permissions: [
      { verbs: ['get'], why: 'to see whether another installation of the operator, which holds an addon, still runs' },
    ],
  },
} as const satisfies Readonly<Record<string, ResourceRow>>;

export type ResourceName = keyof typeof resources;
type NameWith<A extends ResourceRow['access']> = {
  readonly [N in ResourceName]: (typeof resources)[N]['access'] extends A ? N : never;
}[ResourceName];

/** What is kept in memory. */
export type WatchedResource = NameWith<'watched'>;
/** What reconciles read and write. */
export type ReconciledResource = NameWith<'watched' | 'read' | 'written'>;

/** An object of a resource, as its row projects it; without a projection, with all that the API server sends. */
export type ObjectOf<N extends ResourceName> = (typeof resources)[N] extends {
  readonly project: (raw: KubeObject) => infer T extends KubeObject;
}
  ? T
  : KubeObject;

/** The provider of a resource; undefined for Kubernetes' own. */
export function providerOf(name: ResourceName): ResourceRow['provider'] {
  const row: ResourceRow = resources[name];
  return row.provider;
}

const all = Object.keys(resources) as readonly ResourceName[];
/** The resources that are watched, in the order of the table. */
export const watchedResources = all.filter((name): name is WatchedResource => resources[name].access === 'watched');
/** The resources for which reconciles have a client, in the order of the table. */
export const reconciledResources = all.filter(
  (name): name is ReconciledResource => resources[name].access !== 'background',
);
