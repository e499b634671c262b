// PostgresAddon in TypeScript, with the names this API owns: its group, its labels and the field managers it writes as.
import type { AddonSpec, AddonStatus } from './generated/postgresaddon.ts';
import type { Gvr, KubeObject } from './kubernetes.ts';
import { projectMetadata } from './raw.ts';

export type { AddonSpec, AddonStatus };
export type Phase = NonNullable<AddonStatus['phase']>;
export type PlanName = AddonSpec['plan'];
export type BackupLevel = NonNullable<NonNullable<AddonStatus['backup']>['effective']>;
export type SslMode = NonNullable<NonNullable<AddonSpec['connection']>['sslMode']>;
export type PlanChange = NonNullable<AddonStatus['planChange']>;
export type PlanStep = NonNullable<PlanChange['steps']>[number];

export const addonGvr: Gvr = {
  group: 'addons.paas.dev',
  version: 'v1alpha1',
  plural: 'postgresaddons',
  kind: 'PostgresAddon',
};
export const addonApiVersion = `${addonGvr.group}/${addonGvr.version}`;

/** A PostgresAddon as cached: the schema is the server's to enforce, so whatever decides must survive a spec that breaks it. */
export interface PostgresAddon extends KubeObject {
  readonly spec: AddonSpec;
  readonly status?: AddonStatus;
}

/** Field manager of everything the operator writes but the app Secret. */
export const fieldManager = 'postgres-addon-operator';
/** Field manager of the Secret with DATABASE_URL: a published contract. */
export const secretFieldManager = 'paas-control-plane';

export const labels = {
  name: 'addons.paas.dev/name',
  uid: 'addons.paas.dev/uid',
  appId: 'addons.paas.dev/app-id',
  managedBy: 'app.kubernetes.io/managed-by',
  /** "true" on a child whose addon was deleted and left it in service. */
  orphaned: 'addons.paas.dev/orphaned',
} as const;

/** On a protected addon: its deletion waits until the children are released. */
export const protectionFinalizer = 'addons.paas.dev/protection';
/** Kubernetes' own, while the garbage collector takes the owner references off the children (`--cascade=orphan`). */
export const orphanFinalizer = 'orphan';

export const annotations = {
  /** On a Cluster: the lastTransitionTime of its Ready condition when the last restarting change was written, and a hash of what
   * ran then. Readiness counts again only once that time has moved (domain/database/restart-mark.ts). */
  readyBefore: 'addons.paas.dev/ready-before',
  /** On a Cluster that outlived its addon: the uid of that addon, and when its database was ready first. */
  formerUid: 'addons.paas.dev/former-uid',
  readyAt: 'addons.paas.dev/ready-at',
  /** On an addon: the plan whose effects status.preview tells. */
  preview: 'addons.paas.dev/preview',
} as const;

/** What of a PostgresAddon is kept in memory: of its labels and annotations only the wish for a preview means anything to us. */
export function projectAddon(raw: KubeObject): PostgresAddon {
  const { apiVersion, kind, spec, status } = raw as PostgresAddon;
  return {
    apiVersion,
    kind,
    metadata: projectMetadata(raw, {
      fields: ['generation', 'creationTimestamp', 'deletionTimestamp', 'finalizers'],
      annotations: [annotations.preview],
    }),
    spec: spec ?? {},
    ...(status === undefined ? {} : { status }),
  };
}
